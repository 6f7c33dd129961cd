/** For how long what is to be done stays written down. What is done about it is in test/e2e/immediate-end.test.ts. */
import type { RequestId, SessionId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import { type EndedSession, sessionOf } from '@stint/core/request/immediate-end'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import { NOW } from '@stint/core/testing/fixtures'
import { describe, expect, test } from 'vitest'
import type { PendingEnd } from '../ports/immediate-ends.ts'
import { carryOut } from './carry-out.ts'

const ROLE = 'arn:aws:iam::444455556666:role/Deploy'
const place = { target: 'staging', roleArn: ROLE }
const session = { id: 'req_0.abcdefgh', requestId: 'req_0', roleArn: ROLE, expiresAt: NOW + seconds(600) }
const ended = { ...session, state: 'ended', issued: { at: NOW - 1, expiration: NOW + seconds(600) } } as unknown as Session
const issued = { ...ended, state: 'issued' } as Session
const lapsed = { ...ended, issued: { at: NOW - seconds(5000), expiration: NOW - seconds(4000) } } as unknown as Session

type Calls = { readonly settled: PendingEnd[]; readonly order: string[]; readonly pruned: string[]; readonly document: string | undefined }
type Given = {
  readonly ageSeconds?: number
  readonly everyEarlier?: number
  readonly before?: readonly EndedSession[]
  /** How many statements and sessions a policy can have until AWS refuses it. */
  readonly room?: number
}

/** `order`: the states that are stored, and `put` for each policy that AWS is asked to store. */
async function carriedOut(
  request: Partial<AccessRequest> | undefined,
  { ageSeconds = 1, everyEarlier, before = [], room = 1000 }: Given = {},
): Promise<Calls> {
  const at = NOW - seconds(ageSeconds)
  const pending: PendingEnd = {
    ...place,
    request: 'req_0' as RequestId,
    at,
    attempt: 'a',
    ...(everyEarlier === undefined ? {} : { everyEarlier, last: session.id as SessionId }),
  }
  const [settled, order, pruned]: [PendingEnd[], string[], string[]] = [[], [], []]
  let document: string | undefined
  const stored = (sessions: readonly EndedSession[]) => void order.push(...sessions.map((one) => `${sessionOf(one)} ${one.state}`))
  await carryOut(
    {
      ledger: { request: async () => done(request as AccessRequest | undefined) },
      work: {
        pending: async () => [pending],
        ended: async () => ({ sessions: before }),
        store: async (_role, sessions) => stored(sessions),
        write: async (_role, sessions) => stored(sessions),
        prune: async (_role, sessions) => void pruned.push(...sessions.map(sessionOf)),
        settle: async (one) => void settled.push(one),
      },
      open: async () =>
        done({
          put: async (text) => {
            order.push('put')
            if (text.split('*.').length + text.split('"Sid"').length - 2 > room)
              return { outcome: 'refused', reason: 'full', cause: 'LimitExceeded' }
            document = text
            return done(true as const)
          },
          get: async () => done(document),
        }),
      clock: () => NOW,
      sleep: async () => {},
      log: () => {},
    },
    place,
  )
  return { settled, order, pruned, document }
}

test.each<[string, Partial<AccessRequest>, number, boolean]>([
  ['was revoked', { state: 'revoked', usesLeft: 1, sessions: [ended] }, 1, true],
  ['has no use left', { state: 'approved', usesLeft: 0, sessions: [ended] }, 1, true],
  ['has another session', { state: 'approved', usesLeft: 0, sessions: [ended, issued] }, 1, false],
  // A revocation that is under way ends sessions that were issued since it was written down.
  ['can get another session', { state: 'approved', usesLeft: 1, sessions: [ended] }, 1, false],
  ['can be approved', { state: 'pending', sessions: [] }, 1, false],
  ['was never revoked', { state: 'approved', usesLeft: 1, sessions: [] }, 301, true],
  ['is being revoked', { state: 'approved', usesLeft: 1, sessions: [] }, 300, false],
])('what is to be done about a request that %s is settled: %#', async (_title, request, ageSeconds, settled) => {
  expect((await carriedOut(request, { ageSeconds })).settled.length > 0).toBe(settled)
})

test('a session is stored before a policy denies it, so that no later policy lets it in again', async () => {
  const { order } = await carriedOut({ state: 'revoked', sessions: [ended] })
  expect(order).toEqual(['req_0.abcdefgh undefined', 'put', 'req_0.abcdefgh read-back'])
})

const earlier = (suffix: string, more: Partial<EndedSession> = {}): EndedSession => ({
  ...{ suffix, request: 'req_1' as RequestId, issuedAt: NOW - 1000, until: NOW + 1000, notedAt: NOW - 500, state: 'read-back' },
  ...more,
})

// A caller can choose an Idempotency-Key so that two of their sessions end in the same letters.
test.each<[string, EndedSession, readonly string[]]>([
  ['works', earlier('abcdefgh'), []],
  ['has expired', earlier('abcdefgh', { until: NOW - 1 }), ['req_1.abcdefgh']],
])('a session is denied although one with the same suffix was, whose access %s', async (_title, before, pruned) => {
  const made = await carriedOut({ state: 'revoked', sessions: [ended] }, { before: [before] })
  expect(made).toMatchObject({ order: ['req_0.abcdefgh undefined', 'put', 'req_0.abcdefgh read-back'], pruned })
  expect(made.document?.match(/\*\.\w+/g)).toEqual(['*.abcdefgh'])
})

test.each<[string, Partial<AccessRequest>, boolean]>([
  ['has the end', { state: 'approved', usesLeft: 0, sessions: [ended] }, true],
  ['has an end whose credentials have expired', { state: 'approved', usesLeft: 0, sessions: [lapsed] }, true],
  // The function stopped before it ended the session.
  ['does not have the end', { state: 'approved', usesLeft: 0, sessions: [issued] }, false],
  [
    'has only the end of another session',
    { state: 'approved', usesLeft: 0, sessions: [issued, { ...ended, id: 'req_0.bcdefghj' as SessionId }] },
    false,
  ],
])('every earlier session is denied if the ledger %s: %#', async (_title, request, isDenied) => {
  const { document = '' } = await carriedOut(request, { everyEarlier: NOW - 1000 })
  expect(document.includes('aws:TokenIssueTime')).toBe(isDenied)
})

describe('a policy for which other policies of the role leave no room', () => {
  const others = ['aaaaaaaa', 'bbbbbbbb'].map((suffix) => earlier(suffix))
  test('keeps what it denied, and the other sessions are told', async () => {
    const { order, settled } = await carriedOut({ state: 'revoked', sessions: [ended] }, { before: others, room: 3 })
    expect(order).toEqual(['req_0.abcdefgh undefined', 'put', 'req_0.abcdefgh full'])
    expect(settled).toEqual([])
  })
  test('is written again if AWS did not return what it denied', async () => {
    const written = others.map((one) => ({ ...one, state: 'written' as const }))
    const { order, document } = await carriedOut({ state: 'revoked', sessions: [ended] }, { before: written, room: 3 })
    const states = ['req_1.aaaaaaaa read-back', 'req_1.bbbbbbbb read-back', 'req_0.abcdefgh full']
    expect(order).toEqual(['req_0.abcdefgh undefined', 'put', 'put', ...states])
    expect(document?.match(/\*\.\w+/g)).toEqual(['*.aaaaaaaa', '*.bbbbbbbb'])
  })
  test('is not written if it denied nothing', async () => {
    const { order } = await carriedOut({ state: 'revoked', sessions: [ended] }, { room: 1 })
    expect(order).toEqual(['req_0.abcdefgh undefined', 'put', 'req_0.abcdefgh full'])
  })
  test('denies every earlier session: that takes little room', async () => {
    const old = { ...ended, issued: { at: NOW - seconds(300), expiration: NOW + seconds(600) } } as unknown as Session
    const before = [earlier('abcdefgh', { request: 'req_0' as RequestId, issuedAt: NOW - seconds(300), state: 'full' })]
    const { order, document } = await carriedOut({ state: 'revoked', sessions: [old] }, { before, room: 1, everyEarlier: NOW })
    expect(order).toEqual(['put', 'req_0.abcdefgh read-back'])
    expect(document).toContain('aws:TokenIssueTime')
  })
  test('is tried again if there is no room even for the sessions that it denied before', async () => {
    const written = others.map((one) => ({ ...one, state: 'written' as const }))
    await expect(carriedOut({ state: 'revoked', sessions: [ended] }, { before: written, room: 2 })).rejects.toThrow('LimitExceeded')
  })
})
