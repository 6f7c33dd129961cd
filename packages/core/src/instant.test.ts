import { expect, test } from 'vitest'
import { parseIso } from './instant.ts'

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
  ['0000-01-01T00:00:00Z', -62_167_219_200_000],
  ['0000-01-01T00:00:00+00:01', undefined],
  ['0000-01-01T00:00:00+01:00', undefined],
  ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ['9999-12-31T23:59:59-01:00', undefined],
])('parseIso reads %s as %s', (text, expected) => expect(parseIso(text)).toBe(expected))
