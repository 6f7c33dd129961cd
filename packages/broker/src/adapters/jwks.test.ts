/**
 * The keys of issuers over time: a clock that is moved, an endpoint that fails, rotates and is bothered with junk.
 */
import { createSign, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'
import type { Issuer } from '@stint/core/config/shape'
import { parseToken, type UnverifiedToken } from '@stint/core/identity/token'
import { beforeEach, describe, expect, test } from 'vitest'
import type { IssuerKeys } from '../ports/issuer-keys.ts'
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
let log: object[] = []
const first = ecKey('k1')

beforeEach(() => {
  now = Date.UTC(2026, 0, 1)
  served = [first]
  failing = false
  fetches = 0
  log = []
  keys = issuerKeys({
    clock: () => now,
    log: (line) => void log.push(line),
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

/** A modulus of so many bits, whose factors are unknown: such a key is refused before it is used. */
const rsaOf = (kid: string, bits: number, exponent = 'AQAB'): Key => ({
  ...first,
  jwk: { kty: 'RSA', kid, n: Buffer.alloc(bits / 8, 0xff).toString('base64url'), e: exponent },
})
const reasons = () =>
  log.flatMap((line) => ((line as { keys?: { kid: string; reason: string }[] }).keys ?? []).map(({ kid, reason }) => `${kid}: ${reason}`))

describe('keys that are passed over', () => {
  test.each<[string, () => Key, string]>([
    ['key_ops that is not a list', () => ecKey('o1', { key_ops: 'verify' }), 'o1: key_ops does not include verify'],
    [
      'key_ops that holds something else than strings',
      () => ecKey('o2', { key_ops: ['verify', 7] }),
      'o2: key_ops does not include verify',
    ],
    ['key_ops that is an object', () => ecKey('o3', { key_ops: { 0: 'verify' } }), 'o3: key_ops does not include verify'],
    ['key_ops that is null', () => ecKey('o4', { key_ops: null }), 'o4: key_ops does not include verify'],
    ['key_ops that is empty', () => ecKey('o5', { key_ops: [] }), 'o5: key_ops does not include verify'],
    ['key_ops with an operation twice', () => ecKey('o6', { key_ops: ['verify', 'verify'] }), 'o6: key_ops does not include verify'],
    ['a use that is not a string', () => ecKey('u1', { use: ['sig'] }), 'u1: use is not sig'],
    ['an RSA key of 1,024 bits', () => rsaKey('r1', 1024), 'r1: an RSA modulus must have 2048 to 8192 bits'],
    ['an RSA key of 8,200 bits', () => rsaOf('r2', 8200), 'r2: an RSA modulus must have 2048 to 8192 bits'],
    ['an RSA key of 65,536 bits', () => rsaOf('r3', 65_536), 'r3: an RSA modulus must have 2048 to 8192 bits'],
    ['an RSA exponent of 3', () => rsaOf('r4', 2048, 'Aw'), 'r4: an RSA exponent must have 17 to 256 bits'],
    [
      'an RSA exponent of 264 bits',
      () => rsaOf('r5', 2048, Buffer.alloc(33, 0xff).toString('base64url')),
      'r5: an RSA exponent must have 17 to 256 bits',
    ],
    ['a symmetric key', () => ({ ...first, jwk: { kty: 'oct', kid: 's1', k: 'c2VjcmV0' } }), 's1: not a public key of a known type'],
    ['a point that is not on its curve', () => ecKey('e1', { y: first.jwk.x }), 'e1: not a public key of a known type'],
    ['a curve that is spelled otherwise', () => ecKey('e2', { crv: 'p-256' }), 'e2: not a public key of a known type'],
    ['a private key', () => ecKey('p1', { d: 'c2VjcmV0' }), 'p1: contains a private key'],
    ['a key without kid', () => ({ ...first, jwk: { ...first.jwk, kid: undefined } }), '(none): has no kid'],
    [
      'a kid that is long and not printable',
      () => ecKey(`\u001b[31m${'x'.repeat(100)}`, { use: 'enc' }),
      `?[31m${'x'.repeat(59)}…: use is not sig`,
    ],
  ])('%s', async (_name, make, reason) => {
    const key = make()
    served = [first, key]
    expect(await check(first)).toBe('done')
    expect(reasons()).toEqual([reason])
    expect(JSON.stringify(log)).not.toMatch(/c2VjcmV0|AQAB|"[nxydk]"/)
    if (typeof key.jwk.kid === 'string' && key.jwk.kty === 'EC') expect(await check(key)).toBe('forged')
  })

  test('RSA keys of 2,048 and 8,192 bits are taken', async () => {
    served = [first, rsaKey('r1'), rsaOf('r2', 8192)]
    await check(first)
    expect(reasons()).toEqual([])
  })

  test('two different keys under one kid: neither is trusted, and the others are', async () => {
    const [one, other] = [ecKey('twice'), ecKey('twice')]
    served = [one, first, other]
    expect([await check(one), await check(other), await check(first)]).toEqual(['forged', 'forged', 'done'])
    expect(reasons()).toEqual(['twice: shares its kid with another key', 'twice: shares its kid with another key'])
  })
  test('also where the two are of different types, or one of them is for encryption', async () => {
    const [ec, rsa, enc] = [ecKey('a'), rsaKey('a'), ecKey('b', { use: 'enc' })]
    const sig = ecKey('b')
    served = [ec, rsa, enc, sig]
    expect([await check(ec), await check(rsa), await check(sig)]).toEqual(['forged', 'forged', 'forged'])
  })
  test('the same key twice is one key', async () => {
    const { kid, ...rest } = first.jwk
    served = [first, { ...first, jwk: { ...rest, kid } }]
    expect(await check(first)).toBe('done')
    expect(reasons()).toEqual([])
  })

  test('are logged once per fetch, at most ten of them', async () => {
    served = [first, ...Array.from({ length: 12 }, (_, index) => ecKey(`e${index}`, { use: 'enc' }))]
    await check(first)
    await check(first)
    expect(log).toEqual([{ level: 'warn', event: 'issuer-keys-passed-over', issuer: issuer.url, count: 12, keys: expect.any(Array) }])
    expect(reasons()).toHaveLength(10)
    now += 16 * MINUTE
    await check(first)
    expect(log).toHaveLength(2)
  })
})

describe('freshness', () => {
  test('one fetch serves many tokens', async () => {
    await Promise.all(Array.from({ length: 50 }, () => check(first)))
    expect(fetches).toBe(1)
  })
  test('after 10 minutes keys are fetched next to the vend path, after 15 before going on', async () => {
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
  test('learns a new key within 2 s under a flood of junk tokens, at one fetch a second', async () => {
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
  test('readiness distinguishes a failing endpoint from a dead one', async () => {
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

describe('keys that are fetched in advance', () => {
  const fetching = () => {
    const gets: { readonly url: string; readonly answer: (body: Uint8Array) => void; readonly fail: () => void }[] = []
    const made = issuerKeys({
      clock: () => now,
      get: (url) =>
        new Promise((resolve, reject) => gets.push({ url, answer: resolve, fail: () => reject(new Error('did not answer in time')) })),
    })
    return { gets, made }
  }
  const set = () => Buffer.from(JSON.stringify({ keys: [first.jwk] }))
  const other = { ...issuer, url: 'https://other.example', jwksUri: 'https://other.example/jwks' }

  test('are there when the call comes', async () => {
    const { gets, made } = fetching()
    made.prefetch(issuer)
    made.prefetch(issuer)
    expect(gets).toHaveLength(1)
    const checked = made.check(issuer, token(first))
    gets[0]?.answer(set())
    expect((await checked).outcome).toBe('done')
    expect(gets).toHaveLength(1)
  })
  test('from an endpoint that hangs are waited for once', async () => {
    const { gets, made } = fetching()
    made.prefetch(issuer)
    const checked = made.check(issuer, token(first))
    now += 3000
    gets[0]?.fail()
    expect((await checked).outcome).toBe('unknown')
    expect(gets).toHaveLength(1)
    const again = made.check(issuer, token(first))
    gets[1]?.answer(set())
    expect((await again).outcome).toBe('done')
  })
  test('are not waited for if the instance was frozen meanwhile', async () => {
    const { gets, made } = fetching()
    made.prefetch(issuer)
    now += 60_000
    const checked = made.check(issuer, token(first))
    expect(gets).toHaveLength(2)
    gets[1]?.answer(set())
    expect((await checked).outcome).toBe('done')
    gets[0]?.fail()
    await new Promise(setImmediate)
    expect(await made.ready(issuer)).toEqual({ outcome: 'done', value: 'up' })
    expect(gets).toHaveLength(2)
  })
  test('of another issuer delay no call, however long its endpoint hangs', async () => {
    const { gets, made } = fetching()
    made.prefetch(other)
    const checked = made.check(issuer, token(first))
    gets[1]?.answer(set())
    expect((await checked).outcome).toBe('done')
    expect(gets.map(({ url }) => url)).toEqual([other.jwksUri, issuer.jwksUri])
  })
  test('are fetched again by the call if that failed, since a frozen instance fetches nothing', async () => {
    const { gets, made } = fetching()
    made.prefetch(issuer)
    const checked = made.check(issuer, token(first))
    gets[0]?.fail()
    await expect.poll(() => gets.length).toBe(2)
    gets[1]?.answer(set())
    expect((await checked).outcome).toBe('done')
  })
  test('that failed do not make the endpoint a failing one', async () => {
    const { gets, made } = fetching()
    made.prefetch(issuer)
    gets[0]?.fail()
    await new Promise(setImmediate)
    const ready = made.ready(issuer)
    await expect.poll(() => gets.length).toBe(2)
    gets[1]?.answer(set())
    expect(await ready).toEqual({ outcome: 'done', value: 'up' })
  })
  test('that come after hours are as old as their request', async () => {
    const { gets, made } = fetching()
    made.prefetch(issuer)
    gets[0]?.answer(set())
    expect((await made.check(issuer, token(first))).outcome).toBe('done')
    // Stale enough for a fetch in the background, which the instance is frozen in.
    now += 12 * MINUTE
    expect((await made.check(issuer, token(first))).outcome).toBe('done')
    now += 180 * MINUTE
    gets[1]?.answer(set())
    await new Promise(setImmediate)
    const checked = made.check(issuer, token(first))
    await expect.poll(() => gets.length).toBe(3)
    gets[2]?.answer(Buffer.from(JSON.stringify({ keys: [ecKey('k2').jwk] })))
    expect((await checked).outcome).not.toBe('done')
  })
  test('that a later fetch has replaced do not come back', async () => {
    const { gets, made } = fetching()
    made.prefetch(issuer)
    now += 60_000
    const checked = made.check(issuer, token(first))
    gets[1]?.answer(Buffer.from(JSON.stringify({ keys: [ecKey('k2').jwk] })))
    expect((await checked).outcome).not.toBe('done')
    gets[0]?.answer(set())
    await new Promise(setImmediate)
    expect((await made.check(issuer, token(first))).outcome).not.toBe('done')
  })
})
