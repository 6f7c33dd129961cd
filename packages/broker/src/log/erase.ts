/**
 * Erasure: a person's data is removed, and the log still proves that something was there. The item keeps a skeleton and the commitments of
 * its events, the event store keeps tombstones, and the journal says that it was erased, by whom and why.
 *
 *   record    the journal gets its `erased` event, in the write that strips the item
 *   wait      until the log has that event: before that, the missing data would look like tampering
 *   remove    events from the event store, rows from the lookup table
 *
 * Only final requests can be erased, and only once the log has all of their events. Erasing is safe to run again: a run continues where an
 * interrupted one stopped. An item that has left the table comes back as its skeleton, so that its journal can record the erasure.
 */
import { commitOf } from '@stint/core/audit/entry'
import { type JournalEntry, journalEntry } from '@stint/core/audit/event'
import { eventsPath, type HeldEvent, parseEvents } from '@stint/core/audit/event-bundle'
import type { Journaled } from '@stint/core/audit/journal-item'
import { commitIn, eventIn } from '@stint/core/audit/journal-item'
import type { LinkId } from '@stint/core/identity/link'
import type { RandomBytes, RequestId } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { TILE_WIDTH } from '@stint/tlog/tiles'
import type { Cursor, LogState, ObjectStore } from '../ports/log.ts'
import { aboutOf, allRows } from './lookup.ts'
import { updateEvents } from './publish.ts'
import { continues } from './stage.ts'

/** What can be erased: a request, or a person's links. */
export type ErasableId = RequestId | LinkId

/** An item of the story table, as far as erasure needs it. */
type Erasable = {
  readonly journal: Journaled
  /** Why it cannot be erased yet. */
  readonly alive?: string
  readonly erased: boolean
}

export type ErasureParts = {
  readonly events: ObjectStore
  readonly state: LogState
  readonly item: (request: ErasableId, now: Instant) => Promise<Erasable | undefined>
  /** Leaves the skeleton, on the condition that nothing changed since it was read. `gone`: creates it, because there is no item. */
  readonly strip: (request: ErasableId, commits: readonly string[], erased: JournalEntry, gone: boolean, now: Instant) => Promise<boolean>
  readonly random: RandomBytes
  readonly configHash: string
  /** The pause between two checks whether the log has the event. */
  readonly sleep: (milliseconds: number) => Promise<void>
}

type Erasure = { readonly request: ErasableId; readonly operator: string; readonly justification: string }

const LOOKS = 30
const WAIT_MS = 1000

/** How many events were removed. */
export async function erase(
  parts: ErasureParts,
  { request, operator, justification }: Erasure,
  now: Instant,
): Promise<Done<number> | Refused<'request-unknown' | 'request-not-pending' | 'request-changed' | 'not-logged-yet'>> {
  const found = await parts.item(request, now)
  const cursor = (await parts.state.cursors([request])).get(request)
  if (!found && !cursor) return refused('request-unknown', 'Request not found.')
  if (found?.alive !== undefined) return refused('request-not-pending', `It ${found.alive}.`)
  const notYet = refused('not-logged-yet', 'The log does not hold all of its events yet. Try again later.')
  const written = !found ? (cursor?.count ?? 0) : found.erased ? erasedFrom(found.journal) : found.journal.events.length
  if (!cursor || cursor.count < written) return notYet
  const held = await heldAt(parts.events, cursor.places.slice(0, written))
  // The log knows why erased data is missing; a table from a backup may lack it, or have something else in its place.
  const isWhole = found ? continues(found.journal, cursor) : readHeld(held.at(-1))?.type === 'request.retired'
  if (!isWhole) return refused('request-changed', 'The table lacks events that the log holds. Restore them first: stint audit restore.')
  if (!found?.erased) {
    const event = journalEntry({ type: 'request.erased', request, at: now, operator, justification: justification }, parts)
    const commits = found ? found.journal.events.map(commitIn) : held.map((one) => (one === 'erased' ? '' : commitOf(one)))
    if (!(await parts.strip(request, commits, event, !found, now)))
      return refused('request-changed', 'The request changed during the erasure. Try again.')
  }
  for (let looks = 0; !(await covers(parts.state, request, written + 1)); looks++) {
    if (looks >= LOOKS) return notYet
    await parts.sleep(WAIT_MS)
  }
  const places = cursor.places.slice(0, written)
  const first = readHeld(held[0])
  // Rows were made from what the item said then, which can be more than its first event says.
  const about = { ...(first ? aboutOf(first) : {}), ...found?.journal.about }
  await parts.state.unindex(
    allRows(
      request,
      held.map((one) => (one === 'erased' ? { commit: '' } : one)),
      about,
    ),
  )
  for (const bundle of new Set(places.map(bundleOf))) {
    const gone = new Set(places.filter((place) => bundleOf(place) === bundle).map((place) => place % TILE_WIDTH))
    await updateEvents(parts.events, bundle, (all) => all.map((one, at) => (gone.has(at) ? 'erased' : one)))
  }
  return done(written)
}

/** The position of the `erased` event: all events before it are removed, and later ones hold no personal data. */
const erasedFrom = ({ events }: Journaled): number => events.findLastIndex((one) => eventIn(one)?.type === 'request.erased')

const readHeld = (held: HeldEvent | undefined) => (held === 'erased' ? undefined : eventIn(held))

const bundleOf = (place: number): number => Math.floor(place / TILE_WIDTH)

const covers = async (state: LogState, request: string, count: number): Promise<boolean> =>
  ((await state.cursors([request])).get(request)?.count ?? 0) >= count

async function heldAt(events: ObjectStore, places: Cursor['places']): Promise<readonly HeldEvent[]> {
  const bundles = new Map<number, readonly HeldEvent[]>()
  for (const bundle of new Set(places.map(bundleOf))) {
    const found = await events.get(eventsPath(bundle))
    bundles.set(bundle, (found && parseEvents(found.bytes)) ?? [])
  }
  return places.map((place) => bundles.get(bundleOf(place))?.[place % TILE_WIDTH] ?? 'erased')
}
