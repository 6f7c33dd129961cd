/**
 * Selects the request that a session is issued under. By default it is new. Otherwise it is named by a single-use token, by an
 * Idempotency-Key, by what an SDK repeats within seconds, or by a caller who has an approved request.
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
import type { Call, SessionLimits } from '../ports/ledger.ts'

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
  /** Limits of the entry point. They are counted in parallel with reserve. */
  readonly limits?: SessionLimits
  /** The slot to try next if the request has no uses left. `place`: the number of this call within its minute, which no other call has. */
  readonly afterFull?: (place: number) => Slot
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

/**
 * SDKs fetch early and retry hard, so identical calls within this time share a request. It divides a minute: all sessions of a request count
 * in the same minute.
 */
const BUCKET_SECONDS = 5
/** Sessions of one such request. More would make its item, which every write sends back, expensive. */
const BUCKET_USES = 8

/** The container protocol. `limits`: how often a caller may vend; see container-limits.ts. */
export const bucketSlot = (limits: SessionLimits, overflow = 0): Slot => ({
  uses: BUCKET_USES,
  limits,
  request: (call, caller, scope) =>
    bucketRequestId(caller, scope.terms.profile, scope.terms.parameters, BUCKET_SECONDS, call.now, overflow),
  // The last call of the bucket must still find the window open when it is recorded.
  windowExpiresAt: (call) => shortWindow(call) + seconds(BUCKET_SECONDS),
  // At most BUCKET_USES calls of a minute have a place that leads to the same request, so none of them finds it full.
  afterFull: (place) => bucketSlot(limits, 1 + Math.floor((place - 1) / BUCKET_USES)),
  exhausted: exhaustedAs('rate-limited'),
})

export const sessionIn = (slot: Slot, request: RequestId, caller: Caller, random: RandomBytes): SessionId =>
  slot.session?.(request, caller, random) ?? newSessionId(request, random)
