/** Values that fit a pattern, found without trying texts at random. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePattern } from './pattern.ts'
import { samplesOf } from './sample.ts'

test.each<[pattern: string, max: number, sample: string | undefined]>([
  ['.*', 200, 'a'],
  ['[0-9]{12}', 12, '111122223333'],
  ['\\d{4}-\\d\\d-\\d\\d', 10, '2026-01-01'],
  ['\\d{4}/\\d\\d/\\d\\d', 10, '1111/11/11'],
  ['[0-9./]+', 20, '111122223333'],
  ['team-[a-z]{3}', 20, 'team-aaa'],
  ['(prod|staging)', 20, 'prod'],
  ['x*', 5, 'x'],
  ['', 5, ''],
  ['\\bfoo\\b', 5, 'foo'],
  ['^a$', 5, 'a'],
  ['[a-z]{300}', 300, 'a'.repeat(300)],
  ['[a-z]{10}', 9, undefined],
  ['é+', 9, 'é'],
  ['[^ -~]', 9, '\u00a0'],
  ['\\*', 9, undefined],
  ['(a*)*b', 5, 'b'],
])('%s: %j', (pattern, max, sample) => {
  const samples = samplesOf({ pattern, max })
  if (sample === undefined) expect(samples).toEqual([])
  else expect(samples).toContain(sample)
})

test('common values come first, and the empty text last', () => {
  expect(samplesOf({ pattern: '.*', max: 200 }).slice(0, 12)).toEqual([
    ...['a', '111122223333', 'eu-central-1', '10.0.0.0/8', '10.0.0.1', '2026-01-01T00:00:00Z', '2026-01-01', '1', 'true', 's3', 'aws'],
    'arn:aws:iam::111122223333:role/a',
  ])
  expect(samplesOf({ pattern: 'x?', max: 5 })).toEqual(['x', ''])
})

test.each([
  ['.*', 3],
  ['[a-z]{1,2}|.*', 200],
  // Twenty ways to end after one character.
  [[...'abcdefghijklmnopqrst'].map((one) => `${one}+`).join('|'), 1],
  ['(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s)x?', 2],
])('%s of at most %i characters has at most 16 samples, none too long', (pattern, max) => {
  const samples = samplesOf({ pattern, max })
  expect(samples.length).toBeLessThanOrEqual(16)
  expect(samples.filter((sample) => sample.length > max)).toEqual([])
})

test('there is one sample for each way of ending, however it is reached', () =>
  expect(samplesOf({ pattern: 'a|[ab]', max: 5 })).toEqual(['a']))

test('a pattern that is refused has no samples', () => expect(samplesOf({ pattern: '(', max: 9 })).toEqual([]))

test('every sample fits its pattern', () => {
  const piece = fc.constantFrom('a', '[a-f]', '\\d', '.', '(b|cd)', '\\w', '-', '[^a]', '\\b', '^', '$')
  const count = fc.constantFrom('', '*', '+', '?', '{3}', '{1,4}')
  const pattern = fc
    .array(fc.tuple(piece, count), { maxLength: 5 })
    .map((parts) => parts.map(([one, times]) => (/[\^$b]$/.test(one) ? one : one + times)).join(''))
  fc.assert(
    fc.property(pattern, (source) => {
      const parsed = parsePattern(source)
      if (!parsed.ok) return
      for (const sample of samplesOf({ pattern: source, max: 20 }))
        expect([source, sample, parsed.fits(sample)]).toEqual([source, sample, true])
    }),
    { numRuns: 500 },
  )
})
