/** Which profiles the caller can use, on what terms, and what is missing for the others. */

import { standingOf } from '@stint/core/access/decide'
import { approvalFor } from '@stint/core/config/approval'
import type { Profile, Target } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { refused } from '@stint/core/outcome'
import { containerBar } from './container.ts'
import { type Api, type ApiBroker, accessContext, answer, type Ctx, refuse, type Tools } from './context.ts'
import { filledPage, LARGEST_PAGE, nextOf, pageQuery, profilePages } from './paging.ts'
import type { Answer, profileView as schema } from './response-schemas.ts'

/** API Gateway and Lambda carry up to 6 MB; a page stays far below. */
const PAGE_BYTES = 900_000

export function profileRoutes(app: Api, { rules }: ApiBroker, { withCaller }: Tools): void {
  /** For the list only, which reads each of 10,000 profiles once, and not in each call. */
  const read = new Map<string, Profile>()
  function profileOf(id: string): Profile | undefined {
    const profile = read.get(id) ?? rules.profiles.find(id)
    if (profile) read.set(id, profile)
    return profile
  }

  answer(app, 'GET /profiles', (c) =>
    withCaller(c, (caller) => {
      const query = pageQuery(c, {}, profilePages)
      if (!query) return refuse(c, refused('body-invalid', `Invalid query. This route accepts limit (1 to ${LARGEST_PAGE}) and cursor.`))
      const { items: profiles, last } = filledPage(rules.profiles.ids, query, PAGE_BYTES, (id) => profileView(c, id, caller, profileOf(id)))
      const next = nextOf(c, query, last)
      return c.json({ profiles, ...(next ? { next } : {}) })
    }),
  )

  answer(app, 'GET /profiles/{id}', (c) =>
    withCaller(c, (caller) => {
      const id = c.req.param('id')
      const view = profileView(c, id, caller, rules.profiles.find(id))
      return view
        ? c.json({ ...view, ...policyOf(view) })
        : refuse(c, refused('profile-unknown', 'Profile not found, or not visible to you.'))
    }),
  )

  /**
   * What a session may do, for callers who are eligible: `stint why` looks for the profile that allows a denied call. Those who only see
   * the profile (`visibleTo`) are not shown it.
   */
  function policyOf({ id, access }: { readonly id: string; readonly access: string }) {
    const profile = access === 'refused' ? undefined : rules.profiles.find(id)
    return {
      ...(profile?.policy ? { policy: profile.policy } : {}),
      ...(profile?.policyArns ? { policyArns: profile.policyArns } : {}),
    }
  }

  /** Undefined if the caller may not see the profile. */
  function profileView(c: Ctx, id: string, caller: Caller, found: Profile | undefined): Answer<typeof schema> | undefined {
    // For an unknown profile, evaluate rules as for an invisible one, so that both take the same time.
    const profile = found ?? rules.profiles.first()
    const standing = standingOf(profile, caller, accessContext(c))
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
}
