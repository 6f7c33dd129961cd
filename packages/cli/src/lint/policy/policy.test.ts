/** What the lint finds in policies, with AWS's own list of actions, resource types and condition keys. */
import { type ConfigSource, includes, oidc, type Profile, param, text } from '@stint/core'
import { checkConfig, formatFaults } from '@stint/core/config/check'
import { describe, expect, test } from 'vitest'
import { lint } from '../lint.ts'
import { paths } from './escalation.ts'
import { overlaps } from './overlap.ts'
import { actionsOf } from './reference.ts'

const staff = oidc({
  key: 'acme',
  url: 'https://login.acme.example',
  jwksUri: 'https://login.acme.example/jwks',
  kind: 'human',
  audiences: ['https://stint.acme.example'],
  tokenUse: 'access',
  groupsClaim: 'groups',
})
const github = { issuer: 'gh', claims: { repository_id: '74', event_name: 'push', ref: 'refs/heads/main' } }
const ACCOUNT = '111122223333'
const target = (partition = 'aws', region = 'eu-central-1') => ({
  account: ACCOUNT,
  roleArn: `arn:${partition}:iam::${ACCOUNT}:role/x`,
  externalId: `ext-${partition}`,
  region,
})
const base: Profile = {
  target: 't',
  eligible: [{ issuer: 'staff', claims: { groups: includes('dev') } }],
  duration: { default: '30m', max: '1h' },
}
const approval = {
  rules: [{ by: [{ issuer: 'staff', claims: { groups: includes('leads') } }], count: 1 }],
  expiresAfter: '1h',
  window: '1h',
  maxUses: 1,
} as const

function findings(change: object, more: Partial<ConfigSource> = {}) {
  const config = {
    issuers: { staff, ...more.issuers },
    targets: { t: target() },
    profiles: { p: { ...base, ...change } as Profile },
    ...more,
  }
  const checked = checkConfig({ ...config, issuers: { staff, ...more.issuers } })
  if (!checked.ok) throw new Error(formatFaults(checked.faults))
  return lint(checked.rules).filter(({ rule }) => rule !== 'lasting-access')
}
const found = (change: object, more?: Partial<ConfigSource>) =>
  findings(change, more).map(({ rule, path }) => `${rule} ${path.replace('profiles.p.', '')}`)
const said = (...args: Parameters<typeof findings>) =>
  findings(...args)
    .map(({ what }) => what)
    .join('\n')
const allow = (Action: string | string[], Resource: unknown = '*', more: object = {}) => ({ Effect: 'Allow', Action, Resource, ...more })
const deny = (Action: string | string[], Resource: unknown = '*', more: object = {}) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
})
const read = allow('s3:GetObject', 'arn:aws:s3:::b/*')

describe('actions that AWS does not have', () => {
  test.each<[string, string]>([
    ['s3:DeleteBukcet', "Did you mean 's3:DeleteBucket'?"],
    ['s3:GetObjects', "Did you mean 's3:GetObject'?"],
    ['s3:ListObjects', 'no action'], // the API's name; the action is s3:ListBucket
    ['s3:HeadObject', 'no action'],
    ['ec2:DescribeInstance', "Did you mean 'ec2:DescribeInstances'?"],
    ['dynamodb:GetItems', "Did you mean 'dynamodb:GetItem'?"],
    ['lambda:Invoke', 'no action'],
    ['lambda:InvokeFuntion', "Did you mean 'lambda:InvokeFunction'?"],
    ['cloudwatch:PutLogEvents', 'no action'],
    ['logs:PutLogEvent', "Did you mean 'logs:PutLogEvents'?"],
    ['iam:AttachPolicy', 'no action'],
    ['elb:DescribeLoadBalancers', 'no service'],
    ['cloudwatchlogs:*', 'no service'],
    ['ssm:GetParamater*', 'matches no action'],
    ['s3:*Objekt', 'matches no action'],
  ])('%s', (name, words) => {
    expect(found({ policy: [read, deny(name)] })).toEqual(['unknown-action policy[1].Action'])
    expect(said({ policy: [read, deny(name)] })).toContain(words)
    expect(said({ policy: [read, deny(name)] })).toContain('This Deny does nothing')
    expect(said({ policy: [allow([name, 's3:ListAllMyBuckets'])] })).toContain('This Allow does nothing')
  })
  test('what NotAction leaves out', () => {
    expect(said({ policy: [read, { Effect: 'Deny', NotAction: 's3:DeleteBukcet', Resource: '*' }] })).toContain(
      'Leaving it out changes nothing',
    )
  })
  test.each(['s3:getobject', 'S3:GetObject', 's3:Get*', 'iam:*', 'bedrock:InvokeModel', 'execute-api:Invoke', 'sts:GetCallerIdentity'])(
    '%s is one',
    (name) => expect(found({ policy: [read, deny(name)] })).toEqual([]),
  )
})

describe('actions and resources that do not go together', () => {
  test.each<[string, string[], unknown]>([
    ['an object action on a bucket', ['s3:GetObject'], 'arn:aws:s3:::b'],
    ['a bucket action on objects', ['s3:ListBucket'], 'arn:aws:s3:::b/*'],
    ['an action without resources', ['s3:ListAllMyBuckets'], 'arn:aws:s3:::*'],
    ['another of them', ['ec2:DescribeInstances'], 'arn:aws:ec2:*:*:instance/*'],
    ['a table action on a global table', ['dynamodb:PutItem'], 'arn:aws:dynamodb::*:global-table/t'],
    ['a role action on a user', ['iam:PutRolePolicy'], 'arn:aws:iam::*:user/*'],
    ['a queue action on a topic', ['sqs:SendMessage'], 'arn:aws:sns:*:*:q'],
    ['a function action on a layer', ['lambda:InvokeFunction'], 'arn:aws:lambda:*:*:layer:x'],
    ['a wildcard with nothing on this resource', ['dynamodb:*'], 'arn:aws:s3:::b'],
    ['a key action on an alias', ['kms:Decrypt'], 'arn:aws:kms:*:*:alias/x'],
    ['a secret action on a parameter', ['secretsmanager:GetSecretValue'], 'arn:aws:ssm:*:*:parameter/x'],
    ['log events of a group that is a bucket', ['logs:GetLogEvents'], 'arn:aws:s3:::logs/*'],
  ])('%s', (_name, actions, Resource) => {
    expect(found({ policy: [allow(actions, Resource)] })).toContain('action-resource policy[0].Resource')
    expect(found({ policy: [read, deny(actions, Resource)] })).toEqual(['action-resource policy[1].Resource'])
  })
  test('a resource beside the right one', () => {
    expect(said({ policy: [allow('s3:GetObject', ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'])] })).toBe(
      "None of the actions applies to 'arn:aws:s3:::b'.",
    )
  })
  test.each<[string, string[], unknown]>([
    ['bucket and objects', ['s3:ListBucket', 's3:GetObject'], ['arn:aws:s3:::b', 'arn:aws:s3:::b/*']],
    ['a bucket with a wildcard at its end', ['s3:GetObject'], 'arn:aws:s3:::b*'],
    [
      'a function and its versions',
      ['lambda:InvokeFunction'],
      ['arn:aws:lambda:eu-central-1:*:function:f', 'arn:aws:lambda:*:*:function:f:*'],
    ],
    ['a log group', ['logs:PutLogEvents'], 'arn:aws:logs:*:*:log-group:/aws/lambda/f:log-stream:*'],
    ['a role with a path', ['iam:PassRole'], 'arn:aws:iam::*:role/team/app-?'],
    ['any partition', ['sqs:SendMessage'], 'arn:*:sqs:*:*:q'],
    ['a variable', ['s3:GetObject'], 'arn:aws:s3:::b/${aws:userid}/*'],
    ['wildcards of a service', ['s3:*'], 'arn:aws:s3:::b'],
    ['an access point', ['s3:GetObject'], `arn:aws:s3:eu-central-1:${ACCOUNT}:accesspoint/ap/object/*`],
  ])('%s is right', (_name, actions, Resource) => expect(found({ policy: [allow(actions, Resource)] })).toEqual([]))
})

test.each<[string, string, boolean]>([
  ['arn:aws:s3:::b', 'arn:${Partition}:s3:::${BucketName}', true],
  ['arn:aws:s3:::b/k', 'arn:${Partition}:s3:::${BucketName}', false],
  ['arn:aws:s3:::b*', 'arn:${Partition}:s3:::${BucketName}/${ObjectName}', true],
  ['arn:aws:s3:::*', 'arn:${Partition}:s3:::${BucketName}', true],
  ['arn:aws:s3:::?', 'arn:${Partition}:s3:::${BucketName}', true],
  ['arn:aws:s3:::/', 'arn:${Partition}:s3:::${BucketName}', false],
  ['arn:aws:s?:::b', 'arn:${Partition}:s3:::${BucketName}', true],
  ['*', 'arn:${Partition}:sqs:${Region}:${Account}:${QueueName}', true],
  ['arn:aws:sqs:*:*:q', 'arn:${Partition}:sns:${Region}:${Account}:${TopicName}', false],
])('%s and %s: %s', (pattern, format, expected) => expect(overlaps(pattern, format)).toBe(expected))

describe('condition keys that requests for the action do not have', () => {
  const when = (operator: string, key: string, value = 'x') => ({ Condition: { [operator]: { [key]: value } } })
  const objects = 'arn:aws:s3:::b/*'
  test.each<[string, object, string]>([
    [
      'a tag of the object, when it is written',
      deny('s3:PutObject', objects, when('StringEquals', 's3:ExistingObjectTag/class')),
      'the Deny never applies',
    ],
    ['the same, negated', deny('s3:PutObject', objects, when('StringNotEquals', 's3:ExistingObjectTag/class')), 'the Deny always applies'],
    ['the same in an Allow', allow('s3:PutObject', objects, when('StringEquals', 's3:ExistingObjectTag/class')), 'the Allow never applies'],
    [
      'an encryption header, when it is read',
      deny('s3:GetObject', objects, when('StringNotEquals', 's3:x-amz-server-side-encryption')),
      'always',
    ],
    ['a prefix, when an object is read', deny('s3:GetObject', objects, when('StringNotLike', 's3:prefix')), 'always'],
    ['the passed service, when a role is read', deny('iam:GetRole', '*', when('StringEquals', 'iam:PassedToService')), 'never'],
    ['the instance type, when an object is deleted', deny('s3:DeleteObject', objects, when('StringEquals', 'ec2:InstanceType')), 'never'],
    ['a key of another service', deny('sqs:SendMessage', '*', when('StringEquals', 'kms:ViaService')), 'never'],
    [
      'leading keys, when tables are listed',
      deny('dynamodb:ListTables', '*', when('ForAllValues:StringEquals', 'dynamodb:LeadingKeys')),
      'always',
    ],
    ['a max of keys, when an object is deleted', deny('s3:DeleteObject', objects, when('NumericGreaterThan', 's3:max-keys', '5')), 'never'],
    [
      'a key that must be absent, in a Deny',
      deny('s3:PutObject', objects, when('Null', 's3:ExistingObjectTag/class', 'true')),
      'the Deny always applies',
    ],
    [
      'a key that must be present, in a Deny',
      deny('s3:PutObject', objects, when('Null', 's3:ExistingObjectTag/class', 'false')),
      'the Deny never applies',
    ],
    [
      'a key that must be absent, in an Allow',
      allow('s3:PutObject', objects, when('Null', 's3:ExistingObjectTag/class', 'true')),
      'the condition never limits it',
    ],
    [
      'a key that must be present, in an Allow',
      allow('s3:PutObject', objects, when('Null', 's3:ExistingObjectTag/class', 'false')),
      'the Allow never applies',
    ],
    [
      'a list that has an element which is not x',
      deny('dynamodb:ListTables', '*', when('ForAnyValue:StringNotEquals', 'dynamodb:LeadingKeys')),
      'the Deny never applies',
    ],
    [
      'the same, if it exists',
      deny('dynamodb:ListTables', '*', when('ForAnyValue:StringNotEqualsIfExists', 'dynamodb:LeadingKeys')),
      'the Deny always applies',
    ],
    ['an unknown global key', deny('s3:GetObject', objects, when('StringEquals', 'aws:SourceIpAddress')), 'no condition key'],
    [
      'a global key, misspelled',
      deny('s3:GetObject', objects, when('IpAddress', 'aws:SourceIPs', '203.0.113.0/24')),
      "Did you mean 'aws:SourceIp'?",
    ],
    ['an unknown key of a service', deny('s3:GetObject', objects, when('StringEquals', 's3:ObjectTag/x')), 'no condition key'],
  ])('%s', (_name, statement, words) => {
    const policy = [read, statement]
    expect(found({ policy }).map((one) => one.split(' ')[0])).toEqual(['unknown-condition-key'])
    expect(said({ policy })).toContain(words)
  })
  test.each<[string, object]>([
    ['a tag of the object, when it is read', deny('s3:GetObject', objects, when('StringEquals', 's3:ExistingObjectTag/class'))],
    ['a request tag', deny('ec2:CreateTags', 'arn:aws:ec2:*:*:instance/*', when('StringEquals', 'aws:RequestTag/team'))],
    ['a global key in another case', deny('s3:GetObject', objects, when('IpAddress', 'AWS:sourceip', '203.0.113.0/24'))],
    ['the passed service', allow('iam:PassRole', 'arn:aws:iam::*:role/app', when('StringEquals', 'iam:PassedToService'))],
    ['a wildcard of which some have it', deny('s3:*', '*', when('StringEquals', 's3:prefix'))],
    ['a key of a provider', deny('s3:GetObject', objects, when('StringEquals', 'token.actions.githubusercontent.com:sub'))],
    ['a principal tag', deny('s3:GetObject', objects, when('StringNotEquals', 'aws:PrincipalTag/team'))],
  ])('%s is right', (_name, statement) => expect(found({ policy: [read, statement] })).toEqual([]))
})

describe('condition types', () => {
  const when = (operator: string, key: string, value: unknown) =>
    deny('s3:GetObject', 'arn:aws:s3:::b/*', { Condition: { [operator]: { [key]: value } } })
  test.each<[string, string, unknown]>([
    ['StringEquals', 'aws:SourceIp', '203.0.113.0/24'],
    ['StringNotLike', 'aws:SourceIp', ['203.0.113.0/24', '198.51.100.0/24']],
    ['StringLike', 'aws:VpcSourceIp', '10.0.0.0/8'],
    ['StringLike', 'aws:CurrentTime', '2026-*'],
    ['StringEquals', 'aws:TokenIssueTime', '2026-01-01T00:00:00Z'],
    ['NumericLessThan', 'aws:PrincipalOrgID', '5'],
    ['DateLessThan', 'aws:SourceAccount', '2026-01-01'],
    ['DateGreaterThan', 'aws:MultiFactorAuthAge', '2026-01-01'],
    ['Bool', 'aws:PrincipalType', 'true'],
    ['IpAddress', 'aws:SourceVpc', '203.0.113.0/24'],
    ['NotIpAddressIfExists', 'aws:userid', '203.0.113.0/24'],
    ['NotIpAddress', 'aws:SourceIp', '10.0.0.0/8'],
    ['IpAddress', 'AWS:SourceIp', ['192.168.1.0/24', '172.16.0.0/12']],
    ['NotIpAddress', 'aws:SourceIp', 'fd00::/8'],
  ])('%s %s %j', (operator, key, value) => {
    expect(found({ policy: [read, when(operator, key, value)] })).toEqual([`condition-type policy[1].Condition.${operator}.${key}`])
  })
  test.each<[string, string, unknown]>([
    ['NotIpAddress', 'aws:SourceIp', ['203.0.113.0/24', '10.0.0.0/8']],
    ['NotIpAddress', 'aws:SourceIp', '0.0.0.0/0'],
    ['IpAddress', 'aws:VpcSourceIp', '10.0.0.0/8'],
    ['StringEquals', 'aws:SourceIp', '203.0.113.7'],
    ['DateLessThan', 'aws:EpochTime', '1767225600'],
    ['NumericLessThan', 'aws:EpochTime', '1767225600'],
    ['NumericLessThan', 'aws:MultiFactorAuthAge', '3600'],
    ['Bool', 'aws:SecureTransport', 'false'],
    ['StringEquals', 'aws:SecureTransport', 'false'],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/x'],
    ['StringLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/x'],
    ['ForAllValues:StringEquals', 'aws:TagKeys', ['a']],
    ['Null', 'aws:SourceIp', 'true'],
  ])('%s %s %j is right', (operator, key, value) => expect(found({ policy: [read, when(operator, key, value)] })).toEqual([]))
})

describe('width without approval', () => {
  const rows: [string, object, string][] = [
    ['everything', { policy: [allow('*')] }, 'policy[0]'],
    ['everything, in a list', { policy: [allow(['s3:GetObject', '*'], ['*'])] }, 'policy[0]'],
    ['all but some', { policy: [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }] }, 'policy[0]'],
    ['every resource but one', { policy: [{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::b' }] }, 'policy[0]'],
    ['passing every role', { policy: [allow('iam:PassRole')] }, 'policy[0]'],
    ['passing every role by a wildcard', { policy: [allow('iam:Pass*', 'arn:aws:iam::*:role/*')] }, 'policy[0]'],
    ['AdministratorAccess', { policyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] }, 'policyArns[0]'],
    ['PowerUserAccess', { policyArns: ['arn:aws:iam::aws:policy/PowerUserAccess'] }, 'policyArns[0]'],
    ['IAMFullAccess', { policyArns: ['arn:aws:iam::aws:policy/IAMFullAccess'] }, 'policyArns[0]'],
  ]
  test.each(rows)('%s', (_name, change, at) => {
    expect(found(change)).toContain(`wide-without-approval ${at}`)
    expect(found({ ...change, approval }).filter((one) => one.startsWith('wide'))).toEqual([])
  })
  test.each<[string, object]>([
    ['a service on everything', { policy: [allow('s3:*')] }],
    ['one role', { policy: [allow('iam:PassRole', 'arn:aws:iam::111122223333:role/app')] }],
    ['roles under a path', { policy: [allow('iam:PassRole', 'arn:aws:iam::111122223333:role/app/*')] }],
    [
      'to one service',
      { policy: [allow('iam:PassRole', '*', { Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } } })] },
    ],
    ['a policy that reads', { policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] }],
  ])('%s is not', (_name, change) => expect(found(change).filter((one) => one.startsWith('wide'))).toEqual([]))
})

describe('ways to gain permissions', () => {
  const passing = (keys: object, operator = 'StringLike') => allow('iam:PassRole', '*', { Condition: { [operator]: keys } })
  const functions = allow(['lambda:CreateFunction', 'lambda:InvokeFunction'])
  const toLambda = { 'iam:PassedToService': 'lambda.amazonaws.com' }
  test('there are many, of actions that AWS has', () => {
    expect(paths.length).toBeGreaterThanOrEqual(40)
    const unknown = paths.flatMap(({ actions }) => actions).filter((name) => (actionsOf(name) ?? []).length !== 1)
    expect(unknown).toEqual([])
  })
  test.each(paths.map(({ actions }) => [actions.join(' + '), actions] as const))('%s', (_name, actions) => {
    const mints = actions.filter((name) => ['iam:CreateAccessKey', 'iam:CreateLoginProfile', 'iam:UpdateLoginProfile'].includes(name))
    const statement = allow([...actions])
    // A minting action is denied unless the profile names it.
    const more = (names: string[]) => (names.length > 0 ? { mints: names } : {})
    let change: object = { policy: [statement], ...more(mints) }
    try {
      found(change)
    } catch (error) {
      const missing = /Add mints: \[(.*)\]/.exec(String(error))?.[1]?.replaceAll("'", '').split(', ') ?? []
      change = { policy: [statement], mints: missing }
    }
    expect(found(change)).toContain('privilege-escalation policy[0]')
    expect(said(change)).toContain(actions.join(' + '))
    // With a Deny of one of them, the way is closed.
    const denied = findings({ ...change, policy: [statement, deny(actions[0] ?? '')] }).filter(
      ({ rule }) => rule === 'privilege-escalation',
    )
    expect(denied.map(({ what }) => what).join()).not.toContain(actions.join(' + '))
  })
  test.each<[string, object]>([
    ['a part of a way', { policy: [allow(['lambda:CreateFunction', 'lambda:InvokeFunction'])] }],
    ['one function', { policy: [allow('lambda:UpdateFunctionCode', 'arn:aws:lambda:*:*:function:app')] }],
    ['one role that can be passed', { policy: [allow('iam:PassRole', 'arn:aws:iam::*:role/app'), allow('ec2:RunInstances')] }],
    ['a wildcard whose minting stays denied', { policy: [allow('iam:CreateAccess*')] }],
    ['a role that is passed to another service', { policy: [passing({ 'iam:PassedToService': 'ec2.amazonaws.com' }), functions] }],
    [
      'a role that is passed to other services',
      { policy: [passing({ 'iam:PassedToService': ['ec2.amazonaws.com', 'glue.amazonaws.com'] }), functions] },
    ],
    ['a role with a tag', { policy: [passing({ 'iam:ResourceTag/team': 'web' }), functions] }],
    ['a role with a tag, passed to the service', { policy: [passing({ 'iam:ResourceTag/team': 'web', ...toLambda }), functions] }],
    ['reading', { policy: [allow(['iam:Get*', 'iam:List*', 's3:*'])] }],
  ])('%s is none', (_name, change) => expect(found(change).filter((one) => one.startsWith('privilege'))).toEqual([]))
  test.each<[string, object[]]>([
    ['the service that runs the code', [passing(toLambda), functions]],
    ['one of several', [passing({ 'iam:PassedToService': ['ec2.amazonaws.com', 'lambda.amazonaws.com'] }), functions]],
    ['any service', [passing({ 'iam:PassedToService': '*.amazonaws.com' }), functions]],
    ['containers', [passing({ 'IAM:passedtoservice': 'ecs-tasks.amazonaws.com' }), allow(['ecs:RegisterTaskDefinition', 'ecs:RunTask'])]],
    ['all services but one', [passing({ 'iam:PassedToService': 'ec2.amazonaws.com' }, 'StringNotEquals'), functions]],
  ])('passing every role to %s', (_name, policy) => expect(found({ policy })).toContain('privilege-escalation policy[0]'))
  test('a wide policy has one finding, which counts the rest', () => {
    expect(said({ policy: [allow(['iam:*', 'lambda:*', 'ec2:*'])], approval })).toMatch(/and \d\d more ways/)
  })
})

describe('partitions and accounts', () => {
  test.each<[string, object, Partial<ConfigSource>, readonly string[]]>([
    [
      'a managed policy of another partition',
      { policyArns: ['arn:aws-cn:iam::aws:policy/ReadOnlyAccess'] },
      {},
      ['mixed-partitions policyArns[0]'],
    ],
    [
      'a resource of another partition',
      { policy: [allow('s3:GetObject', 'arn:aws-us-gov:s3:::b/*')] },
      {},
      ['mixed-partitions policy[0].Resource'],
    ],
    [
      'the commercial policy for a role in China',
      { policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'], policy: [deny('s3:GetObject', 'arn:aws:s3:::b/*')] },
      { targets: { t: target('aws-cn', 'cn-north-1') } },
      ['mixed-partitions policyArns[0]', 'mixed-partitions policy[0].Resource'],
    ],
    ['a region of another partition', {}, { targets: { t: target('aws-us-gov', 'eu-central-1') } }, ['mixed-partitions targets.t.region']],
    ['a role of another partition', {}, { targets: { t: target('aws', 'eusc-de-east-1') } }, ['mixed-partitions targets.t.region']],
    [
      'targets in two partitions',
      {},
      { targets: { t: target(), u: { ...target(), externalId: 'ext-aws' }, eu: target('aws-eusc', 'eusc-de-east-1') } },
      ['mixed-partitions targets.eu.roleArn'],
    ],
    ['a policy of another account', { policyArns: ['arn:aws:iam::999999999999:policy/team/X'] }, {}, ['foreign-policy policyArns[0]']],
    ['a policy of the account', { policyArns: [`arn:aws:iam::${ACCOUNT}:policy/team/X`] }, {}, []],
    ['any partition', { policy: [allow('s3:GetObject', 'arn:*:s3:::b/*')] }, {}, []],
    [
      'the European Sovereign Cloud alone',
      { policy: [allow('s3:GetObject', 'arn:aws-eusc:s3:::b/*')], policyArns: ['arn:aws-eusc:iam::aws:policy/ReadOnlyAccess'] },
      { targets: { t: target('aws-eusc', 'eusc-de-east-1') } },
      [],
    ],
    ['an isolated partition', {}, { targets: { t: target('aws-iso-b', 'us-isob-east-1') } }, []],
  ])('%s', (_name, change, more, expected) => expect(found(change, more)).toEqual(expected))
})

describe('parameters', () => {
  const object = (pattern: string, more: object = {}) => ({
    parameters: { key: { pattern, max: 200, ...more } },
    policy: [allow('s3:GetObject', text`arn:aws:s3:::acme-${param('key')}/x`)],
  })
  test.each(['.*', '.+', '[^]*', '.{1,200}', '(.|a)*', '[\\s\\S]+', '[ -~]+', '[^$]*', '(?:.*)', '\\S+', '.*|x', '[A-Za-z0-9/._-]+'])(
    'the pattern %s is open',
    (pattern) => expect(found(object(pattern))).toEqual(['open-parameter parameters.key.pattern']),
  )
  test.each(['[a-z0-9-]{3,40}', '(prod|staging)', '[0-9]{12}', '[a-z]+/[a-z]+', '[A-Z]{2}', 'team-.*'])(
    'the pattern %s is not',
    (pattern) => expect(found(object(pattern))).toEqual([]),
  )
  test('wildcards', () => expect(found(object('[a-z]+', { wildcard: true }))).toEqual(['open-parameter parameters.key.wildcard']))
  test('an open pattern that is in no resource', () => {
    const change = { parameters: { note: { pattern: '.*', max: 40 } }, tags: { note: { param: 'note' } }, policy: [read] }
    expect(found(change)).toEqual([])
  })
})

describe('tags', () => {
  const gh = {
    issuers: {
      gh: {
        ...staff,
        key: 'gh',
        url: 'https://token.actions.githubusercontent.com',
        jwksUri: 'https://token.actions.githubusercontent.com/.well-known/jwks',
        kind: 'workload',
        preset: 'github',
        tenant: { repository_owner_id: '65' },
        audiences: ['https://stint.acme.example'],
        tokenUse: 'id',
      },
    },
  } as unknown as Partial<ConfigSource>
  const tagged = (tags: object) => ({ eligible: [github], policy: [read], tags })
  test.each(['actor', 'ref', 'workflow', 'head_ref', 'environment', 'job_workflow_ref'])('%s can have any character', (claim) => {
    expect(found(tagged({ t: { claim, max: 30 } }), gh)).toEqual(['tag-encoded tags.t'])
  })
  test.each(['repository_id', 'sha', 'run_id', 'repository_owner_id'])('%s cannot', (claim) =>
    expect(found(tagged({ t: { claim } }), gh)).toEqual([]),
  )

  test.each<[string, string, RegExp]>([
    ['repositry', 'unknown-claim tags.t', /no claim 'repositry'\. Did you mean 'repository'\? So every session of 'gh' is refused/],
    ['aud_list', 'unknown-claim tags.t', /no claim 'aud_list'/],
    ['/nested/claim', 'unknown-claim tags.t', /no claim '\/nested\/claim'/],
  ])('%s gives no tag', (claim, finding, words) => {
    expect(found(tagged({ t: { claim, max: 30 } }), gh)).toEqual([finding])
    expect(said(tagged({ t: { claim, max: 30 } }), gh)).toMatch(words)
  })
  test('a list of groups gives no tag', () => {
    expect(found({ policy: [read], tags: { t: { claim: 'groups', max: 30 } } })).toEqual(['never-fits tags.t'])
    expect(said({ policy: [read], tags: { t: { claim: 'groups', max: 30 } } })).toMatch(/'groups' is a list, and a tag has one value/)
  })
  test('the largest tag is named, with what the size is without it', () => {
    const tags = { branch: { claim: 'base_ref' }, repo: { claim: 'repository_id' }, owner: { claim: 'repository_owner_id' } }
    expect(found(tagged(tags), gh)).toEqual(['packed-size profiles.p', 'tag-encoded tags.branch'])
    expect(said(tagged(tags), gh)).toMatch(
      /Estimated at \d{2,3} % .* Tag 'branch' counts 262 characters. Drop it \(then \d\d %\), or declare its longest value with max/,
    )
    expect(found(tagged({ ...tags, branch: { claim: 'base_ref', max: 40 } }), gh)).toEqual(['tag-encoded tags.branch'])
  })
  test('a claim that is not documented counts as long as AWS allows', () => {
    expect(found({ policy: [read], tags: { dept: { claim: 'department' } } })).toEqual(['packed-size profiles.p'])
    expect(found({ policy: [read], tags: { dept: { claim: 'department', max: 60 } } })).toEqual([])
  })
})
