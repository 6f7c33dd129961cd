/**
 * Reads the audit log: finding events by what they are about, and a receipt for each. Lookup rows only say where to look: the event itself
 * is read from the story table, or from the event store once its item has left the table.
 */

import { eventsPath, parseEvents } from '@stint/core/audit/event-bundle'
import { eventIn, type Journaled } from '@stint/core/audit/journal-item'
import { receiptExtra } from '@stint/core/audit/receipt'
import type { SessionId } from '@stint/core/ids'
import { openCheckpoint } from '@stint/tlog/checkpoint'
import { parseVkey } from '@stint/tlog/note'
import { formatProof } from '@stint/tlog/proof'
import { decodeBundle, TILE_WIDTH, type Tile, tileAt } from '@stint/tlog/tiles'
import { within } from '../ports/deadline.ts'
import { type LogState, type ObjectReader, Trouble } from '../ports/log.ts'
import { aboutOf } from './lookup.ts'
import { CHECKPOINT, readTile } from './publish.ts'
import { type EventSearch, eventSearch, type FoundEvent, foundIn } from './search.ts'
import { treeOf } from './tree.ts'

type TrailParts = {
  readonly log: ObjectReader
  readonly events: ObjectReader
  readonly state: Pick<LogState, 'cursors' | 'head' | 'lookup'>
  /** Reads one journal from the story table. */
  readonly journal: (request: string) => Promise<Journaled | undefined>
  /** The key that signs the log. */
  readonly vkey: string | undefined
}

type ReceiptResult =
  | { readonly outcome: 'done'; readonly receipt: string }
  | { readonly outcome: 'unknown-event' | 'not-logged-yet' | 'erased' }

type ProvenEvent = { readonly found: FoundEvent; readonly logged: boolean }

/** A health check must not wait long for something that is down. */
const READY_WITHIN_MS = 3000

export type Trail = EventSearch & {
  /** An object of the log: the checkpoint, a tile, a bundle, or a bundle of events. */
  object(path: string): Promise<Uint8Array | undefined>
  event(request: string, seq: number): Promise<FoundEvent | 'erased' | undefined>
  /** Every event of one journal, oldest first, and whether a published checkpoint covers it. An erased event is left out. */
  journal(request: string): Promise<readonly ProvenEvent[]>
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

  return {
    ...eventSearch({ state, journal: journalOf }),

    object: async (path) => (await (path.startsWith('events/') ? events : log).get(path))?.bytes,

    async event(request, seq) {
      const all = await journalOf(request)
      return all && foundIn(all, seq)
    },

    async journal(request) {
      const [all, cursors, published] = await Promise.all([journalOf(request), state.cursors([request]), log.get(CHECKPOINT)])
      const opened = published && key ? openCheckpoint(Buffer.from(published.bytes).toString('utf8'), [key]) : undefined
      const size = opened?.outcome === 'done' ? opened.value.size : 0
      const places = cursors.get(request)?.places ?? []
      return (all?.events ?? []).flatMap((_, seq) => {
        const found = foundIn(all as Journaled, seq)
        return typeof found === 'object' ? [{ found, logged: (places[seq] ?? Number.POSITIVE_INFINITY) < size }] : []
      })
    },

    async session(id) {
      // A session ID contains its request's ID, and a request is one item.
      const all = await journalOf(id.slice(0, id.indexOf('.')))
      const events = (all?.events ?? []).map((_, seq) => foundIn(all as Journaled, seq))
      return events.flatMap((one) => (typeof one === 'object' && one.event.session === id ? [one] : [])).toReversed()
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
