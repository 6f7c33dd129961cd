/** A witness over HTTP: C2SP tlog-witness, `add-checkpoint`, written from the specification. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fold, type Hash, verifyConsistency } from '@stint/tlog/merkle'
import { keyIdOf, type NoteKey, parseNote, signersOf } from '@stint/tlog/note'

export type WitnessServer = {
  readonly url: string
  readonly key: NoteKey
  /** What it has seen of the log; and an answer that it gives to everything: status, content type, body. */
  readonly state: { size: number; root: Hash; fault: undefined | readonly [number, string, string] }
  readonly close: () => void
}

/** `logKeys`: the keys of the log that it watches. */
export async function witnessServer(name: string, logKeys: readonly NoteKey[]): Promise<WitnessServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key: NoteKey = { name, kind: 'witness', publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url') }
  const state: WitnessServer['state'] = { size: 0, root: fold([]), fault: undefined }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part
    })
    request.on('end', () => {
      const answer = (status: number, text = '', type = 'text/plain') => response.writeHead(status, { 'content-type': type }).end(text)
      if (state.fault) return answer(state.fault[0], state.fault[2], state.fault[1])
      if (request.method !== 'POST' || request.url !== '/add-checkpoint') return answer(405)
      const end = body.indexOf('\n\n')
      const [oldLine = '', ...proof] = body.slice(0, end).split('\n')
      const old = Number(/^old (\d+)$/.exec(oldLine)?.[1] ?? Number.NaN)
      const note = parseNote(body.slice(end + 2))
      if (!note || proof.length > 63 || Number.isNaN(old)) return answer(400)
      const signers = signersOf(note, logKeys)
      if (signers === 'spoiled' || signers.length === 0) return answer(403)
      const [, sizeLine = '', rootLine = ''] = note.text.split('\n')
      const [size, root] = [Number(sizeLine), Buffer.from(rootLine, 'base64')]
      if (old > size) return answer(400)
      if (old !== state.size) return answer(409, `${state.size}\n`, 'text/x.tlog.size')
      const hashes = proof.map((line) => Buffer.from(line, 'base64'))
      if (!verifyConsistency(old, size, state.root, root, hashes)) return answer(422)
      Object.assign(state, { size, root })
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(1_790_000_000n)
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime 1790000000\n${note.text}`), privateKey)
      const line = Buffer.concat([Buffer.from(keyIdOf(key), 'hex'), time, signature]).toString('base64')
      return answer(200, `— ${name} ${line}\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key, state, close }
}
