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
import { type Attributes, indexes, journalKey, OTHER_DAY, SHARDS, type TableReader } from './table.ts'
import { asked, listened } from './trouble.ts'

/** Items have up to 400 KB, and a response at most 16 MB. */
const ITEMS_A_READ = 25
const TRIES = 5

/** The journals of these days (`2026-11-24`), of freezes, links and facts about the deployment, a few at a time. */
export async function* journalsOfDays(source: TableReader, days: readonly string[]): AsyncGenerator<readonly Journaled[]> {
  for await (const images of imagesOf(source, [OTHER_DAY, ...partitionsOf(days)])) yield images.flatMap((image) => currently(image) ?? [])
}

/** The items of the days' requests, complete. */
export const imagesOfDays = (source: TableReader, days: readonly string[]): AsyncGenerator<readonly Attributes[]> =>
  imagesOf(source, partitionsOf(days))

const partitionsOf = (days: readonly string[]): readonly string[] =>
  days.flatMap((day) => Array.from({ length: SHARDS }, (_, shard) => `${day}#${shard}`))

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

async function items({ client, storyTable }: TableReader, keys: readonly Key[]): Promise<readonly Attributes[]> {
  const found: Attributes[] = []
  let left = keys
  for (let tries = 0; left.length > 0; tries++) {
    if (tries >= TRIES) throw new Trouble('dynamodb: a batch does not complete')
    const RequestItems = { [storyTable]: { Keys: left as Attributes[], ConsistentRead: true } }
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
