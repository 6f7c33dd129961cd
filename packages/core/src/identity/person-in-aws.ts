/** How AWS sees the identities of a person: by the source identity of their sessions (`name.ts`). */
import type { Identity, Rules } from '../config/shape.ts'
import { defined } from '../defined.ts'
import { sourceIdentity } from './name.ts'
import { identitiesOf } from './person.ts'

type IdentityInAws = Identity & { readonly sourceIdentity?: string }

/**
 * The declared identities of a person, each with its source identity as far as the config decides it. Another claim than the declared one
 * can be the identity in AWS (`identityClaim`): then only the sessions of the identity say what it is. For an actor, the source identity
 * names the workload, which others trigger too, unless the actor is itself the identity.
 */
export const identitiesInAws = (rules: Pick<Rules, 'people' | 'issuers'>, person: string): readonly IdentityInAws[] =>
  (rules.people?.[person] ?? []).map((identity, index) => {
    const { key, identityClaim = 'sub', actorClaim } = rules.issuers[identity.issuer] ?? { key: '' }
    const declared = 'subject' in identity ? { claim: 'sub', value: identity.subject } : { claim: actorClaim, value: identity.actor }
    const stored = identitiesOf(rules, person)[index] as Identity
    return { ...stored, ...defined({ sourceIdentity: declared.claim === identityClaim ? sourceIdentity(key, declared.value) : undefined }) }
  })
