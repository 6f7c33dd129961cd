import { generateKeyPairSync } from 'node:crypto'
import { checkpointText } from '@stint/tlog/checkpoint'
import { append, consistencyPath, type Edge, fold, type Hash, leafHash, perfectNodes } from '@stint/tlog/merkle'
import { formatNote, keyIdOf, parseNote, signersOf } from '@stint/tlog/note'
import { hashWithin } from '@stint/tlog/tiles'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postText } from './https.ts'
import { localSigner } from './signer.ts'
import { type WitnessServer, witnessServer } from './testing/witness-server.ts'
import { witnessClient } from './witness.ts'

const signer = localSigner('log.example', generateKeyPairSync('ed25519').privateKey)
const leaves = Array.from({ length: 50 }, (_, n) => leafHash(Buffer.from(String(n))))
const rangeHash = (start: number, end: number): Hash =>
  fold(perfectNodes({ start, end }).map(({ level, index }) => hashWithin(leaves, index * 2 ** level, (index + 1) * 2 ** level)))
const rootOf = (size: number): Hash => {
  let edge: Edge = []
  for (let at = 0; at < size; at++) edge = append(edge, at, leaves[at] as Hash)
  return fold(edge)
}
const proofTo = (size: number) => async (old: number) => consistencyPath(old, size).map(({ start, end }) => rangeHash(start, end))

let witness: WitnessServer
let state: WitnessServer['state']
beforeAll(async () => {
  witness = await witnessServer('witness.example/w1', [signer.key])
  state = witness.state
})
afterAll(() => witness.close())

async function noteOf(size: number): Promise<{ checkpoint: Parameters<typeof checkpointText>[0]; note: string }> {
  const checkpoint = { origin: 'log.example', size, root: rootOf(size) }
  const text = checkpointText(checkpoint)
  return {
    checkpoint,
    note: formatNote(text, [{ name: 'log.example', keyId: keyIdOf(signer.key), signature: await signer.sign(Buffer.from(text)) }]),
  }
}

type Lie = readonly [number, string, string]

describe('a witness', () => {
  const client = () => witnessClient(witness.url, witness.key, postText)
  const cosign = async (size: number, by = client()) => {
    const { checkpoint, note } = await noteOf(size)
    return by.cosign(checkpoint, note, proofTo(size))
  }

  test('signs checkpoint after checkpoint, even for a client that has lost its state', async () => {
    state.fault = undefined
    const one = client()
    for (const size of [3, 8, 8, 21]) {
      const cosignatures = await cosign(size, one)
      const { note } = await noteOf(size)
      const parsed = parseNote(note)
      if (!parsed) throw new Error('unreadable')
      const signers = signersOf({ ...parsed, signatures: [...parsed.signatures, ...cosignatures] }, [signer.key, witness.key])
      expect(signers).toEqual([signer.key, witness.key])
    }
    // 409 returns the size it has.
    expect(await cosign(34)).toHaveLength(1)
    expect(state.size).toBe(34)
  })

  test.each<[string, Lie | (() => Lie) | undefined, number, RegExp]>([
    ['is ahead of us', undefined, 20, /has seen 34 entries/],
    ['does not know the log', [404, 'text/plain', ''], 40, /answered 404/],
    ['is broken', [500, 'text/html', '<h1>'], 40, /answered 500/],
    ['answers 409 without a size', [409, 'text/plain', '5\n'], 40, /answered 409/],
    ['answers 409 with a size in another type', [409, 'text/x.tlog.sizes', '5\n'], 40, /answered 409/],
    ['answers 409 with a size and more', [409, 'text/x.tlog.size', '5\n6\n'], 40, /answered 409/],
    ['answers 409 with a size that is negative', [409, 'text/x.tlog.size', '-1\n'], 40, /answered 409/],
    ['answers with a page', [200, 'text/html', '<html>200 OK</html>'], 40, /no valid cosignature/],
    ['answers another status of success', [201, 'text/plain', ''], 40, /answered 201/],
    ['keeps answering 409', [409, 'text/x.tlog.size', '5\n'], 40, /two different sizes/],
    ['answers with nothing', [200, 'text/plain', ''], 40, /no valid cosignature/],
    [
      'signs with another key',
      [200, 'text/plain', `— other.example ${Buffer.alloc(76, 1).toString('base64')}\n`],
      40,
      /no valid cosignature/,
    ],
    [
      'returns a wrong signature',
      () => {
        const signature = Buffer.concat([Buffer.from(keyIdOf(witness.key), 'hex'), Buffer.alloc(72)]).toString('base64')
        return [200, 'text/plain', `— ${witness.key.name} ${signature}\n`]
      },
      40,
      /no valid cosignature/,
    ],
    ['answers with a whole note', [200, 'text/plain', 'x\n\n— a AAAAAAAA\n'], 40, /no valid cosignature/],
  ])('that %s is not trusted', async (_what, fault, size, words) => {
    state.fault = typeof fault === 'function' ? fault() : fault
    await expect(cosign(size)).rejects.toThrow(words)
  })

  test('that returned a wrong signature is not taken to have seen the checkpoint', async () => {
    Object.assign(state, { size: 3, root: rootOf(3), fault: undefined })
    const olds: string[] = []
    let spoil = true
    const one = witnessClient(witness.url, witness.key, async (to, text) => {
      olds.push(text.slice(0, text.indexOf('\n')))
      return spoil ? { status: 200, type: 'text/plain', body: '' } : postText(to, text)
    })
    await expect(cosign(8, one)).rejects.toThrow(/no valid cosignature/)
    spoil = false
    expect(await cosign(8, one)).toHaveLength(1)
    expect(olds.slice(0, 2)).toEqual(['old 0', 'old 0'])
  })
})
