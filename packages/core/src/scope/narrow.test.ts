/** What AWS STS would refuse in a caller's policy is refused before it is sent, as the caller's fault. */
import { describe, expect, test } from 'vitest'
import { profile } from '../testing/fixtures.ts'
import { narrowStatements } from './policy.ts'

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
  expect([codeOf(of(1900)), codeOf(of(2048))]).toEqual(['ok', 'narrow-unsupported'])
})

test('a Sid is checked as STS would, and never sent', () => {
  const of = (...sids: string[]) => ({ Statement: sids.map((Sid) => ({ ...deny({}).Statement, Sid })) })
  expect([codeOf(of('é - 1')), codeOf(of('A', 'A')), codeOf(of('A', 'B'))]).toEqual(['narrow-unsupported', 'narrow-unsupported', 'ok'])
  const narrowed = narrowStatements(profile(), wide, of('A', 'B') as never)
  expect(narrowed.outcome === 'done' && JSON.stringify(narrowed.value.statements)).not.toContain('Sid')
})
