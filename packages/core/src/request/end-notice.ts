/** Before a session that people approved ends, its requester is notified, once: there is still time to extend the request. */
import { type Instant, seconds, wholeSecond } from '../instant.ts'
import { notExtendable } from './extend.ts'
import { type AccessRequest, liveSessions, needsReview } from './request.ts'
import type { Session } from './session.ts'

/** A shorter session ends before an extension could be approved. */
const SHORTEST_SECONDS = 30 * 60
/** How long before the end, at most. For a session of less than 40 minutes, it is a quarter of it. */
export const NOTICE_SECONDS = 10 * 60

/** The session ends, and its requester is notified at `at`. */
type EndNotice = { readonly session: Session; readonly at: Instant }

/**
 * The notices of all sessions that can still be used, by their time. Each is in the last half of its session, when an extension can be
 * requested. Workloads are not notified.
 */
export function endNotices(request: Pick<AccessRequest, 'caller' | 'sessions' | 'terms'>, now: Instant): readonly EndNotice[] {
  if (!request.terms.approval || request.caller.kind !== 'human') return []
  return liveSessions(request, now)
    .filter(({ state }) => state === 'issued')
    .map((session) => ({ session, length: session.expiresAt - wholeSecond(session.reservedAt) }))
    .filter(({ length }) => length >= seconds(SHORTEST_SECONDS))
    .map(({ session, length }) => ({ session, at: session.expiresAt - Math.min(seconds(NOTICE_SECONDS), Math.floor(length / 4)) }))
    .sort((one, other) => one.at - other.at)
}

/** What the requester can do before the session ends; undefined if there is nothing to do now, because another session has just begun. */
export function stepBeforeEnd(request: AccessRequest, now: Instant): 'extend' | 'review' | undefined {
  if (notExtendable(request, now) === undefined) return 'extend'
  return needsReview(request) ? 'review' : undefined
}
