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
import type { Caller } from '@stint/core/identity/caller'
import { roleSessionName } from '@stint/core/identity/name'
import { personOf } from '@stint/core/identity/person'
import { hex128, parseRequestId, type RequestId, type SessionId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import { assumeRoleInput, sessionExpiry } from '@stint/core/scope/assume-role'
import { faultInAnswer } from '@stint/core/scope/assumed-role'
import { type Ask, changedTerms, resolveScope, type Scope, type ScopeRefusal } from '@stint/core/scope/terms'
import type { Broker } from '../ports/broker.ts'
import type { Call, Freeze, Intent, Reservation, ReserveRefusal } from '../ports/ledger.ts'
import type { Assumed, StsRefusal } from '../ports/sts.ts'
import { type AskRefusal, askForApproval } from './ask.ts'
import { recordRefusal } from './record-refusal.ts'
import { freshSlot, type Idempotency, idempotentSlot, namedSlot, onceSlot, type Slot, sessionIn } from './slot.ts'

/** Why no session is issued. `AtEntryPoint` is what an entry point demands of a profile in addition. */
type VendRefusal =
  | AccessRefusal
  | AtEntryPoint
  | ScopeRefusal
  | AskRefusal
  | ReserveRefusal
  | StsRefusal
  | 'revoked-in-flight'
  | 'sts-answer-invalid'
type AtEntryPoint = 'approval-required' | 'duration-invalid'

/** What an entry point adds to a call. */
type VendOptions = {
  /** What this entry point demands of a profile in addition to the profile's own rules. */
  readonly admits?: (profile: Profile, caller: Caller, approval: Approval | undefined) => Refused<AtEntryPoint> | undefined
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
const FREEZES_READ_AGAIN_AFTER_MS = 250

export async function vend(broker: Broker, call: Call, caller: Caller, ask: Ask, options: VendOptions = {}): Promise<VendResult> {
  const { profile } = ask
  const decided = decide(broker, call, caller, ask, options)
  if (decided.outcome === 'refused') return refuse(broker, call, caller, profile, decided)
  if (decided.value.wait) return wait(broker, call, caller, decided.value.scope, decided.value.wait, options)
  const { scope, slot } = decided.value
  const intent = makeIntent(broker, call, caller, scope, slot)

  // Reserve, and read the freezes at the same time; again if reserving took long, because a freeze may have come first. If the process dies after this, a use is taken and AWS has not been called; the sweeper
  // marks the session abandoned and returns the use.
  const freezes = async () => ({
    found: await broker.ledger.frozen(scopesOfSession(broker.rules, caller, profile, scope.targetId), call.now),
    at: broker.clock(),
  })
  const [reserved, early] = await Promise.all([broker.ledger.reserve(intent), freezes()])
  const isLate = reserved.outcome === 'done' && broker.clock() - early.at > FREEZES_READ_AGAIN_AFTER_MS
  const closed = closedBy((isLate ? await freezes() : early).found)
  if (closed) {
    if (reserved.outcome !== 'done' && closed.code === 'frozen') return refuse(broker, call, caller, profile, closed)
    if (reserved.outcome === 'done')
      await broker.ledger.fail(reserved.value, { code: closed.code, reason: closed.operator ?? closed.detail, sends: 0 }, broker.clock())
    return { ...closed, caller, profile }
  }
  if (reserved.outcome === 'refused') return refuse(broker, call, caller, profile, atEntryPoint(reserved, slot, scope))
  if (reserved.outcome === 'unknown') return unavailable(reserved.cause, caller, profile)
  const reservation = reserved.value

  // Assume. If the process dies after this, a session exists whose credentials never left Stint. Reconciliation finds it by its intent.
  const question = assumeRoleInput(scope, caller, intent.session, reservation.expiresAt, call.now)
  const assumed = await broker.sts.assumeRole(question)
  if (assumed.outcome === 'unknown') {
    // The call may have succeeded, so the use is not returned here: the sweeper abandons the reservation later.
    return {
      ...refused('sts-timeout', 'AWS did not answer in time. No credentials were returned.', { operator: assumed.cause }),
      caller,
      profile,
    }
  }
  if (assumed.outcome === 'refused') {
    await broker.ledger.fail(reservation, { ...assumed, reason: assumed.operator ?? assumed.detail }, broker.clock())
    return { ...assumed, caller, profile }
  }

  const fault = faultInAnswer(question, assumed.value, broker.clock())
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

  const expiration = Math.min(assumed.value.credentials.expiration, reservation.expiresAt)
  const { request, session, sessionName } = intent
  return { ...done({ session, request, caller, scope, sessionName, assumed: assumed.value, issuedAt, expiration }), profile }
}

type Plan = { readonly scope: Scope; readonly slot: Slot; readonly wait?: Approval }

/** Everything before the first write. It is pure, and the same for every entry point. */
function decide(
  broker: Broker,
  call: Call,
  caller: Caller,
  ask: Ask,
  options: VendOptions,
): Done<Plan> | Refused<AccessRefusal | AtEntryPoint | ScopeRefusal | 'request-unknown'> {
  const access = decideAccess(broker.rules, ask.profile, caller, { sourceIp: call.source, now: call.now })
  if (access.outcome === 'refused') return { ...access, operator: access.reasons.join(', ') }
  const approval = approvalFor(access.profile, broker.rules.targets[access.profile.target] ?? {})
  const barred = options.admits?.(access.profile, caller, approval)
  if (barred) return barred

  const slot = slotFor(broker, caller, ask, options)
  // A request that needed no approval is used by the call that creates it, and never by its ID.
  if (!slot || (slot.named && !approval)) return refused('request-unknown', 'Request not found, or not visible to you.')
  const scope = resolveScope(broker.rules, access.profile, caller, ask, slot.uses)
  if (scope.outcome === 'refused') return scope
  return done({ scope: scope.value, slot, ...(approval && !slot.named ? { wait: approval } : {}) })
}

/** `once` takes precedence over an Idempotency-Key. An approval is used only by naming its request. */
function slotFor(broker: Broker, caller: Caller, ask: Ask, { idempotency, slot = freshSlot }: VendOptions): Slot | undefined {
  const once = broker.rules.issuers[caller.issuer]?.replay === 'once'
  if (ask.requestId !== undefined) {
    const request = parseRequestId(ask.requestId)
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
    ...defined({ fingerprint: slot.fingerprint }),
  }
}

/** No session is issued before the request is approved. The request stays pending, and the caller returns with its ID. */
async function wait(
  broker: Broker,
  call: Call,
  caller: Caller,
  scope: Scope,
  approval: Approval,
  { idempotency }: VendOptions,
): Promise<VendResult> {
  const { profile } = scope.terms
  const asked = await askForApproval(broker, call, caller, scope, approval, idempotency ? { idempotency } : {})
  if (asked.outcome === 'refused') return refuse(broker, call, caller, profile, asked)
  return { outcome: 'waiting', request: asked.value.request, caller, profile }
}

/** A freeze refuses the call. So does not knowing whether there is one. */
function closedBy(frozen: Done<Freeze | undefined> | Unknown): Refused<'frozen' | 'ledger-unavailable'> | undefined {
  if (frozen.outcome === 'unknown')
    return refused('ledger-unavailable', 'The ledger did not answer, so no credentials were returned.', { operator: frozen.cause })
  if (!frozen.value) return undefined
  return refused('frozen', 'Access is frozen. Ask the responders.', { operator: `frozen: ${frozen.value.justification}` })
}

/** What the ledger's refusal means at this entry point, and in which terms two approvals differ. */
function atEntryPoint(refusal: Refused<ReserveRefusal>, slot: Slot, scope: Scope): Refused<ReserveRefusal | 'rate-limited'> {
  if (refusal.code === 'request-exhausted') return slot.exhausted(refusal)
  if (refusal.code !== 'terms-changed' || !refusal.evidence || !('approved' in refusal.evidence)) return refusal
  return { ...refusal, evidence: { changed: changedTerms(refusal.evidence.approved, scope.terms) } }
}

async function refuse(broker: Broker, call: Call, caller: Caller, profile: string, refusal: Refused<VendRefusal>): Promise<VendResult> {
  await recordRefusal(broker, call, caller, profile, refusal)
  return { ...refusal, caller, profile }
}

/**
 * AWS's answer does not match the request, so it is unknown whether a session exists. As when there is no answer, the sweeper abandons the
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
  const known = /^[A-Za-z0-9-]{1,128}$/.test(awsRequestId) ? { awsRequestId } : {}
  const written = await broker.ledger.drop(reservation, { reason: fault, sends, ...known }, broker.clock())
  const operator = `sts: ${fault}${written.outcome === 'unknown' ? `; not recorded: ${written.cause}` : ''}`
  const refusal = refused('sts-answer-invalid', 'The response of AWS STS does not match the request. No credentials were returned.', {
    operator,
  })
  return { ...refusal, caller, profile }
}

const unavailable = (cause: string, caller: Caller, profile: string): VendResult => ({
  ...refused('ledger-unavailable', 'The ledger did not answer, so no credentials were returned.', { operator: cause }),
  caller,
  profile,
})
