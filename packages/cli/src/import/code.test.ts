/** Values as code: what is printed evaluates to the same value, whatever a source put into it. */
import { createContext, runInContext } from 'node:vm'
import { all, any, cidr, glob, includes, not, oneOf } from '@stint/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { code, quoted } from './code.ts'

const context = createContext({ all, any, cidr, glob, includes, not, oneOf })
const evaluated = (text: string): unknown => JSON.parse(JSON.stringify(runInContext(`(${text})`, context)))

test.each<[string, unknown, string]>([
  ['a string', 'a', "'a'"],
  ['an apostrophe', "it's", '"it\'s"'],
  ['both quotes', `'"`, `'\\'"'`],
  ['a line and a backslash', 'a\n\\', "'a\\u000a\\\\'"],
  ['what ends a comment or starts a template', '*/ ${x} `', "'*/ ${x} `'"],
  ['separators that JavaScript reads as lines', '\u2028', "'\\u2028'"],
  ['characters that change the direction of text', 'a\u202eb', "'a\\u202eb'"],
  ['helpers', { sub: { any: [{ glob: 'a/**' }, { oneOf: ['a', 'b'] }] } }, "{ sub: any(glob('a/**'), oneOf('a', 'b')) }"],
  ['names that need quotes', { 'a-b': 1, a: 2 }, "{ 'a-b': 1, a: 2 }"],
])('%s', (_name, value, expected) => {
  expect(code(value, new Set())).toBe(expected)
  expect(evaluated(expected)).toEqual(value)
})

test('every value evaluates to itself, and is printed as ASCII, letters and digits', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom("';process.exit()//", '`${1}`', '\\u0027', '*/', '__proto__', '</script>'),
  )
  const key = fc.oneof(text, fc.constantFrom('glob', 'not', 'oneOf'))
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, fc.nat(100), (given, indent) => {
      const printed = code(given, new Set(), new Map(), indent)
      expect(evaluated(printed)).toEqual(JSON.parse(JSON.stringify(given)))
      expect(printed).toMatch(/^[\n\x20-\x7E\p{L}\p{N}]*$/u)
    }),
    { numRuns: 400, seed: 20261128 },
  )
})

test('a line has at most 140 characters, unless one string is longer', () => {
  const list = Array.from({ length: 60 }, (_, index) => ({
    Effect: 'Allow',
    Action: ['s3:GetObject', `s3:Action${index}`],
    Resource: `arn:aws:s3:::bucket-${index}/*`,
  }))
  for (const line of code({ policy: list, accounts: list.map((_item, index) => String(310_000_000_000 + index)) }, new Set()).split('\n'))
    expect(line.length).toBeLessThanOrEqual(140)
})

test('quoted strings cannot be left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => void expect(evaluated(quoted(text))).toBe(text)),
    { numRuns: 500, seed: 1 },
  )
})
