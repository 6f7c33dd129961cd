/**
 * Where the log's hashes and entries are stored: C2SP tlog-tiles. A tile holds up to 256 hashes of one level, a bundle up to
 * 256 entries. Full tiles and bundles never change. A partial one is stored under its current width (`.p/<W>`).
 */
import { fold, HASH_BYTES, type Hash, type Node } from './merkle.ts'

/** Hashes in a full tile, entries in a full bundle. A tile spans 8 levels of the tree. */
export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
/** An entry's length is written in 16 bits. */
const MAX_ENTRY_BYTES = 65_535

/** One object of the log. `level` is the level of a tile, or `entries` for a bundle. A full object has `width` 256. */
export type Tile = { readonly level: number | 'entries'; readonly index: number; readonly width: number }

/** 1234067 is `x001/x234/067`. */
function groups(index: number): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const parts = padded.match(/\d{3}/g) ?? []
  return parts.map((part, at) => (at < parts.length - 1 ? `x${part}` : part)).join('/')
}

export const tilePath = ({ level, index, width }: Tile): string =>
  `tile/${level}/${groups(index)}${width === TILE_WIDTH ? '' : `.p/${width}`}`

/** The tile that a path names; undefined for any string that is not the exact form of such a path. */
export function parseTilePath(path: string): Tile | undefined {
  const parts = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path)
  if (!parts) return undefined
  const tile: Tile = {
    level: parts[1] === 'entries' ? 'entries' : Number(parts[1]),
    index: Number(parts[2]?.replace(/[x/]/g, '')),
    width: parts[3] === undefined ? TILE_WIDTH : Number(parts[3]),
  }
  const isPossible =
    tile.width > 0 && tile.width <= TILE_WIDTH && (tile.level === 'entries' || tile.level < 64) && Number.isSafeInteger(tile.index)
  return isPossible && tilePath(tile) === path ? tile : undefined
}

/** The number of hashes that a level has in a log of this size. Entries count like leaves. */
const countAt = (level: number | 'entries', size: number): number => (level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level))

/** The levels of tiles in a log of this size. */
export function levelsOf(size: number): readonly number[] {
  const levels: number[] = []
  for (let level = 0; countAt(level, size) > 0; level++) levels.push(level)
  return levels
}

/** The tile at `index` of a level in a log of this size; undefined if there is none. */
export function tileAt(level: number | 'entries', index: number, size: number): Tile | undefined {
  const width = Math.min(TILE_WIDTH, countAt(level, size) - index * TILE_WIDTH)
  return width > 0 ? { level, index, width } : undefined
}

/** The tiles of a level that are new or wider after a log grew from `from` to `to` entries. */
export function tilesBetween(level: number | 'entries', from: number, to: number): readonly Tile[] {
  const tiles: Tile[] = []
  if (countAt(level, to) === countAt(level, from)) return tiles
  for (let index = Math.floor(countAt(level, from) / TILE_WIDTH); ; index++) {
    const tile = tileAt(level, index, to)
    if (!tile) return tiles
    tiles.push(tile)
  }
}

// ── What is in them ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The maximum size in bytes of the object at this path; undefined if the path names neither a tile nor a bundle. */
export function maxTileBytes(path: string): number | undefined {
  const tile = parseTilePath(path)
  if (!tile) return undefined
  return tile.width * (tile.level === 'entries' ? 2 + MAX_ENTRY_BYTES : HASH_BYTES)
}

export const encodeTile = (hashes: readonly Hash[]): Buffer => Buffer.concat(hashes)

/** The hashes of a tile; undefined if their number is not exactly its width. */
export function decodeTile(bytes: Uint8Array, width: number): readonly Hash[] | undefined {
  if (bytes.length !== width * HASH_BYTES) return undefined
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY_BYTES) throw new RangeError(`an entry of ${entry.length} bytes`)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    }),
  )
}

/** The entries of a bundle; undefined if their number is not exactly its width. */
export function decodeBundle(bytes: Uint8Array, width: number): readonly Uint8Array[] | undefined {
  const entries: Uint8Array[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
    if (end > bytes.length) return undefined
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  return at === bytes.length && entries.length === width ? entries : undefined
}

// ── Hashes of the tree, from tiles ───────────────────────────────────────────────────────────────────────────────────

/** The hashes of a tile that a node of the tree is computed from. */
export function placeOf({ level, index }: Node): {
  readonly level: number
  readonly tile: number
  readonly start: number
  readonly end: number
} {
  const tileLevel = Math.floor(level / TILE_HEIGHT)
  const width = 2 ** (level % TILE_HEIGHT)
  const first = index * width
  return { level: tileLevel, tile: Math.floor(first / TILE_WIDTH), start: first % TILE_WIDTH, end: (first % TILE_WIDTH) + width }
}

/** The hash of the hashes `start` to `end` of one tile. */
export function hashWithin(hashes: readonly Hash[], start: number, end: number): Hash {
  let row = hashes.slice(start, end)
  while (row.length > 1) {
    const above: Hash[] = []
    for (let at = 0; at < row.length; at += 2) above.push(fold(row.slice(at, at + 2)))
    row = above
  }
  return fold(row)
}

/** The hash that represents a full tile in the level above. */
export const tileRoot = (hashes: readonly Hash[]): Hash => hashWithin(hashes, 0, TILE_WIDTH)
