/** Who can set and release freezes, as far as the config shows. The config does not list the members of a group. */

import { matchesClaim } from '../config/matcher.ts'
import type { Matcher, Rules } from '../config/shape.ts'
import { identitiesOf, type Person, personOf } from '../identity/person.ts'
import { isSubjectDigest, storedSubject } from '../identity/subject.ts'
import type { FreezeScope } from './freeze.ts'

type Responding = Pick<Rules, 'issuers' | 'people' | 'responders'>
type Subject = { readonly issuer: string; readonly subject: string }

/** The subjects that a matcher of `sub` lists by name, as they are stored; undefined if the matcher does not list them. */
export const namedSubjects = (sub: Matcher | undefined): readonly string[] | undefined =>
  typeof sub === 'string'
    ? [storedSubject(sub)]
    : typeof sub === 'object' && 'oneOf' in sub
      ? sub.oneOf.map((one) => storedSubject(String(one)))
      : undefined

/** Whether a freeze could stop a responder. True if that depends on a group: an unneeded message is better than a missing one. */
export function mayStopResponder(rules: Responding, scope: FreezeScope): boolean {
  if (scope.kind === 'issuer')
    return (rules.responders ?? []).some(({ issuer }) => issuer === scope.id) || identitiesBeside(rules, scope.id).some(mayRespond(rules))
  if (scope.kind === 'person') return subjectsOf(rules, scope.id).some(mayRespond(rules))
  if (scope.kind !== 'subject') return false
  const subject = { issuer: scope.issuer, subject: scope.id }
  return [subject, ...subjectsOf(rules, personOf(rules, subject))].some(mayRespond(rules))
}

/** Whether two people could still release a freeze while this issuer is frozen, using any of their identities. */
export function leavesTwoResponders(rules: Responding, issuer: string): boolean {
  const people = new Set<Person>()
  for (const who of rules.responders ?? []) {
    if (who.issuer === issuer || rules.issuers[who.issuer]?.kind !== 'human') continue
    const subjects = namedSubjects(who.claims.sub)
    // A group counts as two people or more.
    if (!subjects) return true
    for (const subject of subjects) people.add(personOf(rules, { issuer: who.issuer, subject }))
  }
  return [...people].filter((person) => !identitiesOf(rules, person).some((identity) => identity.issuer === issuer)).length >= 2
}

const mayRespond =
  ({ responders }: Responding) =>
  ({ issuer, subject }: Subject): boolean =>
    (responders ?? []).some((who) => who.issuer === issuer && mayFit(who.claims.sub, subject))

/** Of a digest it is unknown whether the subject fits a pattern. */
const mayFit = (sub: Matcher | undefined, subject: string): boolean =>
  sub === undefined || (namedSubjects(sub)?.includes(subject) ?? (isSubjectDigest(subject) || matchesClaim(sub, subject)))

const subjectsOf = (rules: Responding, person: string): readonly Subject[] =>
  identitiesOf(rules, person).flatMap((identity) => ('subject' in identity ? [identity] : []))
/** The other subjects of every person who also has an identity of this issuer. */
const identitiesBeside = (rules: Responding, issuer: string): readonly Subject[] =>
  Object.entries(rules.people ?? {}).flatMap(([person, identities]) =>
    identities.some((identity) => identity.issuer === issuer) ? subjectsOf(rules, person) : [],
  )
