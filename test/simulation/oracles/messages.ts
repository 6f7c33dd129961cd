/**
 * At the end, no Slack message offers to approve a request that is no longer pending. Schedules are not judged if the stream lost records,
 * or if posting a message or storing its location was disturbed: Stint then posts it again and cannot find the first one.
 */
import type { Workspace } from '@stint/sandbox/slack/workspace'
import type { Network } from '../network.ts'
import { type Oracle, type OracleContext, stringOf } from './oracle.ts'

/** The steps that post a message and store its location. */
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
      const isLost = network.injected.some(
        ({ name, what, step }) =>
          POSTING.includes(step) || (name.startsWith('notify') && (what.startsWith('crash') || what === 'pause' || what === 'slow')),
      )
      if (streamLoss > 0 || isRestored || isLost) return
      for (const { blocks, thread, only } of messages) {
        const text = JSON.stringify(blocks)
        const [request] = /req_[0-9a-z]{26}/.exec(text) ?? []
        const item = dynamo.item('stint', `REQ#${request}`)
        const state = stringOf(item?.state)
        // Stint knows an erased request no more, so it changes none of its messages.
        if (thread || only || item?.erased || state === undefined || state === 'pending') continue
        if (text.includes('"action_id":"approve"')) fault('messages', `${request} is ${state}, and Slack still offers to approve it`)
        else reach('a message in Slack shows what was decided')
      }
    },
  }
}
