/**
 * Where the log stands, in the side table: the head, a cursor for each journal, and look-up rows. Whatever is here can be
 * made anew from the log and the story table, but for the head: that is what keeps the log one.
 */
import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { brief } from '@stint/core/audit/event'
import { type Cursor, type Head, type LogState, type LookupRow, Trouble } from '../../log/ports.ts'
import { lookupBound } from '../../log/stage.ts'
import { sideKey } from './table.ts'

export type LogStateSettings = {
  readonly client: DynamoDBClient
  readonly sideTable: string
  readonly sleep: (milliseconds: number) => Promise<void>
}

const HEAD = sideKey('LOG#HEAD')
const cursorKey = (request: string) => sideKey(`LOG#CUR#${request}`)
const lookupPk = (key: string) => `LOOK#${key}`
const SENDS = 4
const FIRST_WAIT_MS = 50
const KEYS_A_READ = 100
const ROWS_A_WRITE = 25
/** Writes of one batch under way at once. */
const AT_ONCE = 8

export function logState({ client, sideTable, sleep }: LogStateSettings): LogState {
  /** Sends again what may be sent again; a failed condition is an answer. */
  async function send<T>(once: () => Promise<T>): Promise<T | { readonly blocked: Record<string, unknown> | undefined }> {
    let cause = ''
    for (let sends = 0; sends < SENDS; sends++) {
      if (sends > 0) await sleep(FIRST_WAIT_MS * 2 ** sends)
      try {
        return await once()
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return { blocked: error.Item && unmarshall(error.Item) }
        cause = error instanceof Error ? `${error.name}: ${brief(error.message)}` : String(error)
      }
    }
    throw new Trouble(`dynamodb: ${cause}`)
  }
  async function answer<T extends object>(once: () => Promise<T>): Promise<T> {
    const answered = await send(once)
    if ('blocked' in answered) throw new Trouble('dynamodb: a condition that was not asked for')
    return answered
  }

  /** What a batch left undone is sent again until nothing is left. */
  async function batched<T extends object>(once: (left: T | undefined) => Promise<T | undefined>): Promise<void> {
    let left: T | undefined
    for (let sends = 0; sends < SENDS * 2; sends++) {
      if (sends > 0) await sleep(FIRST_WAIT_MS * 2 ** sends)
      left = await once(left)
      if (!left || Object.keys(left).length === 0) return
    }
    throw new Trouble('dynamodb: a batch is never done')
  }

  async function writeRows(requests: readonly WriteRequest[]): Promise<void> {
    const chunks = Array.from({ length: Math.ceil(requests.length / ROWS_A_WRITE) }, (_, at) =>
      requests.slice(at * ROWS_A_WRITE, (at + 1) * ROWS_A_WRITE),
    )
    for (let at = 0; at < chunks.length; at += AT_ONCE) {
      await Promise.all(
        chunks.slice(at, at + AT_ONCE).map((chunk) =>
          batched<Record<string, WriteRequest[]>>(async (left) => {
            const RequestItems = left ?? { [sideTable]: chunk }
            return (await answer(() => client.send(new BatchWriteItemCommand({ RequestItems })))).UnprocessedItems
          }),
        ),
      )
    }
  }

  return {
    async head() {
      const found = await answer(() => client.send(new GetItemCommand({ TableName: sideTable, Key: marshall(HEAD), ConsistentRead: true })))
      if (!found.Item) return undefined
      const { size, root, edge, stage, applied } = unmarshall(found.Item) as Head
      return { size, root, edge, stage, applied }
    },

    async move(from, to) {
      const moved = await send(() =>
        client.send(
          new PutItemCommand({
            TableName: sideTable,
            Item: marshall({ ...HEAD, ...to, root: Buffer.from(to.root), edge: to.edge.map((hash) => Buffer.from(hash)) }),
            ...(from
              ? {
                  ConditionExpression: 'stage = :stage AND applied = :yes',
                  ExpressionAttributeValues: marshall({ ':stage': from.stage, ':yes': true }),
                }
              : { ConditionExpression: 'attribute_not_exists(pk)' }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        ),
      )
      // Blocked by our own: the answer to an earlier send was lost.
      return !('blocked' in moved) || moved.blocked?.stage === to.stage
    },

    async applied(stage) {
      await send(() =>
        client.send(
          new UpdateItemCommand({
            TableName: sideTable,
            Key: marshall(HEAD),
            UpdateExpression: 'SET applied = :yes',
            ConditionExpression: 'stage = :stage',
            ExpressionAttributeValues: marshall({ ':yes': true, ':stage': stage }),
          }),
        ),
      )
    },

    async cursors(requests) {
      const found = new Map<string, Cursor>()
      const unique = [...new Set(requests)]
      for (let at = 0; at < unique.length; at += KEYS_A_READ) {
        const Keys = unique.slice(at, at + KEYS_A_READ).map((request) => marshall(cursorKey(request)))
        await batched<NonNullable<BatchGetItemCommandInput['RequestItems']>>(async (left) => {
          const RequestItems = left ?? { [sideTable]: { Keys, ConsistentRead: true } }
          const page = await answer(() => client.send(new BatchGetItemCommand({ RequestItems })))
          for (const item of page.Responses?.[sideTable] ?? []) {
            const { pk, count, commit, first, places } = unmarshall(item) as Cursor & { pk: string }
            found.set(pk.slice('LOG#CUR#'.length), { count, commit, first, places })
          }
          return page.UnprocessedKeys
        })
      }
      return found
    },

    async advance(request, from, { count, commit, first, places }) {
      // Blocked: it stands there or further already; this stage has been applied before.
      await send(() =>
        client.send(
          new UpdateItemCommand({
            TableName: sideTable,
            Key: marshall(cursorKey(request)),
            UpdateExpression:
              'SET #count = :count, #commit = :commit, #first = if_not_exists(#first, :first), places = list_append(if_not_exists(places, :none), :places)',
            ConditionExpression: from === 0 ? 'attribute_not_exists(pk)' : '#count = :from',
            ExpressionAttributeNames: { '#count': 'count', '#commit': 'commit', '#first': 'first' },
            ExpressionAttributeValues: marshall({
              ':count': count,
              ':commit': commit,
              ':first': first,
              ':places': places,
              ':none': [],
              ...(from === 0 ? {} : { ':from': from }),
            }),
          }),
        ),
      )
    },

    index: (rows) =>
      writeRows(rows.map((row) => ({ PutRequest: { Item: marshall({ ...rowKey(row), request: row.request, seq: row.seq }) } }))),
    unindex: (rows) => writeRows(rows.map((row) => ({ DeleteRequest: { Key: marshall(rowKey(row)) } }))),

    async lookup(key, limit, before) {
      const page = await answer(() =>
        client.send(
          new QueryCommand({
            TableName: sideTable,
            KeyConditionExpression: before === undefined ? 'pk = :pk' : 'pk = :pk AND sk < :before',
            ExpressionAttributeValues: marshall({ ':pk': lookupPk(key), ...(before === undefined ? {} : { ':before': before }) }),
            ScanIndexForward: false,
            Limit: limit,
          }),
        ),
      )
      return (page.Items ?? []).map((item) => {
        const { sk, request, seq } = unmarshall(item) as { sk: string; request: string; seq: number }
        return { key, at: sk.slice(0, sk.indexOf('#')), request, seq }
      })
    },
  }
}

const rowKey = (row: LookupRow) => ({ pk: lookupPk(row.key), sk: lookupBound(row) })
