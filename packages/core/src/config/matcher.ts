/**
 * Matchers of claims. A missing claim never matches, not even under `not`: absence is never evidence.
 * Only own properties count as claims, so a claim named `constructor` or `__proto__` is simply missing.
 */
import { inCidr, parseIp } from '@stint/iam/ip'
import { isObject, type Json, type JsonObject, own } from '../json.ts'
import type { ClaimRef, Matcher } from './shape.ts'

/** The names that lead to a claim: of a JSON Pointer, its tokens (RFC 6901 §4). */
export const claimPath = (ref: ClaimRef): readonly string[] =>
  ref.startsWith('/')
    ? ref
        .slice(1)
        .split('/')
        .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [ref]

/** The claim that a reference names, or undefined. */
export function findClaim(claims: JsonObject, ref: ClaimRef): Json | undefined {
  let found: Json | undefined = claims
  for (const name of claimPath(ref)) {
    if (Array.isArray(found)) found = /^(0|[1-9]\d*)$/.test(name) ? found[Number(name)] : undefined
    else if (isObject(found)) found = own(found, name)
    else return undefined
  }
  return found
}

/** Whether the claim matches. A claim that cannot be judged (missing, or of a type that the matcher does not apply to) never matches. */
export const matchesClaim = (matcher: Matcher, claim: Json | undefined): boolean => judge(matcher, claim) === true

/** undefined: cannot be judged, and neither can its negation. Groups sent as a string do not prove that a group is absent. */
function judge(matcher: Matcher, claim: Json | undefined): boolean | undefined {
  if (claim === undefined || claim === null) return undefined
  if (typeof matcher !== 'object') return typeof claim === typeof matcher ? claim === matcher : undefined
  if ('oneOf' in matcher)
    return matcher.oneOf.some((value) => typeof value === typeof claim) ? matcher.oneOf.some((value) => value === claim) : undefined
  if ('includes' in matcher) return Array.isArray(claim) ? claim.includes(matcher.includes) : undefined
  if ('glob' in matcher) return typeof claim === 'string' ? fitsGlob(matcher.glob, claim) : undefined
  if ('cidr' in matcher) return typeof claim === 'string' && parseIp(claim) ? matcher.cidr.some((block) => inCidr(claim, block)) : undefined
  if ('not' in matcher) {
    const inner = judge(matcher.not, claim)
    return inner === undefined ? undefined : !inner
  }
  const all = 'all' in matcher
  const parts = (all ? matcher.all : matcher.any).map((one) => judge(one, claim))
  // One deciding part is enough. Otherwise all parts must be known.
  return parts.includes(!all) ? !all : parts.includes(undefined) ? undefined : all
}

export const isGlob = (pattern: string): boolean => pattern !== '' && !pattern.includes('***')

/**
 * Anchored at both ends. `*` matches any run of characters without `/`, `**` any run; nothing else is special. It is not a
 * regular expression, because the caller chooses the string and backtracking could take minutes.
 */
export function fitsGlob(pattern: string, text: string): boolean {
  if (!isGlob(pattern)) return false
  // reached[i]: the part of the pattern read so far matches the first i characters of the text.
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
