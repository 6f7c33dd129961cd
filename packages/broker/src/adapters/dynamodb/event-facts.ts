/** What the events of reserving and of requesting approval have in common. */
import { defined } from '@stint/core/defined'
import { callerRef } from '@stint/core/identity/caller'
import type { Intent } from '../../ports/ledger.ts'

/** The caller, the profile and the justification. */
export const requestFacts = ({ request, call, caller, scope }: Pick<Intent, 'request' | 'call' | 'caller' | 'scope'>) => ({
  request,
  at: call.now,
  caller: callerRef(caller),
  profile: scope.terms.profile,
  target: scope.targetId,
  terms: scope.termsHash,
  ...defined({ justification: scope.justification }),
})

/** The token and the source address. */
export const provenanceOf = ({ call, caller }: Pick<Intent, 'call' | 'caller'>) => ({
  source: call.source,
  token: caller.token.hash,
  trace: call.trace,
})
