/** For how long what is to be done stays written down. What is done about it is in test/e2e/immediate-end.test.ts. */
import type { RequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
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

async function isSettled(request: Partial<AccessRequest>, ageSeconds = 1): Promise<boolean> {
  const pending: PendingEnd = { ...place, request: 'req_0' as RequestId, at: NOW - seconds(ageSeconds), attempt: 'a' }
  const settled: PendingEnd[] = []
  let document: string | undefined
  await carryOut(
    {
      ledger: { request: async () => done(request as AccessRequest) },
      work: {
        pending: async () => [pending],
        ended: async () => ({ sessions: [] }),
        write: async () => {},
        prune: async () => {},
        settle: async (one) => void settled.push(one),
      },
      open: async () =>
        done({
          put: async (text) => {
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
  return settled.length > 0
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
  expect(await isSettled(request, ageSeconds)).toBe(settled)
})
