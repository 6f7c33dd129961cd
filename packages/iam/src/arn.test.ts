/** ARNs and their patterns, part by part (AWS IAM User Guide, "IAM JSON policy elements: Resource", "ARN condition operators"). */
import { describe, expect, test } from 'vitest'
import { arnMatches, assumedRole, splitArn, splitArnPattern } from './arn.ts'
import { contextOf } from './context.ts'

test.each<[string, readonly string[] | undefined]>([
  ['arn:aws:s3:::bucket', ['arn', 'aws', 's3', '', '', 'bucket']],
  ['arn:aws:logs:us-east-1:111122223333:log-group:/a:*', ['arn', 'aws', 'logs', 'us-east-1', '111122223333', 'log-group:/a:*']],
  ['arn:aws:s3:::', ['arn', 'aws', 's3', '', '', '']],
  ['arn:aws:s3::', undefined],
  ['urn:aws:s3:::bucket', undefined],
  ['bucket', undefined],
])('the parts of %s', (text, parts) => expect(splitArn(text)).toEqual(parts))

test.each<[string, readonly string[] | undefined]>([
  ['arn:aws:s3:::b/${aws:userid}', ['arn', 'aws', 's3', '', '', 'b/${aws:userid}']],
  [
    'arn:aws:sqs:${aws:RequestedRegion}:${aws:PrincipalAccount}:q:r',
    ['arn', 'aws', 'sqs', '${aws:RequestedRegion}', '${aws:PrincipalAccount}', 'q:r'],
  ],
  // A brace or a dollar sign alone opens no variable.
  ['arn:aws:sqs:{a}:b}:q', ['arn', 'aws', 'sqs', '{a}', 'b}', 'q']],
  ['arn:aws:sqs:$a:$:q', ['arn', 'aws', 'sqs', '$a', '$', 'q']],
  ['arn:aws:s3', undefined],
  ['arn:aws:s3:${aws:userid', undefined],
])('the parts of the pattern %s', (text, parts) => expect(splitArnPattern(text)).toEqual(parts))

describe('a pattern', () => {
  const context = contextOf({ 'aws:RequestedRegion': 'eu-central-1' })
  test.each<[string, string, boolean]>([
    ['*', 'bucket', true],
    ['arn:aws:sqs:*:1111*:q', 'arn:aws:sqs:eu-central-1:111122223333:q', true],
    ['arn:aws:sqs:${aws:RequestedRegion}:*:q', 'arn:aws:sqs:eu-central-1:111122223333:q', true],
    ['arn:aws:sqs:${aws:RequestedRegion}:*:q', 'arn:aws:sqs:us-east-1:111122223333:q', false],
    ['arn:aws:s3:::*', 'bucket', false],
    ['arn:aws:s3', 'arn:aws:s3:::bucket', false],
    ['arn:aws:s3', 'arn:aws:s3', false],
  ])('%s matches %s: %s', (pattern, arn, expected) => expect(arnMatches(pattern, arn, context, true)).toBe(expected))
})

test.each<[string, ReturnType<typeof assumedRole>]>([
  ['arn:aws:sts::111122223333:assumed-role/Reader/dana', { account: '111122223333', role: 'Reader', session: 'dana' }],
  ['arn:aws-us-gov:sts::111122223333:assumed-role/Reader/dana', { account: '111122223333', role: 'Reader', session: 'dana' }],
  ['arn:aws:iam::111122223333:role/Reader', undefined],
  ['arn:aws:sts::111122223333:federated-user/dana', undefined],
  ['arn:aws:sts::1:assumed-role/Reader/dana', undefined],
  ['arn:aws:sts::111122223333:assumed-role/Reader', undefined],
  ['arn:aws:sts::111122223333:assumed-role/Reader/dana/x', undefined],
  ['arn:aws:sts::111122223333:assumed-role//dana', undefined],
  ['xarn:aws:sts::111122223333:assumed-role/Reader/dana', undefined],
])('the session of %s', (arn, session) => expect(assumedRole(arn)).toEqual(session))
