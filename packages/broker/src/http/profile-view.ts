/** A profile as one caller sees it. */
import { type AccessContext, standingOf } from '@stint/core/access/decide'
import { approvalFor } from '@stint/core/config/approval'
import type { Profile, Rules, Target } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { containerBar } from './container.ts'
import type { Answer, profileView as schema } from './response-schemas.ts'

const read = new WeakMap<Rules, Map<string, Profile>>()

/** The profile with this ID, for lists: they look at each of up to 10,000 profiles, so each is read once and not in each call. */
export function listedProfile(rules: Rules, id: string): Profile | undefined {
  const known = read.get(rules) ?? new Map<string, Profile>()
  read.set(rules, known)
  const profile = known.get(id) ?? rules.profiles.find(id)
  if (profile) known.set(id, profile)
  return profile
}

/** Undefined if the profile is not visible to the caller. */
export function profileView(
  rules: Rules,
  id: string,
  caller: Caller,
  context: AccessContext,
  found: Profile | undefined,
): Answer<typeof schema> | undefined {
  // For an unknown profile, evaluate rules as for an invisible one, so that both take the same time.
  const profile = found ?? rules.profiles.first()
  const standing = standingOf(profile, caller, context)
  if (!found || !standing.visible) return undefined
  const target = rules.targets[profile.target] as Target
  const approval = approvalFor(profile, target)
  const bar = containerBar(profile, approval, rules.issuers[caller.issuer])
  return {
    id,
    ...defined({ description: profile.description }),
    account: target.account,
    region: target.region,
    roleArn: target.roleArn,
    access: !standing.eligible ? 'refused' : approval ? 'needs-approval' : 'allowed',
    missing: standing.eligible ? [] : standing.hurdles.length > 0 ? standing.hurdles : ['not-eligible'],
    duration: profile.duration,
    ...defined({ endOnExit: profile.endOnExit }),
    parameters: profile.parameters ?? {},
    ...(bar ? { container: bar.detail } : {}),
    justification: profile.justification === 'required' || approval?.breakGlass ? 'required' : 'optional',
    ...(approval
      ? {
          approval: {
            approvers: approval.rules.reduce((sum, rule) => sum + rule.count, 0),
            expiresAfter: approval.expiresAfter,
            window: approval.window,
            maxUses: approval.maxUses,
            breakGlass: approval.breakGlass !== undefined,
          },
        }
      : {}),
  }
}
