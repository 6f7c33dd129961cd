/**
 * Values as DynamoDB's attributes, and back: the types that Stint stores. @aws-sdk/util-dynamodb does the same, and a test holds both to the
 * same results; here it is short enough for a cold start, and names such as `__proto__` stay names.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { unmarshall as unmarshallOfSdk } from '@aws-sdk/util-dynamodb'

type Attributes = Record<string, AttributeValue>

/** Properties that are undefined are left out. Throws on what DynamoDB would not return unchanged: that is a bug in the caller. */
export function marshall(item: object): Attributes {
  const attributes: Attributes = {}
  for (const [name, value] of Object.entries(item)) if (value !== undefined) put(attributes, name, toAttribute(value))
  return attributes
}

/** Numbers come back as numbers if they are exact, and as a BigInt if they are not. */
export function unmarshall(attributes: Readonly<Record<string, AttributeValue>>): ReturnType<typeof unmarshallOfSdk> {
  const item: Record<string, unknown> = {}
  for (const name of Object.keys(attributes)) put(item, name, fromAttribute(attributes[name] as AttributeValue))
  return item
}

function toAttribute(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number') return { N: exact(value) }
  if (typeof value === 'boolean') return { BOOL: value }
  if (value === null) return { NULL: true }
  if (Array.isArray(value)) return { L: value.filter((member) => member !== undefined).map(toAttribute) }
  if (value instanceof Uint8Array) return { B: value }
  if (value instanceof Set) return { SS: stringsOf(value) }
  if (typeof value === 'object' && isPlain(value)) return { M: marshall(value) }
  throw new TypeError(`a ${typeof value} cannot be stored`)
}

function fromAttribute(attribute: AttributeValue): unknown {
  if (attribute.S !== undefined) return attribute.S
  if (attribute.N !== undefined) return toNumber(attribute.N)
  if (attribute.M !== undefined) return unmarshall(attribute.M)
  if (attribute.L !== undefined) return attribute.L.map(fromAttribute)
  if (attribute.BOOL !== undefined) return attribute.BOOL
  if (attribute.B !== undefined) return attribute.B
  if (attribute.NULL !== undefined) return null
  if (attribute.SS !== undefined) return new Set(attribute.SS)
  if (attribute.NS !== undefined) return new Set(attribute.NS.map(toNumber))
  if (attribute.BS !== undefined) return new Set(attribute.BS)
  throw new TypeError('an attribute has an unknown type')
}

/** Assigning to `__proto__` would set the prototype instead. */
function put<T>(object: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  else object[name] = value
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function exact(value: number): string {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value)
  throw new TypeError(`${value} cannot be stored exactly`)
}

function toNumber(text: string): number | bigint {
  const value = Number(text)
  return Number.isFinite(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER ? BigInt(text) : value
}

/** DynamoDB has no empty sets. */
function stringsOf(set: ReadonlySet<unknown>): string[] {
  const strings = [...set]
  if (strings.length === 0 || !strings.every((member) => typeof member === 'string'))
    throw new TypeError('only a set of at least one string can be stored')
  return strings
}
