/**
 * Erasing: a person's data goes, and the log still proves that something was there. The item keeps a skeleton and the
 * commitments of its events, the event store keeps tombstones, and the journal says that it was erased, by whom and why.
 *
 * Only what is over can be erased, and only once the log has all of it. Safe to run again: a run that died goes on.
 */
import { commitOf } from '@stint/core/audit/entry'
import { type JournalEntry, journalEntry } from '@stint/core/audit/event'
import { TILE_WIDTH } from '@stint/core/audit/tiles'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import type { RandomBytes, RequestId } from '@stint/core/request/ids'
import type { Journaled, LogState, ObjectStore } from './ports.ts'
import { updateEvents } from './publish.ts'
import { lookupRows } from './stage.ts'

/** An item of the story table, as far as erasing looks at it. */
export type Erasable = {
  readonly journal: Journaled
  /** Why it cannot be erased yet. */
  readonly alive?: string
  readonly erased: boolean
}

export type ErasureParts = {
  readonly events: ObjectStore
  readonly state: LogState
  readonly item: (request: RequestId, now: Instant) => Promise<Erasable | undefined>
  /** Leaves the skeleton, on the condition that nothing changed since it was read. */
  readonly strip: (journal: Journaled, commits: readonly string[], erased: JournalEntry) => Promise<boolean>
  readonly random: RandomBytes
  readonly configHash: string
}

export type Erasure = { readonly request: RequestId; readonly operator: string; readonly why: string }

/** How many events went. */
export async function erase(parts: ErasureParts, { request, operator, why }: Erasure, now: Instant): Promise<Done<number> | Refused> {
  const found = await parts.item(request, now)
  if (!found) return refused('request-unknown', 'There is no such request.')
  const { journal, alive, erased } = found
  if (alive !== undefined) return refused('request-not-pending', `It ${alive}.`)
  const cursor = (await parts.state.cursors([request])).get(request)
  const written = journal.events.length - (erased ? 1 : 0)
  if (!cursor || cursor.count < written) return refused('not-logged-yet', 'The log does not have all of it yet.')

  if (!erased) {
    const commits = journal.events.map((one) => ('event' in one ? commitOf(one) : one.commit))
    const event = journalEntry({ type: 'request.erased', request, at: now, operator, why }, parts)
    if (!(await parts.strip(journal, commits, event))) return refused('request-changed', 'It changed meanwhile.')
  }
  // From here on the journal says so; what follows only catches up with it.
  const places = cursor.places.slice(0, written)
  for (const bundle of new Set(places.map((place) => Math.floor(place / TILE_WIDTH)))) {
    const gone = new Set(places.filter((place) => Math.floor(place / TILE_WIDTH) === bundle).map((place) => place % TILE_WIDTH))
    await updateEvents(parts.events, bundle, (held) => held.map((one, at) => (gone.has(at) ? 'erased' : one)))
  }
  const rows = journal.events.flatMap((one, seq) =>
    'event' in one ? lookupRows({ event: one.event, request, seq, about: journal.about }) : [],
  )
  await parts.state.unindex(rows)
  return done(written)
}
