/** Foreign text, as every surface shows it: nothing hidden stays hidden, and nothing readable changes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, isolated, shownLine, shownText, visibleJson } from './shown-text.ts'
import { hiddenIn } from './testing/hidden.ts'

describe('hidden characters become marks', () => {
  test.each([
    ['an override', 'gnp.\u202Eexe', 'gnp.‹U+202E›exe'],
    ['every embedding and override', '\u202A\u202B\u202C\u202D\u202E', '‹U+202A›‹U+202B›‹U+202C›‹U+202D›‹U+202E›'],
    ['isolates', 'a\u2066\u2067b\u2068c\u2069', 'a‹U+2066›‹U+2067›b‹U+2068›c‹U+2069›'],
    ['marks of direction', 'a\u200E\u200F\u061Cb', 'a‹U+200E›‹U+200F›‹U+061C›b'],
    ['zero-width characters', 'ad\u200Bm\u200Ci\u200Dn\u2060\uFEFF', 'ad‹U+200B›m‹U+200C›i‹U+200D›n‹U+2060›‹U+FEFF›'],
    ['a soft hyphen', 'ad\u00ADmin', 'ad‹U+00AD›min'],
    ['a joiner of graphemes', 'a\u034Fb', 'a‹U+034F›b'],
    ['blanks that are letters', 'a\u3164b\u115F\u2800c', 'a‹U+3164›b‹U+115F›‹U+2800›c'],
    ['a terminal’s colour', 'a\u001B[31mb', 'a‹U+001B›[31mb'],
    ['a terminal’s title', '\u001B]0;owned\u0007', '‹U+001B›]0;owned‹U+0007›'],
    ['C1 controls', 'a\u009B2Jb\u0085c', 'a‹U+009B›2Jb‹U+0085›c'],
    ['a backspace and a bell', 'ab\b\u0007\u007F', 'ab‹U+0008›‹U+0007›‹U+007F›'],
    ['separators', 'a\u2028b\u2029c', 'a‹U+2028›b‹U+2029›c'],
    ['a variation selector on a letter', 'a\uFE0Fb\u{E0100}', 'a‹U+FE0F›b‹U+E0100›'],
    ['tags', 'a\u{E0041}\u{E0001}b', 'a‹U+E0041›‹U+E0001›b'],
    ['half a character', 'a\uD800b\uDC00', 'a‹U+D800›b‹U+DC00›'],
    ['private and unassigned code points', 'a\uE000\uFFFF', 'a‹U+E000›‹U+FFFF›'],
    ['a run of one', `a${'\u200B'.repeat(12)}b`, 'a‹U+200B ×12›b'],
    ['a carriage return, which would write over the line', 'ok\rno', 'ok‹U+000D›no'],
    ['a flood of marks', `z${'\u0351'.repeat(40)}y`, `z${'\u0351'.repeat(4)}‹36 marks›y`],
    ['a mark that would sit on our own character', '\u0338x', '◌\u0338x'],
  ])('%s', (_name, text, expected) => {
    expect(shownText(text)).toBe(expected)
    expect(shownLine(text)).toBe(expected)
  })
})

describe('visible text stays as it is', () => {
  test.each([
    ['letters of every script', 'Zoë Škoda Дана 山田 ดานา שלום مرحبا Nguyễn'],
    ['accents as marks of their own', 'Nguye\u0302\u0303n'],
    ['emoji and their joiners', 'Dana 🏖️ 👩‍🚀 ❤️ 🇩🇪 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['markup, which is each surface’s own to escape', '<b>&*_`<!channel>='],
  ])('%s', (_name, text) => {
    expect(shownText(text)).toBe(text)
    expect(shownLine(text)).toBe(text)
  })
})

describe('lines', () => {
  test('text keeps its lines and tabs', () => expect(shownText('a\r\nb\n\tc')).toBe('a\nb\n\tc'))
  test('a line has no other, and says where there was one', () =>
    expect(shownLine(' Dana\n\n*Risk*\r\n\tlow:   reads\u2028 ')).toBe('Dana ⏎ *Risk* ⏎ low: reads‹U+2028›'))
  test('blank space of any kind is one space', () => expect(shownLine('a\u00A0\u3000\u2003 b')).toBe('a b'))
  test('empty lines push nothing out of sight', () => expect(shownText(`a${'\n'.repeat(99)}b`)).toBe('a\n\n‹98 empty lines›\nb'))
  test('in each place', () =>
    expect(shownText(`a${'\n'.repeat(99)}b${'\n'.repeat(99)}c`)).toBe('a\n\n‹98 empty lines›\nb\n\n‹98 empty lines›\nc'))
  test('two empty lines stay', () => expect(shownText('a\n\n\nb')).toBe('a\n\n\nb'))
})

describe('length', () => {
  test.each<[string, number, string]>([
    ['x'.repeat(3000), 3000, 'x'.repeat(3000)],
    ['x'.repeat(3001), 3000, `${'x'.repeat(2999)}…`],
    ['👩👩👩', 4, '👩…'],
    ['\u0000'.repeat(100_000), 300, '‹U+0000 ×2408›…'],
  ])('%#: is bounded, and says that it was cut', (text, longest, expected) => expect(shownText(text, longest)).toBe(expected))
  test('no character is cut in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 2, max: 40 }), (text, longest) => {
        const short = cut(text, longest)
        return short.length <= longest && short.isWellFormed()
      }),
    )
  })
})

const anything = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 1 }),
    fc.constantFrom('\u202E', '\u2066', '\u2069', '\u001B', '\u009B', '\uD800', '\u0351', '\n', '\r', '\uFE0F', '👩', '\u200D', '🚀'),
  ),
  maxLength: 200,
})

test('whatever is written, nothing hidden is left, lengths hold, and what was shown is shown the same again', () => {
  fc.assert(
    fc.property(anything, fc.integer({ min: 5, max: 500 }), (text, longest) => {
      const [many, one] = [shownText(text, longest), shownLine(text, longest)]
      for (const shown of [many, one]) {
        expect(hiddenIn(shown)).toEqual([])
        expect(shown.isWellFormed() && shown.length <= longest).toBe(true)
      }
      expect(one).not.toMatch(/[\n\t]/)
    }),
    { numRuns: 500 },
  )
})

test('right-to-left text does not reorder the text around it', () => {
  expect(isolated('שלום')).toBe('\u2068שלום\u2069')
  expect(isolated('مرحبا INC-1')).toBe('\u2068مرحبا INC-1\u2069')
  expect(isolated('\u{1E900}')).toBe('\u2068\u{1E900}\u2069')
  expect(isolated('Dana')).toBe('Dana')
})

test('JSON keeps its data, and hides nothing', () => {
  const value = { name: 'a\u202Eb\u009B\u2028\u{E0041}\n', list: ['שלום', '\uD800'] }
  const json = visibleJson(value, 2)
  expect(JSON.parse(json)).toEqual(value)
  expect(json).toContain('a\\u202eb\\u009b\\u2028\\udb40\\udc41\\n')
  expect(json.split('\n').length).toBe(7)
  expect(json).toContain('שלום')
})

test('white space inside a long line costs no more than other text', () => {
  const line = (middle: string) => `a${middle.repeat(400_000)}b`
  const cost = (text: string): number => {
    const before = process.cpuUsage().user
    shownLine(text, Number.POSITIVE_INFINITY)
    return process.cpuUsage().user - before
  }
  // Quadratic time was 100,000 times that of other text.
  expect(cost(line(' ')) / Math.max(1000, cost(line('x')))).toBeLessThan(200)
  expect(shownLine(`  a \n b\t`)).toBe('a ⏎ b')
})
