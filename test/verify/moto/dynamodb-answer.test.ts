import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDynamo } from '@stint/sandbox/aws/dynamodb'
import { describe, expect, test } from 'vitest'
import type { Json, RecordedCall } from '../../support/dynamodb-recording.ts'
import { testSandbox } from '../../support/sandbox.ts'
import { differenceOf, explained, isReplayed } from './dynamodb-answer.ts'

const call = (operation: string, status: number, answer: Json, input: Json = {}): RecordedCall => ({ operation, input, status, answer })
const [a, b] = [
  { pk: { S: 'a' }, n: { N: '1' } },
  { pk: { S: 'b' }, n: { N: '2' } },
]

describe('differenceOf', () => {
  test.each<[title: string, ours: RecordedCall, status: number, theirs: Json, differs: boolean]>([
    ['the same item', call('GetItem', 200, { Item: a }), 200, { Item: a }, false],
    ['another item', call('GetItem', 200, { Item: a }), 200, { Item: b }, true],
    ['no item', call('GetItem', 200, { Item: a }), 200, {}, true],
    ['capacity', call('GetItem', 200, { Item: a }), 200, { Item: a, ConsumedCapacity: { CapacityUnits: 1 } }, false],
    ['a scan in another order', call('Scan', 200, { Items: [a, b] }), 200, { Items: [b, a] }, false],
    ['a scan with less', call('Scan', 200, { Items: [a, b] }), 200, { Items: [a] }, true],
    ['a query in another order', call('Query', 200, { Items: [a, b] }), 200, { Items: [b, a] }, true],
    ['a batch in another order', call('BatchGetItem', 200, { Responses: { t: [a, b] } }), 200, { Responses: { t: [b, a] } }, false],
    ['a batch of another table', call('BatchGetItem', 200, { Responses: { t: [a] } }), 200, { Responses: { u: [a] } }, true],
    [
      'keys that are left',
      call('BatchGetItem', 200, { Responses: { t: [] } }),
      200,
      { Responses: { t: [] }, UnprocessedKeys: { t: {} } },
      true,
    ],
    ['the description of a table', call('CreateTable', 200, { Table: { a: 1 } }), 200, { Table: { a: 2 } }, false],
    ['an error and an answer', call('PutItem', 400, { __type: 'x#ValidationException' }), 200, {}, true],
    ['another message', call('PutItem', 400, { __type: 'x#E', message: 'a' }), 400, { __type: 'y#E', message: 'b' }, false],
    ['another error', call('PutItem', 400, { __type: 'x#E' }), 400, { __type: 'x#F' }, true],
    ['a failed condition without the old item', call('PutItem', 400, { __type: 'x#E', Item: a }), 400, { __type: 'x#E' }, true],
  ])('%s', (_title, ours, status, theirs, differs) => expect(differenceOf(ours, { status, answer: theirs }) !== undefined).toBe(differs))

  test('what IAM refused, and what DynamoDB does not have, is not replayed', () => {
    expect(isReplayed(call('GetItem', 400, { __type: 'com.amazon.coral.service#AccessDeniedException' }))).toBe(false)
    expect(isReplayed(call('constructor', 400, { __type: 'com.amazon.coral.service#UnknownOperationException' }))).toBe(false)
    expect(isReplayed(call('GetItem', 501, { __type: 'NotImplemented' }))).toBe(false)
    expect(isReplayed(call('GetItem', 400, { __type: 'x#ValidationException' }))).toBe(true)
  })
})

describe('explained', () => {
  const reasons = (ours: RecordedCall, answer: Json) => {
    const difference = differenceOf(ours, { status: 200, answer })
    return difference ? explained.filter((one) => one.explains(difference)).length : 'the same'
  }
  const update = (Attributes: Json) => call('UpdateItem', 200, { Attributes }, { Key: { pk: { S: 'a' } }, ReturnValues: 'UPDATED_NEW' })
  test.each<[title: string, ours: RecordedCall, theirs: Json, reasons: number | string]>([
    ['the key of a new item', update({ n: { N: '1' } }), { Attributes: a }, 1],
    ['an attribute that did not change', update(a), { Attributes: { n: { N: '1' } } }, 1],
    ['another value', update({ n: { N: '2' } }), { Attributes: a }, 0],
    ['an attribute that the sandbox lacks', update({}), { Attributes: a }, 0],
    ['another kind of update', { ...update({}), input: { Key: {}, ReturnValues: 'ALL_NEW' } }, { Attributes: a }, 0],
    ['a key after a full page', call('Query', 200, { Count: 1, LastEvaluatedKey: a }, { Limit: 1 }), { Count: 1 }, 1],
    ['a key after a page that is not full', call('Query', 200, { Count: 1, LastEvaluatedKey: a }, { Limit: 2 }), { Count: 1 }, 0],
    ['a key of moto alone', call('Query', 200, { Count: 1 }, { Limit: 1 }), { Count: 1, LastEvaluatedKey: a }, 0],
  ])('%s', (_title, ours, theirs, expected) => expect(reasons(ours, theirs)).toBe(expected))
})

test('each difference is explained by a page of AWS', () => {
  for (const { page, why } of explained) {
    expect(page).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/amazondynamodb\/latest\/\w+\/[\w.]+\.html$/)
    expect(why).not.toBe('')
  }
})

test('a recording has all that makes its answers: replayed on an empty table, they are the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stint-recording-'))
  process.env.STINT_RECORD_DYNAMODB = folder
  const sandbox = await testSandbox()
  delete process.env.STINT_RECORD_DYNAMODB
  const dynamo = createDynamo()
  try {
    const token = await sandbox.token('developer')
    const vended = await sandbox.vend(token, { profile: 'staging-power' })
    expect(vended.status).toBe(201)
    expect((await sandbox.get(`/requests/${vended.json.id.split('.')[0]}`, token)).status).toBe(200)

    const [file = ''] = readdirSync(folder)
    const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n')
    const calls = lines.map((line): RecordedCall => JSON.parse(line))
    expect(calls.slice(0, 2).map(({ operation }) => operation)).toEqual(['CreateTable', 'CreateTable'])
    expect(calls.filter(({ operation }) => operation === 'UpdateItem').length).toBeGreaterThanOrEqual(2)
    for (const one of calls.filter(({ status }) => status === 200)) {
      // Without what the sandbox adds to dynalite.
      const { ReturnValuesOnConditionCheckFailure: _added, ...input } = one.input
      expect(differenceOf(one, { status: 200, answer: await dynamo.direct(one.operation, input) })).toBeUndefined()
    }
  } finally {
    await sandbox.close()
    await dynamo.close()
  }
})
