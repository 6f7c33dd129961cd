import { describe, expect, test } from 'vitest'
import { currentType, isOlderVersion, isTypeOf, withCurrentNames } from './older-events.ts'

test.each([
  [0, false],
  [1, true],
  [2, true],
  [3, true],
  [4, false],
  ['1', false],
])('version %j is older: %s', (version, older) => expect(isOlderVersion(version)).toBe(older))

describe('an event of version 1 or 2 gets the names of today', () => {
  test.each([1, 2])('version %d', (v) => {
    const old = { v, type: 'request.agreed', why: 'x', from: 'y', face: 'z', hardEnd: 'e', other: 1 }
    expect(withCurrentNames(old)).toEqual({
      v,
      type: 'approval.given',
      justification: 'x',
      source: 'y',
      channel: 'z',
      expiresAt: 'e',
      other: 1,
    })
    expect(withCurrentNames({ v, until: 'u' })).toEqual({ v, expiresAt: 'u' })
    expect(withCurrentNames({ v, expiresAt: 'e' })).toEqual({ v, expiresAt: 'e' })
    expect(withCurrentNames({ v, type: 7 })).toEqual({ v, type: 7 })
  })
  test('version 3 has them', () =>
    expect(withCurrentNames({ v: 3, why: 'x', type: 'request.agreed' })).toEqual({ v: 3, why: 'x', type: 'request.agreed' }))
  test.each<[string, object]>([
    ['a type of today', { type: 'approval.given' }],
    ['a name of today', { justification: 'x' }],
    ['a name of today beside its old one', { why: 'x', justification: 'x' }],
    ['two names that are one today', { until: 'u', hardEnd: 'e' }],
    ['an old name beside the one of today', { until: 'u', expiresAt: 'e' }],
  ])('with %s it is refused', (_name, event) => expect(withCurrentNames({ v: 2, type: 'request.ended', ...event })).toBeUndefined())
})

test('the entry of an event has its type as it was written', () => {
  expect([currentType('request.agreed'), currentType('request.ended'), currentType('toString')]).toEqual([
    'approval.given',
    'request.ended',
    'toString',
  ])
  const given = (v: number) => ({ v, type: 'approval.given' })
  expect([isTypeOf('request.agreed', given(2)), isTypeOf('approval.given', given(2))]).toEqual([true, true])
  expect([isTypeOf('request.agreed', given(3)), isTypeOf('approval.given', given(3))]).toEqual([false, true])
  expect(isTypeOf('request.ended', given(2))).toBe(false)
})
