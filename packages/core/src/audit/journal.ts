/**
 * The rules of a journal, checked from the log: every credential follows its intent and its approval, no use is taken twice,
 * nothing follows an end, and every session matches its request. Only the events are needed, so anyone with the log can check
 * that Stint followed the rules.
 *
 * A journal is stepped through event by event, in order. Of an erased event only the type is known, and rules that need its
 * content are not checked.
 */

import { freezeIdOf } from '../access/freeze.ts'
import { CODE_SECONDS, LINK_DAYS, type LinkId, linkId } from '../identity/link.ts'
import { days, type Instant, instantOf, seconds } from '../instant.ts'
import { missing } from '../request/approval.ts'
import type { GivenApproval } from '../request/request.ts'
import { SPARE_ATTEMPTS } from '../request/session.ts'
import { NO_CONFIG } from './event.ts'
import {
  agreedFaults,
  approvedFaults,
  askedFaults,
  askedOf,
  createdOf,
  grantFaults,
  idFault,
  type RequestFacts,
  receivedOf,
} from './request-facts.ts'
import type { EventType, ReadEvent } from './schema.ts'
import {
  closedFaults,
  droppedFaults,
  issuedFaults,
  type OpenSession,
  openedSession,
  reservedFaults,
  type Shared,
  sharedOf,
} from './session-facts.ts'

export const stages = [
  'new',
  'pending',
  'approved',
  'over',
  'erased',
  'retired',
  'frozen',
  'released',
  'linking',
  'linked',
  'unlinked',
  'fact',
] as const
export type Stage = (typeof stages)[number]
type PersonRef = { readonly issuer: string; readonly subject: string; readonly kind: string }

/**
 * How far apart the clocks of two functions can be. Within one journal, no event is dated earlier than one before it by more
 * than this.
 */
export const CLOCK_TOLERANCE_SECONDS = 60

/**
 * The state of a journal between two of its events. A verifier keeps hundreds of thousands of them, so a stage drops what it no
 * longer needs.
 */
export type Journal = {
  stage: Stage
  /** An erased event was passed, whose content is unknown. */
  blind: boolean
  /** The content of at least one event was checked. */
  told: boolean
  /** An event was erased, and a `request.erased` event recorded it. */
  erased: boolean
  erasureTold: boolean
  /** The request was approved, and the access was reviewed. */
  granted: boolean
  reviewed: boolean
  /** The requester. */
  caller: string
  usesLeft: number
  expiresAt: Instant
  /** The latest time of an event, and the latest end of issued credentials. */
  latest: Instant
  liveUntil: Instant
  /** The request and its decisions, while sessions or decisions can still be checked against them. */
  facts: RequestFacts | undefined
  /** While the request is pending: the approvals that are needed and those that were given. */
  waiting:
    | {
        readonly needs: readonly number[]
        readonly unattendedAt: Instant
        readonly approvals: Pick<GivenApproval, 'person' | 'rules'>[]
        /** When the latest approval was given. */
        approvedAt: Instant
      }
    | undefined
  /** While the request can be used: open sessions, closed ones, how many returned their use, and what all have in common. */
  sessions: { readonly open: Map<string, OpenSession>; readonly closed: Set<string>; readonly shared: Shared; failed: number } | undefined
  /** The person who asked to release the freeze. */
  releaseAskedBy: string
  /** The Slack user who entered a code, the time, and the Slack user who is linked. */
  slack: string
  typedAt: Instant
  linked: string
}

export const newJournal = (): Journal => ({
  stage: 'new',
  blind: false,
  told: false,
  erased: false,
  erasureTold: false,
  granted: false,
  reviewed: false,
  caller: '',
  usesLeft: 0,
  expiresAt: 0,
  latest: 0,
  liveUntil: 0,
  facts: undefined,
  waiting: undefined,
  sessions: undefined,
  releaseAskedBy: '',
  slack: '',
  typedAt: 0,
  linked: '',
})

const idOf = (person: unknown): string => `${(person as PersonRef).issuer}#${(person as PersonRef).subject}`
const isHuman = (person: unknown): boolean => (person as PersonRef).kind === 'human'

/** The stages in which each event is possible. */
const from: { readonly [type in EventType]: readonly Stage[] } = {
  'request.created': ['new'],
  'request.asked': ['new'],
  'request.received': ['pending'],
  'request.refused': ['new'],
  'request.refusals-capped': ['new'],
  'approval.given': ['pending'],
  'request.approved': ['pending'],
  'request.denied': ['pending'],
  'request.cancelled': ['pending'],
  'request.revoked': ['pending', 'approved'],
  'request.expired': ['pending'],
  'request.ended': ['approved'],
  'request.escalated': ['pending'],
  'request.reminded': ['pending', 'approved', 'over'],
  'request.reviewed': ['approved', 'over'],
  'request.erased': ['approved', 'over', 'retired', 'linking', 'linked', 'unlinked'],
  'request.restored': ['pending', 'approved', 'over'],
  'request.retired': ['approved', 'over', 'erased'],
  'session.reserved': ['approved'],
  'session.issued': ['approved'],
  'session.failed': ['approved', 'over'],
  'session.answer-dropped': ['approved', 'over'],
  'session.abandoned': ['approved', 'over'],
  'freeze.set': ['new', 'frozen', 'released'],
  'freeze.release-asked': ['frozen'],
  'freeze.released': ['frozen'],
  'freeze.deploy-released': ['frozen'],
  // A person whose links were erased can be linked again.
  'link.pending': ['new', 'linking', 'linked', 'unlinked', 'erased'],
  'link.made': ['new', 'linking', 'linked', 'unlinked', 'erased'],
  'link.ended': ['linking', 'linked'],
  'config.seen': ['new'],
  'log.started': ['new'],
  'table.restored': ['new'],
}

/** The stage after an event, if it changes the stage. */
const to: { readonly [type in EventType]?: Stage } = {
  'request.created': 'approved',
  'request.asked': 'pending',
  'request.refused': 'over',
  'request.refusals-capped': 'over',
  'request.approved': 'approved',
  'request.denied': 'over',
  'request.cancelled': 'over',
  'request.revoked': 'over',
  'request.expired': 'over',
  'request.erased': 'erased',
  'request.ended': 'over',
  'request.restored': 'over',
  'request.retired': 'retired',
  'freeze.set': 'frozen',
  'freeze.released': 'released',
  'freeze.deploy-released': 'released',
  'link.pending': 'linking',
  'link.made': 'linked',
  'link.ended': 'unlinked',
  'config.seen': 'fact',
  'log.started': 'fact',
  'table.restored': 'fact',
}

/**
 * Takes the next event of a journal and returns the rules that it breaks. `event` is absent if it was erased. Rules that span
 * journals are checked in `across.ts`, before the step.
 */
export function step(journal: Journal, type: EventType, event: ReadEvent | undefined): readonly string[] {
  // In any stage: the erasure was recorded, so the missing events were not removed silently.
  if (type === 'request.erased' && event) journal.erasureTold = true
  const misdated = event ? timeFaults(journal, event) : none
  if (!from[type].includes(journal.stage)) {
    const ended = ['retired', 'erased'].includes(journal.stage) || (journal.stage === 'over' && type.startsWith('session.'))
    return [...misdated, ended ? `${type} after the end` : `${type} where the journal is ${journal.stage}`]
  }
  if (!event) journal.blind = true
  const faults = event ? judge(journal, event) : none
  if (event) journal.told = true
  journal.stage = to[type] ?? journal.stage
  release(journal)
  return misdated.length > 0 ? [...misdated, ...faults] : faults
}

const none: readonly string[] = []
/** The fault, if the rule is broken. */
const when = (broken: boolean, what: string): readonly string[] => (broken ? [what] : none)

/** Drops what the journal no longer needs. */
function release(journal: Journal): void {
  if (journal.stage !== 'pending') journal.waiting = undefined
  if (journal.stage === 'erased' || journal.stage === 'unlinked') journal.linked = ''
  const over = journal.stage !== 'pending' && journal.stage !== 'approved'
  if (over) journal.facts = undefined
  if (journal.sessions && journal.sessions.open.size > 0) return
  // Without a use left and without an open session, every further session breaks a rule, whatever its ID.
  if (journal.sessions && (journal.usesLeft <= 0 || (over && !journal.blind))) journal.sessions = undefined
  if (journal.stage === 'approved' && journal.usesLeft <= 0) journal.facts = undefined
}

/** Operators write these events with commands, without a config and by the clock of their own machine, which proves nothing about other events. */
const writtenByHand: readonly EventType[] = ['request.erased', 'request.restored', 'freeze.set']
export const isByHand = ({ type, config }: Pick<ReadEvent, 'type' | 'config'>): boolean =>
  config === NO_CONFIG && writtenByHand.includes(type)

function timeFaults(journal: Journal, event: ReadEvent): readonly string[] {
  if (isByHand(event)) return none
  const [at, latest] = [instantOf(event.at), journal.latest]
  journal.latest = Math.max(at, latest)
  return when(at < latest - seconds(CLOCK_TOLERANCE_SECONDS), `dated ${Math.ceil((latest - at) / 1000)} s before an event that precedes it`)
}

/** The faults of an event that is possible in this stage. */
function judge(journal: Journal, event: ReadEvent): readonly string[] {
  const { facts } = journal
  if (!facts?.awaitsReceived || event.type === 'request.received' || journal.blind) return judged(journal, event)
  facts.awaitsReceived = false
  return ['asked without the request.received event that belongs to it', ...judged(journal, event)]
}

function judged(journal: Journal, event: ReadEvent): readonly string[] {
  const at = instantOf(event.at)
  const { facts, blind } = journal
  switch (event.type) {
    case 'request.created':
      journal.caller = idOf(event.caller)
      journal.usesLeft = event.uses as number
      journal.expiresAt = instantOf(event.expiresAt)
      journal.facts = createdOf(event)
      return [...grantFaults(event), ...idFault(event)]
    case 'request.refused':
    case 'request.refusals-capped':
      return idFault(event)
    case 'request.asked':
      journal.caller = idOf(event.caller)
      journal.facts = askedOf(event)
      journal.waiting = {
        needs: event.needs as readonly number[],
        unattendedAt: event.unattendedAt === undefined ? Number.POSITIVE_INFINITY : instantOf(event.unattendedAt),
        approvals: [],
        approvedAt: 0,
      }
      return [...when((journal.facts.expiresAt ?? Number.POSITIVE_INFINITY) <= at, 'expired before it was asked'), ...askedFaults(event)]
    case 'request.received':
      return facts && !blind ? receivedOf(facts, event) : none
    case 'approval.given':
      return blind ? none : agreed(journal, event)
    case 'request.approved':
      return approved(journal, event)
    case 'request.expired':
      return when(!blind && at < (facts?.expiresAt ?? 0), 'expired before its time')
    case 'request.reviewed':
      return reviewed(journal, event)
    case 'request.cancelled':
      return when(!blind && idOf(event.by) !== journal.caller, 'cancelled by a caller other than its requester')
    case 'request.denied':
      return [
        ...when(!blind && idOf(event.by) === journal.caller, 'denied by its own requester'),
        ...when(!isHuman(event.by), 'denied by a workload'),
      ]
    case 'request.revoked':
      return when(!blind && !isHuman(event.by) && idOf(event.by) !== journal.caller, 'revoked by a workload that did not ask for it')
    case 'request.ended':
      return when(!blind && at < journal.expiresAt, 'ended before its window was over')
    case 'request.erased':
      return journal.erased && journal.told ? ['erased in part: only some of the events before it are gone'] : live(journal, event)
    case 'request.restored':
      journal.sessions = undefined
      journal.liveUntil = 0
      return none
    case 'request.retired':
      return live(journal, event)
    case 'session.reserved':
      return reserved(journal, event)
    case 'session.issued':
    case 'session.failed':
    case 'session.abandoned':
      return closed(journal, event)
    case 'session.answer-dropped':
      return dropped(journal, event)
    case 'link.pending':
    case 'link.made':
    case 'link.ended':
      return [
        ...when(linkId(event.by as PersonRef) !== (event.request as LinkId), 'a link of another person than that of this journal'),
        ...linked(journal, event),
      ]
    case 'freeze.set':
    case 'freeze.release-asked':
    case 'freeze.released':
    case 'freeze.deploy-released':
      return [
        ...when(freezeIdOf(event.scope as string) !== event.request, 'a freeze of another scope than that of this journal'),
        ...frozen(journal, event),
      ]
    case 'config.seen':
      return when(event.config === NO_CONFIG, 'no config')
    default:
      return none
  }
}

function agreed(journal: Journal, event: ReadEvent): readonly string[] {
  const { waiting, facts } = journal
  if (!waiting) return none
  const [person, rules] = [idOf(event.by), event.rules as readonly number[]]
  const barred =
    person === journal.caller
      ? 'approved by its own requester'
      : !isHuman(event.by)
        ? 'approved by a workload'
        : waiting.approvals.some((other) => other.person === person) && 'approved twice by one person'
  waiting.approvedAt = instantOf(event.at)
  if (!barred) waiting.approvals.push({ person: person as GivenApproval['person'], rules })
  const isOpen = (rule: number) => rule >= 0 && rule < waiting.needs.length
  return [
    ...(barred ? [barred] : none),
    ...when(rules.length === 0 || !rules.every(isOpen), 'approved under a rule that the request does not have'),
    ...channelFault(event),
    ...(facts ? agreedFaults(facts, event) : none),
  ]
}

function approved(journal: Journal, event: ReadEvent): readonly string[] {
  journal.usesLeft = event.uses as number
  journal.expiresAt = instantOf(event.expiresAt)
  journal.granted = true
  if (journal.blind) return none
  const unagreed = !event.unattended
    ? 'approved without the approvals that it needs'
    : instantOf(event.at) < (journal.waiting?.unattendedAt ?? 0) && 'approved unattended before its delay had passed'
  // The last approval and the resulting approved event are a single write.
  const isLate = !event.unattended && journal.waiting !== undefined && journal.waiting.approvedAt !== instantOf(event.at)
  return [
    ...(unagreed && !quorum(journal) ? [unagreed] : when(isLate, 'approved at a time other than that of its last approval')),
    ...(journal.facts ? approvedFaults(journal.facts, event) : none),
  ]
}

/** Slack signs for its users. Every other channel knows the IP address of its caller. */
const channelFault = ({ type, channel, source }: ReadEvent): readonly string[] =>
  when((channel === 'slack') !== String(source).startsWith('slack:'), `${type} over ${channel} with the source of another channel`)

const quorum = ({ waiting }: Journal): boolean =>
  waiting !== undefined &&
  waiting.needs.length > 0 &&
  missing({ rules: waiting.needs.map((count) => ({ count })) }, waiting.approvals).every((count) => count === 0)

function reviewed(journal: Journal, event: ReadEvent): readonly string[] {
  const { blind, granted, reviewed: before } = journal
  journal.reviewed = true
  if (blind) return none
  return [
    ...when(idOf(event.by) === journal.caller, 'reviewed by its own requester'),
    ...when(!isHuman(event.by), 'reviewed by a workload'),
    ...when(!granted, 'reviewed although access was never approved'),
    ...when(before, 'reviewed twice'),
  ]
}

function live(journal: Journal, event: ReadEvent): readonly string[] {
  const at = instantOf(event.at)
  if (journal.sessions && journal.sessions.open.size > 0) return [`${event.type} with a session open`]
  return [
    ...when(!journal.blind && journal.stage === 'approved' && at < journal.expiresAt, `${event.type} while it could be used`),
    ...when(journal.stage !== 'retired' && at < journal.liveUntil, `${event.type} while its credentials were still valid`),
  ]
}

function reserved(journal: Journal, event: ReadEvent): readonly string[] {
  const session = event.session as string
  if (!session.startsWith(`${event.request}.`)) return ['reserved for a session of another request']
  journal.sessions ??= { open: new Map(), closed: new Set(), shared: sharedOf(event), failed: 0 }
  const { open, closed: before, shared } = journal.sessions
  if (open.has(session) || before.has(session)) return ['reserved twice']
  const isTooMany = !journal.blind && journal.sessions.failed >= journal.usesLeft + SPARE_ATTEMPTS
  const facts = journal.blind ? undefined : journal.facts
  open.set(session, openedSession(event, facts))
  const faults = [...when(isTooMany, `reserved after ${journal.sessions.failed} failed attempts`), ...reservedFaults(event, shared, facts)]
  if (journal.blind) return faults
  journal.usesLeft--
  if (journal.usesLeft < 0) return ['reserved without a use left', ...faults]
  return instantOf(event.at) >= journal.expiresAt ? ['reserved after its window', ...faults] : faults
}

/** The session stays open, because it is not known whether it exists. The sweeper closes it. */
function dropped(journal: Journal, event: ReadEvent): readonly string[] {
  const session = event.session as string
  const open = journal.sessions?.open.get(session)
  if (open) {
    const faults = droppedFaults(event, open)
    open.dropped = true
    return faults
  }
  return when(!journal.blind || journal.sessions?.closed.has(session) === true, `${event.type} without an open intent before it`)
}

/** A session is closed once, and only after its intent. A failed or abandoned session returns its use. */
function closed(journal: Journal, event: ReadEvent): readonly string[] {
  const session = event.session as string
  const open = journal.sessions?.open.get(session)
  if (!journal.sessions || !open)
    return when(!journal.blind || journal.sessions?.closed.has(session) === true, `${event.type} without an open intent before it`)
  journal.sessions.open.delete(session)
  journal.sessions.closed.add(session)
  if (event.type === 'session.issued') {
    journal.liveUntil = Math.max(journal.liveUntil, open.end)
    return issuedFaults(event, open)
  }
  journal.usesLeft++
  journal.sessions.failed++
  return closedFaults(event, open)
}

function linked(journal: Journal, event: ReadEvent): readonly string[] {
  const [slack, at] = [event.slack as string, instantOf(event.at)]
  const { blind, slack: typed, typedAt, linked: before } = journal
  if (event.type === 'link.pending') {
    journal.slack = slack
    journal.typedAt = at
    return none
  }
  if (event.type === 'link.ended') {
    journal.linked = ''
    return when(!blind && before !== slack, 'unlinked from a Slack user who was not linked')
  }
  journal.slack = ''
  journal.linked = slack
  // A Slack user must have entered the code, unless the link was made by the verified email address.
  const byCode = event.email !== true && !blind
  return [
    ...when(byCode && typed !== slack, 'linked to a Slack user who did not enter the code'),
    ...when(
      byCode && typed === slack && at >= typedAt + seconds(CODE_SECONDS),
      `linked more than ${CODE_SECONDS} s after the code was entered`,
    ),
    ...when(instantOf(event.expiresAt) !== at + days(LINK_DAYS), `linked for other than ${LINK_DAYS} days`),
  ]
}

function frozen(journal: Journal, event: ReadEvent): readonly string[] {
  const { releaseAskedBy: first } = journal
  journal.releaseAskedBy = event.type === 'freeze.release-asked' ? idOf(event.by) : ''
  return [
    ...when(event.type === 'freeze.released' && (first === '' || first === idOf(event.by)), 'released without two people'),
    ...when(event.by !== undefined && !isHuman(event.by), `${event.type} by a workload`),
    ...when(event.expiresAt !== undefined && instantOf(event.expiresAt) <= instantOf(event.at), 'set with an end before its start'),
  ]
}
