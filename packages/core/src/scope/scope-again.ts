/** The scope of an earlier request once more: for a renewal, and for an extension. */
import { compactPolicy } from '@stint/iam'
import type { Profile, Rules } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import { canonicalJson, type Json } from '../json.ts'
import { type Done, type Refused, refused } from '../outcome.ts'
import { type AccessInput, changedTerms, resolveScope, type Scope, type ScopeRefusal, type Terms } from './terms.ts'

/**
 * Makes the scope from the token shown and the config deployed now. Refused if the terms would not be the same as then. What is not part of
 * the terms is as `ask` says.
 */
export function scopeAgain(
  rules: Pick<Rules, 'targets' | 'issuers' | 'people'>,
  profile: Profile,
  caller: Caller,
  { terms, termsHash }: { readonly terms: Terms; readonly termsHash: string },
  ask: Pick<AccessInput, 'duration' | 'justification' | 'ticket'>,
): Done<Scope> | Refused<ScopeRefusal | 'terms-changed'> {
  // The shortest form, because what is stored has more brackets than the limit has room for.
  const narrow = terms.narrow ? { narrow: JSON.parse(compactPolicy(terms.narrow)) as Json } : {}
  const scope = resolveScope(
    rules,
    profile,
    caller,
    { ...ask, profile: terms.profile, parameters: terms.parameters, ...narrow },
    terms.uses,
  )
  if (scope.outcome === 'refused' || scope.value.termsHash === termsHash) return scope
  return refused('terms-changed', 'The terms have changed since the session began.', {
    evidence: { changed: changedTerms(canonicalJson(terms), scope.value.terms) },
  })
}
