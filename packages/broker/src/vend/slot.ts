/**
 * Selects the request that a session is issued under. By default it is new. Otherwise it is named by a single-use token, by an
 * Idempotency-Key, by what an SDK repeats within a minute, or by a caller who has an approved request.
 */
import type { Caller } from '@stint/core/identity/caller'
import { CLOCK_GRACE_SECONDS } from '@stint/core/identity/token'
import {
  bucketRequestId,
  idempotentRequestId,
  idempotentSessionId,
  newRequestId,
  newSessionId,
  onceRequestId,
  onceSessionId,
  type RandomBytes,
  type RequestId,
  type SessionId,
} from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { type Refused, refused } from '@stint/core/outcome'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { Scope } from '@stint/core/scope/terms'
import type { Call } from '../ports/ledger.ts'

type ExhaustedAs = 'request-exhausted' | 'token-used' | 'rate-limited' | 'already-issued' | 'in-progress'

export type Slot = {
  readonly uses: number
  readonly request: (call: Call, caller: Caller, scope: Scope, random: RandomBytes) => RequestId
  readonly session?: (request: RequestId, caller: Caller, random: RandomBytes) => SessionId
  readonly windowExpiresAt: (call: Call, caller: Caller) => Instant
  /** The caller named the request, so it must already exist. */
  readonly named?: true
  /** One token, one session: a token older than the ledger is refused. */
  readonly once?: true
  readonly fingerprint?: string
  /** The refusal, in the terms of this entry point, of a request that has no uses left. */
  readonly exhausted: (refusal: Refused<'request-exhausted'>) => Refused<ExhaustedAs>
}

/** Not from the table of problems, which `vend` loads when it first refuses. */
const DETAILS = {
  'request-exhausted': 'The request has no uses left.',
  'token-used': 'This token was already used.',
  'rate-limited': 'There were too many calls for this profile within a minute.',
  'already-issued': 'This Idempotency-Key has already been used.',
  'in-progress': 'A call with this Idempotency-Key is in progress.',
} as const

const shortWindow = (call: Call) => call.now + seconds(ABANDONED_AFTER_SECONDS)
const exhaustedAs =
  (code: 'request-exhausted' | 'token-used' | 'rate-limited') =>
  ({ detail: operator }: Refused<'request-exhausted'>): Refused<ExhaustedAs> =>
    refused(code, DETAILS[code], { operator })

export const freshSlot: Slot = {
  uses: 1,
  request: (call, _caller, _scope, random) => newRequestId(call.now, random),
  windowExpiresAt: shortWindow,
  exhausted: exhaustedAs('request-exhausted'),
}

/** The token names the request, so a second use of the token finds the first. */
export const onceSlot: Slot = {
  uses: 1,
  once: true,
  request: (_call, caller, scope) => onceRequestId(caller, scope.terms.profile),
  windowExpiresAt: (_call, caller) => caller.token.expiresAt + seconds(CLOCK_GRACE_SECONDS),
  exhausted: exhaustedAs('token-used'),
}

/** An Idempotency-Key, and the SHA-256 of the call it was used for. */
export type Idempotency = { readonly key: string; readonly fingerprint: string }

/** An approved request. A single-use token or an Idempotency-Key then names the *session* instead. */
export const namedSlot = (request: RequestId, once: boolean, idempotency: Idempotency | undefined): Slot => ({
  uses: 1,
  named: true,
  request: () => request,
  ...(once
    ? { session: (id: RequestId, caller: Caller) => onceSessionId(id, caller) }
    : idempotency
      ? {
          session: (id: RequestId, caller: Caller) => idempotentSessionId(id, caller, idempotency.key),
          fingerprint: idempotency.fingerprint,
        }
      : {}),
  windowExpiresAt: shortWindow,
  exhausted: exhaustedAs('request-exhausted'),
})

/** A repeat of the same call finds the first one and learns its result. */
export const idempotentSlot = ({ key, fingerprint }: Idempotency): Slot => ({
  uses: 1,
  fingerprint,
  request: (_call, caller) => idempotentRequestId(caller, key),
  windowExpiresAt: (call) => call.now + seconds(IDEMPOTENT_SECONDS),
  exhausted(refusal) {
    if (!refusal.evidence) return exhaustedAs('request-exhausted')(refusal)
    const { session, sessionState } = refusal.evidence
    const code = sessionState === 'issued' ? 'already-issued' : 'in-progress'
    return refused(code, DETAILS[code], { operator: refusal.detail, evidence: { session } })
  },
})
const IDEMPOTENT_SECONDS = 24 * 3600

/** SDKs fetch early and retry hard, so identical calls within this time share one request, with a few sessions under it. */
const BUCKET_SECONDS = 60
export const bucketSlot: Slot = {
  uses: 4,
  request: (call, caller, scope) => bucketRequestId(caller, scope.terms.profile, scope.terms.parameters, BUCKET_SECONDS, call.now),
  windowExpiresAt: (call) => call.now + seconds(2 * BUCKET_SECONDS),
  exhausted: exhaustedAs('rate-limited'),
}

export const sessionIn = (slot: Slot, request: RequestId, caller: Caller, random: RandomBytes): SessionId =>
  slot.session?.(request, caller, random) ?? newSessionId(request, random)
