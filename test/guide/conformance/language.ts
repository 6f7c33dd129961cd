/** Elements of the policy language, decided by SimulateCustomPolicy: statements, what is asked, and the decision. */
import type { StatementJson } from '@stint/iam'

export type LanguageRow = {
  readonly title: string
  readonly statements: readonly StatementJson[]
  readonly action?: string
  readonly resource?: string
  readonly context?: Readonly<Record<string, string>>
  readonly boundary?: readonly StatementJson[]
  readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny'
}

const READ = 's3:GetObject'
const OBJECT = 'arn:aws:s3:::bucket/home/dana/notes.txt'
const allow = (
  Action: StatementJson['Action'] = READ,
  Resource: StatementJson['Resource'] = '*',
  more: Partial<StatementJson> = {},
): StatementJson => ({
  Effect: 'Allow',
  ...(Action === undefined ? {} : { Action }),
  ...(Resource === undefined ? {} : { Resource }),
  ...more,
})
const deny = (Action: string | readonly string[] = READ, Resource: string = '*', more: Partial<StatementJson> = {}): StatementJson => ({
  Effect: 'Deny',
  Action,
  Resource,
  ...more,
})
const but = (statement: StatementJson, ...names: (keyof StatementJson)[]): StatementJson =>
  Object.fromEntries(Object.entries(statement).filter(([name]) => !names.includes(name as keyof StatementJson))) as StatementJson
const row = (
  title: string,
  statements: readonly StatementJson[],
  decision: LanguageRow['decision'],
  more: Partial<LanguageRow> = {},
): LanguageRow => ({
  title,
  statements,
  decision,
  ...more,
})
const tag = (value: string) => ({ 'aws:PrincipalTag/team': value })

export const languageRows: Readonly<Record<string, readonly LanguageRow[]>> = {
  'reference_policies_evaluation-logic_policy-eval-denyallow': [
    row('nothing allows', [allow('s3:ListBucket')], 'implicitDeny'),
    row('an Allow allows', [allow()], 'allowed'),
    row('a Deny overrides an Allow', [allow(), deny()], 'explicitDeny'),
    row('a Deny before the Allow overrides it, too', [deny(), allow()], 'explicitDeny'),
    row('a Deny without an Allow is explicit', [deny()], 'explicitDeny'),
    row('a Deny of another action changes nothing', [allow(), deny('s3:PutObject')], 'allowed'),
    row('a Deny of another resource changes nothing', [allow(), deny(READ, 'arn:aws:s3:::other/*')], 'allowed'),
    row(
      'a Deny whose condition does not hold changes nothing',
      [allow(), deny(READ, '*', { Condition: { StringEquals: tag('ops') } })],
      'allowed',
      { context: tag('dev') },
    ),
    row('a Deny whose condition holds denies', [allow(), deny(READ, '*', { Condition: { StringEquals: tag('ops') } })], 'explicitDeny', {
      context: tag('ops'),
    }),
    row('one of several statements is enough', [allow('s3:ListBucket'), allow('ec2:*'), allow()], 'allowed'),
  ],
  reference_policies_elements_action: [
    row('all actions', [allow('*')], 'allowed'),
    row('all actions of the service', [allow('s3:*')], 'allowed'),
    row('all actions of another service', [allow('ec2:*')], 'implicitDeny'),
    row('a prefix', [allow('s3:Get*')], 'allowed'),
    row('a prefix of other actions', [allow('s3:List*')], 'implicitDeny'),
    row('a suffix', [allow('s3:*Object')], 'allowed'),
    row('a wildcard in the middle', [allow('s3:G*Object')], 'allowed'),
    row('a single-character wildcard', [allow('s3:?etObject')], 'allowed'),
    row('names are not case-sensitive', [allow('S3:getobject')], 'allowed'),
    row('a list', [allow(['s3:PutObject', READ])], 'allowed'),
    row('a list without it', [allow(['s3:PutObject', 's3:DeleteObject'])], 'implicitDeny'),
    row('a longer name is another action', [allow('s3:GetObject')], 'implicitDeny', { action: 's3:GetObjectAcl' }),
  ],
  reference_policies_elements_notaction: [
    row('allows all but these', [but(allow(undefined, '*', { NotAction: 'iam:*' }), 'Action')], 'allowed'),
    row('does not allow these', [but(allow(undefined, '*', { NotAction: 's3:*' }), 'Action')], 'implicitDeny'),
    row('a Deny of all but these spares them', [allow(), but(deny(READ, '*', { NotAction: 's3:*' }), 'Action')], 'allowed'),
    row('a Deny of all but these denies others', [allow('*'), but(deny(READ, '*', { NotAction: 's3:*' }), 'Action')], 'explicitDeny', {
      action: 'ec2:RunInstances',
    }),
    row('a list', [but(allow(undefined, '*', { NotAction: ['iam:*', 'sts:*'] }), 'Action')], 'implicitDeny', { action: 'sts:AssumeRole' }),
  ],
  reference_policies_elements_resource: [
    row('this object', [allow(READ, OBJECT)], 'allowed'),
    row('another object', [allow(READ, 'arn:aws:s3:::bucket/home/sam/notes.txt')], 'implicitDeny'),
    row('all objects of the bucket, across slashes', [allow(READ, 'arn:aws:s3:::bucket/*')], 'allowed'),
    row('the bucket is not its objects', [allow(READ, 'arn:aws:s3:::bucket')], 'implicitDeny'),
    row('the objects are not the bucket', [allow('s3:ListBucket', 'arn:aws:s3:::bucket/*')], 'implicitDeny', {
      action: 's3:ListBucket',
      resource: 'arn:aws:s3:::bucket',
    }),
    row('buckets by prefix', [allow(READ, 'arn:aws:s3:::buck*/*')], 'allowed'),
    row('a single-character wildcard', [allow(READ, 'arn:aws:s3:::b?cket/*')], 'allowed'),
    row('a wildcard does not match across the segments of an ARN', [allow('sqs:SendMessage', 'arn:aws:sqs:*::queue')], 'implicitDeny', {
      action: 'sqs:SendMessage',
      resource: 'arn:aws:sqs:us-east-1:123456789012:queue',
    }),
    row('names are case-sensitive', [allow(READ, 'arn:aws:s3:::Bucket/*')], 'implicitDeny'),
    row('another partition', [allow(READ, 'arn:aws-cn:s3:::bucket/*')], 'implicitDeny'),
    row('any partition', [allow(READ, 'arn:*:s3:::bucket/*')], 'allowed'),
    row('a list', [allow(READ, ['arn:aws:s3:::other/*', 'arn:aws:s3:::bucket/*'])], 'allowed'),
    row('any account', [allow('sqs:SendMessage', 'arn:aws:sqs:us-east-1:*:queue')], 'allowed', {
      action: 'sqs:SendMessage',
      resource: 'arn:aws:sqs:us-east-1:123456789012:queue',
    }),
    row('another region', [allow('sqs:SendMessage', 'arn:aws:sqs:us-east-1:*:queue')], 'implicitDeny', {
      action: 'sqs:SendMessage',
      resource: 'arn:aws:sqs:eu-west-1:123456789012:queue',
    }),
  ],
  reference_policies_elements_notresource: [
    row('allows all but these', [but(allow(READ, undefined, { NotResource: 'arn:aws:s3:::secrets/*' }), 'Resource')], 'allowed'),
    row('does not allow these', [but(allow(READ, undefined, { NotResource: 'arn:aws:s3:::bucket/*' }), 'Resource')], 'implicitDeny'),
    row(
      'a Deny of all but these spares them',
      [allow(), but(deny(READ, '*', { NotResource: 'arn:aws:s3:::bucket/*' }), 'Resource')],
      'allowed',
    ),
    row(
      'a Deny of all but these denies others',
      [allow(), but(deny(READ, '*', { NotResource: 'arn:aws:s3:::other/*' }), 'Resource')],
      'explicitDeny',
    ),
  ],
  reference_policies_variables: [
    row('a variable of the request in a resource', [allow(READ, 'arn:aws:s3:::bucket/home/${aws:username}/*')], 'allowed', {
      context: { 'aws:username': 'dana' },
    }),
    row('another value', [allow(READ, 'arn:aws:s3:::bucket/home/${aws:username}/*')], 'implicitDeny', {
      context: { 'aws:username': 'sam' },
    }),
    row('a variable without a value matches nothing', [allow(READ, 'arn:aws:s3:::bucket/home/${aws:username}/*')], 'implicitDeny'),
    row('a default value', [allow(READ, "arn:aws:s3:::bucket/home/${aws:PrincipalTag/team, 'dana'}/*")], 'allowed'),
    row('a value instead of the default', [allow(READ, "arn:aws:s3:::bucket/home/${aws:PrincipalTag/team, 'dana'}/*")], 'implicitDeny', {
      context: tag('ops'),
    }),
    row('a wildcard in a value is literal', [allow(READ, 'arn:aws:s3:::bucket/home/${aws:username}/*')], 'implicitDeny', {
      context: { 'aws:username': '*' },
    }),
    row('${*} is the character', [allow(READ, 'arn:aws:s3:::bucket/${*}')], 'implicitDeny'),
    row('${*} matches the character', [allow(READ, 'arn:aws:s3:::bucket/${*}')], 'allowed', { resource: 'arn:aws:s3:::bucket/*' }),
    row('a variable in a condition', [allow(READ, '*', { Condition: { StringEquals: { 's3:prefix': '${aws:username}' } } })], 'allowed', {
      context: { 'aws:username': 'dana', 's3:prefix': 'dana' },
    }),
    row('names of keys in variables are not case-sensitive', [allow(READ, 'arn:aws:s3:::bucket/home/${AWS:UserName}/*')], 'allowed', {
      context: { 'aws:username': 'dana' },
    }),
  ],
  reference_policies_elements_condition: [
    row(
      'two operators must both hold',
      [allow(READ, '*', { Condition: { StringEquals: tag('dev'), Bool: { 'aws:SecureTransport': 'true' } } })],
      'implicitDeny',
      { context: { ...tag('dev'), 'aws:SecureTransport': 'false' } },
    ),
    row(
      'two operators that hold',
      [allow(READ, '*', { Condition: { StringEquals: tag('dev'), Bool: { 'aws:SecureTransport': 'true' } } })],
      'allowed',
      { context: { ...tag('dev'), 'aws:SecureTransport': 'true' } },
    ),
    row(
      'two keys of one operator must both hold',
      [allow(READ, '*', { Condition: { StringEquals: { ...tag('dev'), 'aws:RequestedRegion': 'eu-central-1' } } })],
      'implicitDeny',
      { context: { ...tag('dev'), 'aws:RequestedRegion': 'us-east-1' } },
    ),
    row(
      'two keys that hold',
      [allow(READ, '*', { Condition: { StringEquals: { ...tag('dev'), 'aws:RequestedRegion': 'eu-central-1' } } })],
      'allowed',
      { context: { ...tag('dev'), 'aws:RequestedRegion': 'eu-central-1' } },
    ),
    row('a boolean instead of a string', [allow(READ, '*', { Condition: { Bool: { 'aws:SecureTransport': true } } })], 'allowed', {
      context: { 'aws:SecureTransport': 'true' },
    }),
    row('a number instead of a string', [allow(READ, '*', { Condition: { NumericLessThan: { 's3:max-keys': 10 } } })], 'allowed', {
      context: { 's3:max-keys': '5' },
    }),
    row(
      'Deny without MFA, by BoolIfExists, catches a missing key',
      [allow(), deny(READ, '*', { Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } } })],
      'explicitDeny',
    ),
    row(
      'Deny without MFA, by Bool, misses a missing key',
      [allow(), deny(READ, '*', { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } } })],
      'allowed',
    ),
  ],
  access_policies_boundaries: [
    row('both allow', [allow()], 'allowed', { boundary: [allow('s3:*')] }),
    row('the boundary does not allow', [allow()], 'implicitDeny', { boundary: [allow('ec2:*')] }),
    row('the boundary alone grants nothing', [allow('ec2:*')], 'implicitDeny', { boundary: [allow('s3:*')] }),
    row('the boundary denies', [allow()], 'explicitDeny', { boundary: [allow('*'), deny()] }),
  ],
}
