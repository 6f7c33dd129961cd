/**
 * What each of KMS's answers must show. A row is one call and one answer that does not fit it, over real HTTP and AWS's own
 * client: nothing of it is trusted. Next to the rows of a call is its correct response.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyEd25519 } from '@stint/tlog/ed25519'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Trouble } from '../ports/log.ts'
import { kmsSigner } from './signer.ts'

const PLACE = 'arn:aws:kms:eu-central-1:111122223333'
const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const ARN = `${PLACE}:key/${ID}`
const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
const der = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64')
const MESSAGE = Buffer.from('log.example\n1\nroot\n')

type Body = Record<string, unknown>
const publicKey: Body = {
  KeyId: ARN,
  PublicKey: der(own.publicKey),
  KeySpec: 'ECC_NIST_EDWARDS25519',
  KeyUsage: 'SIGN_VERIFY',
  SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
}
const signature: Body = {
  KeyId: ARN,
  Signature: sign(null, MESSAGE, own.privateKey).toString('base64'),
  SigningAlgorithm: 'ED25519_SHA_512',
}

let answers: { GetPublicKey: unknown; Sign: unknown }
let asked: Body[] = []
let server: Server
beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => void parts.push(part))
    request.on('end', () => {
      asked.push(JSON.parse(Buffer.concat(parts).toString()) as Body)
      const body = answers[String(request.headers['x-amz-target']).replace('TrentService.', '') as keyof typeof answers]
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const open = (key: string) =>
  kmsSigner({
    origin: 'log.example',
    key,
    region: 'eu-central-1',
    keys: { accessKeyId: 'AKIA', secretAccessKey: 'x' },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock: Date.now,
  })

const never: readonly (readonly [string, unknown])[] = [
  ['an empty object', {}],
  ['null', 'null'],
  ['an HTML page', '<html>200 OK</html>'],
]

describe('GetPublicKey', () => {
  test.each([
    ['its ARN', ARN],
    ['its id', ID],
    ['an alias', 'alias/log'],
    ['the ARN of an alias', `${PLACE}:alias/log`],
  ])('believes an honest answer about the key named by %s', async (_name, key) => {
    answers = { GetPublicKey: publicKey, Sign: signature }
    const signer = await open(key)
    expect(Buffer.from(signer.key.publicKey)).toEqual(Buffer.from(own.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
  })
  const x25519 = generateKeyPairSync('x25519').publicKey
  test.each<readonly [string, unknown, unknown?]>([
    ...never,
    ['another key', { ...publicKey, KeyId: `${PLACE}:key/other` }],
    ['another key than the id names', { ...publicKey, KeyId: `${PLACE}:key/other` }, ID],
    ['a key of another account than the alias', { ...publicKey, KeyId: ARN.replace('1111', '9999') }, `${PLACE}:alias/log`],
    ['a key of another region than the alias', { ...publicKey, KeyId: ARN.replace('eu-central-1', 'eu-west-1') }, 'alias/log'],
    ['an alias in the key’s place', { ...publicKey, KeyId: 'alias/log' }, 'alias/log'],
    ['no key id', { ...publicKey, KeyId: undefined }],
    ['a key id that is null', { ...publicKey, KeyId: null }],
    ['another kind of key', { ...publicKey, KeySpec: 'ECC_NIST_P256' }],
    ['a key for encryption', { ...publicKey, KeyUsage: 'ENCRYPT_DECRYPT' }],
    ['a key that signs otherwise', { ...publicKey, SigningAlgorithms: ['ED25519_PH_SHA_512'] }],
    ['no public key', { ...publicKey, PublicKey: undefined }],
    ['a raw public key', { ...publicKey, PublicKey: own.publicKey.export({ format: 'jwk' }).x }],
    ['a public key of X25519', { ...publicKey, PublicKey: der(x25519) }],
    [
      'a byte more',
      { ...publicKey, PublicKey: Buffer.concat([Buffer.from(der(own.publicKey), 'base64'), Buffer.alloc(1)]).toString('base64') },
    ],
    [
      'a public key of P-256',
      { ...publicKey, PublicKey: der(createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)) },
    ],
  ])('does not believe an answer with %s', async (_what, lie, key) => {
    answers = { GetPublicKey: lie, Sign: signature }
    await expect(open(typeof key === 'string' ? key : ARN)).rejects.toThrow(Trouble)
  })
})

describe('Sign', () => {
  test('believes an honest answer, and names the key that the public key is of', async () => {
    answers = { GetPublicKey: publicKey, Sign: signature }
    const signer = await open('alias/log')
    asked = []
    expect(verifyEd25519(signer.key.publicKey, MESSAGE, await signer.sign(MESSAGE))).toBe(true)
    expect(asked).toMatchObject([{ KeyId: ARN, MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' }])
  })
  const by = (key: KeyObject, message: Buffer) => sign(null, message, key).toString('base64')
  test.each<readonly [string, unknown]>([
    ...never,
    ['another key', { ...signature, KeyId: `${PLACE}:key/other` }],
    ['no key id', { ...signature, KeyId: undefined }],
    ['another algorithm', { ...signature, SigningAlgorithm: 'ED25519_PH_SHA_512' }],
    ['no algorithm', { ...signature, SigningAlgorithm: undefined }],
    ['no signature', { ...signature, Signature: undefined }],
    ['half a signature', { ...signature, Signature: Buffer.alloc(32).toString('base64') }],
    ['a signature of zeros', { ...signature, Signature: Buffer.alloc(64).toString('base64') }],
    ['another key’s signature', { ...signature, Signature: by(other.privateKey, MESSAGE) }],
    ['a signature of other words', { ...signature, Signature: by(own.privateKey, Buffer.from('other')) }],
  ])('does not believe an answer with %s', async (_what, lie) => {
    answers = { GetPublicKey: publicKey, Sign: lie }
    const signer = await open(ARN)
    await expect(signer.sign(MESSAGE)).rejects.toThrow(Trouble)
  })
})
