/** The same attributes and the same values as AWS's own @aws-sdk/util-dynamodb. */
import { marshall as marshallOfSdk, unmarshall as unmarshallOfSdk } from '@aws-sdk/util-dynamodb'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { marshall, unmarshall } from './attributes.ts'

/** The SDK takes an object with a property `constructor` for an instance of a class, and sets the prototype where one is called `__proto__`. */
const property = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__' && name !== 'constructor')
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.uint8Array({ maxLength: 8 }),
    fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 3 }).map((list) => new Set(list)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(property, tie('value'), { maxKeys: 4 }),
  ),
}))
const item = fc.dictionary(property, value, { maxKeys: 6 })

test('values become the attributes that the SDK makes, and come back', () =>
  fc.assert(
    fc.property(item, (given) => {
      const attributes = marshall(given)
      expect(attributes).toEqual(marshallOfSdk(given, { removeUndefinedValues: true }))
      expect(unmarshall(attributes)).toEqual(unmarshallOfSdk(attributes))
    }),
    { numRuns: 2000 },
  ))

test.each<[string, unknown]>([
  ['a number beyond 2^53', 2 ** 53],
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['an empty set', new Set()],
  ['a symbol in an object', { f: Symbol('x') }],
  ['an instance of a class', new Date(0)],
])('neither stores %s', (_name, odd) => {
  expect(() => marshall({ odd })).toThrow()
  expect(() => marshallOfSdk({ odd }, { removeUndefinedValues: true })).toThrow()
})

describe('attributes of other writers', () => {
  test.each<[string, object]>([
    ['a large number', { N: '9007199254740993' }],
    ['a number that is none', { N: 'x' }],
    ['a set of numbers', { NS: ['1', '2'] }],
    ['a set of bytes', { BS: [Uint8Array.of(1)] }],
    ['a null', { NULL: true }],
  ])('read %s alike', (_name, attribute) => {
    expect(unmarshall({ odd: attribute as never })).toEqual(unmarshallOfSdk({ odd: attribute as never }))
  })
  test.each<[string, object]>([
    ['an unknown type', { X: '1' }],
    ['nothing', {}],
  ])('neither reads %s', (_name, attribute) => {
    expect(() => unmarshall({ odd: attribute as never })).toThrow()
    expect(() => unmarshallOfSdk({ odd: attribute as never })).toThrow()
  })
})

test('a name such as __proto__ stays a name', () => {
  const given = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1}}') as object
  const read = unmarshall(marshall(given))
  expect([Object.keys(read), read.admin, Object.getPrototypeOf(read)]).toEqual([['__proto__', 'a'], undefined, Object.prototype])
})
