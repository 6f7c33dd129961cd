/**
 * A session as it is stored and shown: credentials under a request, from one AssumeRole call or, if they are renewed, from several. Its
 * secrets are never stored.
 */
import type { CallerRef } from '../identity/caller.ts'
import type { RequestId, SessionId } from '../ids.ts'
import { type Instant, seconds } from '../instant.ts'
import { refused } from '../outcome.ts'
import { LATER_SECONDS, MIN_STS_SECONDS } from '../sts-limits.ts'

/** The answer to a caller who must not learn whether the session exists. */
export const unknownSession = refused('session-unknown', 'Session not found, or not visible to you.')

/** SDKs refresh credentials 15 minutes before they expire (botocore), so they would refresh shorter ones all the time. */
export const MIN_CONTAINER_SECONDS = 30 * 60

type SessionState = 'reserved' | 'issued' | 'failed' | 'abandoned' | 'ended'

/** Who ended a session before its time. `stint`: the role was deleted and created again, so it is another role now. */
export type EndedBy = 'caller' | 'approver' | 'responder' | 'revoke' | 'stint'

/**
 * The state that each write sets. A session that is failed, abandoned or ended never changes. Ending one stops its renewals; AWS refuses the
 * credentials that were already issued once they expire.
 */
export const sessionTransitions = {
  reserved: { record: 'issued', drop: 'reserved', fail: 'failed', abandon: 'abandoned', end: 'ended' },
  issued: { renew: 'issued', end: 'ended' },
  failed: {},
  abandoned: {},
  ended: {},
} as const satisfies { readonly [state in SessionState]: { readonly [act in string]: SessionState } }

export type SessionAct = keyof (typeof sessionTransitions)['reserved']

export type Session = {
  readonly id: SessionId
  readonly requestId: RequestId
  readonly state: SessionState
  readonly caller: CallerRef
  readonly profile: string
  readonly target: string
  readonly roleArn: string
  readonly sessionName: string
  readonly sourceIdentity?: string
  /** The requested duration, in seconds. */
  readonly duration: number
  readonly reservedAt: Instant
  /** The end of the session. After it the session policy denies everything, whatever expiration AWS sets. */
  readonly expiresAt: Instant
  /** How long each set of credentials lasts, in seconds, if the session can be renewed. */
  readonly renew?: number
  /** The first set of credentials. */
  readonly issued?: {
    readonly at: Instant
    readonly accessKeyId: string
    readonly assumedRoleArn: string
    readonly assumedRoleId: string
    readonly awsRequestId: string
    readonly packedPolicySize: number
    /** How often AssumeRole was sent. */
    readonly sends: number
    /** The earlier of AWS's expiration and the end of the set. */
    readonly expiration: Instant
  }
  /** How many further sets of credentials there were, and the newest of them. */
  readonly renewed?: { readonly count: number; readonly at: Instant; readonly accessKeyId: string; readonly expiration: Instant }
  readonly endedBy?: EndedBy
  readonly endedAt?: Instant
  /** The problem code of a failed session. */
  readonly failure?: string
}

/** The state to show: a session that has reached its end is `expired`. Time alone writes nothing, so this state is never stored. */
export const sessionStateAt = ({ state, expiresAt }: Pick<Session, 'state' | 'expiresAt'>, now: Instant): SessionState | 'expired' =>
  state === 'issued' && expiresAt <= now ? 'expired' : state

/** Whether the session can still be ended: it can get credentials, or have some. One that is over by itself has nothing to end. */
export const canEnd = ({ state, expiresAt }: Pick<Session, 'state' | 'expiresAt'>, now: Instant): boolean =>
  state === 'reserved' || (state === 'issued' && expiresAt > now)

/** When the newest credentials of the session stop working at AWS; undefined if none were issued. */
export const credentialsExpireAt = ({ issued, renewed }: Pick<Session, 'issued' | 'renewed'>): Instant | undefined =>
  issued && Math.max(issued.expiration, renewed?.expiration ?? 0)

/** Until when the session can be used: to its end or, once it was ended, as long as its newest credentials work. 0 if it never could. */
export function liveUntil(session: Pick<Session, 'state' | 'expiresAt' | 'issued' | 'renewed'>): Instant {
  if (session.state === 'issued') return session.expiresAt
  return session.state === 'ended' ? (credentialsExpireAt(session) ?? 0) : 0
}

/**
 * Until when other systems can accept a proof of identity that the credentials signed. No policy can deny `sts:GetCallerIdentity` (AWS STS
 * API Reference), so it works until AWS's own expiration, which can be later than the end that Stint sets.
 */
export function identityProofUntil({ issued, renewed }: Pick<Session, 'issued' | 'renewed'>): Instant | undefined {
  if (!issued) return undefined
  const untilOf = ({ at, expiration }: { readonly at: Instant; readonly expiration: Instant }) =>
    Math.max(expiration, at + seconds(MIN_STS_SECONDS)) + seconds(LATER_SECONDS)
  return Math.max(untilOf(issued), renewed ? untilOf(renewed) : 0)
}

/** The maximum number of sessions of one request. */
export const MAX_USES = 100
/** Attempts allowed beyond the uses. A definite failure returns its use, and this limits how often. */
export const SPARE_ATTEMPTS = 20
/**
 * The bytes that one session adds to the item of its request, at most: two events with their salts, and the attribute with its state. Vends
 * in the sandbox added 1,924 to 2,194 bytes (test/e2e/item-growth.test.ts); the rest is for longer names of roles and sessions.
 */
export const SESSION_BYTES = 2500
/** The bytes that one renewal adds, at most: two events with their salts (test/e2e/item-growth.test.ts). */
export const RENEWAL_BYTES = 1600
/** The bytes of a request before its first session, at most, without the policy in its terms and a long justification. */
export const REQUEST_BYTES = 5500
/** Sets of credentials of one request: first ones, renewals, and tries of either that failed. */
export const MAX_SETS = 150
/** How many renewals a request of that many uses can have. The rest of its sets is for the sessions themselves. */
export const maxRenewals = (uses: number): number => MAX_SETS - Math.min(uses, MAX_USES) - SPARE_ATTEMPTS
/** Renewals of one session at the same time, and within a minute of the clock. */
export const MAX_OPEN_RENEWALS = 4
export const MAX_RENEWALS_A_MINUTE = 10
/** A journal with this many events accepts no further reservation. */
export const MAX_EVENTS = 320
/** After this time a reservation without a record counts as abandoned: no credentials left Stint. Far above the deadline of vend. */
export const ABANDONED_AFTER_SECONDS = 90
