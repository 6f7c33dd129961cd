/**
 * Matchers over claims. A missing claim matches nothing, also not under `not`: absence is never evidence.
 * Claims are found as own members only, so a claim named `constructor` or `__proto__` is just a missing claim.
 */
import { inCidr } from '@stint/iam/ip'
import type { ClaimRef, Matcher } from '../config/shape.ts'
import { isObject, type Json, type JsonObject, own } from '../json.ts'

/** The claim that a reference names, or undefined. */
export function findClaim(claims: JsonObject, ref: ClaimRef): Json | undefined {
  if (!ref.startsWith('/')) return own(claims, ref)
  let found: Json | undefined = claims
  for (const token of ref.slice(1).split('/')) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~') // RFC 6901 §4
    if (Array.isArray(found)) found = /^(0|[1-9]\d*)$/.test(name) ? found[Number(name)] : undefined
    else if (isObject(found)) found = own(found, name)
    else return undefined
  }
  return found
}

export function matchesClaim(matcher: Matcher, claim: Json | undefined): boolean {
  if (claim === undefined || claim === null) return false
  if (typeof matcher !== 'object') return claim === matcher
  if ('oneOf' in matcher) return matcher.oneOf.some((value) => value === claim)
  if ('includes' in matcher) return Array.isArray(claim) && claim.includes(matcher.includes)
  if ('glob' in matcher) return typeof claim === 'string' && fitsGlob(matcher.glob, claim)
  if ('cidr' in matcher) return typeof claim === 'string' && matcher.cidr.some((block) => inCidr(claim, block))
  if ('not' in matcher) return !matchesClaim(matcher.not, claim)
  if ('all' in matcher) return matcher.all.every((one) => matchesClaim(one, claim))
  return matcher.any.some((one) => matchesClaim(one, claim))
}

export const isGlob = (pattern: string): boolean => pattern !== '' && !pattern.includes('***')

/**
 * Anchored at both ends. `*` stands for any run without `/`, `**` for any run; nothing else is special. No regular
 * expression: a stranger chooses the text, and some would keep one busy for minutes.
 */
export function fitsGlob(pattern: string, text: string): boolean {
  if (!isGlob(pattern)) return false
  // reached[i]: what was read of the pattern covers the first i characters of the text.
  let reached = new Uint8Array(text.length + 1)
  reached[0] = 1
  for (const part of pattern.split(/(\*\*|\*)/)) {
    const next = new Uint8Array(text.length + 1)
    const star = part === '*' || part === '**'
    for (let at = 0; at <= text.length; at++) {
      if (star) next[at] = reached[at] || (at > 0 && next[at - 1] && (part === '**' || text[at - 1] !== '/')) ? 1 : 0
      else if (reached[at] && text.startsWith(part, at)) next[at + part.length] = 1
    }
    reached = next
  }
  return reached[text.length] === 1
}
