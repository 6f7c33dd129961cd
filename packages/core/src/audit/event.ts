/**
 * Events: the immutable facts in a request's journal. An event never contains a secret; a token appears as its hash. The
 * canonical form (RFC 8785) is stored, and the audit log commits to it with a salt, so a person's data can be erased later
 * without breaking the log.
 */
import type { FreezeId } from '../access/freeze.ts'
import { sha256Hex } from '../digest.ts'
import type { CallerRef } from '../identity/caller.ts'
import type { LinkEvent, LinkId } from '../identity/link.ts'
import type { RandomBytes, RequestId, SessionId } from '../ids.ts'
import { type Instant, toIso } from '../instant.ts'
import { canonicalJson, jsonBytes } from '../json.ts'
import type { ProblemCode } from '../problem.ts'
import type { ChangeEvent } from '../request/machine.ts'
import type { Limits } from '../request/request.ts'
import type { RenewalEvent } from './renewal-events.ts'

/** Longest canonical event, in bytes. */
export const MAX_EVENT_BYTES = 1024

/**
 * The version of new events. Version 4 adds `request.text`, `request.justified`, `justificationHash`, `extends` and the events of renewed
 * and ended sessions, and stores long subjects as digests. Version 3 renames properties and one type. Version 1 also lacks caller, terms and
 * durationAsked in `session.reserved`, and uses, window and expiration in `request.asked`. `older-events.ts` reads older versions.
 */
export const EVENT_VERSION = 4

/** The properties of every event besides type and version. The hash of the deployed config is added to each. */
export type Common = { readonly request: RequestId; readonly at: Instant }

/** A request that needs no approval was created. It is granted by rule. */
type Created = Common &
  What & {
    readonly type: 'request.created'
    readonly ticket?: string
    /** How many sessions the request allows. */
    readonly uses: number
    /** The end of its window. */
    readonly expiresAt: Instant
  }

/** A request that needs approval was created. */
type AskedEvent = Common &
  What & {
    readonly type: 'request.asked'
    /** How many people must approve, for each rule of the approval. */
    readonly needs: readonly number[]
    readonly unattendedAt?: Instant
    /** Maximum number of sessions. Limits of the requester and of approvers can only lower it. */
    readonly uses: number
    /** Maximum length of the window, in seconds. */
    readonly window: number
    /** When the request expires unless it is decided. */
    readonly expiresAt: Instant
  }

type What = {
  readonly caller: CallerRef
  readonly profile: string
  readonly target: string
  readonly terms: string
  /** Stored as `justificationHash` if it is longer than an event has room for; `request.text` events hold it then. */
  readonly justification?: string
}

/** The requester gave another justification for the pending request. */
type Justified = Common & Partial<Origin> & { readonly type: 'request.justified'; readonly by: CallerRef; readonly justification: string }

/**
 * A part of a text for which another event has no room. The parts follow that event, in order, in the same write; together they have its
 * hash.
 */
export type TextEvent = Common & {
  readonly type: 'request.text'
  readonly of: 'justification' | 'subject'
  /** From 1 to `parts`. */
  readonly part: number
  readonly parts: number
  readonly text: string
}

/** Further details of a pending request, for which `request.asked` has no room. */
type Received = Common & { readonly type: 'request.received' } & Origin & {
    readonly ticket?: string
    readonly extends?: RequestId
    readonly build: string
    readonly trace: string
    readonly limits?: Limits
    /** The start of the window, if the requester chose one. */
    readonly startsAt?: Instant
  }

/** The source address, and the hash of the token. From Slack: the Slack user, and the hash of what Slack signed. */
export type Origin = { readonly source: string; readonly token: string }

/** A verified caller was refused. */
type RefusedEvent = Common &
  Origin & {
    readonly type: 'request.refused'
    readonly caller: CallerRef
    readonly profile: string
    readonly code: ProblemCode
    readonly reason: string
    readonly trace: string
  }

/** A caller reached the cap of recorded refusals for this hour. Further refusals are only counted. */
type RefusalsCapped = Common & { readonly type: 'request.refusals-capped'; readonly caller: CallerRef; readonly cap: number }

/** The intent of a session. From here on Stint can call AWS. */
type Reserved = Common &
  Origin & {
    readonly type: 'session.reserved'
    readonly session: SessionId
    /** The caller of the session. Stored as `callerHash` if the event has no room for the subject. */
    readonly caller: CallerRef
    /** The hash of the terms of the session. */
    readonly terms: string
    readonly sessionName: string
    readonly role: string
    readonly sourceIdentity?: string
    readonly duration: number
    /** How long each set of credentials lasts, in seconds, if the session can be renewed. */
    readonly renew?: number
    /** The caller chose the duration. Otherwise it is the profile's default, and an approver's limit shortens the session. */
    readonly durationAsked?: true
    readonly expiresAt: Instant
    readonly build: string
    readonly trace: string
  }

export type Issued = Common & {
  readonly type: 'session.issued'
  readonly session: SessionId
  readonly accessKeyId: string
  readonly assumedRoleArn: string
  readonly assumedRoleId: string
  readonly expiration: Instant
  readonly awsRequestId: string
  readonly packedPolicySize: number
  readonly sends: number
}

export type Failed = Common & {
  readonly type: 'session.failed'
  readonly session: SessionId
  readonly code: ProblemCode
  readonly reason: string
  readonly awsRequestId?: string
  readonly sends: number
}

/** AWS returned a response that does not match the request. The credentials were dropped; a session may exist. */
type AnswerDropped = Common & {
  readonly type: 'session.answer-dropped'
  readonly session: SessionId
  readonly reason: string
  readonly awsRequestId?: string
  readonly sends: number
}

/** A reservation was not completed in time. No credentials left Stint, and the use was returned. */
type Abandoned = Common & { readonly type: 'session.abandoned'; readonly session: SessionId }

/** A person, a workload or time changed a request. */
type ChangedEvent = Common & ChangeEvent & Partial<Origin>

/** A person's data was erased. The content of all earlier events is gone; their positions stay. */
type Erased = {
  readonly type: 'request.erased'
  readonly request: RequestId | LinkId
  readonly at: Instant
  readonly operator: string
  readonly justification: string
}

/** The item is complete in the log and leaves the table. No event follows. */
type RetiredEvent = Common & { readonly type: 'request.retired' }

/** The item was restored from a backup that lacked part of this journal. The request is over, whatever its state was. */
type Restored = Common & { readonly type: 'request.restored'; readonly operator: string }

/** Access was frozen or released. The journal is that of the freeze. */
type FreezeEvent = {
  readonly type: 'freeze.set' | 'freeze.release-asked' | 'freeze.released'
  readonly request: FreezeId
  readonly at: Instant
  readonly scope: string
  readonly by: CallerRef
  readonly justification?: string
  readonly expiresAt?: Instant
}
/** A deployment released a freeze for which too few responders were left. */
type FreezeDeployReleased = {
  readonly type: 'freeze.deploy-released'
  readonly request: FreezeId
  readonly at: Instant
  readonly scope: string
  readonly build: string
}

/** A Slack user was linked to a person or unlinked. The journal is that of the person's links. */
type LinkingEvent = LinkEvent & Partial<Origin> & { readonly request: LinkId; readonly at: Instant }

/** A deployed config was used for the first time. */
type ConfigSeen = { readonly type: 'config.seen'; readonly request: SystemId; readonly at: Instant; readonly build: string }

/** A log started, or continues with another key. */
type LogStarted = {
  readonly type: 'log.started'
  readonly request: SystemId
  readonly at: Instant
  readonly origin: string
  readonly vkey: string
}
/** The story table was restored from a backup. */
type TableRestored = {
  readonly type: 'table.restored'
  readonly request: SystemId
  readonly at: Instant
  /** Requests made before this time do not vend. */
  readonly epoch: Instant
  readonly build: string
}
/** The ID of the journal of one fact of the whole system. */
export type SystemId = `sys_${string}`

export type AuditEvent =
  | RenewalEvent
  | Abandoned
  | AnswerDropped
  | AskedEvent
  | ChangedEvent
  | ConfigSeen
  | Created
  | Erased
  | Failed
  | FreezeDeployReleased
  | FreezeEvent
  | Issued
  | Justified
  | LinkingEvent
  | LogStarted
  | Received
  | RefusalsCapped
  | RefusedEvent
  | Reserved
  | Restored
  | RetiredEvent
  | TableRestored
  | TextEvent

/** An event as stored in the journal: its canonical form and the salt of its commitment. */
export type JournalEntry = { readonly event: string; readonly salt: Uint8Array }

/** The length of an event's salt, in bytes. */
export const SALT_BYTES = 32
/** Display names are cut to this length. Identity is the subject, which is never cut. */
const MAX_NAME_BYTES = 72

/** The config hash of an event that an operator wrote with a command: none. */
export const NO_CONFIG = '0'.repeat(64)

/** What is needed to write an event. */
type Writing = { readonly random: RandomBytes; readonly configHash: string }

/** The longest justification that an event holds itself, in bytes of its JSON. */
const MAX_EVENT_JUSTIFICATION_BYTES = 256
/** One of this length fits into its event, whatever else is in it. */
const SURELY_FITTING_BYTES = 64

/**
 * The event's canonical form. A long justification is stored as its hash. An event that would still be too large first loses its display
 * name, then uses the shorter forms of `shortened`, then loses the end of its free text, marked `…`.
 */
export function journalEntry(whole: AuditEvent, { random, configHash }: Writing): JournalEntry {
  const event = withHash(whole)
  const textOf = (of: Members, nameBytes: number, cut?: (text: string) => string) => canonical(of, configHash, nameBytes, cut)
  let text = textOf(event, MAX_NAME_BYTES)
  if (excess(text) > 0) text = textOf(event, Math.max(0, Math.min(MAX_NAME_BYTES, nameBytesOf(event)) - excess(text)))
  let said: Members = event
  for (const shorter of excess(text) > 0 ? shortened(whole) : []) {
    said = shorter
    text = textOf(said, 0)
    if (excess(text) <= 0) break
  }
  const over = excess(text)
  if (over > 0) text = textOf(said, 0, (long) => `${brief(long, jsonBytes(long) - over - 3)}…`)
  if (excess(text) > 0) throw new RangeError(`event ${whole.type} is larger than ${MAX_EVENT_BYTES} bytes`)
  return { event: text, salt: random(SALT_BYTES) }
}

const excess = (text: string): number => Buffer.byteLength(text) - MAX_EVENT_BYTES

/** `nameBytes`: how much of a display name it has. `cut` shortens free text. */
const canonical = (event: Members, configHash: string, nameBytes: number, cut = (text: string) => text): string =>
  canonicalJson({
    v: EVENT_VERSION,
    ...event,
    config: configHash,
    ...mapped(event, instants, (at) => (typeof at === 'number' ? toIso(at) : undefined)),
    ...mapped(event, people, (person) =>
      typeof person === 'object' ? { ...person, name: brief((person as CallerRef).name, nameBytes) } : undefined,
    ),
    ...mapped(event, freeTexts, (text) => (typeof text === 'string' ? cut(text) : undefined)),
  })

function withHash(event: AuditEvent): Members {
  const long = longJustification(event)
  if (long === undefined) return event
  const { justification: _long, ...rest } = event as AuditEvent & { readonly justification: string }
  return { ...rest, justificationHash: sha256Hex(long) }
}

/** The justification of a request, if its event has no room for it. */
export function longJustification(event: AuditEvent): string | undefined {
  if (event.type !== 'request.created' && event.type !== 'request.asked' && event.type !== 'request.justified') return undefined
  const { justification = '' } = event
  const bytes = jsonBytes(justification)
  // Every config hash has the same length.
  const hasRoom = bytes <= SURELY_FITTING_BYTES || (bytes <= MAX_EVENT_JUSTIFICATION_BYTES && excess(canonical(event, NO_CONFIG, 0)) <= 0)
  return hasRoom ? undefined : justification
}

const nameBytesOf = (event: Members): number =>
  Math.max(...people.map((who) => jsonBytes((event[who] as CallerRef | undefined)?.name ?? '')))

type Members = { readonly [member: string]: unknown }
const instants = ['at', 'expiresAt', 'expiration', 'credentialsExpireBy', 'unattendedAt', 'epoch', 'startsAt'] as const
const people = ['caller', 'by'] as const
const freeTexts = ['justification', 'comment', 'reason'] as const

/**
 * Shorter forms of an event without free text, the fullest first. What cannot be reserved cannot be vended, so these
 * events have a form that always fits. Nothing is lost: the journal's first event names the caller, and AWS omits role paths.
 */
function shortened(event: AuditEvent): readonly Members[] {
  if (event.type !== 'session.reserved' && event.type !== 'session.renewal-reserved') return []
  const { caller, ...rest } = event
  const hashed = { ...rest, callerHash: callerHash(caller) }
  return 'role' in event ? [hashed, { ...hashed, role: withoutPath(event.role) }] : [hashed]
}

/** SHA-256 of the RFC 8785 form of `[issuer, subject]`, in hex. */
export const callerHash = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): string =>
  sha256Hex(canonicalJson([issuer, subject]))

const withoutPath = (role: string): string => role.replace(/:role\/.+\/([^/]+)$/, ':role/…/$1')

/** The named properties of the event. Those that it lacks are undefined, which the canonical form leaves out. */
const mapped = (event: Members, names: readonly string[], map: (value: unknown) => unknown) =>
  Object.fromEntries(names.map((name) => [name, map(event[name])] as const))

/** Longest comment of a decision, in bytes of its JSON. */
export const MAX_COMMENT_BYTES = 256

/** Untrusted text, cut to the bytes that an event has for it. */
export function brief(text: string, bytes = 160): string {
  if (jsonBytes(text) <= bytes && text.isWellFormed()) return text
  let cut = ''
  let used = 0
  for (const character of text.toWellFormed()) {
    used += jsonBytes(character)
    if (used > bytes) return cut
    cut += character
  }
  return cut
}
