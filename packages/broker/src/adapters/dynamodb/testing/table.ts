/**
 * DynamoDB in this process, as far as the ledger uses it, for tests that stage what a network can do to one call. The suites that run over
 * HTTP compare its evaluation of expressions with dynalite's.
 */
import { type AttributeValue, ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Wire } from '../../wire/exchange.ts'
import { indexes } from '../table.ts'
import { type Item, readWrite, Validation } from './expression.ts'

export type Sent = { readonly operation: string; readonly input: Input }
type Input = {
  readonly TableName: string
  readonly Key: Item
  readonly Item: Item
  readonly ConditionExpression?: string
  readonly KeyConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Record<string, string>
  readonly ExpressionAttributeValues?: Item
  readonly IndexName?: string
  readonly ScanIndexForward?: boolean
  readonly Limit?: number
  readonly ReturnConsumedCapacity?: string
  readonly RequestItems: Record<string, { readonly Keys: readonly Item[] }>
}
/** What happens to one call: whether it takes effect, and what is answered. */
export type Network = (sent: Sent, apply: () => object) => Promise<object> | object

export type TableOptions = {
  /** A condition that replaces the one that was sent. Placeholders that it leaves unused are then no error. */
  readonly rewrite?: (condition: string) => string
  /** Indexes know every write at once. Absent: they do not know any write yet. */
  readonly indexed?: true
}

/** The partition keys of the tables and of the indexes. */
const HASHES = ['pk', ...Object.values(indexes).map(({ hash }) => hash)]

const comparisons: { readonly [operator: string]: (value: string, low: string, high: string) => boolean } = {
  '=': (value, low) => value === low,
  '<': (value, low) => value < low,
  '>': (value, low) => value > low,
  BETWEEN: (value, low, high) => value >= low && value <= high,
  begins_with: (value, low) => value.startsWith(low),
}

export function tableInProcess({ rewrite, indexed }: TableOptions = {}) {
  const items = new Map<string, Item>()
  /** The items of each partition, of the tables and of the indexes, so that a large table is as fast as a small one. */
  const partitions = new Map<string, Set<string>>()
  const partitionOf = (table: string, hash: string, value: string) => `${table}|${hash}|${value}`
  function store(id: string, item: Item | undefined): void {
    const table = id.slice(0, id.indexOf('|'))
    const old = items.get(id)
    for (const hash of HASHES) {
      const [was, is] = [old?.[hash]?.S, item?.[hash]?.S]
      if (was === is) continue
      if (was !== undefined) partitions.get(partitionOf(table, hash, was))?.delete(id)
      if (is === undefined) continue
      const partition = partitionOf(table, hash, is)
      partitions.set(partition, (partitions.get(partition) ?? new Set()).add(id))
    }
    if (item) items.set(id, item)
    else items.delete(id)
  }
  const idOf = (table: string, key: Item) => `${table}|${key.pk?.S}|${key.sk?.S ?? ''}`
  let through: Network = (_sent, apply) => apply()

  function apply({ operation, input }: Sent): object {
    const capacity = input.ReturnConsumedCapacity ? { ConsumedCapacity: { TableName: input.TableName, CapacityUnits: 1 } } : {}
    switch (operation) {
      case 'GetItem': {
        const item = items.get(idOf(input.TableName, input.Key))
        return { ...capacity, ...(item ? { Item: item } : {}) }
      }
      case 'BatchGetItem': {
        const read = ([table, { Keys }]: [string, { readonly Keys: readonly Item[] }]) => [
          table,
          Keys.map((key) => items.get(idOf(table, key))).filter((item) => item !== undefined),
        ]
        const ConsumedCapacity = Object.keys(input.RequestItems).map((TableName) => ({ TableName, CapacityUnits: 1 }))
        return { Responses: Object.fromEntries(Object.entries(input.RequestItems).map(read)), UnprocessedKeys: {}, ConsumedCapacity }
      }
      case 'Query': {
        const all = indexed || input.IndexName === undefined ? rowsOf(input) : []
        const rows = all.slice(0, input.Limit)
        // Stint goes on by the sort key, and only asks whether there is more.
        const more = rows.length < all.length ? { LastEvaluatedKey: { pk: rows.at(-1)?.pk } } : {}
        return { ...capacity, Items: rows, Count: rows.length, ...more }
      }
      case 'PutItem':
      case 'UpdateItem':
      case 'DeleteItem': {
        const id = idOf(input.TableName, input.Key ?? input.Item)
        const before = items.get(id)
        const condition = input.ConditionExpression
        const write = readWrite(
          rewrite && condition !== undefined ? rewrite(condition) : condition,
          input.UpdateExpression,
          { names: input.ExpressionAttributeNames, values: input.ExpressionAttributeValues },
          rewrite === undefined,
        )
        if (!write.holds(before)) {
          throw new ConditionalCheckFailedException({
            message: 'The conditional request failed',
            $metadata: { httpStatusCode: 400 },
            ...(before ? { Item: before as Record<string, AttributeValue> } : {}),
          })
        }
        const after = operation === 'UpdateItem' ? write.after(before, input.Key) : input.Item
        store(id, after)
        return operation === 'UpdateItem' ? { ...capacity, Attributes: after } : capacity
      }
      default:
        throw new Validation(`no operation ${operation}`)
    }
  }

  /** The rows of one partition of a table or an index, in order. */
  function rowsOf(input: Input): readonly Item[] {
    const { KeyConditionExpression = '', ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = input
    const [hash = '', ...ranges] = KeyConditionExpression.replace(/(BETWEEN \S+) AND/, '$1 TO').split(' AND ')
    const [hashName = '', , hashValue = ''] = hash.split(' ')
    const conditions = ranges.map((text) => {
      // A function comes before its operands.
      const [name = '', operator = '', from = '', , to = ''] = text.replace(/^(\w+)\((\S+), (\S+)\)$/, '$2 $1 $3').split(' ')
      const compare = comparisons[operator]
      if (!compare) throw new Validation(`no key condition ${text}`)
      const [low, high] = [values[from]?.S ?? '', values[to]?.S ?? '']
      return { name: names[name] ?? name, holds: (value: string) => compare(value, low, high) }
    })
    const rangeName = conditions[0]?.name ?? Object.values(indexes).find(({ name }) => name === input.IndexName)?.range ?? 'sk'
    const order = input.ScanIndexForward === false ? -1 : 1
    const partition = partitions.get(partitionOf(input.TableName, names[hashName] ?? hashName, values[hashValue]?.S ?? '')) ?? []
    return [...partition]
      .map((id) => items.get(id) as Item)
      .filter((item) => item[rangeName]?.S !== undefined && conditions.every(({ name, holds }) => holds(item[name]?.S ?? '')))
      .sort((one, other) => ((one[rangeName]?.S ?? '') < (other[rangeName]?.S ?? '') ? -order : order))
  }

  return {
    client: {
      send: async (command: { readonly input: Input }) => {
        const sent = { operation: command.constructor.name.replace(/Command$/, ''), input: command.input }
        return through(sent, () => apply(sent))
      },
    } as unknown as DynamoDBClient,
    /** The same table behind Stint's own wire: what is sent and answered passes through JSON. */
    wire: {
      open: () => {},
      post: async (headers, body) => {
        const sent = { operation: (headers['x-amz-target'] ?? '').replace(/.*\./, ''), input: withBytes(JSON.parse(body)) as Input }
        try {
          return { status: 200, headers: {}, body: toJson(await through(sent, () => apply(sent))) }
        } catch (error) {
          const { name, message, Item } = error as ConditionalCheckFailedException
          if (!(error instanceof ConditionalCheckFailedException)) throw error
          return { status: 400, headers: {}, body: toJson({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message, Item }) }
        }
      },
    } as Wire,
    /** What happens between the caller and the table from now on. */
    through: (next: Network) => {
      through = next
    },
    /** An item as it is stored, or undefined. */
    item: (table: string, pk: string, sk?: string): Item | undefined =>
      items.get(idOf(table, { pk: { S: pk }, ...(sk ? { sk: { S: sk } } : {}) })),
    items: (): readonly Item[] => [...items.values()],
    /** A snapshot of all items, to return to. Items are never changed in place. */
    snapshot: (): ReadonlyMap<string, Item> => new Map(items),
    restore: (snapshot: ReadonlyMap<string, Item>) => {
      for (const id of [...items.keys()]) if (!snapshot.has(id)) store(id, undefined)
      for (const [id, item] of snapshot) store(id, item)
    },
  }
}

// ── DynamoDB's JSON ──────────────────────────────────────────────────────────────────────────────────────────────────

const toJson = (value: object): string =>
  JSON.stringify(value, (_name, held) => (held instanceof Uint8Array ? Buffer.from(held).toString('base64') : held))

/** Every `B` as bytes. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [
      name,
      name === 'B' && typeof held === 'string' ? new Uint8Array(Buffer.from(held, 'base64')) : withBytes(held),
    ]),
  )
}
