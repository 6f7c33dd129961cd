/** Whether an item of the story table is final: nothing more can happen to it except its retirement. */
import type { Instant } from '@stint/core/instant'
import { liveSessions, needsReview, stateAt } from '@stint/core/request/request'
import { countOpen, type Item, toRequest } from './items.ts'

/** Why the item is not final yet, as the end of a sentence about it; undefined if it is. */
export function aliveAt(item: Item, now: Instant): string | undefined {
  const request = toRequest(item)
  if (!request) return undefined // A refusal, or already erased.
  // Time alone has expired this request, and the sweeper has yet to record that in its journal.
  if (request.state === 'pending') return 'is still pending'
  if (stateAt(request, now) === 'approved') return 'is still approved'
  if (countOpen(item) > 0) return 'has a session without a recorded outcome'
  if (liveSessions(request, now).length > 0) return 'has credentials that have not expired'
  return needsReview(request) ? 'is a break-glass request that has not been reviewed' : undefined
}
