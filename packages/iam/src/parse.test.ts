/**
 * What each kind of policy accepts, by the rules of IAM and STS. The sources are AWS's documentation and messages that people
 * reported: "check reference" is AWS IAM User Guide, "IAM policy validation check reference"; `owner/repo#n` is a GitHub issue.
 */
import { describe, expect, test } from 'vitest'
import { evaluate } from './evaluate.ts'
import { parsePolicy, parseSessionPolicy, policy } from './parse.ts'
import type { PolicyKind, StatementJson } from './policy.ts'

const faultsOf = (kind: PolicyKind, ...Statement: object[]): string => {
  const parsed = parsePolicy({ Version: '2012-10-17', Statement }, kind)
  return parsed.ok ? 'accepted' : parsed.faults.join('; ')
}
const allow = (more: object = {}) => ({ Effect: 'Allow', Action: 's3:*', Resource: '*', ...more })
const deny = (more: object = {}) => ({ ...allow(more), Effect: 'Deny' })
const when = (operator: string, key: string, value: unknown) => deny({ Condition: { [operator]: { [key]: value } } })

describe('a resource of a session policy is a complete ARN', () => {
  test.each<[string, string]>([
    // Check reference, "Missing ARN field"; AWS completes these in identity-based policies only.
    ['arn:aws:s3:*', 'not a complete ARN'],
    ['arn:aws:s3', 'not a complete ARN'],
    ['arn:aws:s3::', 'not a complete ARN'],
    ['arn:aws:sqs:eu-central-1:111122223333', 'not a complete ARN'],
    ['arn:aws:waf:*', 'not a complete ARN'], // AWS managed policy FMSServiceRolePolicy
    ['arn:aws:rds:*', 'not a complete ARN'], // AWS managed policy NeptuneFullAccess
    ['arn:aws:dynamodb:us-east-1:table/t', 'not a complete ARN'],
    ['arn:*:ec2:*:*', 'not a complete ARN'],
    ['arn:aws', 'service in lower case'],
    ['arn:aws:', 'service in lower case'],
    ['arn:', 'unknown partition'],
    // "Resource … must be in ARN format or "*"": felipefrizzo/terraform-aws-transfer-server#6.
    ['', 'is not an ARN'],
    ['my-bucket', 'is not an ARN'],
    ['s3:::bucket', 'is not an ARN'],
    ['ARN:aws:s3:::b', 'is not an ARN'],
    [' arn:aws:s3:::b', 'is not an ARN'],
    ['https://b.s3.amazonaws.com', 'is not an ARN'],
    ['arn*', 'is not an ARN'],
    ['**', 'is not an ARN'],
    ['arn:aws:s3:::', 'has no resource'],
    // Five fields and no account: the fourth colon is missing.
    ['arn:aws:logs:*:log-group:*', 'account of 12 digits'],
    ['arn:aws:ssm:us-east-1:parameter:x', 'account of 12 digits'],
  ])('%s', (Resource, fault) => expect(faultsOf('session', deny({ Resource }))).toContain(fault))

  test.each([
    ['*'],
    ['arn:aws:s3:::b/*'],
    ['arn:*:ec2:*:*:subnet/*'], // AWS managed policy AmazonMSKFullAccess
    ['arn:aws:logs:*:*:log-group:*'],
    ['arn:aws:cloudformation:*:aws:transform/*'], // AWS managed policy CodeStarServiceRole
    ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
    ['arn:aws:organizations::*:'], // AWS managed policy AmazonDevOpsGuruOrganizationsAccess
    ['arn:*:kms:*:${aws:PrincipalAccount}:key/*'], // AWS managed policy
    ['arn:aws:ec2:us-east-?:1111*:instance/*'],
    ['arn:aws:s3:us-west-2:111122223333:accesspoint/test/object/*'], // Amazon S3 User Guide, access points
    ['arn:aws:execute-api:*:*:*/*/GET/a:b'],
    ['arn:aws:s3:us-west-2:111122223333:storage-lens/dashboard'], // Service Authorization Reference, Amazon S3
    ['arn:aws:s3:us-west-2:111122223333:access*'],
    ['arn:aws:iam::111122223333:ro*'],
    ['arn:aws:iam::111122223333:*'],
  ])('%s is one', (Resource) => expect(faultsOf('session', deny({ Resource }))).toBe('accepted'))
})

describe('the fields of an ARN', () => {
  test.each<[string, string]>([
    // "Partition … is not valid for resource": cloudera-labs/cloudera.exe#112, eksctl-io/eksctl#4329.
    ['arn:${ARN_PARTITION}:s3:::b', 'invalid policy variable'],
    ['arn:amazon:s3:::b', 'unknown partition'],
    ['arn:AWS:s3:::b', 'unknown partition'],
    ['arn:aws-china:s3:::b', 'unknown partition'],
    ['arn:aws-gov:s3:::b', 'unknown partition'],
    ['arn:aws-us-gov-west-1:s3:::b', 'unknown partition'],
    ['arn:aws-iso-c:s3:::b', 'unknown partition'],
    ['arn:aws-eu:s3:::b', 'unknown partition'],
    ['arn:aws-eusc-de:s3:::b', 'unknown partition'],
    ['arn::s3:::b', 'unknown partition'],
    ['arn:aws :s3:::b', 'unknown partition'],
    ['arn:azure:s3:::b', 'unknown partition'],
    // Check reference, "Invalid ARN account".
    ['arn:aws:sqs:eu-central-1:12345:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:1111222233334:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:1111-2222-3333:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:account-ID-without-hyphens:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:ACCOUNT_ID:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:<account>:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:1111222233334*:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:?????????????:q', '12 digits'],
    ['arn:aws:sqs:eu-central-1:self:q', '12 digits'],
    ['arn:aws:ssm:us-gov-east-1:account:parameter/x', '12 digits'], // terraform-aws-modules/terraform-aws-atlantis#83
    // Check reference, "Invalid ARN service case"; IAM User Guide, Resource: no wildcard in the service.
    ['arn:aws:S3:::b', 'service in lower case'],
    ['arn:aws:Lambda:eu-central-1:111122223333:function:f', 'service in lower case'],
    ['arn:aws:*:::b', 'service in lower case'],
    ['arn:aws:s3*:::b', 'service in lower case'],
    ['arn:aws:s?:::b', 'service in lower case'],
    ['arn:aws:*:*:*:*', 'service in lower case'],
    ['arn:aws::::b', 'service in lower case'],
    ['arn:aws:s3.amazonaws.com:::b', 'service in lower case'],
    ['arn:aws:dynamo_db:*:*:table/t', 'service in lower case'],
    ['arn:aws:${aws:PrincipalTag/s}:::b', 'service in lower case'],
    ['arn:aws:ec2:EU-CENTRAL-1:111122223333:instance/i', 'invalid region'],
    ['arn:aws:ec2:eu central-1:111122223333:instance/i', 'invalid region'],
    // "IAM resource … cannot contain region information": cloud-gov/terraform-provision#1838.
    ['arn:aws:iam:us-east-1:111122223333:role/r', 'has a region'],
    // "… can not contain region information": aws/aws-cdk#22445.
    ['arn:aws:s3:us-west-2:123456789012:test/athena', 'has a region'],
    ['arn:aws:s3:us-west-2:123456789012:test/*', 'has a region'],
    ['arn:aws:s3:us-west-2:123456789012:my-job/1', 'has a region'],
    // "IAM resource path must either be "*" or start with user/, …"
    ['arn:aws:iam::111122223333:Role/r', 'unknown type of IAM resource'],
    ['arn:aws:iam::111122223333:r', 'unknown type of IAM resource'],
    ['arn:aws:iam::111122223333:/role/r', 'unknown type of IAM resource'],
    ['arn:aws:iam::111122223333:Role/*', 'unknown type of IAM resource'],
    ['arn:aws:iam::111122223333:roots', 'unknown type of IAM resource'],
    ['arn:aws:iam::111122223333:/root', 'unknown type of IAM resource'],
    ['arn:aws:iam::111122223333::root', 'unknown type of IAM resource'],
  ])('%s', (Resource, fault) => {
    for (const kind of ['session', 'identity', 'resource'] as const)
      expect(faultsOf(kind, deny({ Resource, ...(kind === 'resource' ? { Principal: '*' } : {}) }))).toContain(fault)
  })
  test.each(['*', '*-west-2', 'us-*', 'us-west-?', ''])('the region of a bucket that names no region: %j', (region) =>
    expect(faultsOf('session', deny({ Resource: `arn:aws:s3:${region}:123456789012:test/athena` }))).toBe('accepted'),
  )
  test.each(['aws', 'aws-cn', 'aws-us-gov', 'aws-eusc', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', '*', 'aws*', 'aws-??'])(
    'the partition %s',
    (partition) => expect(faultsOf('session', deny({ Resource: `arn:${partition}:s3:::b` }))).toBe('accepted'),
  )
})

describe('statement IDs', () => {
  test.each([
    ['read logs'], // aws-cloudformation/cfn-lint#708
    ['Space Space'],
    ['autogenerated-id'], // Wolox/carthage_cache#22
    ['invalid-sid'], // hashicorp/terraform-provider-aws#10771
    ['some_policy_doc'], // hashicorp/terraform-provider-aws#20767
    ['Enable Root User Permissions'], // cloudposse/terraform-aws-vpc-flow-logs-s3-bucket#92
    ['Allow VPC Flow Logs to use the key'],
    ['read.logs'],
    ['read:logs'],
    ['read/logs'],
    ['é'],
    ['１'], // a digit, but not one of ASCII
    ['read\n'],
    ['${aws:username}'],
  ])('%j is refused', (Sid) => {
    for (const kind of ['session', 'identity'] as const) expect(faultsOf(kind, allow({ Sid }))).toContain('letters and digits')
    expect(faultsOf('resource', { ...allow({ Sid }), Principal: '*' })).toBe('accepted') // Sids with spaces: Amazon S3 User Guide, AWS KMS
  })
  test.each([['1'], [''], ['VisualEditor0'], ['ReadLogs'], ['0'.repeat(100)]])('%j is accepted', (Sid) =>
    expect(faultsOf('session', allow({ Sid }))).toBe('accepted'),
  )
  test('none is used twice (check reference, "Unique Sids required"), but the empty one', () => {
    expect(faultsOf('session', allow({ Sid: 'A' }), deny({ Sid: 'A' }))).toBe("Statement[1].Sid: 'A' is used twice")
    expect(faultsOf('session', allow({ Sid: 'A' }), deny({ Sid: 'a' }))).toBe('accepted')
    expect(faultsOf('session', allow({ Sid: '' }), deny({ Sid: '' }))).toBe('accepted')
    expect(faultsOf('session', allow({ Sid: 1 }))).toContain('must be a string')
  })
})

describe('policy variables', () => {
  // Check reference: missing brace, missing quote, unsupported space, empty variable, unsupported symbol.
  test.each([
    ['${aws:username'],
    ['${'],
    ['${}'],
    ['${aws:username '],
    ['${ aws:username}'],
    ['${aws:user name}'],
    ["${aws:username, 'x}"],
    ['${aws:username, x}'],
    ["${aws:username 'x'}"],
    ['${aws:username, "x"}'],
    ['${username}'],
    ['${${aws:username}}'],
    ['${aws:PrincipalTag/${aws:username}}'],
    ['${aws:}'],
    ['${$'],
    ['${**}'],
    ['${aws:username}${'],
    ['${!aws:username}'],
  ])('%s is refused', (text) => {
    expect(faultsOf('session', deny({ Resource: `arn:aws:s3:::b/${text}` }))).toContain('invalid policy variable')
    expect(faultsOf('session', when('StringEquals', 'aws:userid', `x${text}`))).toContain('would never match')
    // Before version 2012-10-17 it is plain text.
    expect(parsePolicy({ Statement: [deny({ Resource: `arn:aws:s3:::b/${text}` })] }, 'session').ok).toBe(true)
  })
  test.each([
    ['${aws:username}'],
    ["${aws:PrincipalTag/team, 'none'}"],
    ["${aws:PrincipalTag/team,'none'}"],
    ["${aws:PrincipalTag/team, ''}"],
    ['${*}${?}${$}'],
    ['${cognito-identity.amazonaws.com:sub}'],
    ['${saml:sub}'],
    ['$DEFAULT'], // AWS managed policy: automation-definition/AWS-CreateImage:$DEFAULT
    ['a$b{c}'],
    ['${aws:PrincipalTag/a/b:c@d+e}'],
  ])('%s is accepted', (text) => expect(faultsOf('session', deny({ Resource: `arn:aws:s3:::b/${text}` }))).toBe('accepted'))
})

describe('actions', () => {
  test.each([
    ['GetObject'], // "Actions/Conditions must be prefaced by a vendor"
    ['s3'],
    ['s3:'],
    [':GetObject'],
    ['s3*:Get*'],
    ['*:GetObject'],
    ['*:*'],
    ['s?:GetObject'],
    ['s3:Get Object'],
    ['s3: GetObject'],
    ['s3:Get-Object'],
    ['s3::GetObject'],
    ['s3.GetObject'],
    ['${aws:PrincipalTag/action}'],
    [''],
  ])('%j is refused', (Action) => expect(faultsOf('session', deny({ Action }))).toContain('is not in the form service:action'))
  // IAM User Guide, Action: "The prefix and the action name are case insensitive." AWS's managed policies have `SNS:Publish`.
  test.each(['SNS:Publish', 'cloudTrail:ListChannels', 's3:getobject', 's3:?et*', 'execute-api:Invoke', '*'])('%s is accepted', (Action) =>
    expect(faultsOf('session', deny({ Action }))).toBe('accepted'),
  )
  test.each<[string, object, string]>([
    // "Policy statement must contain resources": terraform-aws-modules/terraform-aws-iam#603.
    ['no resources', { Resource: [] }, 'must be a string or a list of strings'],
    ['no actions', { Action: [] }, 'must be a string or a list of strings'],
    ['a number', { Action: 1 }, 'must be a string or a list of strings'],
    ['a list in a list', { Resource: [['*']] }, 'must be a string or a list of strings'],
    ['null', { Resource: null }, 'needs Resource'],
    // "Policy document should not specify a principal": hashicorp/terraform#13449.
    ['a principal', { Principal: { AWS: '*' } }, 'has no principal'],
    ['an excluded principal', { NotPrincipal: { AWS: '*' } }, 'has no principal'],
    ['a principal that is null', { Principal: null }, 'has no principal'],
    ['an excluded principal that is null', { NotPrincipal: null }, 'has no principal'],
    ['lower case', { effect: 'Allow' }, 'is not a property'],
  ])('%s', (_name, more, fault) => expect(faultsOf('session', allow(more))).toContain(fault))
  test('refuses a Version that is null', () => {
    expect(parseSessionPolicy({ Version: null, Statement: allow() })).toMatchObject({
      ok: false,
      faults: ['Version: must be 2012-10-17 or 2008-10-17'],
    })
  })
  test('an Id is for resource-based policies only (grammar, id_block)', () => {
    const json = { Id: 'x', Version: '2012-10-17', Statement: [allow()] }
    expect([parsePolicy(json, 'session').ok, parsePolicy(json, 'identity').ok, parseSessionPolicy(json).ok]).toEqual([false, false, false])
    expect(parsePolicy({ ...json, Statement: [{ ...allow(), Principal: '*' }] }, 'resource').ok).toBe(true)
  })
})

describe('condition keys', () => {
  // Check reference: "Invalid condition key format", "Duplicate keys with different case".
  test.each(['username', '', ':x', 'aws:', 'aws SourceIp', 'SourceIp', 'PassedToService', '-aws:x', '${aws:x}:y', ' aws:SourceIp'])(
    '%j is refused',
    (key) => expect(faultsOf('session', when('StringEquals', key, 'a'))).toContain('must begin with a service'),
  )
  test.each([
    'aws:SourceIp',
    's3:prefix',
    'aws:PrincipalTag/cost center',
    'kms:EncryptionContext:aws:s3:arn',
    'token.actions.githubusercontent.com:sub',
    'oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:aud',
    'ec2:ResourceTag/kubernetes.io/cluster/*',
    'SAML:aud',
  ])('%s is accepted', (key) => expect(faultsOf('session', when('StringEquals', key, 'a'))).toBe('accepted'))
  test.each([
    [{ 'aws:SourceIp': '10.0.0.1', 'aws:sourceip': '10.0.0.2' }],
    [{ 'aws:SourceIp': '10.0.0.1', 'AWS:SourceIp': '10.0.0.1' }],
    [{ 'aws:SourceIp': '10.0.0.1', 'AWS:SOURCEIP': ['10.0.0.1'] }],
  ])('%j is one key twice', (keys) => expect(faultsOf('session', deny({ Condition: { IpAddress: keys } }))).toContain('is there twice'))
  test('one key under two operators is not twice', () => {
    const Condition = { StringLike: { 'aws:userid': 'a*' }, StringNotLike: { 'AWS:userid': 'ab' } }
    expect(faultsOf('session', deny({ Condition }))).toBe('accepted')
  })
})

describe('a condition that can never hold is an error', () => {
  test.each<[string, string, unknown]>([
    // Masks and addresses.
    ...[
      ['10.0.0.0/33'],
      ['10.0.0.0/-1'],
      ['10.0.0.0/'],
      ['10.0.0/8'],
      ['10.0.0.256'],
      ['10.0.0.0/8/8'],
      ['010.0.0.1'],
      ['10.0.0.*'],
      ['10.0.0.0-10.0.0.9'],
      ['10.0.0.0/255.0.0.0'],
      ['2001:db8::/129'],
      ['2001:db8:::/32'],
      ['2001:db8::g'],
      ['localhost'],
      ['10.0.0.1:443'],
      [''],
      ['${aws:SourceIp}'],
      [['10.0.0.0/8', '10.0.0.0/33']],
    ].map(([value]): [string, string, unknown] => ['NotIpAddress', 'aws:SourceIp', value]),
    ['IpAddress', 'aws:SourceIp', '10.0.0.0/33'],
    // Dates.
    ...[
      '31/12/2026',
      '12/31/2026',
      '2026-12-31 00:00:00Z',
      '2026-12-31T00:00:00',
      '2026-12-31T00:00',
      '2026-12-31T24:00:00Z',
      '2026-02-30',
      '2026-13-01',
      '2026-12-31T00:00:00+0100',
      '2026-12-31T00:00:00CET',
      '20261231T000000Z',
      'Thu, 31 Dec 2026 00:00:00 GMT',
      'tomorrow',
      '1.5',
      '-1',
      '',
    ].map((value): [string, string, unknown] => ['DateGreaterThan', 'aws:CurrentTime', value]),
    // Numbers.
    ...['ten', '1e3', '0x10', '1,000', '1.', '.5', '+1', '', ' 1', '1 ', '10MB', '--1'].map((value): [string, string, unknown] => [
      'NumericGreaterThan',
      's3:max-keys',
      value,
    ]),
    // Booleans.
    ...['yes', 'no', '1', '0', 'on', '', 'true ', 'TRUE!', 'null', 1].map((value): [string, string, unknown] => [
      'Bool',
      'aws:SecureTransport',
      value,
    ]),
    ...['yes', 'present', '', 0, 'aws:userid', 'exists', 'null', '*', 'true,false', '!true'].map((value): [string, string, unknown] => [
      'Null',
      'aws:userid',
      value,
    ]),
    // ARNs: each of the six parts is compared separately (IAM User Guide, "ARN condition operators").
    ...[
      'arn:aws:iam',
      'arn:aws:iam::111122223333',
      'role/x',
      '111122223333',
      'arn',
      '**',
      '',
      'AROAEXAMPLE',
      'arn:*',
      'sns.amazonaws.com',
      'urn:aws:iam::111122223333:role/x',
    ].map((value): [string, string, unknown] => ['ArnLike', 'aws:PrincipalArn', value]),
    ...['not base64!', 'QQ=', 'QQ', 'Q', '=', 'QUJD====', 'QU JD', 'QU-D', 'QU_D', '*'].map((value): [string, string, unknown] => [
      'BinaryEquals',
      'kms:x',
      value,
    ]),
  ])('%s %s %j', (operator, key, value) => {
    for (const name of [operator, `${operator}IfExists`, `ForAnyValue:${operator}`]) {
      if (operator === 'Null' && name !== operator) continue
      expect(faultsOf('session', when(name, key, value))).toContain('would never match')
    }
  })
  test.each<[string, string, unknown, string]>([
    ['StringEquals', 'aws:userid', [], 'must be a string, number or boolean'],
    ['StringEquals', 'aws:userid', {}, 'must be a string, number or boolean'],
    ['StringEquals', 'aws:userid', null, 'must be a string, number or boolean'],
    ['NullIfExists', 'aws:userid', 'true', 'is not a condition operator'], // check reference, "Null with if exists"
    ['ForAnyValue:Null', 'aws:userid', 'true', 'is not a condition operator'],
    ['stringEquals', 'aws:userid', 'a', 'is not a condition operator'],
    ['StringEqual', 'aws:userid', 'a', 'is not a condition operator'],
    ['ForAllValues:', 'aws:userid', 'a', 'is not a condition operator'],
    ['IfExistsStringEquals', 'aws:userid', 'a', 'is not a condition operator'],
    ['StringEqualsIfExistsIfExists', 'aws:userid', 'a', 'is not a condition operator'],
    ['NotIpAddressLike', 'aws:SourceIp', '10.0.0.0/8', 'is not a condition operator'],
    ['DateNotBefore', 'aws:CurrentTime', '2026-01-01', 'is not a condition operator'],
  ])('%s %s %j: the form', (operator, key, value, fault) => expect(faultsOf('session', when(operator, key, value))).toContain(fault))
  test('a block without operators is nothing, an operator without keys an error', () => {
    expect(faultsOf('session', deny({ Condition: {} }))).toBe('accepted')
    expect(faultsOf('session', deny({ Condition: { StringEquals: {} } }))).toContain('must be an object of condition keys')
    expect(faultsOf('session', deny({ Condition: [] }))).toContain('must be an object')
  })
  test.each<[string, string, unknown]>([
    ['NotIpAddress', 'aws:SourceIp', ['10.0.0.0/32', '0.0.0.0/0', '10.0.0.1', '2001:db8::/32', '::/0']],
    ['DateGreaterThan', 'aws:CurrentTime', ['2026-12-31T00:00:00Z', '2026-12-31', '2026', '2026-12-31T00:00:00+01:00', '1767225600']],
    ['NumericLessThan', 's3:max-keys', [10, '10', '-1.5', '10.25', 0]],
    ['Bool', 'aws:SecureTransport', [true, 'false', 'TRUE']],
    ['ArnLike', 'aws:PrincipalArn', ['*', 'arn:aws:iam::*:role/x*', '${aws:PrincipalTag/role}', 'arn:*:sso:::instance/*']],
    ['BinaryEquals', 'kms:x', ['QmluYXJ5', 'QQ==', 'QUI=', '']],
  ])('%s %s %j can hold', (operator, key, value) => expect(faultsOf('session', when(operator, key, value))).toBe('accepted'))
  test('a time without a zone is accepted in an identity-based policy only', () => {
    const statement = when('DateLessThan', 'aws:CurrentTime', '2026-11-27T12:00:00')
    expect([faultsOf('identity', statement), faultsOf('session', statement)]).toEqual(['accepted', expect.stringContaining('never match')])
  })
})

describe('in an identity-based policy AWS completes an ARN, so that a Deny on it denies', () => {
  test.each<[string, string]>([
    ['arn:aws:s3:*', 'arn:aws:s3:::b/k'],
    ['arn:aws:s3', 'arn:aws:s3:::b/k'],
    ['arn:aws:s3:', 'arn:aws:s3:::b/k'],
    ['arn:aws:s3::', 'arn:aws:s3:::b/k'],
    ['arn:aws:s3:::', 'nothing'],
    ['arn:aws:sqs:eu-*', 'arn:aws:sqs:eu-central-1:111122223333:q'],
    ['arn:aws:sqs:us-*', 'nothing'],
    ['arn:aws:sqs:*:111122223333', 'arn:aws:sqs:eu-central-1:111122223333:q'],
    ['arn:aws:sqs:*:444455556666', 'nothing'],
    ['arn:*:sqs', 'arn:aws:sqs:eu-central-1:111122223333:q'],
    ['arn:aws:logs:*', 'arn:aws:logs:eu-central-1:111122223333:log-group:/a:log-stream:b'],
    ['arn:aws:waf:*', 'arn:aws:waf::111122223333:webacl/x'],
    ['arn:aws:rds:*', 'arn:aws:rds:eu-central-1:111122223333:db:x'],
  ])('%s covers %s', (Resource, arn) => {
    const all = ['arn:aws:s3:::b/k', 'arn:aws:sqs:eu-central-1:111122223333:q', arn].filter((one) => one !== 'nothing')
    const parsed = parsePolicy({ Version: '2012-10-17', Statement: [allow({ Action: '*' }), deny({ Action: '*', Resource })] }, 'identity')
    if (!parsed.ok) return expect([Resource, parsed.faults.join()]).toEqual(['arn:aws:s3:::', expect.stringContaining('no resource')])
    const denied = all.filter((one) => {
      const service = one.split(':')[2]
      const request = { action: `${service}:Get`, resource: { arn: one, account: '111122223333' }, context: {} }
      const principal = { arn: 'arn:aws:iam::111122223333:user/u', account: '111122223333' }
      return evaluate({ ...request, principal, identity: [parsed.policy] }).verdict === 'explicit-deny'
    })
    expect(denied).toEqual(arn === 'nothing' ? [] : [arn, arn].slice(0, all.filter((one) => one === arn).length))
  })
  test('a variable is one field, although it contains a colon', () => {
    expect(faultsOf('identity', deny({ Resource: 'arn:aws:sqs:${aws:RequestedRegion}' }))).toBe('accepted')
  })
})

describe('a fault names its place', () => {
  test.each<[string, object, string]>([
    ['a misspelled property that begins like one', { ...allow(), Conditions: {} }, 'Statement[0].Conditions: is not a property'],
    ['one that ends like one', { ...allow(), MyAction: 's3:*' }, 'Statement[0].MyAction: is not a property'],
    ['a Sid', allow({ Sid: 'a b' }), 'Statement[0].Sid: must be a string of letters and digits'],
    ['an effect', allow({ Effect: 'allow' }), 'Statement[0].Effect: must be Allow or Deny'],
    ['no action', { Effect: 'Allow', Resource: '*' }, 'Statement[0]: needs Action or NotAction'],
    ['no resource', { Effect: 'Allow', Action: 's3:*' }, 'Statement[0]: needs Resource or NotResource'],
    [
      'an action',
      allow({ Action: 7 }),
      'Statement[0].Action: must be a string or a list of strings; Statement[0]: needs Action or NotAction',
    ],
    [
      'an action among others',
      allow({ Action: ['s3:*', 7] }),
      'Statement[0].Action: must be a string or a list of strings; Statement[0]: needs Action or NotAction',
    ],
    [
      'an action with a space before it',
      allow({ Action: 'x s3:Get*' }),
      "Statement[0].Action: 'x s3:Get*' is not in the form service:action",
    ],
    ['the conditions', allow({ Condition: [] }), 'Statement[0].Condition: must be an object'],
    ['an operator', allow({ Condition: { StringIs: { 'aws:k': 'a' } } }), 'Statement[0].Condition.StringIs: is not a condition operator'],
    ['an operator without keys', allow({ Condition: { Bool: null } }), 'Statement[0].Condition.Bool: must be an object of condition keys'],
    [
      'a key',
      allow({ Condition: { Bool: { 'aws:k': null } } }),
      'Statement[0].Condition.Bool.aws:k: must be a string, number or boolean, or a list of these',
    ],
    [
      'a key with a function',
      allow({ Condition: { Bool: { 'aws:k': () => true } } }),
      'Statement[0].Condition.Bool.aws:k: must be a string, number or boolean, or a list of these',
    ],
    ['a text of 60 characters', allow({ Resource: 'x'.repeat(60) }), `Statement[0].Resource: '${'x'.repeat(60)}' is not an ARN`],
    ['the start of a longer one', allow({ Resource: 'x'.repeat(61) }), `Statement[0].Resource: '${'x'.repeat(60)}…' is not an ARN`],
  ])('%s', (_name, statement, expected) => expect(faultsOf('session', statement)).toBe(expected))
  test.each<[unknown, string]>([
    [{ Version: '2012-10-17', Statement: [] }, 'Statement: must contain at least one statement'],
    [{ Version: '2012-10-17', Statement: [7] }, 'Statement[0]: must be an object'],
    [{ Version: '2012-10-17', Statement: [null] }, 'Statement[0]: must be an object'],
    [{ Version: '2012-10-17', Statement: allow(), Note: 'x' }, 'Note: is not a property'],
    [null, 'a policy must be an object'],
  ])('%j', (json, expected) => {
    for (const kind of ['session', 'identity', 'resource', 'trust'] as const) {
      const parsed = parsePolicy(json, kind)
      expect(parsed.ok ? [] : parsed.faults).toContain(expected)
    }
  })
})

test('a statement has the Sid that it was written with', () => {
  const sids = policy(
    {
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*', Sid: 'A' },
        { Effect: 'Deny', Action: '*', Resource: '*' },
      ],
    },
    'session',
  )
  expect(sids.statements.map((statement) => ('sid' in statement ? statement.sid : 'none'))).toEqual(['A', 'none'])
})

describe('trust policies', () => {
  const trust = (more: object) => ({ Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole', ...more })
  const ROOT = 'arn:aws:iam::111122223333:root'
  test.each<[string, object, string]>([
    // Check reference, "Unsupported element combination"; IAM User Guide, NotPrincipal.
    ['Allow and NotPrincipal', { Principal: undefined, NotPrincipal: { AWS: ROOT } }, 'must not be used with Allow'],
    [
      'Allow and NotPrincipal everyone',
      { Principal: undefined, NotPrincipal: '*' },
      'Statement[0].NotPrincipal: must not be used with Allow',
    ],
    ['both', { NotPrincipal: { AWS: ROOT } }, 'has both'],
    ['neither', { Principal: undefined }, 'needs Principal'],
    // Check reference, "Unsupported wildcard in principal"; grammar: `*` is everyone, and never part of a name or ARN.
    ...[
      'arn:aws:iam::*:root',
      'arn:aws:iam::111122223333:role/*',
      'arn:aws:iam::111122223333:user/team-?',
      'arn:aws:iam::*:*',
      'arn:*:iam::111122223333:root',
      'arn:aws:sts::111122223333:assumed-role/Reader/*',
      '1111*',
      '**',
      'arn:aws:iam::111122223333:*',
      'arn:aws:iam::111122223333:role/${aws:PrincipalTag/x}',
    ].map((AWS): [string, object, string] => [`the wildcard ${AWS}`, { Principal: { AWS } }, "must be '*', 12 digits"]),
    // Accounts: "Invalid principal in policy", aws-actions/configure-aws-credentials#332 (11 digits).
    ...[
      'arn:aws:iam::12345678910:role/Orchestration_Role',
      'arn:aws:iam::1234567890:root',
      '1111-2222-3333',
      '11112222333',
      '1111222233334',
      'arn:aws:iam::root',
      'arn:aws:iam:::role/r',
      'arn:aws:iam:us-east-1:111122223333:role/r',
      'arn:aws:iam::111122223333:group/g',
      'arn:aws:iam::111122223333:instance-profile/p',
      'arn:aws:iam::111122223333:Role/r',
      'arn:aws:iam::111122223333:role/',
      'arn:aws:sts::111122223333:assumed-role/r',
      'arn:aws:lambda:us-east-1:111122223333:function:f',
      'arn:aws-moon:iam::111122223333:root',
      'lambda.amazonaws.com',
      'dana@acme.example',
      '',
    ].map((AWS): [string, object, string] => [`the principal '${AWS}'`, { Principal: { AWS: [ROOT, AWS] } }, "must be '*', 12 digits"]),
    ...[
      '*',
      'lambda',
      'lambda.*.amazonaws.com',
      'https://lambda.amazonaws.com',
      'Lambda.amazonaws.com',
      'lambda.amazonaws.com/x',
      '',
      'lambda.amazonaws',
      ROOT,
      'evil.example',
    ].map((Service): [string, object, string] => [`the service '${Service}'`, { Principal: { Service } }, 'service principal']),
    ...[
      '*',
      'arn:aws:iam::111122223333:oidc-provider/*',
      'arn:aws:iam::*:oidc-provider/token.actions.githubusercontent.com',
      'arn:aws:iam::111122223333:saml-provider/',
      'arn:aws:iam::xxxxx:oidc-provider/x',
      'https://token.actions.githubusercontent.com',
      'token.actions.githubusercontent.com',
      ROOT,
      '',
      'okta',
    ].map((Federated): [string, object, string] => [`the provider '${Federated}'`, { Principal: { Federated } }, 'SAML or OIDC provider']),
    ['a canonical user', { Principal: { CanonicalUser: 'a'.repeat(64) } }, 'must be AWS, Service, Federated'],
    ['another kind of principal', { Principal: { Aws: ROOT } }, 'Statement[0].Principal.Aws: must be AWS, Service, Federated'],
    ['an inherited property', { Principal: { constructor: ROOT } }, 'must be AWS, Service, Federated'],
    ['an empty list of principals', { Principal: { AWS: [] } }, 'must be a string or a list of strings'],
    ['no kind of principal', { Principal: {} }, 'Statement[0].Principal: names no principal'],
    ['a principal that is a string', { Principal: ROOT }, "Statement[0].Principal: must be '*' or an object"],
    ['a principal that is a list', { Principal: [ROOT] }, "must be '*' or an object"],
    ['a principal that is a number', { Principal: { AWS: 111122223333 } }, 'must be a string or a list of strings'],
    // "AssumeRole policy may only specify STS AssumeRole actions."
    ...[
      '*',
      's3:GetObject',
      'iam:PassRole',
      'sts:GetCallerIdentity',
      'sts:GetSessionToken',
      'sts:AsumeRole',
      'sts:Get*',
      'sts:DecodeAuthorizationMessage',
      'sts:GetFederationToken',
      'ts:AssumeRole',
    ].map((Action): [string, object, string] => [`the action ${Action}`, { Action }, 'is not an action of STS']),
    ['one action too many', { Action: ['sts:AssumeRole', 'ec2:RunInstances'] }, 'is not an action of STS'],
    ['NotAction', { Action: undefined, NotAction: 'sts:AssumeRole' }, 'must list its actions'],
    ['no action', { Action: [] }, 'must be a string or a list of strings'],
    ['a resource', { Resource: '*' }, 'has no resource'], // "Has prohibited field Resource"
    ['a resource that is null', { Resource: null }, 'has no resource'],
    ['an excluded resource that is null', { NotResource: null }, 'has no resource'],
    ['a Sid with spaces', { Sid: 'a b' }, 'letters and digits'],
    ['a key without a prefix', { Condition: { StringEquals: { ExternalId: 'x' } } }, 'must begin with a service'],
    ['a condition that never holds', { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'yes' } } }, 'would never match'],
  ])('%s is refused', (_name, more, fault) => {
    const statement = Object.fromEntries(Object.entries(trust(more)).filter(([, value]) => value !== undefined))
    expect(faultsOf('trust', statement)).toContain(fault)
  })

  test('says once what is wrong', () => {
    expect(faultsOf('trust', trust({ Principal: { CanonicalUser: 'a'.repeat(64) } }))).toBe(
      'Statement[0].Principal.CanonicalUser: must be AWS, Service, Federated',
    )
    const { Action: _none, ...nothing } = trust({})
    expect(faultsOf('trust', nothing)).toBe('Statement[0]: needs Action or NotAction')
  })

  test.each<[string, object]>([
    ['everyone', { Principal: '*' }], // with conditions: aws/aws-cdk#5746 shows that IAM itself takes only { AWS: '*' }
    ['everyone, as AWS', { Principal: { AWS: '*' } }],
    [
      'accounts, roots, users, roles, sessions',
      {
        Principal: {
          AWS: [
            '111122223333',
            ROOT,
            `${ROOT.slice(0, -4)}user/a/b`,
            `${ROOT.slice(0, -4)}role/aws-reserved/x_y`,
            'arn:aws:sts::111122223333:assumed-role/R/dana@acme.example',
          ],
        },
      },
    ],
    ['a deleted role, as IAM shows it', { Principal: { AWS: 'AROAEXAMPLE1234567890' } }],
    ['another partition', { Principal: { AWS: 'arn:aws-us-gov:iam::111122223333:root' } }],
    [
      'services',
      {
        Principal: {
          Service: ['lambda.amazonaws.com', 'states.eu-central-1.amazonaws.com', 'ec2.amazonaws.com.cn', 'pods.eks.amazonaws.com'],
        },
      },
    ],
    [
      'a provider',
      {
        Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/E' },
        Action: 'sts:AssumeRoleWithWebIdentity',
      },
    ],
    [
      'SAML',
      { Principal: { Federated: 'arn:aws:iam::111122223333:saml-provider/ADFS' }, Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession'] },
    ],
    ['Cognito', { Principal: { Federated: 'cognito-identity.amazonaws.com' }, Action: 'sts:AssumeRoleWithWebIdentity' }],
    ['further actions that enter a role', { Action: ['sts:AssumeRoot', 'sts:SetContext', 'sts:SetSourceIdentity'] }],
    ['other service principals', { Principal: { Service: ['alexa-appkit.amazon.com', 'service.aws.internal'] } }],
    ['wildcards of STS', { Action: ['sts:AssumeRole*', 'STS:TagSession', 'sts:*'] }],
    ['Deny and NotPrincipal', { Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: ROOT } }],
    ['an empty condition', { Condition: {} }], // aws-actions/configure-aws-credentials#332
  ])('%s is accepted', (_name, more) => {
    const statement = Object.fromEntries(Object.entries(trust(more)).filter(([, value]) => value !== undefined))
    expect(faultsOf('trust', statement)).toBe('accepted')
  })
})

describe('resource policies', () => {
  const grant = (more: object) => ({ ...allow({ Resource: 'arn:aws:s3:::b/*' }), Principal: '*', ...more })
  test.each<[string, object, string]>([
    ['an incomplete ARN', { Resource: 'arn:aws:s3' }, 'not a complete ARN'],
    ['a bucket by name', { Resource: 'b/*' }, 'is not an ARN'],
    ['no resource', { Resource: [] }, 'must be a string or a list of strings'],
    ['Allow and NotPrincipal', { Principal: undefined, NotPrincipal: { AWS: '111122223333' } }, 'must not be used with Allow'],
    ['a wildcard in a principal', { Principal: { AWS: 'arn:aws:iam::111122223333:role/*' } }, "must be '*', 12 digits"],
    ['an account of 11 digits', { Principal: { AWS: '11112222333' } }, "must be '*', 12 digits"],
    ...['x', 'a'.repeat(63), 'a'.repeat(65), `x${'a'.repeat(64)}`].map((CanonicalUser): [string, object, string] => [
      `the canonical user ${CanonicalUser}`,
      { Principal: { CanonicalUser } },
      'canonical user ID',
    ]),
    ['another kind of principal', { Principal: { Aws: '*' } }, 'Principal.Aws: must be AWS, Service, Federated, CanonicalUser'],
    ['an empty list of principals', { Principal: { AWS: [] } }, 'must be a string or a list of strings'],
    ['no principal', { Principal: undefined }, 'needs Principal'],
    ['a Sid twice', { Sid: 'x' }, 'is used twice'],
  ])('%s is refused', (_name, more, fault) => {
    const statement = Object.fromEntries(Object.entries(grant(more)).filter(([, value]) => value !== undefined))
    expect(faultsOf('resource', statement, grant({ Sid: 'x' }))).toContain(fault)
  })
  test.each<[string, object]>([
    ['any action', { Action: ['s3:GetObject', 'kms:*'] }],
    ['a canonical user', { Principal: { CanonicalUser: 'a'.repeat(64) } }],
    ['CloudFront', { Principal: { AWS: 'arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1' } }],
    ['several kinds', { Principal: { AWS: '*', Service: 'cloudtrail.amazonaws.com' } }],
  ])('%s is accepted', (_name, more) => expect(faultsOf('resource', grant(more))).toBe('accepted'))
})

test('a policy of our own code throws with every fault', () => {
  expect(() => policy({ Statement: { Effect: 'Allow', Action: 's3', Resource: 's3' } }, 'session')).toThrow(
    "Statement[0].Action: 's3' is not in the form service:action; Statement[0].Resource: 's3' is not an ARN",
  )
  const enter: StatementJson = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }
  expect(() => policy({ Statement: enter }, 'trust')).toThrow(
    "Statement[0].Resource: a trust policy has no resource; Statement[0].Action: 's3:GetObject' is not an action of STS that enters a role",
  )
})
