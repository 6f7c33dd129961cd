/** Who can approve, as requesters read it before they send a request. */
import { describe, expect, test } from 'vitest'
import { approverWords, rulesInWords } from './approver-words.ts'

describe('a rule in words', () => {
  test.each<[string, object, string]>([
    ['a group', { issuer: 'people', claims: { groups: { includes: 'approvers' } } }, 'people with groups approvers'],
    ['one person', { issuer: 'people', claims: { sub: 'avery' } }, 'people with sub avery'],
    [
      'several claims',
      { issuer: 'people', claims: { groups: { includes: 'sre' }, team: { oneOf: ['a', 'b'] } } },
      'people with groups sre, team oneOf ["a","b"]',
    ],
    ['a number', { issuer: 'people', claims: { level: { includes: 3 } } }, 'people with level 3'],
    ['a second factor', { issuer: 'people', claims: { sub: 'avery' }, mfa: true }, 'people with sub avery, with a second factor'],
    ['a second factor that is not needed', { issuer: 'people', claims: { sub: 'avery' }, mfa: false }, 'people with sub avery'],
    ['no claims', { issuer: 'people' }, 'people with any claims'],
    ['an empty list of claims', { issuer: 'people', claims: {} }, 'people with any claims'],
    ['no issuer', { claims: { sub: 'avery' } }, 'anyone with sub avery'],
    ['a claim that is null', { issuer: 'people', claims: { sub: null } }, 'people with sub null'],
  ])('%s', (_what, rule, words) => expect(approverWords(rule)).toBe(words))
})

test('each rule is a line, with its alternatives', () => {
  const by = (sub: string) => ({ issuer: 'people', claims: { sub } })
  const rules = [
    { count: 1, by: [by('avery'), by('blake')] },
    { count: 2, by: [by('x\u202Ey')] },
  ]
  expect(rulesInWords(rules)).toEqual(['1 of: people with sub avery; or people with sub blake', '2 of: people with sub x‹U+202E›y'])
  expect(rulesInWords([{ count: 1, by: [by('x'.repeat(600))] }])[0]).toHaveLength(500)
})
