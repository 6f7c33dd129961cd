import fc from 'fast-check'
import { expect, test } from 'vitest'
import { durationSeconds, formatDuration, parseDuration } from './duration.ts'

test.each([
  ['15m', 900],
  ['1h30m', 5400],
  ['90s', 90],
  ['1d', 86_400],
  ['0s', 0],
  ['900', undefined],
  ['', undefined],
  ['1 h', undefined],
  ['30m1h', undefined],
  ['1h1h', undefined],
  ['-5m', undefined],
  ['1.5h', undefined],
  ['1H', undefined],
  ['1 fortnight', undefined],
  ['15min', undefined],
  ['15m\n', undefined],
])('%j is %s seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds))

test('what is formatted is parsed back', () => {
  fc.assert(fc.property(fc.nat(10_000_000), (seconds) => parseDuration(formatDuration(seconds)) === seconds))
})

test('a string that the config check would have refused is a bug', () => {
  expect(durationSeconds('15m')).toBe(900)
  expect(() => durationSeconds('15')).toThrow("'15' is not a duration")
})
