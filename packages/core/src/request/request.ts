/**
 * A request as the ledger keeps it: who asked for what on which terms, who agreed, and what is left of it.
 */
import type { CallerRef } from '../identity/caller.ts'
import type { Person } from '../identity/person.ts'
import type { RequestId } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { Terms } from '../scope/terms.ts'
import type { Session } from './session.ts'

export type RequestState = 'pending' | 'approved' | 'denied' | 'cancelled' | 'expired' | 'revoked' | 'ended' | 'refused'

/** Where a decision was made. */
export type Channel = 'api' | 'slack' | 'web' | 'cli'

/** What an approver may shorten, never lengthen: seconds, uses, seconds. */
export type Limits = { readonly duration?: number; readonly uses?: number; readonly window?: number }

/** One person's agreement. `rules` are those that they could fulfil at that moment. */
export type GivenApproval = {
  readonly approver: CallerRef
  readonly person: Person
  /** Who that is by the config deployed now; not stored. */
  readonly personNow?: Person
  readonly rules: readonly number[]
  readonly at: Instant
  readonly channel: Channel
  readonly comment?: string
  readonly limits: Limits
}

export type AccessRequest = {
  readonly id: RequestId
  /** Grows with every change: the request's ETag, and what a decision was made upon. */
  readonly version: number
  /** As stored; what time alone has made of it tells `stateAt`. */
  readonly state: RequestState
  readonly createdAt: Instant
  readonly caller: CallerRef
  readonly person: Person
  /** Who that is by the config deployed now: an alias declared since counts too. Not stored. */
  readonly personNow?: Person
  /** For a workload's request: who triggered it. */
  readonly triggeredBy?: Person
  readonly profile: string
  readonly target: string
  readonly roleArn: string
  readonly terms: Terms
  readonly termsHash: string
  readonly justification?: string
  /** What it is for, in the words of an issue tracker. */
  readonly ticket?: string
  readonly breakGlass: boolean
  /** Until when a pending request waits. */
  readonly expiresAt: Instant
  /** When it is approved by rule, if nobody stops it (unattended break-glass). */
  readonly unattendedAt?: Instant
  /** The chosen start of its window. */
  readonly startsAt?: Instant
  readonly approvals: readonly GivenApproval[]
  readonly limits: Limits
  readonly windowStartsAt?: Instant
  readonly windowExpiresAt?: Instant
  readonly usesLeft?: number
  /** Who decided last, where somebody did: denied, cancelled, revoked. */
  readonly decidedBy?: CallerRef
  /** Break-glass stays to be reviewed. */
  readonly review?: { readonly by: CallerRef; readonly at: Instant; readonly text: string }
  /** What people have been told of it beyond its asking; each is told once. */
  readonly notices: readonly Told[]
  readonly sessions: readonly Session[]
}

export type Told = 'escalated' | `${'' | 'review-'}reminded${'' | '-twice' | '-thrice'}`

/** What time alone makes of the stored state: DynamoDB deletes late, so nothing waits for a sweeper to be true. */
export function stateAt(request: Pick<AccessRequest, 'state' | 'expiresAt' | 'windowExpiresAt'>, now: Instant): RequestState {
  if (request.state === 'pending' && now >= request.expiresAt) return 'expired'
  if (request.state === 'approved' && request.windowExpiresAt !== undefined && now >= request.windowExpiresAt) return 'ended'
  return request.state
}

export const needsReview = (request: Pick<AccessRequest, 'breakGlass' | 'review' | 'state' | 'approvals' | 'windowStartsAt'>): boolean =>
  request.breakGlass && request.windowStartsAt !== undefined && request.review === undefined

/** Sessions that were handed out and can still do something. */
export const liveSessions = ({ sessions }: Pick<AccessRequest, 'sessions'>, now: Instant): readonly Session[] =>
  sessions.filter(({ state, expiresAt }) => state === 'issued' && expiresAt > now)
