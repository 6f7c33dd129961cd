import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, own, parseForeignJson } from './json.ts'

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
    ['a brace in a text', '{"a":"{\\"a\\":1","b":1}', 'ok'],
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

  test('bytes that are no UTF-8, or begin with a mark', () => {
    expect(parseForeignJson(Uint8Array.of(0x22, 0xff, 0x22))).toEqual({ ok: false, fault: 'not-utf8' })
    expect(parseForeignJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toEqual({ ok: false, fault: 'not-json' })
  })

  test('whatever JSON.stringify writes is read back', () => {
    const json = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }).filter((value) => !JSON.stringify(value).includes('__proto__'))
    fc.assert(
      fc.property(json, (value) => {
        expect(parseForeignJson(Buffer.from(JSON.stringify(value)))).toEqual({ ok: true, value: JSON.parse(JSON.stringify(value)) })
      }),
    )
  })
})

test('own finds no inherited member', () => {
  expect([own({ a: 1 }, 'a'), own({} as Record<string, unknown>, 'constructor'), own({} as Record<string, unknown>, 'toString')]).toEqual([
    1,
    undefined,
    undefined,
  ])
})

describe('canonicalJson (RFC 8785)', () => {
  // RFC 8785 §3.2.2 and §3.2.3, worked examples.
  test('numbers and texts', () => {
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
  test('undefined members are left out, what is no JSON is a bug', () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}')
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError)
    expect(() => canonicalJson([undefined])).toThrow(TypeError)
  })
})
