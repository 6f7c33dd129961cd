/**
 * The keys of issuers over time: a clock that is moved, an endpoint that fails, rotates and is bothered with junk.
 */
import { createSign, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'
import type { Issuer } from '@stint/core/config/shape'
import { parseToken, type UnverifiedToken } from '@stint/core/identity/token'
import { beforeEach, describe, expect, test } from 'vitest'
import type { IssuerKeys } from '../ports.ts'
import { issuerKeys } from './jwks.ts'

const issuer: Issuer = {
  url: 'https://login.example',
  jwksUri: 'https://login.example/jwks',
  key: 'x',
  kind: 'human',
  audiences: ['stint'],
  tokenUse: 'any',
  algorithms: ['ES256', 'RS256'],
}
type Key = { readonly jwk: Record<string, unknown>; readonly privateKey: KeyObject; readonly alg: string }

function ecKey(kid: string, more: object = {}): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid, ...more }, privateKey, alg: 'ES256' }
}
function rsaKey(kid: string, modulusLength = 2048, more: object = {}): Key {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength })
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid, ...more }, privateKey, alg: 'RS256' }
}

function token(key: Key, alg = key.alg): UnverifiedToken {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg, kid: key.jwk.kid })}.${encode({ iss: issuer.url })}`
  const signature =
    key.alg === 'ES256'
      ? signBytes('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: alg === 'ES256' ? 'ieee-p1363' : 'der' })
      : createSign('sha256').update(input).sign(key.privateKey)
  const parsed = parseToken(`${input}.${signature.toString('base64url')}`)
  if (parsed.outcome !== 'done') throw new Error(parsed.operator)
  return parsed.value
}

const MINUTE = 60_000
let now = 0
let served: Key[] = []
let failing = false
let fetches = 0
let keys: IssuerKeys
const first = ecKey('k1')

beforeEach(() => {
  now = Date.UTC(2026, 0, 1)
  served = [first]
  failing = false
  fetches = 0
  keys = issuerKeys({
    clock: () => now,
    async get() {
      fetches++
      if (failing) throw new Error('connection refused')
      return Buffer.from(JSON.stringify({ keys: served.map(({ jwk }) => jwk) }))
    },
  })
})
const check = async (key: Key, alg?: string) => (await keys.check(issuer, token(key, alg))).outcome

describe('signatures', () => {
  test.each<[string, () => Key, string | undefined, string]>([
    ['a good one', () => first, undefined, 'done'],
    ['by another key under the same kid', () => ecKey('k1'), undefined, 'forged'],
    ['RS256', () => rsaKey('r1'), undefined, 'done'],
    ['RSA below 2048 bits', () => rsaKey('r2', 1024), undefined, 'forged'],
    ['a key that is for encryption', () => ecKey('e1', { use: 'enc' }), undefined, 'forged'],
    ['a key that is not for verifying', () => ecKey('e2', { key_ops: ['sign'] }), undefined, 'forged'],
    ['a key of another algorithm', () => ecKey('e3', { alg: 'ES384' }), undefined, 'forged'],
    ['an EC signature under an RS256 header', () => ecKey('e4'), 'RS256', 'forged'],
  ])('%s', async (_name, make, alg, outcome) => {
    const key = make()
    if (key.jwk.kid !== 'k1') served = [first, key]
    expect(await check(key, alg)).toBe(outcome)
  })
})

describe('freshness', () => {
  test('one fetch serves many tokens', async () => {
    await Promise.all(Array.from({ length: 50 }, () => check(first)))
    expect(fetches).toBe(1)
  })
  test('after 10 minutes keys are fetched beside the road, after 15 before going on', async () => {
    await check(first)
    now += 11 * MINUTE
    await check(first)
    expect(fetches).toBe(2)
  })
  test('a key that its issuer removed is refused within 20 minutes', async () => {
    await check(first)
    served = [ecKey('k2')]
    now += 16 * MINUTE
    expect(await check(first)).toBe('forged')
  })
  test('a new key is learned at once', async () => {
    await check(first)
    const fresh = ecKey('k2')
    served = [first, fresh]
    now += 1001
    expect(await check(fresh)).toBe('done')
    expect(fetches).toBe(2)
  })
  test('a new key is learned at once also while the known ones are due for a look', async () => {
    await check(first)
    const fresh = ecKey('k2')
    served = [first, fresh]
    now += 12 * MINUTE
    expect(await check(fresh)).toBe('done')
  })
  test('a new key is learned within 2 s while junk is thrown at the door, at a fetch a second', async () => {
    await check(first)
    const fresh = ecKey('k2')
    let learnedAfter: number | undefined
    for (let elapsed = 0; elapsed < 5000; elapsed += 50) {
      now += 50
      await check(ecKey(`junk-${elapsed}`))
      if (elapsed === 2000) served = [first, fresh]
      if (elapsed >= 2000 && learnedAfter === undefined && (await check(fresh)) === 'done') learnedAfter = elapsed - 2000
    }
    expect(learnedAfter).toBeLessThanOrEqual(2000)
    expect(fetches).toBeLessThanOrEqual(6)
  })
})

describe('an endpoint that fails', () => {
  test('with no keys yet: unknown, not forged', async () => {
    failing = true
    expect(await check(first)).toBe('unknown')
    expect(await keys.ready(issuer)).toMatchObject({ outcome: 'unknown', cause: expect.stringContaining('connection refused') })
  })
  test('is left alone for longer and longer, and asked once for all who wait', async () => {
    failing = true
    for (let elapsed = 0; elapsed < 120_000; elapsed += 100) {
      await Promise.all([check(first), check(first)])
      now += 100
    }
    expect(fetches).toBeLessThanOrEqual(9) // at 0, 1, 3, 7, 15, 31, 63, 123 s
  })
  test('known keys serve on for 6 hours, and no longer', async () => {
    await check(first)
    failing = true
    now += 6 * 60 * MINUTE - 1000
    expect(await check(first)).toBe('done')
    now += 2 * MINUTE
    expect(await check(first)).toBe('unknown')
    failing = false
    now += 2 * MINUTE
    expect(await check(first)).toBe('done')
  })
  test('an unknown kid is not called forged while the endpoint cannot be asked', async () => {
    await check(first)
    failing = true
    now += 2000
    expect(await check(ecKey('k2'))).toBe('unknown')
    expect(await check(first)).toBe('done')
  })
  test('readiness tells one that fails from one that is dead', async () => {
    await check(first)
    expect(await keys.ready(issuer)).toMatchObject({ value: 'up' })
    failing = true
    now += 16 * MINUTE
    expect(await keys.ready(issuer)).toMatchObject({ value: 'failing' })
    now += 6 * 60 * MINUTE
    expect(await keys.ready(issuer)).toMatchObject({ outcome: 'unknown' })
  })
  test.each<[string, 'private' | undefined, object]>([
    ['a public endpoint', undefined, {}],
    ['one inside the network', 'private', { network: 'private' }],
  ])('%s is asked as the config says', async (_name, network, expected) => {
    let asked: unknown
    const made = issuerKeys({
      clock: () => now,
      get: async (_url, options) => {
        asked = options
        return Buffer.from('{"keys":[]}')
      },
    })
    await made.ready({ ...issuer, ...(network ? { network } : {}) })
    expect(asked).toEqual(expected)
  })
  test('a key that is not understood does not take the others with it', async () => {
    keys = issuerKeys({
      clock: () => now,
      get: async () =>
        Buffer.from(JSON.stringify({ keys: [null, 7, { kid: 'x' }, { kty: 'new', kid: 'y' }, { kty: 'RSA', kid: 'z', n: 7 }, first.jwk] })),
    })
    expect(await check(first)).toBe('done')
  })
  test.each([
    ['no JSON', 'oops'],
    ['no key set', '{"keys":"none"}'],
    [
      'more than a hundred keys',
      JSON.stringify({ keys: Array.from({ length: 101 }, (_, index) => ({ kty: 'EC', kid: String(index), use: 'sig' })) }),
    ],
    ['a doubled member', '{"keys":[],"keys":[]}'],
  ])('%s is a failure', async (_name, body) => {
    keys = issuerKeys({ clock: () => now, get: async () => Buffer.from(body) })
    expect(await check(first)).toBe('unknown')
  })
})
