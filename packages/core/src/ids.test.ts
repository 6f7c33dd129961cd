import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  askedRequestId,
  bucketRequestId,
  hex128,
  idempotentRequestId,
  idempotentSessionId,
  newRequestId,
  newSessionId,
  onceRequestId,
  onceSessionId,
  parseFreezeId,
  parseJournalId,
  parseRequestId,
  parseSessionId,
  requestIdTime,
} from './ids.ts'
import { caller, NOW } from './testing/fixtures.ts'

const zeros = (count: number) => new Uint8Array(count)
const ones = (count: number) => new Uint8Array(count).fill(255)

describe('random request ids', () => {
  test('are ULIDs: the example of the ULID specification', () => {
    // github.com/ulid/spec: 1469918176385 ms is 01ARYZ6S41.
    expect(newRequestId(1469918176385, zeros)).toBe('req_01ARYZ6S410000000000000000')
    expect(newRequestId(1469918176385, ones)).toBe('req_01ARYZ6S41ZZZZZZZZZZZZZZZZ')
  })
  test('sort by time', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31),
        fc.nat(2 ** 31),
        (a, b) => a === b || newRequestId(NOW + a, ones) < newRequestId(NOW + b, zeros) === a < b,
      ),
    )
  })
})

describe('the time in a request id', () => {
  test('is when a random one was made', () => {
    fc.assert(fc.property(fc.nat(2 ** 40), (after) => requestIdTime(newRequestId(NOW + after, ones)) === NOW + after))
  })
  test.each([
    ['derived', onceRequestId(caller(), 'reader')],
    ['of digits only', `req_${'0'.repeat(26)}`],
    ['none', 'req_X'],
    ['preceded by something', `x${newRequestId(NOW, ones)}`],
    ['followed by something', `${newRequestId(NOW, ones)}x`],
  ])('is not in one that is %s', (_what, id) => expect(requestIdTime(id)).toBeUndefined())
})

describe('derived request ids', () => {
  const base = onceRequestId(caller(), 'reader')
  test('are the same for the same token and profile, and never look like random ones', () => {
    expect(onceRequestId(caller(), 'reader')).toBe(base)
    expect(base).toMatch(/^req_[0-9a-hjkmnp-tv-z]{26}$/)
    expect(newRequestId(NOW, zeros).slice(4)).not.toMatch(/[a-z]/)
  })
  test('differ by issuer, subject, audience, token and profile', () => {
    const { token } = caller()
    const others = [
      onceRequestId(caller({ issuer: 'ci' }), 'reader'),
      onceRequestId(caller({ subject: 'sam' }), 'reader'),
      onceRequestId(caller({ token: { ...token, audience: '"other"' } }), 'reader'),
      onceRequestId(caller({ token: { ...token, once: 'jti:2' } }), 'reader'),
      onceRequestId(caller(), 'writer'),
    ]
    expect(new Set([base, ...others]).size).toBe(6)
  })
  test('a bucket holds for its seconds', () => {
    const at = (now: number, parameters: object = {}, overflow = 0) => bucketRequestId(caller(), 'reader', parameters, 5, now, overflow)
    expect(at(NOW)).toBe(at(NOW + 4999))
    expect(at(NOW)).not.toBe(at(NOW + 5000))
    expect(at(NOW)).not.toBe(at(NOW, { bucket: 'x' }))
    expect(at(NOW)).not.toBe(at(NOW, {}, 1))
    expect(at(NOW, {}, 1)).toBe(at(NOW + 4999, {}, 1))
  })
})

describe('parsing', () => {
  const request = newRequestId(NOW, ones)
  const session = newSessionId(request, ones)
  test('a session names its request', () => expect(parseSessionId(session)).toEqual({ session, request, suffix: 'zzzzzzzz' }))
  test.each([
    '',
    'req_',
    request.toLowerCase().replace('req_01', 'req_0I'),
    `${request}x`,
    `X${request}`,
    request.replace('0', 'U'),
    `req_${'a'.repeat(13)}${'A'.repeat(13)}`,
  ])('%j is no request id', (text) => expect(parseRequestId(text)).toBeUndefined())
  test.each([request, `${session}.x`, `${request}.ZZZZZZZZ`, `${request}.zzzzzzz`, `${request}.`])('%j is no session id', (text) =>
    expect(parseSessionId(text)).toBeUndefined(),
  )
})

describe('ids that are derived', () => {
  const dana = caller()
  const request = newRequestId(NOW, ones)
  const of = { issuer: 'people', subject: 'dana' }
  // What is stored under them must be found by the next version, too.
  test.each<[string, string, string]>([
    ['once, a request', onceRequestId(dana, 'reader'), 'req_xehq57mqxdptwqvvwtg1j04pdx'],
    ['once, a session', onceSessionId(request, dana), 'req_01M86PTPG0ZZZZZZZZZZZZZZZZ.cn2y72cf'],
    ['by a key, a request', idempotentRequestId(of, 'key-1'), 'req_rp5w0mt5x9q8273xh1s0c02psf'],
    ['by a key, a session', idempotentSessionId(request, of, 'key-1'), 'req_01M86PTPG0ZZZZZZZZZZZZZZZZ.8fxx3v9n'],
    ['asked', askedRequestId(of, 'reader', 'terms', 600, NOW), 'req_3ae46k1a8fqjepcjv2pned2sb0'],
    [
      'a bucket',
      bucketRequestId({ ...of, name: 'Dana', kind: 'human' }, 'reader', { a: 'b' }, 5, NOW, 0),
      'req_3zhzd8ahszz2b6j6sjss0s4cdd',
    ],
  ])('%s: never changes', (_what, id, known) => expect(id).toBe(known))
  test('sessions are of their request', () => {
    for (const id of [onceSessionId(request, dana), idempotentSessionId(request, of, 'key-1')])
      expect(parseSessionId(id)).toMatchObject({ request })
  })
  test('a request that is asked again is the same within its bucket, for the same caller, profile and terms', () => {
    const asked = (now = NOW, profile = 'reader', what = 'terms', who = of) => askedRequestId(who, profile, what, 600, now)
    const start = Math.floor(NOW / 600_000) * 600_000
    expect(asked(start)).toBe(asked(start + 599_999))
    const others = [
      asked(start + 600_000),
      asked(start, 'writer'),
      asked(start, 'reader', 'other'),
      asked(start, 'reader', 'terms', { ...of, subject: 'sam' }),
    ]
    expect(new Set([asked(start), ...others]).size).toBe(5)
  })
  test('a key is of its caller', () => {
    const ids = [
      idempotentRequestId(of, 'k'),
      idempotentRequestId(of, 'l'),
      idempotentRequestId({ ...of, subject: 'sam' }, 'k'),
      idempotentRequestId({ ...of, issuer: 'ci' }, 'k'),
    ]
    expect(new Set(ids).size).toBe(4)
  })
})

describe('ids of journals', () => {
  const digest = '0123456789abcdefghjkmnpqrs'
  test.each([newRequestId(NOW, ones), `req_${digest}`, `frz_${digest}`, `lnk_${digest}`, `sys_${digest}`])('%s is one', (id) =>
    expect(parseJournalId(id)).toBe(id),
  )
  test.each([
    `abc_${digest}`,
    digest,
    `frz_${digest}x`,
    `xfrz_${digest}`,
    `frz_${digest.slice(1)}`,
    `frz_x${digest}`,
    `frz_${digest.toUpperCase()}`,
    `frz${digest}`,
    `frz_frz_${digest}`,
    '',
  ])('%j is none', (id) => expect(parseJournalId(id)).toBeUndefined())
  test('only those of freezes are ids of freezes', () => {
    expect(parseFreezeId(`frz_${digest}`)).toBe(`frz_${digest}`)
    expect(parseFreezeId(`lnk_${digest}`)).toBeUndefined()
  })
})

test.each([`req_${'0'.repeat(26)}.0123456`, `req_${'0'.repeat(26)}.012345678`, `req_${'0'.repeat(26)}.x01234567`, '.01234567'])(
  '%s is no session id',
  (text) => expect(parseSessionId(text)).toBeUndefined(),
)
test('128 random bits are 32 digits', () => expect(hex128(ones)).toBe('f'.repeat(32)))
test('a derived request id is one', () => expect(parseRequestId(`req_${'a'.repeat(26)}`)).toBe(`req_${'a'.repeat(26)}`))
