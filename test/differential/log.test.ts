/**
 * Our log, judged by code that we did not write: Merkle proofs by @transmute/rfc9162, checkpoints and inclusion by Sigstore's
 * client, which reads Rekor's. And their proofs by ours.
 */
import { createPublicKey } from 'node:crypto'
import { createRequire } from 'node:module'
import { ship } from '@stint/broker/log/ship'
import { treeOf } from '@stint/broker/log/tree'
import { parseCheckpointText } from '@stint/tlog/checkpoint'
import { leafHash, verifyConsistency, verifyInclusion } from '@stint/tlog/merkle'
import { formatVkey, keyIdOf, parseNote } from '@stint/tlog/note'
import { decodeBundle, TILE_WIDTH, tileAt, tilePath } from '@stint/tlog/tiles'
import { beforeAll, describe, expect, test } from 'vitest'
import { journalOf, type MemoryLog, newMemoryLog, shipperOf, systemJournal } from '../support/memory-log.ts'
import { treeHash } from '../support/naive-tree.ts'

const require = createRequire(import.meta.url)
// Inner parts of Sigstore's verifier; its package exports only the whole.
const sigstore = (file: string) => require(`${require.resolve('@sigstore/verify').replace(/index\.js$/, '')}${file}`)
const RFC9162 = require('@transmute/rfc9162').default
const { verifyCheckpoint } = sigstore('tlog/checkpoint.js')
const { verifyMerkleInclusion } = sigstore('tlog/merkle.js')

let memory: MemoryLog
let entries: Uint8Array[]
let sizes: number[]
let notes: string[]

/** A log that grew in steps, and every checkpoint of it. */
beforeAll(async () => {
  memory = newMemoryLog()
  const shipper = shipperOf(memory)
  notes = []
  let n = 0
  for (const journals of [1, 2, 5, 30, 40, 80, 60]) {
    const batch = Array.from({ length: journals }, () => journalOf(n++))
    const shipped = await ship(shipper, notes.length === 0 ? [systemJournal(), ...batch] : batch)
    if (shipped.outcome === 'unknown') throw new Error(shipped.cause)
    notes.push(String(memory.log.objects.get('checkpoint')))
  }
  sizes = notes.map((note) => parseCheckpointText(parseNote(note)?.text ?? '')?.size ?? 0)
  const size = sizes.at(-1) ?? 0
  entries = []
  for (let index = 0; entries.length < size; index++) {
    const tile = tileAt('entries', index, size)
    if (!tile) break
    entries.push(...(decodeBundle(memory.log.objects.get(tilePath(tile)) as Buffer, tile.width) ?? []))
  }
  expect(entries).toHaveLength(size)
  expect(size).toBeGreaterThan(TILE_WIDTH * 2)
})

const read = async (tile: Parameters<typeof tilePath>[0]) =>
  memory.log.objects.get(tilePath(tile)) ?? memory.log.objects.get(tilePath({ ...tile, width: TILE_WIDTH }))
const rootOf = (note: string) => parseCheckpointText(parseNote(note)?.text ?? '')?.root as Uint8Array
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('@transmute/rfc9162', () => {
  test('computes the roots that our checkpoints carry', async () => {
    for (const [at, size] of sizes.entries()) {
      expect(hex(await RFC9162.treeHead(entries.slice(0, size)))).toBe(hex(rootOf(notes[at] as string)))
      expect(hex(treeHash(entries.slice(0, size)))).toBe(hex(rootOf(notes[at] as string)))
    }
  })

  test('accepts our inclusion proofs, made from tiles, and we accept its own', async () => {
    for (const [at, size] of sizes.entries()) {
      const root = rootOf(notes[at] as string)
      const tree = treeOf(read, size)
      for (const index of new Set([0, 1, Math.floor(size / 2), size - 2, size - 1, 255, 256].filter((one) => one >= 0 && one < size))) {
        const entry = entries[index] as Uint8Array
        const ours = await tree.inclusion(index)
        const theirs = await RFC9162.inclusionProof(entry, entries.slice(0, size))
        expect(ours.map(hex)).toEqual(theirs.inclusion_path.map(hex))
        const proof = { tree_size: size, leaf_index: index, inclusion_path: [...ours] }
        expect(await RFC9162.verifyInclusionProof(root, await RFC9162.leaf(entry), proof)).toBe(true)
        expect(verifyInclusion(index, size, leafHash(entry), theirs.inclusion_path, root)).toBe(true)
      }
    }
  })

  test('accepts our consistency proofs between every two checkpoints', async () => {
    for (const [older, old] of sizes.entries()) {
      for (const [newer, size] of sizes.entries()) {
        if (old >= size) continue
        const [oldRoot, root] = [rootOf(notes[older] as string), rootOf(notes[newer] as string)]
        const path = await treeOf(read, size).consistency(old)
        expect(verifyConsistency(old, size, oldRoot, root, path)).toBe(true)
        // It leaves out step 2 of RFC 9162 §2.1.4.2 ("prepend first_hash" for a power of two); so the step is done for it.
        const given = Math.log2(old) % 1 === 0 ? [oldRoot, ...path] : [...path]
        const proof = { tree_size_1: old, tree_size_2: size, consistency_path: given }
        expect(await RFC9162.verifyConsistencyProof(oldRoot, root, proof), `${old} to ${size}`).toBe(true)
      }
    }
  })
})

describe('Sigstore’s client', () => {
  const tlogs = () => {
    const { key } = shipperOf(memory).signer
    const x = Buffer.from(key.publicKey).toString('base64url')
    return [
      {
        baseURL: `https://${key.name}`,
        logID: Buffer.from(keyIdOf(key), 'hex'),
        publicKey: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
        validFor: {},
      },
    ]
  }
  const entryOf = (note: string, index: number, hashes: readonly Uint8Array[]) => ({
    canonicalizedBody: Buffer.from(entries[index] as Uint8Array),
    inclusionProof: { checkpoint: { envelope: note }, logIndex: String(index), hashes: hashes.map((hash) => Buffer.from(hash)) },
  })

  test('accepts the signature of every checkpoint, and every tenth entry in it', async () => {
    for (const [at, size] of sizes.entries()) {
      const note = notes[at] as string
      const tree = treeOf(read, size)
      for (let index = 0; index < size; index += 10) {
        const entry = entryOf(note, index, await tree.inclusion(index))
        const checkpoint = verifyCheckpoint(entry, tlogs())
        expect([Number(checkpoint.logSize), checkpoint.origin]).toEqual([size, 'log.test/stint'])
        expect(() => verifyMerkleInclusion(entry, checkpoint)).not.toThrow()
      }
    }
  })

  test('refuses what we would refuse', async () => {
    const [note, size] = [notes.at(-1) as string, sizes.at(-1) as number]
    const entry = entryOf(note, 5, await treeOf(read, size).inclusion(5))
    expect(() =>
      verifyCheckpoint(
        { ...entry, inclusionProof: { ...entry.inclusionProof, checkpoint: { envelope: note.replace(`\n${size}\n`, `\n${size + 1}\n`) } } },
        tlogs(),
      ),
    ).toThrow()
    expect(() => verifyMerkleInclusion(entryOf(note, 6, entry.inclusionProof.hashes), verifyCheckpoint(entry, tlogs()))).toThrow()
  })
})

test('the vkey is written as C2SP signed-note writes it', () => {
  expect(formatVkey(shipperOf(memory).signer.key)).toMatch(/^log\.test\/stint\+[0-9a-f]{8}\+A[A-Za-z0-9+/]{43}$/)
})
