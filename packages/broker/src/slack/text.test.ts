/** What people write, shown to others: nothing of it is markup, mention, link or a turn of direction. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escaped, inLine, mrkdwn, notice, plain, safe } from './text.ts'

test.each([
  ['a mention of all', '<!channel> <!here> <!everyone>', '&lt;!channel&gt; &lt;!here&gt; &lt;!everyone&gt;'],
  ['a mention of one', '<@U0001>', '&lt;@U0001&gt;'],
  ['a link with another name', '<https://evil.example|approve>', '&lt;https://evil.example|approve&gt;'],
  ['an escape of one’s own', '&lt;!channel&gt;', '&amp;lt;!channel&amp;gt;'],
  ['a date', '<!date^1392734382^{date}|x>', '&lt;!date^1392734382^{date}|x&gt;'],
  ['an override', 'gnp.\u202Eexe', 'gnp.‹U+202E›exe'],
  ['a line of its own', 'ok\n*Risk*', 'ok ∗Risk∗'],
  ['an identity with an underscore', 'gh.acme_prod', 'gh.acme＿prod'],
  ['an identity without it', 'gh.acmeprod', 'gh.acmeprod'],
  ['an identity of other styles', 'gh.~acme*`prod`', 'gh.∼acme∗ˋprodˋ'],
])('%s is words', (_name, text, expected) => expect(notice(text)).toBe(expected))

test('a text of several lines and an address are escaped, and stay what they are', () =>
  expect(escaped('see <https://stint.acme.example/decide/req_1>\n& so on')).toBe(
    'see &lt;https://stint.acme.example/decide/req_1&gt;\n&amp; so on',
  ))

test.each([
  ['an override', 'gnp.\u202Eexe', 'gnp.‹U+202E›exe'],
  ['isolates of one’s own', 'a\u2067b\u2069c', 'a‹U+2067›b‹U+2069›c'],
  ['an end of an isolate that is ours', 'Dana\u2069 (\u202E', 'Dana‹U+2069› (‹U+202E›'],
  ['a beginning that would take ours in', 'a\u2068b', 'a‹U+2068›b'],
  ['what has no width', 'ad\u200Bmin\uFEFF', 'ad‹U+200B›min‹U+FEFF›'],
  ['controls but line feeds and tabs', 'a\u0000\u0007b\n\tc', 'a‹U+0000›‹U+0007›b\n\tc'],
  ['half a character', 'a\uD800b', 'a‹U+D800›b'],
])('%s is seen, and does nothing', (_name, text, expected) => expect(safe(text)).toBe(expected))

test('a text from right to left is shown so, and turns nothing around it', () => {
  expect(safe('שלום')).toBe('\u2068שלום\u2069')
  expect(safe('مرحبا INC-1')).toBe('\u2068مرحبا INC-1\u2069')
})
test('a part that is isolated stays so in a line of ours', () => {
  const line = `${inLine('שלום')} (acme.1) approved: ${inLine('مرحبا \u202E')}`
  expect(plain(line).text).toBe('\u2068שלום\u2069 (acme.1) approved: \u2068مرحبا ‹U+202E›\u2069')
  expect(notice(line)).toBe('\u2068שלום\u2069 (acme.1) approved: \u2068مرحبا ‹U+202E›\u2069')
})

describe('lengths are Slack’s', () => {
  test('a justification of 3,000 characters and one more', () => {
    expect(plain('x'.repeat(3000)).text).toHaveLength(3000)
    expect(plain('x'.repeat(3001)).text).toBe(`${'x'.repeat(2999)}…`)
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
  expect(inLine(' Dana\n\n*Risk*\r\n\tlow: reads\u2028 ')).toBe('Dana ⏎ *Risk* ⏎ low: reads‹U+2028›')
})
