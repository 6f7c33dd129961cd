/** The Merkle tree above the leaves. */

import { append, type Edge, fold, type Hash, perfectNodes, sameHash } from '@stint/tlog/merkle'
import { decodeTile, hashWithin, TILE_WIDTH, type Tile, tilePath, tileRoot } from '@stint/tlog/tiles'
import type { LogSource } from '../sources.ts'
import { readTile } from './bundle.ts'
import type { Findings } from './findings.ts'

/** Computes the root from the leaves, and compares every tile of hashes with the hashes below it. */
export class TreeCheck {
  readonly #found: Findings
  readonly #source: LogSource
  /** For each level above the leaves: the hashes that are not in a full tile yet, and the number of full tiles. */
  readonly #rows: { hashes: Hash[]; tiles: number }[] = []
  /** The edge of the full tiles of leaves. */
  #edge: Edge = []
  #tiles = 0
  /** The leaves of the last tile, if it is partial. */
  #rest: readonly Hash[] = []

  constructor(found: Findings, source: LogSource) {
    this.#found = found
    this.#source = source
  }

  async add(leaves: readonly Hash[]): Promise<void> {
    if (leaves.length < TILE_WIDTH) {
      this.#rest = leaves
      return
    }
    const hash = tileRoot(leaves)
    this.#edge = append(this.#edge, this.#tiles++, hash)
    await this.#raise(1, hash)
  }

  async #raise(level: number, hash: Hash): Promise<void> {
    this.#rows[level] ??= { hashes: [], tiles: 0 }
    const row = this.#rows[level]
    row.hashes.push(hash)
    if (row.hashes.length < TILE_WIDTH) return
    await this.#compare({ level, index: row.tiles++, width: TILE_WIDTH }, row.hashes)
    const above = tileRoot(row.hashes)
    row.hashes = []
    await this.#raise(level + 1, above)
  }

  async #compare(tile: Tile, hashes: readonly Hash[]): Promise<void> {
    const path = tilePath(tile)
    const bytes = await readTile(this.#source, tile)
    if (!bytes) return void this.#found.add({ class: 'tampered', place: path, what: 'missing' })
    const there = decodeTile(bytes, tile.width) ?? decodeTile(bytes, TILE_WIDTH)
    if (!there) return void this.#found.add({ class: 'tampered', place: path, what: `not ${tile.width} hashes` })
    const at = hashes.findIndex((hash, place) => !sameHash(hash, there[place] as Hash))
    if (at >= 0) this.#found.add({ class: 'tampered', place: path, what: `hash ${at} is not the hash of the entries below it` })
  }

  /** The root with these leaves appended to those added so far. */
  rootWith(leaves: readonly Hash[]): Hash {
    return fold([...this.#edge, ...partsOf(leaves)])
  }

  /** The root of all added leaves. Also checks the partial tiles. */
  async finish(): Promise<Hash> {
    for (const [level, row] of this.#rows.entries()) {
      if (row && row.hashes.length > 0) await this.#compare({ level, index: row.tiles, width: row.hashes.length }, row.hashes)
    }
    return this.rootWith(this.#rest)
  }
}

/** The perfect subtrees of at most 256 leaves. */
const partsOf = (leaves: readonly Hash[]): readonly Hash[] =>
  perfectNodes({ start: 0, end: leaves.length }).map(({ level, index }) => hashWithin(leaves, index * 2 ** level, (index + 1) * 2 ** level))
