/**
 * The Merkle tree of the log. Source of every algorithm: RFC 9162 §2.1, whose hashes are those of RFC 6962. A tree of n
 * leaves splits at the largest power of two below n; no leaf is ever promoted or doubled.
 *
 * Ranges of leaves identify subtrees. A *perfect* range has 2^level leaves and begins at a multiple of that. Its hash never
 * changes, so tiles store these hashes, and all other hashes are computed from them.
 */
import { sha256 } from './sha256.ts'

export type Hash = Uint8Array
/** Leaves from `start` (inclusive) to `end` (exclusive). */
export type Range = { readonly start: number; readonly end: number }
/** The perfect range of 2^level leaves with position `index` in its level. */
export type Node = { readonly level: number; readonly index: number }

export const HASH_BYTES = 32
/** The root of a tree without leaves (RFC 9162 §2.1.1). */
export const EMPTY_ROOT: Hash = sha256('')

const leafScratch = { buffer: Buffer.alloc(2048) }
/** RFC 9162 §2.1.1: SHA-256 of 0x00 and the entry. */
export function leafHash(entry: Uint8Array): Hash {
  if (leafScratch.buffer.length <= entry.length) leafScratch.buffer = Buffer.alloc(entry.length * 2 + 1)
  leafScratch.buffer[0] = 0
  leafScratch.buffer.set(entry, 1)
  return sha256(leafScratch.buffer.subarray(0, entry.length + 1))
}

const nodeScratch = Buffer.alloc(1 + 2 * HASH_BYTES)
/** RFC 9162 §2.1.1: SHA-256 of 0x01, left and right. */
export function nodeHash(left: Hash, right: Hash): Hash {
  nodeScratch[0] = 1
  nodeScratch.set(left, 1)
  nodeScratch.set(right, 1 + HASH_BYTES)
  return sha256(nodeScratch)
}

export const sameHash = (a: Hash, b: Hash): boolean => Buffer.compare(a, b) === 0

// ── Growing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The hashes of the perfect ranges that make up a tree, the largest first. Appending needs nothing else. */
export type Edge = readonly Hash[]

/** Appends a leaf. Equal ranges join, as carries do when adding one to a binary number. */
export function append(edge: Edge, size: number, leaf: Hash): Edge {
  const grown = [...edge]
  let hash = leaf
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) hash = nodeHash(grown.pop() as Hash, hash)
  grown.push(hash)
  return grown
}

/** Joins neighbouring hashes from the right, as the split at a power of two requires. */
export function fold(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) return EMPTY_ROOT
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** The perfect ranges that make up a range, left to right. The range must be one that a tree can have. */
export function perfectNodes({ start, end }: Range): readonly Node[] {
  const nodes: Node[] = []
  let at = start
  while (at < end) {
    let level = 0
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2
      level++
    }
    nodes.push({ level, index: at / width })
    at += width
  }
  return nodes
}

// ── Proving ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The largest power of two smaller than the width, where a tree splits. */
function split(width: number): number {
  let half = 1
  while (half * 2 < width) half *= 2
  return half
}

/** The ranges whose hashes prove that leaf `index` is in a tree of `size`, the leaf's sibling first (RFC 9162 §2.1.3.1). */
export function inclusionPath(index: number, size: number): readonly Range[] {
  const path: Range[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + split(end - start)
    if (index < middle) {
      path.push({ start: middle, end })
      end = middle
    } else {
      path.push({ start, end: middle })
      start = middle
    }
  }
  return path.reverse()
}

/** The ranges whose hashes prove that a tree of `size` begins with one of `old` leaves (RFC 9162 §2.1.4.1). */
export function consistencyPath(old: number, size: number): readonly Range[] {
  if (old <= 0 || old >= size) return []
  const path: Range[] = []
  let [start, end] = [0, size]
  // Whether the rest of the old tree is the whole old tree, whose root the verifier already has.
  let whole = true
  while (old !== end) {
    const middle = start + split(end - start)
    if (old <= middle) {
      path.push({ start: middle, end })
      end = middle
    } else {
      path.push({ start, end: middle })
      start = middle
      whole = false
    }
  }
  if (!whole) path.push({ start, end })
  return path.reverse()
}

// ── Verifying ────────────────────────────────────────────────────────────────────────────────────────────────────────

const half = (value: number) => Math.floor(value / 2)
const isOdd = (value: number) => value % 2 === 1

/** Leaf `index` is in a tree of `size` with this root (RFC 9162 §2.1.3.2). */
export const verifyInclusion = (index: number, size: number, leaf: Hash, proof: readonly Hash[], root: Hash): boolean =>
  verifyRange({ start: index, end: index + 1 }, size, leaf, proof, root)

/** A tree of `size` begins with the one of `old` leaves (RFC 9162 §2.1.4.2). Every tree begins with the empty tree, with an empty proof. */
export const verifyConsistency = (old: number, size: number, oldRoot: Hash, root: Hash, proof: readonly Hash[]): boolean =>
  verifyRange({ start: 0, end: old }, size, oldRoot, proof, root)

/**
 * A tree of `size` contains this range of leaves, whose own root is `hash`. Inclusion is the range of one leaf, consistency
 * the range from the first leaf; for both, this is the algorithm of RFC 9162 (draft-ietf-plants-merkle-tree-certs, "Verifying
 * a Subtree Consistency Proof").
 */
export function verifyRange({ start, end }: Range, size: number, hash: Hash, proof: readonly Hash[], root: Hash): boolean {
  if (![start, end, size].every(Number.isSafeInteger) || start < 0 || start > end || end > size) return false
  if (size === 0 && !sameHash(root, EMPTY_ROOT)) return false
  if (start === end) return proof.length === 0 && sameHash(hash, EMPTY_ROOT)
  if (start % ceilingPower(end - start) !== 0) return false // not a range that a tree can have
  if (![hash, root, ...proof].every(({ length }) => length === HASH_BYTES)) return false

  let [fn, sn, tn] = [start, end - 1, size - 1]
  const up = () => {
    ;[fn, sn, tn] = [half(fn), half(sn), half(tn)]
  }
  while (fn !== sn && (sn === tn || isOdd(sn))) up()
  const [first, ...rest] = fn === sn ? [hash, ...proof] : proof
  if (!first) return false
  let [fr, sr] = [first, first]
  for (const sibling of rest) {
    if (tn === 0) return false
    if (isOdd(sn) || sn === tn) {
      if (fn < sn) fr = nodeHash(sibling, fr)
      sr = nodeHash(sibling, sr)
      while (!isOdd(sn) && sn !== 0) up()
    } else sr = nodeHash(sr, sibling)
    up()
  }
  return tn === 0 && sameHash(fr, hash) && sameHash(sr, root)
}

/** The smallest power of two that is at least the width. */
function ceilingPower(width: number): number {
  let power = 1
  while (power < width) power *= 2
  return power
}
