/** Which request a session is issued under, and until when a repeat finds it. */
import { idempotentRequestId, idempotentSessionId, onceRequestId, onceSessionId, type RequestId } from '@stint/core/ids'
import { refused } from '@stint/core/outcome'
import { caller, NOW } from '@stint/core/testing/fixtures'
import { describe, expect, test } from 'vitest'
import { scope as scopeOf } from '../adapters/dynamodb/testing/ledger.ts'
import { bucketSlot, freshSlot, idempotentSlot, namedSlot, onceSlot, type Slot, sessionIn } from './slot.ts'

const call = { trace: 'f'.repeat(32), source: '203.0.113.7', now: NOW }
const dana = caller()
const scope = scopeOf({ terms: { ...scopeOf().terms, parameters: { a: 'b' } } })
let drawn = 0
const random = (count: number) => new Uint8Array(count).fill(++drawn)
const idempotency = { key: 'k-1', fingerprint: 'f1' }
const limits = { perMinute: 60, perHour: 1200 }
const NAMED = `req_${'1'.repeat(26)}` as RequestId
const requestOf = (slot: Slot, now = NOW, who = dana) => slot.request({ ...call, now }, who, scope, random)
const full = refused('request-exhausted', 'full')

test.each<[string, Slot, object]>([
  ['a new request', freshSlot, { uses: 1 }],
  ['one named by a token', onceSlot, { uses: 1, once: true }],
  ['one named by a key', idempotentSlot(idempotency), { uses: 1, fingerprint: 'f1' }],
  ['an approved one', namedSlot(NAMED, false, undefined), { uses: 1, named: true }],
  ['an approved one, with a key', namedSlot(NAMED, false, idempotency), { uses: 1, named: true, fingerprint: 'f1' }],
  ['an approved one, with a single-use token and a key', namedSlot(NAMED, true, idempotency), { uses: 1, named: true }],
  ['one of the container protocol', bucketSlot(limits), { uses: 8, limits }],
])('%s', (_name, slot, expected) =>
  expect(Object.fromEntries(Object.entries(slot).filter(([, value]) => typeof value !== 'function'))).toEqual(expected),
)

describe('the request', () => {
  test('is new each time', () => {
    expect(requestOf(freshSlot)).toMatch(/^req_[0-9A-Z]{26}$/)
    expect(requestOf(freshSlot)).not.toBe(requestOf(freshSlot))
  })
  test('is named by the token and the profile', () => expect(requestOf(onceSlot)).toBe(onceRequestId(dana, 'deploy')))
  test('is named by the key', () => expect(requestOf(idempotentSlot(idempotency))).toBe(idempotentRequestId(dana, 'k-1')))
  test('is the one that the caller names', () => expect(requestOf(namedSlot(NAMED, true, idempotency))).toBe(NAMED))
  test('is shared within five seconds of the container protocol', () => {
    const start = NOW - (NOW % 5000)
    expect(requestOf(bucketSlot(limits), start)).toBe(requestOf(bucketSlot(limits), start + 4999))
    expect(requestOf(bucketSlot(limits), start)).not.toBe(requestOf(bucketSlot(limits), start + 5000))
    expect(requestOf(bucketSlot(limits), start)).not.toBe(requestOf(bucketSlot(limits, 1), start))
  })
  test.each([
    [1, 1],
    [8, 1],
    [9, 2],
    [16, 2],
    [17, 3],
  ])('of place %i, once it is full, is followed by number %i', (place, overflow) =>
    expect(requestOf(bucketSlot(limits).afterFull?.(place) as Slot)).toBe(requestOf(bucketSlot(limits, overflow))),
  )
  test('has the same limits after it was full', () => expect(bucketSlot(limits).afterFull?.(9).limits).toEqual(limits))
})

describe('the session', () => {
  test('is named by a single-use token within an approved request', () =>
    expect(sessionIn(namedSlot(NAMED, true, idempotency), NAMED, dana, random)).toBe(onceSessionId(NAMED, dana)))
  test('is named by a key within an approved request', () =>
    expect(sessionIn(namedSlot(NAMED, false, idempotency), NAMED, dana, random)).toBe(idempotentSessionId(NAMED, dana, 'k-1')))
  test.each<[string, Slot]>([
    ['an approved request', namedSlot(NAMED, false, undefined)],
    ['any other', freshSlot],
  ])('is random within %s', (_name, slot) => {
    expect(sessionIn(slot, NAMED, dana, random)).toMatch(/^req_1{26}\.[0-9a-z]{8}$/)
    expect(sessionIn(slot, NAMED, dana, random)).not.toBe(sessionIn(slot, NAMED, dana, random))
  })
})

test.each<[string, Slot, number]>([
  ['a new request', freshSlot, NOW + 90_000],
  ['an approved one', namedSlot(NAMED, false, undefined), NOW + 90_000],
  ['one named by a token: its end, and the clock grace', onceSlot, NOW + 610_000],
  ['one named by a key: a day', idempotentSlot(idempotency), NOW + 86_400_000],
  ['one of the container protocol: that of its last call', bucketSlot(limits), NOW + 95_000],
])('the window of %s', (_name, slot, expected) => expect(slot.windowExpiresAt(call, dana)).toBe(expected))

describe('a request without uses left', () => {
  const evidence = (sessionState: 'issued' | 'reserved') =>
    refused('request-exhausted', 'full', { evidence: { session: 's', sessionState } })
  test.each<[string, Slot, ReturnType<typeof evidence>, object]>([
    ['a new one', freshSlot, full, { code: 'request-exhausted', detail: 'The request has no uses left.', operator: 'full' }],
    ['an approved one', namedSlot(NAMED, false, undefined), full, { code: 'request-exhausted', operator: 'full' }],
    ['of a token', onceSlot, full, { code: 'token-used', detail: 'This token was already used.', operator: 'full' }],
    ['of the container protocol', bucketSlot(limits), full, { code: 'rate-limited', operator: 'full' }],
    ['of a key, without its session', idempotentSlot(idempotency), full, { code: 'request-exhausted', operator: 'full' }],
    [
      'of a key, whose session was issued',
      idempotentSlot(idempotency),
      evidence('issued'),
      { code: 'already-issued', operator: 'full', evidence: { session: 's' } },
    ],
    [
      'of a key, whose session is reserved',
      idempotentSlot(idempotency),
      evidence('reserved'),
      { code: 'in-progress', operator: 'full', evidence: { session: 's' } },
    ],
  ])('%s', (_name, slot, refusal, expected) => expect(slot.exhausted(refusal as typeof full)).toMatchObject(expected))
})
