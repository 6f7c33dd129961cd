/** What time alone does to requests, and when it does so next. */
import type { Approval } from '../config/shape.ts'
import { durationSeconds } from '../duration.ts'
import { days, type Instant, seconds } from '../instant.ts'
import { approvedEvent, type Change, type ChangeEvent, grantFrom, sameRules } from './machine.ts'
import { type AccessRequest, type Notice, needsReview } from './request.ts'

/**
 * The change that is due at this time. `stateAt` already shows expiration and the end; unattended approval, escalation and
 * reminders take effect when the sweeper writes them.
 */
export const passTime = (request: AccessRequest, approval: Approval | undefined, now: Instant): Change | undefined =>
  changesOfTime(request, approval)
    .find(({ at }) => now >= at)
    ?.change(now)

/** The earliest instant at which `passTime` changes the request; undefined if time alone never changes it again. */
export function nextDue(request: AccessRequest, approval: Approval | undefined): Instant | undefined {
  const all = changesOfTime(request, approval).map(({ at }) => at)
  return all.length > 0 ? Math.min(...all) : undefined
}

type ChangeOfTime = { readonly at: Instant; readonly change: (now: Instant) => Change }

/** All that time alone can still change in the request as it is. If several are due, the first in this order applies. */
function changesOfTime(request: AccessRequest, approval: Approval | undefined): readonly ChangeOfTime[] {
  const { state, createdAt, expiresAt, unattendedAt, windowExpiresAt } = request
  const changes: ChangeOfTime[] = []
  if (state === 'pending') {
    changes.push({ at: expiresAt, change: () => ({ state: 'expired', from: ['pending'], set: {}, events: [{ type: 'request.expired' }] }) })
    if (unattendedAt !== undefined && approval && sameRules(request, approval))
      changes.push({ at: unattendedAt, change: (now) => unattended(request, now) })
    if (approval?.escalateAfter && !request.notices.includes('escalated'))
      changes.push({
        at: createdAt + seconds(durationSeconds(approval.escalateAfter)),
        change: () => noticing(request, ['escalated'], 'request.escalated'),
      })
    changes.push(...remindersOf(request, reminders, createdAt, expiresAt - createdAt))
    return changes
  }
  if (state === 'approved' && windowExpiresAt !== undefined)
    changes.push({
      at: windowExpiresAt,
      change: () => ({ state: 'ended', from: ['approved'], set: {}, events: [{ type: 'request.ended' }] }),
    })
  if (needsReview(request)) changes.push(...remindersOf(request, reviewReminders, request.windowStartsAt ?? 0, days(1)))
  return changes
}

function unattended(request: AccessRequest, now: Instant): Change {
  const grant = grantFrom(request, request.approvals, now)
  return { state: 'approved', set: grant, events: [{ ...approvedEvent(grant), unattended: true }] }
}

/** When reminders are sent: as fractions of the time that a request waits, and in days after a break-glass. */
const reminders = { reminded: 1 / 8, 'reminded-twice': 3 / 8, 'reminded-thrice': 7 / 8 } as const
const reviewReminders = { 'review-reminded': 1, 'review-reminded-twice': 3, 'review-reminded-thrice': 7 } as const

/** The reminders after the last one that was sent, the latest first: earlier ones that were missed are skipped. */
function remindersOf(
  request: AccessRequest,
  due: Readonly<Partial<Record<Notice, number>>>,
  from: Instant,
  unit: number,
): readonly ChangeOfTime[] {
  const all = Object.entries(due) as [Notice, number][]
  const sent = all.findLastIndex(([notice]) => request.notices.includes(notice))
  return all
    .map(([, after], index) => ({
      at: Math.ceil(from + after * unit),
      change: () => {
        const passed = all.slice(0, index + 1).map(([notice]) => notice)
        return noticing(request, passed, 'request.reminded')
      },
    }))
    .slice(sent + 1)
    .toReversed()
}

/** The event of a notification that has not been sent yet. */
const noticing = (request: AccessRequest, notices: readonly Notice[], type: ChangeEvent['type']): Change => ({
  state: request.state,
  set: { notices: [...new Set([...request.notices, ...notices])] },
  events: [{ type }],
})
