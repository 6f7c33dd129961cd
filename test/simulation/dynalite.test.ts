/**
 * Every call that some schedules make of the simulated DynamoDB, sent to dynalite too, in the same order: the same answer, or the same error.
 * Queries of indexes are left out, because the simulated ones lag, and scans, which have no order.
 */
import { sideTable, storyTable } from '@stint/broker/adapters/dynamodb/table'
import { createDynamo } from '@stint/sandbox/aws/dynamodb'
import { expect, test } from 'vitest'
import { type Refusal, toJson } from './dynamo.ts'
import { SIDE, STORY } from './machines.ts'
import { Oracles } from './oracles/index.ts'
import { Schedule } from './schedule.ts'
import { runSchedule } from './workload.ts'

type Recorded = { readonly operation: string; readonly input: string; readonly answer?: string; readonly error?: Refusal }
type Answer = Record<string, unknown>

/** The calls of a schedule, as JSON when they were made. */
async function callsOf(seed: number): Promise<readonly Recorded[]> {
  const calls: Recorded[] = []
  const schedule = new Schedule({ seed }, (one) => new Oracles(one))
  schedule.dynamo.onCall = (operation, input, outcome) => {
    if ('IndexName' in input || operation === 'Scan') return
    const end = 'error' in outcome ? { error: outcome.error } : { answer: toJson(outcome.answer) }
    calls.push({ operation, input: toJson(input), ...end })
  }
  const { onWrite } = schedule.dynamo
  schedule.dynamo.onWrite = (write) => {
    onWrite(write)
    const [pk, sk] = write.id.split('\u0000')
    if (write.operation === 'TTL')
      calls.push({
        operation: 'DeleteItem',
        input: toJson({ TableName: write.table, Key: sk === undefined ? { pk: { S: pk } } : { pk: { S: pk }, sk: { S: sk } } }),
        answer: '{}',
      })
  }
  await runSchedule(schedule)
  return calls
}

/** What both answer in the same form: items in any order where DynamoDB has none, and no capacity. */
function comparable(answer: string): unknown {
  const { ConsumedCapacity: _units, Responses, ScannedCount: _scanned, LastEvaluatedKey, ...rest } = JSON.parse(answer) as Answer
  const sorted = (items: unknown) => (items as object[]).map((item) => canonical(item)).sort()
  const responses = Responses && Object.fromEntries(Object.entries(Responses).map(([table, items]) => [table, sorted(items)]))
  return JSON.parse(canonical({ ...rest, ...(responses ? { Responses: responses } : {}), isMore: LastEvaluatedKey !== undefined }))
}
/** Members and sets in order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (name, held) => {
    if (name === 'SS') return [...(held as string[])].sort()
    const isMap = typeof held === 'object' && held !== null && !Array.isArray(held)
    return isMap ? Object.fromEntries(Object.entries(held as object).sort(([one], [other]) => (one < other ? -1 : 1))) : held
  })

test.each([3, 12, 33])('the schedule of seed %i gets the same answers from dynalite', async (seed) => {
  const dynalite = createDynamo()
  for (const table of [storyTable(STORY), sideTable(SIDE)]) await dynalite.direct('CreateTable', table)
  const different: unknown[] = []
  const calls = await callsOf(seed)
  for (const { operation, input, answer, error } of calls) {
    const outcome = await dynalite.direct(operation, JSON.parse(input)).then(
      (found) => ({ answer: JSON.stringify(found) }),
      (thrown: Error) => ({ error: thrown.message }),
    )
    const isSame =
      error === undefined
        ? 'answer' in outcome && canonical(comparable(outcome.answer)) === canonical(comparable(answer as string))
        : 'error' in outcome && outcome.error.includes(error.name)
    if (!isSame) different.push({ operation, input, answer, error: error?.name, outcome })
  }
  expect(calls.length).toBeGreaterThan(200)
  expect(different.slice(0, 3)).toEqual([])
})
