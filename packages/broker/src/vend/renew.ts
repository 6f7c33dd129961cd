/**
 * Renews a session: a further set of credentials under the same name, source identity and tags, until the session's end. It judges
 * everything anew that a first call judges, and then goes the same way: reserve → assume → record. `vend` loads this on first use.
 */
import { type AccessRefusal, decideAccess } from '@stint/core/access/decide'
import { scopesOfSession } from '@stint/core/access/freeze'
import { toCrockford } from '@stint/core/digest'
import { durationSeconds, formatDuration } from '@stint/core/duration'
import type { Caller } from '@stint/core/identity/caller'
import { isSameJob } from '@stint/core/identity/job'
import { hex128, onceRequestId, onceSessionId, type SessionId } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { MIN_CONTAINER_SECONDS, unknownSession } from '@stint/core/request/session'
import { assumeRoleInput, sessionExpiry } from '@stint/core/scope/assume-role'
import { faultInAnswer } from '@stint/core/scope/assumed-role'
import { scopeAgain } from '@stint/core/scope/scope-again'
import { changedTerms, type Scope, type ScopeRefusal } from '@stint/core/scope/terms'
import type { Broker } from '../ports/broker.ts'
import type { Call, RenewableSession, RenewalReservation, RenewRefusal } from '../ports/ledger.ts'
import type { Assumed, StsRefusal } from '../ports/sts.ts'
import { fromCallOn } from './call-clock.ts'
import { ledgerSilent } from './ledger-silent.ts'
import { recordRefusal } from './record-refusal.ts'
import { FREEZES_READ_AGAIN_AFTER_MS, freezeRefusal, type Vended } from './vend.ts'

type RenewalRefusal =
  | AccessRefusal
  | ScopeRefusal
  | RenewRefusal
  | StsRefusal
  | 'token-expired'
  | 'token-used'
  | 'in-progress'
  | 'revoked-in-flight'
  | 'sts-answer-invalid'
  | 'ledger-unavailable'

type RenewResult = (Done<Vended> | Refused<RenewalRefusal>) & { readonly caller: Caller; readonly profile?: string }

/** A token older than this, or than one set of credentials, does not show that the caller is still who they were. */
const MAX_TOKEN_AGE_SECONDS = 3600

/** `byContainer`: an SDK asks, by the container credentials protocol. */
export async function renew(
  machine: Broker,
  call: Call,
  caller: Caller,
  id: SessionId,
  { byContainer = false }: { readonly byContainer?: boolean } = {},
): Promise<RenewResult> {
  const broker = fromCallOn(machine, call)
  const found = await broker.ledger.renewable(id)
  if (found.outcome === 'unknown') return { ...ledgerSilent(found.cause), caller }
  if (!found.value || !isOwn(broker, caller, found.value)) return refuse(broker, call, caller, '', unknownSession)
  const { session } = found.value
  const { profile } = session
  const planned = plan(broker, call, caller, found.value, byContainer)
  if (planned.outcome === 'refused') return refuse(broker, call, caller, profile, planned)

  // A single-use token does one thing. From here on, this one has renewed this session.
  if (broker.rules.issuers[caller.issuer]?.replay === 'once') {
    const taken = await broker.ledger.takeToken(call, caller, id, profile)
    if (taken.outcome === 'unknown') return { ...ledgerSilent(taken.cause), caller, profile }
    if (taken.outcome === 'refused') return refuse(broker, call, caller, profile, taken)
  }
  return renewAs(broker, call, caller, found.value, planned.value)
}

/** Whether this caller, and for a workload this job, started the session. For all others it does not exist. */
function isOwn({ rules }: Broker, caller: Caller, { session, job }: RenewableSession): boolean {
  const { issuer, subject } = session.caller
  const trusted = rules.issuers[caller.issuer]
  return issuer === caller.issuer && subject === caller.subject && trusted !== undefined && isSameJob(trusted, caller, job)
}

type Plan = { readonly scope: Scope; readonly expiresAt: Instant }

/** Everything before the first write. It does no I/O. */
function plan(
  { rules }: Broker,
  call: Call,
  caller: Caller,
  { request, session, tags }: RenewableSession,
  byContainer: boolean,
): Done<Plan> | Refused<RenewalRefusal> {
  const { profile } = session
  if (session.state === 'reserved')
    return refused('in-progress', 'The session has not been issued yet.', { evidence: { session: session.id } })
  // The window of a request that needs no approval is for the start of the session only.
  const isOver = session.state !== 'issued' || session.expiresAt <= call.now || request.state !== 'approved'
  if (isOver) return refused('session-ended', 'The session has ended.')

  // `authAge` is about the start of the session, and a sign-in since then is recent enough. Everything else is about now.
  const judgedAt = Math.max(session.reservedAt, Math.min(caller.signedInAt ?? 0, call.now))
  const access = decideAccess(rules, profile, caller, { sourceIp: call.source, now: judgedAt })
  if (access.outcome === 'refused') return access
  const { renew: configured } = access.profile.duration
  if (session.renew === undefined || configured === undefined)
    return refused('not-renewable', 'The credentials of this session cannot be renewed.')
  if (byContainer && session.renew < MIN_CONTAINER_SECONDS)
    return refused(
      'duration-invalid',
      `This endpoint renews only credentials that last at least ${formatDuration(MIN_CONTAINER_SECONDS)}.`,
      { evidence: { next: 'Use stint exec or stint serve.' } },
    )
  const aged = tokenFault(rules.issuers[caller.issuer]?.replay === 'once', call, caller, session)
  if (aged) return aged

  // The justification and the ticket were given at the start, and are not part of the terms.
  const scope = scopeAgain(rules, access.profile, caller, request, { justification: 'renewal' })
  if (scope.outcome === 'refused') return scope
  const expiresAt = Math.min(session.expiresAt, sessionExpiry(call.now, durationSeconds(configured)))
  return done({ scope: { ...scope.value, passingTags: tags }, expiresAt })
}

/** The token must be young, and a single-use token must not be the one that started the session. */
function tokenFault(
  isOnce: boolean,
  call: Call,
  caller: Caller,
  { id, requestId, profile, renew = 0 }: RenewableSession['session'],
): Refused<'token-expired' | 'token-used'> | undefined {
  const longest = Math.max(renew, MAX_TOKEN_AGE_SECONDS)
  if (caller.token.issuedAt + seconds(longest) <= call.now)
    return refused('token-expired', `The token is older than ${formatDuration(longest)}. A renewal needs a newer one.`, {
      evidence: { next: 'Get a new token from your issuer, and renew the session with it.' },
    })
  const isFirst = isOnce && (onceRequestId(caller, profile) === requestId || onceSessionId(requestId, caller) === id)
  return isFirst ? refused('token-used', 'This token was already used.') : undefined
}

async function renewAs(
  broker: Broker,
  call: Call,
  caller: Caller,
  { request, session, seen }: RenewableSession,
  { scope, expiresAt }: Plan,
): Promise<RenewResult> {
  const { profile, id, sessionName } = session
  const who = { caller, profile }
  const freezes = async () => ({
    found: await broker.ledger.frozen(scopesOfSession(broker.rules, caller, profile, scope.targetId), call.now),
    at: broker.clock(),
  })
  // Reserve; in parallel, read the freezes, and again if reserving is slow, as for a first set of credentials.
  const [reserved, early] = await Promise.all([
    broker.ledger.reserveRenewal({
      ...{ call, caller, request: request.id, session: id, expiresAt, terms: scope.termsHash, uses: scope.terms.uses, seen },
      set: toCrockford(broker.random(5), 8),
      attempt: hex128(broker.random),
    }),
    freezes(),
  ])
  const isLate = reserved.outcome === 'done' && broker.clock() - early.at > FREEZES_READ_AGAIN_AFTER_MS
  const blocked = freezeRefusal((isLate ? await freezes() : early).found)
  if (blocked && reserved.outcome === 'done') {
    await fail(broker, reserved.value, blocked, 0)
    return { ...blocked, ...who }
  }
  if (blocked) return blocked.code === 'frozen' ? refuse(broker, call, caller, profile, blocked) : { ...blocked, ...who }
  if (reserved.outcome === 'refused') return refuse(broker, call, caller, profile, explain(reserved, scope))
  if (reserved.outcome === 'unknown') return { ...ledgerSilent(reserved.cause), ...who }
  const reservation = reserved.value

  // Assume. If the process dies after this, credentials exist that never left Stint. The sweeper abandons the renewal.
  const input = assumeRoleInput(scope, { session: id, sessionName }, expiresAt, call.now)
  const assumed = await broker.sts.assumeRole(input)
  if (assumed.outcome === 'unknown')
    return {
      ...refused('sts-timeout', 'AWS STS gave no usable response. No credentials were returned.', { operator: assumed.cause }),
      ...who,
    }
  if (assumed.outcome === 'refused') {
    await broker.ledger.failRenewal(reservation, { ...assumed, reason: assumed.operator ?? assumed.detail }, broker.clock())
    return { ...assumed, ...who }
  }
  const fault = faultInAnswer(input, assumed.value, broker.clock())
  const isRecreated = fault === undefined && session.issued?.assumedRoleId !== assumed.value.assumedRoleId
  if (fault !== undefined || isRecreated) {
    const operator = fault ?? 'the role was deleted and created again'
    const refusal = refused('sts-answer-invalid', 'The response of AWS STS does not match the session. No credentials were returned.', {
      operator,
    })
    await fail(broker, reservation, refusal, assumed.value.sends)
    // The terms name the role that was approved, and this is another one.
    if (isRecreated) await broker.ledger.endSession(id, { endedBy: 'stint' }, broker.clock())
    return { ...refusal, ...who }
  }

  // Record. Nothing is returned before this is done.
  const issuedAt = broker.clock()
  const recorded = await broker.ledger.recordRenewal(reservation, assumed.value, issuedAt)
  if (recorded.outcome === 'unknown') return { ...ledgerSilent(recorded.cause), ...who }
  if (recorded.outcome === 'refused') {
    await fail(broker, reservation, recorded, assumed.value.sends, assumed.value)
    return { ...recorded, ...who }
  }
  const expiration = Math.min(assumed.value.credentials.expiration, expiresAt)
  return { ...done({ session: id, request: request.id, caller, scope, sessionName, assumed: assumed.value, issuedAt, expiration }), ...who }
}

/** If this write fails, the sweeper closes the renewal later. */
const fail = (broker: Broker, reservation: RenewalReservation, { code, operator, detail }: Refused, sends: number, assumed?: Assumed) =>
  broker.ledger.failRenewal(
    reservation,
    { code, reason: operator ?? detail, sends, ...(assumed ? { awsRequestId: assumed.awsRequestId } : {}) },
    broker.clock(),
  )

/** Lists how the terms of this call differ from those of the session. */
function explain(refusal: Refused<RenewRefusal>, scope: Scope): Refused<RenewRefusal> {
  if (refusal.code !== 'terms-changed' || !refusal.evidence || !('approved' in refusal.evidence)) return refusal
  return { ...refusal, evidence: { changed: changedTerms(refusal.evidence.approved, scope.terms) } }
}

async function refuse(broker: Broker, call: Call, caller: Caller, profile: string, refusal: Refused<RenewalRefusal>): Promise<RenewResult> {
  await recordRefusal(broker, call, caller, profile, refusal)
  return { ...refusal, caller, profile }
}
