/**
 * Reads journals from the story table instead of from its stream: to find what the stream lost, and to compare the table with the log.
 * Reads by day, over the index; or, for an audit only, the whole table by a scan.
 */
import { BatchGetItemCommand, GetItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import type { Journaled } from '@stint/core/audit/journal-item'
import { Trouble } from '../../ports/log.ts'
import { batchIn, COUNTED, itemIn, type Key, pageIn, pagesOf } from './answer-checks.ts'
import { itemFacts } from './item-facts.ts'
import { journaled } from './journal-item.ts'
import { refusedPartition } from './refused-day.ts'
import { type Attributes, indexes, journalKey, OTHER_DAY, SHARDS, type TableReader } from './table.ts'
import { asked, listened } from './trouble.ts'

/** The most that one BatchGetItem takes. What exceeds 16 MB comes with the next try. */
const ITEMS_A_READ = 100
/** Batches in flight. */
const AT_ONCE = 8
/** Each try brings 16 MB, of at most 40 MB. */
const TRIES = 8

/** The journals of these days (`2026-11-24`), of freezes, links and facts about the deployment, a few at a time. */
export async function* journalsOfDays(source: TableReader, days: readonly string[]): AsyncGenerator<readonly Journaled[]> {
  for await (const images of imagesOf(source, [OTHER_DAY, ...partitionsOf(days)])) yield images.flatMap((image) => currently(image) ?? [])
}

const partitionsOf = (days: readonly string[]): readonly string[] =>
  days.flatMap((day) => Array.from({ length: SHARDS }, (_, shard) => [`${day}#${shard}`, refusedPartition(day, shard)]).flat())

/** Reads items by the IDs of their journals. An item that does not exist any more is left out. */
export function itemsReader(source: TableReader): (ids: readonly string[], options: ReadOptions) => Promise<readonly Attributes[]> {
  return async (ids, options) => {
    const keys = ids.flatMap((id) => journalKey(id) ?? []).map((pk) => marshall({ pk }))
    const chunks = Array.from({ length: Math.ceil(keys.length / ITEMS_A_READ) }, (_, at) =>
      keys.slice(at * ITEMS_A_READ, (at + 1) * ITEMS_A_READ),
    )
    const found: Attributes[] = []
    for (let at = 0; at < chunks.length; at += AT_ONCE)
      found.push(...(await Promise.all(chunks.slice(at, at + AT_ONCE).map((chunk) => items(source, chunk, options)))).flat())
    return found
  }
}

/**
 * `consistent`: as the last write left them. Otherwise they can be as they were a moment ago, for half the price. `journals`: only what a
 * journal is made of, which is about half of an item.
 */
type ReadOptions = { readonly consistent: boolean; readonly journals?: true }
const JOURNAL_ATTRIBUTES = { ProjectionExpression: 'pk, events, caller, profile, target' } as const

/** Journals by their IDs. */
export function journalsReader(source: TableReader): (ids: readonly string[], consistent: boolean) => Promise<readonly Journaled[]> {
  const read = itemsReader(source)
  return async (ids, consistent) => (await read(ids, { consistent, journals: true })).flatMap((image) => currently(image) ?? [])
}

async function* imagesOf({ client, storyTable }: TableReader, partitions: readonly string[]): AsyncGenerator<readonly Attributes[]> {
  const { name, hash } = indexes.byDay
  for (const partition of partitions) {
    const all = marshall({ [hash]: partition })
    const pages = pagesOf(async (from) => {
      const page = await client.send(
        new QueryCommand({
          TableName: storyTable,
          IndexName: name,
          KeyConditionExpression: '#hash = :hash',
          ExpressionAttributeNames: { '#hash': hash },
          ExpressionAttributeValues: marshall({ ':hash': partition }),
          ...COUNTED,
          ...(from ? { ExclusiveStartKey: from } : {}),
        }),
      )
      return pageIn(page, storyTable, all)
    })
    for await (const page of listened(pages)) {
      const keys = page.flatMap(({ pk }) => (pk ? [{ pk }] : []))
      for (let at = 0; at < keys.length; at += ITEMS_A_READ) yield await items({ client, storyTable }, keys.slice(at, at + ITEMS_A_READ))
    }
  }
}

async function items(
  { client, storyTable }: TableReader,
  keys: readonly Key[],
  { consistent, journals }: ReadOptions = { consistent: true },
): Promise<readonly Attributes[]> {
  const found: Attributes[] = []
  let left = keys
  for (let tries = 0; left.length > 0; tries++) {
    if (tries >= TRIES) throw new Trouble('dynamodb: a batch does not complete')
    const RequestItems = {
      [storyTable]: { Keys: left as Attributes[], ConsistentRead: consistent, ...(journals ? JOURNAL_ATTRIBUTES : {}) },
    }
    const page = await asked(
      client.send(new BatchGetItemCommand({ RequestItems, ...COUNTED })).then((answer) => batchIn(answer, storyTable, left)),
    )
    found.push(...page.items)
    left = page.left
  }
  return found
}

function currently(image: Attributes): Journaled | undefined {
  const found = journaled(image)
  return found && { ...found, current: true }
}

/** Every journal of the table, each with the facts of its item. */
export async function* allJournals({ client, storyTable }: TableReader): AsyncGenerator<readonly Journaled[]> {
  const pages = pagesOf(async (from) => {
    const scan = { TableName: storyTable, ConsistentRead: true, ...COUNTED, ...(from ? { ExclusiveStartKey: from } : {}) }
    return pageIn(await client.send(new ScanCommand(scan)), storyTable)
  })
  for await (const page of listened(pages))
    yield page.flatMap((image) => {
      const found = currently(image)
      return found ? [{ ...found, item: itemFacts(image) }] : []
    })
}

/** One journal, read consistently. */
export function journalReader(source: TableReader): (request: string) => Promise<Journaled | undefined> {
  const read = itemReader(source)
  return async (request) => {
    const item = await read(request)
    return item && journaled(item)
  }
}

/** The item of a journal, read consistently. */
export function itemReader({ client, storyTable }: TableReader): (request: string) => Promise<Attributes | undefined> {
  return async (request) => {
    const pk = journalKey(request)
    if (pk === undefined) return undefined
    const Key = marshall({ pk })
    const get = new GetItemCommand({ TableName: storyTable, Key, ConsistentRead: true, ...COUNTED })
    return asked(client.send(get).then((answer) => itemIn(answer, storyTable, Key)))
  }
}
