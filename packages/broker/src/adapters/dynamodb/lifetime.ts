/** Whether an item of the story table is over: nothing can happen to it any more but its own leaving. */
import type { Instant } from '@stint/core/instant'
import { needsReview, stateAt } from '@stint/core/request/request'
import { type Item, openSessions, toRequest } from './items.ts'

/** Why it is not over yet, as the end of a sentence about it; undefined where it is. */
export function aliveAt(item: Item, now: Instant): string | undefined {
  const request = toRequest(item)
  if (!request) return undefined // a refusal, or erased already
  // Expired by time alone, it waits for the sweeper to say so on its journal.
  if (request.state === 'pending') return 'is still pending'
  if (stateAt(request, now) === 'approved') return 'is still approved'
  if (openSessions(item).length > 0) return 'has a session without an end on record'
  if (request.sessions.some((session) => session.state === 'issued' && session.expiresAt > now)) return 'has credentials that still live'
  return needsReview(request) ? 'is break-glass that nobody has reviewed' : undefined
}
