/**
 * Counts what AWS bills for each call: it stands between the broker and the sandbox's AWS, so no call escapes it. A call that has no price
 * here is an error. Sources: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" and "Using Global Secondary Indexes";
 * Amazon SQS pricing; Amazon S3 pricing (PUT, POST and LIST requests; GET and all other requests; DELETE is free); AWS KMS pricing; AWS STS has no price.
 */
import { indexes } from '@stint/broker/adapters/dynamodb/table'
import { itemBytes } from '@stint/broker/adapters/dynamodb/testing/item-bytes'
import type { Interceptor } from '@stint/sandbox/aws/server'
import type { TestSandbox } from '../support/sandbox.ts'

/** What is billed, and `stsCalls`, which is not. */
const units = [
  'writeUnits',
  'readUnits',
  's3Puts',
  's3Gets',
  's3Deletes',
  'kmsSignatures',
  'stsCalls',
  'sqsRequests',
  'streamReads',
  'invocations',
  'gbSeconds',
  'lineBytes',
  'httpRequests',
] as const
export type Usage = Readonly<Record<(typeof units)[number], number>>

const mapped = (of: (unit: keyof Usage) => number): Usage => Object.fromEntries(units.map((unit) => [unit, of(unit)])) as Usage
export const nothing: Usage = mapped(() => 0)
export const plus = (one: Usage, other: Usage): Usage => mapped((unit) => one[unit] + other[unit])
export const minus = (one: Usage, other: Usage): Usage => mapped((unit) => one[unit] - other[unit])
export const times = (one: Usage, count: number): Usage => mapped((unit) => one[unit] * count)

/**
 * Milliseconds that a call is taken to last, in the region: docs/performance.md. A function is billed while it waits. Calls in parallel
 * are added up, so the durations are upper bounds.
 */
const LATENCY_MS = {
  writeUnits: 6,
  readUnits: 6,
  s3Puts: 25,
  s3Gets: 15,
  s3Lists: 20,
  s3Deletes: 15,
  kmsSignatures: 20,
  stsCalls: 30,
  sqsRequests: 10,
  streamReads: 10,
}

type Billed = { readonly unit: keyof Usage; readonly count: number; readonly milliseconds: number }
type Attributes = Parameters<typeof itemBytes>[0]
type DynamoInput = {
  readonly TableName: string
  readonly Key?: Attributes
  readonly Item?: Attributes
  readonly ConsistentRead?: boolean
  readonly RequestItems?: Readonly<Record<string, unknown>>
}
type DynamoAnswer = {
  readonly Item?: Attributes
  readonly Items?: readonly Attributes[]
  readonly Responses?: Readonly<Record<string, readonly Attributes[]>>
}
type Body = { readonly status: number; readonly body?: string | Uint8Array }

export type Meter = {
  readonly intercept: Interceptor
  /** Call it once the sandbox is there. */
  readonly watch: (sandbox: TestSandbox) => void
  /** What AWS bills for the work, and how long its calls last, one after the other. */
  readonly of: (work: () => Promise<unknown>) => Promise<{ readonly usage: Usage; readonly milliseconds: number }>
}

export function meter(): Meter {
  let sandbox: TestSandbox | undefined
  let billed: Billed[] = []
  const unpriced: string[] = []

  const imageOf = async (table: string, key: Attributes): Promise<Attributes | undefined> =>
    ((await sandbox?.aws.dynamo.direct('GetItem', { TableName: table, Key: key, ConsistentRead: true })) as DynamoAnswer | undefined)?.Item

  /** The items that a write touches, before or after it. */
  const imagesOf = (writes: readonly TableKey[]) => Promise.all(writes.map(({ table, key }) => imageOf(table, key)))

  const intercept: Interceptor = async (service, action, next, { url, body }) => {
    if (!sandbox) return next()
    const input = service === 'dynamodb' ? (JSON.parse(body.toString()) as DynamoInput) : undefined
    const writes = input ? writesOf(action, input) : []
    const before = await imagesOf(writes)
    const answer = await next()
    const after = await imagesOf(writes)
    const count = billFor(service, action, url, { input, writes, before, after, answer: answer as Body })
    if (count) billed.push(count)
    else unpriced.push(`${service} ${action}`)
    return answer
  }

  return {
    intercept,
    watch(given) {
      sandbox = given
    },
    async of(work) {
      billed = []
      await work()
      if (unpriced.length > 0) throw new Error(`docs/costs.md has no price for ${[...new Set(unpriced)].join(', ')}`)
      const usage = mapped((unit) => billed.filter((one) => one.unit === unit).reduce((sum, { count }) => sum + count, 0))
      return { usage, milliseconds: billed.reduce((sum, one) => sum + one.milliseconds, 0) }
    },
  }
}

type TableKey = { readonly table: string; readonly key: Attributes }
type Dynamo = {
  readonly input: DynamoInput | undefined
  readonly writes: readonly TableKey[]
  readonly before: readonly (Attributes | undefined)[]
  readonly after: readonly (Attributes | undefined)[]
  readonly answer: Body
}

function billFor(service: string, action: string, url: string, call: Dynamo): Billed | undefined {
  const one = (unit: keyof Usage, milliseconds: number): Billed => ({ unit, count: 1, milliseconds })
  const is = (...actions: readonly string[]) => actions.includes(action)
  // Lambda's own reads of the stream are free.
  if (service === 'dynamodb' && is('GetRecords', 'GetShardIterator')) return one('streamReads', LATENCY_MS.streamReads)
  if (service === 'sqs' && is('ReceiveMessage', 'DeleteMessage')) return one('sqsRequests', LATENCY_MS.sqsRequests)
  if (service === 'dynamodb' && call.input) return dynamoBill(action, call.input, call)
  if (service === 's3') {
    if (is('GET') && /[?&]list-type=/.test(url)) return one('s3Puts', LATENCY_MS.s3Lists)
    if (is('PUT', 'POST')) return one('s3Puts', LATENCY_MS.s3Puts)
    if (is('GET', 'HEAD')) return one('s3Gets', LATENCY_MS.s3Gets)
    if (is('DELETE')) return one('s3Deletes', LATENCY_MS.s3Deletes)
  }
  // An asymmetric key's public half costs as much as a signature.
  if (service === 'kms' && is('Sign', 'GetPublicKey')) return one('kmsSignatures', LATENCY_MS.kmsSignatures)
  if (service === 'sts' && is('AssumeRole')) return one('stsCalls', LATENCY_MS.stsCalls)
  return undefined
}

function dynamoBill(action: string, input: DynamoInput, { writes, before, after, answer }: Dynamo): Billed | undefined {
  if (writes.length > 0) {
    const count = writes.reduce((sum, { table }, index) => sum + writeUnits(table, before[index], after[index]), 0)
    return { unit: 'writeUnits', count, milliseconds: LATENCY_MS.writeUnits }
  }
  const reads = readsOf(action, input, answer.status === 200 ? (JSON.parse(String(answer.body)) as DynamoAnswer) : {})
  return reads === undefined ? undefined : { unit: 'readUnits', count: reads, milliseconds: LATENCY_MS.readUnits }
}

type BatchWrite = { readonly PutRequest?: { readonly Item: Attributes }; readonly DeleteRequest?: { readonly Key: Attributes } }

/** The items that a call writes, or tries to write: a failed condition is billed like a write. */
function writesOf(action: string, { TableName: table, Key, Item, RequestItems = {} }: DynamoInput): readonly TableKey[] {
  if (action === 'BatchWriteItem')
    return Object.entries(RequestItems).flatMap(([name, all]) =>
      (all as readonly BatchWrite[]).map(({ PutRequest, DeleteRequest }) => ({
        table: name,
        key: keyIn(PutRequest?.Item ?? DeleteRequest?.Key ?? {}),
      })),
    )
  return ['PutItem', 'UpdateItem', 'DeleteItem'].includes(action) ? [{ table, key: keyIn(Key ?? Item ?? {}) }] : []
}

const keyIn = ({ pk, sk }: Attributes): Attributes => ({ ...(pk ? { pk } : {}), ...(sk ? { sk } : {}) })

/** A unit for each kilobyte of the larger of old and new item, and for each entry of an index that is added or removed. */
function writeUnits(table: string, old: Attributes | undefined, now: Attributes | undefined): number {
  const size = Math.max(old ? itemBytes(old) : 0, now ? itemBytes(now) : 0)
  const entries =
    table === 'stint'
      ? Object.values(indexes).reduce((sum, { hash, range }) => {
          const [was, is] = [old, now].map((item) => (item?.[hash] ? JSON.stringify([item[hash], item[range]]) : undefined))
          return sum + (was === is ? 0 : (was === undefined ? 0 : 1) + (is === undefined ? 0 : 1))
        }, 0)
      : 0
  return Math.max(1, Math.ceil(size / 1024)) + entries
}

/** A unit for each 4 KB of a consistent read, half for one that is eventually consistent. A missing item counts as a small one. */
function readsOf(action: string, { ConsistentRead, RequestItems = {} }: DynamoInput, answer: DynamoAnswer): number | undefined {
  const blocks = (bytes: number, consistent: boolean | undefined) => Math.max(1, Math.ceil(bytes / 4096)) * (consistent ? 1 : 0.5)
  if (action === 'GetItem') return blocks(answer.Item ? itemBytes(answer.Item) : 0, ConsistentRead)
  if (action === 'Query')
    return blocks(
      (answer.Items ?? []).reduce((sum, item) => sum + itemBytes(item), 0),
      ConsistentRead,
    )
  if (action !== 'BatchGetItem') return undefined
  return Object.entries(RequestItems).reduce((sum, [table, asked]) => {
    const { Keys, ConsistentRead: consistent } = asked as { readonly Keys: readonly unknown[]; readonly ConsistentRead?: boolean }
    const found = answer.Responses?.[table] ?? []
    const missing = Keys.length - found.length
    return sum + found.reduce((all, item) => all + blocks(itemBytes(item), consistent), 0) + missing * blocks(0, consistent)
  }, 0)
}
