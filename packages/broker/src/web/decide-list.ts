/** `/decide`: what waits for this person's decision, and the reviews that are due. */
import type { Caller } from '@stint/core/identity/caller'
import { shownRequester } from '@stint/core/identity/shown'
import { isParty } from '@stint/core/request/machine'
import { type AccessRequest, needsReview, stateAt } from '@stint/core/request/request'
import { riskOf } from '@stint/core/scope/risk'
import { html } from 'hono/html'
import type { Decisions, Option } from '../approvals/decide.ts'
import { type Api, type ApiBroker, accessContext, answer, type Ctx, unavailable } from '../http/context.ts'
import { pageQuery } from '../http/paging.ts'
import type { Html, Refusals, Show, Visit } from './layout.ts'
import type { Visits } from './visits.ts'
import { durationWords, roleName, time } from './words.ts'

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
    const cursor = pageQuery(c, {})?.cursor
    const [waiting, reviews] = await Promise.all([
      ledger.workOn('pending', decider.opensFor(visit.caller, accessContext(c), false), A_PAGE, cursor),
      ledger.workOn('review', decider.opensFor(visit.caller, accessContext(c), isAuditor(c, visit.caller)), A_PAGE),
    ])
    const unknown = waiting.outcome === 'unknown' ? waiting : reviews.outcome === 'unknown' ? reviews : undefined
    if (unknown || waiting.outcome === 'unknown' || reviews.outcome === 'unknown') return say(c, unavailable(unknown?.cause ?? ''), visit)
    const toDecide = waiting.value.items.filter((request) => can(c, visit, request, ['approve', 'deny']))
    const toReview = reviews.value.items.filter((request) => needsReview(request) && can(c, visit, request, ['review']))
    const next =
      waiting.value.next === undefined ? undefined : new URLSearchParams({ cursor: Buffer.from(waiting.value.next).toString('base64url') })
    return show(c, {
      title: 'Decide',
      visit,
      at: '/decide',
      body: html`${toReview.length === 0 ? '' : html`<h2>Reviews that are due</h2><ul class="cards">${toReview.map((request) => card(c, request))}</ul><h2>Waiting for you</h2>`}
${toDecide.length === 0 ? html`<p class="empty">Nothing waits for your decision${cursor === undefined ? '' : ' on this page'}.</p>` : html`<ul class="cards">${toDecide.map((request) => card(c, request))}</ul>`}
${next === undefined ? '' : html`<p class="more"><a href="/decide?${next.toString()}">Older requests</a></p>`}`,
    })
  }

  function can(c: Ctx, visit: Visit, stored: AccessRequest, wanted: readonly Option[]): boolean {
    const actor = decider.actorFor({ caller: visit.caller, ...accessContext(c) }, stored)
    return (
      isParty(decider.withPeople(stored), actor) && decider.optionsOf(stored, actor, c.get('now')).some((option) => wanted.includes(option))
    )
  }

  function card(c: Ctx, request: AccessRequest): Html {
    const { level } = riskOf(request.terms)
    const now = c.get('now')
    const isPending = stateAt(request, now) === 'pending'
    return html`<li>${request.breakGlass ? html`<span class="badge high">Break-glass</span> ` : ''}<a href="/decide/${request.id}">${request.profile}</a> <span class="badge ${level}">${level} risk</span><br>
${shownRequester(request)}: ${roleName(request.roleArn)} in ${decider.placeOf(request).account}, ${durationWords(request.limits.duration ?? request.terms.maxDuration)}<br>
<span class="quiet">requested ${time(request.createdAt)}${isPending ? html`, expires ${time(request.expiresAt)}` : ''}</span></li>`
  }
}
