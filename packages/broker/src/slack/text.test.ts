/** What people write, shown to others: nothing of it is markup, mention, link or a turn of direction. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, inLine, mrkdwn, notice, plain, safe } from './text.ts'

test.each([
  ['a mention of all', '<!channel> <!here> <!everyone>', '&lt;!channel&gt; &lt;!here&gt; &lt;!everyone&gt;'],
  ['a mention of one', '<@U0001>', '&lt;@U0001&gt;'],
  ['a link with another name', '<https://evil.example|approve>', '&lt;https://evil.example|approve&gt;'],
  ['an escape of one’s own', '&lt;!channel&gt;', '&amp;lt;!channel&amp;gt;'],
  ['a date', '<!date^1392734382^{date}|x>', '&lt;!date^1392734382^{date}|x&gt;'],
])('%s is words', (_name, text, expected) => expect(notice(text)).toBe(expected))

test.each([
  ['an override', 'gnp.\u202Eexe', 'gnp.exe'],
  ['isolates of one’s own', 'a\u2067b\u2069c', 'abc'],
  ['what has no width', 'ad\u200Bmin\uFEFF', 'admin'],
  ['a line separator', 'a\u2028b', 'ab'],
  ['controls but line feeds and tabs', 'a\u0000\u0007b\n\tc', 'ab\n\tc'],
  ['half a character', 'a\uD800b', 'a\uFFFDb'],
])('%s does nothing', (_name, text, expected) => expect(safe(text)).toBe(expected))

test('a text from right to left is shown so, and turns nothing around it', () => {
  expect(safe('שלום')).toBe('\u2068שלום\u2069')
  expect(safe('مرحبا INC-1')).toBe('\u2068مرحبا INC-1\u2069')
})

describe('lengths are Slack’s', () => {
  test('a justification of 3,000 characters and one more', () => {
    expect(plain('x'.repeat(3000)).text).toHaveLength(3000)
    expect(plain('x'.repeat(3001)).text).toBe(`${'x'.repeat(2999)}…`)
  })
  test('no character is cut in two', () => {
    expect(cut('👩‍🚀'.repeat(10), 6)).toMatch(/^[^\uD800-\uDFFF]*(?:[\uD800-\uDBFF][\uDC00-\uDFFF][^\uD800-\uDFFF]*)*…$/)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 2, max: 40 }), (text, longest) => {
        const short = cut(text, longest)
        return short.length <= longest && short.isWellFormed()
      }),
    )
  })
  test('an empty text would be no block', () => expect(plain('').text).toBe(' '))
  test('nothing of mrkdwn is longer than a block takes', () => expect(mrkdwn('x'.repeat(4000)).text).toHaveLength(3000))
})

test('no text makes a mention, a link or a style, and none grows over its length', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('<', '>', '&', '!', '@', '|', 'h', 'a', ';', 'l', 't', '*', '_', '`', '~'), maxLength: 400 }),
      fc.integer({ min: 10, max: 300 }),
      (text, longest) => !/[<>*_`~]|&(?!amp;|lt;|gt;)/.test(notice(text, longest)) && notice(text, longest).length <= longest,
    ),
  )
})

test('what stands in a line begins no other', () => {
  expect(inLine(' Dana\n\n*Risk*\r\n\tlow: reads\u2028 ')).toBe('Dana *Risk* low: reads')
})
