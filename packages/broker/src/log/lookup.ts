/**
 * Lookup rows: where to find events by what they are about. Pure.
 *
 * A row stands for a *run*: events of one journal, in a row, that happened within a minute. A vend is one run, so it has one row for each of its
 * keys and not one for each of its events. Where runs begin depends on the journal alone, never on how its events were shipped: writing a
 * row again, from another batch or from the log, writes the same row. The row only names where the run begins, and readers take its events
 * from the journal.
 *
 * Until runs existed, each event had its own row. Those rows are still read.
 */
import { type About, type Entry, eventIn, timeIn } from '@stint/core/audit/journal-item'
import type { ReadEvent } from '@stint/core/audit/schema'
import { defined } from '@stint/core/defined'
import { shortDigest } from '@stint/core/digest'
import { instantOf } from '@stint/core/instant'
import type { LookupRow } from '../ports/log.ts'

/** The first event of a run: its time and its sequence number. */
export type Run = { readonly at: string; readonly seq: number }

/** The time from the first event of a run within which its other events happened. */
export const RUN_MS = 60_000

/** The run of an event, after an event of that other run; undefined if there is none before it, or it was erased. */
export function runAfter(before: Run | undefined, at: string, seq: number): Run {
  const passed = before ? instantOf(at) - instantOf(before.at) : -1
  // Dated before its run by the clock of another function: it begins a run of its own.
  return before && passed >= 0 && passed < RUN_MS ? before : { at, seq }
}

/** The run of each event of a journal, by sequence number, from their times. An erased event has no time and belongs to no run. */
export function runsOf(times: readonly (string | undefined)[]): readonly (Run | undefined)[] {
  let run: Run | undefined
  return times.map((at, seq) => {
    run = at === undefined ? undefined : runAfter(run, at, seq)
    return run
  })
}

export const runsIn = (events: readonly Entry[]): readonly (Run | undefined)[] => runsOf(events.map(timeIn))

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Partitions of a day. One key takes 1,000 writes a second, and every run has a row in its day. */
const DAY_SHARDS = 4
/** Any even distribution works; the last characters of an ID are random or hashed. */
const shardOf = (request: string): number =>
  ((request.charCodeAt(request.length - 1) || 0) + (request.charCodeAt(request.length - 2) || 0)) % DAY_SHARDS

/** What events are looked up by. A caller appears as a digest: the rows hold no personal data. */
export const lookupKey = {
  caller: (issuer: string, subject: string) => `caller#${shortDigest(`${issuer}#${subject}`)}`,
  profile: (id: string) => `profile#${id}`,
  target: (id: string) => `target#${id}`,
  outcome: (outcome: string) => `outcome#${outcome}`,
  accessKey: (id: string) => `key#${id}`,
  day: (day: string, request: string) => `day#${day}#${shardOf(request)}`,
  /** The day of rows of single events. */
  wholeDay: (day: string) => `day#${day}`,
} as const

/** Every key that rows of this day can have. */
export const keysOfDay = (day: string): readonly string[] => [
  ...Array.from({ length: DAY_SHARDS }, (_, shard) => `day#${day}#${shard}`),
  lookupKey.wholeDay(day),
]

/** The outcome of an event: its code if it has one, otherwise its type. */
export const outcomeOf = (event: ReadEvent): string => (typeof event.code === 'string' ? event.code : event.type)

/** Outcomes of every ordinary vend. They have no rows: a search for them reads about every row of a day anyway. */
const COMMON: ReadonlySet<string> = new Set([
  ...['request.created', 'session.reserved', 'session.issued'],
  ...['session.renewal-reserved', 'session.renewed'],
])
export const hasRows = (outcome: string): boolean => !COMMON.has(outcome)

function keysOf(event: ReadEvent, { issuer, subject, profile, target }: About): readonly string[] {
  const by = event.by as { readonly issuer: string; readonly subject: string } | undefined
  const isOther = by !== undefined && (by.issuer !== issuer || by.subject !== subject)
  return [
    ...(issuer !== undefined && subject !== undefined ? [lookupKey.caller(issuer, subject)] : []),
    ...(isOther ? [lookupKey.caller(by.issuer, by.subject)] : []),
    ...(profile === undefined ? [] : [lookupKey.profile(profile)]),
    ...(target === undefined ? [] : [lookupKey.target(target)]),
    ...(typeof event.accessKeyId === 'string' ? [lookupKey.accessKey(event.accessKeyId)] : []),
  ]
}

// ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type LookedUp = {
  readonly event: ReadEvent
  readonly request: string
  readonly seq: number
  readonly about: About
  /** Absent in a stage that older code wrote. */
  readonly run?: Run
}

/** The rows of these events, each once. */
export function lookupRows(events: readonly LookedUp[]): readonly LookupRow[] {
  const rows: LookupRow[] = []
  const keys = new Map<string, Set<string>>()
  for (const one of events) {
    const { event, request, about, run } = one
    if (!run) {
      rows.push(...singleRows(one))
      continue
    }
    const id = `${request}#${run.seq}`
    const known = keys.get(id) ?? new Set()
    keys.set(id, known)
    rows.push(...newRows({ event, request, about, run }, known))
  }
  return rows
}

/** The rows of an event in its run, without those of known keys, which it adds to. */
export function newRows({ event, request, about, run }: Omit<Required<LookedUp>, 'seq'>, known: Set<string>): readonly LookupRow[] {
  const outcome = outcomeOf(event)
  const keys = [
    lookupKey.day(run.at.slice(0, 10), request),
    ...(hasRows(outcome) ? [lookupKey.outcome(outcome)] : []),
    ...keysOf(event, about),
  ].filter((key) => !known.has(key))
  for (const key of keys) known.add(key)
  return keys.map((key) => ({ key, at: run.at, request, seq: run.seq, run: true }))
}

/** The rows that an event had of its own before runs existed. */
export const singleRows = ({ event, request, seq, about }: LookedUp): readonly LookupRow[] =>
  [lookupKey.wholeDay(event.at.slice(0, 10)), lookupKey.outcome(outcomeOf(event)), ...keysOf(event, about)].map((key) => ({
    key,
    at: event.at,
    request,
    seq,
  }))

/** Every row that can exist for these events of a journal, whichever code wrote it. */
export const allRows = (request: string, events: readonly Entry[], about: About): readonly LookupRow[] => {
  const runs = runsIn(events)
  const all = events.flatMap((one, seq) => {
    const event = eventIn(one)
    return event ? [{ event, request, seq, about, ...defined({ run: runs[seq] }) }] : []
  })
  return [...lookupRows(all), ...all.flatMap(singleRows)]
}

const digits = (seq: number): string => String(seq).padStart(5, '0')

/** The position of a row among those of its key, by time, journal and sequence number. The row of a run ends in `+`. */
export const lookupBound = ({ at, request, seq, run }: Pick<LookupRow, 'at' | 'request' | 'seq' | 'run'>): string =>
  `${at}#${request}#${digits(seq)}${run ? '+' : ''}`

/**
 * The position after an event in the row of its run, where a page ends and the next begins. It is above the row itself, so the row is read
 * again for the events that are left: those with lower sequence numbers.
 */
export const boundInRun = (row: LookupRow, seq: number): string => `${lookupBound(row)}${seq === row.seq ? '' : digits(seq)}`

/** The sequence number below which a row's events are left at this position. */
export function leftAt(row: LookupRow, below: string): number {
  const bound = lookupBound(row)
  return below.length > bound.length && below.startsWith(bound) ? Number(below.slice(bound.length)) : Number.POSITIVE_INFINITY
}

/** The caller and resources that a journal is about, from its first event. */
export function aboutOf(first: ReadEvent): About {
  const caller = first.caller as { readonly issuer: string; readonly subject: string } | undefined
  return {
    ...(caller ? { issuer: caller.issuer, subject: caller.subject } : {}),
    ...(typeof first.profile === 'string' ? { profile: first.profile } : {}),
    ...(typeof first.target === 'string' ? { target: first.target } : {}),
  }
}
