/** `/decide`: what waits for this person's decision, and the reviews of break-glass requests. */
import type { Caller } from '@stint/core/identity/caller'
import { shownRequester } from '@stint/core/identity/shown'
import { done } from '@stint/core/outcome'
import { hasApproved, isParty } from '@stint/core/request/machine'
import { type AccessRequest, needsReview, stateAt } from '@stint/core/request/request'
import { mostOf } from '@stint/core/request/summary'
import { riskOf } from '@stint/core/scope/risk'
import { html } from 'hono/html'
import type { Decisions, Option } from '../approvals/decide.ts'
import { type Api, type ApiBroker, accessContext, answer, type Ctx, unavailable } from '../http/context.ts'
import { cursorText, pageQuery } from '../http/paging.ts'
import type { Page } from '../ports/ledger.ts'
import { reviewWords, titleOf } from './decide-view.ts'
import type { Html, Refusals, Show, Visit } from './layout.ts'
import type { Visits } from './visits.ts'
import { durationWords, end, roleName, time } from './words.ts'

const A_PAGE = 20

export function decideListPage(
  app: Api,
  broker: ApiBroker,
  decider: Decisions,
  isAuditor: (c: Ctx, caller: Caller) => boolean,
  show: Show,
  { say }: Refusals,
  visits: Visits,
): void {
  const { ledger } = broker

  answer(app, 'GET /decide', (c) => visits.visit(c, (visit) => page(c, visit)))

  async function page(c: Ctx, visit: Visit): Promise<Response> {
    const query = pageQuery(c, { review: ['needed'] })
    const [onlyReviews, cursor] = [query?.filters.review !== undefined, query?.cursor]
    const [context, empty] = [accessContext(c), done<Page<AccessRequest>>({ items: [] })]
    const reviewable = decider.opensFor(visit.caller, context, isAuditor(c, visit.caller))
    const [waiting, reviews] = await Promise.all([
      onlyReviews ? empty : ledger.workOn('pending', decider.opensFor(visit.caller, context, false), A_PAGE, cursor),
      onlyReviews || cursor === undefined ? ledger.workOn('review', reviewable, A_PAGE, cursor) : empty,
    ])
    if (waiting.outcome === 'unknown') return say(c, unavailable(waiting.cause), visit)
    if (reviews.outcome === 'unknown') return say(c, unavailable(reviews.cause), visit)
    const toDecide = waiting.value.items.filter((request) => can(c, visit, request, ['approve', 'deny']))
    const toReview = reviews.value.items.filter((request) => needsReview(request) && can(c, visit, request, ['review']))
    const cards = (requests: readonly AccessRequest[]) => html`<ul class="cards">${requests.map((request) => card(c, request))}</ul>`
    const more = (next: string | undefined, query: object, words: string) =>
      next === undefined
        ? ''
        : html`<p class="more"><a href="/decide?${new URLSearchParams({ ...query, cursor: cursorText(next) }).toString()}">${words}</a></p>`
    const isAll = cursor === undefined && waiting.value.next === undefined
    return show(c, {
      title: 'Decide',
      visit,
      at: '/decide',
      body: html`${onlyReviews ? '' : html`${toReview.length > 0 ? html`<h2>Waiting for you</h2>` : ''}${toDecide.length > 0 ? cards(toDecide) : html`<p class="empty">No requests are waiting for your decision${isAll ? '. Requests that you can approve appear here' : ' on this page'}.</p>`}`}
${more(waiting.value.next, {}, 'Older requests')}
${toReview.length > 0 || onlyReviews ? html`<h2>Break-glass reviews</h2>${cards(toReview)}` : ''}${more(reviews.value.next, { review: 'needed' }, 'Older reviews')}`,
    })
  }

  function can(c: Ctx, visit: Visit, stored: AccessRequest, wanted: readonly Option[]): boolean {
    const actor = decider.actorFor({ caller: visit.caller, ...accessContext(c) }, stored)
    const request = decider.withPeople(stored)
    // Who has approved has nothing more to do, even if others must approve, too.
    if (wanted.includes('approve') && hasApproved(request, actor)) return false
    return isParty(request, actor) && decider.optionsOf(stored, actor, c.get('now')).some((option) => wanted.includes(option))
  }

  function card(c: Ctx, request: AccessRequest): Html {
    const { level } = riskOf(request.terms)
    const now = c.get('now')
    const isPending = stateAt(request, now) === 'pending'
    return html`<li>${request.breakGlass ? html`<p class="alarm">Break-glass: emergency access</p>` : ''}<a href="/decide/${request.id}">${titleOf(request)}</a> <span class="badge ${level}">${level} risk</span><br>
${shownRequester(request)} ${request.extends === undefined ? 'requests' : 'asks to extend'} ${roleName(request.roleArn)} in ${decider.placeOf(request).account}, ${durationWords(mostOf(request).duration)}<br>
<span class="quiet">requested ${time(request.createdAt)}${isPending ? html`, ${end(request.expiresAt, { is: 'expires', past: 'has expired', what: `The request for ${request.profile}` })}` : html`. ${reviewWords(request, now)}`}</span></li>`
  }
}
