/**
 * The state of the log, in the side table: the head, a cursor for each journal, and lookup rows. Everything here can be rebuilt from the
 * log and the story table, except the head: it is what keeps the log from forking.
 */
import { BatchGetItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { HASH_BYTES } from '@stint/tlog/merkle'
import { inParallel } from '../../log/parallel.ts'
import type { Cursor, Head, LogState } from '../../ports/log.ts'
import { batchIn, COUNTED, itemIn, type Key, ofTable } from './answer-checks.ts'
import { marshall, unmarshall } from './attributes.ts'
import { logSender } from './log-sender.ts'
import { lookupRows } from './lookup-rows.ts'
import { storedFields } from './stored-fields.ts'
import { type Attributes, sideKey } from './table.ts'

export type LogStateSettings = {
  readonly client: DynamoDBClient
  readonly sideTable: string
  readonly sleep: (milliseconds: number) => Promise<void>
}

const HEAD = sideKey('LOG#HEAD')
const cursorKey = (request: string) => sideKey(`LOG#CUR#${request}`)
const headFields = storedFields<Head>({ size: true, root: true, edge: true, stage: true, applied: true })
const cursorFields = storedFields<Cursor>({ count: true, commit: true, first: true, places: true })
/** Keeps the first commitment, adds places, and replaces the rest. */
const cursorUpdate = (name: keyof Cursor): string => {
  if (name === 'first') return '#first = if_not_exists(#first, :first)'
  return name === 'places' ? '#places = list_append(if_not_exists(#places, :none), :places)' : `#${name} = :${name}`
}
/** Amazon DynamoDB API Reference, BatchGetItem. */
const KEYS_A_READ = 100
const READS_AT_ONCE = 16

export function logState(settings: LogStateSettings): LogState {
  const { client, sideTable } = settings
  const sender = logSender(settings.sleep)
  const { send, answer, batched } = sender

  return {
    async head() {
      const Key = marshall(HEAD)
      const { head } = await answer(async () => {
        const found = await client.send(new GetItemCommand({ TableName: sideTable, Key, ConsistentRead: true, ...COUNTED }))
        const item = itemIn(found, sideTable, Key)
        return { head: item && headIn(item) }
      })
      return head
    },

    async move(from, to) {
      const moved = await send(async () => {
        const put = await client.send(
          new PutItemCommand({
            TableName: sideTable,
            Item: marshall({ ...HEAD, ...headFields.pick(to), root: Buffer.from(to.root), edge: to.edge.map((hash) => Buffer.from(hash)) }),
            ...(from
              ? {
                  ConditionExpression: 'stage = :stage AND applied = :yes',
                  ExpressionAttributeValues: marshall({ ':stage': from.stage, ':yes': true }),
                }
              : { ConditionExpression: 'attribute_not_exists(pk)' }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            ReturnValues: 'ALL_OLD',
            ...COUNTED,
          }),
        )
        // The condition is the previous head, as it was read.
        const { Attributes: old } = ofTable(put, sideTable)
        shown(from ? old?.stage?.S === from.stage : old === undefined)
        return put
      })
      // Our own write is in the way: the response to an earlier send was lost.
      return !('blocked' in moved) || moved.blocked?.stage === to.stage
    },

    async applied(stage) {
      await send(async () => {
        const update = await client.send(
          new UpdateItemCommand({
            TableName: sideTable,
            Key: marshall(HEAD),
            UpdateExpression: 'SET applied = :yes',
            ConditionExpression: 'stage = :stage',
            ExpressionAttributeValues: marshall({ ':yes': true, ':stage': stage }),
            ReturnValues: 'ALL_NEW',
            ...COUNTED,
          }),
        )
        const { Attributes: now } = ofTable(update, sideTable)
        shown(now?.stage?.S === stage && now.applied?.BOOL === true)
      })
    },

    async cursors(requests) {
      const found = new Map<string, Cursor>()
      const unique = [...new Set(requests)]
      const reads = Array.from({ length: Math.ceil(unique.length / KEYS_A_READ) }, (_, at) =>
        unique.slice(at * KEYS_A_READ, (at + 1) * KEYS_A_READ).map((request) => marshall(cursorKey(request))),
      )
      await inParallel(reads, READS_AT_ONCE, (keys) =>
        batched<Key>(keys, async (some) => {
          const RequestItems = { [sideTable]: { Keys: [...some] as Attributes[], ConsistentRead: true } }
          const { cursors, left } = await answer(async () => {
            const batch = batchIn(await client.send(new BatchGetItemCommand({ RequestItems, ...COUNTED })), sideTable, some)
            return { cursors: batch.items.map(cursorIn), left: batch.left }
          })
          for (const [request, cursor] of cursors) found.set(request, cursor)
          return left
        }),
      )
      return found
    },

    async advance(request, from, to) {
      // The cursor is already there or further: this stage has been applied before.
      await send(async () => {
        const update = await client.send(
          new UpdateItemCommand({
            TableName: sideTable,
            Key: marshall(cursorKey(request)),
            UpdateExpression: `SET ${cursorFields.names.map(cursorUpdate).join(', ')}`,
            ConditionExpression: from === 0 ? 'attribute_not_exists(pk)' : '#count = :from',
            ExpressionAttributeNames: Object.fromEntries(cursorFields.names.map((name) => [`#${name}`, name])),
            ExpressionAttributeValues: marshall({
              ...Object.fromEntries(Object.entries(cursorFields.pick(to)).map(([name, value]) => [`:${name}`, value])),
              ':none': [],
              ...(from === 0 ? {} : { ':from': from }),
            }),
            ReturnValues: 'UPDATED_NEW',
            ...COUNTED,
          }),
        )
        const { Attributes: now } = ofTable(update, sideTable)
        shown(now?.count?.N === String(to.count) && now.commit?.S === to.commit)
      })
    },

    ...lookupRows(settings, sender),
  }
}

// ── What an answer must show ─────────────────────────────────────────────────────────────────────────────────────────

function shown(holds: boolean): asserts holds {
  if (!holds) throw new Error('the response does not show the write')
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isHash = (value: unknown): boolean => value instanceof Uint8Array && value.length === HASH_BYTES
const isCommit = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

function headIn(item: Attributes): Head {
  const head = headFields.pick(unmarshall(item))
  const { size, root, edge, stage, applied } = head
  const isHead =
    isCount(size) && isHash(root) && Array.isArray(edge) && edge.every(isHash) && typeof stage === 'string' && typeof applied === 'boolean'
  if (!isHead) throw new Error('the response has an invalid log head')
  return head
}

function cursorIn(item: Attributes): readonly [request: string, cursor: Cursor] {
  const { pk, ...rest } = unmarshall(item) as { readonly pk: string }
  const cursor = cursorFields.pick(rest)
  const { count, commit, first, places } = cursor
  const isCursor =
    isCount(count) && isCommit(commit) && isCommit(first) && Array.isArray(places) && places.length === count && places.every(isCount)
  if (!isCursor) throw new Error('the response has an invalid journal cursor')
  return [pk.slice('LOG#CUR#'.length), cursor]
}
