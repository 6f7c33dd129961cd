/**
 * The kill switch, as data: what can be frozen, and which freezes apply to a caller. A freeze only ever takes access away,
 * so checking more scopes than needed can only refuse too often, never too rarely.
 *
 *   all, profile, target     stop sessions and do not affect decisions
 *   issuer, subject, person  stop a person: their sessions, their requests, their approvals and their releases of freezes
 */
import { remembering } from '@stint/iam/remembered'
import type { Identity, Rules } from '../config/shape.ts'
import { digestFields } from '../digest.ts'
import type { Caller } from '../identity/caller.ts'
import { identitiesOf, type Person, personOf, triggeredBy } from '../identity/person.ts'

export type FreezeScope =
  | { readonly kind: 'all' }
  /** `person`: a person that the config declares under `people`, with every identity declared there. */
  | { readonly kind: 'issuer' | 'person' | 'profile' | 'target'; readonly id: string }
  | { readonly kind: 'subject'; readonly issuer: string; readonly id: string }

export type FreezeId = `frz_${string}`

/** The scope as one string: `all`, `profile#deploy`, `subject#people#dana`. Events carry this form. */
export const formatScope = (scope: FreezeScope): string =>
  scope.kind === 'all' ? 'all' : scope.kind === 'subject' ? `subject#${scope.issuer}#${scope.id}` : `${scope.kind}#${scope.id}`

/** The inverse of `formatScope`, for strings that it made. */
export function parseScope(text: string): FreezeScope {
  const [kind = '', first = '', ...rest] = text.split('#')
  if (kind === 'subject') return { kind, issuer: first, id: rest.join('#') }
  return (kind === 'all' ? { kind } : { kind, id: [first, ...rest].join('#') }) as FreezeScope
}

/** A scope has at most one freeze, so the freeze's ID is a digest of the scope. */
export const freezeId = (scope: FreezeScope): FreezeId => freezeIdOf(formatScope(scope))
/** The same, for a scope in the form that events carry. */
export const freezeIdOf = (scope: string): FreezeId => remembered(scope, () => `frz_${digestFields('freeze/v1', [scope])}`)
/** Every call of the vend path asks for the same few: everything, its issuer, its profile, its target. */
const remembered = remembering<FreezeId>(1000)

/** One particular freeze of a scope: `generation` counts how often the scope was released before. */
export type NamedFreeze = { readonly id: FreezeId; readonly generation: number }

/** `frz_0123456789abcdefghjkmnpqrs@2`, as `GET /freezes` shows it in `name`. Undefined for anything else. */
export function parseFreezeName(text: string): NamedFreeze | undefined {
  const [, id, generation] = /^(frz_[0-9a-hjkmnp-tv-z]{26})@(0|[1-9]\d{0,8})$/.exec(text) ?? []
  return id === undefined ? undefined : { id: id as FreezeId, generation: Number(generation) }
}
export const formatFreezeName = ({ id, generation }: { readonly id: string; readonly generation: number }): string => `${id}@${generation}`

/** The scopes whose freeze stops a session of this caller and profile: six, or seven for a job that a declared person triggered. */
export function scopesOfSession(
  rules: Pick<Rules, 'people' | 'issuers'>,
  caller: Caller,
  profile: string,
  target: string,
): readonly FreezeScope[] {
  const people: Person[] = [personOf(rules, caller)]
  const trigger = triggeredBy(rules, caller)
  if (trigger !== undefined && trigger !== people[0]) people.push(trigger)
  return [
    { kind: 'all' },
    { kind: 'issuer', id: caller.issuer },
    { kind: 'subject', issuer: caller.issuer, id: caller.subject },
    ...people.map((id) => ({ kind: 'person' as const, id })),
    { kind: 'profile', id: profile },
    { kind: 'target', id: target },
  ]
}

/**
 * The scopes whose freeze stops this person from asking, approving and releasing: those of the identity they use now and of
 * every other identity that the config declares as theirs. For a job, also those of the person who triggered it.
 */
export function scopesOfPerson(
  rules: Pick<Rules, 'people' | 'issuers'>,
  caller: Caller | Pick<Caller, 'issuer' | 'subject'>,
): readonly FreezeScope[] {
  const trigger = 'claims' in caller ? triggeredBy(rules, caller) : undefined
  const people = [...new Set([personOf(rules, caller), ...(trigger === undefined ? [] : [trigger])])]
  const identities: readonly Identity[] = [caller, ...people.flatMap((person) => identitiesOf(rules, person))]
  const scopes: readonly FreezeScope[] = [
    ...people.map((id) => ({ kind: 'person' as const, id })),
    ...identities.map(({ issuer: id }) => ({ kind: 'issuer' as const, id })),
    ...identities.flatMap((identity) =>
      'subject' in identity ? [{ kind: 'subject' as const, issuer: identity.issuer, id: identity.subject }] : [],
    ),
  ]
  return [...new Map(scopes.map((scope) => [formatScope(scope), scope])).values()]
}
