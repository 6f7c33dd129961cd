/**
 * DynamoDB as values: the operations and expressions that Stint's adapters use, as strict as the service. Items are immutable: a write makes
 * a new one. Global indexes, and reads that are not consistent, show a view that lags behind. `send` is its HTTP: a request in DynamoDB's JSON
 * protocol, and the answer. test/simulation/dynalite.test.ts replays what schedules send on dynalite and compares every answer.
 */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { type Item, readWrite, Validation } from '@stint/broker/adapters/dynamodb/testing/expression'
import { itemBytes } from '@stint/broker/adapters/dynamodb/testing/item-bytes'

export type { Item }

type Input = any

/** An error that the service answers. */
export class Refusal extends Error {
  readonly item: Item | undefined
  constructor(name: string, message: string, item?: Item) {
    super(message)
    this.name = name
    this.item = item
  }
}

export type Write = {
  readonly table: string
  readonly id: string
  readonly sequence: number
  readonly before: Item | undefined
  readonly after: Item | undefined
  readonly operation: string
}

type Index = {
  readonly hash: string
  readonly range: string
  readonly projected: readonly string[]
  readonly partitions: Partitions
}
/** Items by the value of a hash key, so that a query reads one partition. */
type Partitions = Map<string, Map<string, Item>>
type Table = {
  readonly name: string
  readonly keys: readonly string[]
  readonly items: Map<string, Item>
  readonly partitions: Partitions
  /** The partitions of the view. */
  readonly viewed: Partitions
  /** What the indexes know: the item of the latest write that has reached them. */
  readonly view: Map<string, { readonly item: Item | undefined; readonly sequence: number }>
  readonly indexes: ReadonlyMap<string, Index>
}

/** Amazon DynamoDB Developer Guide, "Service, account, and table quotas". */
const MAX_ITEM_BYTES = 400 * 1024
const MAX_KEYS = { BatchGetItem: 100, BatchWriteItem: 25 } as const

export class Dynamo {
  readonly #tables = new Map<string, Table>()
  /** What the last write replaced. */
  replaced: Item | undefined
  #sequence = 0
  /** Called with each operation and its outcome. */
  onCall: (operation: string, input: object, outcome: { readonly answer: object } | { readonly error: Refusal }) => void = () => {}
  /** Called within each write. */
  onWrite: (write: Write) => void = () => {}

  create({ TableName: name = '', KeySchema = [], GlobalSecondaryIndexes = [] }: CreateTableCommandInput): void {
    const keys = KeySchema.map(({ AttributeName = '' }) => AttributeName)
    const indexes = GlobalSecondaryIndexes.map(({ IndexName = '', KeySchema: schema = [], Projection }): [string, Index] => {
      const [hash = '', range = ''] = schema.map(({ AttributeName = '' }) => AttributeName)
      return [IndexName, { hash, range, projected: [...keys, hash, range, ...(Projection?.NonKeyAttributes ?? [])], partitions: new Map() }]
    })
    this.#tables.set(name, {
      name,
      keys,
      items: new Map(),
      partitions: new Map(),
      viewed: new Map(),
      view: new Map(),
      indexes: new Map(indexes),
    })
  }
  items(table: string): readonly Item[] {
    return [...this.#table(table).items.values()]
  }
  item(table: string, pk: string): Item | undefined {
    return this.#table(table).items.get(pk)
  }
  /** The indexes learn of a write. */
  index({ table, id, sequence, after }: Pick<Write, 'table' | 'id' | 'sequence' | 'after'>): void {
    const { keys, viewed, view, indexes } = this.#table(table)
    const known = view.get(id)
    if ((known?.sequence ?? 0) >= sequence) return
    view.set(id, { item: after, sequence })
    place(viewed, keys[0] as string, id, known?.item, after)
    for (const { hash, partitions } of indexes.values()) place(partitions, hash, id, known?.item, after)
  }
  /** DynamoDB deletes what its TTL says, some time later. */
  expire(table: string, id: string): void {
    this.#write(this.#table(table), id, undefined, 'TTL')
  }
  /** The table as it is now: for a backup. */
  backup(table: string): ReadonlyMap<string, Item> {
    return new Map(this.#table(table).items)
  }
  /** Another table with the content of a backup takes the table's place. Its stream begins anew, and its indexes are complete. */
  restore(table: string, backup: ReadonlyMap<string, Item>): void {
    const { items, partitions, viewed, keys, view, indexes } = this.#table(table)
    for (const all of [items, partitions, viewed, view, ...[...indexes.values()].map((index) => index.partitions)]) all.clear()
    for (const [id, item] of backup) {
      items.set(id, item)
      place(partitions, keys[0] as string, id, undefined, item)
      this.index({ table, id, sequence: ++this.#sequence, after: item })
    }
  }

  /** One operation. Throws `Refusal`. */
  apply(operation: string, input: Input): object {
    try {
      const answer = this.#apply(operation, input)
      this.onCall(operation, input, { answer })
      return answer
    } catch (thrown) {
      const error = thrown instanceof Validation ? new Refusal('ValidationException', thrown.message) : thrown
      if (error instanceof Refusal) this.onCall(operation, input, { error })
      throw error
    }
  }
  #apply(operation: string, input: Input): object {
    switch (operation) {
      case 'GetItem': {
        const item = this.#read(input.TableName, input.Key, input)
        return { ...counted(input.TableName), ...(item ? { Item: item } : {}) }
      }
      case 'BatchGetItem':
        return this.#batchGet(input)
      case 'BatchWriteItem':
        return this.#batchWrite(input)
      case 'PutItem':
      case 'UpdateItem':
      case 'DeleteItem':
        return this.#change(operation, input)
      case 'Query':
        return this.#query(input)
      case 'Scan': {
        const items = this.items(input.TableName)
        return { ...counted(input.TableName), Items: items, Count: items.length }
      }
      default:
        throw new Validation(`no operation ${operation}`)
    }
  }

  /** A read that is not consistent returns an item as late as the indexes learn of it. */
  #read(name: string, key: Item, { ConsistentRead }: Input): Item | undefined {
    const { items, view } = this.#table(name)
    const id = this.#id(name, key)
    return ConsistentRead ? items.get(id) : view.get(id)?.item
  }
  #batchGet({ RequestItems }: Input): object {
    const entries = Object.entries<Input>(RequestItems)
    const responses = entries.map(([name, { Keys, ProjectionExpression, ...rest }]) => {
      this.#unique(name, Keys, 'BatchGetItem')
      const found = (Keys as Item[]).map((key) => this.#read(name, key, rest)).filter((item) => item !== undefined)
      return [name, ProjectionExpression ? found.map((item) => only(item, ProjectionExpression.split(', '))) : found]
    })
    const ConsumedCapacity = entries.map(([TableName]) => ({ TableName, CapacityUnits: 1 }))
    return { Responses: Object.fromEntries(responses), UnprocessedKeys: {}, ConsumedCapacity }
  }
  #batchWrite({ RequestItems }: Input): object {
    const entries = Object.entries<Input[]>(RequestItems)
    for (const [name, all] of entries) {
      const keys = all.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest.Key)
      this.#unique(name, keys, 'BatchWriteItem')
      for (const { PutRequest, DeleteRequest } of all)
        this.#write(this.#table(name), this.#id(name, PutRequest?.Item ?? DeleteRequest.Key), PutRequest?.Item, 'BatchWriteItem')
    }
    return { UnprocessedItems: {}, ConsumedCapacity: entries.map(([TableName]) => ({ TableName, CapacityUnits: 1 })) }
  }
  #unique(name: string, keys: readonly Item[], operation: keyof typeof MAX_KEYS): void {
    if (keys.length === 0 || keys.length > MAX_KEYS[operation]) throw new Validation(`${keys.length} keys`)
    if (new Set(keys.map((key) => this.#id(name, key))).size < keys.length) throw new Validation('the list of keys contains duplicates')
  }
  #change(operation: 'PutItem' | 'UpdateItem' | 'DeleteItem', input: Input): object {
    const table = this.#table(input.TableName)
    const id = this.#id(input.TableName, input.Key ?? input.Item)
    const before = table.items.get(id)
    const write = readWrite(input.ConditionExpression, input.UpdateExpression, {
      names: input.ExpressionAttributeNames,
      values: input.ExpressionAttributeValues,
    })
    if (!write.holds(before)) {
      const shown = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? before : undefined
      throw new Refusal('ConditionalCheckFailedException', 'The conditional request failed', shown)
    }
    const after = operation === 'UpdateItem' ? write.after(before, input.Key) : operation === 'PutItem' ? (input.Item as Item) : undefined
    this.replaced = before
    this.#write(table, id, after, operation)
    return { ...counted(input.TableName), ...returned(input.ReturnValues, before, after, write.updated) }
  }
  #query(input: Input): object {
    const table = this.#table(input.TableName)
    const index = input.IndexName === undefined ? undefined : table.indexes.get(input.IndexName)
    if (input.IndexName !== undefined && !index) throw new Validation(`no index ${input.IndexName}`)
    if (index && input.ConsistentRead) throw new Validation('Consistent reads are not supported on global secondary indexes')
    const { hash, range, partitions } = index ?? {
      hash: table.keys[0] as string,
      range: table.keys[1] as string,
      partitions: input.ConsistentRead ? table.partitions : table.viewed,
    }
    const partition = partitions.get(hashIn(input, hash)) ?? new Map<string, Item>()
    const { holds } = readWrite(input.KeyConditionExpression, undefined, {
      names: input.ExpressionAttributeNames,
      values: input.ExpressionAttributeValues,
    })
    const order = input.ScanIndexForward === false ? -1 : 1
    const placeOf = (item: Item) => `${item[range]?.S}\u0000${table.keys.map((key) => item[key]?.S).join('\u0000')}`
    let rows = [...partition.values()]
      .filter((item) => item[range]?.S !== undefined && holds(item))
      .map((item) => ({ item, place: placeOf(item) }))
      .sort((one, other) => (one.place < other.place ? -order : order))
    if (input.ExclusiveStartKey) {
      const from = placeOf(input.ExclusiveStartKey)
      rows = rows.filter(({ place }) => (order === 1 ? place > from : place < from))
    }
    const some = rows.slice(0, input.Limit ?? rows.length).map(({ item }) => (index ? only(item, index.projected) : item))
    // The service gives a key to go on whenever the limit was reached, even if nothing follows.
    const last = some.length === input.Limit ? some.at(-1) : undefined
    const keys = last && only(last, [...table.keys, hash, range])
    return { ...counted(input.TableName), Items: some, Count: some.length, ...(keys ? { LastEvaluatedKey: keys } : {}) }
  }

  #write(table: Table, id: string, after: Item | undefined, operation: string): void {
    const before = table.items.get(id)
    // Measuring is slow, and only journals grow.
    if (after && (after.events?.L?.length ?? 0) > 40 && itemBytes(after) > MAX_ITEM_BYTES)
      throw new Validation('Item size has exceeded the maximum allowed size')
    if (after) table.items.set(id, after)
    else table.items.delete(id)
    place(table.partitions, table.keys[0] as string, id, before, after)
    if (before === undefined && after === undefined) return
    this.onWrite({ table: table.name, id, sequence: ++this.#sequence, before, after, operation })
  }
  #table(name: string): Table {
    const table = this.#tables.get(name)
    if (!table) throw new Refusal('ResourceNotFoundException', `no table ${name}`)
    return table
  }
  #id(name: string, key: Item): string {
    return this.#table(name)
      .keys.map((attribute) => key[attribute]?.S)
      .join('\u0000')
  }
}

/** An item moves to the partition that it now belongs to. */
function place(partitions: Partitions, hash: string, id: string, before: Item | undefined, after: Item | undefined): void {
  const [from, to] = [before?.[hash]?.S, after?.[hash]?.S]
  if (from !== undefined && from !== to) partitions.get(from)?.delete(id)
  if (to === undefined || !after) return
  const partition = partitions.get(to) ?? new Map<string, Item>()
  partitions.set(to, partition.set(id, after))
}

/** The value of the hash key, which a query must begin with. */
function hashIn({ KeyConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues }: Input, hash: string): string {
  const [, name = '', value = ''] = /^([#\w]+) = (:\w+)/.exec(KeyConditionExpression) ?? []
  const wanted = ExpressionAttributeValues[value]?.S
  if ((ExpressionAttributeNames?.[name] ?? name) !== hash || wanted === undefined)
    throw new Validation(`Query condition missed key schema element: ${hash}`)
  return wanted
}

const counted = (TableName: string) => ({ ConsumedCapacity: { TableName, CapacityUnits: 1 } })
const only = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)))

function returned(which: string | undefined, before: Item | undefined, after: Item | undefined, updated: readonly string[]): object {
  if (which === 'ALL_NEW') return { Attributes: after }
  if (which === 'ALL_OLD') return before ? { Attributes: before } : {}
  return which === 'UPDATED_NEW' && after ? { Attributes: only(after, updated) } : {}
}

/** The answer to the last write, with the item as it was before that write. */
export const earlierImage = ({ replaced }: Dynamo, answer: Input): Input =>
  answer.Attributes && replaced?.pk?.S === answer.Attributes.pk?.S
    ? { ...answer, Attributes: only(replaced as Item, Object.keys(answer.Attributes)) }
    : {}

/** The answer to a BatchGetItem that had no capacity left for one of its keys. */
export function withUnprocessed({ RequestItems }: Input, answer: Input, pick: <T>(all: readonly T[]) => T): object {
  const [name = '', { Keys, ...how }] = Object.entries<Input>(RequestItems)[0] as [string, Input]
  const left = pick(Keys as readonly Item[])
  const isLeft = (item: Item) => Object.entries(left).every(([key, value]) => item[key]?.S === value.S)
  const read = (answer.Responses[name] as Item[]).filter((item) => !isLeft(item))
  return { ...answer, Responses: { ...answer.Responses, [name]: read }, UnprocessedKeys: { [name]: { Keys: [left], ...how } } }
}

// ── Its JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Http = { readonly status: number; readonly body: string }

/** DynamoDB's JSON protocol. The names of the operation and the error are in the header and in the body. */
export function send(dynamo: Dynamo, target: string, body: string): Http {
  const operation = target.replace(/^DynamoDB_20120810\./, '')
  try {
    return { status: 200, body: toJson(dynamo.apply(operation, withBytes(JSON.parse(body)))) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { name, message, item: Item } = error
    return { status: 400, body: toJson({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message, ...(Item ? { Item } : {}) }) }
  }
}

export const toJson = (value: object): string => JSON.stringify(withBase64(value))

/** A copy in which bytes are base64. A replacer would be called for each property, and see a Buffer's own description of itself. */
function withBase64(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
  if (Array.isArray(value)) return value.map(withBase64)
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(value)) copy[name] = withBase64((value as Record<string, unknown>)[name])
  return copy
}

/** Turns every `B` of what was just parsed into bytes. */
function withBytes<T>(parsed: T): T {
  if (typeof parsed !== 'object' || parsed === null) return parsed
  for (const [name, held] of Object.entries(parsed)) {
    if (name === 'B' && typeof held === 'string') (parsed as Record<string, unknown>).B = new Uint8Array(Buffer.from(held, 'base64'))
    else withBytes(held)
  }
  return parsed
}
