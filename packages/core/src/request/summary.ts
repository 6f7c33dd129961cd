/**
 * A request in plain words, for its approvers. The Slack message, the Slack modals and the decide page all show these lines:
 * requester, account, role, permissions, risk, duration, uses and justifications. Values are safe to show (`shown-text.ts`);
 * each channel adds its own escaping.
 */
import type { StatementJson } from '@stint/iam'
import { formatDuration } from '../duration.ts'
import { shownRequester } from '../identity/shown.ts'
import { type Instant, toIso } from '../instant.ts'
import { lastingAccessNames } from '../scope/lasting-access.ts'
import { widestFirst } from '../scope/plain-words.ts'
import { riskOf } from '../scope/risk.ts'
import type { Terms } from '../scope/terms.ts'
import { isolated, shownLine, shownText } from '../shown-text.ts'
import { grantFrom } from './machine.ts'
import { type AccessRequest, type Limits, liveSessions, stateAt } from './request.ts'
import { liveUntil } from './session.ts'

/** `at`: the instant that the value says in UTC, for a channel that shows it in the reader's zone. */
export type Fact = readonly [name: string, value: string, at?: Instant]

export type Summary = {
  readonly facts: readonly Fact[]
  /** What the session is allowed to do, line by line. */
  readonly permissions: readonly string[]
  /** Those that were added later say when. Each may have several lines. */
  readonly justifications: readonly string[]
}

/** What the deployed config says about the profile and its target. */
export type TargetFacts = { readonly description?: string; readonly account: string }

/** The longest value of a fact: a line of a message, or a cell of a table. */
const LONGEST_VALUE = 500
const line = (text: string): string => isolated(shownLine(text, LONGEST_VALUE))

/** The most that an approval can grant: what was requested, with the limits that other approvers set. It can be shortened, never lengthened. */
export const mostOf = (request: AccessRequest): Required<Limits> => grantFrom(request, request.approvals, request.createdAt).limits

export function summaryOf(request: AccessRequest, place: TargetFacts, now: Instant): Summary {
  const { terms } = request
  const { duration, uses } = mostOf(request)
  const state = stateAt(request, now)
  const facts: readonly Fact[] = [
    ['Requester', shownRequester(request)],
    ...(request.fullSubject === undefined ? [] : [['Subject', line(request.fullSubject)] as const]),
    ...(request.triggeredBy === undefined ? [] : [['Triggered by', line(request.triggeredBy)] as const]),
    ['Profile', line(`${request.profile}${place.description === undefined ? '' : `: ${place.description}`}`)],
    ['Account', line(`${place.account} (${request.target})`)],
    ['Role', line(terms.role)],
    ...termsFacts(terms),
    ['Duration', durationText(duration, terms)],
    ['Uses', uses === 1 ? '1 session' : `${uses} sessions`],
    ...(request.startsAt === undefined ? [] : [instantFact('Starts', request.startsAt)]),
    ...(state === 'pending'
      ? [instantFact('Decide by', request.expiresAt)]
      : request.windowExpiresAt === undefined || state === 'revoked'
        ? []
        : [instantFact('Valid until', request.windowExpiresAt)]),
    ...Object.entries(terms.parameters).map(([name, value]) => [shownLine(`Parameter ${name}`, 80), line(value)] as const),
    ...(request.extends === undefined ? [] : [['Extends', request.extends] as const]),
    ...(request.ticket === undefined ? [] : [['Ticket', line(request.ticket)] as const]),
  ]
  return {
    facts,
    permissions: permissionsOf(terms),
    justifications: [
      ...(request.justification === undefined ? [] : [isolated(shownText(request.justification))]),
      ...(request.moreJustifications ?? []).map(({ at, text }) => `Added ${minute(at)}: ${isolated(shownText(text))}`),
    ],
  }
}

const instantFact = (name: string, at: Instant): Fact => [name, minute(at), at]

const durationText = (longest: number, { renew }: Pick<Terms, 'renew'>): string =>
  `up to ${formatDuration(longest)} per session${renew === undefined ? '' : `, with credentials that are renewed every ${formatDuration(renew)}`}`

/** Facts that follow from the terms alone. Add further warnings about terms here. */
function termsFacts(terms: Terms): readonly Fact[] {
  const { level, why } = riskOf(terms)
  const lasting = lastingAccessNames(terms)
  return [['Risk', line(`${level}: ${why}`)], ...(lasting === undefined ? [] : [['Can create lasting access', line(lasting)] as const])]
}

/** A session policy has at most 2,048 characters. Marks for hidden characters make a statement longer. */
const LONGEST_PERMISSION = 4000

/**
 * Every statement with its conditions. What allows most comes first, because a message shows only the first lines. STS takes the union of
 * the inline policy and the managed policies. Without either, only the role limits the session.
 */
export function permissionsOf({ policy, policyArns }: Pick<Terms, 'policy' | 'policyArns'>): readonly string[] {
  const level = (statement: StatementJson) => levels.indexOf(riskOf({ policy: [statement], policyArns: [] }).level)
  const allows = policy.filter(({ Effect }) => Effect === 'Allow').toSorted((a, b) => level(a) - level(b) || narrowness(a) - narrowness(b))
  const denies = policy.filter(({ Effect }) => Effect === 'Deny')
  const given = [...allows.map(permission), ...policyArns.map((arn) => `everything ${arn} allows`)]
  const lines = [...(given.length === 0 ? [EVERYTHING] : given), ...denies.map((deny) => `Deny ${permission(deny)}`)]
  return lines.map((text) => isolated(shownLine(text, LONGEST_PERMISSION)))
}
const EVERYTHING = 'everything the role allows'
const levels: readonly string[] = ['high', 'medium', 'low']
/** Of statements of one level, those with the shortest wildcard come first. */
function narrowness({ Resource, NotResource }: StatementJson): number {
  const [widest = ''] = widestFirst([Resource ?? []].flat())
  return NotResource === undefined ? (/[*?]/.test(widest) ? widest.length : LONGEST_PERMISSION) : 0
}

function permission({ Effect, Action, NotAction, Resource, NotResource, Condition }: StatementJson): string {
  // A name with spaces is between quotation marks, as all values of conditions are.
  const conditions = Condition === undefined ? '' : `, if ${JSON.stringify(Condition)}`
  if (Effect === 'Allow' && listed(Action) === '*' && listed(Resource) === '*') return `${EVERYTHING}${conditions}`
  const actions = Action === undefined ? `every action except ${listed(NotAction)}` : listed(Action)
  const resources = Resource === undefined ? `everything except ${listed(NotResource)}` : listed(Resource)
  return `${actions} on ${resources}${conditions}`
}
const listed = (value: string | readonly string[] | undefined): string =>
  widestFirst([value ?? []].flat())
    .map(quotedName)
    .join(', ')
const quotedName = (name: string): string => (/^[\w.:/*?$}{@+=~#-]+$/.test(name) ? name : JSON.stringify(name))

/** An instant to the minute, for readers. */
export const minute = (at: Instant): string => minuteOf(toIso(at))
export const minuteOf = (iso: unknown): string => `${String(iso).slice(0, 16).replace('T', ' ')} UTC`

/** The sessions that still work: how many, until when, and how often they were renewed. Undefined if there are none. */
export function liveFacts(request: Pick<AccessRequest, 'sessions'>, now: Instant) {
  const live = liveSessions(request, now)
  if (live.length === 0) return undefined
  const renewed = live.flatMap((session) => session.renewed ?? [])
  const times = renewed.reduce((sum, { count }) => sum + count, 0)
  return {
    count: live.length,
    until: Math.max(...live.map(liveUntil)),
    ...(times === 0
      ? {}
      : { renewed: { times: times === 1 ? 'once' : `${times} times`, lastAt: Math.max(...renewed.map(({ at }) => at)) } }),
  }
}

/** The same, in words. */
export function liveText(request: Pick<AccessRequest, 'sessions'>, now: Instant): string | undefined {
  const live = liveFacts(request, now)
  if (!live) return undefined
  const { count, until, renewed } = live
  return `${count}, until ${minute(until)}${renewed ? `, renewed ${renewed.times}, last at ${minute(renewed.lastAt)}` : ''}`
}
