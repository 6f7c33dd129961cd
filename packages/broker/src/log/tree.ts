/**
 * Builds proofs from tiles. The tree decides which hashes a proof needs, and the tile paths say where they are stored.
 */
import { consistencyPath, fold, type Hash, inclusionPath, perfectNodes, type Range } from '@stint/tlog/merkle'
import { decodeTile, hashWithin, placeOf, TILE_WIDTH, type Tile, tileAt, tilePath } from '@stint/tlog/tiles'
import { Trouble } from '../ports/log.ts'

export type Tree = {
  root(): Promise<Hash>
  inclusion(index: number): Promise<readonly Hash[]>
  consistency(old: number): Promise<readonly Hash[]>
}

/** The tree of the first `size` entries. Each tile is read once. */
export function treeOf(read: (tile: Tile) => Promise<Uint8Array | undefined>, size: number): Tree {
  const tiles = new Map<string, Promise<readonly Hash[]>>()

  async function hashes(tile: Tile): Promise<readonly Hash[]> {
    const bytes = await read(tile)
    // The full tile replaces a partial one that has been removed.
    const found = bytes && (decodeTile(bytes, tile.width) ?? decodeTile(bytes, TILE_WIDTH))
    if (!found) throw new Trouble(`${tilePath(tile)} cannot be read`)
    return found
  }

  async function hashOf(range: Range): Promise<Hash> {
    const parts = perfectNodes(range).map(async (node) => {
      const place = placeOf(node)
      const tile = tileAt(place.level, place.tile, size)
      if (!tile) throw new RangeError(`a log of ${size} entries has no such hash`)
      const path = tilePath(tile)
      const read = tiles.get(path) ?? hashes(tile)
      tiles.set(path, read)
      return hashWithin(await read, place.start, place.end)
    })
    return fold(await Promise.all(parts))
  }

  return {
    root: () => hashOf({ start: 0, end: size }),
    inclusion: (index) => Promise.all(inclusionPath(index, size).map(hashOf)),
    consistency: (old) => Promise.all(consistencyPath(old, size).map(hashOf)),
  }
}
