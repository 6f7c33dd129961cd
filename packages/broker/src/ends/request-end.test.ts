/** What is written down before a session is ended or a request revoked. What comes of it is in test/e2e/immediate-end.test.ts. */
import type { RequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import { NOW } from '@stint/core/testing/fixtures'
import { expect, test, vi } from 'vitest'
import { requestEnd, requestEnds } from './request-end.ts'

const place = { target: 'staging', roleArn: 'arn:aws:iam::444455556666:role/Deploy' }
const rules = { targets: { staging: { roleArn: place.roleArn, revocation: true } } } as never
const working = { at: NOW - 1, expiration: NOW + seconds(60) }
const lapsed = { at: NOW - seconds(8000), expiration: NOW - seconds(4000) }
const sessionOf = (session: object) => ({ id: 'req_0.abcdefgh', requestId: 'req_0', ...place, ...session }) as unknown as Session
const issued = sessionOf({ state: 'issued', issued: working, expiresAt: NOW + seconds(60) })
const reserved = sessionOf({ state: 'reserved' })
const renewable = sessionOf({ state: 'issued', issued: lapsed, expiresAt: NOW + seconds(3600) })
const over = sessionOf({ state: 'issued', issued: lapsed, expiresAt: NOW - seconds(4000) })

function noting() {
  const note = vi.fn(async () => done(true as const))
  const notes = { note, count: async () => done(0) }
  return { note, parts: { rules, log: () => {}, immediate: { notes, queue: { wake: async () => done(true as const) } } as never } }
}

// Neither end depends on the version that was read: a session can be issued or renewed before it is written.
test.each<[string, Partial<AccessRequest>, boolean]>([
  ['with a session whose credentials work', { state: 'ended', sessions: [issued] }, true],
  ['with a session that can still be issued', { state: 'ended', sessions: [reserved] }, true],
  ['with a session that can be renewed', { state: 'ended', sessions: [renewable] }, true],
  ['with a session that is over', { state: 'ended', sessions: [over] }, false],
  ['that has a use left', { state: 'approved', usesLeft: 1, sessions: [] }, true],
  ['that has no use left', { state: 'approved', usesLeft: 0, sessions: [over] }, false],
  ['that can be approved and used meanwhile', { state: 'pending', sessions: [] }, true],
])('a revocation of a request %s is written down: %#', async (_title, request, noted) => {
  const { note, parts } = noting()
  const requested = await requestEnds(parts, { id: 'req_0' as RequestId, ...place, ...request } as AccessRequest, NOW)
  expect([note.mock.calls.length > 0, requested.outcome === 'done' && requested.value.wake !== undefined]).toEqual([noted, noted])
})

test.each<[string, Session, boolean, string | undefined]>([
  ['whose credentials work', issued, true, 'requested'],
  ['that can still be issued', reserved, true, undefined],
  ['that can be renewed', renewable, true, undefined],
  ['that is over', over, false, undefined],
])('the end of a session %s is written down: %#', async (_title, session, noted, state) => {
  const { note, parts } = noting()
  const requested = await requestEnd(parts, session, NOW, undefined)
  expect([note.mock.calls.length > 0, requested.outcome === 'done' && requested.value.state]).toEqual([noted, state])
})
