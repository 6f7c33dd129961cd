/**
 * Where the log's hashes and entries lie: C2SP tlog-tiles. A tile holds up to 256 hashes of one level, a bundle up to 256
 * entries; full ones never change, and the one that is still growing lies under its present width (`.p/<W>`).
 */
import { fold, HASH_BYTES, type Hash, type Node } from './merkle.ts'

/** Hashes in a full tile, entries in a full bundle. A tile is 8 levels of the tree high. */
export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
/** An entry's length is written in 16 bits. */
export const MAX_ENTRY_BYTES = 65_535

/** One object of the log: `level` is that of a tile, or entries. `width` is 256 where it is full. */
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

/** The tile that a path names; undefined for anything that is not exactly how such a path is written. */
export function parseTilePath(path: string): Tile | undefined {
  const parts = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path)
  if (!parts) return undefined
  const tile: Tile = {
    level: parts[1] === 'entries' ? 'entries' : Number(parts[1]),
    index: Number(parts[2]?.replace(/[x/]/g, '')),
    width: parts[3] === undefined ? TILE_WIDTH : Number(parts[3]),
  }
  const isPossible = tile.width > 0 && (tile.level === 'entries' || tile.level < 64) && Number.isSafeInteger(tile.index)
  return isPossible && tilePath(tile) === path ? tile : undefined
}

/** How many hashes a level has in a log of this size; entries are counted like leaves. */
const countAt = (level: number | 'entries', size: number): number => (level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level))

/** Levels of tiles that a log of this size has. */
export function levelsOf(size: number): readonly number[] {
  const levels: number[] = []
  for (let level = 0; countAt(level, size) > 0; level++) levels.push(level)
  return levels
}

/** The `index`th tile of a level as a log of this size has it; undefined where it has none. */
export function tileAt(level: number | 'entries', index: number, size: number): Tile | undefined {
  const width = Math.min(TILE_WIDTH, countAt(level, size) - index * TILE_WIDTH)
  return width > 0 ? { level, index, width } : undefined
}

/** The tiles of a level that a log has which had `from` entries and has `to`, and had not, or had narrower. */
export function tilesBetween(level: number | 'entries', from: number, to: number): readonly Tile[] {
  const tiles: Tile[] = []
  if (countAt(level, to) === countAt(level, from)) return tiles
  for (let index = Math.floor(countAt(level, from) / TILE_WIDTH); ; index++) {
    const tile = tileAt(level, index, to)
    if (!tile) return tiles
    tiles.push(tile)
  }
}

/** Every tile of a log of this size. */
export const tilesOf = (level: number | 'entries', size: number): readonly Tile[] => tilesBetween(level, 0, size)

// ── What is in them ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Most bytes that an object of a log of this path may have; undefined for what is no tile and no bundle. */
export function maxTileBytes(path: string): number | undefined {
  const tile = parseTilePath(path)
  if (!tile) return undefined
  return tile.width * (tile.level === 'entries' ? 2 + MAX_ENTRY_BYTES : HASH_BYTES)
}

export const encodeTile = (hashes: readonly Hash[]): Buffer => Buffer.concat(hashes)

/** The hashes of a tile; undefined where it has not exactly its width of them. */
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

/** The entries of a bundle; undefined where it has not exactly its width of them. */
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

/** Which hashes of which tile a node of the tree is folded from. */
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

/** The hash of hashes `start` to `end` of one tile. */
export function hashWithin(hashes: readonly Hash[], start: number, end: number): Hash {
  let row = hashes.slice(start, end)
  while (row.length > 1) {
    const above: Hash[] = []
    for (let at = 0; at < row.length; at += 2) above.push(fold(row.slice(at, at + 2)))
    row = above
  }
  return fold(row)
}

/** What stands in the level above for a full tile. */
export const tileRoot = (hashes: readonly Hash[]): Hash => hashWithin(hashes, 0, TILE_WIDTH)
