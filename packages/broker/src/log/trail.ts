/**
 * Reads the audit log: finding events by what they are about, and a receipt for each. Lookup rows only say where to look: the event itself
 * is read from the story table, or from the event store once its item has left the table.
 */

import { eventsPath, parseEvents } from '@stint/core/audit/event-bundle'
import { type About, eventIn, type Journaled } from '@stint/core/audit/journal-item'
import { receiptExtra } from '@stint/core/audit/receipt'
import type { ReadEvent } from '@stint/core/audit/schema'
import type { SessionId } from '@stint/core/ids'
import { days, type Instant, toDay, toIso } from '@stint/core/instant'
import { openCheckpoint } from '@stint/tlog/checkpoint'
import { parseVkey } from '@stint/tlog/note'
import { formatProof } from '@stint/tlog/proof'
import { decodeBundle, TILE_WIDTH, type Tile, tileAt } from '@stint/tlog/tiles'
import { within } from '../ports/deadline.ts'
import { type LogState, type LookupRow, type ObjectStore, Trouble } from '../ports/log.ts'
import { CHECKPOINT, readTile } from './publish.ts'
import { aboutOf, lookupBound, lookupKey, outcomeOf } from './stage.ts'
import { treeOf } from './tree.ts'

type TrailParts = {
  readonly log: ObjectStore
  readonly events: ObjectStore
  readonly state: Pick<LogState, 'cursors' | 'head' | 'lookup'>
  /** Reads one journal from the story table. */
  readonly journal: (request: string) => Promise<Journaled | undefined>
  /** The key that signs the log. */
  readonly vkey: string | undefined
}

/** A search; all given criteria must match. */
export type EventFilter = {
  readonly issuer?: string
  readonly subject?: string
  readonly profile?: string
  readonly target?: string
  readonly accessKeyId?: string
  /** A problem code or an event type. */
  readonly outcome?: string
  readonly since?: Instant
  /** Not included. */
  readonly before: Instant
}

export type FoundEvent = { readonly id: string; readonly event: ReadEvent; readonly about: About }
type EventPage = { readonly events: readonly FoundEvent[]; readonly next?: string }

type ReceiptResult =
  | { readonly outcome: 'done'; readonly receipt: string }
  | { readonly outcome: 'unknown-event' | 'not-logged-yet' | 'erased' }

/** Rounds for one page, and rows in all of them. After that the page ends, with a cursor. */
const MAX_LOOKS = 40
const MAX_ROWS = 1000
const ROWS_A_LOOK = 100
/** A health check must not wait long for something that is down. */
const READY_WITHIN_MS = 3000

export type Trail = {
  /** An object of the log: the checkpoint, a tile, a bundle, or a bundle of events. */
  object(path: string): Promise<Uint8Array | undefined>
  event(request: string, seq: number): Promise<FoundEvent | 'erased' | undefined>
  /** Newest first. */
  search(filter: EventFilter, limit: number, cursor?: string): Promise<EventPage>
  /** Everything that happened to one session, newest first. */
  session(id: SessionId): Promise<readonly FoundEvent[]>
  receipt(request: string, seq: number): Promise<ReceiptResult>
  /**
   * Whether the log can be read and its checkpoint is signed by its key; `empty` before anything was shipped. Only the shipper can find out
   * whether the log can be written and signed, and its alarms report that.
   */
  ready(): Promise<'up' | 'empty' | 'down'>
}

export function createTrail({ log, events, state, journal, vkey }: TrailParts): Trail {
  const key = vkey === undefined ? undefined : parseVkey(vkey)

  async function heldIn(bundle: number) {
    const found = await events.get(eventsPath(bundle))
    return found && parseEvents(found.bytes)
  }

  /** The journal from the table; if its item has left the table, from the event store. */
  async function journalOf(request: string): Promise<Journaled | undefined> {
    const found = await journal(request)
    if (found) return found
    const cursor = (await state.cursors([request])).get(request)
    if (!cursor) return undefined
    const bundles = new Map([...new Set(cursor.places.map(bundleOf))].map((bundle) => [bundle, heldIn(bundle)]))
    const held = await Promise.all(cursor.places.map(async (place) => (await bundles.get(bundleOf(place)))?.[place % TILE_WIDTH]))
    const all = held.map((one) => (one === undefined || one === 'erased' ? { commit: '' } : one))
    const first = eventIn(all[0])
    return { request, about: first ? aboutOf(first) : {}, events: all }
  }

  const found = ({ request, events: all, about }: Journaled, seq: number): FoundEvent | 'erased' | undefined => {
    const one = all[seq]
    if (!one) return undefined
    const event = eventIn(one)
    return event ? { id: `${request}/${seq}`, event, about } : 'erased'
  }

  /** Rows, newest first, from below a bound: of the key with the fewest rows to filter, otherwise of the bound's day. */
  async function look(filter: EventFilter, below: string): Promise<{ readonly rows: readonly LookupRow[]; readonly on?: string }> {
    const single = keyFor(filter)
    if (single !== undefined) {
      const rows = await state.lookup(single, ROWS_A_LOOK, below)
      return rows.length === 0 ? { rows } : { rows, on: lookupBound(rows.at(-1) as LookupRow) }
    }
    const rows = await state.lookup(lookupKey.day(below.slice(0, 10)), ROWS_A_LOOK, below)
    // When a day has no more rows, continue with the last moment of the day before.
    const dayBefore = `${toDay(Date.parse(below.slice(0, 10)) - days(1))}T24`
    return { rows, on: rows.length === 0 ? dayBefore : lookupBound(rows.at(-1) as LookupRow) }
  }

  return {
    object: async (path) => (await (path.startsWith('events/') ? events : log).get(path))?.bytes,

    async event(request, seq) {
      const all = await journalOf(request)
      return all && found(all, seq)
    },

    async session(id) {
      // A session ID contains its request's ID, and a request is one item.
      const all = await journalOf(id.slice(0, id.indexOf('.')))
      const events = (all?.events ?? []).map((_, seq) => found(all as Journaled, seq))
      return events.flatMap((one) => (typeof one === 'object' && one.event.session === id ? [one] : [])).toReversed()
    },

    async search(filter, limit, cursor) {
      const page: FoundEvent[] = []
      const journals = new Map<string, Promise<Journaled | undefined>>()
      const first = filter.since === undefined ? '' : toIso(filter.since)
      let below = cursor ?? toIso(filter.before)
      for (let [looks, looked] = [0, 0]; looks < MAX_LOOKS && looked < MAX_ROWS; looks++) {
        const { rows, on } = await look(filter, below)
        looked += rows.length
        // Several rows often belong to one request: read each request once, and all requests of a round together.
        for (const { request } of rows) if (!journals.has(request)) journals.set(request, journalOf(request))
        await Promise.all(journals.values())
        for (const row of rows) {
          if (row.at < first) return { events: page }
          below = lookupBound(row)
          const journaled = await journals.get(row.request)
          const one = journaled && found(journaled, row.seq)
          if (typeof one === 'object' && fits(one, filter)) page.push(one)
          if (page.length >= limit) return { events: page, next: below }
        }
        if (on === undefined || on < first) return { events: page }
        below = on
      }
      return { events: page, next: below }
    },

    async ready() {
      try {
        const published = await within(READY_WITHIN_MS, log.get(CHECKPOINT))
        if (!published) return (await within(READY_WITHIN_MS, state.head())) ? 'down' : 'empty'
        return key && openCheckpoint(Buffer.from(published.bytes).toString('utf8'), [key]).outcome === 'done' ? 'up' : 'down'
      } catch {
        return 'down'
      }
    },

    async receipt(request, seq) {
      const cursor = (await state.cursors([request])).get(request)
      const place = cursor?.places[seq]
      if (place === undefined) {
        const all = await journal(request)
        return { outcome: all && seq < all.events.length ? 'not-logged-yet' : 'unknown-event' }
      }
      const published = await log.get(CHECKPOINT)
      if (!published || !key) throw new Trouble('the log has no checkpoint, or no known key')
      const note = Buffer.from(published.bytes).toString('utf8')
      const opened = openCheckpoint(note, [key])
      if (opened.outcome === 'fault') throw new Trouble(`the checkpoint is ${opened.fault}`)
      const { size } = opened.value
      if (place >= size) return { outcome: 'not-logged-yet' }
      const held = (await heldIn(bundleOf(place)))?.[place % TILE_WIDTH]
      if (held === 'erased') return { outcome: 'erased' }
      const bundle = tileAt('entries', bundleOf(place), size) as Tile
      const bytes = await readTile(log, bundle)
      const entries = bytes && (decodeBundle(bytes, bundle.width) ?? decodeBundle(bytes, TILE_WIDTH))
      const entry = entries?.[place % TILE_WIDTH]
      if (!held || !entry) throw new Trouble(`entry ${place} cannot be read`)
      const hashes = await treeOf((tile) => readTile(log, tile), size).inclusion(place)
      const extra = receiptExtra(Buffer.from(entry).toString('utf8'), held.event, held.salt)
      return { outcome: 'done', receipt: formatProof({ index: place, hashes, checkpoint: note, extra }) }
    },
  }
}

const bundleOf = (place: number): number => Math.floor(place / TILE_WIDTH)

/** The key with the fewest rows to filter. */
function keyFor({ accessKeyId, issuer, subject, outcome, profile, target }: EventFilter): string | undefined {
  if (accessKeyId !== undefined) return lookupKey.accessKey(accessKeyId)
  if (issuer !== undefined && subject !== undefined) return lookupKey.caller(issuer, subject)
  if (outcome !== undefined) return lookupKey.outcome(outcome)
  if (profile !== undefined) return lookupKey.profile(profile)
  return target === undefined ? undefined : lookupKey.target(target)
}

function fits(
  { event, about }: FoundEvent,
  { issuer, subject, profile, target, accessKeyId, outcome, since, before }: EventFilter,
): boolean {
  const same = (wanted: string | undefined, is: unknown) => wanted === undefined || wanted === is
  const by = event.by as About | undefined
  const isCaller = (who: About | undefined) => who !== undefined && same(issuer, who.issuer) && same(subject, who.subject)
  return (
    (isCaller(about) || isCaller(by)) &&
    same(profile, about.profile) &&
    same(target, about.target) &&
    same(accessKeyId, event.accessKeyId) &&
    same(outcome, outcomeOf(event)) &&
    (since === undefined || event.at >= toIso(since)) &&
    event.at < toIso(before)
  )
}
