/** What the sandbox keeps has a bound, and loses only the oldest. */
import { expect, test } from 'vitest'
import type { Call } from './authorize.ts'
import { createDynamo } from './dynamodb.ts'
import { type Recordings, trim, trimMap } from './recordings.ts'
import { addUser, createWorld } from './world.ts'

test('a list loses its oldest items, and in a test none', () => {
  const list = Array.from({ length: 1003 }, (_, index) => index)
  trim(list, 'streamRecords', 'all')
  expect(list.length).toBe(1003)
  trim(list, 'streamRecords', 'bounded')
  expect([list.length, list[0]]).toEqual([1000, 3])
})

test('a map loses the oldest entries that may go', () => {
  const map = new Map(Array.from({ length: 2005 }, (_, index) => [`k${index}`, index] as const))
  trimMap(map, 'sessions', (item) => item % 2 === 1)
  expect([map.size, ...[...map.keys()].slice(0, 6)]).toEqual([2000, 'k0', 'k2', 'k4', 'k6', 'k8', 'k10'])
  trimMap(map, 'sessions', () => true)
  expect(map.size).toBe(2000)
})

async function written(recordings: Recordings, count: number) {
  const world = createWorld({ targets: {} }, () => 0, 'http://127.0.0.1:1')
  const key = addUser(world, 'arn:aws:iam::123456789012:user/x', [
    { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' } },
  ])
  const call = { identity: world.identities.get(key.accessKeyId), now: 0, sourceIp: '127.0.0.1', requestId: 'x' } as Call
  const dynamo = createDynamo({ recordings })
  await dynamo.direct('CreateTable', {
    TableName: 'table',
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  })
  for (let index = 0; index < count; index++) {
    const body = Buffer.from(JSON.stringify({ TableName: 'table', Item: { pk: { S: 'one' }, n: { N: String(index) } } }))
    expect((await dynamo.handle(world, call, 'DynamoDB_20120810.PutItem', body)).status).toBe(200)
  }
  await dynamo.close()
  return dynamo.records.map(({ sequenceNumber }) => sequenceNumber)
}

test('the stream keeps the latest 1,000 records, numbered without a gap', async () => {
  expect(await written('bounded', 1010)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 11))
  expect((await written('all', 20)).length).toBe(20)
})
