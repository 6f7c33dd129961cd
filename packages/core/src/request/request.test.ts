/** What time makes of a stored state, and which sessions can still act. */
import { expect, test } from 'vitest'
import { NOW } from '../testing/fixtures.ts'
import { liveSessions, type RequestState, stateAt } from './request.ts'
import type { Session } from './session.ts'

const session = (change: Partial<Session>) => ({ state: 'issued', expiresAt: NOW + 1, ...change }) as Session

test.each<[string, Session, boolean]>([
  ['issued, a millisecond before its end', session({}), true],
  ['issued, at its end', session({ expiresAt: NOW }), false],
  ['reserved', session({ state: 'reserved' }), false],
  ['failed', session({ state: 'failed' }), false],
  ['abandoned', session({ state: 'abandoned' }), false],
])('a session that is %s', (_name, one, expected) => {
  expect(liveSessions({ sessions: [one] }, NOW)).toEqual(expected ? [one] : [])
})

test.each<[string, Parameters<typeof stateAt>[0], RequestState]>([
  ['pending, before it expires', { state: 'pending', expiresAt: NOW + 1 }, 'pending'],
  ['pending, when it expires', { state: 'pending', expiresAt: NOW }, 'expired'],
  ['denied, after that', { state: 'denied', expiresAt: NOW }, 'denied'],
  ['approved, after that, in its window', { state: 'approved', expiresAt: NOW, windowExpiresAt: NOW + 1 }, 'approved'],
  ['approved, at the end of its window', { state: 'approved', expiresAt: NOW, windowExpiresAt: NOW }, 'ended'],
  ['revoked, after its window', { state: 'revoked', expiresAt: NOW, windowExpiresAt: NOW }, 'revoked'],
])('a request that is %s', (_name, request, expected) => expect(stateAt(request, NOW)).toBe(expected))
