/**
 * Extending access that people approved. An extension is a request of its own: on the same terms, for the same approvers. Until it is
 * approved, nothing changes. Then sessions are taken from it by its own ID, also while the earlier session still works.
 */
import { type Instant, toIso } from '../instant.ts'
import { type Refused, refused } from '../outcome.ts'
import { type AccessRequest, liveSessions, needsReview } from './request.ts'

/**
 * Why the request cannot be extended now; undefined if it can. It needs a session that can still be used and is in the last half of its
 * time. A break-glass must be reviewed first, so that one emergency does not become standing access.
 */
export function notExtendable(request: AccessRequest, now: Instant): Refused<'not-extendable'> | undefined {
  const no = (detail: string, next: string) => refused('not-extendable', detail, { evidence: { next } })
  if (!request.terms.approval) return no('This request needed no approval.', 'Start a new session.')
  const sessions = liveSessions(request, now).filter(({ state }) => state === 'issued')
  if (sessions.length === 0) return no('This request has no live session.', 'Make a new request.')
  if (needsReview(request))
    return no('This break-glass request has not been reviewed.', 'Ask an approver or an auditor to review it, then extend it.')
  const last = sessions.reduce((one, other) => (other.expiresAt > one.expiresAt ? other : one))
  const from = last.reservedAt + Math.ceil((last.expiresAt - last.reservedAt) / 2)
  if (now >= from) return undefined
  return no(`This request can be extended from ${toIso(from)}, in the last half of its session.`, `Repeat the call at ${toIso(from)}.`)
}
