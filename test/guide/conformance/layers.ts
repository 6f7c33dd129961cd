/**
 * What a session may do: the role's policies, its boundary, the session policies and the bucket's policy together, by GetObject. `away`:
 * the bucket is in another account than the role. An answer of '' is the object; any other is in AWS's message.
 */
import type { StatementJson } from '@stint/iam'

export type LayerRow = {
  readonly page: string
  readonly title: string
  readonly role?: readonly StatementJson[]
  readonly boundary?: readonly StatementJson[]
  readonly session?: readonly StatementJson[]
  readonly sessionArn?: string
  readonly bucket?: readonly StatementJson[]
  readonly away?: true
  readonly tag?: string
  readonly answer: string
}

/** The test puts the row's own role and session here. */
export const ROLE = 'arn:aws:iam::987654321098:role/ROLE'
export const SESSION = 'arn:aws:sts::987654321098:assumed-role/ROLE/dana'
const OWNER = 'arn:aws:iam::987654321098:root'
const READ = 's3:GetObject'
const allow = (Action: string = READ, more: Partial<StatementJson> = {}): StatementJson => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
})
const deny = (more: Partial<StatementJson> = {}): StatementJson => ({ Effect: 'Deny', Action: READ, Resource: '*', ...more })
const to = (AWS: string | string[], more: Partial<StatementJson> = {}): StatementJson => allow(READ, { Principal: { AWS }, ...more })
const none = (layer: string) => `no ${layer} allows the s3:GetObject action`
const page = (name: string, ...rows: readonly Omit<LayerRow, 'page'>[]): readonly LayerRow[] => rows.map((row) => ({ page: name, ...row }))

export const layerRows: readonly LayerRow[] = [
  ...page(
    'reference_policies_evaluation-logic_policy-eval-basics',
    { title: 'the role allows', answer: '' },
    { title: 'nothing allows', role: [], answer: none('identity-based policy') },
    { title: 'the bucket alone allows the role', role: [], bucket: [to(ROLE)], answer: '' },
    { title: 'the bucket alone allows the session', role: [], bucket: [to(SESSION)], answer: '' },
    { title: 'the bucket allows the account, which delegates', role: [], bucket: [to(OWNER)], answer: none('identity-based policy') },
    { title: 'the bucket denies', bucket: [deny({ Principal: '*' })], answer: 'explicit deny in a resource-based policy' },
    {
      title: 'the role denies, the bucket allows',
      role: [deny()],
      bucket: [to(ROLE)],
      answer: 'explicit deny in an identity-based policy',
    },
    { title: 'the bucket denies another role', bucket: [deny({ Principal: { AWS: `${ROLE}-other` } })], answer: '' },
  ),
  ...page(
    'reference_policies_evaluation-logic-cross-account',
    { title: 'both accounts allow', away: true, bucket: [to(ROLE)], answer: '' },
    { title: 'both accounts allow, by the account', away: true, bucket: [to(OWNER)], answer: '' },
    { title: 'the bucket does not allow', away: true, answer: none('resource-based policy') },
    { title: 'the role does not allow', away: true, role: [], bucket: [to(ROLE)], answer: none('identity-based policy') },
    { title: 'the bucket allows another account', away: true, bucket: [to('111122223333')], answer: none('resource-based policy') },
  ),
  ...page(
    'access_policies_boundaries',
    { title: 'the boundary allows', boundary: [allow('s3:*')], answer: '' },
    { title: 'the boundary does not allow', boundary: [allow('ec2:*')], answer: none('permissions boundary') },
    { title: 'the boundary denies', boundary: [allow('*'), deny()], answer: 'explicit deny in a permissions boundary' },
    {
      title: 'a bucket that names the role is within the boundary',
      role: [],
      boundary: [allow('ec2:*')],
      bucket: [to(ROLE)],
      answer: none('permissions boundary'),
    },
    { title: 'a bucket that names the session is not', role: [], boundary: [allow('ec2:*')], bucket: [to(SESSION)], answer: '' },
  ),
  ...page(
    'access_policies',
    { title: 'a session policy allows', session: [allow()], answer: '' },
    { title: 'a session policy does not allow', session: [allow('s3:ListBucket')], answer: none('session policy') },
    {
      title: 'a session policy grants nothing beyond the role',
      role: [allow('s3:ListBucket')],
      session: [allow('s3:*')],
      answer: none('identity-based policy'),
    },
    { title: 'a session policy denies', session: [allow('*'), deny()], answer: 'explicit deny in a session policy' },
    { title: 'a session policy ARN allows', sessionArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess', answer: '' },
    {
      title: 'a session policy ARN does not allow',
      sessionArn: 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess',
      answer: none('session policy'),
    },
    {
      title: 'inline and ARN are a union',
      session: [allow('s3:PutObject')],
      sessionArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
      answer: '',
    },
    {
      title: 'a bucket that names the role is within the session policy',
      role: [],
      session: [allow('ec2:*')],
      bucket: [to(ROLE)],
      answer: none('session policy'),
    },
    { title: 'a bucket that names the session is not', role: [], session: [allow('ec2:*')], bucket: [to(SESSION)], answer: '' },
  ),
  ...page(
    'reference_policies_condition-keys',
    {
      title: 'aws:PrincipalArn is the role of a session',
      bucket: [deny({ Principal: '*', Condition: { ArnNotEquals: { 'aws:PrincipalArn': ROLE } } })],
      answer: '',
    },
    {
      title: 'aws:userid has the name of the session',
      role: [allow(READ, { Condition: { StringLike: { 'aws:userid': 'AROA*:dana' } } })],
      answer: '',
    },
    {
      title: 'aws:userid of another session',
      role: [allow(READ, { Condition: { StringLike: { 'aws:userid': 'AROA*:sam' } } })],
      answer: none('identity-based policy'),
    },
    { title: 'aws:username is absent in a session', role: [allow(READ, { Condition: { Null: { 'aws:username': 'true' } } })], answer: '' },
    {
      title: 'aws:TokenIssueTime revokes older sessions',
      role: [allow(), deny({ Condition: { DateLessThan: { 'aws:TokenIssueTime': '2100-01-01T00:00:00Z' } } })],
      answer: 'explicit deny in an identity-based policy',
    },
    {
      title: 'aws:CurrentTime ends a session',
      session: [allow(), deny({ Condition: { DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } } })],
      answer: 'explicit deny in a session policy',
    },
    {
      title: 'aws:MultiFactorAuthPresent is absent in a session of a role',
      role: [allow(READ, { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } })],
      answer: none('identity-based policy'),
    },
    {
      title: 'aws:PrincipalTag is the session’s tag',
      tag: 'dev',
      role: [allow(READ, { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'dev' } } })],
      answer: '',
    },
    {
      title: 'aws:PrincipalTag with another value',
      tag: 'ops',
      role: [allow(READ, { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'dev' } } })],
      answer: none('identity-based policy'),
    },
    {
      title: 's3:ExistingObjectTag of the object',
      role: [allow(READ, { Condition: { StringEquals: { 's3:ExistingObjectTag/Environment': 'Production' } } })],
      answer: '',
    },
    {
      title: 's3:ExistingObjectTag with another value',
      role: [allow(READ, { Condition: { StringEquals: { 's3:ExistingObjectTag/Environment': 'Staging' } } })],
      answer: none('identity-based policy'),
    },
  ),
]
