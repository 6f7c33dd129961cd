/** Entries of a journal, as the table and the stream have them: an event with its salt, or what an erasure left of it. */
import { commitOf } from './entry.ts'
import type { JournalEntry } from './event.ts'
import type { ItemFacts } from './item.ts'
import { type ReadEvent, readEvent } from './schema.ts'

/** One item of the story table as the stream or a read shows it: its journal, and whom and what it is about. */
export type Journaled = {
  readonly request: string
  /** An erased event keeps its commitment. */
  readonly events: readonly (JournalEntry | { readonly commit: string })[]
  readonly about: About
  /** The item left the table with this change. */
  readonly removed?: boolean
  /** Read from the table just now; the stream may bring what is older than what was shipped. */
  readonly current?: boolean
  /** What the item says beside its journal; only an audit reads it. */
  readonly item?: ItemFacts
}
export type About = { readonly issuer?: string; readonly subject?: string; readonly profile?: string; readonly target?: string }

export type Entry = Journaled['events'][number]

export const commitIn = (entry: Entry): string => ('event' in entry ? commitOf(entry) : entry.commit)

/** Undefined where it was erased, or is no event. */
export function eventIn(entry: Entry | undefined): ReadEvent | undefined {
  const event = entry && 'event' in entry ? readEvent(entry.event) : undefined
  return typeof event === 'object' ? event : undefined
}
