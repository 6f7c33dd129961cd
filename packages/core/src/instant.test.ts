import { expect, test } from 'vitest'
import { instantOf, isTimeZone, localTime, parseHttpDate, parseIso, toDay } from './instant.ts'

test.each<[string, number | undefined]>([
  ['2026-03-02T00:00:00Z', 1_772_409_600_000],
  ['2026-03-02T01:00:00.5+01:00', 1_772_409_600_500],
  ['2026-02-30T00:00:00Z', undefined],
  ['2026-02-29T00:00:00+01:00', undefined],
  ['2026-03-02T24:00:00Z', undefined],
  ['2026-03-02T00:00:00+25:00', undefined],
  ['2026-03-02T00:00:00', undefined],
  ['2026-03-02', undefined],
  ['2026-03-02T00:00Z', undefined],
  ['x2026-03-02T00:00:00Z', undefined],
  ['2026-03-02T00:00:00Zx', undefined],
  ['2026-03-02T00:00:00.123456Z', 1_772_409_600_123],
  ['0000-01-01T00:00:00Z', -62_167_219_200_000],
  ['0000-01-01T00:00:00+00:01', undefined],
  ['0000-01-01T00:00:00+01:00', undefined],
  ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ['9999-12-31T23:59:59-01:00', undefined],
])('parseIso reads %s as %s', (text, expected) => expect(parseIso(text)).toBe(expected))

test.each([
  ['Mon, 02 Mar 2026 00:00:00 GMT', 1_772_409_600_000],
  ['Sun, 02 Mar 2026 00:00:00 GMT', undefined],
  ['Monday, 02-Mar-26 00:00:00 GMT', undefined],
  ['2026-03-02T00:00:00Z', undefined],
  ['never', undefined],
])('the HTTP date %j is %s', (text, at) => expect(parseHttpDate(text)).toBe(at))

test.each([
  ['2026-03-02T00:00:00.000Z', 1_772_409_600_000],
  ['never', 0],
  [1_772_409_600_000, 0],
  [undefined, 0],
])('an instant of an event, %j, is %s', (text, at) => expect(instantOf(text)).toBe(at))

test('a day, and the local time', () => {
  const at = 1_772_409_600_000
  expect(toDay(at)).toBe('2026-03-02')
  expect(localTime(at, 'UTC')).toEqual({ day: 'mon', time: '00:00' })
  expect(localTime(at, 'America/New_York')).toEqual({ day: 'sun', time: '19:00' })
  expect(['Europe/Berlin', 'UTC', 'Nowhere/City', ''].map(isTimeZone)).toEqual([true, true, false, false])
})
