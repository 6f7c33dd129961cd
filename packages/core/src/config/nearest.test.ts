import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

test.each<[string, readonly string[], string | undefined]>([
  ['region', ['regions', 'reason', 'region'], 'region'],
  ['regin', ['reason', 'region'], 'region'],
  ['regionss', ['region'], 'region'],
  ['reg', ['region'], undefined],
  ['rexxon', ['region'], 'region'],
  ['rexxxn', ['region'], undefined],
  ['xxregion', ['region'], 'region'],
  ['xxxregion', ['region'], undefined],
  ['ba', ['ab'], 'ab'],
  ['', ['ab'], 'ab'],
  ['', ['abc'], undefined],
  ['ab', [''], ''],
  ['a', [], undefined],
  // The first of two that are equally close.
  ['b', ['a', 'c'], 'a'],
])('%j among %j: %j', (name, names, expected) => expect(nearest(name, names)).toBe(expected))
