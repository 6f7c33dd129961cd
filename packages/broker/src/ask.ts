/**
 * Asking people: a request that waits for agreement. Both doors to it (`POST /sessions` on a profile that needs approval,
 * and `POST /requests`) come through here.
 */
import type { Approval, Rules } from '@stint/core/config/shape'
import { type Caller, callerRef } from '@stint/core/identity/caller'
import { personOf } from '@stint/core/identity/person'
import type { Instant } from '@stint/core/instant'
import { canonicalJson } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { askedRequestId, idempotentRequestId } from '@stint/core/request/ids'
import { type AccessRequest, type Limits, stateAt } from '@stint/core/request/request'
import type { Scope } from '@stint/core/scope/terms'
import type { Call, Ledger } from './ports.ts'
import type { Idempotency } from './slot.ts'

export type Asked = { readonly request: AccessRequest; readonly found: boolean }

/** Doubles within this time meet in one request. */
const BUCKET_SECONDS = 600
/** Asks for the same, one after the other, within that time. */
const MAX_TURNS = 10
const MAX_PENDING = 5
const MAX_ASKS_AN_HOUR = 10
/** Requests of the caller looked at for those limits. */
const LOOK_BACK = 30

type Asking = { readonly rules: Pick<Rules, 'people'>; readonly ledger: Pick<Ledger, 'ask' | 'request' | 'requestsOf' | 'countAsk'> }
export type AskOptions = { readonly startsAt?: Instant; readonly limits?: Limits; readonly idempotency?: Idempotency }

export async function askForApproval(
  broker: Asking,
  call: Call,
  caller: Caller,
  scope: Scope,
  approval: Approval,
  { startsAt, limits, idempotency }: AskOptions = {},
): Promise<Done<Asked> | Refused> {
  const person = personOf(broker.rules, caller)
  const trigger = scope.terms.triggeredBy
  if (caller.kind === 'workload' && trigger === undefined) {
    return refused('not-eligible', 'This profile needs approval, and nobody knows which person triggered this job.')
  }
  // A repeat of a key meets its first, whatever the limits say by now.
  const known = idempotency && (await broker.ledger.request(idempotentRequestId(caller, idempotency.key)))
  if (known?.outcome === 'unknown') return unavailable(known.cause)
  if (!known?.value) {
    const limited = await withinLimits(broker, call, caller, scope)
    if (limited.outcome === 'refused') return limited
    // The key could not be remembered with it, and its repeat would ask people again.
    if (limited.value && idempotency)
      return refused('rate-limited', `You already wait for the same, without this Idempotency-Key: ${limited.value.id}.`)
    if (limited.value) return done({ request: limited.value, found: true })
  }

  const what = canonicalJson([scope.terms.parameters, scope.terms.narrow ?? null, startsAt ?? null, trigger ?? null])
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const asked = await broker.ledger.ask({
      call,
      request: idempotency
        ? idempotentRequestId(caller, idempotency.key)
        : askedRequestId(caller, scope.terms.profile, `${what}#${turn}`, BUCKET_SECONDS, call.now),
      caller,
      person,
      scope,
      approval,
      ...(trigger === undefined ? {} : { triggeredBy: trigger }),
      ...(startsAt === undefined ? {} : { startsAt }),
      ...(limits === undefined ? {} : { limits }),
      ...(idempotency ? { fingerprint: idempotency.fingerprint } : {}),
    })
    if (asked.outcome === 'unknown') return unavailable(asked.cause)
    // Doubles meet in one that waits. One that was decided is over or running: asking again is a request of its own, which
    // may follow on a running one and does not cut it short.
    // So is one whose terms are not today's: nobody could agree to it any more.
    const { request, found } = asked.outcome === 'done' ? asked.value : { request: undefined, found: false }
    const other = found && request && (stateAt(request, call.now) !== 'pending' || request.termsHash !== scope.termsHash)
    if (!other || idempotency) return asked
  }
  return refused('rate-limited', 'You have asked for the same too often in these ten minutes.')
}

/** At most 5 waiting, one per profile and terms (that one is given back), 10 an hour that people are told of. */
async function withinLimits(
  broker: Pick<Asking, 'ledger'>,
  call: Call,
  caller: Caller,
  scope: Scope,
): Promise<Done<AccessRequest | undefined> | Refused> {
  const recent = await broker.ledger.requestsOf(caller, LOOK_BACK)
  if (recent.outcome === 'unknown') return unavailable(recent.cause)
  const pending = recent.value.items.filter((request) => stateAt(request, call.now) === 'pending')
  const same = pending.find((request) => request.termsHash === scope.termsHash)
  if (same) return done(same)
  if (pending.length >= MAX_PENDING) return refused('rate-limited', `You have ${pending.length} requests waiting; cancel one first.`)
  const asks = await broker.ledger.countAsk(callerRef(caller), call.now)
  if (asks.outcome === 'unknown') return unavailable(asks.cause)
  if (asks.value > MAX_ASKS_AN_HOUR) return refused('rate-limited', `You have asked people ${MAX_ASKS_AN_HOUR} times this hour.`)
  return done(undefined)
}

const unavailable = (cause: string): Refused => refused('ledger-unavailable', 'The ledger did not answer.', { operator: cause })
