/**
 * Decides which identities belong to the same person. Only the config links identities. Names and email addresses are never
 * compared, and two empty strings never match.
 */
import { findClaim } from '../config/matcher.ts'
import type { Identity, Rules } from '../config/shape.ts'
import type { Caller } from './caller.ts'
import { isStoredAs, storedSubject } from './subject.ts'

declare const brand: unique symbol
/** The ID of a person declared in the config, or an identity that the config does not assign to a person. */
export type Person = string & { readonly [brand]: 'person' }

export const personOf = (rules: Pick<Rules, 'people'>, caller: Pick<Caller, 'issuer' | 'subject'>): Person =>
  declared(
    rules,
    (identity) => identity.issuer === caller.issuer && 'subject' in identity && isStoredAs(identity.subject, caller.subject),
  ) ?? (`${caller.issuer}#${caller.subject}` as Person)

/**
 * The person who triggered a workload, if the token names an actor and the config declares whose identity that is. A workload
 * without a known person cannot ask for approval, because Stint could not detect that the person approves their own job.
 */
export function triggeredBy(rules: Pick<Rules, 'people' | 'issuers'>, caller: Caller): Person | undefined {
  const claim = rules.issuers[caller.issuer]?.actorClaim
  const actor = claim === undefined ? undefined : findClaim(caller.claims, claim)
  // GitHub names the user who first started the run. The user who re-ran it (`triggering_actor`) is not in the token.
  if (caller.claims.run_attempt !== undefined && caller.claims.run_attempt !== '1') return undefined
  if (typeof actor !== 'string' || actor === '') return undefined
  return declared(rules, (identity) => identity.issuer === caller.issuer && 'actor' in identity && identity.actor === actor)
}

/** The identities that the config declares for a person, with subjects as they are stored. */
export const identitiesOf = ({ people }: Pick<Rules, 'people'>, person: string): readonly Identity[] =>
  (people?.[person] ?? []).map((identity) =>
    'subject' in identity ? { issuer: identity.issuer, subject: storedSubject(identity.subject) } : identity,
  )

const declared = (rules: Pick<Rules, 'people'>, fits: (identity: Identity) => boolean): Person | undefined =>
  Object.entries(rules.people ?? {}).find(([, identities]) => identities.some(fits))?.[0] as Person | undefined
