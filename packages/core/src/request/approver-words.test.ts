/** Who can approve, as requesters read it before they send a request. */
import { describe, expect, test } from 'vitest'
import { ruleInWords, rulesInWords } from './approver-words.ts'

describe('a rule in words', () => {
  test.each<[string, object, string]>([
    ['a group', { issuer: 'people', claims: { groups: { includes: 'approvers' } } }, '1 approver from `people` in group `approvers`'],
    ['one person', { issuer: 'people', claims: { sub: 'avery' } }, '1 approver from `people` whose `sub` is `avery`'],
    [
      'several claims',
      { issuer: 'people', claims: { groups: { includes: 'sre' }, team: { oneOf: ['a', 'b'] } } },
      '1 approver from `people` in group `sre` and whose `team` is `a` or `b`',
    ],
    ['a list', { issuer: 'people', claims: { levels: { includes: 3 } } }, '1 approver from `people` whose `levels` includes `3`'],
    ['a pattern', { issuer: 'people', claims: { sub: { glob: 'a*' } } }, '1 approver from `people` whose `sub` matches `a*`'],
    ['anything else', { issuer: 'people', claims: { sub: { not: 'x' } } }, '1 approver from `people` whose `sub` fits `{"not":"x"}`'],
    [
      'a list in anything else',
      { issuer: 'people', claims: { sub: { not: ['x'] } } },
      '1 approver from `people` whose `sub` fits `{"not":["x"]}`',
    ],
    [
      'a oneOf without a list',
      { issuer: 'people', claims: { sub: { oneOf: 'x' } } },
      '1 approver from `people` whose `sub` fits `{"oneOf":"x"}`',
    ],
    [
      'a second factor',
      { issuer: 'people', claims: { sub: 'avery' }, mfa: true },
      '1 approver from `people` whose `sub` is `avery` with a second factor',
    ],
    ['no second factor', { issuer: 'people', claims: { sub: 'avery' }, mfa: false }, '1 approver from `people` whose `sub` is `avery`'],
    ['no claims', { issuer: 'people' }, '1 approver from `people`'],
    ['an empty list of claims', { issuer: 'people', claims: {} }, '1 approver from `people`'],
    ['no issuer', { claims: { sub: 'avery' } }, '1 approver from any issuer whose `sub` is `avery`'],
    ['a claim that is null', { issuer: 'people', claims: { sub: null } }, '1 approver from `people` whose `sub` is `null`'],
  ])('%s', (_what, who, words) => expect(ruleInWords({ count: 1, by: [who] })).toBe(words))
})

test('each rule is a line, with its alternatives', () => {
  const by = (sub: string) => ({ issuer: 'people', claims: { sub } })
  const rules = [
    { count: 1, by: [by('avery'), by('blake')] },
    { count: 2, by: [by('x\u202Ey')] },
  ]
  expect(rulesInWords(rules)).toBe(
    '1 approver from `people` whose `sub` is `avery`, or from `people` whose `sub` is `blake`; and 2 approvers from `people` whose `sub` is `x‹U+202E›y`',
  )
})

test('a rule that is too long ends the name that it is cut in, so that the next rule reads as words', () => {
  const rule = (sub: string) => ({ count: 1, by: [{ issuer: 'people', claims: { sub } }] })
  const words = rulesInWords([rule('x'.repeat(600)), rule('avery')])
  expect(words).toMatch(/^1 approver from `people` whose `sub` is `x+…`; and 1 approver from `people` whose `sub` is `avery`$/)
  expect(words.indexOf('; and')).toBe(501)
})
