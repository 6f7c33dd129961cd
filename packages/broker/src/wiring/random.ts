/**
 * Random bytes from the system, fetched in blocks: a call of the system costs as much as hashing 3 KB, and a vend needs a dozen small
 * values. Each byte is given out once and cleared. The first block is fetched at the first call and not in init, so that instances that
 * start from one snapshot do not share it.
 */
import { randomFillSync } from 'node:crypto'
import type { RandomBytes } from '@stint/core/ids'

const BLOCK_BYTES = 1024

export function randomInBlocks(fill: (block: Uint8Array) => void = randomFillSync): RandomBytes {
  const block = new Uint8Array(BLOCK_BYTES)
  let used = BLOCK_BYTES
  return (count) => {
    if (count > BLOCK_BYTES) throw new RangeError('too many random bytes')
    if (used + count > BLOCK_BYTES) {
      fill(block)
      used = 0
    }
    const bytes = block.slice(used, used + count)
    block.fill(0, used, used + count)
    used += count
    return bytes
  }
}
