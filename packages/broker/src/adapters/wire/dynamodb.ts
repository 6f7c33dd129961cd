/**
 * The table over Stint's own wire: the three operations of the vend path in DynamoDB's JSON protocol.
 * Source: Amazon DynamoDB Developer Guide, "DynamoDB low-level API"; bodies are equal to the SDK's, property by property.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { TableCalls } from '../dynamodb/table-calls.ts'
import type { Wire } from './exchange.ts'
import { ServiceFault } from './fault.ts'

type Operation = 'UpdateItem' | 'GetItem' | 'BatchGetItem'

/** The properties that Stint sends, in the order in which the SDK writes them. Any other is a bug: it would not be sent. */
const PROPERTIES = [
  'RequestItems',
  'TableName',
  'Key',
  'ConsistentRead',
  'ReturnValues',
  'ReturnConsumedCapacity',
  'UpdateExpression',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValuesOnConditionCheckFailure',
] as const

/** `withinMs`: one exchange. */
export function tableOverWire({ post }: Wire, withinMs: number): TableCalls {
  async function call(operation: Operation, input: object): Promise<Json> {
    const { status, headers, body } = await post(
      { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
      bodyOf(input),
      withinMs,
    )
    const answer: unknown = JSON.parse(body)
    if (!isObject(answer)) throw new Error('the response is not an object')
    if (status === 200) return answer
    throw new ServiceFault(nameOf(answer, headers['x-amzn-errortype']), textOf(answer.message ?? answer.Message), status, {
      requestId: headers['x-amzn-requestid'] as string | undefined,
      Item: itemOf(answer.Item),
    })
  }

  return {
    async updateItem(input) {
      const { Attributes, ...rest } = await call('UpdateItem', input)
      return { ...rest, Attributes: itemOf(Attributes) }
    },
    async getItem(input) {
      const { Item, ...rest } = await call('GetItem', input)
      return { ...rest, Item: itemOf(Item) }
    },
    async batchGetItem(input) {
      const { Responses, ...rest } = await call('BatchGetItem', input)
      if (!isObject(Responses)) return rest
      const tables = Object.entries(Responses).map(([table, items]) => [table, Array.isArray(items) ? items.map(itemOf) : items])
      return { ...rest, Responses: Object.fromEntries(tables) }
    },
  } as TableCalls
}

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function bodyOf(input: object): string {
  const sent = input as Json
  const unknown = Object.keys(sent).find((name) => !(PROPERTIES as readonly string[]).includes(name))
  if (unknown) throw new TypeError(`${unknown} is not in PROPERTIES`)
  const ordered: Json = {}
  for (const name of PROPERTIES) if (sent[name] !== undefined) ordered[name] = writers[name]?.(sent[name] as never) ?? sent[name]
  return JSON.stringify(ordered)
}

type Item = Readonly<Record<string, AttributeValue>>
type Requested = Readonly<Record<string, { readonly Keys: readonly Item[] }>>

const keysInBase64 = (requested: Requested) =>
  Object.fromEntries(Object.entries(requested).map(([table, of]) => [table, { ...of, Keys: of.Keys.map(withBase64) }]))
/** The properties that can hold bytes. */
const writers: { readonly [name: string]: ((value: never) => object) | undefined } = {
  RequestItems: keysInBase64,
  Key: withBase64,
  ExpressionAttributeValues: withBase64,
}

/** The item with its bytes as base64. What holds no bytes stays the same object: most of each item is text. */
function withBase64(item: Item): object {
  let copy: Record<string, object> | undefined
  for (const name in item) {
    const value = item[name] as AttributeValue
    const written = valueWithBase64(value)
    if (written === value) continue
    copy ??= Object.assign(Object.create(null) as Record<string, object>, item)
    copy[name] = written
  }
  return copy ?? item
}

function valueWithBase64(value: AttributeValue): object {
  if (value.B !== undefined) return { B: base64(value.B) }
  if (value.BS !== undefined) return { BS: value.BS.map(base64) }
  if (value.M !== undefined) {
    const map = withBase64(value.M)
    return map === value.M ? value : { M: map }
  }
  if (value.L === undefined) return value
  const list = value.L.map(valueWithBase64)
  return list.some((member, at) => member !== value.L?.[at]) ? { L: list } : value
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** The error's name. A response that names several says nothing. */
function nameOf(answer: Json, header: string | string[] | undefined): string {
  const names = [header, answer.code, answer.__type].filter((name) => name !== undefined).map(shortName)
  return new Set(names).size === 1 ? (names[0] as string) : 'UnknownError'
}
/** Without the namespace before it and a link behind it: `com.amazonaws.dynamodb.v20120810#ValidationException:http://…`. */
const shortName = (name: unknown): string =>
  textOf(name)
    .replace(/^[^#]*#/, '')
    .replace(/[:,].*$/, '')

/** Decodes the bytes of an item. Anything else is returned unchanged, and the caller's checks refuse it. */
function itemOf(item: unknown): unknown {
  if (isObject(item)) readBytesIn(item)
  return item
}

function readBytesIn(attributes: Json): void {
  if (Object.hasOwn(attributes, '__proto__')) throw new Error('the response has an attribute that Stint never writes')
  for (const value of Object.values(attributes)) readBytes(value)
}

function readBytes(value: unknown): void {
  if (!isObject(value)) throw new Error('the response has an item with an invalid attribute')
  if (value.B !== undefined) value.B = bytesOf(value.B)
  else if (isObject(value.M)) readBytesIn(value.M)
  else if (Array.isArray(value.L)) for (const member of value.L) readBytes(member)
  else if (Array.isArray(value.BS)) value.BS = value.BS.map(bytesOf)
}

function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Error('the response has invalid base64')
  return new Uint8Array(Buffer.from(text, 'base64'))
}
