/** What the ledger does without the table. Tests in test/ cover what it does with a table over HTTP. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Caller } from '@stint/core/identity/caller'
import { describe, expect, test } from 'vitest'
import type { Intent } from '../../ports/ledger.ts'
import { dynamoLedger } from './ledger.ts'

const NOW = 1_795_521_600_000
const ledger = (send: () => Promise<unknown>, epoch?: number) =>
  dynamoLedger({
    client: { send } as unknown as DynamoDBClient,
    storyTable: 't',
    sideTable: 's',
    clock: () => NOW,
    random: (count) => new Uint8Array(count),
    answerWithinMs: 20,
    sleep: async () => {},
    configHash: 'c',
    approvalOf: () => undefined,
    build: 'b',
    ...(epoch === undefined ? {} : { epoch }),
  })

describe('a restored table', () => {
  const request = `req_${'0'.repeat(26)}`
  const intent = (tokenIssuedAt: number) =>
    ({ request, session: `${request}.00000000`, tokenIssuedAt, caller: { token: {} } as Caller }) as unknown as Intent
  test.each([
    [NOW - 1, 'token-used'],
    [NOW, 'token-used'],
  ])('refuses a single-use token issued at %i, before anything is written', async (issuedAt, code) => {
    const never = () => Promise.reject(new Error('asked'))
    expect(await ledger(never, NOW).reserve(intent(issuedAt))).toMatchObject({ outcome: 'refused', code })
  })
})

test('sends three times if the response stalls, then returns unknown', async () => {
  let sends = 0
  const stalled = () => {
    sends++
    return new Promise(() => {})
  }
  expect(await ledger(stalled).ping()).toBe(false)
  expect(sends).toBe(3)
})
