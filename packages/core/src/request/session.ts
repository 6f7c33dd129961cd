/**
 * A session as it is stored and shown: one AssumeRole call under a request. Its secrets are never stored.
 */
import type { CallerRef } from '../identity/caller.ts'
import type { RequestId, SessionId } from '../ids.ts'
import type { Instant } from '../instant.ts'

type SessionState = 'reserved' | 'issued' | 'failed' | 'abandoned'

/**
 * The state that each write sets. A session that is no longer reserved never changes: revoking ends its request, and AWS is
 * what refuses credentials that were already issued.
 */
export const sessionTransitions = {
  reserved: { record: 'issued', drop: 'reserved', fail: 'failed', abandon: 'abandoned' },
  issued: {},
  failed: {},
  abandoned: {},
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
  /** After this instant the session policy denies everything, whatever expiration AWS sets. */
  readonly expiresAt: Instant
  readonly issued?: {
    readonly at: Instant
    readonly accessKeyId: string
    readonly assumedRoleArn: string
    readonly assumedRoleId: string
    readonly awsRequestId: string
    readonly packedPolicySize: number
    /** How often AssumeRole was sent. */
    readonly sends: number
    /** The earlier of AWS's expiration and `expiresAt`. */
    readonly expiration: Instant
  }
  /** The problem code of a failed session. */
  readonly failure?: string
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
/** The bytes of a request before its first session, at most, without the policy in its terms and a long justification. */
export const REQUEST_BYTES = 5500
/** A journal with this many events accepts no further reservation. */
export const MAX_EVENTS = 320
/** After this time a reservation without a record counts as abandoned: no credentials left Stint. Far above the deadline of vend. */
export const ABANDONED_AFTER_SECONDS = 90
