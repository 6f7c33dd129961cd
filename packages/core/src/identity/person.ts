/**
 * Who is one and the same person. Identities are linked by the config and by nothing else: never by comparing names or
 * e-mails, and two empty texts never match.
 */
import { findClaim } from '../config/matcher.ts'
import type { Identity, Rules } from '../config/shape.ts'
import type { Caller } from './caller.ts'

declare const brand: unique symbol
/** A declared person's id, or an identity that nobody declared as a person's. */
export type Person = string & { readonly [brand]: 'person' }

export const personOf = (rules: Pick<Rules, 'people'>, caller: Pick<Caller, 'issuer' | 'subject'>): Person =>
  declared(rules, (identity) => identity.issuer === caller.issuer && 'subject' in identity && identity.subject === caller.subject) ??
  (`${caller.issuer}#${caller.subject}` as Person)

/**
 * The person who triggered a workload, if the issuer says who and the config says whose identity that is. A workload whose
 * person is not known cannot ask for approval: nobody could tell whether they then agree with themselves.
 */
export function triggeredBy(rules: Pick<Rules, 'people' | 'issuers'>, caller: Caller): Person | undefined {
  const claim = rules.issuers[caller.issuer]?.actorClaim
  const actor = claim === undefined ? undefined : findClaim(caller.claims, claim)
  // GitHub names who started the run at first; who ran it again (`triggering_actor`) is not in the token.
  if (caller.claims.run_attempt !== undefined && caller.claims.run_attempt !== '1') return undefined
  if (typeof actor !== 'string' || actor === '') return undefined
  return declared(rules, (identity) => identity.issuer === caller.issuer && 'actor' in identity && identity.actor === actor)
}

const declared = (rules: Pick<Rules, 'people'>, fits: (identity: Identity) => boolean): Person | undefined =>
  Object.entries(rules.people ?? {}).find(([, identities]) => identities.some(fits))?.[0] as Person | undefined
