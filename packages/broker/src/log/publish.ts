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
import { Halt, type Head, type ObjectStore, type Signer, Trouble, type Witness } from '../ports/log.ts'
import type { Log } from '../ports/runtime.ts'
import { lookupRows, type Stage, type Staged } from './stage.ts'
import { type Tree, treeOf } from './tree.ts'

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
export async function readTile(store: ObjectStore, tile: Tile): Promise<Uint8Array | undefined> {
  const exact = await store.get(tilePath(tile))
  if (exact || tile.width === TILE_WIDTH) return exact?.bytes
  // A partial tile may have been removed once the full one exists (C2SP tlog-tiles).
  return (await store.get(tilePath({ ...tile, width: TILE_WIDTH })))?.bytes
}

/** Entries first, then hashes, level by level, so that nothing refers to an object that does not exist yet. */
export async function writeTiles({ log }: Pick<Publishing, 'log'>, { size, staged }: Stage): Promise<readonly Tile[]> {
  const to = size + staged.length
  const entries = staged.map(({ entry }) => Buffer.from(entry))
  const written = [...(await grow(log, 'entries', size, to, entries))]
  let added: readonly Hash[] = entries.map(leafHash)
  for (const level of levelsOf(to)) {
    const tiles = await grow(log, level, size, to, added)
    written.push(...tiles)
    // The next level gets the roots of the tiles that have just become full.
    added = tiles.filter(({ tile }) => tile.width === TILE_WIDTH).map(({ content }) => tileRoot(content))
  }
  return written.map(({ tile }) => tile)
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

type WrittenTile = { readonly tile: Tile; readonly content: readonly Uint8Array[] }

/** Writes the tiles of one level that are new or wider. The existing content of the first of them is read and kept. */
async function grow(
  log: ObjectStore,
  level: number | 'entries',
  from: number,
  to: number,
  added: readonly Uint8Array[],
): Promise<readonly WrittenTile[]> {
  const tiles = tilesBetween(level, from, to)
  const first = tiles[0]
  if (!first) return []
  const before = tileAt(level, first.index, from)
  const old = !before ? [] : level === 'entries' ? await entriesOf(log, before) : await hashesOf(log, before)
  if (before && level === 'entries') await sameLeaves(log, before, old)
  const all = [...old, ...added]
  return Promise.all(
    tiles.map(async (tile) => {
      const start = (tile.index - first.index) * TILE_WIDTH
      const content = all.slice(start, start + tile.width)
      if (content.length !== tile.width) throw new Halt(`${tilePath(tile)} would get ${content.length} of ${tile.width} hashes`)
      const bytes = level === 'entries' ? encodeBundle(content) : encodeTile(content)
      await createSame(log, tilePath(tile), bytes, tile.width === TILE_WIDTH)
      return { tile, content }
    }),
  )
}

/** The entries of a bundle that grows must be those that were hashed; the hashes are checked against the root before it is signed. */
async function sameLeaves(log: ObjectStore, bundle: Tile, entries: readonly Uint8Array[]): Promise<void> {
  const hashes = await hashesOf(log, { ...bundle, level: 0 })
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
export async function writeEvents({ events }: Pick<Publishing, 'events'>, { size, staged }: Stage): Promise<void> {
  const byBundle = new Map<number, { place: number; staged: Staged }[]>()
  staged.forEach((one, at) => {
    const bundle = Math.floor((size + at) / TILE_WIDTH)
    byBundle.set(bundle, [...(byBundle.get(bundle) ?? []), { place: (size + at) % TILE_WIDTH, staged: one }])
  })
  await Promise.all([...byBundle].map(([bundle, added]) => updateEvents(events, bundle, (held) => mergeEvents(held, added))))
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
  // The written tiles must produce exactly the root that the head promises. If they do not, existing tiles have been changed.
  if (!sameHash(await tree.root(), head.root)) throw new Halt('the tiles do not match the root of the head')
  let note: string | undefined
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const there = await log.get(CHECKPOINT)
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

/** Partial tiles that are now full: they are not needed any more. */
export async function prune({ log }: Pick<Publishing, 'log'>, tiles: readonly Tile[]): Promise<void> {
  for (const tile of tiles.filter(({ width }) => width === TILE_WIDTH)) {
    for (const path of await log.list(`${tilePath(tile)}.p/`)) await log.remove(path)
  }
}

export const rowsOf = ({ staged }: Stage) => staged.flatMap(lookupRows)

/** Merges stored and new events. What is stored stays, because it is the same or was erased. */
function mergeEvents(
  held: readonly HeldEvent[],
  added: readonly { readonly place: number; readonly staged: Staged }[],
): readonly HeldEvent[] {
  const merged = [...held]
  for (const { place, staged } of added) {
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
