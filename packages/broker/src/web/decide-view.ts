/** What the page of a request shows: what a decision depends on, what others decided, what it allows, and what came before. */

import { cutSentence } from '@stint/core/code-text'
import { shownCaller, shownRequester } from '@stint/core/identity/shown'
import type { Instant } from '@stint/core/instant'
import { missing } from '@stint/core/request/approval'
import { approverWords } from '@stint/core/request/approver-words'
import { limitWords } from '@stint/core/request/limit-words'
import { type AccessRequest, issuedSessions, liveSessions, needsReview, stateAt } from '@stint/core/request/request'
import { liveUntil, type Session } from '@stint/core/request/session'
import { type Fact, liveFacts, minute, mostOf, type Summary } from '@stint/core/request/summary'
import { plainWords } from '@stint/core/scope/plain-words'
import { riskOf } from '@stint/core/scope/risk'
import { isolated, shownLine, shownText, visibleJson } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type Html, table } from './layout.ts'
import { allowedLines, capitalized, sentence } from './sentence.ts'
import { dateTime, durationWords, end, roleName, time, trueUntil } from './words.ts'

/** Names the request. The name alone proves nothing: the identity follows in the first line of the page. */
export const titleOf = ({ profile, caller, extends: extended }: AccessRequest): string =>
  `${extended === undefined ? '' : 'Extension of '}${profile} by ${isolated(shownLine(caller.name, 40))}`

export const BREAK_GLASS = html`<p class="alarm">Break-glass: emergency access. It must be reviewed afterwards.</p>`

/** `1 session`, `2 sessions`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** The sessions that can get or have credentials. One that was ended is not among them, even while its credentials still work. */
export const openSessions = (request: AccessRequest, now: Instant): readonly Session[] =>
  liveSessions(request, now).filter(({ state }) => state === 'issued')
/** The sessions that were ended, with credentials that can still work. */
export const endedSessions = (request: AccessRequest, now: Instant): readonly Session[] =>
  liveSessions(request, now).filter(({ state }) => state === 'ended')
export const lastUntil = (sessions: readonly Session[]): Instant => Math.max(...sessions.map(liveUntil))

// ── What a decision depends on ───────────────────────────────────────────────────────────────────────────────────────

/** What the script compares to notice a change. Time alone changes the state, too. */
export const liveVersion = (request: AccessRequest, now: Instant): string => `${request.version}-${stateAt(request, now)}`

/** In the order in which people ask: who, what, how risky, how long, with which values, why. */
export function essentials(request: AccessRequest, account: string, now: Instant): Html {
  const { terms, startsAt } = request
  const { level, why } = riskOf(terms)
  const { duration, uses } = mostOf(request)
  const start = startsAt === undefined ? '' : html`, starting ${time(startsAt)}`
  const [state, timed] = [stateAt(request, now), nextState(request, now)]
  return html`<p class="lead"><b>${shownRequester(request)}</b> ${request.extends === undefined ? 'requests' : html`asks to <a href="/decide/${request.extends}">extend</a>`} <b>${request.profile}</b>: ${roleName(request.roleArn)} in account ${account},
${durationWords(duration)}${uses === 1 ? '' : `, up to ${uses} sessions`}${start}. <span class="badge ${level}">${level} risk: ${isolated(shownLine(why, 60))}</span></p>
<p class="allows">${parameters(request)}${firstWords(request)}</p>
${shortJustification(request)}
<p class="state"><span class="badge ${state}"${timed ? trueUntil(timed.at, timed.state) : ''}>${state}</span> ${deadline(request, now)}${state === 'pending' ? html` <a class="reload" href="/decide/${request.id}">Reload</a>` : ''}</p>
${progress(request, now)}`
}

const parameters = ({ terms }: AccessRequest): Html | string => {
  const all = Object.entries(terms.parameters)
  if (all.length === 0) return ''
  return html`${all.map(([name, value], at) => html`${at === 0 ? '' : ', '}<b>${isolated(shownLine(name, 40))}</b> ${isolated(shownLine(value, 60))}`)}.<br>`
}

/** The whole list is further down. */
function firstWords({ terms }: AccessRequest): Html {
  const [first = '', ...more] = plainWords(terms)
  const shown = cutSentence(first, 90)
  const rest = more.length > 0 ? `, and ${more.length} more below.` : shown === first ? '.' : ' in full below.'
  return html`${sentence(capitalized(shown))}${rest}`
}

const justificationsOf = ({ justification, moreJustifications = [] }: AccessRequest) => [
  ...(justification === undefined ? [] : [{ text: justification, at: undefined }]),
  ...moreJustifications,
]

function shortJustification(request: AccessRequest): Html {
  const [first, ...more] = justificationsOf(request)
  if (first === undefined) return html`<p class="quiet">No justification.</p>`
  const others =
    more.length === 0
      ? ''
      : html`<p class="more-below"><a href="#justification">and ${counted(more.length, 'more justification')} below</a></p>`
  return html`<blockquote class="why">${isolated(shownLine(first.text, 120))}</blockquote>${others}`
}

function deadline(request: AccessRequest, now: Instant): Html | string {
  const state = stateAt(request, now)
  const { windowStartsAt, windowExpiresAt } = request
  if (state === 'pending')
    return html`${end(request.expiresAt, { is: 'expires', past: 'no one decided in time', what: 'The request has expired:' })}${request.unattendedAt === undefined ? '' : html`; <span${trueUntil(request.unattendedAt, 'it is being approved automatically')}>approved automatically ${time(request.unattendedAt)}, unless it is denied first</span>`}`
  if (state !== 'approved' || windowExpiresAt === undefined) return ''
  return windowStartsAt !== undefined && windowStartsAt > now
    ? html`can be used from ${dateTime(windowStartsAt)} to ${dateTime(windowExpiresAt)}`
    : end(windowExpiresAt, { is: 'the window ends', past: 'the window has ended', what: `${request.profile}:` })
}

/** The state that time alone leads to, and when. */
function nextState(request: AccessRequest, now: Instant): { readonly state: string; readonly at: Instant } | undefined {
  const state = stateAt(request, now)
  if (state === 'pending') return { state: 'expired', at: request.expiresAt }
  return state === 'approved' && request.windowExpiresAt !== undefined ? { state: 'ended', at: request.windowExpiresAt } : undefined
}

/** What others decided. */
function progress(request: AccessRequest, now: Instant): Html | string {
  const { approvals, decidedBy, decision, review: reviewed } = request
  const state = stateAt(request, now)
  const comment = (text: string | undefined) => (text === undefined ? '' : html`: ${isolated(shownLine(text))}`)
  const live = liveFacts({ sessions: openSessions(request, now) }, now)
  const ended = endedSessions(request, now)
  const lines = [
    ...approvals.map(
      ({ approver, at, comment: said, limits }) =>
        html`Approved by ${shownCaller(approver)}, ${time(at)}${limitWords(limits, durationWords)}${comment(said)}`,
    ),
    ...(state === 'pending' ? [html`Needs ${counted(countMissing(request), 'approval')}`] : []),
    ...(decidedBy && state !== 'approved'
      ? [
          html`${capitalized(`${state} by`)} ${shownCaller(decidedBy)}${decision === undefined ? '' : html`, ${time(decision.at)}`}${comment(decision?.comment)}`,
        ]
      : []),
    ...(live === undefined ? [] : [liveWords(live)]),
    ...(ended.length === 0
      ? []
      : [html`Ended: ${counted(ended.length, 'session')}. Credentials can still work until ${dateTime(lastUntil(ended))}`]),
    ...(reviewed ? [html`Reviewed by ${shownCaller(reviewed.by)}, ${time(reviewed.at)}${comment(reviewed.text)}`] : []),
    ...(needsReview(request) ? [reviewWords(request, now)] : []),
  ]
  return lines.length === 0 ? '' : html`<ul class="progress">${lines.map((line) => html`<li>${line}</li>`)}</ul>`
}

function liveWords({ count, until, renewed }: NonNullable<ReturnType<typeof liveFacts>>): Html {
  const ends = end(until, { is: count === 1 ? 'ends' : 'the last ends', past: 'ended', what: 'The session' })
  return html`Live sessions: ${String(count)}, ${ends}${renewed ? html`, renewed ${renewed.times}, last ${time(renewed.lastAt)}` : ''}`
}

/** A review is due once the emergency can be over: a session has ended, or none can start any more. */
export const isReviewDue = (request: AccessRequest, now: Instant): boolean =>
  stateAt(request, now) !== 'approved' || request.sessions.some(isOver(now))
export const reviewWords = (request: AccessRequest, now: Instant): Html =>
  isReviewDue(request, now) ? html`<b>The review is due.</b>` : html`Review this after the emergency.`
const isOver =
  (now: Instant) =>
  (session: Session): boolean =>
    session.state === 'ended' || (session.state === 'issued' && session.expiresAt <= now)

const missingByRule = ({ terms, approvals }: AccessRequest): readonly number[] => (terms.approval ? missing(terms.approval, approvals) : [])
const countMissing = (request: AccessRequest): number => missingByRule(request).reduce((sum, count) => sum + count, 0)

/** `It still needs 1 approval from people in group leads.` Undefined if it needs none. */
export function stillNeeds(request: AccessRequest): Html | undefined {
  const rules = request.terms.approval?.rules ?? []
  const needs = missingByRule(request).flatMap((count, at) =>
    count === 0 ? [] : [`${counted(count, 'approval')} ${cutSentence((rules[at]?.by ?? []).map(approverWords).join(' or '), 300)}`],
  )
  return needs.length === 0 ? undefined : sentence(`It still needs ${needs.join(' and ')}.`)
}

/** What the requester can do next. */
export function requesterNext(request: AccessRequest, now: Instant): Html {
  const state = stateAt(request, now)
  if (state === 'pending')
    return html`<p class="quiet">This request is waiting for approval. You can close this page: <a href="/">My access</a> shows when it is approved.</p>`
  if (state !== 'approved' || (request.usesLeft ?? 0) === 0)
    return html`<p class="quiet">To request it again, open <a href="/access/${request.profile}">the profile</a>.</p>`
  const isOnMyAccess = request.terms.approval && !request.terms.narrow && (request.windowStartsAt ?? 0) <= now
  return isOnMyAccess ? html`<p><a class="button primary" href="/">Use it on My access</a></p>` : html``
}

// ── Below the decision ───────────────────────────────────────────────────────────────────────────────────────────────

/** The requester's earlier requests that the page looks at. */
export const HISTORY = 20

/** How this requester used this profile before. */
export function history(request: AccessRequest, items: readonly AccessRequest[], now: Instant): Html {
  const earlier = items.filter((one) => one.id !== request.id && one.profile === request.profile && one.createdAt <= request.createdAt)
  const rows = earlier.slice(0, 5).map((one) => {
    // Before the last approval, a request has some and is not approved.
    const isApproved = one.windowExpiresAt !== undefined
    const decider = one.decidedBy ?? (isApproved ? one.approvals.at(-1)?.approver : undefined)
    const state = stateAt(one, now)
    const also = one.decidedBy === undefined && decider !== undefined && state !== 'approved' ? ', approved' : ''
    const issued = issuedSessions(one).length
    return html`<li><a href="/decide/${one.id}">${time(one.createdAt)}</a>: ${durationWords(mostOf(one).duration)}, ${state}${also}${decider === undefined ? '' : ` by ${shownCaller(decider)}`}${issued === 0 ? '' : `, ${counted(issued, 'session')}`}</li>`
  })
  return html`<h2>Earlier requests</h2>${
    rows.length === 0
      ? html`<p class="quiet">None for this profile among this requester’s last ${String(HISTORY)} requests.</p>`
      : html`<ul>${rows}</ul>`
  }`
}

/** A justification can imitate the page, so each has a frame that nothing else has, and comes after the facts. */
export function details(request: AccessRequest, { facts, permissions }: Summary, now: Instant): Html {
  return html`<h2>What it allows</h2>${allowedLines(plainWords(request.terms), permissions)}
${justifications(request)}
<h2>Details</h2>${table([...facts, ...requestFacts(request, now)])}
<details><summary>All terms</summary><pre>${visibleJson(request.terms, 2)}</pre></details>
<p><a href="/activity?request=${request.id}">Everything that happened to this request</a></p>`
}

function justifications(request: AccessRequest): Html | string {
  const all = justificationsOf(request)
  if (all.length === 0) return ''
  return html`<h2 id="justification">Justification</h2>${all.map(
    ({ text, at }) =>
      html`${at === undefined ? '' : html`<p>Added ${time(at)}:</p>`}<blockquote class="why">${isolated(shownText(text))}</blockquote>`,
  )}`
}

const requestFacts = (request: AccessRequest, now: Instant): readonly Fact[] => [
  ['State', stateAt(request, now)],
  ['Requested', minute(request.createdAt), request.createdAt],
  ['Request', request.id],
]
