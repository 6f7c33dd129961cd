/** Dates as IAM's conditions and RFC 3339 write them: each names one instant, the same on every machine. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDate } from './date.ts'

test.each<[string, string | undefined]>([
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
  ['2026-01-02T03:04:05.6789Z', '2026-01-02T03:04:05.678Z'],
  ['2026-01-02T03:04:05.6Z', '2026-01-02T03:04:05.600Z'],
  ['2026-01-02T03:04:05+01:30', '2026-01-02T01:34:05.000Z'],
  ['2026-01-02T03:04:05-01:30', '2026-01-02T04:34:05.000Z'],
  ['2026-01-02T03:04:05+23:59', '2026-01-01T03:05:05.000Z'],
  ['2026-01-02T03:04:05-00:00', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02T03:04Z', '2026-01-02T03:04:00.000Z'],
  ['2026-01-02', '2026-01-02T00:00:00.000Z'],
  ['2026-01', '2026-01-01T00:00:00.000Z'],
  ['2026', '2026-01-01T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['0001-01-01', '0001-01-01T00:00:00.000Z'],
  ['2026-02-29', undefined],
  ['2026-02-30', undefined],
  ['2026-02-30T00:00:00Z', undefined],
  ['2026-04-31', undefined],
  ['2026-00-01', undefined],
  ['2026-13-01', undefined],
  ['2026-01-00', undefined],
  ['2026-12-99', undefined],
  ['2026-01-02T24:00:00Z', undefined],
  ['2026-01-02T03:60:00Z', undefined],
  ['2026-01-02T03:04:60Z', undefined],
  ['2026-01-02T03:04:05', undefined],
  ['2026-01-02T03:04', undefined],
  ['2026-01-02 03:04:05Z', undefined],
  ['2026-01-02T03:04:05+24:00', undefined],
  ['2026-01-02T03:04:05+01:60', undefined],
  ['2026-1-2', undefined],
  ['20260102', undefined],
  ['2026-01-02T03:04:05z', undefined],
  ['Jan 2 2026', undefined],
  ['2026 Jan 2', undefined],
  ['', undefined],
])('%s is %s', (text, expected) => {
  const at = parseDate(text)
  expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(expected)
})

test('every instant of four-digit years is read back', () => {
  const instant = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  fc.assert(
    fc.property(instant, (date) => {
      expect(parseDate(date.toISOString())).toBe(date.getTime())
    }),
  )
})
