/** The limits of sessions and renewals that people and SDKs meet. */
import { expect, test } from 'vitest'
import { MIN_CONTAINER_SECONDS, maxRenewals, unknownSession } from './session.ts'

test.each([
  [1, 129],
  [30, 100],
  [100, 30],
  [1000, 30],
])('a request of %i uses can have %i renewals, and a request 150 sets of credentials', (uses, renewals) =>
  expect(maxRenewals(uses)).toBe(renewals),
)

test('SDKs get credentials of at least 30 minutes', () => expect(MIN_CONTAINER_SECONDS).toBe(1800))

test('a session that the caller must not know of has its own code', () =>
  expect(unknownSession).toMatchObject({ outcome: 'refused', code: 'session-unknown' }))
