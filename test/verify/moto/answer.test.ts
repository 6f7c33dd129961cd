import { describe, expect, test } from 'vitest'
import { differences, leavesOf, shapeOf } from './answer.ts'
import { iamCalls } from './calls.ts'
import { explained, explains } from './explained.ts'

const role = (inner: string) =>
  `<?xml version="1.0"?><GetRoleResponse xmlns="x"><GetRoleResult><Role>${inner}</Role></GetRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetRoleResponse>`
const error = (code: string) => `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>m</Message></Error></ErrorResponse>`

describe('leavesOf', () => {
  test('finds each element without children, lists under one path', () => {
    const tags = '<Tags><member><Key>a</Key><Value/></member><member><Key>b&amp;c</Key><Value>&#252;</Value></member></Tags>'
    expect([...leavesOf(role(`<Path>/</Path><RoleLastUsed></RoleLastUsed>${tags}`))]).toEqual([
      ['Role/Path', ['/']],
      ['Role/RoleLastUsed', ['']],
      ['Role/Tags/member/Key', ['a', 'b&c']],
      ['Role/Tags/member/Value', ['', 'ü']],
      ['ResponseMetadata/RequestId', ['r']],
    ])
  })
})

describe('differences', () => {
  const found = (ours: [number, string], theirs: [number, string]) =>
    differences('call', shapeOf(...ours), shapeOf(...theirs)).map(({ at }) => at)
  test.each<[title: string, ours: [number, string], theirs: [number, string], at: string[]]>([
    ['the same', [200, role('<Path>/</Path>')], [200, role('<Path>/</Path>')], []],
    ['another request ID', [200, role('')], [200, role('').replace('>r<', '>s<')], []],
    ['another status', [404, error('NoSuchEntity')], [400, error('NoSuchEntity')], ['outcome']],
    ['another code', [400, error('InvalidInput')], [400, error('ValidationError')], ['outcome']],
    ['another message', [400, error('InvalidInput')], [400, error('InvalidInput').replace('>m<', '>n<')], []],
    ['an error and an answer', [400, error('InvalidInput')], [200, role('')], ['outcome']],
    ['a missing field', [200, role('<Path>/</Path>')], [200, role('<Path>/</Path><Tags/>')], ['fields Role/Tags']],
    ['another value', [200, role('<Path>/</Path>')], [200, role('<Path>/a/</Path>')], ['value Role/Path']],
    [
      'another time',
      [200, role('<CreateDate>2026-11-27T10:00:00Z</CreateDate>')],
      [200, role('<CreateDate>2026-11-27T10:00:00.5Z</CreateDate>')],
      [],
    ],
    [
      'a time in another form',
      [200, role('<CreateDate>2026-11-27T10:00:00Z</CreateDate>')],
      [200, role('<CreateDate>today</CreateDate>')],
      ['value Role/CreateDate'],
    ],
    ['another random ID', [200, role('<RoleId>AROAX</RoleId>')], [200, role('<RoleId>AROAY</RoleId>')], []],
    ['an ID of another kind', [200, role('<RoleId>AROAX</RoleId>')], [200, role('<RoleId>AIDAX</RoleId>')], ['value Role/RoleId']],
    [
      'a document that is not encoded',
      [200, role('<PolicyDocument>%7B%7D</PolicyDocument>')],
      [200, role('<PolicyDocument>{}</PolicyDocument>')],
      ['value Role/PolicyDocument'],
    ],
    [
      'a list in another order',
      [200, role('<Tags><member><Key>a</Key></member><member><Key>b</Key></member></Tags>')],
      [200, role('<Tags><member><Key>b</Key></member><member><Key>a</Key></member></Tags>')],
      [],
    ],
  ])('%s', (_title, ours, theirs, at) => expect(found(ours, theirs)).toEqual(at))
})

describe('the comparison', () => {
  test('has all 25 actions of the sandbox, and a title for each call', () => {
    expect(new Set(iamCalls.map(({ action }) => action)).size).toBe(25)
    expect(new Set(iamCalls.map(({ title }) => title)).size).toBe(iamCalls.length)
  })
  test('explains a difference by a page of AWS, and only where it is about the call', () => {
    expect(
      explained.every(({ page, why }) => /^https:\/\/docs\.aws\.amazon\.com\/IAM\/latest\/\w+\/[\w-]+\.html$/.test(page) && why !== ''),
    ).toBe(true)
    const reasons = (call: string, at: string) => explained.filter((one) => explains(one, { call, at, sandbox: '', moto: '' })).length
    expect(reasons('tag beyond 50', 'outcome')).toBe(1)
    expect(reasons('tag a role', 'outcome')).toBe(0)
    expect(reasons('tag beyond 50', 'value IsTruncated')).toBe(0)
  })
})
