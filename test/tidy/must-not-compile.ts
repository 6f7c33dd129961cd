/**
 * What the types promise: each line below a `@ts-expect-error` must not compile. `npm run check` fails if one does. Nothing runs this file.
 */

import type { Broker } from '@stint/broker/ports/broker'
import type { Call, Ledger } from '@stint/broker/ports/ledger'
import { identify } from '@stint/broker/vend/identify'
import { vend } from '@stint/broker/vend/vend'
import type { Caller } from '@stint/core/identity/caller'
import { checkClaims, parseToken, type UnverifiedToken } from '@stint/core/identity/token'
import type { RequestId } from '@stint/core/ids'
import { type Done, type Refused, refused } from '@stint/core/outcome'
import { extensionsOf } from '@stint/core/problem-body'
import type { Decided } from '@stint/core/request/machine'
import { resolveScope, type Scope } from '@stint/core/scope/terms'

declare const broker: Broker
declare const call: Call
declare const caller: Caller
declare const unverified: UnverifiedToken
declare const scoped: Done<Scope> | Refused
declare const ledger: Ledger
declare const request: RequestId
declare const refusal: Refused

export async function mustNotCompile(): Promise<void> {
  // An unverified token is not a caller.
  // @ts-expect-error
  await vend(broker, call, unverified, { profile: 'p' })
  const parsed = parseToken('a.b.c')
  // @ts-expect-error
  checkClaims({}, parsed, call.now)
  // A caller who was refused is not a caller.
  const identity = await identify(broker, refused('token-missing', 'd'), call.now)
  // @ts-expect-error
  await vend(broker, call, identity.value, { profile: 'p' })

  // A call that was refused has no terms.
  // @ts-expect-error
  scoped.value.terms
  // @ts-expect-error
  resolveScope(broker.rules, undefined, caller, { profile: 'p' }, 1)

  // A write that may not have happened is not done.
  const read = await ledger.request(request)
  // @ts-expect-error
  read.value

  // A refusal has the evidence that its code calls for, and no other code's.
  // @ts-expect-error
  refused('already-issued', 'd')
  // @ts-expect-error
  refused('request-ended', 'd', { evidence: { parameter: 'p' } })
  // @ts-expect-error
  refused('frozen', 'd', { evidence: { state: 'ended' } })
  // @ts-expect-error
  refused('no-such-code', 'd')
  // @ts-expect-error
  refusal.evidence.state
  extensionsOf(refusal)
  // A decision refuses with the codes of a decision only.
  // @ts-expect-error
  const decided: Decided = refused('sts-throttled', 'd')
  void decided
}
