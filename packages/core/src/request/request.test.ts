/** What time makes of a stored state, and which sessions can still act. */
import { expect, test } from 'vitest'
import { NOW } from '../testing/fixtures.ts'
import { canHaveMoreSessions, isRevocable, issuedSessions, liveSessions, type RequestState, stateAt } from './request.ts'
import { canEnd, identityProofUntil, type Session, sessionStateAt } from './session.ts'

const session = (change: Partial<Session>) => ({ state: 'issued', expiresAt: NOW + 1, ...change }) as Session

const expiring = (expiration: number) => ({ at: NOW - 1_000_000, expiration }) as NonNullable<Session['issued']>
const renewedTo = (expiration: number) => ({ count: 1, at: NOW - 1000, accessKeyId: 'ASIA', expiration })

test.each<[string, Session, boolean]>([
  ['issued, a millisecond before its end', session({}), true],
  ['issued, at its end', session({ expiresAt: NOW }), false],
  ['reserved', session({ state: 'reserved' }), false],
  ['failed', session({ state: 'failed' }), false],
  ['abandoned', session({ state: 'abandoned' }), false],
  ['ended, before its credentials expire', session({ state: 'ended', expiresAt: NOW + 1000, issued: expiring(NOW + 1) }), true],
  ['ended, when its credentials expire', session({ state: 'ended', expiresAt: NOW + 1000, issued: expiring(NOW) }), false],
  ['ended, before its newest credentials expire', session({ state: 'ended', issued: expiring(NOW), renewed: renewedTo(NOW + 1) }), true],
  ['ended, before it had credentials', session({ state: 'ended' }), false],
])('a session that is %s is live: %s', (_name, one, expected) => {
  expect(liveSessions({ sessions: [one] }, NOW)).toEqual(expected ? [one] : [])
})

test.each<[string, Session, boolean]>([
  ['reserved', session({ state: 'reserved' }), false],
  ['failed', session({ state: 'failed' }), false],
  ['ended before it had credentials', session({ state: 'ended' }), false],
  ['issued', session({ issued: expiring(NOW + 1) }), true],
  ['issued and over', session({ expiresAt: NOW, issued: expiring(NOW) }), true],
  ['ended with credentials', session({ state: 'ended', issued: expiring(NOW + 1) }), true],
])('a session that is %s got credentials: %s', (_name, one, expected) => {
  expect(issuedSessions({ sessions: [one] })).toEqual(expected ? [one] : [])
})

test.each<[string, Parameters<typeof stateAt>[0], RequestState]>([
  ['pending, before it expires', { state: 'pending', expiresAt: NOW + 1 }, 'pending'],
  ['pending, when it expires', { state: 'pending', expiresAt: NOW }, 'expired'],
  ['denied, after that', { state: 'denied', expiresAt: NOW }, 'denied'],
  ['approved, after that, in its window', { state: 'approved', expiresAt: NOW, windowExpiresAt: NOW + 1 }, 'approved'],
  ['approved, at the end of its window', { state: 'approved', expiresAt: NOW, windowExpiresAt: NOW }, 'ended'],
  ['revoked, after its window', { state: 'revoked', expiresAt: NOW, windowExpiresAt: NOW }, 'revoked'],
])('a request that is %s', (_name, request, expected) => expect(stateAt(request, NOW)).toBe(expected))

test.each<[string, Parameters<typeof isRevocable>[0], boolean]>([
  ['pending', { state: 'pending', expiresAt: NOW + 1, sessions: [] }, true],
  ['expired by time', { state: 'pending', expiresAt: NOW, sessions: [] }, false],
  ['in its window', { state: 'approved', expiresAt: NOW, windowExpiresAt: NOW + 1, sessions: [] }, true],
  ['after its window', { state: 'approved', expiresAt: NOW, windowExpiresAt: NOW, sessions: [] }, false],
  ['after its window, with a session', { state: 'approved', expiresAt: NOW, windowExpiresAt: NOW, sessions: [session({})] }, true],
  ['marked as ended, with a session', { state: 'ended', expiresAt: NOW, windowExpiresAt: NOW, sessions: [session({})] }, true],
  ['marked as ended, with one that is over', { state: 'ended', expiresAt: NOW, sessions: [session({ expiresAt: NOW })] }, false],
  [
    'marked as ended, with an ended one',
    { state: 'ended', expiresAt: NOW, sessions: [session({ state: 'ended', issued: expiring(NOW + 1) })] },
    false,
  ],
  ['revoked, with a session', { state: 'revoked', expiresAt: NOW, sessions: [session({})] }, false],
])('a request that is %s can be revoked: %s', (_name, request, expected) => expect(isRevocable(request, NOW)).toBe(expected))

test.each<[Parameters<typeof canHaveMoreSessions>[0], boolean]>([
  [{ state: 'pending' }, true],
  [{ state: 'approved', usesLeft: 1 }, true],
  [{ state: 'approved', usesLeft: 0 }, false],
  [{ state: 'approved' }, false],
  [{ state: 'ended', usesLeft: 1 }, false],
  [{ state: 'revoked', usesLeft: 1 }, false],
])('a request that is %j can get another session: %s', (request, expected) => expect(canHaveMoreSessions(request)).toBe(expected))

test.each<[Session['state'], number, boolean]>([
  ['reserved', NOW, true],
  ['issued', NOW + 1, true],
  ['issued', NOW, false],
  ['ended', NOW + 1, false],
  ['failed', NOW + 1, false],
  ['abandoned', NOW + 1, false],
])('a session that is %s and expires at %i can be ended: %s', (state, expiresAt, expected) =>
  expect(canEnd({ state, expiresAt }, NOW)).toBe(expected),
)

test.each<[string, Pick<Session, 'issued' | 'renewed'>, number | undefined]>([
  ['none', {}, undefined],
  ['of an hour', { issued: { at: NOW, expiration: NOW + 3_600_000 } as never }, NOW + 3_660_000],
  ['of a minute, which AWS issues for 15', { issued: { at: NOW, expiration: NOW + 60_000 } as never }, NOW + 960_000],
  ['that were renewed', { issued: expiring(NOW), renewed: { ...renewedTo(NOW + 60_000), at: NOW } }, NOW + 960_000],
])('credentials %s prove an identity until %s', (_name, one, until) => expect(identityProofUntil(one)).toBe(until))

test.each<[Session['state'], number, string]>([
  ['issued', NOW + 1, 'issued'],
  ['issued', NOW, 'expired'],
  ['ended', NOW, 'ended'],
  ['reserved', NOW, 'reserved'],
  ['failed', NOW, 'failed'],
  ['abandoned', NOW, 'abandoned'],
])('a session that is %s and expires at %i is shown as %s', (state, expiresAt, shown) =>
  expect(sessionStateAt({ state, expiresAt }, NOW)).toBe(shown),
)
