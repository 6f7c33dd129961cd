/**
 * A request as Slack shows it: requester, profile, account, duration, justification, terms, expiration and outcome. One function
 * makes the message from the current request, so an update makes the same message again.
 */

import type { ActionsBlock, KnownBlock, SectionBlock } from '@slack/types'
import { type FreezeScope, parseScope } from '@stint/core/access/freeze'
import type { ReadEvent } from '@stint/core/audit/schema'
import type { CallerRef } from '@stint/core/identity/caller'
import { shownCaller, shownRequester } from '@stint/core/identity/shown'
import type { Instant } from '@stint/core/instant'
import { type AccessRequest, issuedSessions, liveSessions, needsReview, stateAt } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import { type Fact, liveText, minute, minuteOf, type Summary } from '@stint/core/request/summary'
import type { Message } from '../adapters/slack.ts'
import { cut, inLine, mrkdwn, notice, plain } from './text.ts'

/** The action IDs of Stint's buttons. Each button's value is the request's ID. */
export const buttons = { approve: 'approve', deny: 'deny', details: 'details', review: 'review' } as const

export type ShownRequest = {
  readonly request: AccessRequest
  readonly summary: Summary
  /** How many approvals each rule needs, and how many are missing. */
  readonly needed: readonly { readonly count: number; readonly missing: number }[]
  /** The Slack ID of the on-call group, which is mentioned for break-glass. */
  readonly onCall?: string
  /** The target has `revocation`: Stint denies the credentials of ended sessions. */
  readonly endsAtOnce?: boolean
  readonly now: Instant
}

/**
 * The longest text of a message's blocks together, in UTF-16 units. Slack documents 12,000 for `markdown` blocks only, and refuses some
 * other messages of 11,341 (`msg_blocks_too_long`; slackapi/bolt-js issues 2509 and 2867).
 */
const MOST_TEXT = 9000
/** The longest text of one block, tried in turn. `Details` shows all of it. */
const BLOCK_TEXTS = [3000, 1000, 400]
const SHORTEST_TEXT = 200

export function requestMessage(shown: ShownRequest): Message {
  for (const longest of BLOCK_TEXTS) {
    const message = messageWith(shown, longest)
    if (textLength(message.blocks) <= MOST_TEXT) return message
  }
  return messageWith(shown, SHORTEST_TEXT)
}

/** Of every `text` in it. */
const textLength = (node: unknown): number =>
  typeof node === 'object' && node !== null
    ? Object.entries(node).reduce(
        (sum, [name, value]) => sum + (name === 'text' && typeof value === 'string' ? value.length : textLength(value)),
        0,
      )
    : 0

function messageWith(shown: ShownRequest, longest: number): Message {
  const { request, now } = shown
  const state = stateAt(request, now)
  const words = headline(request, state)
  return {
    // The text of the phone notification, which a screen reader reads first.
    text: notice(`${words}: ${shownRequester(request)} → ${inLine(request.profile)}`, 400),
    ...(request.breakGlass ? { color: ALARM } : {}),
    blocks: [
      { type: 'header', text: plain(words, 150) },
      ...(request.breakGlass && state === 'pending' && shown.onCall
        ? [calling(shown.onCall, 'an engineer needs emergency access now.')]
        : []),
      ...summaryBlocks(shown.summary, MOST_LINES, longest),
      ...story(shown).map((line) => said(line, longest)),
      ...acts(request, state),
      { type: 'context', elements: [plain(request.id, 150)] },
    ],
  }
}

/** The short message for when Slack rejects the full one, which is a bug: enough to know the request and to decide. */
export function bareMessage(shown: ShownRequest): Message {
  const { text, color, blocks } = requestMessage(shown)
  const [header, ...rest] = blocks.filter((block) => block.type === 'header' || block.type === 'actions')
  const facts = shown.summary.facts.filter(([name]) => BARE_FACTS.includes(name)).map(([name, value]) => `${name}: ${value}`)
  return {
    text,
    ...(color ? { color } : {}),
    blocks: [...(header ? [header] : []), said(facts.join('\n')), ...rest, { type: 'context', elements: [plain(shown.request.id, 150)] }],
  }
}

const BARE_FACTS: readonly string[] = ['Requester', 'Profile', 'Account', 'Risk', 'Duration', 'Uses']

/** The color of the bar next to a break-glass. */
const ALARM = '#b00020'

const said = (text: string, longest = 3000): SectionBlock => ({ type: 'section', text: plain(text, longest) })
/** Mentions a user group. This is the only message with markup. */
const calling = (group: string, words: string): SectionBlock => ({ type: 'section', text: mrkdwn(`<!subteam^${group}> ${words}`) })

/** Two columns: Stint's names, and values without markup. Slack accepts ten fields per section. */
function table(rows: readonly Fact[], longest: number): readonly SectionBlock[] {
  const sections = Array.from({ length: Math.ceil(rows.length / ROWS) }, (_, at) => rows.slice(at * ROWS, (at + 1) * ROWS))
  return sections.map((part) => ({
    type: 'section',
    fields: part.flatMap(([name, value]) => [mrkdwn(`*${name}*`), plain(inLine(value, Math.min(500, longest)))]),
  }))
}
const ROWS = 5

/** Break-glass is marked in words, not only by color. */
function headline({ breakGlass, review }: AccessRequest, state: string): string {
  const what = breakGlass ? '🚨 BREAK-GLASS' : 'Access request'
  const became: { readonly [state: string]: string } = {
    pending: breakGlass ? 'needs your approval' : 'needs approval',
    approved: 'approved',
    denied: 'denied',
    cancelled: 'cancelled',
    expired: 'expired without a decision',
    revoked: 'revoked',
    ended: review ? 'ended and reviewed' : 'ended',
  }
  return `${what} ${became[state] ?? state}`
}

/**
 * A request in short, as every channel shows it: facts, the requester's justifications, the session's permissions. `most`: how many
 * permissions. `longest`: of each text.
 */
export function summaryBlocks({ facts, permissions, justifications }: Summary, most: number, longest = 3000): readonly KnownBlock[] {
  const more = permissions.length - most
  const lines = [...permissions.slice(0, most).map((line) => `• ${line}`), ...(more > 0 ? [`and ${more} more: see Details`] : [])]
  return [
    ...table(facts, longest),
    ...justifications.map((text) => said(`“${text}”`, longest)),
    { type: 'section', text: mrkdwn('*Session permissions*') },
    ...lines.map((line): KnownBlock => ({ type: 'context', elements: [plain(line, Math.min(2000, longest))] })),
  ]
}
const MOST_LINES = 5

/** Who approved, how many approvals are missing, how many sessions were issued, and which are still live. */
function story({ request, needed, now }: ShownRequest): readonly string[] {
  const state = stateAt(request, now)
  const agreed = request.approvals.map(
    ({ approver, comment }) => `✓ ${shownCaller(approver)} approved${comment === undefined ? '' : `: ${inLine(comment)}`}`,
  )
  const missing = needed.reduce((sum, rule) => sum + rule.missing, 0)
  const live = liveText(request, now)
  return [
    ...agreed,
    ...(state === 'pending' && missing > 0 ? [missing === 1 ? '1 more approval is needed.' : `${missing} more approvals are needed.`] : []),
    ...(state === 'pending' && request.unattendedAt !== undefined
      ? [`It is approved automatically at ${minute(request.unattendedAt)} unless it is denied first.`]
      : []),
    ...(request.decidedBy && state !== 'approved' ? [`${state}${decided(request)}`] : []),
    ...(request.sessions.length > 0
      ? [
          `Sessions issued: ${issuedSessions(request).length}. Uses left: ${request.usesLeft ?? 0}.${live === undefined ? '' : ` Live sessions: ${live}`}`,
        ]
      : []),
    ...(request.review
      ? [`Reviewed by ${shownCaller(request.review.by)}: ${inLine(request.review.text)}`]
      : needsReview(request) && state !== 'pending'
        ? ['It has not been reviewed yet.']
        : []),
  ]
}

const button = (action: string, text: string, request: string, style?: 'primary' | 'danger') => ({
  type: 'button' as const,
  action_id: action,
  text: plain(text, 75),
  value: request,
  ...(style ? { style } : {}),
})

/** Buttons for what can still be done. Whether a user is allowed to do it is decided when the button is pressed. */
function acts(request: AccessRequest, state: string): readonly ActionsBlock[] {
  const elements = [
    ...(state === 'pending'
      ? [button(buttons.approve, 'Approve', request.id, 'primary'), button(buttons.deny, 'Deny', request.id, 'danger')]
      : []),
    ...(needsReview(request) && state !== 'pending' ? [button(buttons.review, 'Complete the review', request.id)] : []),
    button(buttons.details, 'Details', request.id),
  ]
  return [{ type: 'actions', block_id: 'acts', elements }]
}

const LONGEST_LINE = 2900
/** Longest justification in a command, in UTF-16 units. Escaped for a shell, each can take six characters. */
const LONGEST_REPEATED = 200

/** How to use an approved request, for its requester. Never a credential. */
export function howToUse({ request }: Pick<ShownRequest, 'request'>, broker: string): Message {
  const body = {
    profile: request.profile,
    ...(Object.keys(request.terms.parameters).length > 0 ? { parameters: request.terms.parameters } : {}),
    ...(request.terms.narrow ? { narrow: { Version: '2012-10-17', Statement: request.terms.narrow } } : {}),
    // A profile that requires a justification requires it again for each session. The request has all of it, so its beginning is enough.
    ...(request.justification === undefined ? {} : { justification: cut(request.justification, LONGEST_REPEATED) }),
    requestId: request.id,
  }
  // The line is pasted into a shell, so it has printable ASCII only and no quote within the quotes. JSON escapes the rest.
  const plainJson = (value: object) =>
    JSON.stringify(value).replace(/[^\x20-\x7E]|['`]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const line = (more: object) =>
    `curl -sS ${broker}/sessions -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '${plainJson({ ...body, ...more })}'`
  const code = (text: string): SectionBlock => {
    const shown = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    // Safe as mrkdwn, because Stint makes this line and it has printable ASCII only.
    return shown.length > LONGEST_LINE
      ? said(`This command is too long to show here. See ${broker}/requests/${request.id}.`)
      : { type: 'section', text: mrkdwn(`\`\`\`${shown}\`\`\``) }
  }
  return {
    text: notice(`Approved: ${inLine(request.profile)}`),
    blocks: [
      { type: 'header', text: plain(`Approved: ${inLine(request.profile)}`, 150) },
      said('Set TOKEN to a fresh token. To use the credentials in a shell, run:'),
      code(`eval "$(${line({ format: 'env' })} || echo false)"`),
      said('To open the AWS console, run this and open the signInUrl in the response:'),
      code(line({ format: 'console' })),
      { type: 'context', elements: [plain(request.id, 150)] },
    ],
  }
}

/** Who closed the request, and what they said about it. */
function decided({ decidedBy, decision }: AccessRequest): string {
  const comment = decision?.comment === undefined ? '' : `: ${inLine(decision.comment)}`
  return decidedBy === undefined ? '' : ` by ${shownCaller(decidedBy)}${comment}`
}

/** The outcome of a request that cannot be used. */
export function outcomeMessage({ request }: Pick<ShownRequest, 'request'>, state: string): Message {
  const words = `${inLine(request.profile)}: ${state}${decided(request)}`
  return {
    text: notice(words),
    blocks: [said(words), { type: 'context', elements: [plain(request.id, 150)] }],
  }
}

/** A session is about to end. An extension of the request may exist: that is another request, which is not known here. */
export function endingMessage(request: AccessRequest, session: Session, step: 'extend' | 'review', now: Instant): Message {
  const line = `Your session of ${inLine(request.profile)} ends at ${minute(session.expiresAt)}.`
  const last = Math.max(...liveSessions(request, now).map(({ expiresAt }) => expiresAt))
  const others = last > session.expiresAt ? ` The last session of this request ends at ${minute(last)}.` : ''
  const extend = `/stint extend ${request.id}`
  const next =
    step === 'extend'
      ? `To continue after that, request an extension: ${extend}\nIf an extension has already been approved, start a session from it.`
      : `To continue after that, ask an approver or an auditor to review this break-glass request. Then request an extension: ${extend}`
  return {
    text: notice(line),
    blocks: [said(`${line}${others}`), said(next), { type: 'context', elements: [plain(session.id, 150)] }],
  }
}

/** One event as a line of the thread. `loud`: also sent to the channel. */
type ThreadMessage = { readonly message: Message; readonly loud: boolean }

export function threadMessage(event: ReadEvent, { request, needed, onCall, endsAtOnce, now }: ShownRequest): ThreadMessage | undefined {
  const by = event.by === undefined ? '' : shownCaller(event.by as CallerRef)
  const comment = typeof event.comment === 'string' ? `: ${inLine(event.comment)}` : ''
  const missing = needed.reduce((sum, rule) => sum + rule.missing, 0)
  const session = request.sessions.find(({ id }) => id === event.session)
  const sessionEnd = session ? minute(session.expiresAt) : minuteOf(event.expiration)
  const lines: { readonly [type: string]: string | undefined } = {
    'request.justified': `${by} added a justification to the request`,
    'approval.given': `${by} approved it${comment}`,
    'request.approved': `Approved${event.unattended ? ' automatically, because it was not denied in time' : ''}. Uses: ${event.uses}, until ${minuteOf(event.expiresAt)}`,
    'request.denied': `${by} denied it${comment}`,
    'request.cancelled': `${by} cancelled it${comment}`,
    'request.revoked': `${by} revoked it${comment}${endsAtOnce && liveSessions(request, now).length > 0 ? ` · Stint has requested that AWS deny the credentials of its sessions. ${SOON}` : ''}`,
    'request.expired': 'It expired without a decision.',
    'request.ended': 'The request has ended. No more sessions can be started.',
    'request.escalated': 'No decision yet. More approvers can now approve it.',
    'request.reminded':
      request.windowStartsAt === undefined
        ? `It still needs ${missing} ${missing === 1 ? 'approval' : 'approvals'}.`
        : 'This break-glass request has not been reviewed yet.',
    'request.reviewed': `${by} completed the review${comment}`,
    'session.issued': `${shownRequester(request)} got a session until ${sessionEnd} · ${inLine(String(event.session), 100)}`,
    'session.ended': `${by === '' ? 'Stint' : by} ended a session. ${event.credentialsExpireBy === undefined ? 'It had no credentials yet' : `Its credentials expire at ${minuteOf(event.credentialsExpireBy)}${endsAtOnce ? `. Stint has requested that AWS deny them before that. ${SOON}` : ''}`} · ${inLine(String(event.session), 100)}`,
    'session.failed': `The session could not be issued: ${inLine(String(event.reason))}`,
  }
  const line = lines[event.type]
  if (line === undefined) return undefined
  const asksForReview = needsReview(request) && (event.type === 'request.approved' || event.type === 'request.reminded')
  const review: readonly KnownBlock[] = asksForReview
    ? [{ type: 'actions', block_id: 'acts', elements: [button(buttons.review, 'Complete the review', request.id)] }]
    : []
  // The on-call group is not mentioned if the request was decided before this could be posted.
  const loud = LOUD.includes(event.type) && (stateAt(request, now) === 'pending' || asksForReview)
  const called = loud && request.breakGlass && onCall !== undefined
  return { message: { text: notice(line, 500), blocks: [called ? calling(onCall, line) : said(line), ...review] }, loud }
}
/** IAM applies a policy with a delay (AWS IAM User Guide, "Changes that I make are not always immediately visible"). */
const SOON = 'This usually takes seconds, and can take minutes'
const LOUD: readonly string[] = ['request.escalated', 'request.reminded']

/** Notifies the Slack user that a link was made or ended, so that an owner who did not do it knows at once. */
export function linkMessage(event: ReadEvent): Message {
  const who = shownCaller(event.by as CallerRef)
  const line =
    event.type === 'link.made'
      ? `You are linked to ${who} until ${minuteOf(event.expiresAt)}. In ten minutes, you can decide in Slack as them. If you did not do this, enter /stint unlink and contact your security team.`
      : `You are no longer linked to ${who}.`
  return { text: notice(line, 500), blocks: [said(line)] }
}

/** Notifies responders of a freeze that may stop one of them, and of its release. */
export function freezeMessage(event: ReadEvent): Message {
  const scope = inLine(scopeWords(parseScope(String(event.scope))))
  const until = event.expiresAt === undefined ? '' : ` until ${minuteOf(event.expiresAt)}`
  const line =
    event.type === 'freeze.set'
      ? `${shownCaller(event.by as CallerRef)} froze ${scope}${until}: “${inLine(String(event.justification))}”. A frozen person cannot get sessions, request access, approve or release freezes. Two responders can release it: see GET /freezes. If you did not expect this, contact your security team.`
      : event.type === 'freeze.released'
        ? `${shownCaller(event.by as CallerRef)} released the freeze of ${scope}.`
        : `A deployment released the freeze of ${scope}.`
  return { text: notice(line, 500), blocks: [said(line)] }
}
const scopeWords = (scope: FreezeScope): string =>
  scope.kind === 'all'
    ? 'everything'
    : scope.kind === 'subject'
      ? `the subject ${scope.id} of the issuer ${scope.issuer}`
      : `the ${scope.kind} ${scope.id}`
