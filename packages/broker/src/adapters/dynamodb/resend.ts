/** Sends a command of DynamoDB until there is an answer. */
import { brief } from '@stint/core/audit/event'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Attributes } from './table.ts'
import { isBlocked } from './trouble.ts'

/**
 * Sends at most `sends` times, and waits with `pause` before each repetition; it gets the number of sends so far. A failed condition is an
 * answer. Anything else that throws is none, such as a response that does not fit.
 */
export async function resend<T>(
  sends: number,
  pause: (sent: number) => Promise<void>,
  once: () => Promise<T>,
): Promise<Done<T> | { readonly outcome: 'blocked'; readonly item: Attributes | undefined } | Unknown> {
  let cause = ''
  for (let sent = 0; sent < sends; sent++) {
    if (sent > 0) await pause(sent)
    try {
      return done(await once())
    } catch (error) {
      if (isBlocked(error)) return { outcome: 'blocked', item: error.Item }
      cause = error instanceof Error ? `${error.name}: ${brief(error.message)}` : String(error)
    }
  }
  return { outcome: 'unknown', cause }
}
