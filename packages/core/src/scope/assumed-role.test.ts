/** Answers to AssumeRole that are not answers to the question, one fault a row. */
import { describe, expect, test } from 'vitest'
import { NOW } from '../testing/fixtures.ts'
import type { AssumeRoleInput } from './assume-role.ts'
import { type AssumedRole, faultInAnswer, requestIdOf } from './assumed-role.ts'

const SESSION = 'dana-req_00000000000000000000000000.00000000'
const asked: AssumeRoleInput = {
  region: 'eu-central-1',
  roleArn: 'arn:aws:iam::111122223333:role/stint/Reader',
  roleSessionName: SESSION,
  externalId: 'ext-1',
  durationSeconds: 900,
  policy: '{}',
  policyArns: [],
  tags: [],
  sourceIdentity: 'acme.dana',
}
const credentials = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'FwoGZXIvYXdzEBYaD+//==',
  expiration: NOW + 900_000,
}
const good: AssumedRole = {
  credentials,
  assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Reader/${SESSION}`,
  assumedRoleId: `AROAEXAMPLE123:${SESSION}`,
  sourceIdentity: 'acme.dana',
  packedPolicySize: 6,
  awsRequestId: '6f9a2c1e-0000-4000-8000-000000000000',
  answeredAt: NOW,
}
const key = (change: Partial<AssumedRole['credentials']>): Partial<AssumedRole> => ({ credentials: { ...credentials, ...change } })
const arn = (assumedRoleArn: string): Partial<AssumedRole> => ({ assumedRoleArn })
const id = (assumedRoleId: string): Partial<AssumedRole> => ({ assumedRoleId })
const expires = (expiration: number, answeredAt?: number): Partial<AssumedRole> =>
  ({ ...key({ expiration }), answeredAt }) as Partial<AssumedRole>

const [ARN, ID, IDENTITY, KEY, SECRET, TOKEN, END, SIZE, REQUEST] = [
  'the ARN is not the one of the requested session',
  'the role ID is not one of the requested session',
  'the source identity is not the one in the request',
  'the access key ID is not that of temporary credentials',
  'the secret access key is malformed',
  'the session token is malformed',
  'the expiration is not within the requested duration',
  'the packed policy size is not a percentage',
  'the request ID is malformed',
]

describe('an answer', () => {
  test('that matches is accepted', () => expect(faultInAnswer(asked, good, NOW)).toBeUndefined())

  test.each<[string, Partial<AssumedRole>, string]>([
    ['of another account', arn(good.assumedRoleArn.replace('111122223333', '444455556666')), ARN],
    ['of another role', arn(good.assumedRoleArn.replace('Reader', 'Admin')), ARN],
    ['with the role’s path', arn(good.assumedRoleArn.replace('Reader', 'stint/Reader')), ARN],
    ['of another session', arn(good.assumedRoleArn.replace('dana-', 'eve-')), ARN],
    ['of another partition', arn(good.assumedRoleArn.replace('arn:aws:', 'arn:aws-cn:')), ARN],
    ['of IAM', arn(good.assumedRoleArn.replace(':sts:', ':iam:')), ARN],
    ['with more behind it', arn(`${good.assumedRoleArn}/x`), ARN],
    ['without an ARN', arn(''), ARN],
    ['with another session in its role ID', id('AROAEXAMPLE123:eve'), ID],
    ['with a role ID that has no session', id('AROAEXAMPLE123'), ID],
    ['with a role ID that has no role', id(`:${SESSION}`), ID],
    ['with a role ID that is a name', id(`my role:${SESSION}`), ID],
    ['with more before the role ID', id(`x-AROAEXAMPLE123:${SESSION}`), ID],
    ['with more between role ID and session', id(`AROAEXAMPLE123-x:${SESSION}`), ID],
    ['with more behind the role ID', id(`AROAEXAMPLE123:${SESSION}:x`), ID],
    ['without a role ID', id(''), ID],
    ['with another source identity', { sourceIdentity: 'acme.eve' }, IDENTITY],
    ['with the source identity in other case', { sourceIdentity: 'acme.Dana' }, IDENTITY],
    ['with an empty source identity', { sourceIdentity: '' }, IDENTITY],
    ['with a long-lived access key', key({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }), KEY],
    ['with a blank access key', key({ accessKeyId: ' ' }), KEY],
    ['without an access key', key({ accessKeyId: '' }), KEY],
    ['with a lower-case access key', key({ accessKeyId: 'asiaiosfodnn7example' }), KEY],
    ['with a control character in the access key', key({ accessKeyId: 'ASIAIOSFODNN7\u0000XAMPLE' }), KEY],
    ['with a line break behind the access key', key({ accessKeyId: `${credentials.accessKeyId}\n` }), KEY],
    ['with more before the access key', key({ accessKeyId: `x${credentials.accessKeyId}` }), KEY],
    ['with an access key that is too short', key({ accessKeyId: 'ASIA1234' }), KEY],
    ['with an access key that is too long', key({ accessKeyId: `ASIA${'A'.repeat(125)}` }), KEY],
    ['without a secret', key({ secretAccessKey: '' }), SECRET],
    ['with a line break in the secret', key({ secretAccessKey: 'a\nexport X=1' }), SECRET],
    ['with a secret that is too long', key({ secretAccessKey: 'a'.repeat(257) }), SECRET],
    ['without a token', key({ sessionToken: '' }), TOKEN],
    ['with an escape sequence in the token', key({ sessionToken: 'a\u001b[2J' }), TOKEN],
    ['with a token that is too long', key({ sessionToken: 'a'.repeat(32_769) }), TOKEN],
    ['with a token outside ASCII', key({ sessionToken: 'é' }), TOKEN],
    ['that expired in 2020', expires(Date.UTC(2020, 0), NOW), END],
    ['that expires in 2999', expires(Date.UTC(2999, 0), NOW), END],
    ['that expires in 2999, by a clock of that year', expires(Date.UTC(2999, 0), Date.UTC(2999, 0) - 1000), END],
    ['that expires as it comes', expires(NOW, NOW), END],
    ['that expires as it comes, by a clock five minutes ahead of ours', expires(NOW + 300_000, NOW + 300_000), END],
    ['that expires more than a minute late', expires(NOW + 960_001, NOW), END],
    ['that expires late by AWS’s clock, which is behind ours', expires(NOW + 900_000, NOW - 61_000), END],
    ['that expired more than five minutes ago, without a date', expires(NOW - 300_000), END],
    ['that expires more than six minutes late, without a date', expires(NOW + 1_260_001), END],
    ['without an expiration', expires(Number.NaN, NOW), END],
    ['with a packed size above 100', { packedPolicySize: 101 }, SIZE],
    ['with a packed size below 0', { packedPolicySize: -1 }, SIZE],
    ['with half a percent', { packedPolicySize: 0.5 }, SIZE],
    ['without a number for the packed size', { packedPolicySize: Number.NaN }, SIZE],
    ['with a request ID that is a sentence', { awsRequestId: 'a b' }, REQUEST],
    ['with a request ID that is too long', { awsRequestId: 'a'.repeat(129) }, REQUEST],
  ])('%s is refused', (_name, change, fault) => expect(faultInAnswer(asked, { ...good, ...change }, NOW)).toBe(fault))

  test.each<[string, Partial<AssumedRole>]>([
    ['that expires a minute late', expires(NOW + 960_000, NOW)],
    ['that expires late by our clock and in time by AWS’s', expires(NOW + 1_190_000, NOW + 290_000)],
    ['without a date, by a clock that is five minutes off', expires(NOW + 1_260_000)],
    ['without a date, and by a clock behind ours', expires(NOW - 299_000)],
    ['without a request ID', { awsRequestId: '' }],
    ['with the smallest packed size', { packedPolicySize: 0 }],
    ['with the largest packed size', { packedPolicySize: 100 }],
  ])('%s is accepted', (_name, change) => expect(faultInAnswer(asked, { ...good, ...change }, NOW)).toBeUndefined())

  test.each<[string, string | undefined, string | undefined]>([
    ['none where none was set', undefined, undefined],
    ['one where none was set', 'acme.dana', IDENTITY],
  ])('with a source identity: %s', (_name, sourceIdentity, fault) => {
    const { sourceIdentity: _set, ...unset } = asked
    const { sourceIdentity: _came, ...answer } = good
    expect(faultInAnswer(unset, sourceIdentity === undefined ? answer : { ...answer, sourceIdentity }, NOW)).toBe(fault)
  })
})

test.each<[string, string | undefined, object]>([
  ['with the form of an ID', '6f9a2c1e-0000-4000-8000-000000000000', { awsRequestId: '6f9a2c1e-0000-4000-8000-000000000000' }],
  ['of 128 characters', 'a'.repeat(128), { awsRequestId: 'a'.repeat(128) }],
  ['that is too long for an event', 'a'.repeat(129), {}],
  ['that is empty', '', {}],
  ['that is a sentence', 'a b', {}],
  ['with a line break behind it', 'r-1\n', {}],
  ['that is missing', undefined, {}],
])('a request ID %s, in an event', (_name, id, expected) => expect(requestIdOf(id)).toStrictEqual(expected))
