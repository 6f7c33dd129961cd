import { describe, expect, test } from 'vitest'
import { iamRecord, recordedCode } from './record.ts'

const form = (parameters: Record<string, string>) => new URLSearchParams({ Action: 'CreateUser', Version: '2010-05-08', ...parameters })
const answer = (user: string) =>
  `<CreateUserResponse xmlns="x"><CreateUserResult><User>${user}</User></CreateUserResult></CreateUserResponse>`

describe('iamRecord', () => {
  test.each([
    ['2026-11-27T00:05:09Z', 'Nov 27, 2026 12:05:09 AM'],
    ['2026-01-02T09:30:00Z', 'Jan 2, 2026 9:30:00 AM'],
    ['2026-11-27T12:00:00Z', 'Nov 27, 2026 12:00:00 PM'],
    ['2026-11-27T23:59:59Z', 'Nov 27, 2026 11:59:59 PM'],
  ])('writes %s as %s', (at, shown) => {
    expect(iamRecord(form({}), answer(`<CreateDate>${at}</CreateDate>`)).responseElements).toEqual({ user: { createDate: shown } })
  })
  test('shows text as the caller sees it', () => {
    const user = '<Tags><member><Key>a</Key><Value>b &amp; &lt;c&gt; &quot;d&quot;</Value></member></Tags>'
    expect(iamRecord(form({}), answer(user)).responseElements).toEqual({ user: { tags: [{ key: 'a', value: 'b & <c> "d"' }] } })
  })
  test.each<[title: string, parameters: Record<string, string>, shown: unknown]>([
    ['nothing', {}, null],
    ['a number in the form of text', { MaxItems: 'ten' }, { maxItems: 'ten' }],
    ['a list beyond nine', { 'A.member.10': 'k', 'A.member.2': 'b', 'A.member.1': 'a' }, { a: ['a', 'b', 'k'] }],
    [
      'a name that JavaScript knows',
      { '__proto__.member.1': 'a', 'constructor.prototype': 'b' },
      { ['__proto__']: ['a'], constructor: { prototype: 'b' } },
    ],
    ['a value and a list of one name', { A: 'a', 'A.member.1': 'b' }, { a: ['b'] }],
    ['a name of ten parts', { 'A.B.C.D.E.F.G.H.I.J': 'x' }, { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: 'x' } } } } } } } } } }],
    ['nothing of a name of eleven parts', { 'A.B.C.D.E.F.G.H.I.J.K': 'x' }, null],
    ['nothing of a name that is as long as a body', { [`${'A.'.repeat(20_000)}A`]: 'x' }, null],
  ])('shows %s', (_title, parameters, shown) => {
    expect(iamRecord(form(parameters), undefined).requestParameters).toEqual(shown)
  })
})

test.each([
  ['AccessDenied', 'AccessDenied'],
  ['ValidationError', 'ValidationException'],
  ['NoSuchEntity', 'NoSuchEntityException'],
])('recordedCode: %s is recorded as %s', (code, recorded) => expect(recordedCode(code)).toBe(recorded))
