import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, isCanonicalJson, own, parseForeignJson, parseKeepingDigits } from './json.ts'

const parse = (text: string) =>
  parseForeignJson(Buffer.from(text, 'latin1').every((byte) => byte < 128) ? Buffer.from(text) : Buffer.from(text, 'utf8'))
const faultOf = (text: string) => {
  const parsed = parse(text)
  return parsed.ok ? 'ok' : parsed.fault
}

describe('parseForeignJson', () => {
  test.each([
    ['an object', '{"a":1}', 'ok'],
    ['the same name in two objects', '[{"a":1},{"a":2}]', 'ok'],
    ['a name that is also a value', '{"a":"a","b":["a","a"]}', 'ok'],
    ['a brace in a string', '{"a":"{\\"a\\":1","b":1}', 'ok'],
    ['16 levels', '['.repeat(16) + ']'.repeat(16), 'ok'],
    ['17 levels', '['.repeat(17) + ']'.repeat(17), 'too-deep'],
    ['a duplicate', '{"a":1,"a":2}', 'duplicate-member'],
    ['a duplicate written another way', '{"a":1,"\\u0061":2}', 'duplicate-member'],
    ['a duplicate after a nested object', '{"a":{"b":1},"a":2}', 'duplicate-member'],
    ['a duplicate after a list', '{"a":[1,2],"b":0,"a":2}', 'duplicate-member'],
    ['__proto__', '{"__proto__":{"admin":true}}', 'forbidden-member'],
    ['__proto__ written another way', '{"\\u005f_proto__":1}', 'forbidden-member'],
    ['a lone surrogate in a value', '{"a":"\\ud800"}', 'lone-surrogate'],
    ['a lone surrogate in a name', '{"\\udc00":1}', 'lone-surrogate'],
    ['a pair of surrogates', '{"a":"\\ud83d\\ude00"}', 'ok'],
    ['a trailing comma', '{"a":1,}', 'not-json'],
    ['a comment', '{/**/}', 'not-json'],
    ['NaN', '{"a":NaN}', 'not-json'],
    ['nothing', '', 'not-json'],
    ['two values', '{}{}', 'not-json'],
  ])('%s', (_name, text, fault) => expect(faultOf(text)).toBe(fault))

  test('bytes that are not UTF-8, or begin with a byte order mark', () => {
    expect(parseForeignJson(Uint8Array.of(0x22, 0xff, 0x22))).toEqual({ ok: false, fault: 'not-utf8' })
    expect(parseForeignJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toEqual({ ok: false, fault: 'not-json' })
  })

  test('whatever JSON.stringify writes is read back', () => {
    const unsafe = (value: unknown): boolean =>
      typeof value === 'number'
        ? Math.abs(value) > Number.MAX_SAFE_INTEGER
        : typeof value === 'object' && value !== null && Object.values(value).some(unsafe)
    const json = fc
      .jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })
      .filter((value) => !JSON.stringify(value).includes('__proto__') && !unsafe(value))
    fc.assert(
      fc.property(json, (value) => {
        expect(parseForeignJson(Buffer.from(JSON.stringify(value)))).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) })
      }),
    )
  })
})

test('own finds no inherited property', () => {
  expect([own({ a: 1 }, 'a'), own({} as Record<string, unknown>, 'constructor'), own({} as Record<string, unknown>, 'toString')]).toEqual([
    1,
    undefined,
    undefined,
  ])
})

describe('numbers that a double cannot hold', () => {
  test.each([
    ['the largest safe integer', '9007199254740991', 'ok'],
    ['the smallest safe integer', '-9007199254740991', 'ok'],
    ['2^53', '9007199254740992', 'unsafe-number'],
    ['-2^53', '-9007199254740992', 'unsafe-number'],
    ['an integer that parses as its neighbour', '88005553535356701', 'unsafe-number'],
    ['such an integer with a fraction of zero', '9007199254740993.0', 'unsafe-number'],
    ['such an integer with an exponent', '9007199254740993e0', 'unsafe-number'],
    ['such an integer in a list in an object', '{"a":[1,{"b":9007199254740993}]}', 'unsafe-number'],
    ['a large exponent', '1E21', 'unsafe-number'],
    ['an exponent beyond the range of doubles', '1e400', 'unsafe-number'],
    ['a small negative exponent', '1e-400', 'unsafe-number'],
    ['a fraction that parses as an integer', '9007199254740990.6', 'unsafe-number'],
    ['a fraction that rounds to an integer', '5.00000000000000000001', 'unsafe-number'],
    ['a fraction that rounds up to an integer', '0.99999999999999999999', 'unsafe-number'],
    ['a short fraction', '-0.25', 'ok'],
    ['an integer written as a fraction', '5.0', 'ok'],
    ['an integer written with an exponent', '15e2', 'ok'],
    ['an integer written with a negative exponent', '1500E-2', 'ok'],
    ['zero in other spellings', '[0, -0, 0.0, 0e5, 0.000e-400]', 'ok'],
    ['large digits in a string', '"9007199254740993"', 'ok'],
    ['large digits in a name', '{"9007199254740993":1}', 'ok'],
  ])('%s', (_name, text, fault) => expect(faultOf(text)).toBe(fault))

  test('are kept as the digits that were sent, if the caller asks for it', () => {
    const text = '{"small":7,"half":0.5,"id":9007199254740993,"list":[-9007199254740993,1e400],"text":"9007199254740993"}'
    expect(parseForeignJson(Buffer.from(text), { largeNumbers: 'as-strings' })).toEqual({
      ok: true,
      value: { small: 7, half: 0.5, id: '9007199254740993', list: ['-9007199254740993', '1e400'], text: '9007199254740993' },
    })
  })

  test('minus zero is zero: it compares and is written as such', () => {
    const parsed = parse('-0')
    expect(parsed.ok && [parsed.value === 0, canonicalJson(parsed.value), String(parsed.value)]).toEqual([true, '0', '0'])
  })

  test('every safe integer and every double of up to 15 digits is read back', () => {
    const numbers = fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toPrecision(15))),
    )
    fc.assert(
      fc.property(numbers, (value) => {
        expect(parse(JSON.stringify(value))).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) })
      }),
    )
  })

  test('no two integers of different digits are read as one', () => {
    const digits = fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n })
    fc.assert(
      fc.property(digits, digits, (one, other) => {
        const [a, b] = [parse(String(one)), parse(String(other))]
        expect(a.ok && b.ok && a.value === b.value).toBe(a.ok && b.ok && one === other)
      }),
    )
  })
})

describe('canonicalJson (RFC 8785)', () => {
  // RFC 8785 §3.2.2 and §3.2.3, worked examples.
  test('numbers and strings', () => {
    const text =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}'
    expect(canonicalJson(JSON.parse(text))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })
  test('names sort by UTF-16 code units', () => {
    const names = JSON.parse(
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    )
    const order = [...canonicalJson(names).matchAll(/:"([^"]*)"/g)].map((found) => found[1])
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })
  test('undefined properties are left out, and a value that is not JSON is a bug', () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}')
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError)
    expect(() => canonicalJson([undefined])).toThrow(TypeError)
  })
})

describe('isCanonicalJson', () => {
  test.each([
    ['{"a":1,"b":[{"c":2}]}', true],
    ['[]', true],
    ['null', true],
    ['"text"', true],
    ['{"1a":1,"a1":2}', true],
    ['{"b":1,"a":2}', false],
    ['{"a":1, "b":2}', false],
    ['{"a":1.0}', false],
    ['{"a":"\\u0061"}', false],
    ['{"a":{"c":1,"b":2}}', false],
    ['[{"a":1},{"c":1,"b":2}]', false],
    ['[{"c":1,"b":2},{"a":1}]', false],
    ['{"a":[{"c":1,"b":2}]}', false],
    // The parser would move such a name to the front.
    ['{"1":1,"a":2}', false],
    ['{"12":1}', false],
    ['{"a":1,"a":1}', false],
  ])('%s: %s', (text, is) => expect(isCanonicalJson(text, JSON.parse(text))).toBe(is))
})

test('digits that a double would lose are kept, and others are numbers', () => {
  expect(parseKeepingDigits('{"a":9007199254740993,"b":[1,-5,12,1.5,"9007199254740993"],"c":null}')).toEqual({
    a: '9007199254740993',
    b: [1, -5, 12, 1.5, '9007199254740993'],
    c: null,
  })
  expect(() => parseKeepingDigits('{')).toThrow(SyntaxError)
})

test.each([
  ['a name after a list within a list', '[["a","a"],"a"]', 'ok'],
  ['values of a list in an object', '{"a":["b","b"],"c":"b"}', 'ok'],
  ['a list of __proto__', '["__proto__"]', 'ok'],
  ['a name with a quote in it', '{"a\\"b":1,"a\\"b":2}', 'duplicate-member'],
  ['a backslash at the end of a name', '{"a\\\\":1,"b":2}', 'ok'],
  ['a number at the end', '12', 'ok'],
  ['negative integers of many digits', '-123456', 'ok'],
])('%s', (_name, text, fault) => expect(faultOf(text)).toBe(fault))
