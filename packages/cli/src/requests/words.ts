/** A request for a terminal. What an approver decides by comes first: who, what, how long, why. */

import { formatDuration } from '@stint/core/duration'
import { withIdentity } from '@stint/core/identity/shown'
import { ruleInWords } from '@stint/core/request/approver-words'
import { limitWords } from '@stint/core/request/limit-words'
import type { CallerView, RequestView, SessionView } from '../broker/views.ts'
import { factsText, fromNow, tableText } from '../frame/words.ts'
import { shownLine } from '../output.ts'

export function requestText(request: RequestView, now: number): string {
  const parameters = Object.entries(request.terms.parameters ?? {})
  const durations = [request.limits, ...request.approvals.map(({ limits }) => limits)].flatMap(({ duration }) => duration ?? [])
  const facts: (readonly [string, string])[] = [
    ['Request', request.id],
    ['State', stateWords(request, now)],
    ...(request.breakGlass ? [['BREAK-GLASS', 'an emergency; another person reviews it afterwards'] as const] : []),
    ['Requester', withIdentity(request.caller.name, request.identity)],
    ...(request.fullSubject === undefined ? [] : [['Subject', request.fullSubject] as const]),
    ['Profile', `${request.profile} on ${request.target}`],
    ['Role', request.roleArn],
    ...parameters.map(([name, value]) => ['Parameter', `${name} = ${value}`] as const),
    ...(request.justification === undefined ? [] : [['Justification', request.justification] as const]),
    ...(request.moreJustifications ?? []).map(({ at, text }) => ['Added', `${text} (${fromNow(at, now)})`] as const),
    ...(request.extends === undefined ? [] : [['Extends', request.extends] as const]),
    ...(request.ticket === undefined ? [] : [['Ticket', request.ticket] as const]),
    ...(request.lastingAccess
      ? [['Lasting', `a session can create access that outlives it: ${request.lastingAccess.join(', ')}`] as const]
      : []),
    ...(durations.length === 0 ? [] : [['At most', formatDuration(Math.min(...durations))] as const]),
    ...(request.usesLeft === undefined ? [] : [['Uses left', String(request.usesLeft)] as const]),
    ['Created', `${request.createdAt} (${fromNow(request.createdAt, now)})`],
    ...request.approval.map((rule) => ['Needs', `${ruleInWords(rule)} (${rule.missing} missing)`] as const),
    ...request.approvals.map(
      ({ approver, at, channel, limits, comment }) =>
        [
          'Approved',
          `${withIdentity(approver.name, `${approver.issuer}/${approver.subject}`)} at ${at}, ${channel}${limitWords(limits)}${comment === undefined ? '' : `: ${comment}`}`,
        ] as const,
    ),
    ...(request.decidedBy ? [['Decided by', decisionWords(request.decidedBy, request)] as const] : []),
    ...(typeof request.review === 'string'
      ? request.review === 'none'
        ? []
        : [['Review', request.review] as const]
      : [['Review', `${request.review.by.name}: ${request.review.text}`] as const]),
    ...request.sessions.map(
      (session) => ['Session', `${session.id} ${sessionStateText(session, now)}, until ${session.endedAt ?? session.expiresAt}`] as const,
    ),
  ]
  const next =
    request.may.length === 0 ? '' : `\nYou can: ${request.may.map((act) => `stint ${act} ${shownLine(request.id)}`).join('\n         ')}\n`
  return `${factsText(facts)}${next}`
}

/** The state of a session, with what it does not say: why, and how often the session was renewed. */
export function sessionStateText({ state, failure, endedBy, renewed }: SessionView, now: number): string {
  const why = failure ?? (endedBy === undefined ? undefined : `by ${endedBy}`)
  const times = renewed && `renewed ${renewed.count === 1 ? 'once' : `${renewed.count} times`}, last ${fromNow(renewed.at, now)}`
  const more = [why, times].filter((one) => one !== undefined)
  return more.length === 0 ? state : `${state} (${more.join('; ')})`
}

const decisionWords = ({ name, issuer, subject }: CallerView, { decidedAt, decisionComment }: RequestView): string =>
  [
    withIdentity(name, `${issuer}/${subject}`),
    ...(decidedAt === undefined ? [] : [` at ${decidedAt}`]),
    ...(decisionComment === undefined ? [] : [`: ${decisionComment}`]),
  ].join('')

const stateWords = ({ state, expiresAt, window }: RequestView, now: number): string => {
  if (state === 'pending' && expiresAt !== undefined) return `pending, expires ${fromNow(expiresAt, now)}`
  if (state === 'approved' && window) return `approved, usable until ${window.expiresAt} (${fromNow(window.expiresAt, now)})`
  return state
}

export const requestsTable = (requests: readonly RequestView[], now: number, columns?: number): string =>
  tableText(
    ['request', 'state', 'profile', 'requester', 'created', 'justification'],
    requests.map(({ id, state, profile, caller, identity, createdAt, justification }) => [
      id,
      state,
      profile,
      withIdentity(caller.name, identity),
      fromNow(createdAt, now),
      justification ?? '',
    ]),
    columns,
  )
