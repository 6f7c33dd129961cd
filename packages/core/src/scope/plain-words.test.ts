/** What approvers read first. A line must never promise less than the statements allow. */
import type { StatementJson } from '@stint/iam'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainWords } from './plain-words.ts'
import { riskOf } from './risk.ts'

const allow = (Action: string | string[], Resource: string | string[] = '*', more: object = {}): StatementJson =>
  ({ Effect: 'Allow', Action, Resource, ...more }) as StatementJson
const words = (policy: readonly StatementJson[], policyArns: readonly string[] = []) =>
  plainWords({ policy, policyArns, role: 'arn:aws:iam::111122223333:role/stint/Reader' })

describe('a policy in plain words', () => {
  test.each<[string, readonly StatementJson[], readonly string[], readonly string[]]>([
    ['no policy', [], [], ['can do everything that the role allows']],
    [
      'a bucket and its objects',
      [allow('s3:ListBucket', 'arn:aws:s3:::acme-orders-logs'), allow('s3:GetObject', 'arn:aws:s3:::acme-orders-logs/*')],
      [],
      ['can read in S3: `acme-orders-logs`', 'cannot write'],
    ],
    [
      'a bucket and its objects in one statement',
      [allow(['s3:ListBucket', 's3:GetObject'], ['arn:aws:s3:::acme-orders-logs', 'arn:aws:s3:::acme-orders-logs/*'])],
      [],
      ['can read in S3: `acme-orders-logs`', 'cannot write'],
    ],
    [
      'reading and writing',
      [allow(['dynamodb:GetItem', 'dynamodb:PutItem'], 'arn:aws:dynamodb:eu-central-1:111122223333:table/orders')],
      [],
      ['can read and write (`PutItem`) in DynamoDB: `table/orders`'],
    ],
    ['everything of a service', [allow('ec2:*')], [], ['can do everything in EC2']],
    ['a wildcard that includes writes', [allow('s3:*Object')], [], ['can write (`*Object`) in S3']],
    ['a verb that no one knows', [allow('acme:Frobnicate')], [], ['can write (`Frobnicate`) in acme']],
    ['every action', [allow('*')], [], ['can do everything that the role allows']],
    ['every action on one bucket', [allow('*', 'arn:aws:s3:::x')], [], ['can do everything in `x`']],
    ['two services', [allow(['s3:GetObject', 'sqs:SendMessage'])], [], ['can read in S3', 'can write (`SendMessage`) in SQS']],
    [
      'every action but some',
      [{ Effect: 'Allow', NotAction: ['iam:*', 'sts:*'], Resource: '*' } as StatementJson],
      [],
      ['can do everything except `iam:*`, `sts:*`'],
    ],
    [
      'every resource but one',
      [{ Effect: 'Allow', Action: 's3:GetObject', NotResource: 'arn:aws:s3:::secret/*' } as StatementJson],
      [],
      ['can read in S3: any resource except `arn:aws:s3:::secret/*`', 'cannot write'],
    ],
    [
      'a condition',
      [allow('s3:GetObject', '*', { Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-central-1' } } })],
      [],
      ['can read in S3: everything, under conditions on `aws:RequestedRegion`', 'cannot write'],
    ],
    [
      'a Deny',
      [allow('s3:*', 'arn:aws:s3:::x'), { Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*' } as StatementJson],
      [],
      ['can do everything in S3: `x`', 'never `s3:DeleteObject`'],
    ],
    [
      'a Deny on a part of what the last part of its ARN would say',
      [
        allow('*'),
        { Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::*' } as StatementJson,
        { Effect: 'Deny', Action: 'dynamodb:*', Resource: 'arn:aws:dynamodb:us-east-1:111122223333:*' } as StatementJson,
      ],
      [],
      [
        'can do everything that the role allows',
        'never anything in `arn:aws:s3:::*`',
        'never `dynamodb:*` in `arn:aws:dynamodb:us-east-1:111122223333:*`',
      ],
    ],
    [
      'an exception of a whole service',
      [{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::*' } as StatementJson],
      [],
      ['can do everything in any resource except `arn:aws:s3:::*`'],
    ],
    [
      'a policy of AWS that reads',
      [],
      ['arn:aws:iam::aws:policy/SecurityAudit'],
      ['can do what the policy `SecurityAudit` allows', 'cannot write'],
    ],
    ['a policy of the account', [], ['arn:aws:iam::111122223333:policy/Ops'], ['can do what the policy `Ops` allows']],
    [
      'many resources',
      [
        allow(
          's3:GetObject',
          ['a', 'b', 'c', 'd', 'e', 'f'].map((one) => `arn:aws:s3:::${one}`),
        ),
      ],
      [],
      ['can read in S3: `a`, `b`, `c`, `d` and 2 more', 'cannot write'],
    ],
    [
      'writes of one service in two places',
      [allow('s3:PutObject', 'arn:aws:s3:::a'), allow('s3:PutObject', 'arn:aws:s3:::b')],
      [],
      ['can write (`PutObject`) in S3: `a`', 'can write (`PutObject`) in S3: `b`'],
    ],
    [
      'reading beside writing',
      [allow('s3:GetObject', 'arn:aws:s3:::a'), allow(['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::b')],
      [],
      ['can read in S3: `a`', 'can read and write (`PutObject`) in S3: `b`'],
    ],
    [
      'reading with a condition beside reading without',
      [
        allow('s3:GetObject', 'arn:aws:s3:::a'),
        allow('s3:GetObject', 'arn:aws:s3:::b', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
      ],
      [],
      ['can read in S3: `a`', 'can read in S3: `b`, under conditions on `aws:SecureTransport`', 'cannot write'],
    ],
    [
      'reading two services beside reading one',
      [allow(['s3:GetObject', 'sqs:GetQueueUrl'], 'arn:aws:s3:::a'), allow('s3:GetObject', 'arn:aws:s3:::b')],
      [],
      ['can read in S3: `a`', 'can read in SQS: `a`', 'can read in S3: `b`', 'cannot write'],
    ],
    [
      'reading everything but one place beside reading another',
      [
        { Effect: 'Allow', Action: 's3:GetObject', NotResource: 'arn:aws:s3:::a' } as StatementJson,
        allow('s3:GetObject', 'arn:aws:s3:::b'),
      ],
      [],
      ['can read in S3: any resource except `arn:aws:s3:::a`', 'can read in S3: `b`', 'cannot write'],
    ],
    [
      'every action but some, twice',
      [
        { Effect: 'Allow', NotAction: 'iam:*', Resource: 'arn:aws:s3:::a' } as StatementJson,
        { Effect: 'Allow', NotAction: 'sts:*', Resource: 'arn:aws:s3:::b' } as StatementJson,
      ],
      [],
      ['can do everything except `iam:*`, in `a`', 'can do everything except `sts:*`, in `b`'],
    ],
    ['every action of every service', [allow('*:*')], [], ['can do everything that the role allows']],
    ['every action beside one', [allow(['s3:GetObject', '*'])], [], ['can do everything that the role allows']],
    ['everything of a service beside one action', [allow(['s3:GetObject', 's3:**'])], [], ['can do everything in S3']],
    ['an action that ends like everything', [allow('s3:Get*')], [], ['can read in S3', 'cannot write']],
    [
      'a Deny of everything in one place',
      [allow('s3:*'), { Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::secret' } as StatementJson],
      [],
      ['can do everything in S3', 'never anything in `arn:aws:s3:::secret`'],
    ],
    [
      'a Deny of everything but some',
      [allow('s3:*'), { Effect: 'Deny', NotAction: 's3:GetObject', Resource: '*' } as StatementJson],
      [],
      ['can do everything in S3', 'never anything except `s3:GetObject`'],
    ],
    [
      'four resources',
      [
        allow(
          's3:GetObject',
          ['a', 'b', 'c', 'd'].map((one) => `arn:aws:s3:::${one}`),
        ),
      ],
      [],
      ['can read in S3: `a`, `b`, `c`, `d`', 'cannot write'],
    ],
    [
      'the objects of one bucket and another bucket',
      [allow('s3:GetObject', ['arn:aws:s3:::a/*', 'arn:aws:s3:::b'])],
      [],
      ['can read in S3: `a/*`, `b`', 'cannot write'],
    ],
    [
      'a resource that only looks like an ARN',
      [allow('s3:GetObject', 'x-arn:aws:s3:::a')],
      [],
      ['can read in S3: `x-arn:aws:s3:::a`', 'cannot write'],
    ],
    [
      'a wildcard as the last of many resources',
      [
        allow(
          's3:GetObject',
          ['a', 'b', 'c', 'd', 'e', '*/*'].map((one) => `arn:aws:s3:::${one}`),
        ),
      ],
      [],
      ['can read in S3: `*/*`, `a`, `b`, `c` and 2 more', 'cannot write'],
    ],
    [
      'more wildcards than one line names, and one plain name',
      [
        allow(
          's3:GetObject',
          ['a*', 'b*', 'c*', 'd*', 'e*', 'f'].map((one) => `arn:aws:s3:::${one}`),
        ),
      ],
      [],
      ['can read in S3: `a*`, `b*`, `c*`, `d*`, `e*` and 1 more', 'cannot write'],
    ],
    [
      'many writes',
      [allow(['s3:PutObject', 's3:PutObjectTagging', 's3:AbortMultipartUpload', 's3:RestoreObject', 's3:DeleteBucket', 's3:Put*Policy'])],
      [],
      ['can write (`Put*Policy`, `PutObject`, `PutObjectTagging`, `AbortMultipartUpload`, `RestoreObject`, `DeleteBucket`) in S3'],
    ],
    [
      'a Deny with a condition that never holds',
      [
        allow('s3:*'),
        {
          Effect: 'Deny',
          Action: 's3:Delete*',
          Resource: '*',
          Condition: { DateLessThan: { 'aws:CurrentTime': '2000-01-01T00:00:00Z' } },
        } as StatementJson,
      ],
      [],
      ['can do everything in S3', 'not `s3:Delete*`, under conditions on `aws:CurrentTime`'],
    ],
    [
      'a condition that is met almost everywhere',
      [allow('s3:*', '*', { Condition: { NotIpAddress: { 'aws:SourceIp': '192.0.2.1/32' } } })],
      [],
      ['can do everything in S3: everything, under conditions on `aws:SourceIp`'],
    ],
    [
      'every action but some, with a condition',
      [
        {
          Effect: 'Allow',
          NotAction: 'iam:*',
          Resource: 'arn:aws:s3:::a',
          Condition: { Bool: { 'aws:SecureTransport': 'true' } },
        } as StatementJson,
      ],
      [],
      ['can do everything except `iam:*`, in `a`, under conditions on `aws:SecureTransport`'],
    ],
    [
      'every action, with a condition',
      [allow('*', '*', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } })],
      [],
      ['can do everything that the role allows, under conditions on `aws:SecureTransport`'],
    ],
    [
      'a name that reads like words',
      [allow('s3:Get*', 'arn:aws:s3:::acme-logs` (only in tests). Cannot delete')],
      [],
      ['can read in S3: `acme-logs‹U+0060› (only in tests). Cannot delete`', 'cannot write'],
    ],
    [
      'a bucket and objects of another account’s resource of that name',
      [allow('sqs:SendMessage', ['arn:aws:sqs:*:111122223333:a', 'arn:aws:sqs:*:999999999999:a/*'])],
      [],
      ['can write (`SendMessage`) in SQS: `a/*` in account `999999999999`, `a`'],
    ],
    [
      'a role of another account',
      [allow('sts:AssumeRole', 'arn:aws:iam::999999999999:role/Admin')],
      [],
      ['can write (`AssumeRole`) in STS: `role/Admin` in account `999999999999`'],
    ],
    [
      'a queue of its own account, of any and of some',
      [allow('sqs:SendMessage', ['arn:aws:sqs:*:111122223333:a', 'arn:aws:sqs:*:*:b', 'arn:aws:sqs:*:1*:c'])],
      [],
      ['can write (`SendMessage`) in SQS: `c` in account `1*`, `b` in any account, `a`'],
    ],
    [
      'everything of another account',
      [allow('sqs:SendMessage', 'arn:aws:sqs:*:999999999999:*')],
      [],
      ['can write (`SendMessage`) in SQS: `*` in account `999999999999`'],
    ],
    [
      'more queues of another account than one line names',
      [
        allow(
          'sqs:SendMessage',
          [1, 2, 3, 4, 5].map((one) => `arn:aws:sqs:eu-central-1:999999999999:q${one}`),
        ),
      ],
      [],
      [`can write (\`SendMessage\`) in SQS: ${[1, 2, 3, 4, 5].map((one) => `\`q${one}\` in account \`999999999999\``).join(', ')}`],
    ],
    [
      'more queues of any account than one line names',
      [
        allow(
          'sqs:SendMessage',
          [1, 2, 3, 4, 5].map((one) => `arn:aws:sqs:*:*:q${one}`),
        ),
      ],
      [],
      [`can write (\`SendMessage\`) in SQS: ${[1, 2, 3, 4, 5].map((one) => `\`q${one}\` in any account`).join(', ')}`],
    ],
    [
      'a bucket, its objects, and a bucket whose name begins like it',
      [allow('s3:Get*', ['arn:aws:s3:::a', 'arn:aws:s3:::a/*', 'arn:aws:s3:::a01'])],
      [],
      ['can read in S3: `a`, `a01`', 'cannot write'],
    ],
    [
      'reading two services, each in its own place',
      [allow('s3:GetObject', 'arn:aws:s3:::a'), allow('sqs:GetQueueUrl', 'arn:aws:sqs:*:111122223333:b')],
      [],
      ['can read in S3: `a`', 'can read in SQS: `b`', 'cannot write'],
    ],
    [
      'reading the same two services in two places',
      [
        allow(['s3:GetObject', 'sqs:GetQueueUrl'], 'arn:aws:s3:::a'),
        allow(['s3:GetObject', 'sqs:GetQueueUrl'], 'arn:aws:sqs:*:111122223333:b'),
      ],
      [],
      ['can read in S3: `a`', 'can read in SQS: `a`', 'can read in S3: `b`', 'can read in SQS: `b`', 'cannot write'],
    ],
    [
      'wildcards, of which the shortest comes first',
      [
        allow(
          's3:GetObject',
          ['abc*', 'a*', 'abcd*', 'ab*'].map((one) => `arn:aws:s3:::${one}`),
        ),
      ],
      [],
      ['can read in S3: `a*`, `ab*`, `abc*`, `abcd*`', 'cannot write'],
    ],
    [
      'any account, written with two stars, and accounts that only begin or end with one',
      [allow('sqs:SendMessage', ['arn:aws:sqs:*:**:a', 'arn:aws:sqs:*:*1:b', 'arn:aws:sqs:*:1*:c'])],
      [],
      ['can write (`SendMessage`) in SQS: `b` in account `*1`, `c` in account `1*`, `a` in any account'],
    ],
    [
      'a name that goes on in the next line',
      [allow('s3:GetObject', 'arn:aws:s3:::a\nb')],
      [],
      ['can read in S3: `arn:aws:s3:::a ⏎ b`', 'cannot write'],
    ],
    ['what begins like a read', [allow('license-manager:CheckInLicense')], [], ['can write (`CheckInLicense`) in license-manager']],
    ['hidden characters', [allow('s3:GetObject', 'arn:aws:s3:::x\u202Ey')], [], ['can read in S3: `x‹U+202E›y`', 'cannot write']],
  ])('%s', (_what, policy, arns, expected) => expect(words(policy, arns)).toEqual(expected))
})

test.each([
  ['cloudformation', 'CloudFormation'],
  ['cloudwatch', 'CloudWatch'],
  ['dynamodb', 'DynamoDB'],
  ['ecr', 'ECR'],
  ['ecs', 'ECS'],
  ['eks', 'EKS'],
  ['elasticloadbalancing', 'Elastic Load Balancing'],
  ['events', 'EventBridge'],
  ['iam', 'IAM'],
  ['kms', 'KMS'],
  ['lambda', 'Lambda'],
  ['logs', 'CloudWatch Logs'],
  ['rds', 'RDS'],
  ['route53', 'Route 53'],
  ['secretsmanager', 'Secrets Manager'],
  ['sns', 'SNS'],
  ['ssm', 'Systems Manager'],
  ['states', 'Step Functions'],
  ['sts', 'STS'],
  ['constructor', 'constructor'],
])('%s is %s', (prefix, name) => expect(words([allow(`${prefix}:GetThing`)])[0]).toBe(`can read in ${name}`))

test.each([
  ['111122223333', '`q`'],
  ['999999999999', '`q`'],
  ['1*', '`q` in account `1*`'],
  ['*1', '`q` in account `*1`'],
  ['*', '`q` in any account'],
])('without a role to compare with, a queue of account %s is %s', (account, place) =>
  expect(plainWords({ policy: [allow('sqs:GetQueueUrl', `arn:aws:sqs:*:${account}:q`)], policyArns: [] })[0]).toBe(
    `can read in SQS: ${place}`,
  ),
)

test('a minting action behind a wildcard counts as writing if the session is not denied it', () => {
  const policy = [allow('sts:Get*')]
  expect(plainWords({ policy, policyArns: [] })).toEqual(['can read in STS', 'cannot write'])
  expect(plainWords({ policy, policyArns: [], mints: ['sts:GetFederationToken'] })).toEqual(['can write (`Get*`) in STS'])
  // The name of this action has a digit.
  const tokens = [{ Effect: 'Allow' as const, Action: 'bedrock-agentcore:Get*', Resource: '*' }]
  expect(plainWords({ policy: tokens, policyArns: [], mints: ['bedrock-agentcore:GetResourceOauth2Token'] })).toEqual([
    'can write (`Get*`) in bedrock-agentcore',
  ])
})

test('every wildcard that is allowed is named, and every action that can write', () => {
  const actions = [
    's3:GetObject',
    's3:Get*',
    's3:*',
    's3:Put*',
    's3:DeleteBucket',
    'sqs:SendMessage',
    'sqs:Re*',
    'license-manager:Check*',
    '*',
  ]
  const names = ['a', 'b', 'c', 'd', 'e', 'f*', '*/*', '?*', 'a/*', '*', 'x (only). Cannot write']
  const arns = names.flatMap((name) => [`arn:aws:s3:::${name}`, `arn:aws:sqs:*:999999999999:${name}`, `arn:aws:sqs:*:111122223333:${name}`])
  const list = (from: readonly string[]) => fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 12 })
  const condition = fc.constantFrom(undefined, { NotIpAddress: { 'aws:SourceIp': '192.0.2.1/32' } })
  const statement = fc.record({ actions: list(actions), resources: list(arns), condition })
  const named = (name: string, lines: string) => lines.includes(`\`${name}\``)
  const isUnlimited = (lines: string) => /^can do everything that the role allows|^can (read|write|do everything)[^:\n]*$/m.test(lines)
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 4 }), (statements) => {
      const policy = statements.map((one) => allow(one.actions, one.resources, one.condition ? { Condition: one.condition } : {}))
      const lines = words(policy).join('\n')
      const { level } = riskOf({ policy, policyArns: [] })
      for (const one of statements) {
        for (const action of one.actions.filter((name) => !/:(Get|\*$)|^\*$/.test(name)))
          expect(named(action.slice(action.indexOf(':') + 1), lines) || /can do everything/.test(lines), action).toBe(true)
        for (const arn of one.resources.filter((name) => name.includes('*', 20) || name.endsWith('?*'))) {
          const name = arn.slice(arn.lastIndexOf(':') + 1)
          const bucket = name.replace(/\/\*$/, '')
          expect(named(name, lines) || named(bucket, lines) || /everything(,|$)/m.test(lines) || isUnlimited(lines), arn).toBe(true)
        }
        if (one.resources.some((arn) => arn.includes('999999999999')) && !isUnlimited(lines) && !/: everything,/.test(lines))
          expect(lines).toContain('in account `999999999999`')
      }
      expect(lines.includes('cannot write')).toBe(level === 'low')
    }),
    { numRuns: 500 },
  )
})
