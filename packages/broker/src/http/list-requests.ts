/** `GET /requests`: a page of the caller's requests, or of those that the caller can see or act on. */
import { MAX_GRANT_DAYS } from '@stint/core/config/shape'
import { days } from '@stint/core/instant'
import { type Done, refused } from '@stint/core/outcome'
import { isParty, isSelf } from '@stint/core/request/machine'
import { type AccessRequest, needsReview, stateAt } from '@stint/core/request/request'
import type { Page } from '../ports/ledger.ts'
import { type Api, type ApiBroker, accessContext, answer, refuse, type Tools, unavailable } from './context.ts'
import { LARGEST_PAGE, nextOf, pageQuery } from './paging.ts'
import { type RequestTools, requestView } from './request-view.ts'

const requestStates = ['pending', 'approved', 'denied', 'cancelled', 'expired', 'revoked', 'ended'] as const

export function listRequestsRoute(app: Api, { ledger }: ApiBroker, { withCaller, isAuditor }: Tools, tools: RequestTools): void {
  answer(app, 'GET /requests', (c) =>
    withCaller(c, async (caller) => {
      const query = pageQuery(c, { state: requestStates, mine: ['true'], approvable: ['true'], review: ['needed'] })
      if (!query)
        return refuse(
          c,
          refused(
            'body-invalid',
            `Invalid query. This route accepts limit (1 to ${LARGEST_PAGE}), cursor, state, mine=true, approvable=true and review=needed.`,
          ),
        )
      const { state, mine, approvable, review: reviewWanted } = query.filters
      const now = c.get('now')
      const work = approvable ? 'pending' : reviewWanted ? 'review' : undefined
      const page: Done<Page<AccessRequest>> | { outcome: 'unknown'; cause: string } = work
        ? await ledger.workOn(
            work,
            tools.opensFor(caller, accessContext(c), reviewWanted !== undefined && isAuditor(c, caller)),
            query.limit,
            query.cursor,
          )
        : isAuditor(c, caller) && !mine
          ? await ledger.allRequests(now, query.limit, query.cursor)
          : await ledger.requestsOf(caller, query.limit, query.cursor)
      if (page.outcome === 'unknown') return refuse(c, unavailable(page.cause))
      const shown = page.value.items.flatMap((request) => {
        const seen = tools.withPeople(request)
        const actor = tools.actorOf(c, caller, request)
        const wanted =
          isParty(seen, actor) &&
          (state === undefined || stateAt(request, now) === state) &&
          (!approvable || (stateAt(request, now) === 'pending' && actor.opens.length > 0 && !isSelf(seen, actor))) &&
          (!reviewWanted || needsReview(request))
        return wanted ? [requestView(tools, request, actor, now)] : []
      })
      // Neither state lasts longer, so the rest of a caller's history has none. A command looks for an approved request before each session.
      const oldest = page.value.items.at(-1)?.createdAt ?? now
      const isOver = (state === 'approved' || state === 'pending') && oldest < now - days(MAX_GRANT_DAYS)
      const next = isOver ? undefined : nextOf(c, query, page.value.next)
      return c.json({ requests: shown, ...(next ? { next } : {}) })
    }),
  )
}
