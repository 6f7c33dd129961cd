/** A page ends at its limit or at its size, and pages together have everything once. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { filledPage } from './paging.ts'

const ids = ['a', 'b', 'c', 'd']
const shown = (id: string) => (id === 'b' ? undefined : id.repeat(10))

test.each<[string, { cursor?: string; limit: number }, number, readonly string[], string | undefined]>([
  ['all of it', { limit: 9 }, 1000, ['a', 'c', 'd'], undefined],
  ['exactly the limit', { limit: 3 }, 1000, ['a', 'c', 'd'], undefined],
  ['up to the limit', { limit: 2 }, 1000, ['a', 'c'], 'c'],
  ['after a cursor', { cursor: 'a', limit: 9 }, 1000, ['c', 'd'], undefined],
  ['after a cursor that is gone', { cursor: 'bb', limit: 9 }, 1000, ['c', 'd'], undefined],
  ['after the last', { cursor: 'd', limit: 9 }, 1000, [], undefined],
  ['exactly the size', { limit: 9 }, 39, ['a', 'c', 'd'], undefined],
  ['up to the size', { limit: 9 }, 38, ['a', 'c'], 'c'],
  ['one that is too large alone', { limit: 9 }, 5, ['a'], 'a'],
])('%s', (_name, query, bytes, expected, last) => {
  expect(filledPage(ids, query, bytes, shown)).toEqual({ items: expected.map((id) => id.repeat(10)), last })
})

test('all pages together', () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 })),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 60 }),
      (some, limit, bytes) => {
        const sorted = some.toSorted()
        const all: string[] = []
        for (let cursor: string | undefined = ''; cursor !== undefined; ) {
          const page: ReturnType<typeof filledPage<string>> = filledPage(sorted, { cursor, limit }, bytes, (id) => id)
          all.push(...page.items)
          cursor = page.last
        }
        expect(all).toEqual(sorted)
      },
    ),
  ))
