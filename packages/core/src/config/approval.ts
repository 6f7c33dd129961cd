/** The approval that a profile and its target require together. */
import { defined } from '../defined.ts'
import { durationSeconds, formatDuration } from '../duration.ts'
import type { Approval, Profile, Rules, Target } from './shape.ts'

/** The approval that this profile requires; undefined if it requires none, or does not exist. */
export function approvalOfProfile({ profiles, targets }: Pick<Rules, 'profiles' | 'targets'>, id: string): Approval | undefined {
  const profile = profiles.find(id)
  return profile && approvalFor(profile, targets[profile.target] ?? {})
}

/** Combines the rules of profile and target: all of them must hold, and the shorter of two limits applies. */
export function approvalFor(profile: Pick<Profile, 'approval'>, target: Pick<Target, 'approval'>): Approval | undefined {
  const [own, shared] = [profile.approval, target.approval]
  if (!own || !shared) return own ?? shared
  const shorter = (a: string, b: string) => formatDuration(Math.min(durationSeconds(a), durationSeconds(b)))
  const longer = (a: string, b: string) => (durationSeconds(a) >= durationSeconds(b) ? a : b)
  const escalateAfter =
    own.escalateAfter && shared.escalateAfter
      ? longer(own.escalateAfter, shared.escalateAfter)
      : (own.escalateAfter ?? shared.escalateAfter)
  const { breakGlass: _own, ...rest } = own
  return {
    ...rest,
    rules: [...own.rules, ...shared.rules],
    expiresAfter: shorter(own.expiresAfter, shared.expiresAfter),
    window: shorter(own.window, shared.window),
    maxUses: Math.min(own.maxUses, shared.maxUses),
    ...breakGlassOf(own.breakGlass, shared.breakGlass),
    ...(own.stepUp || shared.stepUp ? { stepUp: true } : {}),
    // The later of the two, so that neither rule escalates before its own time.
    ...defined({ escalateAfter }),
  }
}

/** Break-glass if either side sets it; unattended only if both do, after the longer delay. */
function breakGlassOf(own: Approval['breakGlass'], shared: Approval['breakGlass']): Pick<Approval, 'breakGlass'> {
  if (typeof own === 'object' && typeof shared === 'object') {
    return { breakGlass: durationSeconds(own.delay) >= durationSeconds(shared.delay) ? own : shared }
  }
  return own || shared ? { breakGlass: true } : {}
}
