/** Entries of a journal, as the table and the stream have them: an event with its salt, or what an erasure left of it. */
import { commitOf } from '@stint/core/audit/entry'
import { type ReadEvent, readEvent } from '@stint/core/audit/schema'
import type { Journaled } from './ports.ts'

export type Entry = Journaled['events'][number]

export const commitIn = (entry: Entry): string => ('event' in entry ? commitOf(entry) : entry.commit)

/** Undefined where it was erased, or is no event. */
export function eventIn(entry: Entry | undefined): ReadEvent | undefined {
  const event = entry && 'event' in entry ? readEvent(entry.event) : undefined
  return typeof event === 'object' ? event : undefined
}
