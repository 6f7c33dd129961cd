/** What AWS STS would refuse in a caller's policy is refused before it is sent, as the caller's fault. */
import { describe, expect, test } from 'vitest'
import { profile } from '../testing/fixtures.ts'
import { fitsSts, narrowStatements, sessionPolicy } from './policy.ts'

const wide = [{ Effect: 'Allow' as const, Action: '*', Resource: '*' }]
const codeOf = (narrow: unknown) => {
  const narrowed = narrowStatements(profile(), wide, narrow as never)
  return narrowed.outcome === 'refused' ? narrowed.code : 'ok'
}
const deny = (more: object) => ({ Version: '2012-10-17', Statement: { Effect: 'Deny', Action: 's3:*', Resource: '*', ...more } })
const when = (operator: string, keys: unknown) => deny({ Condition: { [operator]: keys } })

describe('resources', () => {
  test.each([
    ['arn:'],
    ['arn:aws'],
    ['arn:aws:s3'],
    ['arn:aws:s3::b'],
    ['arn:aws:s3:::'],
    ['arn:aws:*:::b'],
    ['arn:aws::::b'],
    ['arn::s3:::b'],
    ['arn:azure:s3:::b'],
    ['arn:awsx:s3:::b'],
    ['arn:aws-:s3:::b'],
    ['arn:aws:s3:::b\u0001'],
    ['arn:aws:s3:::b\u0085'],
    ['arn:aws:s3:eu central-1::b'],
    ['arn:aws:sqs:eu-central-1:12345:q'],
    [[]],
  ])('%j', (Resource) => expect(codeOf(deny({ Resource }))).toBe('narrow-unsupported'))
  test.each([
    ['*'],
    ['arn:aws:s3:::b/*'],
    ['arn:aws-us-gov:s3:::b'],
    ['arn:aws-eusc:s3:::b'],
    ['arn:aws:s3:::b\\n'],
    ['arn:*:sqs:*:*:q'],
    ['arn:aws:iam::aws:policy/x'],
    ['arn:aws:sqs:eu-central-1:123456789012:q:r'],
  ])('%j is taken', (Resource) => expect(codeOf(deny({ Resource }))).toBe('ok'))
})

describe('conditions', () => {
  test.each<[string, unknown]>([
    ['a key without a prefix', when('StringEquals', { username: 'a' })],
    ['an empty key', when('StringEquals', { '': 'a' })],
    ['a key twice, in another case', when('StringEquals', { 'aws:username': 'a', 'AWS:UserName': 'b' })],
    ['no values', when('StringEquals', { 'aws:username': [] })],
    ['an operator without keys', when('StringEquals', {})],
    ['an unknown operator', when('StringMatches', { 'aws:username': 'a' })],
    ['a date that there is not', when('DateLessThan', { 'aws:CurrentTime': '2026-02-30T00:00:00Z' })],
    ['a time without a zone', when('DateLessThanIfExists', { 'aws:CurrentTime': ['2026-01-01T00:00:00'] })],
    ['an invalid number', when('NumericLessThan', { 's3:max-keys': 'ten' })],
    ['an invalid boolean', when('Bool', { 'aws:SecureTransport': 'yes' })],
    ['Null with a string', when('Null', { 'aws:username': 'maybe' })],
    ['Null if it exists', when('NullIfExists', { 'aws:username': 'true' })],
    ['an invalid address', when('IpAddress', { 'aws:SourceIp': '10.0.0.300' })],
    ['an invalid block', when('ForAnyValue:NotIpAddress', { 'aws:SourceIp': '10.0.0.0/33' })],
    ['an invalid ARN', when('ArnLike', { 'aws:PrincipalArn': 'arn:aws:iam' })],
    ['invalid base64', when('BinaryEquals', { 'aws:x': 'not base64!' })],
  ])('%s', (_name, narrow) => expect(codeOf(narrow)).toBe('narrow-unsupported'))
  test.each<[string, unknown]>([
    ['a date, and seconds', when('DateLessThan', { 'aws:CurrentTime': ['2026-01-01', '1767225600'] })],
    ['numbers', when('NumericLessThan', { 's3:max-keys': [10, '-1.5'] })],
    ['booleans', when('Bool', { 'aws:SecureTransport': [true, 'FALSE'] })],
    ['Null', when('Null', { 'aws:username': 'true' })],
    ['addresses', when('IpAddress', { 'aws:SourceIp': ['10.0.0.1', '10.0.0.0/8', '2001:db8::/32'] })],
    ['ARNs', when('ArnLike', { 'aws:PrincipalArn': ['*', 'arn:aws:iam::*:role/x*'] })],
    ['a tag with a space', when('StringEquals', { 'aws:PrincipalTag/cost center': 'a' })],
    [
      'the same key under two operators',
      deny({ Condition: { StringLike: { 'aws:username': 'a*' }, StringNotEquals: { 'aws:username': 'ab' } } }),
    ],
    ['bytes', when('BinaryEquals', { 'aws:x': 'AQID' })],
  ])('%s are taken', (_name, narrow) => expect(codeOf(narrow)).toBe('ok'))
})

test('more than 2,048 characters are refused', () => {
  const of = (count: number) => deny({ Resource: `arn:aws:s3:::${'b'.repeat(count)}` })
  const most = 2048 - JSON.stringify(of(0)).length
  expect([codeOf(of(most)), codeOf(of(most + 1))]).toEqual(['ok', 'narrow-unsupported'])
})

test('a session policy of 2,048 characters fits, and one of 2,049 does not', () => {
  const terms = (count: number) => ({
    policy: [{ Effect: 'Allow' as const, Action: 's3:GetObject', Resource: `arn:aws:s3:::${'b'.repeat(count)}` }],
    policyArns: [],
  })
  const most = 2048 - sessionPolicy(terms(0), 0).length
  expect([fitsSts(terms(most)), fitsSts(terms(most + 1))]).toEqual([true, false])
})

describe('the caller is told', () => {
  const allow = (...actions: string[]) => ({ Statement: actions.map((Action) => ({ Effect: 'Allow', Action, Resource: '*' })) })
  const s3 = [{ Effect: 'Allow' as const, Action: 's3:*', Resource: '*' }]
  const detailOf = (narrow: unknown) => {
    const narrowed = narrowStatements(profile(), s3, narrow as never)
    return narrowed.outcome === 'refused' ? narrowed.detail : 'ok'
  }
  test.each<[string, unknown, string]>([
    ['that a policy is an object', null, 'narrow: must be a policy object.'],
    ['the limit', deny({ Resource: `arn:aws:s3:::${'b'.repeat(2048)}` }), 'narrow: is longer than 2048 characters, the AWS limit.'],
    ['that there are no variables', deny({ Resource: 'arn:aws:s3:::${aws:userid}' }), 'narrow: policy variables are not supported.'],
    [
      'three faults of more',
      { Statement: ['a', 'b', 'c', 'd'].map((Sid) => ({ ...deny({}).Statement, Sid, Principal: '*' })) },
      'narrow: Statement[0]: this kind of policy has no principal; Statement[1]: this kind of policy has no principal; Statement[2]: this kind of policy has no principal.',
    ],
    [
      'which statement is too wide',
      allow('s3:GetObject', 'ec2:StartInstances'),
      'narrow: Allow statement 2 is not provably within a single Allow of the profile.',
    ],
  ])('%s', (_name, narrow, detail) => expect(detailOf(narrow)).toBe(detail))
})

describe('what is left', () => {
  const own = [
    { Effect: 'Allow' as const, Action: 's3:*', Resource: '*' },
    { Effect: 'Deny' as const, Action: 's3:DeleteObject', Resource: '*' },
  ]
  const Condition = { StringEquals: { 'aws:RequestedRegion': ['eu-central-1'] } }
  test.each<[string, object, object[]]>([
    [
      'a Deny is added to all that the profile has',
      { Effect: 'Deny', NotAction: 's3:Get*', NotResource: 'arn:aws:s3:::logs/*' },
      [own[0] as object, own[1] as object, { Effect: 'Deny', NotAction: ['s3:Get*'], NotResource: ['arn:aws:s3:::logs/*'] }],
    ],
    [
      'an Allow replaces those of the profile, and keeps its condition',
      { Effect: 'Allow', Action: 's3:GetObject', Resource: '*', Condition },
      [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['*'], Condition }, own[1] as object],
    ],
  ])('%s', (_name, Statement, statements) =>
    expect(narrowStatements(profile(), own, { Statement } as never)).toMatchObject({ outcome: 'done', value: { statements } }),
  )
  test('statements of a profile that STS would refuse are an error of the broker', () => {
    const bad = [{ Effect: 'Allow' as const, Action: 'nothing', Resource: 'arn:aws' }]
    expect(() => narrowStatements(profile(), bad, { Statement: { Effect: 'Allow', Action: 's3:Get*', Resource: '*' } } as never)).toThrow(
      /^Statement.*; Statement/,
    )
  })
})

test('a Sid is checked as STS would, and never sent', () => {
  const of = (...sids: string[]) => ({ Statement: sids.map((Sid) => ({ ...deny({}).Statement, Sid })) })
  expect([codeOf(of('é - 1')), codeOf(of('A', 'A')), codeOf(of('A', 'B'))]).toEqual(['narrow-unsupported', 'narrow-unsupported', 'ok'])
  const narrowed = narrowStatements(profile(), wide, of('A', 'B') as never)
  expect(narrowed.outcome === 'done' && JSON.stringify(narrowed.value.statements)).not.toContain('Sid')
})
