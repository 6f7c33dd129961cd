/**
 * AssumeRole: who may enter a role and what they may pass. `trust` and `identity` are statements; the caller is user `dana` of account A, the
 * role is in account B unless `home`. An answer of '' is a session; any other is in AWS's message.
 */
import type { AssumeRoleCommandInput } from '@aws-sdk/client-sts'
import type { StatementJson } from '@stint/iam'

export type EntryRow = {
  readonly page: string
  readonly title: string
  readonly trust?: readonly StatementJson[]
  readonly identity?: readonly StatementJson[]
  readonly boundary?: readonly StatementJson[]
  /** The role is in the caller's account. */
  readonly home?: true
  readonly pass?: Partial<AssumeRoleCommandInput>
  readonly maxSessionSeconds?: number
  readonly answer: string
}

export const A = '123456789012'
const ROOT = { AWS: `arn:aws:iam::${A}:root` }
/** The test puts the name of each row's own user here. */
export const CALLER = `arn:aws:iam::${A}:user/CALLER`
const ALL = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']
const trusts = (Principal: StatementJson['Principal'] = ROOT, more: Partial<StatementJson> = {}): readonly StatementJson[] => [
  { Effect: 'Allow', ...(Principal === undefined ? {} : { Principal }), Action: ALL, ...more },
]
const when = (Condition: NonNullable<StatementJson['Condition']>) => trusts(ROOT, { Condition })
const may = (Action: string | string[] = 'sts:*', Resource = '*', more: Partial<StatementJson> = {}): StatementJson => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
const untrusted = 'no role trust policy allows the sts:AssumeRole action'
const unpermitted = 'no identity-based policy allows the sts:AssumeRole action'
const page = (name: string, ...rows: readonly Omit<EntryRow, 'page'>[]): readonly EntryRow[] => rows.map((row) => ({ page: name, ...row }))
const tags = (values: Readonly<Record<string, string>>) => ({ Tags: Object.entries(values).map(([Key, Value]) => ({ Key, Value })) })
const external = (id: string) => when({ StringEquals: { 'sts:ExternalId': id } })

export const entryRows: readonly EntryRow[] = [
  ...page(
    'reference_policies_elements_principal',
    { title: 'the account by its ARN', answer: '' },
    { title: 'the account by its number', trust: trusts({ AWS: A }), answer: '' },
    { title: 'the user', trust: trusts({ AWS: CALLER }), answer: '' },
    { title: 'everyone', trust: trusts('*'), answer: '' },
    { title: 'every AWS principal', trust: trusts({ AWS: '*' }), answer: '' },
    { title: 'a list with the account', trust: trusts({ AWS: ['111122223333', A] }), answer: '' },
    { title: 'another account', trust: trusts({ AWS: '111122223333' }), answer: untrusted },
    { title: 'a service', trust: trusts({ Service: 'ec2.amazonaws.com' }), answer: untrusted },
    { title: 'an identity provider', trust: trusts({ Federated: 'cognito-identity.amazonaws.com' }), answer: untrusted },
    { title: 'another action', trust: trusts(ROOT, { Action: 'sts:TagSession' }), answer: untrusted },
    { title: 'all actions of STS', trust: trusts(ROOT, { Action: 'sts:*' }), answer: '' },
  ),
  ...page(
    'reference_policies_elements_notprincipal',
    {
      title: 'a Deny of all but the caller spares the caller',
      trust: [...trusts(), { Effect: 'Deny', NotPrincipal: { AWS: [CALLER, ROOT.AWS] }, Action: 'sts:*' }],
      answer: '',
    },
    {
      title: 'a Deny of all but another user',
      trust: [...trusts(), { Effect: 'Deny', NotPrincipal: { AWS: [`${CALLER}-other`, ROOT.AWS] }, Action: 'sts:*' }],
      answer: 'explicit deny in the role trust policy',
    },
  ),
  ...page(
    'reference_policies_evaluation-logic-cross-account',
    { title: 'both sides allow', answer: '' },
    { title: 'the caller has no permission', identity: [], answer: unpermitted },
    {
      title: 'the caller has no permission, though the trust policy names the user',
      trust: trusts({ AWS: CALLER }),
      identity: [],
      answer: unpermitted,
    },
    {
      title: 'permission for another role',
      identity: [may('sts:AssumeRole', 'arn:aws:iam::987654321098:role/Other')],
      answer: unpermitted,
    },
    {
      title: 'a Deny of the caller',
      identity: [may(), { Effect: 'Deny', Action: 'sts:AssumeRole', Resource: '*' }],
      answer: 'explicit deny in an identity-based policy',
    },
    {
      title: 'a Deny of the role',
      trust: [...trusts(), { Effect: 'Deny', Principal: ROOT, Action: 'sts:AssumeRole' }],
      answer: 'explicit deny in the role trust policy',
    },
    { title: 'a boundary of the caller', boundary: [may('s3:*')], answer: 'no permissions boundary allows the sts:AssumeRole action' },
    { title: 'a boundary that allows', boundary: [may('sts:*')], answer: '' },
  ),
  ...page(
    'reference_policies_evaluation-logic',
    {
      title: 'in one account, a trust policy that names the user is enough',
      home: true,
      trust: trusts({ AWS: CALLER }),
      identity: [],
      answer: '',
    },
    { title: 'in one account, a trust policy that names the account delegates to IAM', home: true, identity: [], answer: unpermitted },
    { title: 'in one account, delegation and permission', home: true, answer: '' },
    { title: 'in one account, permission without trust', home: true, trust: trusts({ AWS: '111122223333' }), answer: untrusted },
    {
      title: 'in one account, a Deny of the caller beats a trust policy that names the user',
      home: true,
      trust: trusts({ AWS: CALLER }),
      identity: [{ Effect: 'Deny', Action: 'sts:*', Resource: '*' }],
      answer: 'explicit deny in an identity-based policy',
    },
  ),
  ...page(
    'confused-deputy',
    { title: 'the external ID', trust: external('prod-access-2024'), pass: { ExternalId: 'prod-access-2024' }, answer: '' },
    { title: 'no external ID', trust: external('prod-access-2024'), answer: untrusted },
    { title: 'another external ID', trust: external('prod-access-2024'), pass: { ExternalId: 'prod-access-2023' }, answer: untrusted },
    {
      title: 'an external ID in another case',
      trust: external('prod-access-2024'),
      pass: { ExternalId: 'Prod-Access-2024' },
      answer: untrusted,
    },
    { title: 'an external ID that the role does not ask for', pass: { ExternalId: 'any' }, answer: '' },
    {
      title: 'one of several external IDs',
      trust: when({ StringEquals: { 'sts:ExternalId': ['one', 'two'] } }),
      pass: { ExternalId: 'two' },
      answer: '',
    },
    {
      title: 'the external ID as a condition of the caller',
      identity: [may('sts:AssumeRole', '*', { Condition: { StringEquals: { 'sts:ExternalId': 'id' } } })],
      answer: unpermitted,
    },
    {
      title: 'the external ID that the caller must pass',
      identity: [may('sts:AssumeRole', '*', { Condition: { StringEquals: { 'sts:ExternalId': 'id' } } })],
      pass: { ExternalId: 'id' },
      answer: '',
    },
    { title: 'an external ID that is a wildcard is literal', trust: external('prod-*'), pass: { ExternalId: 'prod-1' }, answer: untrusted },
  ),
  ...page(
    'reference_policies_iam-condition-keys',
    { title: 'sts:RoleSessionName that fits', trust: when({ StringLike: { 'sts:RoleSessionName': 'dana*' } }), answer: '' },
    { title: 'sts:RoleSessionName of somebody else', trust: when({ StringLike: { 'sts:RoleSessionName': 'sam*' } }), answer: untrusted },
    {
      title: 'sts:RoleSessionName by the caller’s name',
      trust: when({ StringLike: { 'sts:RoleSessionName': '${aws:username}' } }),
      answer: untrusted,
    },
    {
      title: 'sts:TransitiveTagKeys',
      trust: when({ 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': 'team' } }),
      pass: { ...tags({ team: 'dev' }), TransitiveTagKeys: ['team'] },
      answer: '',
    },
  ),
  ...page(
    'reference_policies_condition-keys',
    { title: 'aws:SourceIp of the caller', trust: when({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }), answer: '' },
    { title: 'aws:SourceIp of another network', trust: when({ IpAddress: { 'aws:SourceIp': '198.51.100.0/24' } }), answer: untrusted },
    { title: 'aws:PrincipalArn', trust: when({ ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${A}:user/*` } }), answer: '' },
    {
      title: 'aws:PrincipalArn of a role',
      trust: when({ ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${A}:role/*` } }),
      answer: untrusted,
    },
    { title: 'aws:PrincipalAccount', trust: trusts('*', { Condition: { StringEquals: { 'aws:PrincipalAccount': A } } }), answer: '' },
    {
      title: 'aws:PrincipalAccount of another account',
      trust: trusts('*', { Condition: { StringEquals: { 'aws:PrincipalAccount': '111122223333' } } }),
      answer: untrusted,
    },
    { title: 'aws:PrincipalType', trust: when({ StringEquals: { 'aws:PrincipalType': 'User' } }), answer: '' },
    {
      title: 'aws:MultiFactorAuthPresent of a long-term key',
      trust: when({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
      answer: untrusted,
    },
    {
      title: 'aws:MultiFactorAuthPresent false of a long-term key',
      trust: when({ Bool: { 'aws:MultiFactorAuthPresent': 'false' } }),
      answer: untrusted,
    },
    { title: 'aws:TokenIssueTime is absent for a long-term key', trust: when({ Null: { 'aws:TokenIssueTime': 'true' } }), answer: '' },
    { title: 'aws:SecureTransport over HTTP', trust: when({ Bool: { 'aws:SecureTransport': 'true' } }), answer: untrusted },
    { title: 'aws:CurrentTime in the past', trust: when({ DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }), answer: '' },
    {
      title: 'aws:PrincipalOrgID without an organization',
      trust: when({ StringEquals: { 'aws:PrincipalOrgID': 'o-1' } }),
      answer: untrusted,
    },
    { title: 'aws:RequestTag', trust: when({ StringEquals: { 'aws:RequestTag/team': 'dev' } }), pass: tags({ team: 'dev' }), answer: '' },
    {
      title: 'aws:RequestTag with another value',
      trust: when({ StringEquals: { 'aws:RequestTag/team': 'dev' } }),
      pass: tags({ team: 'ops' }),
      answer: untrusted,
    },
  ),
  ...page(
    'id_session-tags',
    { title: 'tags', pass: tags({ team: 'dev', env: 'prod' }), answer: '' },
    {
      title: 'tags without sts:TagSession in the trust policy',
      trust: trusts(ROOT, { Action: 'sts:AssumeRole' }),
      pass: tags({ team: 'dev' }),
      answer: 'sts:TagSession',
    },
    {
      title: 'tags without sts:TagSession of the caller',
      identity: [may('sts:AssumeRole')],
      pass: tags({ team: 'dev' }),
      answer: 'no identity-based policy allows the sts:TagSession action',
    },
    {
      title: 'only these keys',
      trust: when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }),
      pass: tags({ team: 'dev' }),
      answer: '',
    },
    {
      title: 'a key too many',
      trust: when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }),
      pass: tags({ team: 'dev', env: 'x' }),
      answer: untrusted,
    },
    { title: 'keys that differ by case', pass: tags({ team: 'a', Team: 'b' }), answer: 'Duplicate tag keys found' },
    { title: 'a reserved key', pass: tags({ 'aws:team': 'a' }), answer: 'reserved' },
    { title: 'a transitive key without its tag', pass: { TransitiveTagKeys: ['team'] }, answer: 'is not among the tags' },
    { title: 'a value with a forbidden character', pass: tags({ team: 'a;b' }), answer: 'regular expression pattern' },
    { title: 'an empty value', pass: tags({ team: '' }), answer: '' },
  ),
  ...page(
    'id_credentials_temp_control-access_monitor',
    { title: 'a source identity', pass: { SourceIdentity: 'dana' }, answer: '' },
    {
      title: 'a source identity without sts:SetSourceIdentity in the trust policy',
      trust: trusts(ROOT, { Action: 'sts:AssumeRole' }),
      pass: { SourceIdentity: 'dana' },
      answer: 'sts:SetSourceIdentity',
    },
    {
      title: 'a source identity without sts:SetSourceIdentity of the caller',
      identity: [may('sts:AssumeRole')],
      pass: { SourceIdentity: 'dana' },
      answer: 'no identity-based policy allows the sts:SetSourceIdentity action',
    },
    {
      title: 'a source identity that the role wants',
      trust: when({ StringEquals: { 'sts:SourceIdentity': 'dana' } }),
      pass: { SourceIdentity: 'sam' },
      answer: untrusted,
    },
    { title: 'no source identity where the role wants one', trust: when({ StringLike: { 'sts:SourceIdentity': '*' } }), answer: untrusted },
  ),
  ...page(
    'STS API_AssumeRole',
    { title: '15 minutes', pass: { DurationSeconds: 900 }, answer: '' },
    { title: 'less than 15 minutes', pass: { DurationSeconds: 899 }, answer: 'greater than or equal to 900' },
    { title: 'more than 12 hours', pass: { DurationSeconds: 43_201 }, answer: 'less than or equal to 43200' },
    { title: 'more than the role allows', pass: { DurationSeconds: 3601 }, answer: 'exceeds the MaxSessionDuration' },
    { title: 'as much as the role allows', pass: { DurationSeconds: 7200 }, maxSessionSeconds: 7200, answer: '' },
    { title: 'a session name of one character', pass: { RoleSessionName: 'x' }, answer: 'length greater than or equal to 2' },
    { title: 'a session name of 65 characters', pass: { RoleSessionName: 'x'.repeat(65) }, answer: 'length less than or equal to 64' },
    { title: 'a session name with a space', pass: { RoleSessionName: 'da na' }, answer: 'regular expression pattern' },
    { title: 'an external ID of one character', pass: { ExternalId: 'x' }, answer: 'length greater than or equal to 2' },
    {
      title: 'a session policy of 2,049 characters',
      pass: { Policy: `{"Version":"2012-10-17","Statement":[]}${' '.repeat(2010)}` },
      answer: 'length less than or equal to 2048',
    },
    { title: 'a session policy that is not JSON', pass: { Policy: '{' }, answer: 'invalid Json' },
    {
      title: '11 session policy ARNs',
      pass: { PolicyArns: Array(11).fill({ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }) },
      answer: 'length less than or equal to 10',
    },
    {
      title: 'a session policy ARN of no policy',
      pass: { PolicyArns: [{ arn: 'arn:aws:iam::111122223333:policy/None' }] },
      answer: 'does not exist or is not attachable',
    },
    {
      title: 'a role that does not exist',
      pass: { RoleArn: 'arn:aws:iam::987654321098:role/DoesNotExist' },
      answer: 'is not authorized to perform: sts:AssumeRole',
    },
    { title: 'a code without a device', pass: { TokenCode: '123456' }, answer: 'must not be null' },
    {
      title: 'a device of nobody',
      pass: { SerialNumber: `arn:aws:iam::${A}:mfa/none`, TokenCode: '123456' },
      answer: 'verify your MFA serial number',
    },
  ),
]
