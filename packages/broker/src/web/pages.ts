/**
 * Stint's own pages: what you can access, what you can decide, what happened. They are rendered on the server and work without scripts.
 * They are a client of the same functions as every other channel. The only rule of their own is that a denial needs a comment.
 */

import { refused } from '@stint/core/outcome'
import { html } from 'hono/html'
import { decisions } from '../approvals/decide.ts'
import { requestEnds } from '../ends/request-end.ts'
import { type Api, type ApiBroker, type Ctx, refuse, type Tools } from '../http/context.ts'
import { accessPages } from './access-page.ts'
import { activityPages } from './activity-page.ts'
import { decideListPage } from './decide-list.ts'
import { decidePages } from './decide-page.ts'
import { pageFrame, refusalPages } from './layout.ts'
import { linkPages } from './link-page.ts'
import { prefersHtml } from './prefers-html.ts'
import { profilePages } from './profile-page.ts'
import { signInPages } from './sign-in-pages.ts'
import { visits } from './visits.ts'

const unknownRoute = refused('route-unknown', 'Unknown route.')
const unknownPage = refused('route-unknown', 'No page of Stint has this address.')

export function pageRoutes(app: Api, broker: ApiBroker, { isAuditor }: Pick<Tools, 'isAuditor'>) {
  const decider = decisions({ ...broker, beforeRevoke: (request, now) => requestEnds(broker, request, now) })
  const show = pageFrame(broker)
  const refusals = refusalPages(broker, show)
  const signIn = signInPages(broker, decider, show, refusals)
  const visiting = visits(broker, refusals, signIn.begin)
  signIn.routes(app, visiting)
  accessPages(app, broker, decider, show, refusals, visiting)
  profilePages(app, broker, decider, show, refusals, visiting)
  decideListPage(app, broker, decider, isAuditor, show, refusals, visiting)
  activityPages(app, broker, isAuditor, show, refusals, visiting)
  decidePages(app, broker, decider, show, refusals, visiting)
  linkPages(app, broker, show, refusals, visiting)

  return {
    /** Answers an address that has no route: a browser with a page, any other client with a problem document. */
    notFound(c: Ctx): Response | Promise<Response> {
      const isPage = broker.web !== undefined && c.req.method === 'GET' && prefersHtml(c.req.header('accept'))
      if (!isPage) return refuse(c, unknownRoute)
      return refusals.say(c, unknownPage, undefined, html`<p><a class="button" href="/">My access</a></p>`)
    },
  }
}
