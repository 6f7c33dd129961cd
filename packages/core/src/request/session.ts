/**
 * A session as it is stored and shown: one AssumeRole under a request. The secret parts are never stored.
 */
import type { CallerRef } from '../identity/caller.ts'
import type { RequestId, SessionId } from '../ids.ts'
import type { Instant } from '../instant.ts'

export type SessionState = 'reserved' | 'issued' | 'failed' | 'abandoned' | 'revoked'

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
  /** Seconds asked for. */
  readonly duration: number
  readonly reservedAt: Instant
  /** After this instant the session can do nothing, whatever AWS's expiry. */
  readonly expiresAt: Instant
  readonly issued?: {
    readonly at: Instant
    readonly accessKeyId: string
    readonly assumedRoleArn: string
    readonly awsRequestId: string
    readonly packedPolicySize: number
    /** The earlier of AWS's expiry and `expiresAt`. */
    readonly expiration: Instant
  }
  /** Why a failed session failed: a problem code. */
  readonly failure?: string
}

/** Most sessions of one request. */
export const MAX_USES = 100
/** Attempts beyond the uses: definite failures give their use back, and must not do so for ever. */
export const SPARE_ATTEMPTS = 20
/** A journal longer than this takes no further reservation. */
export const MAX_EVENTS = 320
/** After this a reservation without record counts as abandoned: nothing left Stint. Far above vend's own deadline. */
export const ABANDONED_AFTER_SECONDS = 90
