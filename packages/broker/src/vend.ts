/**
 * The road: reserve → assume → record. One function, top to bottom; whoever opens only this file knows what Stint does,
 * in which order, and what each failure leaves behind.
 *
 *   reserve   the grant still holds, one use is taken, the intent is durable
 *   assume    one sts:AssumeRole, every parameter made here
 *   record    the outcome is durable; only then do credentials leave
 */
import { decideAccess } from '@stint/core/access/decide'
import type { Profile } from '@stint/core/config/shape'
import type { Caller } from '@stint/core/identity/caller'
import { roleSessionName } from '@stint/core/identity/name'
import { CLOCK_GRACE_SECONDS } from '@stint/core/identity/token'
import { type Instant, seconds } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { type ProblemCode, problems } from '@stint/core/problem'
import {
  hex128,
  newRequestId,
  newSessionId,
  onceRequestId,
  type RandomBytes,
  type RequestId,
  type SessionId,
} from '@stint/core/request/ids'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import { assumeRoleInput, hardEndOf } from '@stint/core/scope/assume-role'
import { type Ask, resolveScope, type Scope } from '@stint/core/scope/terms'
import { identify } from './identify.ts'
import type { Assumed, Broker, Call, Intent } from './ports.ts'

/** How a call came in: each door reads its ask in its own way, and may name the request by what was asked. */
export type Door = {
  readonly authorization: readonly string[]
  readonly readAsk: () => Done<Ask> | Refused
  /** What this door demands of a profile beyond the profile's own rules. */
  readonly admits?: (profile: Profile, caller: Caller) => Refused | undefined
  /** Default: a fresh request of one use. */
  readonly slot?: Slot
}

/** Which request a vend is made under, for profiles that need nobody's agreement. */
export type Slot = {
  readonly uses: number
  readonly request: (call: Call, caller: Caller, scope: Scope, random: RandomBytes) => RequestId
  readonly windowEnd: (call: Call, caller: Caller) => Instant
  /** What a request without a use left is called at this door. */
  readonly exhausted: ProblemCode
}

export type Vended = {
  readonly session: SessionId
  readonly request: RequestId
  readonly caller: Caller
  readonly scope: Scope
  readonly sessionName: string
  readonly assumed: Assumed
  readonly issuedAt: Instant
  /** The earlier of AWS's expiry and the session's exact end. */
  readonly expiration: Instant
}

export type VendResult = (Done<Vended> | Refused) & { readonly caller?: Caller; readonly profile?: string }

export async function vend(broker: Broker, call: Call, door: Door): Promise<VendResult> {
  const identity = await identify(broker, door.authorization, call.now)
  if (identity.outcome === 'refused') return identity // a stranger: nothing is written
  const caller = identity.value

  const ask = door.readAsk()
  if (ask.outcome === 'refused') return refuse(broker, call, caller, '', ask)
  const profile = ask.value.profile
  const decided = decide(broker, call, door, caller, ask.value)
  if (decided.outcome === 'refused') return refuse(broker, call, caller, profile, decided)
  const { scope, slot } = decided.value
  const intent = makeIntent(broker, call, caller, scope, slot)

  // Reserve. If we die after it: a use is taken and nothing was asked of AWS; the sweeper marks it abandoned and gives it back.
  const reserved = await broker.ledger.reserve(intent)
  if (reserved.outcome === 'refused') return refuse(broker, call, caller, profile, atDoor(reserved, slot))
  if (reserved.outcome === 'unknown') return unavailable(reserved.cause, caller, profile)
  const reservation = reserved.value

  // Assume. If we die after it: a session exists that never left Stint; its intent names it, reconciling finds it.
  const assumed = await broker.sts.assumeRole(assumeRoleInput(scope, caller, intent.session, intent.hardEnd))
  if (assumed.outcome === 'unknown') {
    // It may have happened, so the use is not given back here: the reservation waits to be abandoned.
    return {
      ...refused('sts-timeout', 'AWS did not answer in time. Nothing was handed out.', { operator: assumed.cause }),
      caller,
      profile,
    }
  }
  if (assumed.outcome === 'refused') {
    await broker.ledger.fail(reservation, { ...assumed, reason: assumed.operator ?? assumed.detail }, broker.clock())
    return { ...assumed, caller, profile }
  }

  // Record. Until it is done nothing leaves; if the grant was withdrawn meanwhile, the credentials are dropped.
  const issuedAt = broker.clock()
  const recorded = await broker.ledger.record(reservation, assumed.value, issuedAt)
  if (recorded.outcome === 'unknown') return unavailable(recorded.cause, caller, profile)
  if (recorded.outcome === 'refused') {
    const { awsRequestId, sends } = assumed.value
    await broker.ledger.fail(reservation, { code: recorded.code, reason: recorded.detail, awsRequestId, sends }, broker.clock())
    return { ...recorded, caller, profile }
  }

  const expiration = Math.min(assumed.value.credentials.expiration, intent.hardEnd)
  const { request, session, sessionName } = intent
  return { ...done({ session, request, caller, scope, sessionName, assumed: assumed.value, issuedAt, expiration }), profile }
}

/** Everything before the first write: pure, and the same for every door. */
function decide(broker: Broker, call: Call, door: Door, caller: Caller, ask: Ask): Done<{ scope: Scope; slot: Slot }> | Refused {
  const access = decideAccess(broker.rules, ask.profile, caller, { sourceIp: call.from, now: call.now })
  if (access.outcome === 'refused') return { ...access, operator: access.reasons.join(', ') }
  const barred = door.admits?.(access.profile, caller)
  if (barred) return barred

  const slot = broker.rules.issuers[caller.issuer]?.replay === 'once' ? onceSlot : (door.slot ?? freshSlot)
  const scope = resolveScope(broker.rules, access.profile, caller, ask, slot.uses)
  if (scope.outcome === 'refused') return scope
  if (access.approval) return refused('approval-required', 'This profile is entered only with the agreement of others.')
  return done({ scope: scope.value, slot })
}

function makeIntent(broker: Broker, call: Call, caller: Caller, scope: Scope, slot: Slot): Intent {
  const request = slot.request(call, caller, scope, broker.random)
  const session = newSessionId(request, broker.random)
  return {
    call,
    request,
    session,
    attempt: hex128(broker.random),
    caller,
    scope,
    sessionName: roleSessionName(caller.name, session),
    hardEnd: hardEndOf(call.now, scope.duration),
    windowEnd: slot.windowEnd(call, caller),
    ...(slot === onceSlot ? { tokenIssuedAt: caller.token.issuedAt } : {}),
  }
}

const freshSlot: Slot = {
  uses: 1,
  request: (call, _caller, _scope, random) => newRequestId(call.now, random),
  windowEnd: (call) => call.now + seconds(ABANDONED_AFTER_SECONDS),
  exhausted: 'request-exhausted',
}

/** One token, one session: the token names the request, so a second use meets the first. */
const onceSlot: Slot = {
  uses: 1,
  request: (_call, caller, scope) => onceRequestId(caller, scope.terms.profile),
  windowEnd: (_call, caller) => caller.token.expiresAt + seconds(CLOCK_GRACE_SECONDS),
  exhausted: 'token-used',
}

/** The ledger says `request-exhausted`; what that means depends on what the request stood for. */
const atDoor = (refusal: Refused, slot: Slot): Refused =>
  refusal.code === 'request-exhausted' ? { ...refused(slot.exhausted, problems[slot.exhausted].title), operator: refusal.detail } : refusal

/** A verified caller was told no. If the ledger cannot take the refusal, it is still a refusal; the log line has it. */
async function refuse(broker: Broker, call: Call, caller: Caller, profile: string, refusal: Refused): Promise<VendResult> {
  const reason = refusal.operator ?? refusal.detail
  const written = await broker.ledger.refuse({ call, caller, profile, code: refusal.code, reason })
  if (written.outcome === 'unknown') broker.log({ event: 'refusal-not-recorded', trace: call.trace, cause: written.cause })
  return { ...refusal, caller, profile }
}

const unavailable = (cause: string, caller: Caller, profile: string): VendResult => ({
  ...refused('ledger-unavailable', 'The ledger did not answer, so nothing was handed out.', { operator: cause }),
  caller,
  profile,
})
