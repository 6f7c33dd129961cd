/** The files beside those that were read. */

import { parseTilePath, TILE_WIDTH, tileAt, tilePath } from '@stint/tlog/tiles'
import type { LogSource } from '../sources.ts'
import { readTile } from './bundle.ts'
import type { Findings } from './findings.ts'

/** Entries beyond the checkpoint whose tiles may lie there already: a few batches. */
const ON_ITS_WAY = 4000

/**
 * What lies there beside what was read: narrower tiles must be the beginning of what they grew into, and nothing else may
 * be there but journals set aside and stages on their way.
 */
export async function checkFiles(source: LogSource, size: number, paths: readonly string[], found: Findings): Promise<void> {
  for (const path of paths) {
    if (path === 'checkpoint' || path.startsWith('stage/')) continue
    if (path.startsWith('quarantined/')) {
      found.notices.push(`${path.slice('quarantined/'.length)} was set aside: its journal could not be shipped at some time`)
      continue
    }
    const tile = parseTilePath(path.replace(/^events\//, 'tile/entries/'))
    if (!tile || (path.startsWith('events/') && tile.width < TILE_WIDTH)) {
      found.notices.push(`${path} is no file of a log`)
      continue
    }
    const now = tileAt(tile.level, tile.index, size)
    if (!tileAt(tile.level, tile.index, size + ON_ITS_WAY)) found.add({ class: 'tampered', place: path, what: 'beyond the end of the log' })
    if (path.startsWith('events/')) continue
    if (!now || tile.width >= now.width) continue
    const [narrow, wide] = [await source.get(path), await readTile(source, now)]
    if (narrow && wide && (wide.length < narrow.length || Buffer.compare(narrow, wide.subarray(0, narrow.length)) !== 0))
      found.add({ class: 'tampered', place: path, what: `not the beginning of ${tilePath(now)}` })
  }
}
