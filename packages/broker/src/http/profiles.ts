/** Which profiles the caller can use, on what terms, and what is missing for the others. */

import { refused } from '@stint/core/outcome'
import { type Api, type ApiBroker, accessContext, answer, refuse, type Tools } from './context.ts'
import { filledPage, LARGEST_PAGE, nextOf, pageQuery, profilePages } from './paging.ts'
import { listedProfile, profileView } from './profile-view.ts'

/** API Gateway and Lambda carry up to 6 MB; a page stays far below. */
const PAGE_BYTES = 900_000

export function profileRoutes(app: Api, { rules }: ApiBroker, { withCaller }: Tools): void {
  answer(app, 'GET /profiles', (c) =>
    withCaller(c, (caller) => {
      const query = pageQuery(c, {}, profilePages)
      if (!query) return refuse(c, refused('body-invalid', `Invalid query. This route accepts limit (1 to ${LARGEST_PAGE}) and cursor.`))
      const { items: profiles, last } = filledPage(rules.profiles.ids, query, PAGE_BYTES, (id) =>
        profileView(rules, id, caller, accessContext(c), listedProfile(rules, id)),
      )
      const next = nextOf(c, query, last)
      return c.json({ profiles, ...(next ? { next } : {}) })
    }),
  )

  answer(app, 'GET /profiles/{id}', (c) =>
    withCaller(c, (caller) => {
      const id = c.req.param('id')
      const view = profileView(rules, id, caller, accessContext(c), rules.profiles.find(id))
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
}
