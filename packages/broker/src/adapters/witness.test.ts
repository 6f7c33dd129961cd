import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkpointText } from '@stint/tlog/checkpoint'
import { append, consistencyPath, type Edge, fold, type Hash, leafHash, perfectNodes, verifyConsistency } from '@stint/tlog/merkle'
import { formatNote, keyIdOf, type NoteKey, parseNote, signersOf } from '@stint/tlog/note'
import { hashWithin } from '@stint/tlog/tiles'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postText } from './https.ts'
import { localSigner } from './signer.ts'
import { witnessClient } from './witness.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const witnessKey: NoteKey = {
  name: 'witness.example/w1',
  kind: 'witness',
  publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
}
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

/** C2SP tlog-witness, `add-checkpoint`, written from the specification. */
let witness: Server
let url: string
const state = { size: 0, root: rootOf(0), fault: undefined as undefined | [number, string, string] }
beforeAll(async () => {
  witness = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => void (body += part))
    request.on('end', () => {
      const answer = (status: number, text = '', type = 'text/plain') => response.writeHead(status, { 'content-type': type }).end(text)
      if (state.fault) return answer(state.fault[0], state.fault[2], state.fault[1])
      if (request.method !== 'POST' || request.url !== '/add-checkpoint') return answer(405)
      const end = body.indexOf('\n\n')
      const [oldLine = '', ...proof] = body.slice(0, end).split('\n')
      const old = Number(/^old (\d+)$/.exec(oldLine)?.[1] ?? Number.NaN)
      const note = parseNote(body.slice(end + 2))
      if (!note || proof.length > 63 || Number.isNaN(old)) return answer(400)
      const signers = signersOf(note, [signer.key])
      if (signers === 'spoiled' || signers.length === 0) return answer(403)
      const [, sizeLine = '', rootLine = ''] = note.text.split('\n')
      const [size, root] = [Number(sizeLine), Buffer.from(rootLine, 'base64')]
      if (old > size) return answer(400)
      if (old !== state.size) return answer(409, `${state.size}\n`, 'text/x.tlog.size')
      if (
        !verifyConsistency(
          old,
          size,
          state.root,
          root,
          proof.map((line) => Buffer.from(line, 'base64')),
        )
      )
        return answer(422)
      Object.assign(state, { size, root })
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(1_790_000_000n)
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime 1790000000\n${note.text}`), privateKey)
      const line = Buffer.concat([Buffer.from(keyIdOf(witnessKey), 'hex'), time, signature]).toString('base64')
      answer(200, `— ${witnessKey.name} ${line}\n`)
    })
  })
  await new Promise<void>((resolve) => witness.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(witness.address() as AddressInfo).port}`
})
afterAll(() => void witness.close())

async function noteOf(size: number): Promise<{ checkpoint: Parameters<typeof checkpointText>[0]; note: string }> {
  const checkpoint = { origin: 'log.example', size, root: rootOf(size) }
  const text = checkpointText(checkpoint)
  return {
    checkpoint,
    note: formatNote(text, [{ name: 'log.example', keyId: keyIdOf(signer.key), signature: await signer.sign(Buffer.from(text)) }]),
  }
}

describe('a witness', () => {
  const client = () => witnessClient(url, witnessKey, postText)
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
      const signers = signersOf({ ...parsed, signatures: [...parsed.signatures, ...cosignatures] }, [signer.key, witnessKey])
      expect(signers).toEqual([signer.key, witnessKey])
    }
    // 409 returns the size it has.
    expect(await cosign(34)).toHaveLength(1)
    expect(state.size).toBe(34)
  })

  test.each<[string, [number, string, string] | undefined, number, RegExp]>([
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
      [
        200,
        'text/plain',
        `— ${witnessKey.name} ${Buffer.concat([Buffer.from(keyIdOf(witnessKey), 'hex'), Buffer.alloc(72)]).toString('base64')}\n`,
      ],
      40,
      /no valid cosignature/,
    ],
    ['answers with a whole note', [200, 'text/plain', 'x\n\n— a AAAAAAAA\n'], 40, /no valid cosignature/],
  ])('that %s is not trusted', async (_what, fault, size, words) => {
    state.fault = fault
    await expect(cosign(size)).rejects.toThrow(words)
  })

  test('that returned a wrong signature is not taken to have seen the checkpoint', async () => {
    Object.assign(state, { size: 3, root: rootOf(3), fault: undefined })
    const olds: string[] = []
    let spoil = true
    const one = witnessClient(url, witnessKey, async (to, text) => {
      olds.push(text.slice(0, text.indexOf('\n')))
      return spoil ? { status: 200, type: 'text/plain', body: '' } : postText(to, text)
    })
    await expect(cosign(8, one)).rejects.toThrow(/no valid cosignature/)
    spoil = false
    expect(await cosign(8, one)).toHaveLength(1)
    expect(olds.slice(0, 2)).toEqual(['old 0', 'old 0'])
  })
})
