/** What approvers read first. A line must never promise less than the statements allow. */
import type { StatementJson } from '@stint/iam'
import { describe, expect, test } from 'vitest'
import { plainWords } from './plain-words.ts'

const allow = (Action: string | string[], Resource: string | string[] = '*', more: object = {}): StatementJson =>
  ({ Effect: 'Allow', Action, Resource, ...more }) as StatementJson
const words = (policy: readonly StatementJson[], policyArns: readonly string[] = []) => plainWords({ policy, policyArns })

describe('a policy in plain words', () => {
  test.each<[string, readonly StatementJson[], readonly string[], readonly string[]]>([
    ['no policy', [], [], ['can do everything that the role allows']],
    [
      'a bucket and its objects',
      [allow('s3:ListBucket', 'arn:aws:s3:::acme-orders-logs'), allow('s3:GetObject', 'arn:aws:s3:::acme-orders-logs/*')],
      [],
      ['can read in S3: acme-orders-logs', 'cannot write'],
    ],
    [
      'a bucket and its objects in one statement',
      [allow(['s3:ListBucket', 's3:GetObject'], ['arn:aws:s3:::acme-orders-logs', 'arn:aws:s3:::acme-orders-logs/*'])],
      [],
      ['can read in S3: acme-orders-logs', 'cannot write'],
    ],
    [
      'reading and writing',
      [allow(['dynamodb:GetItem', 'dynamodb:PutItem'], 'arn:aws:dynamodb:eu-central-1:111122223333:table/orders')],
      [],
      ['can read and write (PutItem) in DynamoDB: table/orders'],
    ],
    ['everything of a service', [allow('ec2:*')], [], ['can do everything in EC2']],
    ['a wildcard that includes writes', [allow('s3:*Object')], [], ['can write (*Object) in S3']],
    ['a verb that no one knows', [allow('acme:Frobnicate')], [], ['can write (Frobnicate) in acme']],
    ['every action', [allow('*')], [], ['can do everything that the role allows']],
    ['every action on one bucket', [allow('*', 'arn:aws:s3:::x')], [], ['can do everything in x']],
    ['two services', [allow(['s3:GetObject', 'sqs:SendMessage'])], [], ['can read in S3', 'can write (SendMessage) in SQS']],
    [
      'every action but some',
      [{ Effect: 'Allow', NotAction: ['iam:*', 'sts:*'], Resource: '*' } as StatementJson],
      [],
      ['can do everything except iam:*, sts:*'],
    ],
    [
      'every resource but one',
      [{ Effect: 'Allow', Action: 's3:GetObject', NotResource: 'arn:aws:s3:::secret/*' } as StatementJson],
      [],
      ['can read in S3: everything except secret/*', 'cannot write'],
    ],
    [
      'a condition',
      [allow('s3:GetObject', '*', { Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-central-1' } } })],
      [],
      ['can read in S3: everything, with aws:RequestedRegion as required', 'cannot write'],
    ],
    [
      'a Deny',
      [allow('s3:*', 'arn:aws:s3:::x'), { Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*' } as StatementJson],
      [],
      ['can do everything in S3: x', 'never s3:DeleteObject'],
    ],
    [
      'a policy of AWS that reads',
      [],
      ['arn:aws:iam::aws:policy/SecurityAudit'],
      ['can do what the policy SecurityAudit allows', 'cannot write'],
    ],
    ['a policy of the account', [], ['arn:aws:iam::111122223333:policy/Ops'], ['can do what the policy Ops allows']],
    [
      'many resources',
      [
        allow(
          's3:GetObject',
          ['a', 'b', 'c', 'd', 'e', 'f'].map((one) => `arn:aws:s3:::${one}`),
        ),
      ],
      [],
      ['can read in S3: a, b, c, d and 2 more', 'cannot write'],
    ],
    ['hidden characters', [allow('s3:GetObject', 'arn:aws:s3:::x\u202Ey')], [], ['can read in S3: x‹U+202E›y', 'cannot write']],
  ])('%s', (_what, policy, arns, expected) => expect(words(policy, arns)).toEqual(expected))
})
