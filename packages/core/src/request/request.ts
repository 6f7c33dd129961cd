/**
 * A request as the ledger stores it: who asked for what on which terms, who approved, and what is left of it.
 */
import type { CallerRef } from '../identity/caller.ts'
import type { Person } from '../identity/person.ts'
import type { RequestId } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { Terms } from '../scope/terms.ts'
import { liveUntil, type Session } from './session.ts'

export type RequestState = 'pending' | 'approved' | 'denied' | 'cancelled' | 'expired' | 'revoked' | 'ended' | 'refused'

/** The channel in which a decision was made. */
export type Channel = 'api' | 'slack' | 'web' | 'cli'

/** Limits that an approver can lower, never raise. `duration` and `window` are in seconds. */
export type Limits = { readonly duration?: number; readonly uses?: number; readonly window?: number }

/** One person's approval. `rules` are those that they could fulfill at that moment. */
export type GivenApproval = {
  readonly approver: CallerRef
  readonly person: Person
  /** The person by the config deployed now. Not stored. */
  readonly personNow?: Person
  readonly rules: readonly number[]
  readonly at: Instant
  readonly channel: Channel
  readonly comment?: string
  readonly limits: Limits
}

export type AccessRequest = {
  readonly id: RequestId
  /** Increases with every change. It is the request's ETag and the version that a decision was made on. */
  readonly version: number
  /** As stored. `stateAt` also applies what time alone changes. */
  readonly state: RequestState
  readonly createdAt: Instant
  readonly caller: CallerRef
  /** The requester's subject, if `caller` has its digest. */
  readonly fullSubject?: string
  readonly person: Person
  /** The person by the config deployed now, so that an alias declared later counts too. Not stored. */
  readonly personNow?: Person
  /** For a workload's request: who triggered it. */
  readonly triggeredBy?: Person
  readonly profile: string
  readonly target: string
  readonly roleArn: string
  readonly terms: Terms
  readonly termsHash: string
  readonly justification?: string
  /** What the requester added since, oldest first. */
  readonly moreJustifications?: readonly { readonly at: Instant; readonly text: string }[]
  /** The key of an issue that the request is for. */
  readonly ticket?: string
  /** The request whose session this one continues. */
  readonly extends?: RequestId
  readonly breakGlass: boolean
  /** When a pending request expires. */
  readonly expiresAt: Instant
  /** When the request is approved by rule unless someone stops it (unattended break-glass). */
  readonly unattendedAt?: Instant
  /** The chosen start of the window. */
  readonly startsAt?: Instant
  readonly approvals: readonly GivenApproval[]
  readonly limits: Limits
  readonly windowStartsAt?: Instant
  readonly windowExpiresAt?: Instant
  readonly usesLeft?: number
  /** Who denied, cancelled or revoked the request. */
  readonly decidedBy?: CallerRef
  /** When they did, and what they said. Requests that an earlier release closed have none. */
  readonly decision?: { readonly at: Instant; readonly comment?: string }
  /** The review of a break-glass. */
  readonly review?: { readonly by: CallerRef; readonly at: Instant; readonly text: string }
  /** The notifications that were sent after the first one. Each is sent once. */
  readonly notices: readonly Notice[]
  readonly sessions: readonly Session[]
}

export type Notice = 'escalated' | `${'' | 'review-'}reminded${'' | '-twice' | '-thrice'}`

/** The state after what time alone changes. DynamoDB deletes late, so a state must not depend on the sweeper. */
export function stateAt(request: Pick<AccessRequest, 'state' | 'expiresAt' | 'windowExpiresAt'>, now: Instant): RequestState {
  if (request.state === 'pending' && now >= request.expiresAt) return 'expired'
  if (request.state === 'approved' && request.windowExpiresAt !== undefined && now >= request.windowExpiresAt) return 'ended'
  return request.state
}

export const needsReview = (request: Pick<AccessRequest, 'breakGlass' | 'review' | 'state' | 'approvals' | 'windowStartsAt'>): boolean =>
  request.breakGlass && request.windowStartsAt !== undefined && request.review === undefined

/** Sessions for which AWS returned credentials, whatever became of them. */
export const issuedSessions = ({ sessions }: Pick<AccessRequest, 'sessions'>): readonly Session[] =>
  sessions.filter(({ issued }) => issued !== undefined)

/** Sessions with credentials that still work, or that can be renewed. */
export const liveSessions = ({ sessions }: Pick<AccessRequest, 'sessions'>, now: Instant): readonly Session[] =>
  sessions.filter((session) => liveUntil(session) > now)

/** Whether the request can get a session that it does not have yet. A reservation that it has can return its use, too. */
export const canHaveMoreSessions = ({ state, usesLeft = 0 }: Pick<AccessRequest, 'state' | 'usesLeft'>): boolean =>
  state === 'pending' || (state === 'approved' && usesLeft > 0)

/** Whether the request can be revoked: it can be used, or a session of it has not ended, even if its window has. */
export const isRevocable = (request: Pick<AccessRequest, 'state' | 'expiresAt' | 'windowExpiresAt' | 'sessions'>, now: Instant): boolean =>
  ['pending', 'approved'].includes(stateAt(request, now)) ||
  (['approved', 'ended'].includes(request.state) && liveSessions(request, now).some(({ state }) => state === 'issued'))
