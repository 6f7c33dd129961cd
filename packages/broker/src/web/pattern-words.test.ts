import { describe, expect, test } from 'vitest'
import { patternWords } from './pattern-words.ts'

describe('a pattern in words', () => {
  test.each<[string, string | undefined]>([
    ['acme-[a-z0-9-]+-logs', 'It begins with `acme-`, has lower-case letters, digits and hyphens and ends with `-logs`.'],
    ['[a-z0-9-]{3,63}', 'It has 3 to 63 characters of lower-case letters, digits and hyphens.'],
    ['^[A-Za-z]{2,}$', 'It has at least 2 characters of letters.'],
    ['\\d{12}', 'It has 12 characters of digits.'],
    ['i-[0-9a-f]+', undefined],
    ['[\\w.]*', 'It has letters, digits and underscores and dots, or nothing.'],
    ['(?:dev|prod)-[a-z]+', 'It begins with `dev` or `prod`, has `-` and has lower-case letters.'],
    ['[a-z][a-z0-9]?', 'It has one character of lower-case letters and has at most one character of lower-case letters and digits.'],
    ['acme', 'It is `acme`.'],
    ['acme\\.example', 'It is `acme.example`.'],
    ['[+--]+', undefined],
    ['[^a]+', undefined],
    ['[.-9]+', undefined],
    ['(a|b)+', undefined],
    ['ab+', undefined],
    ['a|b', undefined],
    ['.*', undefined],
    ['[]', undefined],
    ['', undefined],
  ])('%s', (pattern, words) => expect(patternWords(pattern)).toBe(words))
})
