/** POSIX.1-2024, Shell Command Language, 2.2.2: within single quotes, only the quote is special. */
import { expect, test } from 'vitest'
import { exportCode, failCode, quoted, shellWord, unsetCode } from './shell.ts'

test.each([
  ['', "''"],
  ['plain', "'plain'"],
  ["it's", "'it'\\''s'"],
  ["''", "''\\'''\\'''"],
  ['$(id) `id` "x" \\ \n', `'$(id) \`id\` "x" \\ \n'`],
])('%j is quoted', (value, code) => expect(quoted(value)).toBe(code))

test.each([
  ['word', 'word'],
  ['a@b%c+d=e:f,g./h-i_1', 'a@b%c+d=e:f,g./h-i_1'],
  ['=word', "'=word'"],
  ['two words', "'two words'"],
  [' word', "' word'"],
  ['word ', "'word '"],
  ['word;', "'word;'"],
  ['$word', "'$word'"],
  ['a\nb', "'a\nb'"],
  ['', "''"],
])('%j as a word', (value, code) => expect(shellWord(value)).toBe(code))

test('code that exports, unsets and fails', () => {
  expect(exportCode({ A: '1', B: "it's" })).toBe("export A='1'\nexport B='it'\\''s'\n")
  expect(unsetCode(['A', 'B'])).toBe('unset A B\n')
  expect(failCode(3)).toBe('(exit 3)\n')
})
