/** Sessions, for their owners and for auditors. Their secrets were never stored. */

import { parseSessionId } from '@stint/core/ids'
import { toIso } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import type { Session } from '@stint/core/request/session'
import { type Api, type ApiBroker, answer, refuse, type Tools, unavailable } from './context.ts'
import { LARGEST_PAGE, nextOf, pageQuery } from './paging.ts'
import type { Answer, sessionView as schema } from './response-schemas.ts'

export function sessionRoutes(app: Api, { ledger }: ApiBroker, { withCaller, isAuditor }: Tools): void {
  answer(app, 'GET /sessions', (c) =>
    withCaller(c, async (caller) => {
      const query = pageQuery(c, { mine: ['true', 'false'] })
      if (!query)
        return refuse(c, refused('body-invalid', `Invalid query. This route accepts limit (1 to ${LARGEST_PAGE}), cursor and mine=true.`))
      const everybody = isAuditor(c, caller) && query.filters.mine !== 'true'
      const page = everybody
        ? await ledger.allRequests(c.get('now'), query.limit, query.cursor)
        : await ledger.requestsOf(caller, query.limit, query.cursor)
      if (page.outcome === 'unknown') return refuse(c, unavailable(page.cause))
      const sessions = page.value.items.flatMap((request) => request.sessions.toReversed().map(sessionView))
      const next = nextOf(c, query, page.value.next)
      return c.json({ sessions, ...(next ? { next } : {}) })
    }),
  )

  answer(app, 'GET /sessions/{id}', (c) =>
    withCaller(c, async (caller) => {
      const unknown = refused('session-unknown', 'Session not found, or not visible to you.')
      const id = parseSessionId(c.req.param('id'))
      if (!id) return refuse(c, unknown)
      const found = await ledger.session(id.session)
      if (found.outcome === 'unknown') return refuse(c, unavailable(found.cause))
      const session = found.value
      const isOwn = session?.caller.issuer === caller.issuer && session.caller.subject === caller.subject
      return session && (isOwn || isAuditor(c, caller)) ? c.json(sessionView(session)) : refuse(c, unknown)
    }),
  )
}

export function sessionView({ reservedAt, expiresAt, issued, ...session }: Session): Answer<typeof schema> {
  return {
    ...session,
    reservedAt: toIso(reservedAt),
    expiresAt: toIso(expiresAt),
    ...(issued ? { issued: { ...issued, at: toIso(issued.at), expiration: toIso(issued.expiration) } } : {}),
  }
}
