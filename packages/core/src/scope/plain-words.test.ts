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
    [
      'writes of one service in two places',
      [allow('s3:PutObject', 'arn:aws:s3:::a'), allow('s3:PutObject', 'arn:aws:s3:::b')],
      [],
      ['can write (PutObject) in S3: a', 'can write (PutObject) in S3: b'],
    ],
    [
      'reading beside writing',
      [allow('s3:GetObject', 'arn:aws:s3:::a'), allow(['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::b')],
      [],
      ['can read in S3: a', 'can read and write (PutObject) in S3: b'],
    ],
    [
      'reading with a condition beside reading without',
      [
        allow('s3:GetObject', 'arn:aws:s3:::a'),
        allow('s3:GetObject', 'arn:aws:s3:::b', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
      ],
      [],
      ['can read in S3: a', 'can read in S3: b, with aws:SecureTransport as required', 'cannot write'],
    ],
    [
      'reading two services beside reading one',
      [allow(['s3:GetObject', 'sqs:GetQueueUrl'], 'arn:aws:s3:::a'), allow('s3:GetObject', 'arn:aws:s3:::b')],
      [],
      ['can read in S3: a', 'can read in SQS: a', 'can read in S3: b', 'cannot write'],
    ],
    [
      'reading everything but one place beside reading another',
      [
        { Effect: 'Allow', Action: 's3:GetObject', NotResource: 'arn:aws:s3:::a' } as StatementJson,
        allow('s3:GetObject', 'arn:aws:s3:::b'),
      ],
      [],
      ['can read in S3: everything except a', 'can read in S3: b', 'cannot write'],
    ],
    [
      'every action but some, twice',
      [
        { Effect: 'Allow', NotAction: 'iam:*', Resource: 'arn:aws:s3:::a' } as StatementJson,
        { Effect: 'Allow', NotAction: 'sts:*', Resource: 'arn:aws:s3:::b' } as StatementJson,
      ],
      [],
      ['can do everything except iam:*, in a', 'can do everything except sts:*, in b'],
    ],
    ['every action of every service', [allow('*:*')], [], ['can do everything that the role allows']],
    ['every action beside one', [allow(['s3:GetObject', '*'])], [], ['can do everything that the role allows']],
    ['everything of a service beside one action', [allow(['s3:GetObject', 's3:**'])], [], ['can do everything in S3']],
    ['an action that ends like everything', [allow('s3:Get*')], [], ['can read in S3', 'cannot write']],
    [
      'a Deny of everything in one place',
      [allow('s3:*'), { Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::secret' } as StatementJson],
      [],
      ['can do everything in S3', 'never anything in secret'],
    ],
    [
      'a Deny of everything but some',
      [allow('s3:*'), { Effect: 'Deny', NotAction: 's3:GetObject', Resource: '*' } as StatementJson],
      [],
      ['can do everything in S3', 'never anything except s3:GetObject'],
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
      ['can read in S3: a, b, c, d', 'cannot write'],
    ],
    [
      'the objects of one bucket and another bucket',
      [allow('s3:GetObject', ['arn:aws:s3:::a/*', 'arn:aws:s3:::b'])],
      [],
      ['can read in S3: a/*, b', 'cannot write'],
    ],
    [
      'a resource that only looks like an ARN',
      [allow('s3:GetObject', 'x-arn:aws:s3:::a')],
      [],
      ['can read in S3: x-arn:aws:s3:::a', 'cannot write'],
    ],
    ['hidden characters', [allow('s3:GetObject', 'arn:aws:s3:::x\u202Ey')], [], ['can read in S3: x‹U+202E›y', 'cannot write']],
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
