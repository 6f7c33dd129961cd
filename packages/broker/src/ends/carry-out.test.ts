/** For how long what is to be done stays written down. What is done about it is in test/e2e/immediate-end.test.ts. */
import type { RequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import type { EndedSession } from '@stint/core/request/immediate-end'
import type { AccessRequest } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import { NOW } from '@stint/core/testing/fixtures'
import { expect, test } from 'vitest'
import type { PendingEnd } from '../ports/immediate-ends.ts'
import { carryOut } from './carry-out.ts'

const ROLE = 'arn:aws:iam::444455556666:role/Deploy'
const place = { target: 'staging', roleArn: ROLE }
const session = { id: 'req_0.abcdefgh', requestId: 'req_0', roleArn: ROLE, expiresAt: NOW + seconds(600) }
const ended = { ...session, state: 'ended', issued: { at: NOW - 1, expiration: NOW + seconds(600) } } as unknown as Session
const issued = { ...ended, state: 'issued' } as Session

type Calls = { readonly settled: PendingEnd[]; readonly order: string[] }

async function carriedOut(request: Partial<AccessRequest> | undefined, ageSeconds = 1, epoch = 0): Promise<Calls> {
  const pending: PendingEnd = { ...place, request: 'req_0' as RequestId, at: NOW - seconds(ageSeconds), attempt: 'a' }
  const calls: Calls = { settled: [], order: [] }
  let document: string | undefined
  const stored = (sessions: readonly EndedSession[]) => void calls.order.push(...sessions.map(({ suffix, state }) => `${suffix} ${state}`))
  await carryOut(
    {
      ledger: { request: async () => done(request as AccessRequest | undefined) },
      work: {
        pending: async () => [pending],
        ended: async () => ({ sessions: [] }),
        store: async (_role, sessions) => stored(sessions),
        write: async (_role, sessions) => stored(sessions),
        prune: async () => {},
        settle: async (one) => void calls.settled.push(one),
      },
      open: async () =>
        done({
          put: async (text) => {
            calls.order.push('put')
            document = text
            return done(true as const)
          },
          get: async () => done(document),
        }),
      clock: () => NOW,
      epoch,
      sleep: async () => {},
      log: () => {},
    },
    place,
  )
  return calls
}

test.each<[string, Partial<AccessRequest>, number, boolean]>([
  ['was revoked', { state: 'revoked', usesLeft: 1, sessions: [ended] }, 1, true],
  ['has no use left', { state: 'approved', usesLeft: 0, sessions: [ended] }, 1, true],
  ['has another session', { state: 'approved', usesLeft: 0, sessions: [ended, issued] }, 1, false],
  // A revocation that is under way ends sessions that were issued since it was written down.
  ['can get another session', { state: 'approved', usesLeft: 1, sessions: [ended] }, 1, false],
  ['can be approved', { state: 'pending', sessions: [] }, 1, false],
  ['was never revoked', { state: 'approved', usesLeft: 1, sessions: [] }, 121, true],
])('what is to be done about a request that %s is settled: %#', async (_title, request, ageSeconds, settled) => {
  expect((await carriedOut(request, ageSeconds)).settled.length > 0).toBe(settled)
})

const HOUR = 3600
test.each<[string, Partial<AccessRequest> | undefined, number, number, boolean]>([
  ['lost the end', { state: 'approved', usesLeft: 0, sessions: [issued] }, 300, NOW - seconds(100), false],
  ['lost the request', undefined, 300, NOW - seconds(100), false],
  ['was restored in the same instant', undefined, 300, NOW - seconds(300), false],
  ['has the end', { state: 'revoked', sessions: [ended] }, 300, NOW - seconds(100), true],
  ['lost an end whose credentials have expired', undefined, HOUR + 61, NOW - seconds(100), true],
  ['lost an end whose credentials work for a last second', undefined, HOUR + 60, NOW - seconds(100), false],
  ['was restored before the end', { state: 'approved', usesLeft: 0, sessions: [] }, 300, NOW - seconds(301), true],
])('in a restored table that %s, it is settled: %#', async (_title, request, ageSeconds, epoch, settled) => {
  expect((await carriedOut(request, ageSeconds, epoch)).settled.length > 0).toBe(settled)
})

test('a session is stored before a policy denies it, so that no later policy lets it in again', async () => {
  expect((await carriedOut({ state: 'revoked', sessions: [ended] })).order).toEqual(['abcdefgh undefined', 'put', 'abcdefgh read-back'])
})
