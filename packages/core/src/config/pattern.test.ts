/** Patterns of parameters: the language of JavaScript's regular expressions, in time that no value can stretch. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePattern, samplePattern } from './pattern.ts'

const fits = (source: string, text: string): boolean => {
  const parsed = parsePattern(source)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.fits(text)
}
const faultOf = (source: string) => {
  const parsed = parsePattern(source)
  return parsed.ok ? 'ok' : parsed.fault
}

describe('a pattern', () => {
  test.each([
    ['acme-[a-z0-9-]+-logs', 'acme-web-logs', true],
    ['acme-[a-z0-9-]+-logs', 'acme--logs', false],
    ['acme-[a-z0-9-]+-logs', 'acme-web-logs!', false],
    ['a|b', 'a', true],
    ['a|b', 'ab', false],
    ['^a$|^b$', 'b', true],
    ['(a|b)*c', 'ababc', true],
    ['(?:a|b)*?c', 'ababc', true],
    ['(?<name>a)', 'a', true],
    ['a{2}', 'aa', true],
    ['a{2}', 'aaa', false],
    ['a{2,}', 'aaaa', true],
    ['a{0,2}b', 'aaab', false],
    ['()*', '', true],
    ['(a*)*', 'aaa', true],
    ['(a*)*b', 'aaa', false],
    ['', '', true],
    ['', 'a', false],
    ['a||b', '', true],
    ['\\d{4}-\\d\\d', '2026-01', true],
    ['[^\\W_]+', 'Aé', false],
    ['\\p{L}+', 'Aé', true],
    ['\\p{Lu}\\P{Lu}', 'Aé', true],
    ['\\x41\\u0042\\u{43}', 'ABC', true],
    ['[\\]\\\\[]+', ']\\[', true],
    ['\\u{1F600}|a', 'a', true],
    ['\\uD83D\\uDE00?a', 'a', true],
    ['😀*a', 'a', true],
    ['a\\b-\\Bb', 'a-b', false],
    ['a\\b-\\bb', 'a-b', true],
    ['.*', 'any thing/é', true],
    ['a^b', 'ab', false],
    // The largest count that is not refused.
    ['a{3997}', 'a'.repeat(3997), true],
  ])('%s and %j: %s', (source, text, expected) => expect(fits(source, text)).toBe(expected))

  test.each([
    ['(a', 'is not a valid regular expression'],
    ['a)|(?:b', 'is not a valid regular expression'],
    ['[z-a]', 'is not a valid regular expression'],
    ['a**', 'is not a valid regular expression'],
    ['(?=a)a', 'lookahead'],
    ['(?!a).', 'lookahead'],
    ['.(?<=a)', 'lookbehind'],
    ['.(?<!a)', 'lookbehind'],
    ['(a)\\1', 'backreference'],
    ['(?<n>a)\\k<n>', 'backreference'],
    ['(?i:a)', 'modifiers'],
    ['(?-i:a)', 'modifiers'],
    ['(a{1,100}){1,100}', '4000'],
    ['(((a{9}){9}){9}){9}', '4000'],
    ['(){1000000000}', '4000'],
    ['((){100000}){100000}', '4000'],
    ['a{4294967296}', '4000'],
    ['a{3998}', '4000'],
  ])('%s is refused', (source, fault) => expect(faultOf(source)).toContain(fault))

  test('is matched in steps that grow with the text, and not with the ways to read it', () => {
    for (const source of ['([a-z]+)+-logs', '[a-z0-9]+(-?[a-z0-9]+)*', '(a|a)*b', '(a|aa)+b', '(.*)*(.*)*(.*)*x', '(a?){200}a{200}b'])
      expect([source, fits(source, 'a'.repeat(512)), fits(source, `${'a'.repeat(511)}!`)]).toEqual([
        source,
        source === '[a-z0-9]+(-?[a-z0-9]+)*',
        false,
      ])
  })
})

test('matches like JavaScript for every pattern and string', () => {
  const atom = fc.constantFrom('a', 'b', '-', '.', '[ab]', '[^a]', '[a-c-]', '\\w', '\\D', '\\s', '\\/', '\\.', '\\p{L}', '\\x61', 'é')
  const anchor = fc.constantFrom('^', '$', '\\b', '\\B', '')
  const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{0}', '{1,}', '{0,2}', '{1,3}?', '{0,0}')
  const { pattern } = fc.letrec<{ pattern: string; branch: string; term: string }>((tie) => ({
    pattern: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|')),
    branch: fc.array(fc.oneof({ weight: 4, arbitrary: tie('term') }, anchor), { maxLength: 3 }).map((terms) => terms.join('')),
    term: fc
      .tuple(
        fc.oneof(
          { maxDepth: 2, depthSize: 'small', withCrossShrink: true },
          atom,
          tie('pattern').map((inner) => `(?:${inner})`),
          tie('pattern').map((inner) => `(${inner})`),
        ),
        quantifier,
      )
      .map(([inner, times]) => inner + times),
  }))
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', '.', ' ', '\n', 'é', '1'), maxLength: 5 })
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 10 }), (source, texts) => {
      const parsed = parsePattern(source)
      if (!parsed.ok) return expect(parsed.fault).toContain('4000')
      const theirs = new RegExp(`^(?:${source})$`, 'u')
      for (const one of texts) expect([source, one, parsed.fits(one)]).toEqual([source, one, theirs.test(one)])
    }),
    { numRuns: 1000 },
  )
})

test('a class or a single character matches what JavaScript matches, of all Latin-1', () => {
  const member = fc.constantFrom(...'abzAZ09_-:/@,.+= ', 'a-c', '0-9', 'A-Z', '+-.', '\\d', '\\-', 'é', '^', '*')
  const atom = fc.oneof(
    fc.array(member, { minLength: 1, maxLength: 5 }).map((members) => `[${members.join('')}]`),
    fc.constantFrom(...'aZ9_-:/@, =.é'),
  )
  fc.assert(
    fc.property(atom, (source) => {
      const parsed = parsePattern(source)
      // Such as a range whose end comes before its start.
      fc.pre(parsed.ok)
      const theirs = new RegExp(`^(?:${source})$`, 'u')
      const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
      expect([source, all.filter(parsed.fits)]).toEqual([source, all.filter((one) => theirs.test(one))])
    }),
    { numRuns: 2000 },
  )
})

describe('an example of a pattern', () => {
  test.each([
    ['acme-[a-z0-9-]+-logs', 'acme-a-logs'],
    ['[a-z]{3}', 'aaa'],
    ['(dev|staging)-\\d\\d', 'dev-00'],
    ['^[A-Z]\\w*$', 'A'],
    ['x?y+', 'y'],
    ['', ''],
    ['[^\\x00-\\xFF]', undefined],
    ['a\\bb', undefined],
    ['(a*)*[^\\x00-\\xFF]', undefined],
    ['([^\\x00-\\xFF]|aa)b', 'aab'],
    ['!', '!'],
    ['\\x01', '\u0001'],
    ['(?=x)', undefined],
  ])('%s: %s', (source, sample) => expect(samplePattern(source)).toBe(sample))

  test('fits whatever the pattern is', () => {
    const atom = fc.constantFrom('a', '[b-d]', '\\d', '(?:x|yz)', '.', '\\w{2}', 'q?', '[^a]')
    const pattern = fc.array(fc.tuple(atom, fc.constantFrom('', '+', '*', '{0,2}')), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(pattern, (parts) => {
        const source = parts.map(([one, count]) => `(?:${one})${count}`).join('')
        expect(fits(source, samplePattern(source) ?? 'none')).toBe(true)
      }),
    )
  })
})
