import { expect, test, vi } from 'vitest'
import { remembering } from './remembered.ts'

test('makes each key once, and starts anew beyond the most', () => {
  const remembered = remembering<string>(2)
  const make = vi.fn((key: string) => key.toUpperCase())
  const ask = (key: string) => remembered(key, () => make(key))
  expect(['a', 'b', 'a', 'b'].map(ask)).toEqual(['A', 'B', 'A', 'B'])
  expect(make).toHaveBeenCalledTimes(2)
  expect(['c', 'a', 'c'].map(ask)).toEqual(['C', 'A', 'C'])
  expect(make.mock.calls.map(([key]) => key)).toEqual(['a', 'b', 'c', 'a'])
})
test('what failed is tried again', () => {
  const remembered = remembering<number>(2)
  expect(() =>
    remembered('a', () => {
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(remembered('a', () => 1)).toBe(1)
})
