import { describe, expect, test } from 'vitest'
import {
  append,
  consistencyPath,
  type Edge,
  EMPTY_ROOT,
  fold,
  type Hash,
  inclusionPath,
  leafHash,
  nodeHash,
  perfectNodes,
  type Range,
  sameHash,
  verifyConsistency,
  verifyInclusion,
  verifyRange,
} from './merkle.ts'

/** RFC 9162 §2.1.1, word for word: the oracle. */
function treeHash(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT
  if (leaves.length === 1) return leaves[0] as Hash
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
}

const MOST = 70
const leaves = Array.from({ length: MOST }, (_, index) => leafHash(Buffer.from(`entry ${index}`)))
const rootOf = (size: number) => treeHash(leaves.slice(0, size))
const hashesOf = (path: readonly Range[]) => path.map(({ start, end }) => treeHash(leaves.slice(start, end)))
const flipped = (hash: Hash) => Buffer.from(hash).map((byte, at) => (at === 7 ? byte ^ 1 : byte))

test('hashes of RFC 6962: the empty tree, and the domains of leaf and node', () => {
  expect(Buffer.from(EMPTY_ROOT).toString('base64')).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
  expect(Buffer.from(leafHash(new Uint8Array())).toString('hex')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  expect(sameHash(leafHash(Buffer.concat([EMPTY_ROOT, EMPTY_ROOT])), nodeHash(EMPTY_ROOT, EMPTY_ROOT))).toBe(false)
  expect(leafHash(Buffer.alloc(65_535, 7))).toHaveLength(32)
})

test('an edge that grows leaf by leaf folds to the root at every size', () => {
  let edge: Edge = []
  for (const [size, leaf] of leaves.entries()) {
    expect(sameHash(fold(edge), rootOf(size))).toBe(true)
    edge = append(edge, size, leaf)
  }
})

test('perfect ranges fold to the hash of the range', () => {
  for (const range of [...Array.from({ length: MOST }, (_, end) => ({ start: 0, end })), { start: 64, end: 70 }, { start: 32, end: 64 }]) {
    const parts = perfectNodes(range).map(({ level, index }) => treeHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)))
    expect(sameHash(fold(parts), treeHash(leaves.slice(range.start, range.end)))).toBe(true)
  }
})

describe('proofs, exhaustively up to 70 leaves', () => {
  test('each leaf is proved in each tree, in no other place, and by no other proof', () => {
    for (let size = 1; size < MOST; size++) {
      const root = rootOf(size)
      for (let index = 0; index < size; index++) {
        const proof = hashesOf(inclusionPath(index, size))
        const leaf = leaves[index] as Hash
        const holds =
          verifyInclusion(index, size, leaf, proof, root) &&
          !verifyInclusion(index, size, flipped(leaf), proof, root) &&
          !verifyInclusion(index, size, leaf, [...proof, root], root) &&
          !(proof.length > 0 && verifyInclusion(index, size, leaf, proof.slice(1), root)) &&
          !proof.some((hash, at) => verifyInclusion(index, size, leaf, proof.with(at, flipped(hash)), root)) &&
          !(index + 1 < size && verifyInclusion(index + 1, size, leaf, proof, root))
        expect(holds, `${index} of ${size}`).toBe(true)
      }
    }
  })

  test('each tree continues each earlier one, and no forged one', () => {
    for (let size = 1; size < MOST; size++) {
      for (let old = 0; old <= size; old++) {
        const proof = hashesOf(consistencyPath(old, size))
        const [oldRoot, root] = [rootOf(old), rootOf(size)]
        const holds =
          verifyConsistency(old, size, oldRoot, root, proof) &&
          !verifyConsistency(old, size, flipped(oldRoot), root, proof) &&
          !(old > 0 && verifyConsistency(old, size, oldRoot, flipped(root), proof)) &&
          !verifyConsistency(old, size, oldRoot, root, [...proof, root]) &&
          !proof.some((hash, at) => verifyConsistency(old, size, oldRoot, root, proof.with(at, flipped(hash))))
        expect(holds, `${old} to ${size}`).toBe(true)
      }
    }
  })
})

test.each([
  ['an index beyond the tree', () => verifyInclusion(1, 1, EMPTY_ROOT, [], EMPTY_ROOT)],
  ['a negative index', () => verifyInclusion(-1, 1, EMPTY_ROOT, [], EMPTY_ROOT)],
  ['half an index', () => verifyInclusion(0.5, 1, EMPTY_ROOT, [], EMPTY_ROOT)],
  ['an index that is not a number', () => verifyInclusion(Number.NaN, 2, EMPTY_ROOT, [], EMPTY_ROOT)],
  ['a leaf that is not a hash', () => verifyInclusion(0, 1, Buffer.of(1), [], Buffer.of(1))],
  ['a smaller tree than before', () => verifyConsistency(2, 1, rootOf(2), rootOf(1), [])],
  ['a range that no tree has', () => verifyRange({ start: 1, end: 3 }, 4, rootOf(2), [], rootOf(4))],
])('refused: %s', (_what, verdict) => expect(verdict()).toBe(false))
