/** `/`: what you can access now, what needs approval, what is missing for the rest, and your sessions and requests. */

import { codeParts } from '@stint/core/code-text'
import type { Instant } from '@stint/core/instant'
import { rulesInWords } from '@stint/core/request/approver-words'
import { immediateEndWords } from '@stint/core/request/immediate-end'
import { type AccessRequest, needsReview } from '@stint/core/request/request'
import { credentialsExpireAt, type Session, sessionStateAt } from '@stint/core/request/session'
import { isolated, shownLine } from '@stint/core/shown-text'
import { html } from 'hono/html'
import type { Decisions } from '../approvals/decide.ts'
import { endSession } from '../approvals/end-session.ts'
import { type Api, type ApiBroker, accessContext, answer, type Ctx, unavailable } from '../http/context.ts'
import { cursorText, filledPage, pageQuery, profilePages } from '../http/paging.ts'
import { listedProfile, profileView } from '../http/profile-view.ts'
import { outcomeUnknown } from '../vend/unknown-outcome.ts'
import type { View } from './access-form.ts'
import { csrfField, type Html, type Refusals, type Show, type Visit } from './layout.ts'
import { ownRequests, parametersOf } from './own-requests.ts'
import type { Visits } from './visits.ts'
import { end, possibleUntil, roleName, time, timeOfDay } from './words.ts'

/** The person's requests on one page, among which it looks for sessions and open requests. */
const OWN = 20
const LONGEST_DESCRIPTION = 70

export function accessPages(app: Api, broker: ApiBroker, decider: Decisions, show: Show, { say, sayTo }: Refusals, visits: Visits): void {
  const { rules, ledger } = broker

  answer(app, 'GET /', (c) => visits.visit(c, (visit) => page(c, visit)))

  async function page(c: Ctx, visit: Visit, said?: Html | string): Promise<Response> {
    // The cursor is that of older requests or that of more profiles: each has its own form.
    const older = pageQuery(c, {})?.cursor
    const own = await ledger.requestsOf(visit.caller, OWN, older)
    if (own.outcome === 'unknown') return say(c, unavailable(own.cause), visit)
    const now = broker.clock()
    const { items: requests, next: oldest } = own.value
    const more =
      oldest === undefined
        ? ''
        : html`<p class="more"><a href="/?${new URLSearchParams({ cursor: cursorText(oldest) }).toString()}">Older requests and sessions</a></p>`
    const ofRequests = html`${sessions(c, visit, requests, now, older !== undefined)}${ownRequests(visit, requests, now, decider.placeOf)}${more}`
    if (older !== undefined)
      return show(c, {
        title: 'Older requests and sessions',
        visit,
        at: '/',
        body: html`${ofRequests}<p class="more"><a href="/">My access</a></p>`,
      })
    const query = pageQuery(c, {}, profilePages) ?? { limit: profilePages.limit, filters: {} }
    const { items, last } = filledPage(rules.profiles.ids, query, PAGE_BYTES, (id) =>
      row(profileView(rules, id, visit.caller, accessContext(c), listedProfile(rules, id))),
    )
    const next = last === undefined ? undefined : new URLSearchParams({ cursor: cursorText(last) })
    return show(c, {
      title: 'My access',
      visit,
      at: '/',
      body: html`${said === undefined ? '' : html`<p class="said" role="status">${said}</p>`}
${ofRequests}
${
  items.length === 0
    ? html`<p class="empty">You can see no profiles. Ask the owners of <code>stint.config.ts</code> for access.</p>`
    : groups.map(([access, title]) =>
        profileTable(
          title,
          items.filter((item) => item.access === access),
        ),
      )
}
${next === undefined ? '' : html`<p class="more"><a href="/?${next.toString()}">More profiles</a></p>`}
<form method="post" action="/sign-out">${csrfField(visit)}<input type="hidden" name="everywhere" value="1"><p class="quiet"><button class="plain">Sign out everywhere</button> ends your sign-ins in all browsers. Your AWS sessions keep running.</p></form>`,
    })
  }

  // ── Sessions ───────────────────────────────────────────────────────────────────────────────────────────────────────

  function sessions(c: Ctx, visit: Visit, requests: readonly AccessRequest[], now: Instant, areOlder: boolean): Html {
    const live = requests.flatMap((request) =>
      request.sessions
        .filter((session) => sessionStateAt(session, now) === 'issued')
        .map((session) => sessionCard(c, visit, request, session, now)),
    )
    const none = areOlder ? 'No older session on this page is live.' : 'You have no live sessions. Choose a profile below to start one.'
    return html`<h2>Live sessions</h2>${live.length === 0 ? html`<p class="empty">${none}</p>` : html`<ul class="cards">${live}</ul>`}`
  }

  function sessionCard(c: Ctx, visit: Visit, request: AccessRequest, session: Session, now: Instant): Html {
    const actor = decider.actorFor({ caller: visit.caller, ...accessContext(c) }, request)
    const canExtend = decider.optionsOf(request, actor, now).includes('extend')
    const renewed = session.renewed
    const first = needsReview(request)
      ? html`<p class="quiet"${possibleUntil(session.expiresAt)}>Before you can extend it, an approver or an auditor must review this break-glass request.</p>`
      : ''
    return html`<li><b>${session.profile}</b>: ${roleName(session.roleArn)} in ${decider.placeOf(request).account}, started ${time(session.issued?.at ?? session.reservedAt)}, ${end(session.expiresAt, { is: 'ends', past: 'has ended', what: `Your session of ${session.profile}` })}${renewed ? html`, renewed ${renewed.count === 1 ? 'once' : `${String(renewed.count)} times`}, last ${time(renewed.at)}` : ''}${parametersOf(request)}${first}
<div class="buttons"><form method="post" action="/end"${possibleUntil(session.expiresAt)}>${csrfField(visit)}<input type="hidden" name="session" value="${session.id}"><button class="danger">End now</button></form>
${canExtend ? html`<a class="button" href="/decide/${request.id}"${possibleUntil(session.expiresAt)}>Extend</a>` : ''}<a class="button" href="/decide/${request.id}">Show the request</a></div></li>`
  }

  answer(app, 'POST /end', (c) =>
    visits.form(c, async (visit, form) => {
      const origin = { source: c.env.sourceIp, token: visit.caller.token.hash }
      const everyEarlier = form.get('everyEarlierSession') === 'keep' ? 'keep' : undefined
      const ended = await endSession(
        broker,
        { caller: visit.caller, ...accessContext(c), origin },
        form.get('session') ?? '',
        'web',
        everyEarlier,
      )
      if (ended.outcome === 'refused')
        return sayTo(c, visit, ended, ended.code === 'end-policy-full' ? keepForm(visit, form.get('session') ?? '') : '')
      if (ended.outcome === 'unknown')
        return say(c, outcomeUnknown(ended.cause, 'the session was ended', 'It is safe to end it again.'), visit)
      const { session, immediateEnd } = ended.value
      c.set('profile', session.profile)
      const until = credentialsExpireAt(session) ?? 0
      const still = until > broker.clock() ? html` <span data-as="clock">Its credentials stop working by ${timeOfDay(until)}.</span>` : ''
      const isDenied = immediateEnd !== undefined && immediateEnd !== 'full'
      return page(
        c,
        visit,
        html`The session has ended.${immediateEnd === 'full' ? ` ${immediateEndWords.full}` : ''}${isDenied ? ' Its access usually ends within seconds, but it can take minutes.' : still}`,
      )
    }),
  )

  /** The policy that ends sessions at once has no room. Responders can end every earlier session of the role with the command line. */
  const keepForm = (visit: Visit, session: string): Html =>
    html`<form method="post" action="/end">${csrfField(visit)}<input type="hidden" name="session" value="${session}"><input type="hidden" name="everyEarlierSession" value="keep">
<div class="buttons"><button class="danger">End it, and let its credentials expire on their own</button></div></form>`

  // ── Profiles ───────────────────────────────────────────────────────────────────────────────────────────────────────

  function row(view: View | undefined): Row | undefined {
    if (!view) return undefined
    const { id, description = '', account, access, missing } = view
    const more =
      access === 'needs-approval'
        ? approversOf(id)
        : access === 'refused'
          ? missing.map((hurdle) => hurdles[hurdle] ?? hurdle).join(', ')
          : ''
    return { id, says: shownLine(description, LONGEST_DESCRIPTION), where: account, access, more }
  }
  function approversOf(id: string): string {
    return shownLine(codeParts(rulesInWords(decider.approvalOf(id)?.rules ?? [])).join(''), LONGEST_APPROVERS)
  }
}

/** The rows of one page, without their HTML: a page of 100 stays below 30 KB. */
type Row = { readonly id: string; readonly says: string; readonly where: string; readonly access: View['access']; readonly more: string }

const profileTable = (title: string, rows: readonly Row[]): Html | string =>
  rows.length === 0
    ? ''
    : html`<h2>${title}</h2><table class="profiles"><tbody>${rows.map(
        ({ id, says, where, more }) =>
          html`<tr><td><a href="/access/${id}">${id}</a><td>${isolated(says)}<td>${where}<td>${isolated(more)}`,
      )}</table>`

/** With the head of the page, its sessions and its requests, 100 rows stay below 30 KB of HTML. */
const PAGE_BYTES = 18_000
const LONGEST_APPROVERS = 60

const groups: readonly (readonly [View['access'], string])[] = [
  ['allowed', 'You can use now'],
  ['needs-approval', 'Needs approval'],
  ['refused', 'Not available to you yet'],
]

/** What a person lacks, and on the profile's page how to get it. */
const hurdles: { readonly [hurdle: string]: string } = {
  'mfa-required': 'sign in with a second factor',
  'auth-too-old': 'sign in again',
  'source-ip': 'use an allowed network',
  'not-eligible': 'not eligible',
}
