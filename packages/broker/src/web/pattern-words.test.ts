import { describe, expect, test } from 'vitest'
import { patternWords } from './pattern-words.ts'

describe('a pattern in words', () => {
  test.each<[string, string | undefined]>([
    ['acme-[a-z0-9-]+-logs', 'It begins with `acme-`, has lower-case letters, digits and hyphens and ends with `-logs`.'],
    ['[a-z0-9-]{3,63}', 'It has 3 to 63 characters (lower-case letters, digits and hyphens).'],
    ['^[A-Za-z]{2,}$', 'It has at least 2 characters (letters).'],
    ['\\d{12}', 'It has 12 characters (digits).'],
    ['i-[0-9a-f]+', undefined],
    ['[\\w.]*', 'It has optional letters, digits and underscores and dots.'],
    ['(?:dev|prod)-[a-z]+', 'It begins with `dev` or `prod`, has `-` and has lower-case letters.'],
    ['[a-z][a-z0-9]?', 'It has one character (lower-case letters) and has at most one character (lower-case letters and digits).'],
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
