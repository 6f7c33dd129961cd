/**
 * Events: the immutable facts that a request's journal is made of. An event never holds a secret; a token appears as its
 * hash. The canonical text (RFC 8785) is what is stored and, with a salt, what the audit log commits to, so a person's
 * data can be erased later without breaking the log.
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

/** Longest canonical event, in bytes: with at most 320 of them, an item stays far below DynamoDB's 400 KB. */
export const MAX_EVENT_BYTES = 1024

/**
 * The version of the events that are written now. Version 3 renames members and one type; version 1 also lacks what
 * `session.reserved` says of caller, terms and durationAsked, and what `request.asked` says of uses, window and expiry.
 * `older-events.ts` reads both.
 */
export const EVENT_VERSION = 3

/** What every event says, beside its type and version. The hash of the deployed config is added to each. */
type Common = { readonly request: RequestId; readonly at: Instant }

/** A request that needs nobody's agreement came into being: granted by rule. */
export type Created = Common &
  What & {
    readonly type: 'request.created'
    /** How many sessions may be taken. */
    readonly uses: number
    /** Until when. */
    readonly expiresAt: Instant
  }

/** A request came into being that waits for people. */
export type Asked = Common &
  What & {
    readonly type: 'request.asked'
    /** People needed for each rule of the approval. */
    readonly needs: readonly number[]
    readonly unattendedAt?: Instant
    /** Sessions that may be taken at most. Limits of the requester and of approvers only lower it. */
    readonly uses: number
    /** Seconds from the start of the window to its end, at most. */
    readonly window: number
    /** When the request expires unless it is decided. */
    readonly expiresAt: Instant
  }

type What = {
  readonly caller: CallerRef
  readonly profile: string
  readonly target: string
  readonly terms: string
  readonly justification?: string
  readonly ticket?: string
}

/** With what a waiting request was asked: its facts beyond those that `asked` has room for. */
export type Received = Common & { readonly type: 'request.received' } & Circumstances & {
    readonly build: string
    readonly trace: string
    readonly limits?: Limits
    /** The start of the window, where the requester chose one. */
    readonly startsAt?: Instant
  }

/** From where, and with which token, by its hash. From Slack: which user, and the hash of what Slack signed. */
export type Circumstances = { readonly source: string; readonly token: string }

/** A verified caller was told no. */
export type RefusedEvent = Common &
  Circumstances & {
    readonly type: 'request.refused'
    readonly caller: CallerRef
    readonly profile: string
    readonly code: ProblemCode
    readonly reason: string
    readonly trace: string
  }

/** A caller has been refused so often this hour that further refusals are only counted. */
export type RefusalsCapped = Common & { readonly type: 'request.refusals-capped'; readonly caller: CallerRef; readonly cap: number }

/** The intent: from here on AWS may be asked. */
export type Reserved = Common &
  Circumstances & {
    readonly type: 'session.reserved'
    readonly session: SessionId
    /** Who it is reserved for. Stored as `callerHash` where the event has no room for the subject. */
    readonly caller: CallerRef
    /** The hash of the terms that it is reserved on. */
    readonly terms: string
    readonly sessionName: string
    readonly role: string
    readonly sourceIdentity?: string
    readonly duration: number
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

/** AWS gave an answer that is not one to our question: the credentials were dropped, and a session may be alive. */
export type AnswerDropped = Common & {
  readonly type: 'session.answer-dropped'
  readonly session: SessionId
  readonly reason: string
  readonly awsRequestId?: string
  readonly sends: number
}

/** A reservation without a record grew too old: nothing left Stint, and the use went back. */
export type Abandoned = Common & { readonly type: 'session.abandoned'; readonly session: SessionId }

/** Somebody, or time, changed a request. */
export type Changed = Common & ChangeEvent & Partial<Circumstances>

/** A person's data went: all events before this one are gone, and their places stand. */
export type Erased = {
  readonly type: 'request.erased'
  readonly request: RequestId | LinkId
  readonly at: Instant
  readonly operator: string
  readonly justification: string
}

/** The item leaves the table: the log has all of it, and nothing follows. */
export type Retired = Common & { readonly type: 'request.retired' }

/** Its item came back from a backup that lacked some of this journal: it is over, whatever it was. */
export type Restored = Common & { readonly type: 'request.restored'; readonly operator: string }

/** Access was frozen or unfrozen. Its journal is the freeze's own. */
export type FreezeEvent = {
  readonly type: 'freeze.set' | 'freeze.release-asked' | 'freeze.released'
  readonly request: FreezeId
  readonly at: Instant
  readonly scope: string
  readonly by: CallerRef
  readonly justification?: string
  readonly expiresAt?: Instant
}
/** A deploy released a freeze that no two people were left to release. */
export type FreezeDeployReleased = {
  readonly type: 'freeze.deploy-released'
  readonly request: FreezeId
  readonly at: Instant
  readonly scope: string
  readonly build: string
}

/** A Slack user was bound to a person, or is no longer. Its journal is that of the person's links. */
export type Linking = LinkEvent & Partial<Circumstances> & { readonly request: LinkId; readonly at: Instant }

/** A deployed config answered for the first time. */
export type ConfigSeen = { readonly type: 'config.seen'; readonly request: SystemId; readonly at: Instant; readonly build: string }

/** A log begins, or goes on under another key. */
export type LogStarted = {
  readonly type: 'log.started'
  readonly request: SystemId
  readonly at: Instant
  readonly origin: string
  readonly vkey: string
}
/** The story table came back from a backup. */
export type TableRestored = {
  readonly type: 'table.restored'
  readonly request: SystemId
  readonly at: Instant
  /** What was asked for before it does not vend. */
  readonly epoch: Instant
  readonly build: string
}
/** The journal of one fact of the whole system. */
export type SystemId = `sys_${string}`

export type AuditEvent =
  | Abandoned
  | AnswerDropped
  | Asked
  | Changed
  | ConfigSeen
  | Created
  | Erased
  | Failed
  | FreezeDeployReleased
  | FreezeEvent
  | Issued
  | Linking
  | LogStarted
  | Received
  | RefusalsCapped
  | RefusedEvent
  | Reserved
  | Restored
  | Retired
  | TableRestored

/** An event as it lies in the journal: its canonical text and the salt of its commitment. */
export type JournalEntry = { readonly event: string; readonly salt: Uint8Array }

/** An event's salt, in bytes. */
export const SALT_BYTES = 32
/** A display name is cut here: identity is the subject, which is never cut. */
const MAX_NAME_BYTES = 72

/** The config of what a person wrote at a command line: none. */
export const NO_CONFIG = '0'.repeat(64)

/** What an event is written with. */
export type Writing = { readonly random: RandomBytes; readonly configHash: string }

/**
 * The event's canonical text. One that would be larger than an event may be loses first its display name, then what
 * `shortened` knows a shorter form of, then the end of what somebody wrote freely, marked `…`: that takes a subject, a
 * justification and a ticket near their limits at once.
 */
export function journalEntry(event: AuditEvent, { random, configHash }: Writing): JournalEntry {
  const textOf = (of: Members, nameBytes: number, cut: (text: string) => string = (text) => text) =>
    canonicalJson({
      v: EVENT_VERSION,
      ...of,
      config: configHash,
      ...mapped(of, instants, (at) => (typeof at === 'number' ? toIso(at) : undefined)),
      ...mapped(of, people, (person) =>
        typeof person === 'object' ? { ...person, name: brief((person as CallerRef).name, nameBytes) } : undefined,
      ),
      ...mapped(of, freeTexts, (text) => (typeof text === 'string' ? cut(text) : undefined)),
    })
  const excess = (text: string) => Buffer.byteLength(text) - MAX_EVENT_BYTES
  let text = textOf(event, MAX_NAME_BYTES)
  if (excess(text) > 0) text = textOf(event, Math.max(0, Math.min(MAX_NAME_BYTES, nameBytesOf(event)) - excess(text)))
  let said: Members = event
  for (const shorter of excess(text) > 0 ? shortened(event) : []) {
    said = shorter
    text = textOf(said, 0)
    if (excess(text) <= 0) break
  }
  const over = excess(text)
  if (over > 0) text = textOf(said, 0, (long) => `${brief(long, jsonBytes(long) - over - 3)}…`)
  if (excess(text) > 0) throw new RangeError(`event ${event.type} is larger than ${MAX_EVENT_BYTES} bytes`)
  return { event: text, salt: random(SALT_BYTES) }
}

const nameBytesOf = (event: Members): number =>
  Math.max(...people.map((who) => jsonBytes((event[who] as CallerRef | undefined)?.name ?? '')))

type Members = { readonly [member: string]: unknown }
const instants = ['at', 'expiresAt', 'expiration', 'unattendedAt', 'epoch', 'startsAt'] as const
const people = ['caller', 'by'] as const
const freeTexts = ['justification', 'comment'] as const

/**
 * Shorter forms of an event without a free text, the fullest first. A reservation that cannot be written cannot be vended,
 * so its event has a form that always fits: the journal's first event names the caller, and AWS shows no role's path.
 */
function shortened(event: AuditEvent): readonly Members[] {
  if (event.type !== 'session.reserved') return []
  const { caller, ...rest } = event
  const hashed = { ...rest, callerHash: callerHash(caller) }
  return [hashed, { ...hashed, role: withoutPath(event.role) }]
}

/** SHA-256 of the RFC 8785 text of `[issuer, subject]`, in hex. */
export const callerHash = ({ issuer, subject }: Pick<CallerRef, 'issuer' | 'subject'>): string =>
  sha256Hex(canonicalJson([issuer, subject]))

const withoutPath = (role: string): string => role.replace(/:role\/.+\/([^/]+)$/, ':role/…/$1')

/** The named members that the event has and the mapping has something for. */
const mapped = (event: Members, names: readonly string[], map: (value: unknown) => unknown) =>
  Object.fromEntries(names.map((name) => [name, map(event[name])] as const).filter(([, value]) => value !== undefined))

/** Longest comment of a decision, in bytes of its JSON. */
export const MAX_COMMENT_BYTES = 256

/** A text that the world wrote, cut to the bytes that an event has for it. */
export function brief(text: string, bytes = 160): string {
  let cut = ''
  let used = 0
  for (const character of text.toWellFormed()) {
    used += jsonBytes(character)
    if (used > bytes) return cut
    cut += character
  }
  return cut
}
