/**
 * Requesting approval. Both endpoints that create a pending request (`POST /sessions` on a profile that needs
 * approval, and `POST /requests`) use this code.
 */

import { scopesOfPerson } from '@stint/core/access/freeze'
import type { Approval, Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { type Caller, type CallerRef, callerRef } from '@stint/core/identity/caller'
import { personOf } from '@stint/core/identity/person'
import { askedRequestId, idempotentRequestId, type RequestId } from '@stint/core/ids'
import { type Instant, seconds } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import { type Done, done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { type TooFewApprovers, tooFewApprovers } from '@stint/core/request/approvers'
import { justify } from '@stint/core/request/machine'
import { type AccessRequest, type Limits, stateAt } from '@stint/core/request/request'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { Scope } from '@stint/core/scope/terms'
import type { Call, Freeze, Ledger, NewRequestRefusal, WaitingPlace } from '../ports/ledger.ts'
import type { Idempotency } from './slot.ts'
import { outcomeUnknown } from './unknown-outcome.ts'

export type FoundOrMade = { readonly request: AccessRequest; readonly found: boolean }

/** Identical requests within this time become one request. */
const BUCKET_SECONDS = 600
/** How many identical requests a caller can make one after the other within that time. */
const MAX_TURNS = 10
const MAX_PENDING = 5
const MAX_ASKS_AN_HOUR = 10

type Asking = {
  readonly rules: Pick<Rules, 'people' | 'issuers'>
  readonly ledger: Pick<Ledger, 'ask' | 'change' | 'request' | 'takePlace' | 'leavePlace' | 'countAsk' | 'frozen'>
}
type AskOptions = {
  readonly startsAt?: Instant
  readonly limits?: Limits
  readonly idempotency?: Idempotency
  /** The request that this one extends. */
  readonly extended?: RequestId
}

/** Why a request for approval is not made. */
export type ApprovalRequestRefusal = NewRequestRefusal | 'not-eligible' | 'no-approver' | 'rate-limited' | 'ledger-unavailable'

export async function requestApproval(
  broker: Asking,
  call: Call,
  caller: Caller,
  scope: Scope,
  approval: Approval,
  { startsAt, limits, idempotency, extended }: AskOptions = {},
): Promise<Done<FoundOrMade> | Refused<ApprovalRequestRefusal>> {
  const person = personOf(broker.rules, caller)
  const trigger = scope.terms.triggeredBy
  if (caller.kind === 'workload' && trigger === undefined) {
    return refused('not-eligible', 'This profile needs approval, but your token does not say who triggered the job.')
  }
  // At once, and not when the request has expired without a decision.
  const tooFew = tooFewApprovers(broker.rules, approval, caller, trigger, call.now)
  if (tooFew) return refused('no-approver', noApproverText(tooFew), { evidence: { approvers: tooFew.others.slice(0, MOST_NAMED) } })
  // A repeated key returns its first request, even if a limit has been reached since.
  const [frozen, known] = await Promise.all([
    broker.ledger.frozen(scopesOfPerson(broker.rules, caller), call.now),
    idempotency ? broker.ledger.request(idempotentRequestId(caller, idempotency.key)) : done(undefined),
  ])
  const stopped = stoppedBy(frozen)
  if (stopped) return stopped
  if (known.outcome === 'unknown') return unavailable(known.cause)

  const what = canonicalJson([
    scope.terms.parameters,
    scope.terms.narrow ?? null,
    startsAt ?? null,
    trigger ?? null,
    ...(extended ? [extended] : []),
  ])
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const request = idempotency
      ? idempotentRequestId(caller, idempotency.key)
      : askedRequestId(caller, scope.terms.profile, `${what}#${turn}`, BUCKET_SECONDS, call.now)
    if (!known.value) {
      const place = await takePlace(broker, call, caller, scope, request)
      if (place.outcome === 'refused') return place
      const { waits } = place.value
      // The key could not be stored with that request, so a repeat of this call would notify the approvers again.
      if (waits && idempotency)
        return refused('rate-limited', `You already have an identical pending request without this Idempotency-Key: ${waits.id}.`)
      const added = waits && (await justified(broker, call, caller, waits, scope.justification))
      if (added) return added
      if (waits) continue
      // Also if an earlier call has taken the place: that one can have been refused by the count.
      const asks = await broker.ledger.countAsk(callerRef(caller), request, MAX_ASKS_AN_HOUR, call.now)
      if (asks.outcome === 'unknown') return unavailable(asks.cause)
      if (asks.value === undefined)
        return refused('rate-limited', `You have made ${MAX_ASKS_AN_HOUR} requests for approval this hour. Try again later.`)
    }
    const asked = await broker.ledger.ask({
      call,
      request,
      caller,
      person,
      scope,
      approval,
      ...defined({ triggeredBy: trigger, startsAt, limits, extends: extended }),
      ...(idempotency ? { fingerprint: idempotency.fingerprint } : {}),
    })
    if (asked.outcome === 'unknown')
      return outcomeUnknown(asked.cause, 'your request was made', 'Repeat the call: if the request was made, you get the same one.')
    // An identical call returns the pending request. A decided request is finished or in use, so asking again makes a new request, which
    // can follow a running one and does not shorten it. The same goes for a pending request whose terms have changed since: it can no
    // longer be approved.
    if (asked.outcome === 'refused' || idempotency || !asked.value.found) return asked
    const { request: same } = asked.value
    const added = isWaiting(same, scope, call.now) && (await justified(broker, call, caller, same, scope.justification))
    if (added) return added
  }
  return refused('rate-limited', 'You have made the same request too often in the last ten minutes.')
}

/** The request that waits already. If the caller now gives another justification, it is added. Undefined if the request waits no more. */
async function justified(
  { ledger }: Asking,
  { now, source }: Call,
  caller: Caller,
  request: AccessRequest,
  text: string | undefined,
): Promise<Done<FoundOrMade> | Refused<ApprovalRequestRefusal> | undefined> {
  if (text === undefined) return done({ request, found: true })
  const origin = { source, token: caller.token.hash }
  const changed = await ledger.change(request.id, now, (found) => justify(found, caller, text, now), { origin })
  // It may have been decided between this write and the response.
  if (changed.outcome === 'done')
    return stateAt(changed.value, now) === 'pending' ? done({ request: changed.value, found: true }) : undefined
  if (changed.outcome === 'unknown')
    return outcomeUnknown(changed.cause, 'your justification was added', 'Repeat the call: a justification is added once.')
  // Otherwise it was decided since it was read.
  return changed.code === 'rate-limited' ? changed : undefined
}

/** A refusal stays within the limits of an answer and of an event. */
const MOST_NAMED = 10
const LONGEST_NAME = 100

function noApproverText({ lacking, others }: TooFewApprovers): string {
  const names = others.slice(0, MOST_NAMED).map(({ issuer, subject }) => [...`${issuer}/${subject}`].slice(0, LONGEST_NAME).join(''))
  const more = others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : ''
  return others.length === 0
    ? 'You cannot approve your own request, and its rules name no one else.'
    : `You cannot approve your own request. Besides you, its rules name ${names.join(', ')}${more}, and need ${lacking} more.`
}

const isWaiting = (request: AccessRequest, { termsHash }: Scope, now: Instant): boolean =>
  stateAt(request, now) === 'pending' && request.termsHash === termsHash

/** Attempts to take a place. Each attempt reuses at least one place that a finished request held, unless another call was faster. */
const MAX_ROUNDS = 12

/** `waits`: the request on the same terms that is already pending. */
type Taken = { readonly waits?: AccessRequest }

/**
 * Takes one of the caller's few places for pending requests. A place whose request is no longer pending is reused. Whether it is pending is
 * read from the request by key, so it does not depend on an index.
 */
async function takePlace(
  { ledger }: Asking,
  call: Call,
  caller: Caller,
  scope: Scope,
  request: RequestId,
): Promise<Done<Taken> | Refused<'rate-limited' | 'ledger-unavailable'>> {
  const ref = callerRef(caller)
  let instead: WaitingPlace | undefined
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const taken = await ledger.takePlace(ref, scope.termsHash, request, MAX_PENDING, call.now, instead)
    if (taken.outcome === 'unknown') return unavailable(taken.cause)
    instead = undefined
    const { value: found } = taken
    if (found.place === 'taken' || found.place === 'kept') return done({})
    if (found.place === 'held') {
      const held = await ledger.request(found.by.request)
      if (held.outcome === 'unknown') return unavailable(held.cause)
      if (held.value && isWaiting(held.value, scope, call.now)) return done({ waits: held.value })
      if (!held.value && isUnderWay(found.by, call.now))
        return refused('rate-limited', 'Another of your calls is making this request. Try again in a moment.')
      instead = found.by
      continue
    }
    const freed = await freePlaces(ledger, ref, found.all, call.now)
    if (freed.outcome === 'unknown') return unavailable(freed.cause)
    if (freed.value === 0) return refused('rate-limited', `You have ${MAX_PENDING} pending requests. Cancel one first.`)
  }
  return unavailable('the places kept changing during the call')
}

/** Frees the places whose requests are no longer pending, and returns how many it freed. */
async function freePlaces(
  ledger: Pick<Ledger, 'request' | 'leavePlace'>,
  caller: CallerRef,
  all: readonly WaitingPlace[],
  now: Instant,
): Promise<Done<number> | Unknown> {
  const freed = await Promise.all(
    all.map(async (place) => {
      const found = await ledger.request(place.request)
      if (found.outcome === 'unknown') return found
      const isHeld = found.value ? stateAt(found.value, now) === 'pending' : isUnderWay(place, now)
      if (isHeld) return done(0)
      const left = await ledger.leavePlace(caller, place)
      return left.outcome === 'unknown' ? left : done(1)
    }),
  )
  let count = 0
  for (const one of freed) {
    if (one.outcome === 'unknown') return one
    count += one.value
  }
  return done(count)
}

/** The request of this place may not have been written yet. As with a reservation, after this time it never will be. */
const isUnderWay = ({ at }: WaitingPlace, now: Instant): boolean => now - at < seconds(ABANDONED_AFTER_SECONDS)

/** Whether a freeze stops this caller from requesting, approving or releasing. If that is unknown, the caller is stopped. */
export function stoppedBy(frozen: Done<Freeze | undefined> | Unknown): Refused<'frozen' | 'ledger-unavailable'> | undefined {
  if (frozen.outcome === 'unknown') return unavailable(frozen.cause)
  if (!frozen.value) return undefined
  return refused('frozen', 'A freeze stops you from requesting access, approving and releasing. Responders can release it.', {
    operator: `frozen: ${frozen.value.justification}`,
  })
}

/** Before anything was written. */
const unavailable = (cause: string): Refused<'ledger-unavailable'> =>
  refused('ledger-unavailable', 'The ledger did not answer.', { operator: cause })
