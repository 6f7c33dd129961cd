/** A copy of the log in a folder, to keep it where operators have no access and to verify it without access to Stint. */
import { folderStore } from '@stint/broker/adapters/store/files'
import { eventsPath } from '@stint/core/audit/event-bundle'
import { parseCheckpointText } from '@stint/tlog/checkpoint'
import { parseNote } from '@stint/tlog/note'
import { decodeBundle, decodeTile, levelsOf, TILE_WIDTH, type Tile, tileAt, tilePath } from '@stint/tlog/tiles'
import type { LogSource } from './sources.ts'
import { Unreachable } from './sources.ts'

/** How many objects are fetched in parallel. */
const AT_ONCE = 16

const read = (note: Uint8Array) => parseCheckpointText(parseNote(Buffer.from(note).toString('utf8'))?.text ?? '')

type Copied = { readonly size: number; readonly fetched: number; readonly kept: number }

const tileCount = (level: number | 'entries', size: number): number =>
  Math.ceil((level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level)) / TILE_WIDTH)

/** Whether a tile or bundle has at least as many hashes or entries as the checkpoint states. `verify` checks their content. */
function holdsAll({ level, width }: Tile, found: { readonly bytes: Uint8Array } | undefined): boolean {
  if (!found) return false
  const decode = level === 'entries' ? decodeBundle : decodeTile
  return decode(found.bytes, width) !== undefined || decode(found.bytes, TILE_WIDTH) !== undefined
}

/** Existing full tiles are kept, because they never change. The checkpoint is written last, so an incomplete copy is not a log. */
export async function copyLog(
  source: LogSource,
  folder: string,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<Copied> {
  const to = folderStore(folder)
  const checkpoint = await source.get('checkpoint')
  const now = checkpoint && read(checkpoint)
  if (!checkpoint || !now) throw new Unreachable('There is no checkpoint.')
  const { size, origin } = now
  const before = await to.get('checkpoint')
  const had = before && read(before.bytes)
  if (had && had.origin !== origin)
    throw new Unreachable(`${folder} has a copy of another log, ${had.origin}. This log is ${origin}. Choose another folder.`)
  if (had && had.size > size)
    throw new Unreachable(
      `The log has ${size} entries, but the copy has ${had.size}. The log was rolled back, so the copy was not changed.`,
    )
  const short = (path: string) =>
    new Unreachable(
      `The checkpoint claims ${size.toLocaleString('en-US')} entries, but ${path} is missing or incomplete. The copy was stopped; ask the operators of the log.`,
    )
  // A checkpoint can claim any size. Fetch the last bundle first: if it is missing, nothing else has to be fetched.
  const last = tileAt('entries', Math.ceil(size / TILE_WIDTH) - 1, size)
  if (last && !holdsAll(last, await fetchTile(last))) throw short(tilePath(last))

  const levels: readonly (number | 'entries')[] = ['entries', ...levelsOf(size)]
  const bundles = Math.ceil(size / TILE_WIDTH)
  const all = levels.reduce<number>((sum, level) => sum + tileCount(level, size), 0) + (source.hasEvents ? bundles : 0)
  let [done, fetched] = [0, 0]
  const work = pieces()
  // Each worker takes the next piece when it has finished one, so memory holds no more pieces than workers.
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

  /** Yields what to copy, one by one. It is never a list, because a log can have millions of bundles. */
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

  /** If a partial tile is gone, the full tile replaces it. It is written under its own name. */
  async function fetchTile(tile: Tile): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> {
    for (const path of new Set([tilePath(tile), tilePath({ ...tile, width: TILE_WIDTH })])) {
      const bytes = await source.get(path)
      if (bytes) return { path, bytes }
    }
    return undefined
  }

  /** Events can be erased at any time, so a copy is updated. */
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
