/** The events of a period, each with a receipt that proves it alone, against one checkpoint. */

import { treeOf } from '@stint/broker/log/tree'
import { eventsPath, parseEvents } from '@stint/core/audit/event-bundle'
import { checkReceipt, receiptExtra } from '@stint/core/audit/receipt'
import { type ReadEvent, readEvent } from '@stint/core/audit/schema'
import { type Instant, parseIso } from '@stint/core/instant'
import type { NoteKey } from '@stint/tlog/note'
import { formatProof } from '@stint/tlog/proof'
import { decodeBundle, TILE_WIDTH, type Tile, tileAt } from '@stint/tlog/tiles'
import { jsonLine, shownLine } from '../output.ts'
import type { LogSource } from './sources.ts'
import { Unreachable } from './sources.ts'
import { readTile } from './verify/bundle.ts'

export type Exported = { readonly id: string; readonly index: number; readonly event: ReadEvent; readonly receipt: string }

/** Each receipt is checked before it is given out; `erased` stands for an event that is gone, whenever it was. */
export async function* exportEvents(
  source: LogSource,
  log: { readonly note: string; readonly keys: readonly NoteKey[]; readonly size: number },
  { since, until }: { readonly since: Instant; readonly until: Instant },
): AsyncGenerator<Exported | 'erased'> {
  const { note, keys, size } = log
  const tree = treeOf((tile) => readTile(source, tile), size)
  for (let bundle = 0; bundle * TILE_WIDTH < size; bundle++) {
    const tile = tileAt('entries', bundle, size) as Tile
    const held = await source.get(eventsPath(bundle))
    const events = held && parseEvents(held)
    if (!events || events.length < tile.width) throw new Unreachable(`${eventsPath(bundle)} cannot be read`)
    let entries: readonly Uint8Array[] | undefined
    for (const [at, one] of events.slice(0, tile.width).entries()) {
      if (one === 'erased') {
        yield one
        continue
      }
      const index = bundle * TILE_WIDTH + at
      const event = readEvent(one.event)
      if (typeof event === 'string') throw new Unreachable(`event of entry ${index} is ${event}`)
      const time = parseIso(event.at) ?? 0
      if (time < since || time >= until) continue
      const bytes = entries ? undefined : await readTile(source, tile)
      entries ??= bytes && (decodeBundle(bytes, tile.width) ?? decodeBundle(bytes, TILE_WIDTH))
      const entry = entries?.[at]
      if (!entry) throw new Unreachable(`entry ${index} cannot be read`)
      const extra = receiptExtra(Buffer.from(entry).toString('utf8'), one.event, one.salt)
      const receipt = formatProof({ index, hashes: await tree.inclusion(index), checkpoint: note, extra })
      const checked = checkReceipt(receipt, keys)
      if (typeof checked === 'string') throw new Unreachable(`entry ${index} does not prove its event: ${checked}`)
      yield { id: `${checked.entry.request}/${checked.entry.seq}`, index, event, receipt }
    }
  }
}

/** Columns of the CSV: what most events have; the receipt, in base64, holds all of it. */
const columns: readonly (readonly [string, (exported: Exported) => unknown])[] = [
  ['id', ({ id }) => id],
  ['index', ({ index }) => index],
  ...(['at', 'type'] as const).map((name) => [name, ({ event }: Exported) => event[name]] as const),
  ...(['issuer', 'subject', 'name'] as const).map(
    (name) => [name, ({ event }: Exported) => ((event.caller ?? event.by) as Record<string, unknown> | undefined)?.[name]] as const,
  ),
  ...(
    ['profile', 'target', 'session', 'accessKeyId', 'code', 'reason', 'justification', 'ticket', 'comment', 'source', 'config'] as const
  ).map((name) => [name, ({ event }: Exported) => event[name]] as const),
  ['receipt', ({ receipt }) => Buffer.from(receipt).toString('base64')],
]

export const csvHead = (): string => `${columns.map(([name]) => name).join(',')}\r\n`

/**
 * What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), in its wide forms too; a tab or a line break
 * in front of it is gone by then.
 */
const FORMULA = /^[=+\-@＝＋－＠]/

/**
 * RFC 4180, one line each. Cells are for reading: hidden characters are marks, line breaks `⏎`, and what a spreadsheet would
 * take for a formula gets an apostrophe before it. The receipt has every event as it is.
 */
export function csvLine(exported: Exported): string {
  const cell = (value: unknown) => {
    if (value === undefined) return ''
    const shown = typeof value === 'string' ? shownLine(value, Number.POSITIVE_INFINITY) : String(value)
    const safe = typeof value === 'string' && FORMULA.test(shown) ? `'${shown}` : shown
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return `${columns.map(([, of]) => cell(of(exported))).join(',')}\r\n`
}

/** One JSON value a line. U+2028 and its like are escaped: some readers would break the line there. */
export const ndjsonLine = (exported: Exported): string => jsonLine(exported)
