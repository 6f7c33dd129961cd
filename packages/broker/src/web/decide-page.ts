/** The page on which a person decides a request. */

import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { shownCaller } from '@stint/core/identity/shown'
import { parseRequestId, type RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { refused } from '@stint/core/outcome'
import { missing } from '@stint/core/request/approval'
import { cancel, deny, isParty, review, revoke } from '@stint/core/request/machine'
import { type AccessRequest, stateAt } from '@stint/core/request/request'
import { type Fact, liveText, minute, type Summary } from '@stint/core/request/summary'
import { isolated, shownLine, visibleJson } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type DecisionFunction, type Decisions, type Option, unknownRequest, versionTag } from '../approvals/decide.ts'
import { extendRequest } from '../approvals/extend.ts'
import { type Api, type ApiBroker, accessContext, admitting, answer, type Ctx, callOf, unavailable } from '../http/context.ts'
import { decisionUnknown } from '../vend/unknown-outcome.ts'
import type { Grant, WithGrant } from './grant.ts'
import { me, say, sayTo, show, table } from './layout.ts'

export function decidePages(app: Api, broker: ApiBroker, decider: Decisions, withGrant: WithGrant) {
  async function decidePage(c: Ctx, id: RequestId, caller: Caller, grantWith: (more: Partial<Grant>) => string): Promise<Response> {
    const found = await broker.ledger.request(id)
    if (found.outcome === 'unknown') return say(c, unavailable(found.cause))
    const request = found.value && decider.withPeople(found.value)
    const actor = request && decider.actorFor({ caller, ...accessContext(c) }, request)
    if (!request || !actor || !isParty(request, actor)) return say(c, unknownRequest)
    const options = decider.optionsOf(request, actor, c.get('now'))
    const grant = grantWith({ version: request.version })
    return show(
      c,
      headline(request, c.get('now')),
      html`${requestPart(request, decider.summaryFor(request, c.get('now')), c.get('now'))}
${options.length === 0 ? html`<p>You have nothing to decide on this request.</p>` : decideForm(`/decide/${id}`, grant, options)}
<p class="who">You are signed in as ${me(caller)}.</p>`,
    )
  }

  answer(app, 'POST /decide/{id}', (c) =>
    withGrant(c, async (grant, caller, form) => {
      const id = parseRequestId(c.req.param('id'))
      if (!id) return say(c, unknownRequest)
      const comment = form.get('comment')?.trim() || undefined
      if (comment !== undefined && jsonBytes(comment) > MAX_COMMENT_BYTES)
        return sayTo(broker, c, caller, refused('body-invalid', `The comment is longer than ${MAX_COMMENT_BYTES} bytes.`))
      if (form.get('act') === 'extend') return extend(c, caller, c.req.param('id'), comment)
      const acts = actsOf(form.get('act') as Option, comment)
      if (!acts) return sayTo(broker, c, caller, refused('body-invalid', 'The form has no action.'))
      const origin = { source: c.env.sourceIp, token: caller.token.hash }
      const seen = { version: versionTag({ version: grant.version ?? 0 }), binds: 'grants' } as const
      const decided = await decider.decide(id, { caller, ...accessContext(c), origin }, acts, seen)
      if (decided.profile !== undefined) c.set('profile', decided.profile)
      if (decided.outcome === 'unknown') return say(c, decisionUnknown(decided.cause))
      if (decided.outcome === 'refused') return sayTo(broker, c, caller, decided)
      const now = broker.clock()
      const request = decider.withPeople(decided.value)
      return show(c, headline(request, now), html`<p>Done.</p>${requestPart(request, decider.summaryFor(request, now), now)}`)
    }),
  )

  async function extend(c: Ctx, caller: Caller, id: string, justification: string | undefined): Promise<Response> {
    const asked = await extendRequest(broker, decider, callOf(c), caller, id, defined({ justification }), admitting(broker, c, caller))
    if (asked.outcome === 'unknown') return say(c, unavailable(asked.cause))
    if (asked.outcome === 'refused') return sayTo(broker, c, caller, asked)
    const { request } = asked.value
    const now = broker.clock()
    return show(
      c,
      headline(request, now),
      html`<p>The extension waits for approval.</p>${requestPart(request, decider.summaryFor(request, now), now)}`,
    )
  }

  function actsOf(act: Option, comment: string | undefined): DecisionFunction | undefined {
    const said = { channel: 'web' as const, ...defined({ comment }) }
    const acts: { readonly [act in Exclude<Option, 'extend'>]: DecisionFunction } = {
      approve: decider.approving(said),
      deny: (request, actor, now) => deny(request, actor, said, now),
      cancel: (request, actor, now) => cancel(request, actor, said, now),
      revoke: (request, actor, now) => revoke(request, actor, said, now),
      review: (request, actor, now) =>
        comment === undefined
          ? refused('body-invalid', 'The comment is missing. Enter what you found.')
          : review(request, actor, comment, now),
    }
    return act !== 'extend' && Object.hasOwn(acts, act) ? acts[act] : undefined
  }

  return decidePage
}

const headline = (request: AccessRequest, now: Instant): string =>
  `${request.breakGlass ? 'Break-glass' : 'Access request'}: ${stateAt(request, now)}`

function requestPart(request: AccessRequest, { facts, permissions, justifications }: Summary, now: Instant) {
  return html`${request.breakGlass ? html`<p class="alarm">Break-glass: emergency access. It must be reviewed afterwards.</p>` : ''}
${table(facts)}
${justifications.length === 0 ? '' : html`<h2>Justification</h2>${justifications.map((text) => html`<p class="why">${text}</p>`)}`}
<h2>Session permissions</h2><ul>${permissions.map((line) => html`<li>${line}</li>`)}</ul>
<h2>Decisions</h2>${table(decisionsOn(request, now))}
<details><summary>All terms</summary><pre>${visibleJson(request.terms, 2)}</pre></details>`
}

function decisionsOn(request: AccessRequest, now: Instant): readonly Fact[] {
  const { terms, approvals, decidedBy, review } = request
  const state = stateAt(request, now)
  const comment = (text: string | undefined) => (text === undefined ? '' : `: ${isolated(shownLine(text))}`)
  const lacking = terms.approval ? missing(terms.approval, approvals).reduce((sum, count) => sum + count, 0) : 0
  const live = liveText(request, now)
  return [
    ...approvals.map(({ approver, comment: said }): Fact => ['Approved by', `${shownCaller(approver)}${comment(said)}`]),
    ...(state === 'pending' ? [['Approvals needed', String(lacking)] as const] : []),
    ...(state === 'pending' && request.unattendedAt !== undefined
      ? [['Automatic approval', `at ${minute(request.unattendedAt)}, unless it is denied first`] as const]
      : []),
    ...(decidedBy && state !== 'approved' ? [[capitalized(`${state} by`), shownCaller(decidedBy)] as const] : []),
    ...(live === undefined ? [] : [['Live sessions', live] as const]),
    ...(review ? [['Reviewed by', `${shownCaller(review.by)}${comment(review.text)}`] as const] : []),
    ['Request', request.id],
  ]
}
const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

const words: { readonly [option in Option]: string } = {
  approve: 'Approve',
  deny: 'Deny',
  cancel: 'Cancel the request',
  revoke: 'Revoke the request',
  review: 'Close the review',
  extend: 'Request an extension',
}

const decideForm = (action: string, grant: string, options: readonly Option[]) =>
  html`<form method="post" action="${action}"><input type="hidden" name="grant" value="${grant}">
<label>Comment <textarea name="comment" rows="3" maxlength="256"></textarea></label>
${options.map((option) => html`<button name="act" value="${option}">${words[option]}</button>`)}</form>`
