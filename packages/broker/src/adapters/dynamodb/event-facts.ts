/** What the events of reserve and of asking have in common. */
import { callerRef } from '@stint/core/identity/caller'
import type { Intent } from '../../ports/ledger.ts'

/** Who wants what, and why. */
export const whatIsAsked = ({ request, call, caller, scope }: Pick<Intent, 'request' | 'call' | 'caller' | 'scope'>) => ({
  request,
  at: call.now,
  caller: callerRef(caller),
  profile: scope.terms.profile,
  target: scope.targetId,
  terms: scope.termsHash,
  ...(scope.justification === undefined ? {} : { justification: scope.justification }),
  ...(scope.ticket === undefined ? {} : { ticket: scope.ticket }),
})

/** With what, and from where. */
export const howItCame = ({ call, caller }: Pick<Intent, 'call' | 'caller'>) => ({
  source: call.source,
  token: caller.token.hash,
  trace: call.trace,
})
