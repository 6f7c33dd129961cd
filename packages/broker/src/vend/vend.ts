/**
 * The vend path: reserve → assume → record. One function, from top to bottom. This file alone shows what Stint does, in which order, and
 * what each failure leaves behind.
 *
 *   reserve   the grant still holds, one use is taken, the intent is durable
 *   assume    one sts:AssumeRole, with every parameter set by Stint
 *   record    the outcome is durable; only then are credentials returned
 */

import { type AccessRefusal, decideAccess } from '@stint/core/access/decide'
import { scopesOfSession } from '@stint/core/access/freeze'
import { approvalFor } from '@stint/core/config/approval'
import type { Approval, Profile } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { type Caller, callerRef } from '@stint/core/identity/caller'
import { jobOf } from '@stint/core/identity/job'
import { roleSessionName } from '@stint/core/identity/name'
import { personOf } from '@stint/core/identity/person'
import { hex128, parseRequestId, type RequestId, type SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import { assumeRoleInput, sessionExpiry } from '@stint/core/scope/assume-role'
import { faultInAnswer, requestIdOf } from '@stint/core/scope/assumed-role'
import { type AccessInput, changedTerms, resolveScope, type Scope, type ScopeRefusal } from '@stint/core/scope/terms'
import type { Broker } from '../ports/broker.ts'
import type { Call, Freeze, Intent, Reservation, ReserveRefusal, SessionCount } from '../ports/ledger.ts'
import type { Assumed, StsRefusal } from '../ports/sts.ts'
import { fromCallOn } from './call-clock.ts'
import { limitRefusal } from './container-limits.ts'
import { ledgerSilent } from './ledger-silent.ts'
import { recordRefusal } from './record-refusal.ts'
import type { ApprovalRequestRefusal } from './request-approval.ts'
import { freshSlot, type Idempotency, idempotentSlot, namedSlot, onceSlot, type Slot, sessionIn } from './slot.ts'

/** Why no session is issued. `EntryPointRefusal` is what an entry point demands of a profile in addition. */
type VendRefusal =
  | AccessRefusal
  | EntryPointRefusal
  | ScopeRefusal
  | ApprovalRequestRefusal
  | ReserveRefusal
  | StsRefusal
  | 'rate-limited'
  | 'revoked-in-flight'
  | 'sts-answer-invalid'
type EntryPointRefusal = 'approval-required' | 'duration-invalid'

/** What an entry point adds to a call. */
type VendOptions = {
  /** Returns a refusal if this entry point does not accept the profile. */
  readonly refusalOf?: (profile: Profile, caller: Caller, approval: Approval | undefined) => Refused<EntryPointRefusal> | undefined
  /** Default: a new request with one use. */
  readonly slot?: Slot
  /** Derives a key from the call's input, so that a repeat finds the first call. */
  readonly idempotency?: Idempotency
}

export type Vended = {
  readonly session: SessionId
  readonly request: RequestId
  readonly caller: Caller
  readonly scope: Scope
  readonly sessionName: string
  readonly assumed: Assumed
  readonly issuedAt: Instant
  /** The earlier of AWS's expiration and the session's exact end. */
  readonly expiration: Instant
}

/** `waiting`: the request needs approval first; AWS was not called. */
export type VendResult = (Done<Vended> | Refused<VendRefusal> | { readonly outcome: 'waiting'; readonly request: AccessRequest }) & {
  readonly caller?: Caller
  readonly profile?: string
}

/** Longer than a write usually takes, so that the second read is rare. */
export const FREEZES_READ_AGAIN_AFTER_MS = 250

export async function vend(
  machine: Broker,
  call: Call,
  caller: Caller,
  wanted: AccessInput,
  options: VendOptions = {},
): Promise<VendResult> {
  const broker = fromCallOn(machine, call)
  const { profile } = wanted
  const decided = decide(broker, call, caller, wanted, options)
  if (decided.outcome === 'refused') return refuse(broker, call, caller, profile, decided)
  if (decided.value.requiredApproval)
    return leavePending(broker, call, caller, decided.value.scope, decided.value.requiredApproval, options)
  const { scope, slot } = decided.value
  let intent = makeIntent(broker, call, caller, scope, slot)

  // Reserve; in parallel, read the freezes, and count the session if the entry point has limits. If reserving is slow, read the freezes
  // again: one may have been set before the write. If the process dies after this, a use is taken and AWS has not been called; the
  // sweeper marks the session abandoned and returns the use.
  const freezes = async () => ({
    found: await broker.ledger.frozen(scopesOfSession(broker.rules, caller, profile, scope.targetId), call.now),
    at: broker.clock(),
  })
  const [first, early, counted] = await Promise.all([
    broker.ledger.reserve(intent),
    freezes(),
    countSession(broker, call, caller, scope, slot),
  ])
  let reserved = first
  const next = slotAfter(first, counted, slot)
  if (next) {
    intent = makeIntent(broker, call, caller, scope, next)
    reserved = await broker.ledger.reserve(intent)
  }
  const isLate = reserved.outcome === 'done' && broker.clock() - early.at > FREEZES_READ_AGAIN_AFTER_MS
  const blocked = freezeRefusal((isLate ? await freezes() : early).found) ?? limitRefusal(counted, slot, call.now)
  if (blocked) {
    if (reserved.outcome !== 'done' && blocked.code !== 'ledger-unavailable') return refuse(broker, call, caller, profile, blocked)
    if (reserved.outcome === 'done')
      await broker.ledger.fail(reserved.value, { code: blocked.code, reason: blocked.operator ?? blocked.detail, sends: 0 }, broker.clock())
    return { ...blocked, caller, profile }
  }
  if (reserved.outcome === 'refused') return refuse(broker, call, caller, profile, explainRefusal(reserved, slot, scope))
  if (reserved.outcome === 'unknown') return unavailable(reserved.cause, caller, profile)
  const reservation = reserved.value

  // Assume. If the process dies after this, a session exists whose credentials never left Stint. Reconciliation finds it by its intent.
  const input = assumeRoleInput(scope, intent, reservation.credentialsExpireAt, call.now)
  const assumed = await broker.sts.assumeRole(input)
  if (assumed.outcome === 'unknown') {
    // The call may have succeeded, so the use is not returned here: the sweeper abandons the reservation later.
    return {
      ...refused('sts-timeout', 'AWS STS gave no usable response. No credentials were returned.', { operator: assumed.cause }),
      caller,
      profile,
    }
  }
  if (assumed.outcome === 'refused') {
    await broker.ledger.fail(reservation, { ...assumed, reason: assumed.operator ?? assumed.detail }, broker.clock())
    return { ...assumed, caller, profile }
  }

  const fault = faultInAnswer(input, assumed.value, broker.clock())
  if (fault !== undefined) return drop(broker, reservation, assumed.value, fault, caller, profile)

  // Record. Nothing is returned before this is done. If the grant was withdrawn meanwhile, the credentials are dropped.
  const issuedAt = broker.clock()
  const recorded = await broker.ledger.record(reservation, assumed.value, issuedAt)
  if (recorded.outcome === 'unknown') return unavailable(recorded.cause, caller, profile)
  if (recorded.outcome === 'refused') {
    const { awsRequestId, sends } = assumed.value
    await broker.ledger.fail(reservation, { code: recorded.code, reason: recorded.detail, awsRequestId, sends }, broker.clock())
    return { ...recorded, caller, profile }
  }

  const expiration = Math.min(assumed.value.credentials.expiration, reservation.credentialsExpireAt)
  const { request, session, sessionName } = intent
  return { ...done({ session, request, caller, scope, sessionName, assumed: assumed.value, issuedAt, expiration }), profile }
}

type Plan = { readonly scope: Scope; readonly slot: Slot; readonly requiredApproval?: Approval }

/** Everything before the first write. It does no I/O. */
function decide(
  broker: Broker,
  call: Call,
  caller: Caller,
  wanted: AccessInput,
  options: VendOptions,
): Done<Plan> | Refused<AccessRefusal | EntryPointRefusal | ScopeRefusal | 'request-unknown'> {
  const access = decideAccess(broker.rules, wanted.profile, caller, { sourceIp: call.source, now: call.now })
  if (access.outcome === 'refused') return access
  const approval = approvalFor(access.profile, broker.rules.targets[access.profile.target] ?? {})
  const barred = options.refusalOf?.(access.profile, caller, approval)
  if (barred) return barred

  const slot = slotFor(broker, caller, wanted, options)
  // If the profile needs no approval now, a request cannot be named, not even one that was approved earlier.
  if (!slot || (slot.named && !approval)) return refused('request-unknown', 'Request not found, or not visible to you.')
  const scope = resolveScope(broker.rules, access.profile, caller, wanted, slot.uses)
  if (scope.outcome === 'refused') return scope
  return done({ scope: scope.value, slot, ...(approval && !slot.named ? { requiredApproval: approval } : {}) })
}

/** `once` takes precedence over an Idempotency-Key. An approval is used only by naming its request. */
function slotFor(broker: Broker, caller: Caller, wanted: AccessInput, { idempotency, slot = freshSlot }: VendOptions): Slot | undefined {
  const once = broker.rules.issuers[caller.issuer]?.replay === 'once'
  if (wanted.requestId !== undefined) {
    const request = parseRequestId(wanted.requestId)
    return request && namedSlot(request, once, idempotency)
  }
  if (once) return onceSlot
  return idempotency ? idempotentSlot(idempotency) : slot
}

function makeIntent(broker: Broker, call: Call, caller: Caller, scope: Scope, slot: Slot): Intent {
  const request = slot.request(call, caller, scope, broker.random)
  const session = sessionIn(slot, request, caller, broker.random)
  return {
    call,
    request,
    named: slot.named === true,
    session,
    attempt: hex128(broker.random),
    caller,
    person: personOf(broker.rules, caller),
    scope,
    sessionName: roleSessionName(caller.name, session),
    expiresAt: sessionExpiry(call.now, scope.duration),
    windowExpiresAt: slot.windowExpiresAt(call, caller),
    ...(slot.once ? { tokenIssuedAt: caller.token.issuedAt } : {}),
    ...defined({
      fingerprint: slot.fingerprint,
      job: scope.terms.renew ? jobOf(broker.rules.issuers[caller.issuer] ?? {}, caller) : undefined,
    }),
  }
}

/** No session is issued before the request is approved. The request stays pending, and the caller returns with its ID. */
async function leavePending(
  broker: Broker,
  call: Call,
  caller: Caller,
  scope: Scope,
  approval: Approval,
  { idempotency }: VendOptions,
): Promise<VendResult> {
  const { profile } = scope.terms
  // Loaded on first use: most calls of the vend path do not ask for an approval.
  const { requestApproval } = await import('./request-approval.ts')
  const asked = await requestApproval(broker, call, caller, scope, approval, idempotency ? { idempotency } : {})
  if (asked.outcome === 'refused') return refuse(broker, call, caller, profile, asked)
  return { outcome: 'waiting', request: asked.value.request, caller, profile }
}

/** Refuses the call if there is a freeze, or if the freezes cannot be read. */
export function freezeRefusal(frozen: Done<Freeze | undefined> | Unknown): Refused<'frozen' | 'ledger-unavailable'> | undefined {
  if (frozen.outcome === 'unknown') return ledgerSilent(frozen.cause)
  if (!frozen.value) return undefined
  return refused('frozen', 'Access is frozen.', { operator: `frozen: ${frozen.value.justification}` })
}

/** Counts the session, if the entry point has limits. A count that is not known refuses the session. */
async function countSession(broker: Broker, call: Call, caller: Caller, scope: Scope, { limits }: Slot): Promise<Counted> {
  if (!limits) return done(undefined)
  const { profile, parameters } = scope.terms
  return broker.ledger.countSession(callerRef(caller), canonicalJson([profile, parameters]), limits, call.now)
}
type Counted = Done<SessionCount | undefined> | Unknown

/** Where a call goes on that found its request full, although it is within the limits. */
function slotAfter(reserved: Done<Reservation> | Refused<ReserveRefusal> | Unknown, counted: Counted, slot: Slot): Slot | undefined {
  if (reserved.outcome !== 'refused' || reserved.code !== 'request-exhausted' || counted.outcome === 'unknown') return undefined
  return counted.value?.place === undefined ? undefined : slot.afterFull?.(counted.value.place)
}

/** Translates the ledger's refusal for this entry point, and lists how this call's terms differ from the approved ones. */
function explainRefusal(refusal: Refused<ReserveRefusal>, slot: Slot, scope: Scope): Refused<ReserveRefusal | 'rate-limited'> {
  if (refusal.code === 'request-exhausted') return slot.exhausted(refusal)
  if (refusal.code !== 'terms-changed' || !refusal.evidence || !('approved' in refusal.evidence)) return refusal
  return { ...refusal, evidence: { changed: changedTerms(refusal.evidence.approved, scope.terms) } }
}

async function refuse(broker: Broker, call: Call, caller: Caller, profile: string, refusal: Refused<VendRefusal>): Promise<VendResult> {
  await recordRefusal(broker, call, caller, profile, refusal)
  return { ...refusal, caller, profile }
}

/**
 * AWS's answer does not match the AssumeRole call, so it is unknown whether a session exists. As when there is no answer, the sweeper abandons the
 * reservation later. The answer itself is kept nowhere, not even in the log.
 */
async function drop(
  broker: Broker,
  reservation: Reservation,
  { awsRequestId, sends }: Assumed,
  fault: string,
  caller: Caller,
  profile: string,
): Promise<VendResult> {
  const written = await broker.ledger.drop(reservation, { reason: fault, sends, ...requestIdOf(awsRequestId) }, broker.clock())
  const operator = `sts: ${fault}${written.outcome === 'unknown' ? `; not recorded: ${written.cause}` : ''}`
  const refusal = refused('sts-answer-invalid', 'The response of AWS STS does not match the request. No credentials were returned.', {
    operator,
  })
  return { ...refusal, caller, profile }
}

const unavailable = (cause: string, caller: Caller, profile: string): VendResult => ({ ...ledgerSilent(cause), caller, profile })
