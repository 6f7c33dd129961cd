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
import { callerKey, indexes, shards, workKey } from './table.ts'

/** How far back the list of all callers' requests goes. Older requests can be found by ID or by caller. */
const LISTED_DAYS = 31
/** Queries in a row for one page, each over all shards of its partition. */
const MAX_LOOKS = 40
/** Keys of each shard in one look at a list of which only some profiles are wanted. */
const SELECTED_FROM = 250

type Index = (typeof indexes)[keyof typeof indexes]
/** Partitions that are merged by time. */
type Partition = { readonly index: Index; readonly keys: readonly string[] }
/** What an index shows of an item. `at` is its sort key, which is unique. */
export type IndexEntry = { readonly id: RequestId; readonly at: string; readonly profile?: string }

type Lists = Pick<Ledger, 'session' | 'requestsOf' | 'allRequests' | 'workOn'> & {
  /** Entries of one partition of an index, oldest first, between two sort keys, without these. */
  readonly entries: (
    index: Index,
    key: string,
    options: { readonly after?: string | undefined; readonly before?: string; readonly limit: number },
  ) => Promise<Done<readonly IndexEntry[]> | Unknown>
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
          keys: shards.map((shard) => `${day}#${shard}`),
        })),
        limit,
        cursor,
      ),

    workOn: (stage, isWanted, limit, cursor) =>
      pageOf([{ index: indexes.work, keys: shards.map((shard) => workKey(stage, shard)) }], limit, cursor, isWanted),

    async entries(index, key, { after, before, limit }) {
      // Sort keys begin with a time. `BETWEEN` includes its bounds, and DynamoDB refuses one whose bounds are in the wrong order.
      const [from, to] = [after === undefined ? '0' : `${after}!`, before ?? '~']
      return from > to ? done([]) : query(index, key, { between: [from, to], newestFirst: false, limit })
    },
  }
}

type Request = ReturnType<typeof reading>['request']

/** A range of sort keys: all below a bound, or all from one to another. */
type Range = { readonly before?: string | undefined; readonly between?: readonly [from: string, to: string] }

/** Queries of the indexes, and pages over several partitions. */
function paging({ client, storyTable }: DynamoSettings, { send }: Sender, request: Request) {
  async function query(
    index: Index,
    key: string,
    { before, between, newestFirst, limit }: Range & { readonly newestFirst: boolean; readonly limit: number },
  ): Promise<Done<IndexEntry[]> | Unknown> {
    const all = marshall({ [index.hash]: key })
    const range = between ? ' AND #range BETWEEN :from AND :to' : before === undefined ? '' : ' AND #range < :before'
    const answer = await send(async () => {
      const found = new QueryCommand({
        TableName: storyTable,
        IndexName: index.name,
        KeyConditionExpression: `#hash = :hash${range}`,
        ExpressionAttributeNames: { '#hash': index.hash, ...(range === '' ? {} : { '#range': index.range }) },
        ExpressionAttributeValues: marshall({
          ':hash': key,
          ...defined({ ':before': before, ':from': between?.[0], ':to': between?.[1] }),
        }),
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
        return id && at ? [{ id, at, ...defined({ profile: row.profile?.S }) }] : []
      }),
    )
  }

  async function newest({ index, keys }: Partition, limit: number, before: string | undefined): Promise<Done<IndexEntry[]> | Unknown> {
    const found: IndexEntry[] = []
    for (const answer of await Promise.all(keys.map((key) => query(index, key, { before, newestFirst: true, limit })))) {
      if (answer.outcome === 'unknown') return answer
      found.push(...answer.value)
    }
    return done(found.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit))
  }

  /**
   * Requests newest first, over partitions that follow each other in time, of profiles that are wanted. A page can end inside a partition; the
   * cursor is the time key of the last entry read, which is unique.
   */
  async function pageOf(
    partitions: readonly Partition[],
    limit: number,
    cursor?: string,
    isWanted?: (profile: string) => boolean,
  ): Promise<Done<Page<AccessRequest>> | Unknown> {
    const items: AccessRequest[] = []
    let last = cursor
    const page = () => done({ items, ...defined({ next: last }) })
    const atOnce = isWanted ? Math.max(limit, SELECTED_FROM) : limit
    let looks = 0
    for (const partition of partitions) {
      for (;;) {
        // Entries that are skipped do not count towards the page. After a while the page stops looking for more, and returns a cursor.
        if (looks++ >= MAX_LOOKS) return page()
        const keys = await newest(partition, atOnce, last)
        if (keys.outcome === 'unknown') return keys
        const wanted = isWanted ? keys.value.filter(({ profile }) => profile !== undefined && isWanted(profile)) : keys.value
        for (let from = 0; from < wanted.length; from += limit) {
          const some = wanted.slice(from, from + limit)
          const found = await Promise.all(some.map(({ id }) => request(id)))
          for (const [index, one] of found.entries()) {
            if (one.outcome === 'unknown') return one
            last = some[index]?.at
            // Refusals are not requests.
            if (one.value) items.push(one.value)
            if (items.length >= limit) return page()
          }
        }
        if (keys.value.length < atOnce) break
        last = keys.value.at(-1)?.at
      }
    }
    return done({ items })
  }

  return { query, pageOf }
}

const daysBack = (now: Instant, count: number): readonly string[] => Array.from({ length: count }, (_, index) => toDay(now - days(index)))
