/**
 * Reads journals from the story table instead of from its stream: to find what the stream lost, and to compare the table with the log.
 * Reads by day, over the index; or, for an audit only, the whole table by a scan.
 */
import { BatchGetItemCommand, GetItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import type { Journaled } from '@stint/core/audit/journal-item'
import { inParallel } from '../../log/parallel.ts'
import { batchIn, COUNTED, itemIn, type Key, pageIn, pagesOf } from './answer-checks.ts'
import { itemFacts } from './item-facts.ts'
import { journaled } from './journal-item.ts'
import { logSender } from './log-sender.ts'
import { refusedPartition } from './refused-day.ts'
import { type Attributes, indexes, journalKey, OTHER_DAY, type PatientReader, shards, type TableReader } from './table.ts'
import { asked, listened } from './trouble.ts'

/** The most that one BatchGetItem takes. What exceeds 16 MB of at most 40 comes with the next one. */
const ITEMS_A_READ = 100
/** Batches in flight. */
const AT_ONCE = 8

/** The journals of these days (`2026-11-24`), of freezes, links and facts about the deployment, a few at a time. */
export async function* journalsOfDays(source: PatientReader, days: readonly string[]): AsyncGenerator<readonly Journaled[]> {
  for await (const images of imagesOf(source, [OTHER_DAY, ...partitionsOf(days)])) yield images.flatMap((image) => currently(image) ?? [])
}

const partitionsOf = (days: readonly string[]): readonly string[] =>
  days.flatMap((day) => shards.flatMap((shard) => [`${day}#${shard}`, refusedPartition(day, shard)]))

/** Reads items by the IDs of their journals. An item that does not exist any more is left out. */
export function itemsReader({
  client,
  storyTable,
  sleep,
}: PatientReader): (ids: readonly string[], options: ReadOptions) => Promise<readonly Attributes[]> {
  const { answer, batched } = logSender(sleep)
  return async (ids, { consistent, journals }) => {
    const keys = ids.flatMap((id) => journalKey(id) ?? []).map((pk): Key => marshall({ pk }))
    const chunks = Array.from({ length: Math.ceil(keys.length / ITEMS_A_READ) }, (_, at) =>
      keys.slice(at * ITEMS_A_READ, (at + 1) * ITEMS_A_READ),
    )
    const found: Attributes[] = []
    await inParallel(chunks, AT_ONCE, (chunk) =>
      batched(chunk, async (some) => {
        const Keys = [...some] as Attributes[]
        const RequestItems = { [storyTable]: { Keys, ConsistentRead: consistent, ...(journals ? JOURNAL_ATTRIBUTES : {}) } }
        const { items, left } = await answer(async () =>
          batchIn(await client.send(new BatchGetItemCommand({ RequestItems, ...COUNTED })), storyTable, some),
        )
        found.push(...items)
        return left
      }),
    )
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
export function journalsReader(source: PatientReader): (ids: readonly string[], consistent: boolean) => Promise<readonly Journaled[]> {
  const read = itemsReader(source)
  return async (ids, consistent) => (await read(ids, { consistent, journals: true })).flatMap((image) => currently(image) ?? [])
}

async function* imagesOf(source: PatientReader, partitions: readonly string[]): AsyncGenerator<readonly Attributes[]> {
  const { client, storyTable } = source
  const read = itemsReader(source)
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
      const ids = page.flatMap(({ pk }) => (pk?.S ? [idIn(pk.S)] : []))
      for (let at = 0; at < ids.length; at += ITEMS_A_READ) yield await read(ids.slice(at, at + ITEMS_A_READ), { consistent: true })
    }
  }
}

/** The ID of a journal, from the key of its item. */
const idIn = (pk: string): string => pk.replace(/^[A-Z]+#/, '')

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
