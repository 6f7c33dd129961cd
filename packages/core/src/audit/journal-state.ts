/** What is remembered of a journal while its events are checked, and the stages that it passes through. */
import type { Instant } from '../instant.ts'
import type { GivenApproval } from '../request/request.ts'
import type { RenewableSession } from './renewal-steps.ts'
import type { RequestFacts } from './request-facts.ts'
import type { EventType } from './schema.ts'
import type { OpenSession, Shared } from './session-facts.ts'
import type { AwaitedText } from './text-facts.ts'

export const stages = [
  'new',
  'pending',
  'approved',
  'over',
  // The window of the request has ended. A session can go on.
  'ended',
  'erased',
  'retired',
  'frozen',
  'released',
  'linking',
  'linked',
  'unlinked',
  'fact',
] as const
export type JournalStage = (typeof stages)[number]
export type PersonRef = { readonly issuer: string; readonly subject: string; readonly kind: string }

/** How far apart the clocks of two functions can be. */
export const CLOCK_TOLERANCE_SECONDS = 60
/** How long after a function dated an event its write can still reach the table: the network can deliver a request late, or twice. */
const LATE_WRITE_SECONDS = 120
/** Within one journal, no event is dated earlier than one before it by more than this. */
export const ORDER_TOLERANCE_SECONDS = CLOCK_TOLERANCE_SECONDS + LATE_WRITE_SECONDS

/**
 * The state of a journal between two of its events. A verifier keeps hundreds of thousands of them, so a stage drops what it no
 * longer needs.
 */
export type Journal = {
  stage: JournalStage
  /** An erased event was passed, whose content is unknown. */
  blind: boolean
  /** The content of at least one event was checked. */
  seen: boolean
  /** An event was erased, and a `request.erased` event recorded it. */
  erased: boolean
  erasureRecorded: boolean
  /** The request was approved, and the access was reviewed. */
  granted: boolean
  reviewed: boolean
  /** The requester. */
  caller: string
  usesLeft: number
  /** How many more sessions can be reserved, whatever becomes of them. An approver who allows fewer uses does not change that. */
  attemptsLeft: number
  expiresAt: Instant
  /** The latest time of an event, and the latest end of issued credentials. */
  latest: Instant
  liveUntil: Instant
  /** The request and its decisions, while sessions or decisions can still be checked against them. */
  facts: RequestFacts | undefined
  /** Texts for which the last event had no room, while parts of them are missing. */
  texts: readonly AwaitedText[] | undefined
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
  /**
   * While the request can be used: open sessions, the last event of closed ones, what all have in common, how many returned their use, and the sessions that
   * can be renewed.
   */
  sessions:
    | {
        readonly open: Map<string, OpenSession>
        readonly closed: Map<string, 'issued' | 'failed' | 'ended'>
        readonly shared: Shared
        failed: number
        /** Of all sessions together. */
        renewals: number
        readonly renewable: Map<string, RenewableSession>
      }
    | undefined
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
  seen: false,
  erased: false,
  erasureRecorded: false,
  granted: false,
  reviewed: false,
  caller: '',
  usesLeft: 0,
  attemptsLeft: 0,
  expiresAt: 0,
  latest: 0,
  liveUntil: 0,
  facts: undefined,
  texts: undefined,
  waiting: undefined,
  sessions: undefined,
  releaseAskedBy: '',
  slack: '',
  typedAt: 0,
  linked: '',
})

export const idOf = (person: unknown): string => `${(person as PersonRef).issuer}#${(person as PersonRef).subject}`
export const isHuman = (person: unknown): boolean => (person as PersonRef).kind === 'human'

/** The stages in which each event is possible. */
export const from: { readonly [type in EventType]: readonly JournalStage[] } = {
  'request.created': ['new'],
  'request.asked': ['new'],
  'request.received': ['pending'],
  'request.justified': ['pending'],
  'request.text': ['pending', 'approved', 'ended', 'over'],
  'request.refused': ['new'],
  'request.refusals-capped': ['new'],
  'approval.given': ['pending'],
  'request.approved': ['pending'],
  'request.denied': ['pending'],
  'request.cancelled': ['pending'],
  'request.revoked': ['pending', 'approved', 'ended'],
  'request.expired': ['pending'],
  'request.ended': ['approved'],
  'request.escalated': ['pending'],
  'request.reminded': ['pending', 'approved', 'ended', 'over'],
  'request.reviewed': ['approved', 'ended', 'over'],
  'request.erased': ['approved', 'ended', 'over', 'retired', 'linking', 'linked', 'unlinked'],
  'request.restored': ['pending', 'approved', 'ended', 'over'],
  'request.retired': ['approved', 'ended', 'over', 'erased'],
  'session.reserved': ['approved'],
  'session.issued': ['approved'],
  'session.failed': ['approved', 'ended', 'over'],
  'session.answer-dropped': ['approved', 'ended', 'over'],
  'session.abandoned': ['approved', 'ended', 'over'],
  'session.renewal-reserved': ['approved'],
  'session.renewed': ['approved'],
  'session.renewal-failed': ['approved', 'ended', 'over'],
  'session.renewal-abandoned': ['approved', 'ended', 'over'],
  'session.ended': ['approved', 'ended'],
  'token.used': ['new'],
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
export const to: { readonly [type in EventType]?: JournalStage } = {
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
  'request.ended': 'ended',
  'request.restored': 'over',
  'request.retired': 'retired',
  'token.used': 'over',
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

export const none: readonly string[] = []
/** The fault, if the rule is broken. */
export const when = (broken: boolean, what: string): readonly string[] => (broken ? [what] : none)
