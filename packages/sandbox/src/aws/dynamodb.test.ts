/** What the front adds to dynalite: limits of DynamoDB's own, and indexes that lag behind. */
import { expect, test } from 'vitest'
import { laggingIndexes, type Table } from './dynamodb-index.ts'
import { limitFault, unsupportedMember } from './dynamodb-limits.ts'

const table: Table = {
  KeySchema: [{ AttributeName: 'pk' }],
  GlobalSecondaryIndexes: [{ IndexName: 'byCaller', KeySchema: [{ AttributeName: 'callerKey' }, { AttributeName: 'at' }] }],
}
const item = (more: Record<string, string>) =>
  Object.fromEntries(Object.entries({ pk: 'REQ#1', ...more }).map(([name, text]) => [name, { S: text }]))
const nested = (levels: number): object => (levels === 0 ? { S: 'x' } : { M: { a: nested(levels - 1) } })

test.each<[string, Record<string, unknown>, Record<string, string> | undefined, RegExp | undefined]>([
  ['a hash key of 2,048 bytes', {}, { callerKey: 'x'.repeat(2048), at: '1' }, undefined],
  ['a longer one', {}, { callerKey: 'x'.repeat(2049), at: '1' }, /hashkey has exceeded the maximum size limit of 2048/],
  ['one that is longer in bytes only', {}, { callerKey: 'é'.repeat(1025), at: '1' }, /hashkey/],
  ['a range key of 1,024 bytes', {}, { callerKey: 'c', at: 'x'.repeat(1024) }, undefined],
  ['a longer range key', {}, { callerKey: 'c', at: 'x'.repeat(1025) }, /rangekey has exceeded the maximum size limit of 1024/],
  ['an empty index key', {}, { callerKey: '', at: '1' }, /empty string value. IndexName: byCaller, IndexKey: callerKey/],
  ['an expression of 4 KB', { UpdateExpression: `SET a = ${'b'.repeat(4088)}` }, undefined, undefined],
  ['a longer one', { UpdateExpression: `SET a = ${'b'.repeat(4089)}` }, undefined, /Expression size has exceeded .* size: 4097/],
  [
    '300 operators',
    {
      ConditionExpression: Array.from({ length: 150 }, () => 'a=b')
        .join(' OR ')
        .replace(/=b$/, '=b AND'),
    },
    undefined,
    undefined,
  ],
  ['301 operators', { ConditionExpression: Array.from({ length: 151 }, () => 'a=b').join(' OR ') }, undefined, /too many operators/],
  ['32 levels', { ExpressionAttributeValues: { ':v': nested(32) } }, undefined, undefined],
  ['33 levels', { ExpressionAttributeValues: { ':v': nested(33) } }, undefined, /Nesting Levels/],
])('DynamoDB’s limits: %s', (_name, input, image, fault) => {
  const found = limitFault(input, table, image && item(image))
  if (fault) expect(found).toMatch(fault)
  else expect(found).toBeUndefined()
})

test('an index learns of a write after its lag, and of its removal too', () => {
  let now = 0
  const indexes = laggingIndexes(400, () => now)
  indexes.define('stint', table)
  const found = () => {
    const { body } = indexes.query(
      {
        TableName: 'stint',
        IndexName: 'byCaller',
        KeyConditionExpression: 'callerKey = :key',
        ExpressionAttributeValues: { ':key': { S: 'dana' } },
      },
      'r',
    )
    return JSON.parse(body).Items.map(({ pk }: { pk: { S: string } }) => pk.S)
  }
  indexes.wrote('stint', 'a', item({ pk: 'a', callerKey: 'dana', at: '1' }))
  now = 399
  expect(found()).toEqual([])
  now = 400
  expect(found()).toEqual(['a'])
  indexes.wrote('stint', 'b', item({ pk: 'b', callerKey: 'dana', at: '0' }))
  indexes.wrote('stint', 'a', item({ pk: 'a', at: '1' }))
  expect(found()).toEqual(['a'])
  indexes.settle()
  expect(found()).toEqual(['b'])
})

test.each<[string, object, string | undefined]>([
  ['PutItem', { TableName: 't', Item: {}, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }, undefined],
  ['PutItem', { TableName: 't', Item: {}, Unheard: 'of' }, 'Unheard'],
  ['Query', { TableName: 't', KeyConditionExpression: 'pk = :p', ScanIndexForward: false }, undefined],
  ['Scan', { TableName: 't', ConsistentRead: true }, undefined],
  ['CreateTable', { TableName: 't', DeletionProtectionEnabled: true }, 'DeletionProtectionEnabled'],
  ['TransactWriteItems', { TransactItems: [] }, undefined],
  ['../index', { a: 1 }, undefined],
])('%s with %j has the unsupported member %s', (operation, input, stray) => expect(unsupportedMember(operation, input)).toBe(stray))
