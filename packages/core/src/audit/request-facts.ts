/**
 * What a request asked for and how it was decided: the facts that its decisions and sessions are checked against. Events of
 * version 1 lack some of them, and unknown facts are not checked.
 */

import { MAX_GRANT_DAYS } from '../config/shape.ts'
import type { CallerRef } from '../identity/caller.ts'
import { requestIdTime } from '../ids.ts'
import { days, type Instant, instantOf, seconds } from '../instant.ts'
import type { Limits } from '../request/request.ts'
import { MAX_USES } from '../request/session.ts'
import type { ReadEvent } from './schema.ts'

/** Maximum number of milliseconds between the time in a request's ID and its first event. Both come from one reading of the clock. */
const ID_TOLERANCE_MS = 1000

/** The bounds of every config (`config/check.ts`) and every call. Stint did not write an event outside them. */
const MAX_APPROVERS = 10
const MIN_UNATTENDED_SECONDS = 60
const MAX_START_AHEAD_DAYS = 7

export type RequestFacts = {
  /** The version of the first event of the journal. */
  readonly v: ReadEvent['v']
  readonly issuer: string
  readonly subject: string
  readonly profile: string
  readonly target: string
  readonly terms: string
  /** Of a request with approval, as in `request.asked` since version 2. */
  readonly uses?: number
  readonly window?: number
  readonly expiresAt?: Instant
  /** The start that the requester chose; undefined while it is unknown whether there is one. */
  startsAt: Instant | undefined
  /** `request.received` must be the next event. */
  awaitsReceived: boolean
  received: boolean
  /** The lowest limits of the requester and the approvers. */
  limits: Required<Limits>
  /** The earliest time of a session. */
  windowStartsAt: Instant
}

const unlimited = { duration: Number.POSITIVE_INFINITY, uses: Number.POSITIVE_INFINITY, window: Number.POSITIVE_INFINITY }

function factsOf(event: ReadEvent): RequestFacts {
  const { issuer, subject } = event.caller as CallerRef
  return {
    v: event.v,
    issuer,
    subject,
    profile: event.profile as string,
    target: event.target as string,
    terms: event.terms as string,
    startsAt: undefined,
    awaitsReceived: false,
    received: false,
    limits: unlimited,
    windowStartsAt: 0,
  }
}

export { factsOf as createdOf }

/** The faults of a grant, by rule or by approvers. */
export function grantFaults(event: ReadEvent): readonly string[] {
  const uses = event.uses as number
  return [
    ...(uses > MAX_USES ? ['granted more uses than a request can have'] : uses < 1 ? ['granted no use'] : []),
    ...(instantOf(event.expiresAt) <= instantOf(event.at) ? ['granted with an end before its start'] : []),
  ]
}

/** The faults of a `request.asked` event by itself. */
export function askedFaults(event: ReadEvent): readonly string[] {
  const at = instantOf(event.at)
  const needs = event.needs as readonly number[]
  const [expiresAt, unattendedAt] = [event.expiresAt, event.unattendedAt].map((value) =>
    value === undefined ? undefined : instantOf(value),
  )
  const isUnattendedOdd =
    unattendedAt !== undefined &&
    (unattendedAt < at + seconds(MIN_UNATTENDED_SECONDS) || unattendedAt >= (expiresAt ?? Number.POSITIVE_INFINITY))
  return [
    ...(needs.length === 0 || needs.some((count) => count < 1 || count > MAX_APPROVERS)
      ? ['asked for a number of approvers that no config can have']
      : []),
    ...(isUnattendedOdd ? ['asked with an unattended approval that no config can have'] : []),
    ...((expiresAt ?? 0) > at + days(MAX_GRANT_DAYS) ? [`asked to wait longer than ${MAX_GRANT_DAYS} days`] : []),
    ...(((event.uses as number | undefined) ?? 0) > MAX_USES ? ['asked for more uses than a request can have'] : []),
    ...idFault(event),
  ]
}

export const askedOf = (event: ReadEvent): RequestFacts => ({
  ...factsOf(event),
  ...(event.v === 1
    ? {}
    : {
        uses: event.uses as number,
        window: event.window as number,
        expiresAt: instantOf(event.expiresAt),
        awaitsReceived: true,
      }),
})

const least = (one: Required<Limits>, other: Limits | undefined): Required<Limits> =>
  other === undefined
    ? one
    : {
        duration: Math.min(one.duration, other.duration ?? one.duration),
        uses: Math.min(one.uses, other.uses ?? one.uses),
        window: Math.min(one.window, other.window ?? one.window),
      }

/** Takes the details of the second event of the request. */
export function receivedOf(facts: RequestFacts, event: ReadEvent): readonly string[] {
  if (facts.received) return ['received twice']
  facts.received = true
  facts.awaitsReceived = false
  facts.limits = least(facts.limits, event.limits as Limits | undefined)
  facts.startsAt = instantOf(event.startsAt)
  const [at, startsAt] = [instantOf(event.at), facts.startsAt ?? 0]
  return [
    ...(event.v !== facts.v ? ['received with another event version than the request'] : []),
    ...(startsAt > at + days(MAX_START_AHEAD_DAYS) + seconds(60) ? [`asked for a start more than ${MAX_START_AHEAD_DAYS} days ahead`] : []),
    ...(event.extends === event.request ? ['extends itself'] : []),
  ]
}

/** Takes one approver's limits and returns the faults of the approval. */
export function approvalFaults(facts: RequestFacts, event: ReadEvent): readonly string[] {
  const limits = event.limits as Limits | undefined
  facts.limits = least(facts.limits, limits)
  const { uses = Number.POSITIVE_INFINITY, window = Number.POSITIVE_INFINITY } = facts
  return [
    ...expiredFault(facts, event, 'approved'),
    ...((limits?.uses ?? 0) > uses || (limits?.window ?? 0) > window ? ['approved with limits that are wider than the request'] : []),
  ]
}

/** Takes the start of the window and returns the faults of the approved event. */
export function approvedFaults(facts: RequestFacts, event: ReadEvent): readonly string[] {
  const [at, expiresAt, uses] = [instantOf(event.at), instantOf(event.expiresAt), event.uses as number]
  const faults = [...grantFaults(event), ...expiredFault(facts, event, 'approved')]
  const { limits } = facts
  if (uses > (facts.uses ?? uses)) faults.push('approved for more uses than were asked for')
  else if (uses > limits.uses) faults.push('approved for more uses than its limits allow')
  facts.windowStartsAt = Math.max(at, facts.startsAt ?? 0)
  if (facts.window === undefined || facts.startsAt === undefined) return faults
  const length = expiresAt - facts.windowStartsAt
  if (length > seconds(facts.window)) faults.push('approved for a longer window than was asked for')
  else if (length > seconds(limits.window)) faults.push('approved for a longer window than its limits allow')
  return faults
}

const expiredFault = ({ expiresAt }: RequestFacts, event: ReadEvent, what: string): readonly string[] =>
  expiresAt !== undefined && instantOf(event.at) >= expiresAt ? [`${what} after it had expired`] : []

/** A random ID contains its time of creation, which is when the journal begins. A derived ID contains no time. */
export function idFault(event: ReadEvent): readonly string[] {
  const made = requestIdTime(event.request)
  if (made === undefined || Math.abs(made - instantOf(event.at)) <= ID_TOLERANCE_MS) return []
  return ['created at a time other than that in its ID']
}
