/** What a matcher could ever fit: asked of single values and of types, without a token at hand. */
import { matchesClaim } from '@stint/core/access/matcher'
import type { KnownClaim } from '@stint/core/config/issuers/knowledge'
import type { ClaimRef, Matcher, Scalar, Who } from '@stint/core/config/shape'

/** Whether a rule lets this value of a claim through; a claim that it does not mention may be anything. */
export const admits = (who: Who, claim: ClaimRef, value: Scalar): boolean => {
  const matcher = own(who.claims, claim)
  return matcher === undefined || matchesClaim(matcher, value)
}

/** Whether a rule names this claim in a way that leaves only values that were written out. */
export const pins = (who: Who, claim: ClaimRef): boolean => {
  const matcher = own(who.claims, claim)
  return matcher !== undefined && isExact(matcher)
}

export function isExact(matcher: Matcher): boolean {
  if (typeof matcher !== 'object') return true
  if ('oneOf' in matcher || 'includes' in matcher) return true
  if ('all' in matcher) return matcher.all.some(isExact)
  if ('any' in matcher) return matcher.any.every(isExact)
  return false
}

/** Texts that are written out, patterns not. */
export function valuesOf(matcher: Matcher): readonly Scalar[] {
  if (typeof matcher !== 'object') return [matcher]
  if ('oneOf' in matcher) return matcher.oneOf
  if ('includes' in matcher) return [matcher.includes]
  if ('all' in matcher) return matcher.all.flatMap(valuesOf)
  if ('any' in matcher) return matcher.any.flatMap(valuesOf)
  return []
}

/** Patterns that would let something in; those under `not` keep something out. */
export function globsOf(matcher: Matcher): readonly string[] {
  if (typeof matcher !== 'object') return []
  if ('glob' in matcher) return [matcher.glob]
  if ('all' in matcher) return matcher.all.some(isExact) ? [] : matcher.all.flatMap(globsOf)
  if ('any' in matcher) return matcher.any.flatMap(globsOf)
  return []
}

/** Whether some value of the type could fit. */
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

export const own = <T>(record: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/** The name that was probably meant: at most two letters away. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const [best] = names.map((other) => ({ other, away: distance(name, other) })).toSorted((a, b) => a.away - b.away)
  return best && best.away <= 2 ? best.other : undefined
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
