/** Requests an extension of an approved request, through any channel: the same access once more, decided by the same approvers. */
import type { Profile, Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { parseRequestId } from '@stint/core/ids'
import type { Json } from '@stint/core/json'
import { type Done, type Refused, refused, type Unknown } from '@stint/core/outcome'
import { notExtendable } from '@stint/core/request/extend'
import { isParty, isRequester } from '@stint/core/request/machine'
import { scopeAgain } from '@stint/core/scope/scope-again'
import type { Call, Ledger } from '../ports/ledger.ts'
import { type FoundOrMade, requestApproval } from '../vend/request-approval.ts'
import type { Idempotency } from '../vend/slot.ts'
import { type Decisions, unknownRequest } from './decide.ts'

type Extending = {
  readonly rules: Rules
  readonly ledger: Pick<Ledger, 'ask' | 'change' | 'request' | 'takePlace' | 'leavePlace' | 'countAsk' | 'frozen'>
}
/** What can differ from the first request. Without a justification, that of the first request is repeated. */
type Extension = { readonly justification?: string; readonly duration?: Json; readonly idempotency?: Idempotency }

/** `admit` checks the caller against the profile, as the channel does for a new request. */
export async function extendRequest(
  { rules, ledger }: Extending,
  { actorFor, withPeople }: Pick<Decisions, 'actorFor' | 'withPeople'>,
  call: Call,
  caller: Caller,
  id: string,
  { justification, duration, idempotency }: Extension,
  admit: (profile: string) => Done<Profile> | Refused,
): Promise<Done<FoundOrMade> | Refused | Unknown> {
  const extended = parseRequestId(id)
  if (!extended) return unknownRequest
  const found = await ledger.request(extended)
  if (found.outcome === 'unknown') return found
  const request = found.value && withPeople(found.value)
  const actor = request && actorFor({ caller, sourceIp: call.source, now: call.now }, request)
  if (!request || !actor || !isParty(request, actor)) return unknownRequest
  if (!isRequester(request, actor)) return refused('not-requester', 'Only the requester can extend a request.')
  const refusal = notExtendable(request, call.now)
  if (refusal) return refusal
  const profile = admit(request.profile)
  if (profile.outcome === 'refused') return profile
  const scope = scopeAgain(rules, profile.value, caller, request, {
    ...defined({ justification: justification ?? request.justification, ticket: request.ticket, duration }),
  })
  if (scope.outcome === 'refused') return scope
  const { approval } = scope.value.terms
  if (!approval) throw new TypeError('terms that people approved have approval rules')
  return requestApproval({ rules, ledger }, call, caller, scope.value, approval, {
    ...(scope.value.durationAsked ? { limits: { duration: scope.value.duration } } : {}),
    ...defined({ idempotency }),
    extended,
  })
}
