/** What is written down before a request is revoked. Ends of single sessions are in test/e2e/immediate-end.test.ts. */
import type { RequestId } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { done } from '@stint/core/outcome'
import type { AccessRequest, RequestState } from '@stint/core/request/request'
import type { Session } from '@stint/core/request/session'
import { NOW } from '@stint/core/testing/fixtures'
import { expect, test, vi } from 'vitest'
import { requestEnds } from './request-end.ts'

const ROLE = 'arn:aws:iam::444455556666:role/Deploy'
const rules = { targets: { staging: { roleArn: ROLE, revocation: true } } } as never
const issued = { state: 'issued', issued: { at: NOW - 1, expiration: NOW + seconds(60) } } as unknown as Session
const expired = { state: 'issued', issued: { at: NOW - seconds(8000), expiration: NOW - seconds(4000) } } as unknown as Session
const reserved = { state: 'reserved' } as Session

async function isNoted(state: RequestState, sessions: readonly Session[]): Promise<boolean> {
  const note = vi.fn(async () => done(true as const))
  const immediate = { notes: { note }, queue: { wake: async () => done(true as const) } } as never
  const request = { id: 'req_0' as RequestId, target: 'staging', roleArn: ROLE, state, sessions } as unknown as AccessRequest
  const requested = await requestEnds({ rules, log: () => {}, immediate }, request, NOW)
  expect(requested.outcome === 'done' && requested.value.wake !== undefined).toBe(note.mock.calls.length > 0)
  return note.mock.calls.length > 0
}

test.each<[string, RequestState, readonly Session[], boolean]>([
  ['with a session whose credentials work', 'ended', [issued], true],
  ['with a session that can still be issued', 'ended', [reserved], true],
  ['with a session whose credentials have expired', 'ended', [expired], false],
  // The revocation does not depend on the version that was read: a session can be issued before it is written.
  ['that has no session yet', 'approved', [], true],
  ['that can be approved and used meanwhile', 'pending', [], true],
])('a revocation of a request %s (%s) is written down: %#', async (_title, state, sessions, noted) => {
  expect(await isNoted(state, sessions)).toBe(noted)
})
