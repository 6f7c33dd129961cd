/**
 * Lists of requests. Indexes hold keys only; each item found there is read from the table, consistently. Indexes lag behind, so nothing
 * that must be exact depends on a list. There is no scan.
 */

import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { defined } from '@stint/core/defined'
import { parseRequestId, parseSessionId, type RequestId } from '@stint/core/ids'
import { days, type Instant, toDay } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import type { Ledger, Page } from '../../ports/ledger.ts'
import { COUNTED, pageIn } from './answer-checks.ts'
import type { reading } from './request-reader.ts'
import { type DynamoSettings, type Sender, unconditional } from './sender.ts'
import { callerKey, indexes, SHARDS, workKey } from './table.ts'

/** How far back the list of all callers' requests goes. Older requests can be found by ID or by caller. */
const LISTED_DAYS = 31
/** Queries in a row for one page, each over all shards of its partition. */
const MAX_LOOKS = 40
/** Partitions queried at once. */
const AT_ONCE = 50

type Index = (typeof indexes)[keyof typeof indexes]
/** Partitions that are merged by time. */
type Partition = { readonly index: Index; readonly keys: readonly string[] }

type Lists = Pick<Ledger, 'session' | 'requestsOf' | 'allRequests' | 'workOn' | 'oldestWork'> & {
  /** IDs in one partition of an index, oldest first, below a bound. */
  readonly oldest: (index: Index, key: string, below: string, limit: number) => Promise<Done<readonly RequestId[]> | Unknown>
}

export function lists(settings: DynamoSettings, sender: Sender, { request }: ReturnType<typeof reading>): Lists {
  const { query, pageOf } = paging(settings, sender, request)

  return {
    async session(id) {
      const parsed = parseSessionId(id)
      const found = parsed ? await request(parsed.request) : done(undefined)
      return found.outcome === 'done' ? done(found.value?.sessions.find((session) => session.id === id)) : found
    },

    requestsOf: (caller, limit, cursor) => pageOf([{ index: indexes.byCaller, keys: [callerKey(caller)] }], limit, cursor),

    allRequests: (now, limit, cursor) =>
      pageOf(
        daysBack(now, LISTED_DAYS).map((day) => ({
          index: indexes.byDay,
          keys: Array.from({ length: SHARDS }, (_, shard) => `${day}#${shard}`),
        })),
        limit,
        cursor,
      ),

    workOn: (stages, profiles, limit, cursor) =>
      profiles.length === 0
        ? Promise.resolve(done({ items: [] }))
        : pageOf(
            [{ index: indexes.work, keys: profiles.flatMap((profile) => stages.map((stage) => workKey(stage, profile))) }],
            limit,
            cursor,
          ),

    async oldestWork(stage, profile, limit) {
      const found = await query(indexes.work, workKey(stage, profile), { newestFirst: false, limit })
      if (found.outcome === 'unknown') return found
      const requests: AccessRequest[] = []
      for (const { id } of found.value) {
        const one = await request(id)
        if (one.outcome === 'unknown') return one
        if (one.value) requests.push(one.value)
      }
      return done(requests)
    },

    async oldest(index, key, below, limit) {
      const found = await query(index, key, { before: below, newestFirst: false, limit })
      return found.outcome === 'done' ? done(found.value.map(({ id }) => id)) : found
    },
  }
}

type Request = ReturnType<typeof reading>['request']

/** Queries of the indexes, and pages over several partitions. */
function paging({ client, storyTable }: DynamoSettings, { send }: Sender, request: Request) {
  async function query(
    index: Index,
    key: string,
    options: { before?: string | undefined; newestFirst: boolean; limit: number },
  ): Promise<Done<{ id: RequestId; at: string }[]> | Unknown> {
    const { before, newestFirst, limit } = options
    const all = marshall({ [index.hash]: key })
    const answer = await send(async () => {
      const found = new QueryCommand({
        TableName: storyTable,
        IndexName: index.name,
        KeyConditionExpression: before === undefined ? '#hash = :hash' : '#hash = :hash AND #range < :before',
        ExpressionAttributeNames: { '#hash': index.hash, ...(before === undefined ? {} : { '#range': index.range }) },
        ExpressionAttributeValues: marshall({ ':hash': key, ...defined({ ':before': before }) }),
        ScanIndexForward: !newestFirst,
        Limit: limit,
        ...COUNTED,
      })
      return pageIn(await client.send(found), storyTable, all).items
    })
    if (answer.outcome !== 'done') return answer.outcome === 'unknown' ? answer : unconditional
    return done(
      answer.value.flatMap((row) => {
        const id = parseRequestId(row.pk?.S?.replace(/^REQ#/, '') ?? '')
        const at = row[index.range]?.S
        return id && at ? [{ id, at }] : []
      }),
    )
  }

  async function newest(
    { index, keys }: Partition,
    limit: number,
    before: string | undefined,
  ): Promise<Done<{ id: RequestId; at: string }[]> | Unknown> {
    const found: { id: RequestId; at: string }[] = []
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const answers = await Promise.all(
        keys.slice(from, from + AT_ONCE).map((key) => query(index, key, { before, newestFirst: true, limit })),
      )
      for (const answer of answers) {
        if (answer.outcome === 'unknown') return answer
        found.push(...answer.value)
      }
    }
    return done(found.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit))
  }

  /**
   * Requests newest first, over partitions that follow each other in time. A page can end inside a partition; the cursor is the time key of
   * the last item read, which is unique.
   */
  async function pageOf(partitions: readonly Partition[], limit: number, cursor?: string): Promise<Done<Page<AccessRequest>> | Unknown> {
    const items: AccessRequest[] = []
    let last = cursor
    const page = () => done({ items, ...defined({ next: last }) })
    let looks = 0
    for (const partition of partitions) {
      for (;;) {
        // Refusals are not requests and do not count towards the page. After a while the page stops looking for more, and returns a cursor.
        if (looks++ >= MAX_LOOKS) return page()
        const keys = await newest(partition, limit, last)
        if (keys.outcome === 'unknown') return keys
        const found = await Promise.all(keys.value.map(({ id }) => request(id)))
        for (const [index, one] of found.entries()) {
          if (one.outcome === 'unknown') return one
          last = keys.value[index]?.at
          if (one.value) items.push(one.value)
          if (items.length >= limit) return page()
        }
        if (keys.value.length < limit) break
      }
    }
    return done({ items })
  }

  return { query, pageOf }
}

const daysBack = (now: Instant, count: number): readonly string[] => Array.from({ length: count }, (_, index) => toDay(now - days(index)))
