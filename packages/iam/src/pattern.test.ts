/** Patterns against texts that were chosen to be slow: a session policy may be written by the caller. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contextOf } from './context.ts'
import { compile, covers, matches } from './pattern.ts'

const context = contextOf({ 'aws:PrincipalTag/team': 'red', a: 'x' })
const options = { context, variables: true, wildcards: true }

/** How AWS describes a variable with a default: "IAM policy elements: Variables and tags", as a regular expression. */
function described(text: string): string | undefined {
  let known = true
  const filled = text.replaceAll(/\$\{([^}]*)\}/g, (_whole, expression: string) => {
    if (['*', '?', '$'].includes(expression)) return expression
    const [, key = '', fallback] = /^([^,]*?)\s*(?:,\s*'([^']*)')?\s*$/.exec(expression) ?? []
    const [value] = context.get(key) ?? [fallback]
    if (value === undefined) known = false
    return value ?? ''
  })
  return known ? filled : undefined
}

test.each<[string, string, boolean]>([
  ['', '', true],
  ['', 'a', false],
  ['a', '', false],
  ['*', '', true],
  ['**', '', true],
  ['**', 'a', true],
  ['*', 'a*?b', true],
  ['a', 'a', true],
  ['a', 'b', false],
  ['a', 'aa', false],
  ['?', 'a', true],
  ['?', '?', true],
  ['a', '?', false],
  ['?', '*', false],
  ['?*', '*', false],
  ['?*', 'a*', true],
  ['*a', 'ba', true],
  ['*a', 'ab', false],
  ['a*', 'ba', false],
  ['a*b', 'a*b', true],
  ['a*b', 'ab', true],
  ['a*b', 'axbxb', true],
  ['a*b', 'axbx', false],
  ['a*b*', 'a?b', true],
  // Nothing is known about the value of a variable.
  ['*', '${aws:userid}', false],
  ['${aws:userid}', 'a', false],
])('%s covers %s: %s', (wide, narrow, expected) => expect(covers(wide, narrow)).toBe(expected))

test.each<[string, string, boolean]>([
  ['', '', true],
  ['', 'a', false],
  ['a', '', false],
  ['*', '', true],
  ['a*', 'a', true],
  ['a**', 'a', true],
  ['?', 'a', true],
  ['?', '', false],
  ['?', '😀', true],
  ['a?', 'a', false],
  ['*a', 'aba', true],
  ['*ab', 'aab', true],
  ['a*b*c', 'axbxbc', true],
  ['a*b*c', 'axbxbcx', false],
  ['*a*', 'bbb', false],
  ['b', 'ab', false],
])('%s matches %s: %s', (pattern, text, expected) => expect(matches(compile(pattern, options) ?? [], text)).toBe(expected))

test('variables are read as AWS describes them', () => {
  const piece = fc.constantFrom(
    '${',
    '}',
    'a',
    'b',
    ',',
    "'",
    ' ',
    '\t',
    '*',
    '?',
    '$',
    '{',
    "${a, 'z'}",
    "${b ,\t'z' }",
    "${a ,'z'}",
    "${,'z'}",
    "${b,'z'b}",
    "${b,'zz'}",
    '${a}',
    '${*}',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('')
      const tokens = compile(text, { ...options, wildcards: false })
      expect([text, tokens?.join('')]).toEqual([text, described(text)])
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['variables that are opened and never closed', '${'.repeat(50_000)],
  ['a variable of spaces', `\${${' '.repeat(50_000)}x'}`],
  ['a default of spaces', `\${a,${' '.repeat(50_000)}x}`],
])('%s are read in one pass', (_name, text) => {
  expect(compile(text, options)?.length ?? 0).toBe(text.endsWith('}') ? 0 : text.length)
})

test('many wildcards are matched in at most pattern × text steps', () => {
  const stars = '*a'.repeat(200)
  expect(matches(compile(`${stars}b`, options) ?? [], 'a'.repeat(800))).toBe(false)
  expect(matches(compile(stars, options) ?? [], 'a'.repeat(800))).toBe(true)
  expect(covers(`${stars}b`, 'a'.repeat(800))).toBe(false)
  expect(covers(stars, `${stars}*?*a`)).toBe(true)
})
