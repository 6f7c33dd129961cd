/** What is written down before a session is ended or a request revoked. What comes of it is in test/e2e/immediate-end.test.ts. */
import type { RequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import { MAX_DENIED_SESSIONS } from '@stint/core/request/immediate-end'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import { NOW } from '@stint/core/testing/fixtures'
import { expect, test, vi } from 'vitest'
import { type EveryEarlier, requestEnd, requestEnds } from './request-end.ts'

const place = { target: 'staging', roleArn: 'arn:aws:iam::444455556666:role/Deploy' }
const rules = { targets: { staging: { roleArn: place.roleArn, revocation: true } } } as never
const working = { at: NOW - 1, expiration: NOW + seconds(60) }
const lapsed = { at: NOW - seconds(8000), expiration: NOW - seconds(4000) }
const sessionOf = (session: object) => ({ id: 'req_0.abcdefgh', requestId: 'req_0', ...place, ...session }) as unknown as Session
const issued = sessionOf({ state: 'issued', issued: working, expiresAt: NOW + seconds(60) })
const reserved = sessionOf({ state: 'reserved' })
const renewable = sessionOf({ state: 'issued', issued: lapsed, expiresAt: NOW + seconds(3600) })
const over = sessionOf({ state: 'issued', issued: lapsed, expiresAt: NOW - seconds(4000) })

const justOver = sessionOf({ state: 'issued', issued: { at: NOW - seconds(300), expiration: NOW - 1 }, expiresAt: NOW - 1 })
const ended = sessionOf({ state: 'ended', issued: working, expiresAt: NOW + seconds(60) })

function noting({ count = 0, state }: { readonly count?: number; readonly state?: string } = {}) {
  const note = vi.fn(async () => done(true as const))
  const notes = { note, count: async () => done(count), stateOf: async () => done(state) }
  return { note, parts: { rules, log: () => {}, immediate: { notes, queue: { wake: async () => done(true as const) } } as never } }
}

// Neither end depends on the version that was read: a session can be issued or renewed before it is written.
test.each<[string, Partial<AccessRequest>, boolean]>([
  ['with a session whose credentials work', { state: 'ended', sessions: [issued] }, true],
  ['with a session that can still be issued', { state: 'ended', sessions: [reserved] }, true],
  ['with a session that can be renewed', { state: 'ended', sessions: [renewable] }, true],
  ['with a session that is over', { state: 'ended', sessions: [over] }, false],
  ['with a session that is over since a moment ago', { state: 'ended', sessions: [justOver] }, false],
  ['with a session that has ended and whose credentials work', { state: 'ended', sessions: [ended] }, true],
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
  // Its credentials can prove an identity for a while.
  ['that is over since a moment ago', justOver, false, undefined],
])('the end of a session %s is written down: %#', async (_title, session, noted, state) => {
  const { note, parts } = noting()
  const requested = await requestEnd(parts, session, NOW, undefined)
  expect([note.mock.calls.length > 0, requested.outcome === 'done' && requested.value.state]).toEqual([noted, state])
})

const FULL = MAX_DENIED_SESSIONS
test.each<[string, Session, number, string | undefined, EveryEarlier | undefined, string]>([
  ['with room', issued, FULL - 1, undefined, undefined, 'noted'],
  ['with room, to be kept if there is none', issued, FULL - 1, undefined, 'keep', 'noted'],
  ['with room, and every earlier one if there is none', issued, FULL - 1, undefined, 'end', 'noted'],
  ['without room', issued, FULL, undefined, undefined, 'end-policy-full'],
  ['without room, to be kept', issued, FULL, undefined, 'keep', 'done'],
  ['without room, and every earlier one', issued, FULL, undefined, 'end', 'noted with every earlier one'],
  ['that has ended and is requested', ended, 0, 'requested', undefined, 'done as requested'],
  ['that has ended and found no room', ended, 0, 'full', undefined, 'done as full'],
  ['that has ended and found no room, to be kept', ended, 0, 'full', 'keep', 'done as full'],
  ['that has ended and found no room, and every earlier one', ended, 0, 'full', 'end', 'noted with every earlier one'],
  ['that has ended and was not noted', ended, 0, undefined, undefined, 'noted'],
])('the end of a session %s: %#', async (_title, session, count, state, everyEarlier, expected) => {
  const { note, parts } = noting({ count, ...(state === undefined ? {} : { state }) })
  const requested = await requestEnd(parts, session, NOW, everyEarlier)
  const [noted] = note.mock.calls as unknown as [{ readonly everyEarlier?: number }][]
  const outcome =
    requested.outcome === 'refused'
      ? requested.code
      : noted
        ? `noted${noted[0].everyEarlier === NOW ? ' with every earlier one' : ''}`
        : `done${requested.outcome === 'done' && requested.value.state !== undefined ? ` as ${requested.value.state}` : ''}`
  expect(outcome).toBe(expected)
})
