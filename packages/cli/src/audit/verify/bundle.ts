/** One bundle of 256 entries: reads its files and checks that they match. */

import { commitOf, parseEntry } from '@stint/core/audit/entry'
import { eventsPath, type HeldEvent, parseEvents } from '@stint/core/audit/event-bundle'
import { type Hash, leafHash, sameHash } from '@stint/tlog/merkle'
import { decodeBundle, decodeTile, TILE_WIDTH, type Tile, tileAt, tilePath } from '@stint/tlog/tiles'
import type { LogSource } from '../sources.ts'
import type { Fault } from './findings.ts'

export type BundleFiles = {
  readonly entries: Uint8Array | undefined
  readonly tile: Uint8Array | undefined
  /** `none`: the source has no events. */
  readonly held: Uint8Array | undefined | 'none'
  readonly width: number
  readonly names: { readonly entries: string; readonly tile: string; readonly held: string }
}

/** A partial tile can be gone once the full one exists (C2SP tlog-tiles). Then the full one is used. */
export async function readTile(source: Pick<LogSource, 'get'>, tile: Tile): Promise<Uint8Array | undefined> {
  return (
    (await source.get(tilePath(tile))) ?? (tile.width < TILE_WIDTH ? await source.get(tilePath({ ...tile, width: TILE_WIDTH })) : undefined)
  )
}

export async function readBundle(source: LogSource, index: number, size: number): Promise<BundleFiles> {
  const tile = tileAt(0, index, size) as Tile
  const bundle: Tile = { ...tile, level: 'entries' }
  const held = eventsPath(index)
  const [entries, hashes, events] = await Promise.all([
    readTile(source, bundle),
    readTile(source, tile),
    source.hasEvents ? source.get(held) : ('none' as const),
  ])
  return { entries, tile: hashes, held: events, width: tile.width, names: { entries: tilePath(bundle), tile: tilePath(tile), held } }
}

type CheckedBundle = {
  readonly leaves: readonly Hash[]
  readonly entries: readonly ReturnType<typeof parseEntry>[]
  readonly events: readonly (HeldEvent | undefined)[]
}

/** Checks entries against their hashes, and events against their commitments. */
export function checkBundle(
  { entries: bytes, tile, held, width, names }: BundleFiles,
  index: number,
  found: { add(fault: Fault): unknown },
): CheckedBundle {
  const start = index * TILE_WIDTH
  const tampered = (place: string, what: string) => void found.add({ class: 'tampered', place, what })
  const absent = (place: string) => void found.add({ class: 'tampered', place, what: 'missing' })
  const bundle = bytes && (decodeBundle(bytes, width) ?? decodeBundle(bytes, TILE_WIDTH)?.slice(0, width))
  const hashes = tile && (decodeTile(tile, width) ?? decodeTile(tile, TILE_WIDTH)?.slice(0, width))
  if (!bytes) absent(names.entries)
  else if (!bundle) tampered(names.entries, `not ${width} entries`)
  if (!tile) absent(names.tile)
  else if (!hashes) tampered(names.tile, `not ${width} hashes`)

  const leaves = bundle?.map(leafHash) ?? hashes ?? []
  if (bundle && hashes) {
    const at = leaves.findIndex((leaf, place) => !sameHash(leaf, hashes[place] as Hash))
    if (at >= 0) tampered(`entry ${start + at}`, `its hash is not that of ${names.tile}`)
  }
  const entries = (bundle ?? []).map((entry, at) => {
    const parsed = parseEntry(entry)
    if (!parsed) tampered(`entry ${start + at}`, 'not an entry of this log')
    return parsed
  })
  if (held === 'none') return { leaves, entries, events: [] }
  const events = held && parseEvents(held)
  if (!held) absent(names.held)
  else if (!events) tampered(names.held, 'unreadable events')
  // The last bundle can be ahead of the checkpoint. A full bundle never grows.
  else if (events.length < width || events.length > TILE_WIDTH) tampered(names.held, `${events.length} events for ${width} entries`)
  entries.forEach((entry, at) => {
    const event = events?.[at]
    if (entry && event && event !== 'erased' && commitOf(event) !== entry.commit)
      tampered(`event ${entry.request}/${entry.seq} (entry ${start + at})`, 'not the event that the log commits to')
  })
  return { leaves, entries, events: events ?? [] }
}
