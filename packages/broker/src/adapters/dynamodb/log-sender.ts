/** Sends commands about the log's state, again where that is safe. */

import { unmarshall } from '@aws-sdk/util-dynamodb'
import { Trouble } from '../../ports/log.ts'
import { resend } from './resend.ts'

const SENDS = 4
const FIRST_WAIT_MS = 50

export type LogSender = ReturnType<typeof logSender>

export function logSender(sleep: (milliseconds: number) => Promise<void>) {
  const pause = (sent: number) => sleep(FIRST_WAIT_MS * 2 ** sent)

  /** A failed condition is an answer. */
  async function send<T>(once: () => Promise<T>): Promise<T | { readonly blocked: Record<string, unknown> | undefined }> {
    const sent = await resend(SENDS, pause, once)
    if (sent.outcome === 'unknown') throw new Trouble(`dynamodb: ${sent.cause}`)
    return sent.outcome === 'done' ? sent.value : { blocked: sent.item && unmarshall(sent.item) }
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
      if (sends > 0) await pause(sends)
      left = await once(left)
      if (left.length === 0) return
    }
    throw new Trouble('dynamodb: a batch does not complete')
  }

  return { send, answer, batched }
}
