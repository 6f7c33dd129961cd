/** What the config check finds in the policy of a profile: what STS would refuse, with every way to write a parameter. */
import type { StatementJson } from '@stint/iam'
import { describe, expect, test } from 'vitest'
import { profile } from '../testing/fixtures.ts'
import { param, text } from './define.ts'
import { checkPolicy } from './policy-check.ts'
import type { Profile } from './shape.ts'

const parameters: NonNullable<Profile['parameters']> = {
  key: { pattern: '[a-z{}:/]*', max: 40 },
  account: { pattern: '[0-9]{12}', max: 12 },
  day: { pattern: '\\d{4}-\\d\\d-\\d\\d', max: 10 },
  net: { pattern: '[0-9./]+', max: 18 },
  word: { pattern: '[a-z]+', max: 20 },
  none: { pattern: '(', max: 20 },
  one: { pattern: '.+', max: 40 },
  two: { pattern: '.+', max: 40 },
  three: { pattern: '.+', max: 40 },
  half: { pattern: '1+|[2-9]{6}', max: 6 },
  rest: { pattern: '1+|[2-9]{6}', max: 6 },
}
function faults(...policy: object[]): readonly string[] {
  const said: string[] = []
  checkPolicy(profile({ parameters, policy: policy as never }), 'p', (path, fault) => void said.push(`${path}: ${fault}`))
  return said
}
const allow = (more: object = {}) => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...more })
const join = (...parts: (string | { param: string })[]) => ({ join: parts })
const key = param('key')

describe('a parameter never becomes part of a policy variable', () => {
  test.each<[string, unknown, string]>([
    ['a dollar before it', join('arn:aws:s3:::b/$', key), "has a '$' directly before a parameter"],
    ['an empty piece between', join('arn:aws:s3:::b/$', '', key), "has a '$' directly before a parameter"],
    ['several empty pieces between', join('arn:aws:s3:::b/', '$', '', '', key), "has a '$' directly before a parameter"],
    ['a template literal', text`arn:aws:s3:::b/$${key}`, "has a '$' directly before a parameter"],
    ['at the beginning of a text', join('arn:aws:s3:::', '$', key, '/x'), "has a '$' directly before a parameter"],
    ['inside a variable', join('arn:aws:s3:::b/${aws:PrincipalTag/', key, '}'), 'has a parameter inside a policy variable'],
    ['as a whole variable', join('arn:aws:s3:::b/${', key, '}'), 'has a parameter inside a policy variable'],
    ['as the default of one', join("arn:aws:s3:::b/${aws:PrincipalTag/t, '", key, "'}"), 'has a parameter inside a policy variable'],
    ['at the end of one', join('arn:aws:s3:::b/${aws:', key, 'name}'), 'has a parameter inside a policy variable'],
    ['behind a brace that is not closed', join('arn:aws:s3:::b/${aws:userid', key), 'has a parameter inside a policy variable'],
    ['behind a variable and in the next', join('arn:aws:s3:::b/${aws:userid}/${', key, '}'), 'has a parameter inside a policy variable'],
  ])('%s', (_name, value, fault) => {
    for (const statement of [
      allow({ Resource: value }),
      allow({ Resource: ['*', value] }),
      { ...allow(), Resource: undefined, NotResource: value },
      allow({ Condition: { StringLike: { 's3:prefix': value } } }),
      allow({ Condition: { StringLike: { 's3:prefix': ['x', value] } } }),
    ])
      expect(faults(JSON.parse(JSON.stringify(statement))).join('; ')).toContain(fault)
  })
  test.each<[string, unknown]>([
    ['behind a variable', join('arn:aws:s3:::b/${aws:userid}/', key)],
    ['before one', join('arn:aws:s3:::b/', key, '/${aws:userid}')],
    ['directly behind one', join('arn:aws:s3:::b/${aws:userid}', key)],
    ['behind a literal dollar', join('arn:aws:s3:::b/${$}', key)],
    ['behind a dollar and a slash', join('arn:aws:s3:::b/$/', key)],
    ['in braces', join('arn:aws:s3:::b/{', key, '}')],
  ])('%s is safe', (_name, Resource) => expect(faults(allow({ Resource }))).toEqual([]))
})

describe('the filled policy is read as STS reads it', () => {
  test.each<[string, object, string]>([
    ['an incomplete ARN', allow({ Resource: 'arn:aws:s3:*' }), "p.policy[0]: Resource: 'arn:aws:s3:*' is not a complete ARN"],
    ['a Sid with a space', allow({ Sid: 'read logs' }), 'p.policy[0]: Sid: must be a string of letters and digits'],
    ['a mask above 32', allow({ Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }), 'would never match'],
    ['a word in place of an account', allow({ Resource: text`arn:aws:sqs:*:x${param('word')}:q` }), 'needs an account of 12 digits'],
    [
      'a word in place of a date',
      allow({ Condition: { DateLessThan: { 'aws:CurrentTime': text`${param('word')}` } } }),
      'would never match',
    ],
    [
      'a word in place of an address',
      allow({ Condition: { IpAddress: { 'aws:SourceIp': text`${param('word')}/8` } } }),
      'would never match',
    ],
    [
      'an unknown parameter',
      allow({ Resource: text`arn:aws:s3:::${param('bucket')}` }),
      "p.policy[0]: names the unknown parameter 'bucket'",
    ],
    ['characters beyond Latin-1', allow({ Resource: 'arn:aws:s3:::ł' }), 'outside Latin-1'],
  ])('%s', (_name, statement, fault) => expect(faults(statement).join('; ')).toContain(fault))

  test('one Sid in two statements', () => {
    expect(faults(allow({ Sid: 'a' }), allow({ Sid: 'b' }), allow({ Sid: 'a' }))).toEqual(["p.policy[2]: Sid: 'a' is used twice"])
  })

  test('a fault of the eleventh statement', () => {
    const policy = [...Array.from({ length: 10 }, () => allow()), allow({ Sid: 'read logs' })]
    expect(faults(...policy)).toEqual(['p.policy[10]: Sid: must be a string of letters and digits'])
  })

  test.each<[string, object]>([
    ['an account', allow({ Resource: text`arn:aws:sqs:*:${param('account')}:q` })],
    ['a date', allow({ Condition: { DateLessThan: { 'aws:CurrentTime': text`${param('day')}T00:00:00Z` } } })],
    ['a network', allow({ Condition: { IpAddress: { 'aws:SourceIp': text`${param('net')}` } } })],
    ['a mask', allow({ Condition: { IpAddress: { 'aws:SourceIp': text`10.0.0.0/${param('net')}` } } })],
    ['a pattern that has its own fault', allow({ Resource: text`arn:aws:s3:::${param('none')}` })],
    [
      'three of any text, of which the first is a network and the second a time',
      allow({
        Condition: {
          IpAddress: { 'aws:SourceIp': text`${param('one')}` },
          DateLessThan: { 'aws:CurrentTime': text`${param('two')}` },
          StringEquals: { 'aws:PrincipalTag/team': text`${param('three')}` },
        },
      }),
    ],
    ['two halves of an account', allow({ Resource: text`arn:aws:sqs:*:${param('half')}${param('rest')}:q` })],
    ['several', allow({ Resource: text`arn:aws:sqs:*:${param('account')}:${param('word')}-${param('key')}` })],
  ])('a parameter as %s', (_name, statement) => expect(faults(statement)).toEqual([]))
})

test('a policy of Denies alone allows nothing', () => {
  expect(faults({ ...allow(), Effect: 'Deny' } satisfies StatementJson | object)).toEqual([
    expect.stringMatching(/^p\.policy: allows nothing/),
  ])
})
