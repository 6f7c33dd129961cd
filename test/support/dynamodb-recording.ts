/**
 * Records what the DynamoDB of a test's sandbox is asked and what it answers, in the order in which it did so. `npm run verify:all moto-dynamodb`
 * sets STINT_RECORD_DYNAMODB to a folder and replays the recordings on a DynamoDB that we did not write.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Dynamo } from '@stint/sandbox/aws/dynamodb'
import { expect } from 'vitest'

/** A line of a recording. `status` and `answer` are the response; `answer` is JSON. */
export type RecordedCall = { readonly operation: string; readonly input: Json; readonly status: number; readonly answer: Json }
export type Json = Record<string, any>

/** Of one sandbox. Later calls are not recorded; the ones before can be replayed without them. */
const MAX_CALLS = 1500
const MAX_BYTES = 32 * 1024 * 1024

let recordings = 0

/** A recording begins with the calls that make its tables and the items which are there. Calls run one at a time, so that their order is exact. */
export function recordDynamoDb(dynamo: Dynamo, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${basename(expect.getState().testPath ?? 'unknown', '.test.ts')}-${process.pid}-${++recordings}.jsonl`)
  let [calls, bytes] = [0, 0]
  const keep = (call: RecordedCall) => {
    const line = `${JSON.stringify(call)}\n`
    if (++calls > MAX_CALLS || (bytes += line.length) > MAX_BYTES) return
    appendFileSync(file, line)
  }

  const { handle, direct } = dynamo
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }
  void inTurn(async () => {
    const { TableNames = [] } = (await direct('ListTables', {})) as { TableNames?: string[] }
    for (const TableName of TableNames) {
      const { Table } = (await direct('DescribeTable', { TableName })) as { Table: Json }
      keep({ operation: 'CreateTable', input: creationOf(Table), status: 200, answer: {} })
      const { Items = [] } = (await direct('Scan', { TableName })) as { Items?: Json[] }
      for (const Item of Items) keep({ operation: 'PutItem', input: { TableName, Item }, status: 200, answer: {} })
    }
  })
  Object.assign(dynamo, {
    direct: (operation, input) =>
      inTurn(async () => {
        const answer = await direct(operation, input)
        keep({ operation, input: input as Json, status: 200, answer })
        return answer
      }),
    handle: (world, call, target, body) =>
      inTurn(async () => {
        const answer = await handle(world, call, target, body)
        const operation = target.replace(/^DynamoDB_20120810\./, '')
        const input = inputOf(body)
        if (!input) return answer
        // The sandbox's indexes lag on purpose. What they would show without the lag can be compared.
        const current = operation === 'Query' && input.IndexName && answer.status === 200 ? await direct(operation, input) : undefined
        keep({ operation, input, status: answer.status, answer: current ?? JSON.parse(String(answer.body)) })
        return answer
      }),
  } satisfies Pick<Dynamo, 'direct' | 'handle'>)
}

/** Undefined if the body is not a JSON object, which DynamoDB refuses. */
function inputOf(body: Buffer): Json | undefined {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'))
    return typeof input === 'object' && input !== null && !Array.isArray(input) ? input : undefined
  } catch {
    return undefined
  }
}

function creationOf({ TableName, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes }: Json): Json {
  const indexes = GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }: Json) => ({ IndexName, KeySchema, Projection }))
  return {
    ...{ TableName, KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' },
    ...(indexes ? { GlobalSecondaryIndexes: indexes } : {}),
  }
}
