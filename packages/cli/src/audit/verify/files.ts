/** Checks the files that the verification did not read. */

import { parseTilePath, TILE_WIDTH, tileAt, tilePath } from '@stint/tlog/tiles'
import type { LogSource } from '../sources.ts'
import { readTile } from './bundle.ts'
import type { Findings } from './findings.ts'

/** How many entries beyond the checkpoint can already have tiles: a few batches. */
const ON_ITS_WAY = 16_000

/**
 * Checks the other files of the source. A partial tile must be the beginning of the tile that it grew into. Only quarantined
 * journals and stages in progress can be there as well.
 */
export async function checkFiles(source: LogSource, size: number, paths: readonly string[], found: Findings): Promise<void> {
  for (const path of paths) {
    if (path === 'checkpoint' || path.startsWith('stage/')) continue
    if (path.startsWith('quarantined/')) {
      found.notices.push(`${path.slice('quarantined/'.length)} is quarantined: its journal could not be shipped`)
      continue
    }
    const tile = parseTilePath(path.replace(/^events\//, 'tile/entries/'))
    if (!tile || (path.startsWith('events/') && tile.width < TILE_WIDTH)) {
      found.notices.push(`${path} is not a file of a log`)
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
