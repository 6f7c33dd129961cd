/**
 * What a response of DynamoDB must show before it is trusted: that it is about Stint's table, and about the requested keys. Every call asks
 * for the consumed capacity (`COUNTED`), which names the table: this distinguishes an item that does not exist from a response that says
 * nothing. A response that does not fit is thrown as an error, and the caller treats it as no response.
 * Source: Amazon DynamoDB API Reference, each operation's "Response Elements".
 */
import type {
  AttributeValue,
  BatchGetItemCommandOutput,
  BatchWriteItemCommandOutput,
  ConsumedCapacity,
  GetItemCommandOutput,
  UpdateItemCommandOutput,
  WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { remembering } from '@stint/iam/remembered'
import type { Attributes } from './table.ts'

export const COUNTED = { ReturnConsumedCapacity: 'TOTAL' } as const

/** Keys of both tables are strings: `pk`, and in the side table also `sk`. */
export type Key = Readonly<Record<string, AttributeValue>>
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
const expect: (holds: boolean, what: string) => asserts holds = (holds, what) => {
  if (!holds) throw new Error(`the response ${what}`)
}

/** Whether the item has exactly this key. */
export const hasKey = (item: Key | undefined, key: Key): boolean =>
  isObject(item) && Object.keys(key).every((name) => item[name]?.S !== undefined && item[name].S === key[name]?.S)

/** The response, if it is about this table. */
export function ofTable<A extends { readonly ConsumedCapacity?: ConsumedCapacity | undefined }>(answer: A, table: string): A {
  expect(isObject(answer.ConsumedCapacity) && answer.ConsumedCapacity.TableName === table, 'does not name the table')
  return answer
}

/** The item with this key; undefined if there is none. */
export function itemIn(answer: Omit<GetItemCommandOutput, '$metadata'>, table: string, key: Key): Attributes | undefined {
  const { Item } = ofTable(answer, table)
  expect(Item === undefined || hasKey(Item, key), 'has a different item')
  return Item
}

/** The item as a write left it, or as it was when it failed a condition. */
export function imageIn({ Attributes: image }: Pick<UpdateItemCommandOutput, 'Attributes'>, key: Key): Attributes {
  expect(image !== undefined && hasKey(image, key), 'does not show the written item')
  return image
}

type WriteExpressions = {
  readonly UpdateExpression?: string | undefined
  readonly ExpressionAttributeNames?: Record<string, string> | undefined
}

/**
 * Checks that the image shows the effect of the write: each attribute that it set, with its value if that does not depend on the item
 * before; the entries that it appended; and none of the attributes that it removed. Source: Amazon DynamoDB Developer Guide, "Using update
 * expressions in DynamoDB".
 */
export function showsWrite(
  image: Attributes,
  { UpdateExpression = '', ExpressionAttributeNames: names = {} }: WriteExpressions,
  values: Key,
): void {
  const { set, appended, defaulted, removed } = clausesOf(UpdateExpression)
  const at = (path: string): AttributeValue | undefined =>
    path
      .split('.')
      .map((name) => names[name] ?? name)
      .reduce<AttributeValue | undefined>((value, name, depth) => (depth === 0 ? image[name] : value?.M?.[name]), undefined)
  for (const [path, value] of set) expect(isSame(at(path), values[value]), `does not show ${path}`)
  for (const [path, value] of appended) {
    const [list, added] = [at(path)?.L ?? [], values[value]?.L ?? []]
    expect(isSame(list.slice(list.length - added.length), added), `does not show what was appended to ${path}`)
  }
  for (const path of defaulted) expect(at(path) !== undefined, `does not show ${path}`)
  for (const path of removed) expect(at(path) === undefined, `still shows ${path}`)
}

/** What an update expression does, by path: values that it sets, lists that it appends to, defaults that it fills in, removals. */
type Clauses = {
  readonly set: readonly Pair[]
  readonly appended: readonly Pair[]
  readonly defaulted: readonly string[]
  readonly removed: readonly string[]
}
type Pair = readonly [path: string, value: string]

/** Read once per process: each kind of write has one expression, or a few. */
const remembered = remembering<Clauses>(200)

const clausesOf = (expression: string): Clauses => remembered(expression, () => readClauses(expression))

function readClauses(expression: string): Clauses {
  const parts = expression.split(/\b(SET|REMOVE|ADD|DELETE) /)
  const clause = (keyword: string): string => (parts.includes(keyword) ? (parts[parts.indexOf(keyword) + 1] ?? '').trim() : '')
  const set = clause('SET')
  const pairs = (pattern: RegExp): readonly Pair[] => [...set.matchAll(pattern)].map(([, path = '', value = '']) => [path, value])
  return {
    set: pairs(/([#\w.]+) = (:\w+)(?=,|$| )(?! [+-])/g),
    appended: pairs(/([#\w.]+) = list_append\([^:]*?(?:if_not_exists\([^)]*\), )?(:\w+)\)/g),
    defaulted: pairs(/([#\w.]+) = if_not_exists\(/g).map(([path]) => path),
    removed: clause('REMOVE')
      .split(', ')
      .filter((path) => path !== ''),
  }
}

/** Whether two values are equal, regardless of the order of their maps and sets. */
function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((value, at) => isSame(value, other[at]))
  if (!isObject(one) || !isObject(other)) return one === other
  const [names, others] = [Object.keys(one), Object.keys(other)]
  return (
    names.length === others.length &&
    names.every((name) => Object.hasOwn(other, name) && isSame((one as Attributes)[name], (other as Attributes)[name]))
  )
}

type PageAnswer = {
  readonly ConsumedCapacity?: ConsumedCapacity | undefined
  readonly Items?: Attributes[] | undefined
  readonly Count?: number | undefined
  readonly LastEvaluatedKey?: Attributes | undefined
}
export type PageOf = { readonly items: readonly Attributes[]; readonly next?: Attributes }

/** A page of a Query or a Scan. Every item has these attributes (the requested partition key). */
export function pageIn(answer: PageAnswer, table: string, all: Key = {}): PageOf {
  const { Items: items, Count, LastEvaluatedKey: next } = ofTable(answer, table)
  expect(Array.isArray(items) && Count === items.length, 'is not a complete page')
  expect(
    items.every((item) => item.pk?.S !== undefined && hasKey(item, all)),
    'has items of a different partition',
  )
  expect(next === undefined || (isObject(next) && next.pk?.S !== undefined), 'has an invalid LastEvaluatedKey')
  return { items, ...(next ? { next } : {}) }
}

/** Pages in a row. A page holds up to 1 MB, so this is 100 GB. */
const MAX_PAGES = 100_000

/** All pages, each once: a page that leads back to an earlier one would be read for ever. */
export async function* pagesOf(ask: (from: Attributes | undefined) => Promise<PageOf>): AsyncGenerator<readonly Attributes[]> {
  const seen = new Set<string>()
  for (let from: Attributes | undefined; ; ) {
    const { items, next } = await ask(from)
    yield items
    if (!next) return
    const place = JSON.stringify(next)
    expect(!seen.has(place) && seen.size < MAX_PAGES, 'leads back to an earlier page')
    seen.add(place)
    from = next
  }
}

const namesTable = (capacities: ConsumedCapacity[] | undefined, table: string): boolean =>
  Array.isArray(capacities) && capacities.some((one) => one?.TableName === table)
const namesOnly = (map: object | undefined, table: string): boolean => isObject(map) && Object.keys(map).every((name) => name === table)

/** The items that a BatchGetItem found, and the keys that it left: together they must be the requested keys, each once. */
export function batchIn(
  { ConsumedCapacity, Responses, UnprocessedKeys }: Omit<BatchGetItemCommandOutput, '$metadata'>,
  table: string,
  asked: readonly Key[],
): { readonly items: readonly Attributes[]; readonly left: readonly Key[] } {
  expect(namesTable(ConsumedCapacity, table) && namesOnly(Responses, table), 'does not name the table')
  expect(namesOnly(UnprocessedKeys, table), 'does not list the unprocessed items')
  const [items, left] = [Responses?.[table], UnprocessedKeys?.[table]?.Keys ?? []]
  expect(Array.isArray(items) && Array.isArray(left), 'has no items')
  const missing = new Set(asked.map(placeOf))
  for (const one of [...items, ...left]) expect(missing.delete(placeOf(one)), 'has items that were not requested')
  return { items, left }
}

/** The key of an item, as one string. The keys of a batch differ. */
const placeOf = (item: Key): string => `${item?.pk?.S} ${item?.sk?.S}`

const keyOf = (key: Key, { PutRequest, DeleteRequest }: WriteRequest): boolean =>
  hasKey(PutRequest?.Item ?? DeleteRequest?.Key, key) && (PutRequest === undefined) !== (DeleteRequest === undefined)

/** What a BatchWriteItem left unprocessed, in the form it was sent; `keyIn` extracts the key from a put or a delete. */
export function leftIn(
  { ConsumedCapacity, UnprocessedItems }: BatchWriteItemCommandOutput,
  table: string,
  asked: readonly WriteRequest[],
  keyIn: (attributes: Key) => Key,
): WriteRequest[] {
  expect(namesOnly(UnprocessedItems, table), 'does not list the unprocessed items')
  const left = UnprocessedItems?.[table] ?? []
  expect(Array.isArray(left) && left.length <= asked.length, 'does not list the unprocessed items')
  // If everything was left unprocessed, no capacity was consumed.
  expect(left.length === asked.length || namesTable(ConsumedCapacity, table), 'does not name the table')
  return left.map((one) => {
    const own = asked.find((request) => {
      const attributes = request.PutRequest?.Item ?? request.DeleteRequest?.Key
      return attributes !== undefined && keyOf(keyIn(attributes), one)
    })
    expect(own !== undefined, 'lists unprocessed items that were not sent')
    return own
  })
}
