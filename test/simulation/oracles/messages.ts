/**
 * In the end, no message in Slack offers a decision on a request that has been decided, unless the stream lost the change. A message whose
 * response was lost is posted again, and nobody knows where the first one is.
 */
import type { Workspace } from '@stint/sandbox/slack/workspace'
import type { Network } from '../network.ts'
import { type Oracle, type OracleContext, stringOf } from './oracle.ts'

/** What a message is posted with, and its place stored. */
const POSTING = ['slack chat.postMessage', 'PutItem MSG']

export function messagesOracle(
  { fault, reach, dynamo }: OracleContext,
  network: Network,
  { messages }: Workspace,
  streamLoss: number,
): Oracle {
  let isRestored = false
  return {
    onRestored() {
      isRestored = true
    },
    whenHealed() {
      const isLost = network.injected.some(({ step }) => POSTING.includes(step))
      if (streamLoss > 0 || isRestored || isLost) return
      for (const { blocks, thread, only } of messages) {
        const text = JSON.stringify(blocks)
        const [request] = /req_[0-9a-z]{26}/.exec(text) ?? []
        const state = stringOf(dynamo.item('stint', `REQ#${request}`)?.state)
        if (thread || only || request === undefined || state === undefined || state === 'pending') continue
        if (text.includes('"action_id":"approve"')) fault('messages', `${request} is ${state}, and Slack still offers to approve it`)
        else reach('a message in Slack shows what was decided')
      }
    },
  }
}
