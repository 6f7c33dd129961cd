import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketRequestId, newRequestId, newSessionId, onceRequestId, parseRequestId, parseSessionId, requestIdTime } from './ids.ts'
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
