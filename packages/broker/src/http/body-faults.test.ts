/** The written-out check finds the faults that the schema finds, in the same order. */
import fc from 'fast-check'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { bodyFaults, properties } from './body-faults.ts'
import { vendBody } from './vend-body.ts'

/** What the schema says, in the words of the check. */
function faultsOfSchema(body: object) {
  const checked = v.safeParse(vendBody, body)
  return (checked.issues ?? []).map((issue) => {
    const path = v.getDotPath(issue) ?? ''
    if (issue.type !== 'strict_object') return { kind: 'type', path }
    return { kind: issue.expected === 'never' ? 'unknown' : 'missing', path }
  })
}

const odd = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 2 }),
)
/** valibot's `record` drops inherited names; vend keeps them, and refuses them as unknown parameters. */
const name = fc
  .string({ minLength: 1, maxLength: 6 })
  .filter((one) => !['__proto__', 'prototype', 'constructor'].includes(one) && !one.includes('.'))
const body = fc.record(
  {
    profile: fc.oneof(fc.string(), odd),
    justification: fc.oneof(fc.string(), odd),
    ticket: fc.oneof(fc.string(), odd),
    duration: fc.oneof(fc.string(), fc.integer(), odd),
    parameters: fc.oneof(fc.dictionary(name, fc.oneof(fc.string(), odd), { maxKeys: 3 }), fc.string(), fc.constant(null)),
    narrow: odd,
    requestId: fc.oneof(fc.string(), odd),
    format: fc.oneof(fc.constantFrom('json', 'env', 'process', 'container', 'console'), odd),
    extra: odd,
    another: odd,
  },
  { requiredKeys: [] },
)

test('finds the faults of the schema in random bodies, in the same order', () =>
  fc.assert(
    fc.property(body, (given) => {
      expect(bodyFaults(given as never)).toEqual(faultsOfSchema(given))
    }),
    { numRuns: 3000 },
  ))

test('knows exactly the properties of the schema', () => {
  expect(Object.keys(properties)).toEqual(Object.keys(vendBody.entries))
})
