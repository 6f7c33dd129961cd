/** A copy of the log in a folder: for keeping out of the operators' reach, and for verifying without any access. */
import { folderStore } from '@stint/broker/adapters/store/files'
import { eventsPath } from '@stint/core/audit/event-bundle'
import { parseCheckpointText } from '@stint/tlog/checkpoint'
import { parseNote } from '@stint/tlog/note'
import { decodeBundle, decodeTile, levelsOf, TILE_WIDTH, type Tile, tileAt, tilePath } from '@stint/tlog/tiles'
import type { LogSource } from './sources.ts'
import { Unreachable } from './sources.ts'

/** Objects fetched at once. */
const AT_ONCE = 16

const read = (note: Uint8Array) => parseCheckpointText(parseNote(Buffer.from(note).toString('utf8'))?.text ?? '')

export type Copied = { readonly size: number; readonly fetched: number; readonly kept: number }

const tileCount = (level: number | 'entries', size: number): number =>
  Math.ceil((level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level)) / TILE_WIDTH)

/** Whether a tile or bundle has at least as many hashes or entries as the checkpoint says. What they are is for verify. */
function holdsAll({ level, width }: Tile, found: { readonly bytes: Uint8Array } | undefined): boolean {
  if (!found) return false
  const decode = level === 'entries' ? decodeBundle : decodeTile
  return decode(found.bytes, width) !== undefined || decode(found.bytes, TILE_WIDTH) !== undefined
}

/** Full tiles that are there already are kept: they never change. The checkpoint comes last, so a copy that broke off is no log. */
export async function copyLog(
  source: LogSource,
  folder: string,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<Copied> {
  const to = folderStore(folder)
  const checkpoint = await source.get('checkpoint')
  const now = checkpoint && read(checkpoint)
  if (!checkpoint || !now) throw new Unreachable('there is no checkpoint')
  const { size, origin } = now
  const before = await to.get('checkpoint')
  const had = before && read(before.bytes)
  if (had && had.origin !== origin)
    throw new Unreachable(`${folder} holds a copy of another log, ${had.origin}; this one is ${origin}: choose another folder`)
  if (had && had.size > size)
    throw new Unreachable(`the log has ${size} entries, and the copy has ${had.size}: it was rolled back, so the copy is kept as it is`)
  const short = (path: string) =>
    new Unreachable(
      `The checkpoint claims ${size.toLocaleString('en-US')} entries, but ${path} is missing or incomplete. The copy was stopped; ask the operators of the log.`,
    )
  // A checkpoint may claim anything. The last bundle first: where it is missing, nothing else needs to be fetched.
  const last = tileAt('entries', Math.ceil(size / TILE_WIDTH) - 1, size)
  if (last && !holdsAll(last, await fetchTile(last))) throw short(tilePath(last))

  const levels: readonly (number | 'entries')[] = ['entries', ...levelsOf(size)]
  const bundles = Math.ceil(size / TILE_WIDTH)
  const all = levels.reduce<number>((sum, level) => sum + tileCount(level, size), 0) + (source.hasEvents ? bundles : 0)
  let [done, fetched] = [0, 0]
  const work = pieces()
  // Each worker takes the next piece when it is done with one, so no more than these are held in memory.
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const piece of work) {
        if (await piece()) fetched++
        onProgress(++done, all)
      }
    }),
  )
  await put('checkpoint', checkpoint)
  return { size, fetched, kept: done - fetched }

  /** What is to be copied, one after the other and never as a list: a log may have millions of bundles. */
  function* pieces(): Generator<() => Promise<boolean>> {
    for (const level of levels)
      for (let index = 0; index < tileCount(level, size); index++) {
        const tile = tileAt(level, index, size) as Tile
        yield () => copyTile(tile)
      }
    for (let index = 0; source.hasEvents && index < bundles; index++) yield () => copyEvents(index)
  }

  async function copyTile(tile: Tile): Promise<boolean> {
    const path = tilePath(tile)
    if (tile.width === TILE_WIDTH && (await to.get(path))) return false
    const found = await fetchTile(tile)
    if (!found || !holdsAll(tile, found)) throw short(path)
    await put(found.path, found.bytes)
    return true
  }

  /** The full tile may stand for a partial one that is gone by now; it is written under its own name. */
  async function fetchTile(tile: Tile): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> {
    for (const path of new Set([tilePath(tile), tilePath({ ...tile, width: TILE_WIDTH })])) {
      const bytes = await source.get(path)
      if (bytes) return { path, bytes }
    }
    return undefined
  }

  /** Events may be erased at any time: a copy follows. */
  async function copyEvents(index: number): Promise<boolean> {
    const path = eventsPath(index)
    const bytes = await source.get(path)
    if (!bytes) throw short(path)
    await put(path, bytes)
    return true
  }

  async function put(path: string, bytes: Uint8Array): Promise<void> {
    for (;;) {
      const there = await to.get(path)
      if (there && Buffer.compare(there.bytes, bytes) === 0) return
      if ((await to.replace(path, bytes, there?.etag)) === 'replaced') return
    }
  }
}
