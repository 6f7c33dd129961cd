/** Where a binding is allowed, and what of a config is not data. */
import { describe, expect, test } from 'vitest'
import { type Bindings, fillBindings } from './bindings.ts'
import type { ConfigFault } from './check.ts'

const fill = (source: unknown, bindings: Bindings = {}): [filled: unknown, faults: ConfigFault[]] => {
  const faults: ConfigFault[] = []
  return [fillBindings(source, bindings, '', faults), faults]
}
/** A config with this value at a path. */
const at = (path: string, value: unknown): unknown => path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value)

test.each([
  'issuers.people.url',
  'issuers.people.jwksUri',
  'signIn.people.authorizationEndpoint',
  'signIn.people.tokenEndpoint',
  'directories.people.scim',
  'targets.prod.account',
  'targets.prod.roleArn',
  'log.origin',
  'cells.emea.log.origin',
  'cells.emea.account',
])('%s can be a binding', (path) => {
  const source = at(path, { binding: 'IT', default: 'default' })
  expect(fill(source)).toEqual([at(path, 'default'), []])
  expect(fill(source, { IT: 'given' })).toEqual([at(path, 'given'), []])
  expect(fill(at(path, { binding: 'IT' }))[1]).toEqual([{ path, fault: "binding 'IT' has no value. Set it for the deploy" }])
})

test.each([
  'issuers.people.key',
  'issuers.url',
  'issuers.people.urls',
  'x.issuers.people.url',
  'issuers.people.url.it',
  'signIn.people.endpoint',
  'signIn.people.clientId',
  'directories.people.by',
  'targets.prod.externalId',
  'profiles.reader.target',
  'cells.log.origin',
  'log.origin.it',
  'cells.emea.region',
])('%s cannot be a binding', (path) => {
  const [, faults] = fill(at(path, { binding: 'IT', default: 'default' }))
  expect(faults).toEqual([{ path, fault: expect.stringContaining('cannot be a binding') }])
})

describe('a config', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 'end' : { a: deep(levels - 1) })
  test('is data, 40 levels deep at most', () => {
    expect(fill(deep(40))).toEqual([deep(40), []])
    expect(fill(deep(41))[1]).toEqual([{ path: Array(41).fill('a').join('.'), fault: 'is nested too deep, or contains itself' }])
    const list = (levels: number): unknown => (levels === 0 ? 'end' : [list(levels - 1)])
    expect([fill(list(40))[1], fill(list(41))[1]]).toEqual([
      [],
      [{ path: '[0]'.repeat(41), fault: 'is nested too deep, or contains itself' }],
    ])
  })
  test('does not contain itself', () => {
    const loop: Record<string, unknown> = {}
    loop.again = loop
    expect(fill(loop)[1]).toEqual([{ path: Array(41).fill('again').join('.'), fault: 'is nested too deep, or contains itself' }])
  })
  test('keeps every other value as it is', () => {
    const source = { a: [1, 'b', true, null, { c: undefined }], d: { binding: 7 } }
    expect(fill(source)).toEqual([source, []])
  })
  test('has no function in it', () => {
    expect(fill({ a: [0, () => 1] })[1]).toEqual([{ path: 'a[1]', fault: 'is a function, but the config must be data' }])
  })
  test.each(['__proto__', 'prototype', 'constructor'])('has no name %s', (name) => {
    const source = Object.fromEntries([[name, 'x']])
    expect(fill(source)[1]).toEqual([{ path: name, fault: 'is not allowed as a name' }])
    expect(fill({ a: [source] })[1]).toEqual([{ path: `a[0].${name}`, fault: 'is not allowed as a name' }])
  })
})
