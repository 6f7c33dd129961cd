/**
 * DynamoDB: dynalite behind a thin front. The front authorizes calls, adds what dynalite lacks (the old item of a failed condition,
 * a change stream, limits, lagging indexes) and serializes the writes to each item, so that all of this is exact.
 */

import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import dynalite from 'dynalite'
import inject, { type DispatchFunc } from 'light-my-request'
import { authorize, type Call, deniedMessage } from './authorize.ts'
import { type Attributes, CONTENT_TYPE, dynamoError } from './dynamodb-answer.ts'
import { type LaggingIndexes, laggingIndexes, type Query, type Table } from './dynamodb-index.ts'
import { limitFault, unsupportedMember } from './dynamodb-limits.ts'
import { handleStreams, isOfStreams } from './dynamodb-streams.ts'
import { jsonObject } from './json-body.ts'
import { type Recordings, trim } from './recordings.ts'
import type { Answer } from './sts.ts'
import type { World } from './world.ts'

/** One change of one item. Changes of an item are in order. Images are in DynamoDB's JSON. */
export type StreamRecord = {
  readonly sequenceNumber: number
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly table: string
  readonly keys: Attributes
  readonly oldImage?: Attributes
  readonly newImage?: Attributes
}

export type Dynamo = {
  readonly handle: (world: World, call: Call, target: string, body: Buffer) => Promise<Answer>
  /** Calls the database without authorization, as the account's owner. For creating tables, and for checkers. */
  readonly direct: (operation: string, input: unknown) => Promise<Record<string, unknown>>
  /** Emits `record` with a StreamRecord. */
  readonly stream: EventEmitter<{ record: [StreamRecord] }>
  /** The latest records, the oldest of them first. Their sequence numbers have no gaps. */
  readonly records: readonly StreamRecord[]
  /** Brings the indexes up to date now, without waiting. */
  readonly settleIndexes: () => void
  readonly close: () => Promise<void>
}

/** A table is active within milliseconds, on a busy machine within seconds. */
const ACTIVE_LOOKS = 10_000
const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem'])

/** `indexLag`: by how many milliseconds the indexes lag, and by which clock. Absent: not at all. */
type DynamoOptions = {
  readonly indexLag?: { readonly milliseconds: number; readonly clock: () => number }
  readonly recordings?: Recordings
}

export function createDynamo({ indexLag, recordings = 'bounded' }: DynamoOptions = {}): Dynamo {
  // dynalite keeps every key and value as a Buffer. Node cuts small ones from blocks of 64 KB, which stay as long as one piece of them
  // does: without this, a vend costs 0.2 MB instead of 0.03.
  Buffer.poolSize = 0
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  const dispatch = ((request, response) => server.emit('request', request, response)) as DispatchFunc
  const stream = new EventEmitter<{ record: [StreamRecord] }>()
  const records: StreamRecord[] = []
  let sequence = 0
  const queues = new Map<string, Promise<unknown>>()
  const tables = new Map<string, Table>()
  const indexes: LaggingIndexes | undefined = indexLag && laggingIndexes(indexLag.milliseconds, indexLag.clock)

  const raw = (operation: string, payload: string) => toDynalite(dispatch, operation, payload)

  async function direct(operation: string, input: unknown): Promise<Record<string, unknown>> {
    const { status, body } = await raw(operation, JSON.stringify(input))
    if (status !== 200) throw new Error(`dynamodb ${operation}: ${body}`)
    if (operation === 'CreateTable') await untilActive((input as { TableName: string }).TableName)
    if (indexes && writes.has(operation)) {
      const { TableName: table, Key, Item } = input as WriteInput
      const keys = await keysOf(table, Key ?? Item ?? {})
      indexes.wrote(table, JSON.stringify(keys), await image(table, keys))
    }
    return JSON.parse(body) as Record<string, unknown>
  }

  /** dynalite answers CreateTable before the table takes writes. */
  async function untilActive(table: string): Promise<void> {
    for (let looks = 0; looks < ACTIVE_LOOKS; looks++) {
      const { Table } = await direct('DescribeTable', { TableName: table })
      if ((Table as { TableStatus?: string }).TableStatus === 'ACTIVE') return
      await sleep(1)
    }
    throw new Error(`dynamodb CreateTable: ${table} is not active`)
  }

  /** Runs exclusively among the writes to one item. */
  function alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (queues.get(key) ?? Promise.resolve()).then(work, work)
    queues.set(key, turn)
    void turn.finally(() => queues.get(key) === turn && queues.delete(key)).catch(() => {})
    return turn
  }

  async function keysOf(table: string, item: Attributes): Promise<Attributes> {
    const names = (await describe(table)).KeySchema.map(({ AttributeName }) => AttributeName)
    return Object.fromEntries(names.flatMap((name) => (item[name] ? [[name, item[name]]] : [])))
  }

  async function describe(name: string): Promise<Table> {
    const known = tables.get(name) ?? (await direct('DescribeTable', { TableName: name })).Table
    tables.set(name, known as Table)
    return known as Table
  }

  const image = async (table: string, keys: Attributes): Promise<Attributes | undefined> =>
    ((await direct('GetItem', { TableName: table, Key: keys, ConsistentRead: true })) as { Item?: Attributes }).Item

  async function write(operation: string, input: WriteInput, payload: string): Promise<{ status: number; body: string }> {
    const table = input.TableName
    const keys = await keysOf(table, input.Key ?? input.Item ?? {})
    return alone(`${table} ${JSON.stringify(keys)}`, async () => {
      const oldImage = await image(table, keys)
      const answer = await raw(operation, payload)
      if (answer.status !== 200) return withOldItem(answer, input, oldImage)
      const newImage = await image(table, keys)
      const fault = limitFault(input, await describe(table), newImage)
      if (fault) {
        // The fault only shows in the resulting item. Restore the item, then refuse the write.
        if (oldImage) await direct('PutItem', { TableName: table, Item: oldImage })
        else await direct('DeleteItem', { TableName: table, Key: keys })
        return { status: 400, body: validation(fault) }
      }
      if (JSON.stringify(oldImage) !== JSON.stringify(newImage)) {
        const eventName = !oldImage ? 'INSERT' : newImage ? 'MODIFY' : 'REMOVE'
        const record = {
          sequenceNumber: ++sequence,
          eventName,
          table,
          keys,
          ...(oldImage ? { oldImage } : {}),
          ...(newImage ? { newImage } : {}),
        } as const
        records.push(record)
        trim(records, 'streamRecords', recordings)
        indexes?.wrote(table, JSON.stringify(keys), newImage)
        stream.emit('record', record)
      }
      return answer
    })
  }

  return {
    direct,
    stream,
    records,
    settleIndexes: () => indexes?.settle(),
    close: () => new Promise((resolve) => server.close(() => resolve())),

    async handle(world, call, target, body) {
      if (isOfStreams(target)) return handleStreams(world, call, target, body, records)
      const operation = target.replace(/^DynamoDB_20120810\./, '')
      const input = jsonObject(body) as WriteInput | undefined
      if (!input)
        return dynamoError(400, 'com.amazon.coral.service#SerializationException', 'The body is not a JSON object.', call.requestId)
      const refusal = guard(world, call, operation, input)
      if (refusal) return refusal
      const stray = unsupportedMember(operation, input)
      if (stray !== undefined)
        return dynamoError(
          501,
          'NotImplemented',
          `The sandbox’s DynamoDB does not support the ${stray.slice(0, 100)} parameter of ${operation}.`,
          call.requestId,
        )
      const fault = limitFault(input, undefined)
      if (fault) return dynamoError(400, 'com.amazon.coral.validate#ValidationException', fault, call.requestId)
      if (indexes && operation === 'Query' && input.IndexName) {
        indexes.define(input.TableName, await describe(input.TableName))
        const { status, body: found } = indexes.query(input as unknown as Query, call.requestId)
        return { status, headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': call.requestId }, body: found }
      }
      // Remove the setting that dynalite does not support. The front implements it.
      const { ReturnValuesOnConditionCheckFailure: _front, ...known } = input as WriteInput & Record<string, unknown>
      const payload = JSON.stringify(known)
      const answer = writes.has(operation) ? await write(operation, input, payload) : await raw(operation, payload)
      return { status: answer.status, headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': call.requestId }, body: answer.body }
    },
  }
}

async function toDynalite(dispatch: DispatchFunc, operation: string, payload: string): Promise<{ status: number; body: string }> {
  const answer = await inject(dispatch, {
    method: 'POST',
    url: '/',
    headers: {
      host: 'dynamodb.sandbox',
      'content-type': CONTENT_TYPE,
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      // dynalite only checks that the header exists. The signature was verified before.
      authorization: 'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=f, Signature=g',
      'x-amz-date': 'now',
    },
    payload,
  })
  return { status: answer.statusCode, body: answer.payload }
}

type WriteInput = {
  readonly TableName: string
  readonly IndexName?: string
  readonly Key?: Attributes
  readonly Item?: Attributes
  readonly RequestItems?: Readonly<Record<string, unknown>>
  readonly KeyConditionExpression?: string
  readonly ExpressionAttributeValues?: Attributes
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE'
}

/** Amazon DynamoDB API Reference, UpdateItem, ReturnValuesOnConditionCheckFailure: the error contains the old item. */
function withOldItem(
  answer: { status: number; body: string },
  input: WriteInput,
  oldImage: Attributes | undefined,
): { status: number; body: string } {
  if (input.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD' || !oldImage) return answer
  const error = JSON.parse(answer.body) as { __type?: string }
  return error.__type?.endsWith('ConditionalCheckFailedException')
    ? { ...answer, body: JSON.stringify({ ...error, Item: oldImage }) }
    : answer
}

const validation = (message: string): string => JSON.stringify({ __type: 'com.amazon.coral.validate#ValidationException', message })

/** IAM for one operation: the table's or index's ARN, and `dynamodb:LeadingKeys` for the partition keys touched. */
function guard(world: World, call: Call, operation: string, input: WriteInput): Answer | undefined {
  const { account } = call.identity.principal
  const action = `dynamodb:${operation}`
  for (const [table, keys] of touched(input)) {
    const arn = `arn:aws:dynamodb:${world.region}:${account}:table/${table}${input.IndexName ? `/index/${input.IndexName}` : ''}`
    const context = keys.length > 0 ? { 'dynamodb:LeadingKeys': keys } : {}
    const decision = authorize(call, { action, resource: { arn, account }, context })
    if (decision.allowed) continue
    const message = deniedMessage(call, action, arn, decision)
    return dynamoError(400, 'com.amazon.coral.service#AccessDeniedException', message, call.requestId)
  }
  return undefined
}

/** The tables of one operation, each with the partition keys that the operation names. A Scan names none. */
function touched(input: WriteInput): readonly (readonly [table: string, keys: readonly string[]])[] {
  const texts = (...keys: readonly (Attributes | undefined)[]) => keys.flatMap((key) => textIn(key, 'pk'))
  if (!input.RequestItems) return [[input.TableName ?? '*', [...texts(input.Key ?? input.Item), ...queried(input)]]]
  return Object.entries(input.RequestItems).map(([table, asked]) =>
    Array.isArray(asked)
      ? [table, texts(...(asked as BatchWrite[]).map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key))]
      : [table, texts(...((asked as { Keys?: Attributes[] }).Keys ?? []))],
  )
}
type BatchWrite = { readonly PutRequest?: { readonly Item: Attributes }; readonly DeleteRequest?: { readonly Key: Attributes } }

/** The partition key in a Query's condition, of the table or of the queried index. */
function queried({ KeyConditionExpression, ExpressionAttributeValues }: WriteInput): readonly string[] {
  const [, value = ''] = /^[#\w]+ = (:\w+)/.exec(KeyConditionExpression ?? '') ?? []
  return textIn(ExpressionAttributeValues, value)
}
const textIn = (attributes: Attributes | undefined, name: string): readonly string[] => {
  const text = attributes?.[name]?.S
  return typeof text === 'string' ? [text] : []
}
