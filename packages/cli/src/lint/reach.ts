/** What a matcher can match, for single values and for types, without a token. */

import { knowledge } from '@stint/core/config/issuers/index'
import type { KnownClaim } from '@stint/core/config/issuers/knowledge'
import { presetOf } from '@stint/core/config/issuers/presets'
import { claimPath, matchesClaim } from '@stint/core/config/matcher'
import type { ClaimRef, Issuer, Matcher, Scalar, Who } from '@stint/core/config/shape'

/** All conditions on a claim, by its plain name: those of the rule, and those of the issuer's tenant. */
export type ClaimMatchers = { readonly [claim: ClaimRef]: Matcher }

/** `/sub` is `sub`: a path with one name is that name. */
export function plainName(ref: ClaimRef): ClaimRef {
  const [name = ref, ...more] = claimPath(ref)
  return more.length === 0 && name !== '' ? name : ref
}

/** Simplifies a matcher: removes a double `not`, and turns a glob without a star into a string. */
export function plainMatcher(matcher: Matcher): Matcher {
  if (typeof matcher !== 'object') return matcher
  if ('glob' in matcher) return matcher.glob.includes('*') ? matcher : matcher.glob
  if ('all' in matcher) return { all: matcher.all.map(plainMatcher) }
  if ('any' in matcher) return { any: matcher.any.map(plainMatcher) }
  if (!('not' in matcher)) return matcher
  const inner = plainMatcher(matcher.not)
  return typeof inner === 'object' && 'not' in inner ? inner.not : { not: inner }
}

export function saidOf(who: Who, tenant: { readonly [claim: ClaimRef]: Scalar } = {}): ClaimMatchers {
  const own = Object.fromEntries(Object.entries(who.claims).map(([ref, matcher]) => [plainName(ref), plainMatcher(matcher)]))
  const pinned = Object.entries(tenant).map(([ref, value]): [string, Matcher] => {
    const name = plainName(ref)
    return [name, own[name] === undefined ? value : { all: [value, own[name]] }]
  })
  return { ...own, ...Object.fromEntries(pinned) }
}

/** Whether the conditions admit this value of a claim. A claim without conditions can have any value. */
export const admits = (said: ClaimMatchers, claim: ClaimRef, value: Scalar): boolean => {
  const matcher = own(said, claim)
  return matcher === undefined || matchesClaim(matcher, value)
}

/** Whether only literal values match. */
export const pins = (said: ClaimMatchers, claim: ClaimRef): boolean => {
  const matcher = own(said, claim)
  return matcher !== undefined && isExact(matcher)
}

export function isExact(matcher: Matcher): boolean {
  if (typeof matcher !== 'object') return true
  if ('oneOf' in matcher || 'includes' in matcher) return true
  if ('all' in matcher) return matcher.all.some(isExact)
  if ('any' in matcher) return matcher.any.every(isExact)
  return false
}

/** Whether the matcher demands a value, and does not only exclude some. */
export function isPositive(matcher: Matcher): boolean {
  if (typeof matcher !== 'object' || 'oneOf' in matcher || 'includes' in matcher || 'glob' in matcher || 'cidr' in matcher) return true
  if ('all' in matcher) return matcher.all.some(isPositive)
  if ('any' in matcher) return matcher.any.every(isPositive)
  return false
}

/** The literal values, without patterns. */
export function valuesOf(matcher: Matcher | undefined): readonly Scalar[] {
  if (matcher === undefined) return []
  if (typeof matcher !== 'object') return [matcher]
  if ('oneOf' in matcher) return matcher.oneOf
  if ('includes' in matcher) return [matcher.includes]
  if ('all' in matcher) return matcher.all.flatMap(valuesOf)
  if ('any' in matcher) return matcher.any.flatMap(valuesOf)
  return []
}

/** The patterns that admit values. Patterns under `not` exclude values and are left out. */
export function globsOf(matcher: Matcher | undefined): readonly string[] {
  if (matcher === undefined || typeof matcher !== 'object') return []
  if ('glob' in matcher) return [matcher.glob]
  if ('all' in matcher) return matcher.all.some(isExact) ? [] : matcher.all.flatMap(globsOf)
  if ('any' in matcher) return matcher.any.flatMap(globsOf)
  return []
}

/** One string that each pattern admits. */
export const instancesOf = (matcher: Matcher | undefined): readonly string[] => globsOf(matcher).map((glob) => glob.replaceAll(/\*+/g, '1'))

/** Only literal values could match, and none does: `all('a', 'b')`. */
export function contradicts(matcher: Matcher): boolean {
  if (!isExact(matcher)) return false
  return !valuesOf(matcher).some(
    (value) => matchesClaim(matcher, value) || matchesClaim(matcher, [value]) || matchesClaim(matcher, [...valuesOf(matcher)]),
  )
}

/** Whether some value of the type could match. */
export function fitsType(matcher: Matcher, type: KnownClaim['type']): boolean {
  const isText = type === 'text' || type === 'flag'
  const scalar = (value: Scalar): boolean =>
    type === 'flag'
      ? ['true', 'false', true, false].includes(value as string)
      : type === (typeof value === 'string' ? 'text' : typeof value)
  if (typeof matcher !== 'object') return scalar(matcher)
  if ('oneOf' in matcher) return matcher.oneOf.some(scalar)
  if ('includes' in matcher) return type === 'texts' && typeof matcher.includes === 'string'
  if ('glob' in matcher || 'cidr' in matcher) return isText
  if ('not' in matcher) return fitsType(matcher.not, type)
  if ('all' in matcher) return matcher.all.every((one) => fitsType(one, type))
  return matcher.any.some((one) => fitsType(one, type))
}

/** Whether the issuer's users can edit the claim, as far as Stint knows this issuer. */
export function isEditable(issuer: Issuer, claim: ClaimRef): boolean {
  const known = knowledge[presetOf(issuer)]
  return own(known.claims, claim)?.editable === true || known.editable?.(claim, issuer.url) === true
}

export const own = <T>(record: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined
