/**
 * Why a caller does not match the rules of a profile: the nearest rule, and the claims that stand in the way. It is for operators (the
 * log line, the audit log, `stint test`); callers never see it.
 */
import { findClaim, matchesClaim } from '../config/matcher.ts'
import type { Profile, Who } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import { shownClaim } from '../identity/token.ts'

type Miss = { readonly claim: string; readonly is: unknown; readonly wanted: unknown }
/** A rule that does not match, and each claim that does not. */
export type Obstacle = { readonly rule: string; readonly misses: readonly Miss[] }

/** The nearest rule first: one of the caller's issuer with the fewest claims that do not match. */
export const obstaclesOf = ({ eligible }: Pick<Profile, 'eligible'>, caller: Pick<Caller, 'issuer' | 'claims'>): readonly Obstacle[] =>
  eligible
    .map((who, index) => ({ rule: `eligible[${index}]`, misses: missesOf(who, caller), foreign: who.issuer === caller.issuer ? 0 : 1 }))
    .filter(({ misses }) => misses.length > 0)
    .toSorted((a, b) => a.foreign - b.foreign || a.misses.length - b.misses.length)
    .map(({ rule, misses }) => ({ rule, misses }))

function missesOf(who: Who, caller: Pick<Caller, 'issuer' | 'claims'>): readonly Miss[] {
  if (who.issuer !== caller.issuer) return [{ claim: 'issuer', is: caller.issuer, wanted: who.issuer }]
  return Object.entries(who.claims).flatMap(([claim, wanted]) => {
    const is = findClaim(caller.claims, claim)
    return matchesClaim(wanted, is) ? [] : [{ claim, is, wanted }]
  })
}

/** One line: `eligible[0]: ref is "refs/heads/x", expected "refs/heads/main"`. Undefined if no rule is in the way. */
export function nearestObstacle(profile: Pick<Profile, 'eligible'>, caller: Pick<Caller, 'issuer' | 'claims'>): string | undefined {
  const [nearest] = obstaclesOf(profile, caller)
  const [first, ...more] = nearest?.misses ?? []
  return (
    first &&
    `${nearest?.rule}: ${first.claim} is ${shownClaim(first.is)}, expected ${shownClaim(first.wanted)}${more.length > 0 ? `; ${more.map(({ claim }) => claim).join(' and ')} ${more.length > 1 ? 'do' : 'does'} not match either` : ''}`
  )
}
