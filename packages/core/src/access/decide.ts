/**
 * Decides whether a caller may use a profile. The function is pure: it takes claims, rules, source address and time, and
 * returns allowed or refused. Whether the profile needs an approval is in `config/approval.ts`.
 *
 * A profile is visible to callers whose claims match `eligible` or `visibleTo`. For all others it does not exist: an unknown
 * profile and an invisible one get the same response after the same work. Only callers who see the profile learn the reasons.
 */
import { inCidr } from '@stint/iam/ip'
import { findClaim, matchesClaim } from '../config/matcher.ts'
import type { Profile, Rules, Who } from '../config/shape.ts'
import { durationSeconds } from '../duration.ts'
import { type Caller, mfaAcrOf, signedInWithin } from '../identity/caller.ts'
import type { Instant } from '../instant.ts'
import { type Hurdle, type Refused, refused } from '../outcome.ts'
import type { StepUp } from '../problem.ts'
import { nearestObstacle } from './obstacles.ts'

/** The source address and time of the call. */
export type AccessContext = { readonly sourceIp: string; readonly now: Instant }

/** In the order in which they are reported. */
const hurdles: readonly Hurdle[] = ['mfa-required', 'auth-too-old', 'source-ip']

/** Why a caller may not use a profile. */
export type AccessRefusal = 'profile-unknown' | 'not-eligible' | Hurdle
export type Access =
  | { readonly outcome: 'allowed'; readonly profile: Profile }
  | (Refused<AccessRefusal> & { readonly reasons: readonly string[] })

export function decideAccess(rules: Rules, profileId: string, caller: Caller, context: AccessContext): Access {
  const found = rules.profiles.find(profileId)
  // An unknown profile takes the same evaluation time as an invisible one.
  const profile = found ?? rules.profiles.first()
  const standing = standingOf(profile, caller, context)
  if (standing.eligible && found) return { outcome: 'allowed', profile }
  const obstacle = nearestObstacle(profile, caller) ?? 'it has no rules'
  if (!found || !standing.visible) {
    const reason = found ? 'not visible' : 'not in the config'
    const operator = found ? `${reason}: ${obstacle}` : reason
    return { ...refused('profile-unknown', 'Profile not found, or not visible to you.', { operator }), reasons: [reason] }
  }
  const issuer = rules.issuers[caller.issuer]
  return refusal(standing, issuer ? mfaAcrOf(issuer) : [], obstacle)
}

function refusal({ hurdles: failed, nearest }: Standing, mfaAcr: readonly string[], obstacle: string): Access {
  const [first] = failed
  if (first === undefined || !nearest)
    return {
      ...refused('not-eligible', 'You can see this profile, but its rules do not match your token.', {
        operator: `no rule fits: ${obstacle}`,
      }),
      reasons: ['no rule fits'],
    }
  const words = {
    'mfa-required': 'This profile requires a sign-in with a second factor.',
    'auth-too-old': 'This profile requires a recent sign-in.',
    'source-ip': 'This profile does not allow calls from your IP address.',
  }
  const stepUp: StepUp = {
    ...(failed.includes('mfa-required') ? { acrValues: mfaAcr } : {}),
    ...(failed.includes('auth-too-old') && nearest.authAge ? { maxAge: durationSeconds(nearest.authAge) } : {}),
  }
  const hint = Object.keys(stepUp).length > 0 ? { stepUp } : {}
  return { ...refused(first, words[first], { operator: failed.join(', '), evidence: { reasons: failed, ...hint } }), reasons: failed }
}

/** `nearest`: the rule with matching claims that has the fewest hurdles. */
type Standing = {
  readonly visible: boolean
  readonly eligible: boolean
  readonly hurdles: readonly Hurdle[]
  readonly nearest?: Who
}

/** Whether a caller sees a profile, whether they are eligible, and otherwise the smallest set of hurdles. */
export function standingOf(profile: Profile, caller: Caller, context: AccessContext): Standing {
  const fitting = profile.eligible
    .filter((who) => claimsFit(who, caller))
    .map((who) => ({ who, failed: hurdlesFor(who, caller, context) }))
    .toSorted((a, b) => a.failed.length - b.failed.length)
  const visible = fitting.length > 0 || (profile.visibleTo ?? []).some((who) => claimsFit(who, caller))
  const [fewest] = fitting
  return { visible, eligible: fewest?.failed.length === 0, hurdles: fewest?.failed ?? [], ...(fewest ? { nearest: fewest.who } : {}) }
}

/** Whether the caller meets every condition of at least one rule in the list. */
export const isOneOf = (list: readonly Who[] | undefined, caller: Caller, context: AccessContext): boolean =>
  (list ?? []).some((who) => claimsFit(who, caller) && hurdlesFor(who, caller, context).length === 0)

function claimsFit(who: Who, caller: Caller): boolean {
  const entries = Object.entries(who.claims)
  if (who.issuer !== caller.issuer || entries.length === 0) return false
  return entries.every(([ref, matcher]) => matchesClaim(matcher, findClaim(caller.claims, ref)))
}

function hurdlesFor(who: Who, caller: Caller, { sourceIp, now }: AccessContext): readonly Hurdle[] {
  const isHurdle: Record<Hurdle, boolean> = {
    'mfa-required': who.mfa === true && !caller.mfa,
    'auth-too-old': who.authAge !== undefined && !signedInWithin(caller, durationSeconds(who.authAge), now),
    'source-ip': who.sourceIp !== undefined && !who.sourceIp.some((block) => inCidr(sourceIp, block)),
  }
  return hurdles.filter((hurdle) => isHurdle[hurdle])
}
