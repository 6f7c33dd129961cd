/**
 * Applies a stage: writes everything that the head promises. Each write is idempotent, so another shipper can start again from the
 * beginning, at any point and at the same time.
 */

import { encodeEvents, eventLine, eventsPath, type HeldEvent, parseEvents } from '@stint/core/audit/event-bundle'
import { type Checkpoint, checkpointText, openCheckpoint } from '@stint/tlog/checkpoint'
import { verifyEd25519 } from '@stint/tlog/ed25519'
import { type Hash, leafHash, sameHash, verifyConsistency } from '@stint/tlog/merkle'
import { formatNote, keyIdOf } from '@stint/tlog/note'
import {
  decodeBundle,
  decodeTile,
  encodeBundle,
  encodeTile,
  levelsOf,
  TILE_WIDTH,
  type Tile,
  tileAt,
  tilePath,
  tileRoot,
  tilesBetween,
} from '@stint/tlog/tiles'
import { Halt, type Head, type ObjectReader, type ObjectStore, type Signer, Trouble, type Witness } from '../ports/log.ts'
import type { Log } from '../ports/runtime.ts'
import { all, inParallel } from './parallel.ts'
import type { Batch, Staged } from './stage.ts'
import { type Tree, treeOf } from './tree.ts'

/** Objects that are written, listed or removed at once. */
const WRITES_AT_ONCE = 32
/** Tries of a write that other writers keep overtaking. */
const MAX_ROUNDS = 20

export type Publishing = {
  /** Tiles, bundles and the checkpoint: objects that may be public. */
  readonly log: ObjectStore
  /** Events and stages: objects that must be erasable. */
  readonly events: ObjectStore
  readonly signer: Signer
  readonly witnesses: readonly Witness[]
  readonly say: Log
}

/** A tile of the log at this or a larger width: it may have grown since. */
export async function readTile(store: ObjectReader, tile: Tile): Promise<Uint8Array | undefined> {
  const exact = await store.get(tilePath(tile))
  if (exact || tile.width === TILE_WIDTH) return exact?.bytes
  // A partial tile may have been removed once the full one exists (C2SP tlog-tiles).
  return (await store.get(tilePath({ ...tile, width: TILE_WIDTH })))?.bytes
}

/**
 * Writes the tiles of every level that are new or wider. Reads are parallel, and so are the writes of one level. Entries come first, then
 * hashes, level by level, so that nothing refers to an object that does not exist yet.
 */
export async function writeTiles({ log }: Pick<Publishing, 'log'>, { size, prepared }: Batch): Promise<readonly WrittenTile[]> {
  const to = size + prepared.length
  const levels = levelsOf(to)
  const [entries, ...hashes] = await all([
    tilesToGrow(log, 'entries', size, to, entriesOf),
    ...levels.map((level) => tilesToGrow(log, level, size, to, hashesOf)),
  ])
  if (entries?.before) sameLeaves(entries.before, entries.old, hashes[0]?.old ?? [])

  const steps = [
    grown(
      entries,
      prepared.map(({ staged }) => Buffer.from(staged.entry)),
    ),
  ]
  let added: readonly Hash[] = prepared.map(({ leaf }) => leaf)
  for (const level of hashes) {
    const tiles = grown(level, added)
    steps.push(tiles)
    // The next level gets the roots of the tiles that have just become full.
    added = tiles.filter(({ tile }) => tile.width === TILE_WIDTH).map(({ content }) => tileRoot(content))
  }
  for (const tiles of steps) await inParallel(tiles, WRITES_AT_ONCE, (one) => writeTile(log, one))
  return steps.flat()
}

async function hashesOf(log: ObjectStore, tile: Tile): Promise<readonly Hash[]> {
  const bytes = await readTile(log, tile)
  const hashes = bytes && decodeTile(bytes.subarray(0, tile.width * 32), tile.width)
  if (!hashes) throw new Trouble(`${tilePath(tile)} cannot be read`)
  return hashes
}

async function entriesOf(log: ObjectStore, tile: Tile): Promise<readonly Uint8Array[]> {
  const exact = await log.get(tilePath(tile))
  const full = exact ?? (await log.get(tilePath({ ...tile, width: TILE_WIDTH })))
  const entries = full && decodeBundle(full.bytes, exact ? tile.width : TILE_WIDTH)
  if (!entries) throw new Trouble(`${tilePath(tile)} cannot be read`)
  return entries.slice(0, tile.width)
}

/** A tile and what it holds. `grew`: it held some of it before, so partial tiles can be left. */
type WrittenTile = { readonly tile: Tile; readonly content: readonly Uint8Array[]; readonly grew: boolean }

/** The tiles of one level that are new or wider, and what the first of them held before. */
type ToGrow = { readonly tiles: readonly Tile[]; readonly before: Tile | undefined; readonly old: readonly Uint8Array[] }

async function tilesToGrow(
  log: ObjectStore,
  level: number | 'entries',
  from: number,
  to: number,
  read: (log: ObjectStore, tile: Tile) => Promise<readonly Uint8Array[]>,
): Promise<ToGrow> {
  const tiles = tilesBetween(level, from, to)
  const before = tiles[0] && tileAt(level, tiles[0].index, from)
  return { tiles, before, old: before ? await read(log, before) : [] }
}

/** The tiles with the content that they had and what is added. */
function grown({ tiles, before, old }: ToGrow, added: readonly Uint8Array[]): readonly WrittenTile[] {
  const content = [...old, ...added]
  return tiles.map((tile, at) => {
    const own = content.slice(at * TILE_WIDTH, at * TILE_WIDTH + tile.width)
    if (own.length !== tile.width) throw new Halt(`${tilePath(tile)} would get ${own.length} of ${tile.width} hashes`)
    return { tile, content: own, grew: at === 0 && before !== undefined }
  })
}

const writeTile = (log: ObjectStore, { tile, content }: WrittenTile): Promise<void> =>
  createSame(log, tilePath(tile), tile.level === 'entries' ? encodeBundle(content) : encodeTile(content), tile.width === TILE_WIDTH)

/** The entries of a bundle that grows must be those that were hashed; the hashes are checked against the root before it is signed. */
function sameLeaves(bundle: Tile, entries: readonly Uint8Array[], hashes: readonly Hash[]): void {
  if (!entries.every((entry, at) => sameHash(leafHash(entry), hashes[at] as Hash)))
    throw new Halt(`${tilePath(bundle)} does not match the hashes of the log`)
}

/** Creates the object. An existing object must be the same, because a tile has only one possible content. */
async function createSame(store: ObjectStore, path: string, bytes: Uint8Array, final: boolean): Promise<void> {
  if ((await store.create(path, bytes, { final })) === 'created') return
  const there = await store.get(path)
  if (!there) throw new Trouble(`${path} both exists and does not exist`)
  if (Buffer.compare(there.bytes, bytes) !== 0) throw new Halt(`${path} exists with different content`)
}

/** Stores the events next to their entries. What was erased meanwhile stays erased. */
export async function writeEvents({ events }: Pick<Publishing, 'events'>, { size, prepared }: Batch): Promise<void> {
  const bundles = Map.groupBy(
    prepared.map(({ staged }, at) => ({ place: size + at, staged })),
    ({ place }) => Math.floor(place / TILE_WIDTH),
  )
  await inParallel([...bundles], WRITES_AT_ONCE, ([bundle, added]) => updateEvents(events, bundle, (held) => mergeEvents(held, added)))
}

/** Reads, changes and replaces one bundle of events, until no other writer was faster. */
export async function updateEvents(
  events: ObjectStore,
  bundle: number,
  change: (held: ReturnType<typeof parseEvents> & object) => ReturnType<typeof mergeEvents>,
): Promise<void> {
  const path = eventsPath(bundle)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const there = await events.get(path)
    const held = there ? parseEvents(there.bytes) : []
    if (!held) throw new Halt(`${path} cannot be read`)
    const bytes = encodeEvents(change(held))
    if (there && Buffer.compare(there.bytes, bytes) === 0) return
    if ((await events.replace(path, bytes, there?.etag)) === 'replaced') return
  }
  throw new Trouble(`${path} keeps being changed by other writers`)
}

/**
 * Signs the head and publishes it, unless there is a newer checkpoint: a delayed shipper must not move the log back.
 */
export async function publishCheckpoint(
  publishing: Publishing,
  head: Pick<Head, 'size' | 'root'>,
  isHead: () => Promise<boolean>,
): Promise<void> {
  const { log, signer } = publishing
  const checkpoint: Checkpoint = { origin: signer.key.name, size: head.size, root: head.root }
  const tree = treeOf((tile) => readTile(log, tile), head.size)
  const [root, latest] = await all([tree.root(), log.get(CHECKPOINT)])
  // The written tiles must produce exactly the root that the head promises. If they do not, existing tiles have been changed.
  if (!sameHash(root, head.root)) throw new Halt('the tiles do not match the root of the head')
  let [note, there]: [string | undefined, typeof latest] = [undefined, latest]
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (round > 0) there = await log.get(CHECKPOINT)
    const opened = there && openCheckpoint(Buffer.from(there.bytes).toString('utf8'), [signer.key])
    // A checkpoint signed by an earlier key is replaced too: the head, which no checkpoint moves, decides what comes next.
    if (opened?.outcome === 'fault') {
      publishing.say({ level: 'error', event: 'checkpoint-foreign', fault: opened.fault })
      if (!(await isHead())) return
    }
    if (opened?.outcome === 'done') {
      const { size, root } = opened.value
      if (size === head.size && !sameHash(root, head.root))
        throw new Halt(`the published checkpoint of ${size} entries has a different root`)
      if (size >= head.size) return
      if (!verifyConsistency(size, head.size, root, head.root, await tree.consistency(size)))
        throw new Halt(`the head does not continue the checkpoint of ${size} entries`)
    }
    note ??= await signed(publishing, checkpoint, tree)
    if ((await log.replace(CHECKPOINT, Buffer.from(note), there?.etag)) === 'replaced') return
  }
  throw new Trouble('the checkpoint keeps being changed by other writers')
}
export const CHECKPOINT = 'checkpoint'

async function signed({ signer, witnesses, say }: Publishing, checkpoint: Checkpoint, tree: Tree): Promise<string> {
  const text = checkpointText(checkpoint)
  const own = { name: signer.key.name, keyId: keyIdOf(signer.key), signature: await signer.sign(Buffer.from(text)) }
  if (!verifyEd25519(signer.key.publicKey, Buffer.from(text), own.signature))
    throw new Trouble('the checkpoint was not signed by the key of the log')
  const note = formatNote(text, [own])
  const seen = await Promise.all(
    witnesses.map(async (witness) => {
      try {
        return await witness.cosign(checkpoint, note, tree.consistency)
      } catch (error) {
        // A witness that is down delays nothing: the next checkpoint that it signs covers this one.
        say({ level: 'warn', event: 'witness-missing', witness: witness.name, cause: (error as Error).message })
        return []
      }
    }),
  )
  return formatNote(text, [own, ...seen.flat()])
}

/** Removes the partial tiles of those that are now full: nothing needs them any more. If that fails, they stay, which C2SP tlog-tiles allows. */
export async function prune({ log, say }: Pick<Publishing, 'log' | 'say'>, tiles: readonly WrittenTile[]): Promise<void> {
  const full = tiles.filter(({ tile, grew }) => grew && tile.width === TILE_WIDTH)
  await withoutFailing(say, 'partial-tiles-left', async () => {
    const paths = await inParallel(full, WRITES_AT_ONCE, ({ tile }) => log.list(`${tilePath(tile)}.p/`))
    await inParallel(paths.flat(), WRITES_AT_ONCE, (path) => log.remove(path))
  })
}

/** Tidies up behind a batch that is in the log: it must not be tried again for that. */
export async function withoutFailing(say: Log, event: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    say({ level: 'warn', event, cause: error.message })
  }
}

/** Merges stored and new events. What is stored stays, because it is the same or was erased. */
function mergeEvents(
  held: readonly HeldEvent[],
  added: readonly { readonly place: number; readonly staged: Staged }[],
): readonly HeldEvent[] {
  const merged = [...held]
  for (const { place: inLog, staged } of added) {
    const place = inLog % TILE_WIDTH
    const own: HeldEvent = { event: staged.event, salt: Buffer.from(staged.salt, 'base64') }
    const there = merged[place]
    if (there === undefined && place !== merged.length)
      throw new Halt(`event ${place} of a bundle would leave a gap after ${merged.length}`)
    if (there === undefined) merged.push(own)
    else if (there !== 'erased' && eventLine(there) !== eventLine(own))
      throw new Halt(`event ${place} of a bundle exists with different content`)
  }
  return merged
}
