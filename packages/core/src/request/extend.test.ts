/** When a request can be extended. */
import { expect, test } from 'vitest'
import type { Instant } from '../instant.ts'
import { NOW } from '../testing/fixtures.ts'
import { notExtendable } from './extend.ts'
import type { AccessRequest } from './request.ts'
import type { Session } from './session.ts'

const MINUTE = 60_000
const session = (from: number, to: number, change: Partial<Session> = {}) =>
  ({ state: 'issued', reservedAt: NOW + from * MINUTE, expiresAt: NOW + to * MINUTE, ...change }) as Session
const request = (sessions: readonly Session[], change: Partial<AccessRequest> = {}) =>
  ({
    state: 'approved',
    terms: { approval: { rules: [] } },
    breakGlass: false,
    windowStartsAt: NOW,
    approvals: [],
    sessions,
    ...change,
  }) as unknown as AccessRequest

const reviewed = { review: { by: {}, at: NOW, text: 'fine' } } as unknown as Partial<AccessRequest>

test.each<[string, AccessRequest, Instant, true | RegExp]>([
  ['at half of its session', request([session(-10, 10)]), NOW, true],
  ['a millisecond before that', request([session(-10, 10)]), NOW - 1, /from 2026-11-24T12:00:00.000Z, in the last half/],
  ['half of an odd number of milliseconds', request([session(0, 0, { expiresAt: NOW + 3 })]), NOW + 1, /from 2026-11-24T12:00:00.002Z/],
  ['a millisecond before its session ends', request([session(-20, 0, { expiresAt: NOW + 1 })]), NOW, true],
  ['when its session ends', request([session(-20, 0)]), NOW, /no live session/],
  ['whose window is over, while its session lives', request([session(-10, 10)], { state: 'ended' }), NOW, true],
  [
    'whose session was ended',
    request([session(-10, 10, { state: 'ended', issued: { expiration: NOW + 1 } as never })]),
    NOW,
    /no live session/,
  ],
  ['whose session is reserved', request([session(-10, 10, { state: 'reserved' })]), NOW, /no live session/],
  ['without sessions', request([]), NOW, /no live session/],
  ['by the session that ends last', request([session(-10, 10), session(-1, 19)]), NOW, /in the last half/],
  ['by the session that ends last, although it came first', request([session(-1, 19), session(-10, 10)]), NOW, /in the last half/],
  ['by the session that ends last, in any order', request([session(-30, 19), session(-10, 10)]), NOW, true],
  ['by the first of the sessions that end together', request([session(-10, 10), session(-2, 10)]), NOW, true],
  ['granted by rule', request([session(-10, 10)], { terms: {} as never }), NOW, /needed no approval/],
  ['a break-glass without a review', request([session(-10, 10)], { breakGlass: true }), NOW, /not been reviewed/],
  ['a break-glass with a review', request([session(-10, 10)], { breakGlass: true, ...reviewed }), NOW, true],
])('%s', (_name, one, now, expected) => {
  const refusal = notExtendable(one, now)
  if (expected === true) expect(refusal).toBeUndefined()
  else
    expect(refusal).toMatchObject({
      code: 'not-extendable',
      detail: expect.stringMatching(expected),
      evidence: { next: expect.any(String) },
    })
})
