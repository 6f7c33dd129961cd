import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../json.ts'
import { findClaim, fitsGlob, isGlob, matchesClaim } from './matcher.ts'
import type { Matcher } from './shape.ts'

describe('matchers', () => {
  test.each<[string, Matcher, Json | undefined, boolean]>([
    ['exact', 'a', 'a', true],
    ['exact, with regard to case', 'a', 'A', false],
    ['no trimming', 'a', 'a ', false],
    ['a number is not its text', '74', 74, false],
    ['true is not its text', true, 'true', false],
    ['an exact text does not match a list that holds it', 'a', ['a'], false],
    ['oneOf', { oneOf: ['a', 'b'] }, 'b', true],
    ['oneOf, none', { oneOf: ['a', 'b'] }, 'c', false],
    ['oneOf of several types', { oneOf: [7, 'a'] }, 'a', true],
    ['not, of oneOf of several types', { not: { oneOf: [7, 'a'] } }, 'b', true],
    ['includes', { includes: 'sre' }, ['dev', 'sre'], true],
    ['includes is no substring', { includes: 'sre' }, 'sre', false],
    ['includes, not there', { includes: 'sre' }, ['sre-admins'], false],
    ['glob: * stays within a segment', { glob: 'refs/tags/v*' }, 'refs/tags/v1.2', true],
    ['glob: * does not cross a slash', { glob: 'refs/tags/v*' }, 'refs/tags/v1/x', false],
    ['glob: ** does', { glob: 'refs/**' }, 'refs/tags/v1/x', true],
    ['glob is anchored in front', { glob: 'refs/*' }, 'x/refs/a', false],
    ['glob is anchored behind', { glob: '*.example' }, 'a.example.evil', false],
    ['glob: a dot is a dot', { glob: 'a.b' }, 'axb', false],
    ['glob on a list', { glob: '*' }, ['a'], false],
    ['cidr', { cidr: ['10.0.0.0/8'] }, '10.1.2.3', true],
    ['cidr, outside', { cidr: ['10.0.0.0/8'] }, '11.1.2.3', false],
    ['cidr, one of several', { cidr: ['11.0.0.0/8', '10.0.0.0/8'] }, '10.1.2.3', true],
    ['cidr, a list of addresses', { cidr: ['10.0.0.0/8'] }, ['10.1.2.3'], false],
    ['cidr, no address', { cidr: ['10.0.0.0/8'] }, 'ten', false],
    ['not', { not: 'a' }, 'b', true],
    ['not, on a match', { not: 'a' }, 'a', false],
    ['not, on a missing claim', { not: 'a' }, undefined, false],
    ['not, on null', { not: 'a' }, null, false],
    ['not of not, on a missing claim', { not: { not: 'a' } }, undefined, false],
    ['not, over a string where a list was meant', { not: { includes: 'contractors' } }, 'contractors', false],
    ['not, over a list where a string was meant', { not: 'contractor' }, ['contractor'], false],
    ['not, over the text of a truth', { not: true }, 'true', false],
    ['not, of a glob over a list', { not: { glob: 'refs/pull/**' } }, ['refs/pull/1'], false],
    ['not, of a cidr over what is no address', { not: { cidr: ['10.0.0.0/8'] } }, 'ten', false],
    ['not, of a cidr', { not: { cidr: ['10.0.0.0/8'] } }, '11.0.0.1', true],
    ['not, of oneOf of another type', { not: { oneOf: ['1', '2'] } }, 1, false],
    ['not of all, where one is known to fail', { not: { all: ['a', { includes: 'x' }] } }, 'b', true],
    ['not of all, where one cannot be judged', { not: { all: ['a', { includes: 'x' }] } }, 'a', false],
    ['not of any, where one cannot be judged', { not: { any: ['a', { includes: 'x' }] } }, 'b', false],
    ['any, where one fits and one cannot be judged', { any: ['a', { includes: 'x' }] }, 'a', true],
    ['all', { all: [{ glob: 'a*' }, { not: 'ab' }] }, 'ac', true],
    ['all, one fails', { all: [{ glob: 'a*' }, { not: 'ab' }] }, 'ab', false],
    ['any', { any: ['a', { glob: 'b*' }] }, 'bx', true],
    ['any, none', { any: ['a', 'b'] }, 'c', false],
    ['a missing claim', 'a', undefined, false],
  ])('%s', (_name, matcher, claim, expected) => expect(matchesClaim(matcher, claim)).toBe(expected))

  const anyMatcher: fc.Arbitrary<Matcher> = fc.letrec<{ m: Matcher }>((tie) => ({
    m: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.boolean(),
      fc.integer(),
      fc.record({ oneOf: fc.array(fc.string(), { minLength: 1 }) }),
      fc.record({ includes: fc.string() }),
      fc.constant({ glob: '**' }),
      fc.record({ not: tie('m') }),
      fc.record({ all: fc.array(tie('m'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ any: fc.array(tie('m'), { minLength: 1, maxLength: 3 }) }),
    ),
  })).m
  test('no matcher at all matches a missing claim', () => {
    fc.assert(fc.property(anyMatcher, (matcher) => !matchesClaim(matcher, undefined) && !matchesClaim(matcher, null)))
  })
  test('a glob without stars matches only itself', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !text.includes('*')),
        fc.string(),
        (text, other) => fitsGlob(text, text) && fitsGlob(text, other) === (text === other),
      ),
    )
  })
})

describe('globs', () => {
  const piece = fc.constantFrom('*', '**', 'a', 'b', '/', '.', '+', '(')
  const naive = (pattern: string) =>
    new RegExp(
      `^${pattern
        .split(/(\*\*|\*)/)
        .map((part) => (part === '**' ? '[^]*' : part === '*' ? '[^/]*' : part.replace(/[.+()]/g, '\\$&')))
        .join('')}$`,
    )
  test('match like a regular expression', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join('')),
        fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '+', '('), maxLength: 12 }),
        (pattern, text) => fitsGlob(pattern, text) === (isGlob(pattern) && naive(pattern).test(text)),
      ),
      { numRuns: 5000 },
    )
  })
  test.each([
    ['', false],
    ['a', true],
    ['a**', true],
    ['***', false],
  ])('%j is a glob: %s', (pattern, expected) => {
    expect(isGlob(pattern)).toBe(expected)
    expect(fitsGlob(pattern, pattern.replaceAll('*', ''))).toBe(expected)
  })
  test('a string built to slow a pattern down costs no more than any other', () => {
    // As a regular expression this takes longer than anybody waits.
    expect(fitsGlob(`${'*a'.repeat(20)}b`, 'a'.repeat(8000))).toBe(false)
  })
})

describe('claims by reference', () => {
  const claims = {
    groups: ['a'],
    'cognito:groups': ['b'],
    'a/b': 'slash',
    '~': 'tilde',
    realm_access: { roles: ['x', 'y'] },
    many: [...'abcdefghijklm'],
  }
  test.each([
    ['groups', ['a']],
    ['cognito:groups', ['b']],
    ['a/b', 'slash'],
    ['/a~1b', 'slash'],
    ['/~0', 'tilde'],
    ['/realm_access/roles/1', 'y'],
    ['/many/10', 'k'],
    ['/many/1x', undefined],
    ['/realm_access/roles/01', undefined],
    ['/realm_access/roles/length', undefined],
    ['/realm_access/none', undefined],
    ['/groups/0/x', undefined],
    ['constructor', undefined],
    ['/constructor/name', undefined],
    ['toString', undefined],
    ['__proto__', undefined],
  ])('%s', (ref, expected) => expect(findClaim(claims, ref)).toEqual(expected))
})
