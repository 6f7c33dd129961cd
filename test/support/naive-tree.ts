/** RFC 9162 §2.1.1, word for word and slow, from the RFC alone: what ours is held to. */
import { createHash } from 'node:crypto'

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

export function treeHash(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return sha256()
  if (entries.length === 1) return sha256(Buffer.of(0), entries[0] as Uint8Array)
  let k = 1
  while (k * 2 < entries.length) k *= 2
  return sha256(Buffer.of(1), treeHash(entries.slice(0, k)), treeHash(entries.slice(k)))
}
