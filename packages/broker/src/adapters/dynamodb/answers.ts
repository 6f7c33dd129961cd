/**
 * What an answer of DynamoDB must show before it is believed. A proxy, a cache or a half-read body can turn any answer into
 * `200 {}`, and an SDK reads that as "written" or "not there". So reads ask for the consumed capacity, which names the table,
 * and writes ask for the new image; an answer that shows neither, or is about another key, is no answer.
 * Source: Amazon DynamoDB API Reference, "GetItem", "BatchGetItem", "Query", "UpdateItem".
 */
import type {
  AttributeValue,
  BatchGetItemCommandOutput,
  GetItemCommandOutput,
  QueryCommandOutput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'

export type Attributes = Readonly<Record<string, AttributeValue>>

/** The answer is not one to the question that was asked. Whether a write took effect is then unknown. */
export class UnfitAnswer extends Error {
  override readonly name = 'UnfitAnswer'
}

/** Every read asks for it. */
export const withCapacity = { ReturnConsumedCapacity: 'TOTAL' } as const

/** The item of this key, or undefined where the table says that there is none. */
export function itemIn(table: string, key: Attributes, { Item, ConsumedCapacity }: GetItemCommandOutput): Attributes | undefined {
  demandTable(table, ConsumedCapacity?.TableName)
  if (Item && !hasKey(Item, key)) throw new UnfitAnswer('the item is not the one that was read')
  return Item
}

/** The items of these keys that are there. All of them were read: what was left out may be the very item that matters. */
export function itemsIn(
  table: string,
  keys: readonly Attributes[],
  { Responses, UnprocessedKeys }: BatchGetItemCommandOutput,
): readonly Attributes[] {
  const items = Responses?.[table]
  if (!Array.isArray(items)) throw new UnfitAnswer('the answer does not speak of the table that was read')
  if (Object.keys(UnprocessedKeys ?? {}).length > 0) throw new UnfitAnswer('some keys were not read')
  const found = items.map((item) => keys.findIndex((key) => hasKey(item, key)))
  if (found.includes(-1) || new Set(found).size < found.length) throw new UnfitAnswer('the items are not those that were read')
  return items
}

/** The rows of one partition. `hash`: the partition's attribute and value. */
export function rowsIn(table: string, hash: Attributes, { Items, Count, ConsumedCapacity }: QueryCommandOutput): readonly Attributes[] {
  demandTable(table, ConsumedCapacity?.TableName)
  if (!Array.isArray(Items) || Count !== Items.length) throw new UnfitAnswer('the answer does not count its rows')
  if (!Items.every((row) => hasKey(row, hash))) throw new UnfitAnswer('a row is not of the partition that was asked for')
  return Items
}

/** The item as the write left it. */
export function imageIn(key: Attributes, { Attributes: image }: UpdateItemCommandOutput): Attributes {
  if (!image || !hasKey(image, key)) throw new UnfitAnswer('the answer does not show the item that was written')
  return image
}

function demandTable(table: string, named: string | undefined): void {
  if (named !== table && !named?.endsWith(`:table/${table}`)) throw new UnfitAnswer('the answer does not name the table that was asked')
}

const hasKey = (item: Attributes, key: Attributes): boolean =>
  Object.entries(key).every(([name, value]) => value.S !== undefined && item[name]?.S === value.S)
