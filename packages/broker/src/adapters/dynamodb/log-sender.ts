/** Sends commands about the log's state, again where that is safe. */

import { unmarshall } from '@aws-sdk/util-dynamodb'
import { brief } from '@stint/core/audit/event'
import { Trouble } from '../../ports/log.ts'
import { isBlocked } from './trouble.ts'

const SENDS = 4
const FIRST_WAIT_MS = 50

export type LogSender = ReturnType<typeof logSender>

export function logSender(sleep: (milliseconds: number) => Promise<void>) {
  /** Sends again when that is safe, as after a response that does not fit. A failed condition is a response. */
  async function send<T>(once: () => Promise<T>): Promise<T | { readonly blocked: Record<string, unknown> | undefined }> {
    let cause = ''
    for (let sends = 0; sends < SENDS; sends++) {
      if (sends > 0) await sleep(FIRST_WAIT_MS * 2 ** sends)
      try {
        return await once()
      } catch (error) {
        if (isBlocked(error)) return { blocked: error.Item && unmarshall(error.Item) }
        cause = error instanceof Error ? `${error.name}: ${brief(error.message)}` : String(error)
      }
    }
    throw new Trouble(`dynamodb: ${cause}`)
  }
  async function answer<T extends object>(once: () => Promise<T>): Promise<T> {
    const answered = await send(once)
    if ('blocked' in answered) throw new Trouble('dynamodb: a condition failed that was not sent')
    return answered
  }

  /** Sends what a batch left unprocessed again until nothing is left. */
  async function batched<T>(all: readonly T[], once: (some: readonly T[]) => Promise<readonly T[]>): Promise<void> {
    let left = all
    for (let sends = 0; sends < SENDS * 2; sends++) {
      if (sends > 0) await sleep(FIRST_WAIT_MS * 2 ** sends)
      left = await once(left)
      if (left.length === 0) return
    }
    throw new Trouble('dynamodb: a batch does not complete')
  }

  return { send, answer, batched }
}
