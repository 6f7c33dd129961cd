/** A copy of the log in a folder: for keeping out of the operators' reach, and for verifying without any access. */
import { folderStore } from '@stint/broker/adapters/store/files'
import { eventsPath } from '@stint/broker/log/events'
import { parseCheckpointText } from '@stint/core/audit/checkpoint'
import { parseNote } from '@stint/core/audit/note'
import { levelsOf, TILE_WIDTH, tilePath, tilesOf } from '@stint/core/audit/tiles'
import type { LogSource } from './sources.ts'
import { Unreachable } from './sources.ts'

/** Objects fetched at once. */
const AT_ONCE = 16

const read = (note: Uint8Array) => parseCheckpointText(parseNote(Buffer.from(note).toString('utf8'))?.text ?? '')

export type Copied = { readonly size: number; readonly fetched: number; readonly kept: number }

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
  const tiles = (['entries', ...levelsOf(size)] as const).flatMap((level) => tilesOf(level, size))
  const bundles = source.hasEvents ? tilesOf('entries', size).map(({ index }) => index) : []
  const work = [
    ...tiles.map((tile) => async () => {
      const path = tilePath(tile)
      if (tile.width === TILE_WIDTH && (await to.get(path))) return false
      const own = await source.get(path)
      // The full tile may stand for a partial one that is gone by now; it is written under its own name.
      const full = { ...tile, width: TILE_WIDTH }
      const bytes = own ?? (await source.get(tilePath(full)))
      if (!bytes) throw new Unreachable(`${path} is not there`)
      await put(own ? path : tilePath(full), bytes)
      return true
    }),
    // Events may be erased at any time: a copy follows.
    ...bundles.map((index) => async () => {
      const bytes = await source.get(eventsPath(index))
      if (!bytes) throw new Unreachable(`${eventsPath(index)} is not there`)
      await put(eventsPath(index), bytes)
      return true
    }),
  ]
  let [done, fetched] = [0, 0]
  for (let at = 0; at < work.length; at += AT_ONCE) {
    const some = await Promise.all(work.slice(at, at + AT_ONCE).map((one) => one()))
    fetched += some.filter(Boolean).length
    done += some.length
    onProgress(done, work.length)
  }
  await put('checkpoint', checkpoint)
  return { size, fetched, kept: work.length - fetched }

  async function put(path: string, bytes: Uint8Array): Promise<void> {
    for (;;) {
      const there = await to.get(path)
      if (there && Buffer.compare(there.bytes, bytes) === 0) return
      if ((await to.replace(path, bytes, there?.etag)) === 'replaced') return
    }
  }
}
