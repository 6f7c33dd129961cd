/** Entries of a journal, as in the table and the stream: an event with its salt, or its commitment after an erasure. */
import { commitOf } from './entry.ts'
import type { JournalEntry } from './event.ts'
import type { ItemFacts } from './item.ts'
import { type ReadEvent, readEvent } from './schema.ts'

/** One item of the story table from the stream or a read: its journal, and its caller, profile and target. */
export type Journaled = {
  readonly request: string
  /** An erased event keeps its commitment. */
  readonly events: readonly (JournalEntry | { readonly commit: string })[]
  readonly about: About
  /** The item left the table with this change. */
  readonly removed?: boolean
  /** Just read from the table. The stream can bring an image that is older than what was shipped. */
  readonly current?: boolean
  /** The attributes besides the journal. Only an audit reads them. */
  readonly item?: ItemFacts
}
export type About = { readonly issuer?: string; readonly subject?: string; readonly profile?: string; readonly target?: string }

export type Entry = Journaled['events'][number]

export const commitIn = (entry: Entry): string => ('event' in entry ? commitOf(entry) : entry.commit)

/** Undefined if it was erased or is not a valid event. */
export function eventIn(entry: Entry | undefined): ReadEvent | undefined {
  const event = entry && 'event' in entry ? readEvent(entry.event) : undefined
  return typeof event === 'object' ? event : undefined
}

/**
 * When an event happened, without reading the rest of it. Undefined if it was erased. Properties of the canonical form are sorted, and no
 * object comes before `at`, so its first occurrence is the event's own.
 */
export const timeIn = (entry: Entry): string | undefined =>
  'event' in entry ? /"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/.exec(entry.event)?.[1] : undefined
