/**
 * A stage: one batch of entries, written as a whole before the log moves. Pure.
 */

import { commitOf, entryText, type LogEntry } from '@stint/core/audit/entry'
import { MAX_EVENT_BYTES, SALT_BYTES } from '@stint/core/audit/event'
import type { About, Journaled } from '@stint/core/audit/journal-item'
import { commitIn, eventIn } from '@stint/core/audit/journal-item'
import { type ReadEvent, readEvent } from '@stint/core/audit/schema'
import { defined } from '@stint/core/defined'
import { sha256Hex, shortDigest } from '@stint/core/digest'
import { hex128, type RandomBytes } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { append, type Edge, fold, leafHash } from '@stint/tlog/merkle'
import type { Cursor, Head, LookupRow } from '../ports/log.ts'

/** An event on its way into the log: the entry that commits to it, and what is stored next to the entry. */
export type Staged = {
  readonly entry: string
  readonly event: string
  /** Base64. */
  readonly salt: string
  readonly request: string
  readonly seq: number
  readonly commit: string
  readonly about: About
}
export type Stage = {
  readonly v: 1
  /** Distinguishes two shippers' stages of the same batch. */
  readonly nonce: string
  /** The size of the log before this stage. */
  readonly size: number
  readonly staged: readonly Staged[]
}

/** The most entries of one stage, so that applying it fits into a function's timeout. */
export const MAX_STAGED = 1000

/** Why a journal cannot be shipped. It is quarantined with this cause; the others go on. */
export type Quarantine = { readonly request: string; readonly cause: string }

/** Its last event says that its item leaves the table. */
export function isRetired({ events }: Pick<Journaled, 'events'>): boolean {
  return eventIn(events.at(-1))?.type === 'request.retired'
}

/** Whether a journal has everything that the log has of it, and perhaps more. A table from a backup can have less, or something else. */
export function continues({ events }: Pick<Journaled, 'events'>, cursor: Cursor): boolean {
  const last = events[cursor.count - 1]
  return last !== undefined && commitIn(last) === cursor.commit
}

/** The events of a journal beyond its cursor; or why it must be inspected. */
export function beyond({ request, events, about, current }: Journaled, cursor: Cursor | undefined): readonly Staged[] | Quarantine {
  const toQuarantine = (cause: string): Quarantine => ({ request, cause })
  const count = cursor?.count ?? 0
  if (!/^(req|frz|lnk|sys)_[0-9A-Za-z]{1,26}$/.test(request)) return toQuarantine('its ID is not a valid journal ID')
  const first = events[0]
  // An older image of the journal, delivered by the stream after a newer one was shipped.
  if (cursor && !current && events.length < count && first && commitIn(first) === cursor.first) return []
  if (events.length < count) return toQuarantine(`it has ${events.length} events, and ${count} are in the log`)
  if (cursor && !continues({ events }, cursor)) return toQuarantine(`event ${count - 1} differs from the one in the log`)
  const staged: Staged[] = []
  let prev = cursor?.commit
  for (const [at, one] of events.slice(count).entries()) {
    const seq = count + at
    if (!('event' in one)) return toQuarantine(`event ${seq} was erased before it was shipped`)
    if (Buffer.byteLength(one.event) > MAX_EVENT_BYTES) return toQuarantine(`event ${seq} exceeds the size limit`)
    const event = readEvent(one.event)
    if (typeof event === 'string') return toQuarantine(`event ${seq} is ${event}`)
    if (event.request !== request) return toQuarantine(`event ${seq} belongs to another journal`)
    const commit = commitOf(one)
    if (one.salt.length !== SALT_BYTES) return toQuarantine(`event ${seq} has no salt`)
    const entry: LogEntry = { v: 1, request, seq, type: event.type, commit, ...defined({ prev }) }
    staged.push({ entry: entryText(entry), event: one.event, salt: Buffer.from(one.salt).toString('base64'), request, seq, commit, about })
    prev = commit
  }
  return staged
}

/** The name of a stage is its time and its hash: cleanup needs the time, and the head commits to the hash. */
export function encodeStage(
  size: number,
  staged: readonly Staged[],
  random: RandomBytes,
  now: Instant,
): { readonly name: string; readonly bytes: Buffer } {
  const bytes = Buffer.from(JSON.stringify({ v: 1, nonce: hex128(random), size, staged } satisfies Stage))
  return { name: `${now}-${sha256Hex(bytes)}`, bytes }
}

/** The stage in these bytes, if they are those that the head names. */
export const decodeStage = (bytes: Uint8Array, name: string): Stage | undefined =>
  name.endsWith(`-${sha256Hex(bytes)}`) ? (JSON.parse(Buffer.from(bytes).toString('utf8')) as Stage) : undefined

export const stagePath = (name: string): string => `stage/${name}`
export const stageTime = (path: string): Instant => Number(/^stage\/(\d+)-/.exec(path)?.[1] ?? 0)

/** The state of the log after the stage's entries. */
export function headAfter(head: Head | undefined, staged: readonly Staged[], stage: string): Head {
  let edge: Edge = head?.edge ?? []
  let size = head?.size ?? 0
  for (const { entry } of staged) edge = append(edge, size++, leafHash(Buffer.from(entry)))
  return { size, root: fold(edge), edge, stage, applied: false }
}

// ── Look-up rows ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What events are looked up by. A caller appears as a digest: the rows hold no personal data. */
export const lookupKey = {
  caller: (issuer: string, subject: string) => `caller#${shortDigest(`${issuer}#${subject}`)}`,
  profile: (id: string) => `profile#${id}`,
  target: (id: string) => `target#${id}`,
  outcome: (outcome: string) => `outcome#${outcome}`,
  accessKey: (id: string) => `key#${id}`,
  day: (day: string) => `day#${day}`,
} as const

/** The outcome of an event: its code if it has one, otherwise its type. */
export const outcomeOf = (event: ReadEvent): string => (typeof event.code === 'string' ? event.code : event.type)

export function lookupRows({
  event: text,
  request,
  seq,
  about,
}: Pick<Staged, 'event' | 'request' | 'seq' | 'about'>): readonly LookupRow[] {
  const event = readEvent(text)
  if (typeof event === 'string') return []
  const { issuer, subject, profile, target } = about
  const by = event.by as { readonly issuer: string; readonly subject: string } | undefined
  const isOther = by !== undefined && (by.issuer !== issuer || by.subject !== subject)
  const keys = [
    lookupKey.day(event.at.slice(0, 10)),
    lookupKey.outcome(outcomeOf(event)),
    ...(issuer !== undefined && subject !== undefined ? [lookupKey.caller(issuer, subject)] : []),
    ...(isOther ? [lookupKey.caller(by.issuer, by.subject)] : []),
    ...(profile === undefined ? [] : [lookupKey.profile(profile)]),
    ...(target === undefined ? [] : [lookupKey.target(target)]),
    ...(typeof event.accessKeyId === 'string' ? [lookupKey.accessKey(event.accessKeyId)] : []),
  ]
  return keys.map((key) => ({ key, at: event.at, request, seq }))
}

/** The position of a row among those of its key, by time, journal and sequence number: where a page ends and the next begins. */
export const lookupBound = ({ at, request, seq }: Pick<LookupRow, 'at' | 'request' | 'seq'>): string =>
  `${at}#${request}#${String(seq).padStart(5, '0')}`

/** The caller and resources that a journal is about, from its first event. */
export function aboutOf(first: ReadEvent): About {
  const caller = first.caller as { readonly issuer: string; readonly subject: string } | undefined
  return {
    ...(caller ? { issuer: caller.issuer, subject: caller.subject } : {}),
    ...(typeof first.profile === 'string' ? { profile: first.profile } : {}),
    ...(typeof first.target === 'string' ? { target: first.target } : {}),
  }
}
