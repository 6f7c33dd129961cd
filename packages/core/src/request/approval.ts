/**
 * Approval rules: who can fulfill them now, and whether they are fulfilled.
 */
import { type AccessContext, isOneOf } from '../access/decide.ts'
import type { Approval, ApprovalRule, Hours } from '../config/shape.ts'
import { durationSeconds } from '../duration.ts'
import type { Caller } from '../identity/caller.ts'
import { type Instant, localTime, parseIso, seconds } from '../instant.ts'
import type { GivenApproval } from './request.ts'

/** The indexes of the rules that this caller could fulfill now. Groups come from the token presented now. */
export function rulesOpenTo(approval: Approval, caller: Caller, createdAt: Instant, context: AccessContext): readonly number[] {
  if (caller.kind !== 'human') return []
  const escalated = approval.escalateAfter !== undefined && context.now >= createdAt + seconds(durationSeconds(approval.escalateAfter))
  return approval.rules.flatMap((rule, index) => (mayFulfil(rule, caller, escalated, context) ? [index] : []))
}

function mayFulfil(rule: ApprovalRule, caller: Caller, escalated: boolean, context: AccessContext): boolean {
  const { now } = context
  const standIns = (rule.delegates ?? []).filter(({ from, until }) => (parseIso(from) ?? Infinity) <= now && now < (parseIso(until) ?? 0))
  const people = [...rule.by, ...(escalated ? (rule.escalateTo ?? []) : []), ...standIns.map(({ who }) => who)]
  return isOneOf(people, caller, context)
}

/** Whether `now` is within the hours in which an approval counts for this rule. */
export function withinHours(hours: Hours | undefined, now: Instant): boolean {
  if (!hours) return true
  const { day, time } = localTime(now, hours.timeZone)
  return hours.days.includes(day) && hours.from <= time && time < hours.until
}

/**
 * How many approvals each rule still lacks. Each person counts for one rule, assigned so that the most rules are fulfilled:
 * a person who fits two rules must not be used for the one that another approver could fulfill.
 */
export function missing(
  approval: { readonly rules: readonly Pick<ApprovalRule, 'count'>[] },
  approvals: readonly Pick<GivenApproval, 'rules' | 'person' | 'personNow'>[],
): readonly number[] {
  const seats = approval.rules.flatMap((rule, index) => Array.from({ length: rule.count }, () => index))
  const taken: (number | undefined)[] = seats.map(() => undefined)
  /** Kuhn's augmenting path: finds a seat for the person, and moves others if needed. */
  const seat = (person: number, tried: Set<number>): boolean =>
    seats.some((rule, at) => {
      if (tried.has(at) || !approvals[person]?.rules.includes(rule)) return false
      tried.add(at)
      const sitting = taken[at]
      if (sitting !== undefined && !seat(sitting, tried)) return false
      taken[at] = person
      return true
    })
  const people = new Set<string>()
  approvals.forEach(({ person, personNow = person }, index) => {
    if (people.has(personNow)) return // one person, one seat
    people.add(personNow)
    seat(index, new Set())
  })
  return approval.rules.map((_rule, index) => seats.filter((rule, at) => rule === index && taken[at] === undefined).length)
}
