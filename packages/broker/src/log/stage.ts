/**
 * A stage: one batch of entries, written as a whole before the log moves. Pure.
 */

import { commitOf, entryText, type LogEntry } from '@stint/core/audit/entry'
import { MAX_EVENT_BYTES, SALT_BYTES } from '@stint/core/audit/event'
import { type About, commitIn, eventIn, type Journaled, timeIn } from '@stint/core/audit/journal-item'
import { type ReadEvent, readEvent } from '@stint/core/audit/schema'
import { defined } from '@stint/core/defined'
import { sha256Hex } from '@stint/core/digest'
import { hex128, type RandomBytes } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { append, type Edge, fold, type Hash, leafHash } from '@stint/tlog/merkle'
import type { Cursor, Head } from '../ports/log.ts'
import { type LookedUp, type Run, runsOf } from './lookup.ts'

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
  /** The run of its lookup rows. Recovery has the stage only, and a run can begin before it. Absent if older code wrote the stage. */
  readonly run?: Run
}
/** A staged event with what is made of it once: its parsed form, unless this version cannot read it, and the hash of its entry. */
export type Prepared = { readonly staged: Staged; readonly event: ReadEvent | undefined; readonly leaf: Hash }

/** A stage as it is stored. */
type Stage = {
  readonly v: 1
  /** Distinguishes two shippers' stages of the same batch. */
  readonly nonce: string
  /** The size of the log before this stage. */
  readonly size: number
  readonly staged: readonly Staged[]
}

/** A stage on its way into the log. `size`: the size of the log before it. */
export type Batch = { readonly size: number; readonly prepared: readonly Prepared[] }

/** The most entries of one stage: applying it must fit into a function's timeout, and reading it into `adapters/store/s3.ts`. */
export const MAX_STAGED = 4000

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
export function beyond({ request, events, about, current }: Journaled, cursor: Cursor | undefined): readonly Prepared[] | Quarantine {
  const toQuarantine = (cause: string): Quarantine => ({ request, cause })
  const count = cursor?.count ?? 0
  if (!/^(req|frz|lnk|sys)_[0-9A-Za-z]{1,26}$/.test(request)) return toQuarantine('its ID is not a valid journal ID')
  const first = events[0]
  // An older image of the journal, delivered by the stream after a newer one was shipped.
  // A link has none before its first confirmation.
  if (cursor && !current && events.length < count && (!first || commitIn(first) === cursor.first)) return []
  if (events.length < count) return toQuarantine(`it has ${events.length} events, and ${count} are in the log`)
  if (cursor && !continues({ events }, cursor)) return toQuarantine(`event ${count - 1} differs from the one in the log`)
  const read: { readonly staged: Omit<Staged, 'run'>; readonly event: ReadEvent }[] = []
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
    const salt = Buffer.from(one.salt).toString('base64')
    read.push({ staged: { entry: entryText(entry), event: one.event, salt, request, seq, commit, about }, event })
    prev = commit
  }
  if (read.length === 0) return []
  const runs = runsOf([...events.slice(0, count).map(timeIn), ...read.map(({ event }) => event.at)])
  return read.map(({ staged, event }) => prepared({ ...staged, ...defined({ run: runs[staged.seq] }) }, event))
}

const prepared = (staged: Staged, event: ReadEvent | undefined): Prepared => ({ staged, event, leaf: leafHash(Buffer.from(staged.entry)) })

/** What lookup rows are made of. An event that this version cannot read has none. */
export const lookedUp = ({ staged: { request, seq, about, run }, event }: Prepared): readonly LookedUp[] =>
  event ? [{ event, request, seq, about, ...defined({ run }) }] : []

/** The name of a stage is its time and its hash: cleanup needs the time, and the head commits to the hash. */
export function encodeStage(
  { size, prepared }: Batch,
  random: RandomBytes,
  now: Instant,
): { readonly name: string; readonly bytes: Buffer } {
  const stage: Stage = { v: 1, nonce: hex128(random), size, staged: prepared.map(({ staged }) => staged) }
  const bytes = Buffer.from(JSON.stringify(stage))
  return { name: `${now}-${sha256Hex(bytes)}`, bytes }
}

/** The stage in these bytes, if they are those that the head names. */
export function decodeStage(bytes: Uint8Array, name: string): Batch | undefined {
  if (!name.endsWith(`-${sha256Hex(bytes)}`)) return undefined
  const { size, staged } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Stage
  return { size, prepared: staged.map((one) => prepared(one, eventIn({ event: one.event, salt: NO_SALT }))) }
}
const NO_SALT = new Uint8Array()

export const stagePath = (name: string): string => `stage/${name}`
export const stageTime = (path: string): Instant => Number(/^stage\/(\d+)-/.exec(path)?.[1] ?? 0)

/** The state of the log after the stage's entries. */
export function headAfter(head: Head | undefined, batch: readonly Prepared[], stage: string): Head {
  let edge: Edge = head?.edge ?? []
  let size = head?.size ?? 0
  for (const { leaf } of batch) edge = append(edge, size++, leaf)
  return { size, root: fold(edge), edge, stage, applied: false }
}
