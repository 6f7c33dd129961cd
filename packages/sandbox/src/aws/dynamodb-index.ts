/**
 * Global secondary indexes that lag behind their table, as DynamoDB's do. dynalite's indexes are always current, so code that
 * wrongly relies on a current index could not fail there. They hold keys, and the attributes that the index names.
 * Source: Amazon DynamoDB Developer Guide, "Using Global Secondary Indexes in DynamoDB", data synchronization.
 */
import { type Attributes, dynamoError } from './dynamodb-answer.ts'

type Schema = {
  readonly IndexName: string
  readonly KeySchema: readonly { readonly AttributeName: string }[]
  readonly Projection?: { readonly NonKeyAttributes?: readonly string[] }
}
export type Table = {
  readonly KeySchema: readonly { readonly AttributeName: string }[]
  readonly GlobalSecondaryIndexes?: readonly Schema[]
}
type Change = { readonly at: number; readonly table: string; readonly key: string; readonly image: Attributes | undefined }
export type Query = {
  readonly TableName: string
  readonly IndexName: string
  readonly KeyConditionExpression: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues: Attributes
  readonly ScanIndexForward?: boolean
  readonly Limit?: number
  readonly ExclusiveStartKey?: Attributes
  readonly ReturnConsumedCapacity?: string
}

export function laggingIndexes(lagMs: number, clock: () => number) {
  const pending: Change[] = []
  const images = new Map<string, Map<string, Attributes>>()
  const schemas = new Map<string, Table>()

  function apply(due: (change: Change) => boolean): void {
    while (pending[0] && due(pending[0])) {
      const { table, key, image } = pending.shift() as Change
      const rows = images.get(table) ?? new Map<string, Attributes>()
      images.set(table, rows)
      if (image) rows.set(key, image)
      else rows.delete(key)
    }
  }

  return {
    define: (table: string, schema: Table) => void schemas.set(table, schema),
    /** Records a write of the table, which the indexes show later. */
    wrote: (table: string, key: string, image: Attributes | undefined) => void pending.push({ at: clock(), table, key, image }),
    /** Brings the indexes up to date now. */
    settle: () => apply(() => true),

    query(query: Query, requestId: string) {
      apply(({ at }) => clock() - at >= lagMs)
      const table = schemas.get(query.TableName)
      const index = table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === query.IndexName)
      if (!table || !index) return invalid('The table does not have the specified index', requestId)
      const [hash = '', range = ''] = index.KeySchema.map(({ AttributeName }) => AttributeName)
      const condition = conditionOf(query)
      if (condition?.hash.name !== hash || (condition.range && condition.range.name !== range))
        return invalid('Query condition missed key schema element', requestId)
      const names = [...new Set([...table.KeySchema.map(({ AttributeName }) => AttributeName), hash, range])]
      const shownNames = [...names, ...(index.Projection?.NonKeyAttributes ?? [])]
      const shownOf = (row: Attributes): Attributes =>
        Object.fromEntries(shownNames.flatMap((name) => (row[name] ? [[name, row[name]]] : [])))
      const order = (row: Attributes) => `${textOf(row[range])}\u0000${names.map((name) => textOf(row[name])).join('\u0000')}`
      const rows = [...(images.get(query.TableName)?.values() ?? [])]
        .filter((row) => row[range] && textOf(row[hash]) === condition.hash.value && fits(textOf(row[range]), condition.range))
        .map(shownOf)
        .sort((a, b) => (order(a) < order(b) ? -1 : 1))
      if (query.ScanIndexForward === false) rows.reverse()
      const start = query.ExclusiveStartKey
      const from = start ? rows.findIndex((row) => order(row) === order(start)) + 1 : 0
      const page = rows.slice(from, from + (query.Limit ?? rows.length))
      const last = from + page.length < rows.length ? page.at(-1) : undefined
      const body = {
        Items: page,
        Count: page.length,
        ScannedCount: page.length,
        ...(last ? { LastEvaluatedKey: last } : {}),
        ...(query.ReturnConsumedCapacity ? { ConsumedCapacity: { TableName: query.TableName, CapacityUnits: 0.5 } } : {}),
      }
      return { status: 200, body: JSON.stringify(body) }
    },
  }
}
export type LaggingIndexes = ReturnType<typeof laggingIndexes>

const textOf = (value: Record<string, unknown> | undefined): string => String(value?.S ?? '')
const invalid = (message: string, requestId: string) => {
  const { status, body } = dynamoError(400, 'com.amazon.coral.validate#ValidationException', message, requestId)
  return { status, body: String(body) }
}

type Side = { readonly name: string; readonly value: string }
/** `to`: the upper bound of BETWEEN. */
type Range = Side & { readonly operator: string; readonly to?: string }
type Condition = { readonly hash: Side; readonly range?: Range }

/** `#hash = :hash`, and one comparison for the range key, or `BETWEEN`. */
function conditionOf({ KeyConditionExpression, ExpressionAttributeNames = {}, ExpressionAttributeValues }: Query): Condition | undefined {
  const read = /^([#\w]+) = (:\w+)(?: AND ([#\w]+) (?:(<=|>=|<|>|=) (:\w+)|BETWEEN (:\w+) AND (:\w+)))?$/.exec(KeyConditionExpression)
  if (!read) return undefined
  const [, hash = '', hashValue = '', range, operator = 'BETWEEN', rangeValue, from = '', to] = read
  const name = (placeholder: string) => ExpressionAttributeNames[placeholder] ?? placeholder
  const value = (placeholder: string) => textOf(ExpressionAttributeValues[placeholder])
  return {
    hash: { name: name(hash), value: value(hashValue) },
    ...(range === undefined
      ? {}
      : { range: { name: name(range), operator, value: value(rangeValue ?? from), ...(to === undefined ? {} : { to: value(to) }) } }),
  }
}

const comparisons: { readonly [operator: string]: (text: string, value: string, to: string) => boolean } = {
  '<': (text, value) => text < value,
  '<=': (text, value) => text <= value,
  '>': (text, value) => text > value,
  '>=': (text, value) => text >= value,
  '=': (text, value) => text === value,
  BETWEEN: (text, value, to) => text >= value && text <= to,
}

const fits = (text: string, range: Range | undefined): boolean =>
  range === undefined || comparisons[range.operator]?.(text, range.value, range.to ?? '') === true
