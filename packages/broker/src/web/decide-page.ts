/** The page of one request: what was requested, by whom and why; what others decided; and the decisions that the person can make. */
import { defined } from '@stint/core/defined'
import { parseRequestId, type RequestId } from '@stint/core/ids'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { type Actor, cancel, deny, hasApproved, isParty, isRequester, review, revoke, signedInLately } from '@stint/core/request/machine'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import { shownText } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type DecisionFunction, type Decisions, unknownRequest, versionTag } from '../approvals/decide.ts'
import { extendRequest } from '../approvals/extend.ts'
import { parseCookie, SESSION_COOKIE } from '../browser/browser-session.ts'
import { type Api, type ApiBroker, accessContext, admitting, answer, type Ctx, callOf, unavailable } from '../http/context.ts'
import { decisionUnknown } from '../vend/unknown-outcome.ts'
import { cookieOf } from './cookies.ts'
import { type Act, commentFault, decideForm, isSensitive, LOAD_AGAIN, limitsIn, pageOptions, resultOf } from './decide-form.ts'
import { BREAK_GLASS, details, essentials, HISTORY, history, liveVersion, requesterNext, stillNeeds, titleOf } from './decide-view.ts'
import type { Html, Refusals, Show, Visit } from './layout.ts'
import type { Visits } from './visits.ts'

/** `said`: what has just been done. `refusal`: why it was not, with the form as it was sent. */
type After = { readonly said?: Html | string; readonly refusal?: Refused; readonly form?: URLSearchParams }

export function decidePages(app: Api, broker: ApiBroker, decider: Decisions, show: Show, refusals: Refusals, visits: Visits): void {
  const { ledger } = broker
  const { say, sayTo, record } = refusals

  /** The request, for a person who can see it. For anyone else, it does not exist. */
  function seenBy(c: Ctx, visit: Visit, stored: AccessRequest | undefined): Done<{ request: AccessRequest; actor: Actor }> | Refused {
    const request = stored && decider.withPeople(stored)
    const actor = request && decider.actorFor({ caller: visit.caller, ...accessContext(c) }, request)
    return request && actor && isParty(request, actor) ? done({ request, actor }) : unknownRequest
  }

  answer(app, 'GET /decide/{id}', (c) => {
    const id = parseRequestId(c.req.param('id'))
    if (!id) return say(c, unknownRequest)
    // Read at the same time as the session, which decides whether it is shown.
    const reading = broker.web && parseCookie(cookieOf(c, broker.web, SESSION_COOKIE)) ? ledger.request(id) : undefined
    return visits.visit(
      c,
      async (visit) => {
        const found = await (reading ?? ledger.request(id))
        if (found.outcome === 'unknown') return say(c, unavailable(found.cause), visit)
        const seen = seenBy(c, visit, found.value)
        return seen.outcome === 'refused' ? say(c, seen, visit) : page(c, visit, seen.value.request, seen.value.actor)
      },
      true,
    )
  })

  async function page(c: Ctx, visit: Visit, request: AccessRequest, actor: Actor, after: After = {}): Promise<Response> {
    const now = broker.clock()
    const { said, refusal, form } = after
    const { account } = decider.placeOf(request)
    const options = pageOptions(decider.optionsOf(request, actor, now), request, actor)
    const decides = (['approve', 'deny', 'review'] as const).some((option) => options.includes(option))
    const earlier = decides ? await ledger.requestsOf(request.caller, HISTORY) : undefined
    const isStale = !signedInLately(visit.caller, c.get('now'))
    const isPending = stateAt(request, now) === 'pending'
    const isOwn = isRequester(request, actor)
    return show(c, {
      title: titleOf(request),
      visit,
      at: isOwn ? '/' : '/decide',
      ...(refusal === undefined ? {} : { status: problems[refusal.code].status }),
      body: html`${said === undefined ? '' : html`<p class="said" role="status">${said}</p>`}${refusal === undefined ? '' : refusedForm(refusal, request, form)}
${request.breakGlass ? BREAK_GLASS : ''}
<div id="live" data-version="${liveVersion(request, now)}"${isPending ? html` data-live` : ''}>${essentials(request, account, now)}</div>
${isOwn ? requesterNext(request, now) : ''}
${said === undefined && isPending && hasApproved(request, actor) ? html`<p>You approved this request. ${stillNeeds(request) ?? ''}</p>` : ''}
${options.length > 0 ? decideForm({ visit, request, account, options, isStale, typed: form, now }) : html`<p id="changed" role="status"><span hidden>This request has changed. <a href="/decide/${request.id}">Load it again</a>.</span></p>${isOwn || hasApproved(request, actor) ? '' : html`<p class="quiet">You have nothing to decide on this request.</p>`}`}
${earlier === undefined ? '' : earlier.outcome === 'done' ? history(request, earlier.value.items, now) : html`<p class="quiet">Earlier requests are unavailable.</p>`}
${details(request, decider.summaryFor(request, now), now)}`,
    })
  }

  /** The page shows the request as it is now, so it must not look like the one that the form was sent from. */
  function refusedForm(refusal: Refused, request: AccessRequest, form: URLSearchParams | undefined): Html {
    const hasChanged = form?.get('version') !== String(request.version)
    return html`<p class="refused" role="alert">${shownText(refusal.detail)}${hasChanged ? ' This request has changed since you loaded it: read it again.' : ''}</p>`
  }

  answer(app, 'POST /decide/{id}', (c) =>
    visits.form(c, async (visit, form) => {
      const id = parseRequestId(c.req.param('id'))
      if (!id) return say(c, unknownRequest, visit)
      if (form.get('act') === LOAD_AGAIN) return again(c, visit, id, form)
      const act = form.get('act') as Act
      const comment = form.get('comment')?.trim() || undefined
      if (isSensitive(act)) {
        const stale = await visits.stale(c, visit, `/decide/${id}`)
        if (stale) return stale
      }
      const fault = commentFault(act, comment)
      if (fault) return again(c, visit, id, form, fault)
      if (act === 'extend') return extend(c, visit, id, comment)
      const decideOn = decisionOf(act, comment, form)
      if (!decideOn) return sayTo(c, visit, refused('body-invalid', 'The form has no action.'))
      const origin = { source: c.env.sourceIp, token: visit.caller.token.hash }
      const seen = { version: versionTag({ version: Number(/^\d+$/.exec(form.get('version') ?? '')?.[0] ?? 0) }), binds: 'grants' } as const
      const decided = await decider.decide(id, { caller: visit.caller, ...accessContext(c), origin }, decideOn, seen)
      if (decided.profile !== undefined) c.set('profile', decided.profile)
      const back = backTo(id)
      if (decided.outcome === 'unknown') return say(c, decisionUnknown(decided.cause), visit, back)
      if (decided.outcome === 'refused' && isOfForm(decided)) return again(c, visit, id, form, decided)
      if (decided.outcome === 'refused') return sayTo(c, visit, decided, back)
      return shown(c, visit, decided.value, (request) => resultOf(act, request, visit, broker.clock()))
    }),
  )

  async function shown(c: Ctx, visit: Visit, stored: AccessRequest, said: (request: AccessRequest) => Html | string): Promise<Response> {
    const seen = seenBy(c, visit, stored)
    if (seen.outcome === 'refused') return say(c, seen, visit)
    const { request, actor } = seen.value
    return page(c, visit, request, actor, { said: said(request) })
  }

  /** The page once more, with what was typed and, if it was refused, what is wrong with it. */
  async function again(c: Ctx, visit: Visit, id: RequestId, form: URLSearchParams, refusal?: Refused): Promise<Response> {
    const found = await ledger.request(id)
    if (found.outcome === 'unknown') return say(c, unavailable(found.cause), visit)
    const seen = seenBy(c, visit, found.value)
    if (seen.outcome === 'refused') return say(c, seen, visit)
    const { request, actor } = seen.value
    c.set('profile', request.profile)
    if (refusal) await record(c, visit, refusal)
    return page(c, visit, request, actor, { form, ...defined({ refusal }) })
  }

  async function extend(c: Ctx, visit: Visit, id: RequestId, justification: string | undefined): Promise<Response> {
    const { caller } = visit
    const asked = await extendRequest(broker, decider, callOf(c), caller, id, defined({ justification }), admitting(broker, c, caller))
    if (asked.outcome === 'unknown') return say(c, unavailable(asked.cause), visit)
    if (asked.outcome === 'refused') return sayTo(c, visit, asked, backTo(id))
    return shown(c, visit, asked.value.request, () => 'You requested an extension. It is waiting for approval.')
  }

  function decisionOf(act: Exclude<Act, 'extend'>, comment: string | undefined, form: URLSearchParams): DecisionFunction | undefined {
    const said = { channel: 'web' as const, ...defined({ comment }) }
    const limited: DecisionFunction = (request, actor, now) => {
      const limits = limitsIn(form, request)
      return limits.outcome === 'refused' ? limits : decider.approving({ ...said, limits: limits.value })(request, actor, now)
    }
    const acts: { readonly [act in Exclude<Act, 'extend'>]: DecisionFunction } = {
      approve: decider.approving(said),
      'approve-limited': Object.assign(limited, { grants: true as const }),
      deny: (request, actor, now) => deny(request, actor, said, now),
      cancel: (request, actor, now) => cancel(request, actor, said, now),
      revoke: (request, actor, now) => revoke(request, actor, said, now),
      review: (request, actor, now) => review(request, actor, comment ?? '', now),
    }
    return Object.hasOwn(acts, act) ? acts[act] : undefined
  }
}

const backTo = (id: RequestId): Html => html`<p><a class="button" href="/decide/${id}">Back to the request</a></p>`

/** Whether the person can correct what they typed. */
const isOfForm = ({ code }: Refused): boolean => code === 'duration-invalid' || code === 'body-invalid'
