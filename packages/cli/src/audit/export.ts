/** The events of a period, each with its own receipt against one checkpoint. */

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

/** Each receipt is verified before it is returned. `erased` means that the event is erased, whatever its time. */
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
    if (!events || events.length < tile.width) throw new Unreachable(`${eventsPath(bundle)} is unreadable.`)
    let entries: readonly Uint8Array[] | undefined
    for (const [at, one] of events.slice(0, tile.width).entries()) {
      if (one === 'erased') {
        yield one
        continue
      }
      const index = bundle * TILE_WIDTH + at
      const event = readEvent(one.event)
      if (typeof event === 'string') throw new Unreachable(`The event of entry ${index} is ${event}.`)
      const time = parseIso(event.at) ?? 0
      if (time < since || time >= until) continue
      const bytes = entries ? undefined : await readTile(source, tile)
      entries ??= bytes && (decodeBundle(bytes, tile.width) ?? decodeBundle(bytes, TILE_WIDTH))
      const entry = entries?.[at]
      if (!entry) throw new Unreachable(`Entry ${index} is unreadable.`)
      const extra = receiptExtra(Buffer.from(entry).toString('utf8'), one.event, one.salt)
      const receipt = formatProof({ index, hashes: await tree.inclusion(index), checkpoint: note, extra })
      const checked = checkReceipt(receipt, keys)
      if (typeof checked === 'string') throw new Unreachable(`Entry ${index} does not prove its event: ${checked}`)
      yield { id: `${checked.entry.request}/${checked.entry.seq}`, index, event, receipt }
    }
  }
}

/** The columns of the CSV: the properties that most events have. The receipt, in base64, has the complete event. */
const columns: readonly (readonly [string, (exported: Exported) => unknown])[] = [
  ['id', ({ id }) => id],
  ['index', ({ index }) => index],
  ...(['at', 'type'] as const).map((name) => [name, ({ event }: Exported) => event[name]] as const),
  ...(['issuer', 'subject', 'name'] as const).map(
    (name) => [name, ({ event }: Exported) => ((event.caller ?? event.by) as Record<string, unknown> | undefined)?.[name]] as const,
  ),
  ...(
    [
      'profile',
      'target',
      'session',
      'accessKeyId',
      'code',
      'reason',
      'justification',
      'ticket',
      'comment',
      'text',
      'source',
      'config',
    ] as const
  ).map((name) => [name, ({ event }: Exported) => event[name]] as const),
  ['receipt', ({ receipt }) => Buffer.from(receipt).toString('base64')],
]

export const csvHead = (): string => `${columns.map(([name]) => name).join(',')}\r\n`

/**
 * Characters at the start of a cell that make a spreadsheet read it as a formula (OWASP, "CSV Injection"), including their wide
 * forms. Leading tabs and line breaks are already removed here.
 */
const FORMULA = /^[=+\-@＝＋－＠]/

/**
 * RFC 4180, one line for each event. Cells are for reading: hidden characters are shown as marks, line breaks as `⏎`, and a cell that
 * a spreadsheet would read as a formula gets a leading apostrophe. A semicolon is quoted too: in many countries it separates cells. The receipt has the unchanged event.
 */
export function csvLine(exported: Exported): string {
  const cell = (value: unknown) => {
    if (value === undefined) return ''
    const shown = typeof value === 'string' ? shownLine(value, Number.POSITIVE_INFINITY) : String(value)
    const safe = typeof value === 'string' && FORMULA.test(shown) ? `'${shown}` : shown
    return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return `${columns.map(([, of]) => cell(of(exported))).join(',')}\r\n`
}

/** One JSON value per line. U+2028 and similar characters are escaped, because some readers break lines there. */
export const ndjsonLine = (exported: Exported): string => jsonLine(exported)
