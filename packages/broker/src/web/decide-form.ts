/** The form of a decision: its buttons say what happens, and what was typed is checked against the request. */
import { MAX_COMMENT_BYTES } from '@stint/core/audit/event'
import { formatDuration, parseDuration } from '@stint/core/duration'
import { isSameCaller } from '@stint/core/identity/caller'
import type { Instant } from '@stint/core/instant'
import { jsonBytes } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { type Actor, hasApproved } from '@stint/core/request/machine'
import { type AccessRequest, issuedSessions, type Limits, stateAt } from '@stint/core/request/request'
import { liveUntil } from '@stint/core/request/session'
import { mostOf } from '@stint/core/request/summary'
import { html } from 'hono/html'
import type { Option } from '../approvals/decide.ts'
import { counted, endedSessions, isReviewDue, lastUntil, openSessions, stillNeeds } from './decide-view.ts'
import { csrfField, type Html, type Visit } from './layout.ts'
import { noSignInTime } from './sign-in.ts'
import { signInLink } from './visits.ts'
import { dateTime, durationWords, possibleUntil, roleName } from './words.ts'

/** What a button sends. `approve` approves what was requested, whatever the fields for limits have. */
export type Act = Option | 'approve-limited'

/** Decides nothing: the page is shown as the request is now, with what was typed. */
export const LOAD_AGAIN = 'load-again'

/** Decisions that give access, or that close the record of an emergency: they need a sign-in within the last five minutes. */
export const isSensitive = (act: Act): boolean => ['approve', 'approve-limited', 'review'].includes(act)

const ranks = { primary: 0, '': 1, danger: 2 } as const
const classes: { readonly [option in Option]: keyof typeof ranks } = {
  approve: 'primary',
  review: 'primary',
  extend: 'primary',
  cancel: '',
  deny: 'danger',
  revoke: 'danger',
}

/**
 * The options of the page, the main one first and what takes access away last. Of two ways to withdraw a request, it offers the one that says
 * what happens: deny or cancel. A person approves once.
 */
export const pageOptions = (options: readonly Option[], request: AccessRequest, actor: Actor): readonly Option[] =>
  options
    .filter((option) => option !== 'revoke' || !(options.includes('deny') || options.includes('cancel')))
    .filter((option) => option !== 'approve' || !hasApproved(request, actor))
    .toSorted((one, other) => ranks[classes[one]] - ranks[classes[other]])

/** `typed`: what the form had that was refused or loaded again. The script shows `#changed`, and leaves the rest of the form as it is. */
type DecideForm = {
  readonly visit: Visit
  readonly request: AccessRequest
  readonly account: string
  readonly options: readonly Option[]
  readonly isStale: boolean
  readonly typed: URLSearchParams | undefined
  readonly now: Instant
}

export function decideForm(form: DecideForm): Html {
  const { visit, request, account, options, isStale, typed, now } = form
  const here = `/decide/${request.id}`
  const button = (option: Option) => {
    if (isStale && isSensitive(option) && visit.caller.signedInAt === undefined) return html`<p class="quiet">${noSignInTime}</p>`
    if (isStale && isSensitive(option))
      return html`<a class="button primary" href="${signInLink(here, true)}"${possibleUntil(lastChance(option, request))}>Sign in again to ${option === 'approve' ? 'approve' : 'review'}</a>`
    return html`<button name="act" value="${option}" class="${option === 'review' && !isReviewDue(request, now) ? '' : classes[option]}"${possibleUntil(lastChance(option, request))}>${labelOf(option, request, account, now)}</button>`
  }
  return html`<form method="post" action="${here}" class="decide"${possibleUntil(lastChanceOf(options, request))}>${csrfField(visit)}<input type="hidden" name="version" value="${String(request.version)}">
<label>${commentLabel(options)}
<textarea name="comment" rows="1" maxlength="256">${typed?.get('comment') ?? ''}</textarea></label>
${options.includes('approve') && !isStale ? limitFields(request, typed) : ''}
<p id="changed" role="status"><span hidden>This request has changed. <button name="act" value="${LOAD_AGAIN}" class="plain">Load it again</button>${options.includes('approve') || options.includes('deny') ? ' before you decide' : ''}.</span></p>
<div class="buttons">${options.map(button)}</div></form>`
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

function commentLabel(options: readonly Option[]): string {
  if (options.includes('review')) return 'Findings'
  if (options.includes('extend')) return 'Why you need more time (optional)'
  return options.includes('deny') ? 'Comment (required to deny)' : 'Comment (optional)'
}

/** A label says what happens. */
function labelOf(option: Option, request: AccessRequest, account: string, now: Instant): string {
  const live = openSessions(request, now).length
  const labels: { readonly [option in Option]: string } = {
    approve: `Approve ${durationWords(mostOf(request).duration)} as ${roleName(request.roleArn)} in ${account}`,
    deny: 'Deny the request',
    cancel: 'Cancel the request',
    revoke: live === 0 ? 'Revoke the request' : `Revoke and end ${live === 1 ? 'the session' : `${live} sessions`}`,
    review: 'Complete the review',
    // An extension is on the same terms. What the first request or its approvers shortened does not count for it.
    extend: `Request an extension of ${durationWords(request.terms.maxDuration)}`,
  }
  return labels[option]
}

// ── Limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const LEAST_SECONDS = 60
const limitNames = ['duration', 'uses', 'window'] as const

function limitFields(request: AccessRequest, typed: URLSearchParams | undefined): Html {
  const { duration, uses, window } = mostOf(request)
  const field = (name: (typeof limitNames)[number], label: string, placeholder: string) =>
    html`<label>${label} <input name="${name}" size="8" value="${typed?.get(name) ?? ''}" placeholder="${placeholder}" autocomplete="off"></label>`
  const isOpen = limitNames.some((name) => typed?.get(name)) || typed?.get('act') === 'approve-limited'
  return html`<details${isOpen ? html` open` : ''}><summary>Approve with limits</summary><p class="quiet">An empty field keeps the value that it shows. Write durations as 15m or 1h30m.</p>
${field('duration', 'Longest session', formatDuration(duration))}
${field('uses', 'Sessions', String(uses))}
${field('window', 'Start within', formatDuration(window))}
<p><button name="act" value="approve-limited">Approve with these limits</button></p></details>`
}

/** The limits that were typed. */
export function limitsIn(form: URLSearchParams, request: AccessRequest): Done<Limits> | Refused<'duration-invalid' | 'body-invalid'> {
  const most = mostOf(request)
  const limits: { -readonly [name in keyof Limits]: number } = {}
  for (const name of limitNames) {
    const text = form.get(name)?.trim()
    if (!text) continue
    const value = name === 'uses' ? wholeNumber(text) : parseDuration(text)
    if (value === undefined || value < (name === 'uses' ? 1 : LEAST_SECONDS) || value > most[name]) return limitFault(name, most[name])
    limits[name] = value
  }
  return Object.keys(limits).length > 0 ? done(limits) : refused('body-invalid', 'Enter at least one limit, or approve what was requested.')
}
const wholeNumber = (text: string): number | undefined => (/^\d{1,3}$/.test(text) ? Number(text) : undefined)

function limitFault(name: (typeof limitNames)[number], most: number): Refused<'duration-invalid' | 'body-invalid'> {
  if (name === 'uses')
    return refused('body-invalid', most === 1 ? 'Sessions must be 1.' : `Sessions must be a whole number from 1 to ${most}.`)
  const label = name === 'duration' ? 'Longest session' : 'Start within'
  const range = most > LEAST_SECONDS ? `a duration between 1 minute and ${durationWords(most)}, such as 15m` : '1m'
  return refused('duration-invalid', `${label}: enter ${range}.`)
}

/** What is wrong with the comment for this act. */
export function commentFault(act: Act, comment: string | undefined): Refused<'body-invalid'> | undefined {
  if (comment !== undefined && jsonBytes(comment) > MAX_COMMENT_BYTES)
    return refused('body-invalid', `The comment is too long. The maximum is ${MAX_COMMENT_BYTES} bytes.`)
  if (comment !== undefined) return undefined
  if (act === 'review') return refused('body-invalid', 'Enter your findings, then complete the review.')
  if (act === 'deny') return refused('body-invalid', 'Enter why you deny the request. The requester sees it.')
  return undefined
}

// ── Results ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What has just been done. */
export function resultOf(act: Exclude<Act, 'extend'>, request: AccessRequest, { caller }: Visit, now: Instant): Html | string {
  if (act === 'approve' || act === 'approve-limited') return approvedWords(request, now)
  // Who revokes it second changes nothing.
  if (act === 'revoke')
    return request.decidedBy && isSameCaller(request.decidedBy, caller)
      ? revokedWords(request, now)
      : 'Someone else had already revoked this request.'
  return { deny: 'You denied this request.', cancel: 'You cancelled this request.', review: 'You completed the review.' }[act]
}

function approvedWords(request: AccessRequest, now: Instant): Html | string {
  const { duration, uses } = mostOf(request)
  const what = `You approved ${counted(uses, 'session')} of up to ${durationWords(duration)}${uses === 1 ? '' : ' each'}`
  const { windowStartsAt: from, windowExpiresAt: to } = request
  if (stateAt(request, now) !== 'approved' || to === undefined) return html`${what}. ${stillNeeds(request) ?? ''}`
  return from !== undefined && from > now
    ? html`${what}, to be started from ${dateTime(from)} to ${dateTime(to)}.`
    : html`${what}, to be started before ${dateTime(to)}.`
}

function revokedWords(request: AccessRequest, now: Instant): Html | string {
  const ended = endedSessions(request, now).filter(({ endedBy }) => endedBy === 'revoke')
  if (ended.length === 0) return `You revoked this request. It issues no ${issuedSessions(request).length > 0 ? 'more ' : ''}credentials.`
  const [sessions, theirs] = ended.length === 1 ? ['session', 'Its'] : [`${ended.length} sessions`, 'Their']
  return html`You revoked this request and ended its ${sessions}. ${theirs} credentials can still work until ${dateTime(lastUntil(ended))}.`
}
