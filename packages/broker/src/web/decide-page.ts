/** The page of one request: what was requested, by whom and why; what others decided; and the decisions that the person can make. */
import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import { defined } from '@stint/core/defined'
import { formatDuration } from '@stint/core/duration'
import { shownCaller, shownRequester } from '@stint/core/identity/shown'
import { parseRequestId, type RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { missing } from '@stint/core/request/approval'
import { type Actor, cancel, deny, isParty, review, revoke, signedInLately } from '@stint/core/request/machine'
import { type AccessRequest, type Limits, liveSessions, needsReview, stateAt } from '@stint/core/request/request'
import { liveUntil } from '@stint/core/request/session'
import { type Fact, liveFacts, minute, type Summary } from '@stint/core/request/summary'
import { plainWords } from '@stint/core/scope/plain-words'
import { riskOf } from '@stint/core/scope/risk'
import { isolated, shownLine, shownText, visibleJson } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type DecisionFunction, type Decisions, type Option, unknownRequest, versionTag } from '../approvals/decide.ts'
import { extendRequest } from '../approvals/extend.ts'
import { limitsOf } from '../approvals/limits.ts'
import { type Api, type ApiBroker, accessContext, admitting, answer, type Ctx, callOf, unavailable } from '../http/context.ts'
import { decisionUnknown } from '../vend/unknown-outcome.ts'
import { csrfField, type Html, type Refusals, type Show, table, type Visit } from './layout.ts'
import { allowedLines } from './sentence.ts'
import { signInLink, type Visits } from './visits.ts'
import { durationWords, end, possibleUntil, roleName, time, trueUntil } from './words.ts'

/** Decisions that give access, or that close the record of an emergency: they need a sign-in within the last five minutes. */
const SENSITIVE: readonly Option[] = ['approve', 'review']
/** The requester's earlier requests that the page looks at. */
const HISTORY = 20

export function decidePages(app: Api, broker: ApiBroker, decider: Decisions, show: Show, { say, sayTo }: Refusals, visits: Visits): void {
  const { ledger } = broker

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
    const reading = c.req.header('cookie') === undefined ? undefined : ledger.request(id)
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

  /** `said`: what has just been done. */
  async function page(c: Ctx, visit: Visit, request: AccessRequest, actor: Actor, said?: string): Promise<Response> {
    const now = broker.clock()
    const options = pageOptions(decider.optionsOf(request, actor, now))
    const decides = options.includes('approve') || options.includes('deny')
    const earlier = decides ? await ledger.requestsOf(request.caller, HISTORY) : undefined
    return show(c, {
      title: request.breakGlass ? 'Break-glass request' : 'Access request',
      visit,
      at: '/decide',
      body: html`${said === undefined ? '' : html`<p class="said" role="status">${said}</p>`}
${request.breakGlass ? html`<p class="alarm">Break-glass: emergency access. It must be reviewed afterwards.</p>` : ''}
<div id="live" data-version="${String(request.version)}"${stateAt(request, now) === 'pending' ? html` data-live` : ''}>${essentials(request, decider.placeOf(request).account, now)}</div>
${options.length === 0 ? html`<p class="quiet">You have nothing to decide on this request.</p>` : actions(c, visit, request, options, now)}
${earlier === undefined ? '' : earlier.outcome === 'done' ? history(request, earlier.value.items, now) : html`<p class="quiet">Earlier requests are unavailable.</p>`}
${details(request, decider.summaryFor(request, now), now)}`,
    })
  }

  function actions(c: Ctx, visit: Visit, request: AccessRequest, options: readonly Option[], now: Instant): Html {
    const isStale = !signedInLately(visit.caller, c.get('now'))
    const here = `/decide/${request.id}`
    const account = decider.placeOf(request).account
    const button = (option: Option) => {
      if (isStale && SENSITIVE.includes(option))
        return html`<a class="button primary" href="${signInLink(here, true)}"${possibleUntil(lastChance(option, request))}>Sign in again to ${option === 'approve' ? 'approve' : 'review'}</a>`
      return html`<button name="act" value="${option}" class="${classes[option]}"${possibleUntil(lastChance(option, request))}>${labelOf(option, request, account, now)}</button>`
    }
    const isReview = options.includes('review')
    return html`<form method="post" action="${here}" class="decide"${possibleUntil(lastChanceOf(options, request))}>${csrfField(visit)}<input type="hidden" name="version" value="${String(request.version)}">
<label>${isReview ? 'What you found' : options.includes('extend') ? 'Why you need more time (optional)' : 'Comment (optional)'}
<textarea name="comment" rows="2" maxlength="256"></textarea></label>
${options.includes('approve') && !isStale ? limitFields(request) : ''}
<div class="buttons">${options.map(button)}</div></form>`
  }

  answer(app, 'POST /decide/{id}', (c) =>
    visits.form(c, async (visit, form) => {
      const id = parseRequestId(c.req.param('id'))
      if (!id) return say(c, unknownRequest, visit)
      const act = form.get('act') as Option
      const comment = form.get('comment')?.trim() || undefined
      if (comment !== undefined && jsonBytes(comment) > MAX_COMMENT_BYTES)
        return sayTo(c, visit, refused('body-invalid', `The comment is longer than ${MAX_COMMENT_BYTES} bytes.`))
      if (SENSITIVE.includes(act)) {
        const stale = await visits.stale(c, visit, `/decide/${id}`)
        if (stale) return stale
      }
      if (act === 'extend') return extend(c, visit, id, comment)
      const limits = limitsIn(form)
      if (limits.outcome === 'refused') return sayTo(c, visit, limits)
      const decideOn = decisionOf(act, comment, limits.value)
      if (!decideOn) return sayTo(c, visit, refused('body-invalid', 'The form has no action.'))
      const origin = { source: c.env.sourceIp, token: visit.caller.token.hash }
      const seen = { version: versionTag({ version: Number(form.get('version') ?? 0) }), binds: 'grants' } as const
      const decided = await decider.decide(id, { caller: visit.caller, ...accessContext(c), origin }, decideOn, seen)
      if (decided.profile !== undefined) c.set('profile', decided.profile)
      const back = html`<p><a class="button" href="/decide/${id}">Back to the request</a></p>`
      if (decided.outcome === 'unknown') return say(c, decisionUnknown(decided.cause), visit, back)
      if (decided.outcome === 'refused') return sayTo(c, visit, decided, back)
      return shown(c, visit, decided.value, outcomes[act])
    }),
  )

  async function shown(c: Ctx, visit: Visit, stored: AccessRequest, said: string): Promise<Response> {
    const seen = seenBy(c, visit, stored)
    return seen.outcome === 'refused' ? say(c, seen, visit) : page(c, visit, seen.value.request, seen.value.actor, said)
  }

  async function extend(c: Ctx, visit: Visit, id: RequestId, justification: string | undefined): Promise<Response> {
    const { caller } = visit
    const asked = await extendRequest(broker, decider, callOf(c), caller, id, defined({ justification }), admitting(broker, c, caller))
    if (asked.outcome === 'unknown') return say(c, unavailable(asked.cause), visit)
    if (asked.outcome === 'refused') return sayTo(c, visit, asked)
    return shown(c, visit, asked.value.request, 'You requested an extension. It waits for approval.')
  }

  function decisionOf(act: Option, comment: string | undefined, limits: Limits): DecisionFunction | undefined {
    const said = { channel: 'web' as const, ...defined({ comment }) }
    const acts: { readonly [act in Exclude<Option, 'extend'>]: DecisionFunction } = {
      approve: decider.approving({ ...said, limits }),
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
}

/** Of two ways to withdraw a request, the page offers the one that says what happens: deny or cancel. */
const pageOptions = (options: readonly Option[]): readonly Option[] =>
  options.filter((option) => option !== 'revoke' || !(options.includes('deny') || options.includes('cancel')))

const outcomes: { readonly [option in Option]: string } = {
  approve: 'You approved this request.',
  deny: 'You denied this request.',
  cancel: 'You cancelled this request.',
  revoke: 'You revoked this request. It gives no further credentials.',
  review: 'You closed the review.',
  extend: 'You requested an extension.',
}
const classes: { readonly [option in Option]: string } = {
  approve: 'primary',
  review: 'primary',
  extend: 'primary',
  deny: 'danger',
  revoke: 'danger',
  cancel: '',
}

/** The state that time alone leads to, and when. */
function nextState(request: AccessRequest, now: Instant): { readonly state: string; readonly at: Instant } | undefined {
  const state = stateAt(request, now)
  if (state === 'pending') return { state: 'expired', at: request.expiresAt }
  return state === 'approved' && request.windowExpiresAt !== undefined ? { state: 'ended', at: request.windowExpiresAt } : undefined
}

/** When time alone makes the option impossible; undefined if it never does. */
function lastChance(option: Option, request: AccessRequest): Instant | undefined {
  const sessionsEnd = Math.max(0, ...request.sessions.map(liveUntil))
  if (option === 'extend') return sessionsEnd
  if (option === 'revoke') return Math.max(request.windowExpiresAt ?? request.expiresAt, sessionsEnd)
  return option === 'review' ? undefined : request.expiresAt
}

function lastChanceOf(options: readonly Option[], request: AccessRequest): Instant | undefined {
  const chances = options.flatMap((option) => lastChance(option, request) ?? [])
  return chances.length < options.length ? undefined : Math.max(...chances)
}

/** A label says what happens. */
function labelOf(option: Option, request: AccessRequest, account: string, now: Instant): string {
  const longest = request.limits.duration ?? request.terms.maxDuration
  const live = liveSessions(request, now).length
  const labels: { readonly [option in Option]: string } = {
    approve: `Approve ${durationWords(longest)} as ${roleName(request.roleArn)} in ${account}`,
    deny: 'Deny the request',
    cancel: 'Cancel the request',
    revoke: live === 0 ? 'Revoke the request' : `Revoke and end ${live === 1 ? 'the session' : `${live} sessions`}`,
    review: 'Close the review',
    extend: 'Request an extension',
  }
  return labels[option]
}

/** What a decision depends on, in the order in which people ask: who, what, how risky, how long, why. */
function essentials(request: AccessRequest, account: string, now: Instant): Html {
  const { terms, limits } = request
  const { level, why } = riskOf(terms)
  const uses = limits.uses ?? terms.uses
  const [state, timed] = [stateAt(request, now), nextState(request, now)]
  return html`<p class="lead"><b>${shownRequester(request)}</b> requests <b>${request.profile}</b>: ${roleName(request.roleArn)} in account ${account},
${durationWords(limits.duration ?? terms.maxDuration)}${uses === 1 ? '' : `, up to ${uses} sessions`}. <span class="badge ${level}">${level} risk: ${isolated(shownLine(why, 120))}</span></p>
${request.justification === undefined ? html`<p class="quiet">No justification.</p>` : html`<blockquote>${isolated(shownLine(request.justification, 200))}</blockquote>`}
<p class="state"><span class="badge ${state}"${timed ? trueUntil(timed.at, timed.state) : ''}>${state}</span> ${deadline(request, now)}</p>
${progress(request, now)}`
}

function deadline(request: AccessRequest, now: Instant): Html | string {
  const state = stateAt(request, now)
  if (state === 'pending')
    return html`${end(request.expiresAt, { is: 'expires', past: 'no one decided in time', what: 'The request has expired:' })}${request.unattendedAt === undefined ? '' : html`; <span${trueUntil(request.unattendedAt, 'it is being approved automatically')}>approved automatically ${time(request.unattendedAt)}, unless it is denied first</span>`}`
  if (state === 'approved' && request.windowExpiresAt !== undefined)
    return end(request.windowExpiresAt, { is: 'the window ends', past: 'the window has ended', what: `${request.profile}:` })
  return ''
}

/** What others decided. */
function progress(request: AccessRequest, now: Instant): Html | string {
  const { terms, approvals, decidedBy, review: reviewed } = request
  const state = stateAt(request, now)
  const comment = (text: string | undefined) => (text === undefined ? '' : html`: ${isolated(shownLine(text))}`)
  const lacking = terms.approval ? missing(terms.approval, approvals).reduce((sum, count) => sum + count, 0) : 0
  const live = liveFacts(request, now)
  const lines = [
    ...approvals.map(({ approver, at, comment: said }) => html`Approved by ${shownCaller(approver)}, ${time(at)}${comment(said)}`),
    ...(state === 'pending' ? [html`${lacking === 1 ? '1 approval is' : `${lacking} approvals are`} missing`] : []),
    ...(decidedBy && state !== 'approved' ? [html`${capitalized(`${state} by`)} ${shownCaller(decidedBy)}`] : []),
    ...(live === undefined ? [] : [liveWords(live)]),
    ...(reviewed ? [html`Reviewed by ${shownCaller(reviewed.by)}${comment(reviewed.text)}`] : []),
    ...(needsReview(request) ? [html`<b>The review is due.</b>`] : []),
  ]
  return lines.length === 0 ? '' : html`<ul class="progress">${lines.map((line) => html`<li>${line}</li>`)}</ul>`
}

function liveWords({ count, until, renewed }: NonNullable<ReturnType<typeof liveFacts>>): Html {
  const ends = end(until, { is: count === 1 ? 'ends' : 'the last ends', past: 'ended', what: 'The session' })
  return html`Live sessions: ${String(count)}, ${ends}${renewed ? html`, renewed ${renewed.times}, last ${time(renewed.lastAt)}` : ''}`
}

/** How this requester used this profile before. */
function history(request: AccessRequest, items: readonly AccessRequest[], now: Instant): Html {
  const earlier = items.filter((one) => one.id !== request.id && one.profile === request.profile)
  const rows = earlier
    .slice(0, 5)
    .map(
      (one) =>
        html`<li>${time(one.createdAt)}: ${stateAt(one, now)}${one.sessions.length === 0 ? '' : `, ${one.sessions.length} session${one.sessions.length === 1 ? '' : 's'}`}</li>`,
    )
  return html`<h2>Earlier requests</h2>${
    rows.length === 0
      ? html`<p class="quiet">None for this profile among this requester’s last ${String(HISTORY)} requests.</p>`
      : html`<ul>${rows}</ul>`
  }`
}

function details(request: AccessRequest, { facts, permissions }: Summary, now: Instant): Html {
  const justifications = justificationsOf(request)
  return html`${justifications.length === 0 ? '' : html`<h2>Justification</h2>${justifications.map((text) => html`<p class="why">${text}</p>`)}`}
<h2>What it allows</h2>${allowedLines(plainWords(request.terms), permissions)}
<h2>Details</h2>${table([...facts, ...requestFacts(request, now)])}
<details><summary>All terms</summary><pre>${visibleJson(request.terms, 2)}</pre></details>`
}
const justificationsOf = ({ justification, moreJustifications = [] }: AccessRequest): readonly Html[] => [
  ...(justification === undefined ? [] : [html`${isolated(shownText(justification))}`]),
  ...moreJustifications.map(({ at, text }) => html`Added ${time(at)}: ${isolated(shownText(text))}`),
]
const requestFacts = (request: AccessRequest, now: Instant): readonly Fact[] => [
  ['State', stateAt(request, now)],
  ['Requested', minute(request.createdAt), request.createdAt],
  ['Request', request.id],
]

const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

// ── Limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An approver can shorten what was requested, never lengthen it. */
function limitFields({ limits, terms }: AccessRequest): Html {
  const field = (name: string, label: string, now: string) =>
    html`<label>${label} <input name="${name}" size="8" placeholder="${now}" autocomplete="off"></label>`
  const window = limits.window ?? terms.window
  return html`<details><summary>Approve with limits</summary><p class="quiet">Leave a field empty to approve what was requested. Write durations as 15m or 1h30m.</p>
${field('duration', 'Longest session', formatDuration(limits.duration ?? terms.maxDuration))}
${field('uses', 'Sessions', String(limits.uses ?? terms.uses))}
${field('window', 'Time to start them', window > 0 ? formatDuration(window) : '1h')}</details>`
}

function limitsIn(form: URLSearchParams): Done<Limits> | Refused<'duration-invalid'> {
  const given = (name: string) => form.get(name)?.trim() || undefined
  const uses = given('uses')
  if (uses !== undefined && !/^[1-9]\d{0,2}$/.test(uses)) return refused('duration-invalid', 'Sessions must be a whole number.')
  const { limits, fault } = limitsOf({
    duration: given('duration'),
    window: given('window'),
    ...(uses === undefined ? {} : { uses: Number(uses) }),
  })
  if (fault === undefined) return done(limits)
  return refused(
    'duration-invalid',
    `${fault === 'duration' ? 'Longest session' : 'Time to start them'} must be a duration such as 15m or 1h30m.`,
  )
}
