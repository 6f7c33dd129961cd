/**
 * A request as people see it in Slack: who, what, how long, why, which account, on what terms, until when; and what became of
 * it. One function makes the message from the request as it is, so an update is the same message made anew.
 */

import type { ActionsBlock, KnownBlock, SectionBlock } from '@slack/types'
import type { ReadEvent } from '@stint/core/audit/schema'
import type { Profile, Target } from '@stint/core/config/shape'
import { formatDuration } from '@stint/core/duration'
import type { CallerRef } from '@stint/core/identity/caller'
import { type Instant, toIso } from '@stint/core/instant'
import { type AccessRequest, liveSessions, needsReview, stateAt } from '@stint/core/request/request'
import { riskOf } from '@stint/core/scope/risk'
import type { Message } from '../adapters/slack.ts'
import { inLine, mrkdwn, notice, plain } from './text.ts'

/** What Stint's buttons are called; the value of each is the request's id. */
export const buttons = { approve: 'approve', deny: 'deny', details: 'details', review: 'review' } as const

export type Shown = {
  readonly request: AccessRequest
  readonly profile: Pick<Profile, 'description'>
  readonly target: Pick<Target, 'account'>
  /** How many people must agree, rule by rule, and how many have. */
  readonly needed: readonly { readonly count: number; readonly missing: number }[]
  /** The on-call group's id in Slack, told of break-glass. */
  readonly onCall?: string
  readonly now: Instant
}

export function requestMessage(shown: Shown): Message {
  const { request, now } = shown
  const state = stateAt(request, now)
  const words = headline(request, state)
  return {
    // What a phone shows, and a screen reader reads first.
    text: notice(`${words}: ${request.caller.name} → ${request.profile}`),
    ...(request.breakGlass ? { color: ALARM } : {}),
    blocks: [
      { type: 'header', text: plain(words, 150) },
      ...(request.breakGlass && state === 'pending' && shown.onCall ? [calling(shown.onCall, 'somebody needs in now.')] : []),
      ...table(facts(shown)),
      // Their own words, and nothing in them is markup.
      ...(request.why === undefined ? [] : [{ type: 'section', text: plain(`“${request.why}”`) } satisfies SectionBlock]),
      ...permissions(request).map((line): KnownBlock => ({ type: 'context', elements: [plain(line, 2000)] })),
      ...story(shown).map((line) => said(line)),
      ...acts(request, state),
      { type: 'context', elements: [plain(`${request.id}${request.ticket === undefined ? '' : ` · ${request.ticket}`}`, 150)] },
    ],
  }
}

/** What is left where Slack does not take the whole of it, which is a fault of ours: enough to see it and to decide. */
export function bareMessage(shown: Shown): Message {
  const { text, color, blocks } = requestMessage({ ...shown, profile: {} })
  const kept = blocks.filter((block) => block.type === 'header' || block.type === 'actions')
  return { text, ...(color ? { color } : {}), blocks: [...kept, { type: 'context', elements: [plain(shown.request.id, 150)] }] }
}

/** The bar beside a break-glass. */
const ALARM = '#b00020'

/** A time as people read it. */
const minuteOf = (iso: unknown): string => `${String(iso).slice(0, 16).replace('T', ' ')} UTC`
export const minute = (at: Instant): string => minuteOf(toIso(at))

const said = (text: string): SectionBlock => ({ type: 'section', text: plain(text) })
/** The one thing of ours that is markup: a group of people is called. */
const calling = (group: string, words: string): SectionBlock => ({ type: 'section', text: mrkdwn(`<!subteam^${group}> ${words}`) })

/** Two columns: names of ours, and values in which nothing is markup. Slack takes ten fields a section. */
function table(rows: readonly (readonly [name: string, value: string])[]): readonly SectionBlock[] {
  const sections = Array.from({ length: Math.ceil(rows.length / ROWS) }, (_, at) => rows.slice(at * ROWS, (at + 1) * ROWS))
  return sections.map((part) => ({
    type: 'section',
    fields: part.flatMap(([name, value]) => [mrkdwn(`*${name}*`), plain(inLine(value, 500))]),
  }))
}
const ROWS = 5

/** Break-glass is told from the rest in words, not only by colour. */
function headline({ breakGlass, review }: AccessRequest, state: string): string {
  const what = breakGlass ? '🚨 BREAK-GLASS' : 'Access request'
  const became: { readonly [state: string]: string } = {
    pending: breakGlass ? 'waits for you' : 'waits for agreement',
    approved: 'approved',
    denied: 'denied',
    cancelled: 'withdrawn',
    expired: 'expired, nobody answered',
    revoked: 'revoked',
    ended: review ? 'over and reviewed' : 'over',
  }
  return `${what} ${became[state] ?? state}`
}

function facts({ request, profile, target, now }: Shown): readonly (readonly [string, string])[] {
  const { terms, limits } = request
  const risk = riskOf(terms)
  const until = request.windowEnd ?? request.pendingUntil
  const parameters = Object.entries(terms.parameters).map(([name, value]) => `${name}: ${value}`)
  return [
    ['Who', `${request.caller.name} (${request.caller.issuer})`],
    ['Profile', `${request.profile}${profile.description === undefined ? '' : `: ${profile.description}`}`],
    ['Account', `${request.target}: ${target.account} as ${terms.role.slice(terms.role.lastIndexOf('/') + 1)}`],
    ['Risk', `${risk.level}: ${risk.why}`],
    ['How long', `up to ${formatDuration(limits.duration ?? terms.maxDuration)}, ${limits.uses ?? terms.uses} times`],
    ...(request.startsAt === undefined ? [] : ([['Begins', minute(request.startsAt)]] as const)),
    [stateAt(request, now) === 'pending' ? 'Answer until' : 'Good until', minute(until)],
    ...(parameters.length > 0 ? ([['With', parameters.join(', ')]] as const) : []),
  ]
}

/** The terms in short: what a session may do. All of them are behind the button. */
function permissions({ terms }: AccessRequest): readonly string[] {
  const listed = (value: unknown) => [value ?? []].flat().map(String)
  const allows = terms.policy.filter(({ Effect }) => Effect === 'Allow')
  const lines = allows.map(
    (statement) =>
      `may ${listed(statement.Action ?? `all but ${listed(statement.NotAction)}`).join(', ')} on ${listed(statement.Resource ?? `all but ${listed(statement.NotResource)}`).join(', ')}`,
  )
  const whole = terms.policyArns.map((arn) => `may what ${arn} allows`)
  const all = lines.length + whole.length > 0 ? [...lines, ...whole] : ['may all that the role may']
  return all.length > MOST_LINES ? [...all.slice(0, MOST_LINES), `and ${all.length - MOST_LINES} more`] : all
}
const MOST_LINES = 5

/** Who has agreed, who is still needed, what was taken and what lives on. */
function story({ request, needed, now }: Shown): readonly string[] {
  const state = stateAt(request, now)
  const agreed = request.agreements.map(
    ({ approver, comment }) => `✓ ${inLine(approver.name, 80)} agreed${comment === undefined ? '' : `: ${inLine(comment)}`}`,
  )
  const missing = needed.reduce((sum, rule) => sum + rule.missing, 0)
  const live = liveSessions(request, now)
  return [
    ...agreed,
    ...(state === 'pending' && missing > 0 ? [`${missing} more ${missing === 1 ? 'person' : 'people'} must agree.`] : []),
    ...(state === 'pending' && request.unattendedAt !== undefined
      ? [`It is approved by rule at ${minute(request.unattendedAt)} unless somebody says no.`]
      : []),
    ...(request.decidedBy && state !== 'approved' ? [`${state} by ${inLine(request.decidedBy.name, 80)}`] : []),
    ...(request.sessions.length > 0
      ? [
          `${request.sessions.length} taken, ${request.usesLeft ?? 0} left${live.length > 0 ? `, ${live.length} alive until ${minute(Math.max(...live.map(({ hardEnd }) => hardEnd)))}` : ''}`,
        ]
      : []),
    ...(request.review
      ? [`Reviewed by ${inLine(request.review.by.name, 80)}: ${inLine(request.review.text)}`]
      : needsReview(request) && state !== 'pending'
        ? ['Nobody has reviewed it yet.']
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

/** Only what can still be done has a button; what may be done, and by whom, is decided when it is pressed. */
function acts(request: AccessRequest, state: string): readonly ActionsBlock[] {
  const elements = [
    ...(state === 'pending'
      ? [button(buttons.approve, 'Approve', request.id, 'primary'), button(buttons.deny, 'Deny', request.id, 'danger')]
      : []),
    ...(needsReview(request) && state !== 'pending' ? [button(buttons.review, 'Close the review', request.id)] : []),
    button(buttons.details, 'Details', request.id),
  ]
  return [{ type: 'actions', block_id: 'acts', elements }]
}

const LONGEST_LINE = 2900

/** How to use what was agreed to, for the one who asked. Never a credential. */
export function howToUse({ request }: Pick<Shown, 'request'>, broker: string): Message {
  const body = {
    profile: request.profile,
    ...(Object.keys(request.terms.parameters).length > 0 ? { parameters: request.terms.parameters } : {}),
    ...(request.terms.narrow ? { narrow: { Version: '2012-10-17', Statement: request.terms.narrow } } : {}),
    // Where one was demanded it is demanded again, with each session.
    ...(request.why === undefined ? {} : { justification: request.why }),
    requestId: request.id,
  }
  // Pasted into a shell: nothing but plain characters, and no quote within the quotes. JSON can say all of it otherwise.
  const plainJson = (value: object) =>
    JSON.stringify(value).replace(/[^\x20-\x7E]|['`]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const line = (more: object) =>
    `curl -s ${broker}/sessions -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '${plainJson({ ...body, ...more })}'`
  const code = (text: string): SectionBlock => {
    const shown = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    // A line of our making, in which whoever reads it as mrkdwn finds plain characters alone.
    return shown.length > LONGEST_LINE
      ? said(`It is too long to be shown here: ${broker}/requests/${request.id} has its parts.`)
      : { type: 'section', text: mrkdwn(`\`\`\`${shown}\`\`\``) }
  }
  return {
    text: notice(`You may enter ${request.profile}`),
    blocks: [
      { type: 'header', text: plain(`You may enter ${request.profile}`, 150) },
      said('With a fresh token of yours in TOKEN, for a shell:'),
      code(`eval "$(${line({ format: 'env' })})"`),
      said('For the console, the address to open is in the answer:'),
      code(line({ format: 'console' })),
      { type: 'context', elements: [plain(request.id, 150)] },
    ],
  }
}

/** What came of it, where that is nothing to use. */
export function outcomeMessage({ request }: Pick<Shown, 'request'>, state: string): Message {
  const by = request.decidedBy === undefined ? '' : ` by ${request.decidedBy.name}`
  const words = `${request.profile}: ${state}${by}`
  return {
    text: notice(words),
    blocks: [said(inLine(words)), { type: 'context', elements: [plain(request.id, 150)] }],
  }
}

/** One event as a line of the thread. `loud`: the channel sees it too. */
export type Told = { readonly message: Message; readonly loud: boolean }

export function threadMessage(event: ReadEvent, { request, needed, onCall, now }: Shown): Told | undefined {
  const by = event.by === undefined ? '' : inLine((event.by as CallerRef).name, 80)
  const comment = typeof event.comment === 'string' ? `: ${inLine(event.comment)}` : ''
  const missing = needed.reduce((sum, rule) => sum + rule.missing, 0)
  const lines: { readonly [type: string]: string | undefined } = {
    'request.agreed': `${by} agreed${comment}`,
    'request.approved': `Approved${event.unattended ? ' by rule: nobody said no in time' : ''}: ${event.uses} sessions until ${minuteOf(event.until)}`,
    'request.denied': `${by} said no${comment}`,
    'request.cancelled': `${by} no longer wants it${comment}`,
    'request.revoked': `${by} revoked it${comment}`,
    'request.expired': 'Nobody answered in time.',
    'request.ended': 'Its window is over.',
    'request.escalated': 'No answer so far: more people may agree now.',
    'request.reminded':
      request.windowStart === undefined
        ? `This still waits for ${missing} ${missing === 1 ? 'person' : 'people'}.`
        : 'Nobody has reviewed this break-glass yet.',
    'request.reviewed': `${by} closed the review${comment}`,
    'session.issued': `${inLine(request.caller.name, 80)} took a session until ${minuteOf(event.expiration)} · ${inLine(String(event.session), 100)}`,
    'session.failed': `A session could not be had: ${inLine(String(event.reason))}`,
  }
  const line = lines[event.type]
  if (line === undefined) return undefined
  const asksForReview = needsReview(request) && (event.type === 'request.approved' || event.type === 'request.reminded')
  const review: readonly KnownBlock[] = asksForReview
    ? [{ type: 'actions', block_id: 'acts', elements: [button(buttons.review, 'Close the review', request.id)] }]
    : []
  // Nobody is called about what was decided before this could be said.
  const loud = LOUD.includes(event.type) && (stateAt(request, now) === 'pending' || asksForReview)
  const called = loud && request.breakGlass && onCall !== undefined
  return { message: { text: notice(line, 300), blocks: [called ? calling(onCall, line) : said(line), ...review] }, loud }
}
const LOUD: readonly string[] = ['request.escalated', 'request.reminded']

/** To the Slack user who was linked, or is no longer: whoever did not do it should know at once. */
export function linkMessage(event: ReadEvent): Message {
  const name = inLine((event.by as CallerRef).name, 80)
  const line =
    event.type === 'link.made'
      ? `You are linked to ${name}, until ${minuteOf(event.until)}. What you decide here counts as theirs, from ten minutes on. If that was not you: /stint unlink, and tell your security team.`
      : `You are no longer linked to ${name}.`
  return { text: notice(line, 300), blocks: [said(line)] }
}
