/**
 * Approval rules: which hold for a profile, who may fulfil them now, and whether they are fulfilled.
 */
import { type Circumstances, isOneOf } from '../access/decide.ts'
import type { Approval, ApprovalRule, Hours, Profile, Target } from '../config/shape.ts'
import { durationSeconds, formatDuration } from '../duration.ts'
import type { Caller } from '../identity/caller.ts'
import { type Instant, localTime, parseIso, seconds } from '../instant.ts'
import type { Agreement } from './request.ts'

/** The rules of profile and target together: all must hold, and of two limits the shorter. */
export function approvalFor(profile: Pick<Profile, 'approval'>, target: Pick<Target, 'approval'>): Approval | undefined {
  const [own, shared] = [profile.approval, target.approval]
  if (!own || !shared) return own ?? shared
  const shorter = (a: string, b: string) => formatDuration(Math.min(durationSeconds(a), durationSeconds(b)))
  const longer = (a: string, b: string) => (durationSeconds(a) >= durationSeconds(b) ? a : b)
  const escalateAfter =
    own.escalateAfter && shared.escalateAfter
      ? longer(own.escalateAfter, shared.escalateAfter)
      : (own.escalateAfter ?? shared.escalateAfter)
  const { breakGlass: _own, ...rest } = own
  return {
    ...rest,
    rules: [...own.rules, ...shared.rules],
    expiresAfter: shorter(own.expiresAfter, shared.expiresAfter),
    window: shorter(own.window, shared.window),
    maxUses: Math.min(own.maxUses, shared.maxUses),
    ...breakGlassOf(own.breakGlass, shared.breakGlass),
    // The later: nobody's second group decides before its time.
    ...(escalateAfter === undefined ? {} : { escalateAfter }),
  }
}

/** Break-glass if either side says so; unattended only if both do, after the longer delay. */
function breakGlassOf(own: Approval['breakGlass'], shared: Approval['breakGlass']): Pick<Approval, 'breakGlass'> {
  if (typeof own === 'object' && typeof shared === 'object') {
    return { breakGlass: durationSeconds(own.delay) >= durationSeconds(shared.delay) ? own : shared }
  }
  return own || shared ? { breakGlass: true } : {}
}

/** The rules, by their place, that this caller could fulfil now. Groups are those of the token shown now. */
export function rulesOpenTo(approval: Approval, caller: Caller, createdAt: Instant, circumstances: Circumstances): readonly number[] {
  if (caller.kind !== 'human') return []
  const escalated =
    approval.escalateAfter !== undefined && circumstances.now >= createdAt + seconds(durationSeconds(approval.escalateAfter))
  return approval.rules.flatMap((rule, index) => (mayFulfil(rule, caller, escalated, circumstances) ? [index] : []))
}

function mayFulfil(rule: ApprovalRule, caller: Caller, escalated: boolean, circumstances: Circumstances): boolean {
  const { now } = circumstances
  const standIns = (rule.delegates ?? []).filter(({ from, until }) => (parseIso(from) ?? Infinity) <= now && now < (parseIso(until) ?? 0))
  const people = [...rule.by, ...(escalated ? (rule.escalateTo ?? []) : []), ...standIns.map(({ who }) => who)]
  return isOneOf(people, caller, circumstances)
}

/** Whether it is within the hours in which agreement to this rule counts. */
export function withinHours(hours: Hours | undefined, now: Instant): boolean {
  if (!hours) return true
  const { day, time } = localTime(now, hours.timeZone)
  return hours.days.includes(day) && hours.from <= time && time < hours.until
}

/**
 * How many agreements each rule still lacks when every person is counted for one rule, in the way that fulfils most.
 * A person who could fulfil two rules must not be spent on the one that another could fulfil.
 */
export function missing(
  approval: { readonly rules: readonly Pick<ApprovalRule, 'count'>[] },
  agreements: readonly Pick<Agreement, 'rules' | 'person' | 'personNow'>[],
): readonly number[] {
  const seats = approval.rules.flatMap((rule, index) => Array.from({ length: rule.count }, () => index))
  const taken: (number | undefined)[] = seats.map(() => undefined)
  /** Kuhn's augmenting path: finds the person a seat, moving others on if need be. */
  const seat = (person: number, tried: Set<number>): boolean =>
    seats.some((rule, at) => {
      if (tried.has(at) || !agreements[person]?.rules.includes(rule)) return false
      tried.add(at)
      const sitting = taken[at]
      if (sitting !== undefined && !seat(sitting, tried)) return false
      taken[at] = person
      return true
    })
  const people = new Set<string>()
  agreements.forEach(({ person, personNow = person }, index) => {
    if (people.has(personNow)) return // one person, one seat
    people.add(personNow)
    seat(index, new Set())
  })
  return approval.rules.map((_rule, index) => seats.filter((rule, at) => rule === index && taken[at] === undefined).length)
}
