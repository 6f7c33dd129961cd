/**
 * What `vend` sends over its own wire is what AWS's SDK sends: the same body, byte by byte; the same signed headers, but for the SDK's
 * invocation ID and user agent; and from the same headers the same signature.
 */
import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { marshall } from '@stint/broker/adapters/dynamodb/attributes'
import type { TableCalls } from '@stint/broker/adapters/dynamodb/table-calls'
import { stsCall, tableCalls } from '@stint/broker/adapters/testing/clients'
import { signer } from '@stint/broker/adapters/wire/signature'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exchanges, type Seen } from './exchanges.ts'

const REGION = 'eu-central-1'
const KEYS = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'sec/ret+x=', sessionToken: `tok/en+=${'t'.repeat(300)}` }
const RUNS = 2500
/** The SDK's own: who calls, and its count of attempts. */
const OF_SDK = ['amz-sdk-invocation-id', 'amz-sdk-request', 'x-amz-user-agent']
/** What the signer adds. */
const OF_SIGNER = ['content-length', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']

let at: Awaited<ReturnType<typeof exchanges>>
let now = 0
beforeAll(async () => {
  at = await exchanges()
})
afterAll(() => at.close())

const signedHeaders = ({ headers }: Seen): readonly string[] =>
  /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1]?.split(';') ?? []
const pick = ({ headers }: Seen, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, String(headers[name])]))

function expectSame(sdk: Seen, wire: Seen, service: string): void {
  expect([wire.method, wire.url, wire.body]).toEqual([sdk.method, sdk.url, sdk.body])
  const names = signedHeaders(sdk).filter((name) => !OF_SDK.includes(name))
  expect(signedHeaders(wire)).toEqual(names)
  expect(pick(wire, names)).toEqual(pick(sdk, names))
  // From exactly the headers that the SDK signed, Stint's signer makes the SDK's signature; so it does from its own.
  for (const seen of [sdk, wire]) {
    const given = signedHeaders(seen).filter((name) => !OF_SIGNER.includes(name))
    expect(signer(service, REGION, KEYS)(pick(seen, given), seen.body, now).authorization).toBe(seen.headers.authorization)
  }
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const instant = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2036, 0, 1) })
const assumeRole: fc.Arbitrary<AssumeRoleInput> = fc.record(
  {
    region: fc.constant(REGION),
    roleArn: text,
    roleSessionName: text,
    externalId: text,
    durationSeconds: fc.integer({ min: 900, max: 43_200 }),
    policy: fc.oneof(text, fc.json()),
    policyArns: fc.array(text, { maxLength: 4 }),
    tags: fc.array(fc.record({ key: text, value: text, transitive: fc.boolean() }), { minLength: 1, maxLength: 6 }),
    sourceIdentity: text,
  },
  { requiredKeys: ['region', 'roleArn', 'roleSessionName', 'externalId', 'durationSeconds', 'policy', 'policyArns', 'tags'] },
)

test(`AssumeRole, on ${RUNS} random inputs`, { timeout: 300_000 }, async () => {
  const clock = () => now
  const [sdk, wire] = (['sdk', 'wire'] as const).map((client) => stsCall(client, { url: at.url, keys: KEYS, clock }))
  at.answerWith((response) => response.writeHead(400).end('<x/>'))
  await fc.assert(
    fc.asyncProperty(assumeRole, instant, async (input, time) => {
      now = time
      const [one, other] = [await at.sentBy(async () => sdk?.(input, 2000)), await at.sentBy(async () => wire?.(input, 2000))]
      expectSame(one, other, 'sts')
    }),
    { numRuns: RUNS },
  )
})

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.uniqueArray(text, { minLength: 1, maxLength: 3 }).map((list) => new Set(list)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}))
const item = fc.dictionary(name, value, { maxKeys: 6 }).map((given) => marshall(given))
const key = fc.record({ pk: text }).map((given) => marshall(given))

type Call = (calls: TableCalls) => Promise<unknown>
const table: fc.Arbitrary<Call> = fc.oneof(
  fc
    .record(
      {
        TableName: text,
        Key: key,
        ReturnValues: fc.constantFrom('ALL_NEW' as const, 'UPDATED_NEW' as const),
        ReturnValuesOnConditionCheckFailure: fc.constant('ALL_OLD' as const),
        ConditionExpression: text,
        UpdateExpression: text,
        ExpressionAttributeNames: fc.dictionary(name, text, { maxKeys: 4 }),
        ExpressionAttributeValues: item,
        ReturnConsumedCapacity: fc.constant('TOTAL' as const),
      },
      { requiredKeys: ['TableName', 'Key'] },
    )
    .map(
      (input): Call =>
        (calls) =>
          calls.updateItem(input as UpdateItemCommandInput),
    ),
  fc.record({ TableName: text, Key: key, ConsistentRead: fc.boolean(), ReturnConsumedCapacity: fc.constant('TOTAL' as const) }).map(
    (input): Call =>
      (calls) =>
        calls.getItem(input),
  ),
  fc.record({ name: text, keys: fc.array(key, { minLength: 1, maxLength: 8 }) }).map(
    ({ name: of, keys }): Call =>
      (calls) =>
        calls.batchGetItem({ RequestItems: { [of]: { Keys: keys, ConsistentRead: true } }, ReturnConsumedCapacity: 'TOTAL' }),
  ),
)

test(`UpdateItem, GetItem and BatchGetItem, on ${RUNS} random inputs`, { timeout: 300_000 }, async () => {
  const clock = () => now
  const [sdk, wire] = (['sdk', 'wire'] as const).map((client) => tableCalls(client, { url: at.url, keys: KEYS, clock }))
  at.answerWith((response) => response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}'))
  await fc.assert(
    fc.asyncProperty(table, instant, async (call, time) => {
      now = time
      const [one, other] = [await at.sentBy(async () => sdk && call(sdk)), await at.sentBy(async () => wire && call(wire))]
      expectSame(one, other, 'dynamodb')
    }),
    { numRuns: RUNS },
  )
})
