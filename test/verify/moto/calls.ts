/**
 * The calls that the sandbox and moto both get, in this order: every IAM action of the sandbox, and the errors that their callers meet.
 * Names below /peer/ keep them apart from what either has at its start.
 */
export type Seen = (title: string) => Record<string, any>
export type IamCall = { readonly title: string; readonly action: string; readonly input: object | ((seen: Seen) => object) }

const A = '123456789012'
const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
const Path = '/peer/'
const own = (name: string) => `arn:aws:iam::${A}:policy/peer/${name}`
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const statement = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${A}:root` }, Action: 'sts:AssumeRole' }
const NO_KEY = `AKIA${'A'.repeat(16)}`
const TRUST = document(statement)
const READ = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
const PERMISSION = document(READ)
/** Characters that encoders treat differently. */
const ODD = document({ ...READ, Sid: 'Odd', Condition: { StringLike: { 's3:prefix': ["a b+c*(d)!'e~", 'ü'] } } })
const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `key${String(index).padStart(2, '0')}`, Value: 'v' }))
const LONG = document({ ...READ, Resource: Array.from({ length: 200 }, (_, index) => `arn:aws:s3:::${'b'.repeat(40)}${index}`) })

/** A name of its own for each call: what one of the two accepts by mistake must not change the answer to the next call. */
const named = (title: string) => title.replace(/[^a-z0-9]+/gi, '-').slice(0, 60)
const call = (title: string, action: string, input: IamCall['input'] = {}): IamCall => ({ title, action, input })
const role = (title: string, more: object) =>
  call(title, 'CreateRole', { Path, RoleName: named(title), AssumeRolePolicyDocument: TRUST, ...more })
const inline = (title: string, PolicyDocument: string, more: object = {}) =>
  call(title, 'PutRolePolicy', { RoleName: 'Pathless', PolicyName: named(title), PolicyDocument, ...more })
const policy = (title: string, more: object) =>
  call(title, 'CreatePolicy', { Path, PolicyName: named(title), PolicyDocument: PERMISSION, ...more })
const user = (title: string, more: object) => call(title, 'CreateUser', { Path, UserName: named(title), ...more })

const created: readonly IamCall[] = [
  policy('create a policy', { PolicyName: 'Own' }),
  policy('create a policy with everything', { PolicyName: 'Full', Description: 'a policy', Tags: tags(2), PolicyDocument: ODD }),
  role('create a role', { RoleName: 'Plain' }),
  role('create a role with everything', {
    ...{ RoleName: 'Full', Description: 'a role', MaxSessionDuration: 7200, Tags: tags(2), PermissionsBoundary: READ_ONLY },
    AssumeRolePolicyDocument: document({ ...statement, Condition: { StringEquals: { 'sts:ExternalId': "a b+c*(d)!'e~" } } }),
  }),
  role('create a role with 50 tags', { RoleName: 'Tagged', Tags: tags(50) }),
  role('create a role without a path', { RoleName: 'Pathless', Path: undefined }),
  ...['One', 'Two', 'Three'].map((name) => role(`create role ${name} of the pages`, { RoleName: `Page${name}`, Path: '/pages/' })),
  user('create a user', { UserName: 'plain' }),
  user('create a user with everything', { UserName: 'full', Tags: tags(2), PermissionsBoundary: READ_ONLY }),
  call('create an access key', 'CreateAccessKey', { UserName: 'plain' }),
  call('create a second access key', 'CreateAccessKey', { UserName: 'plain' }),
]

const read: readonly IamCall[] = [
  call('get a role', 'GetRole', { RoleName: 'Plain' }),
  call('get a role with everything', 'GetRole', { RoleName: 'Full' }),
  call('list roles', 'ListRoles', { PathPrefix: Path }),
  call('list no roles', 'ListRoles', { PathPrefix: '/nowhere/' }),
  call('list roles, first page', 'ListRoles', { PathPrefix: '/pages/', MaxItems: 2 }),
  call('list roles, last page', 'ListRoles', (seen) => ({
    PathPrefix: '/pages/',
    MaxItems: 2,
    Marker: seen('list roles, first page').Marker,
  })),
  call('change trust', 'UpdateAssumeRolePolicy', {
    RoleName: 'Plain',
    PolicyDocument: ODD.replace('"Resource":"arn:aws:s3:::bucket/*"', '"Principal":"*"').replace('s3:GetObject', 'sts:AssumeRole'),
  }),
  call('get the changed role', 'GetRole', { RoleName: 'Plain' }),
  call('tag a role', 'TagRole', {
    RoleName: 'Plain',
    Tags: [
      { Key: 'team', Value: 'a' },
      { Key: 'empty', Value: '' },
    ],
  }),
  call('replace a tag', 'TagRole', { RoleName: 'Plain', Tags: [{ Key: 'team', Value: 'b' }] }),
  call('get the tagged role', 'GetRole', { RoleName: 'Plain' }),
  call('attach a policy of AWS', 'AttachRolePolicy', { RoleName: 'Plain', PolicyArn: READ_ONLY }),
  call('attach it again', 'AttachRolePolicy', { RoleName: 'Plain', PolicyArn: READ_ONLY }),
  call('attach a policy', 'AttachRolePolicy', { RoleName: 'Plain', PolicyArn: own('Own') }),
  call('list attached policies', 'ListAttachedRolePolicies', { RoleName: 'Plain' }),
  call('list attached policies by path', 'ListAttachedRolePolicies', { RoleName: 'Plain', PathPrefix: Path }),
  call('list attached policies, first page', 'ListAttachedRolePolicies', { RoleName: 'Plain', MaxItems: 1 }),
  call('list attached policies, last page', 'ListAttachedRolePolicies', (seen) => ({
    ...{ RoleName: 'Plain', MaxItems: 1, Marker: seen('list attached policies, first page').Marker },
  })),
  call('list no attached policies', 'ListAttachedRolePolicies', { RoleName: 'Full' }),
  call('put an inline policy', 'PutRolePolicy', { RoleName: 'Plain', PolicyName: 'First', PolicyDocument: ODD }),
  call('put another inline policy', 'PutRolePolicy', { RoleName: 'Plain', PolicyName: 'Second', PolicyDocument: PERMISSION }),
  call('replace an inline policy', 'PutRolePolicy', { RoleName: 'Plain', PolicyName: 'Second', PolicyDocument: PERMISSION }),
  call('get an inline policy', 'GetRolePolicy', { RoleName: 'Plain', PolicyName: 'First' }),
  call('list inline policies', 'ListRolePolicies', { RoleName: 'Plain' }),
  call('list no inline policies', 'ListRolePolicies', { RoleName: 'Full' }),
  call('list inline policies, first page', 'ListRolePolicies', { RoleName: 'Plain', MaxItems: 1 }),
  call('list inline policies, last page', 'ListRolePolicies', (seen) => ({
    ...{ RoleName: 'Plain', MaxItems: 1, Marker: seen('list inline policies, first page').Marker },
  })),
  call('get a policy', 'GetPolicy', { PolicyArn: own('Own') }),
  call('get a policy with everything', 'GetPolicy', { PolicyArn: own('Full') }),
  call('get a policy of AWS', 'GetPolicy', { PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3FullAccess' }),
  call('get a version', 'GetPolicyVersion', { PolicyArn: own('Full'), VersionId: 'v1' }),
  call('get a version of AWS', 'GetPolicyVersion', { PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3FullAccess', VersionId: 'v2' }),
  call('get a user', 'GetUser', { UserName: 'plain' }),
  call('get a user with everything', 'GetUser', { UserName: 'full' }),
  call('put a policy of a user', 'PutUserPolicy', { UserName: 'plain', PolicyName: 'Inline', PolicyDocument: PERMISSION }),
  call('attach a policy to a user', 'AttachUserPolicy', { UserName: 'plain', PolicyArn: READ_ONLY }),
  call('attach another policy to a user', 'AttachUserPolicy', { UserName: 'plain', PolicyArn: own('Own') }),
  call('list policies of a user', 'ListAttachedUserPolicies', { UserName: 'plain' }),
  call('list no policies of a user', 'ListAttachedUserPolicies', { UserName: 'full' }),
  call('list policies of a user, first page', 'ListAttachedUserPolicies', { UserName: 'plain', MaxItems: 1 }),
  call('list policies of a user, last page', 'ListAttachedUserPolicies', (seen) => ({
    ...{ UserName: 'plain', MaxItems: 1, Marker: seen('list policies of a user, first page').Marker },
  })),
  call('simulate policies', 'SimulateCustomPolicy', { PolicyInputList: [PERMISSION], ActionNames: ['s3:GetObject'] }),
  call('simulate a user', 'SimulatePrincipalPolicy', {
    PolicySourceArn: `arn:aws:iam::${A}:user/peer/plain`,
    ActionNames: ['s3:GetObject'],
  }),
]

const refused: readonly IamCall[] = [
  role('create a role that is there', { RoleName: 'Plain' }),
  role('create a role that is there in another case', { RoleName: 'PLAIN' }),
  role('a role name with a space', { RoleName: 'a b' }),
  role('a role name of 65 characters', { RoleName: 'r'.repeat(65) }),
  role('a path without slashes', { Path: 'peer' }),
  role('a path of 513 characters', { Path: `/${'p'.repeat(511)}/` }),
  role('a session duration below an hour', { MaxSessionDuration: 3599 }),
  role('a session duration above twelve hours', { MaxSessionDuration: 43_201 }),
  role('a description of 1,001 characters', { Description: 'd'.repeat(1001) }),
  role('trust that is not JSON', { AssumeRolePolicyDocument: '{' }),
  role('trust with a resource', { AssumeRolePolicyDocument: document({ ...statement, Resource: '*' }) }),
  role('trust without a principal', { AssumeRolePolicyDocument: document({ Effect: 'Allow', Action: 'sts:AssumeRole' }) }),
  role('trust for an action of another service', { AssumeRolePolicyDocument: document({ ...statement, Action: 's3:GetObject' }) }),
  role('trust in a role that does not exist', {
    AssumeRolePolicyDocument: document({ ...statement, Principal: { AWS: `arn:aws:iam::${A}:role/Nowhere` } }),
  }),
  role('a role with 51 tags', { Tags: tags(51) }),
  role('a role with a tag twice', { Tags: [...tags(1), { Key: 'KEY00', Value: 'v' }] }),
  role('a role with a tag of AWS', { Tags: [{ Key: 'aws:x', Value: 'v' }] }),
  role('a role with a boundary that does not exist', { PermissionsBoundary: own('Nowhere') }),
  role('a role with a boundary that is no ARN', { PermissionsBoundary: 'x'.repeat(20) }),
  call('get a role that does not exist', 'GetRole', { RoleName: 'Nowhere' }),
  call('list roles, no items', 'ListRoles', { MaxItems: 0 }),
  call('list roles, 1,001 items', 'ListRoles', { MaxItems: 1001 }),
  call('list roles after no marker', 'ListRoles', { Marker: 'nothing' }),
  call('change trust of no role', 'UpdateAssumeRolePolicy', { RoleName: 'Nowhere', PolicyDocument: TRUST }),
  call('change trust to no JSON', 'UpdateAssumeRolePolicy', { RoleName: 'Plain', PolicyDocument: '{' }),
  call('tag no role', 'TagRole', { RoleName: 'Nowhere', Tags: tags(1) }),
  call('tag with a key twice', 'TagRole', { RoleName: 'Plain', Tags: [...tags(1), { Key: 'KEY00', Value: 'v' }] }),
  call('tag a role with 51 tags', 'TagRole', { RoleName: 'Full', Tags: tags(51) }),
  call('tag beyond 50', 'TagRole', { RoleName: 'Tagged', Tags: [{ Key: 'more', Value: 'v' }] }),
  call('tag with a key of 129 characters', 'TagRole', { RoleName: 'Plain', Tags: [{ Key: 'k'.repeat(129), Value: 'v' }] }),
  call('tag with a value of 257 characters', 'TagRole', { RoleName: 'Plain', Tags: [{ Key: 'k', Value: 'v'.repeat(257) }] }),
  call('tag with a character that tags cannot have', 'TagRole', { RoleName: 'Plain', Tags: [{ Key: 'k*', Value: 'v' }] }),
  call('tag with a key of AWS', 'TagRole', { RoleName: 'Full', Tags: [{ Key: 'aws:x', Value: 'v' }] }),
  call('delete no role', 'DeleteRole', { RoleName: 'Nowhere' }),
  call('delete a role with policies', 'DeleteRole', { RoleName: 'Plain' }),
  call('attach a policy to no role', 'AttachRolePolicy', { RoleName: 'Nowhere', PolicyArn: READ_ONLY }),
  call('attach a policy that does not exist', 'AttachRolePolicy', { RoleName: 'Plain', PolicyArn: own('Nowhere') }),
  call('attach a policy of AWS that does not exist', 'AttachRolePolicy', {
    RoleName: 'Plain',
    PolicyArn: 'arn:aws:iam::aws:policy/Nowhere',
  }),
  call('attach what is no ARN', 'AttachRolePolicy', { RoleName: 'Plain', PolicyArn: 'x'.repeat(20) }),
  call('detach from no role', 'DetachRolePolicy', { RoleName: 'Nowhere', PolicyArn: READ_ONLY }),
  call('detach what is not attached', 'DetachRolePolicy', { RoleName: 'Full', PolicyArn: READ_ONLY }),
  call('list attached policies of no role', 'ListAttachedRolePolicies', { RoleName: 'Nowhere' }),
  inline('put an inline policy of no role', PERMISSION, { RoleName: 'Nowhere' }),
  inline('put an inline policy that is not JSON', '{'),
  inline('put an inline policy with a principal', document({ ...READ, Principal: '*' })),
  inline('put an inline policy without resources', document({ Effect: 'Allow', Action: 's3:*' })),
  inline('put an inline policy without actions', document({ Effect: 'Allow', Resource: '*' })),
  inline('put an inline policy without an effect', document({ Action: 's3:*', Resource: '*' })),
  inline('put an inline policy with an action without a service', document({ ...READ, Action: 'GetObject' })),
  inline('put an inline policy with a resource that is no ARN', document({ ...READ, Resource: 'bucket' })),
  inline('put an inline policy with a wrong version', PERMISSION.replace('2012-10-17', '2013-10-17')),
  inline('put an inline policy with a Sid twice', document({ ...READ, Sid: 'One' }, { ...READ, Sid: 'One' })),
  inline('put an inline policy with a Sid that has a space', document({ ...READ, Sid: 'a b' })),
  inline('put an inline policy with an unknown operator', document({ ...READ, Condition: { StringIs: { 'aws:username': 'x' } } })),
  inline('put an inline policy above 10,240 characters', LONG),
  inline('put an inline policy with a bad name', PERMISSION, { PolicyName: 'a b' }),
  call('get an inline policy of no role', 'GetRolePolicy', { RoleName: 'Nowhere', PolicyName: 'First' }),
  call('get no inline policy', 'GetRolePolicy', { RoleName: 'Plain', PolicyName: 'Nothing' }),
  call('list inline policies of no role', 'ListRolePolicies', { RoleName: 'Nowhere' }),
  call('delete an inline policy of no role', 'DeleteRolePolicy', { RoleName: 'Nowhere', PolicyName: 'First' }),
  call('delete no inline policy', 'DeleteRolePolicy', { RoleName: 'Plain', PolicyName: 'Nothing' }),
  policy('create a policy that is there', { PolicyName: 'Own' }),
  policy('create a policy that is there in another case', { PolicyName: 'OWN' }),
  policy('a policy that is not JSON', { PolicyDocument: '{' }),
  policy('a policy with a principal', { PolicyDocument: document({ ...READ, Principal: '*' }) }),
  policy('a policy name with a space', { PolicyName: 'a b' }),
  policy('a policy above 6,144 characters', { PolicyDocument: LONG }),
  policy('a policy with 51 tags', { Tags: tags(51) }),
  call('get no policy', 'GetPolicy', { PolicyArn: own('Nowhere') }),
  call('get no policy of AWS', 'GetPolicy', { PolicyArn: 'arn:aws:iam::aws:policy/Nowhere' }),
  call('get a version of no policy', 'GetPolicyVersion', { PolicyArn: own('Nowhere'), VersionId: 'v1' }),
  call('get no version', 'GetPolicyVersion', { PolicyArn: own('Own'), VersionId: 'v9' }),
  call('get a version without its form', 'GetPolicyVersion', { PolicyArn: own('Own'), VersionId: 'one' }),
  user('create a user that is there', { UserName: 'plain' }),
  user('create a user that is there in another case', { UserName: 'PLAIN' }),
  user('a user name with a space', { UserName: 'a b' }),
  user('a user with a tag twice', { Tags: [...tags(1), { Key: 'KEY00', Value: 'v' }] }),
  user('a user with a boundary that is no ARN', { PermissionsBoundary: 'x'.repeat(20) }),
  call('get no user', 'GetUser', { UserName: 'nobody' }),
  call('put a policy of no user', 'PutUserPolicy', { UserName: 'nobody', PolicyName: 'Inline', PolicyDocument: PERMISSION }),
  call('put a policy of a user that is not JSON', 'PutUserPolicy', { UserName: 'plain', PolicyName: 'Refused', PolicyDocument: '{' }),
  call('attach a policy to no user', 'AttachUserPolicy', { UserName: 'nobody', PolicyArn: READ_ONLY }),
  call('attach no policy to a user', 'AttachUserPolicy', { UserName: 'plain', PolicyArn: own('Nowhere') }),
  call('list policies of no user', 'ListAttachedUserPolicies', { UserName: 'nobody' }),
  call('create an access key of no user', 'CreateAccessKey', { UserName: 'nobody' }),
  call('create a third access key', 'CreateAccessKey', { UserName: 'plain' }),
  call('delete an access key of no user', 'DeleteAccessKey', { UserName: 'nobody', AccessKeyId: NO_KEY }),
  call('delete no access key', 'DeleteAccessKey', { UserName: 'plain', AccessKeyId: NO_KEY }),
  call('simulate nobody', 'SimulatePrincipalPolicy', { PolicySourceArn: `arn:aws:iam::${A}:user/nobody`, ActionNames: ['s3:GetObject'] }),
  call('simulate what is not JSON', 'SimulateCustomPolicy', { PolicyInputList: ['{'], ActionNames: ['s3:GetObject'] }),
]

const removed: readonly IamCall[] = [
  call('delete an access key', 'DeleteAccessKey', (seen) => ({
    UserName: 'plain',
    AccessKeyId: seen('create an access key').AccessKey?.AccessKeyId,
  })),
  call('delete it again', 'DeleteAccessKey', (seen) => ({
    UserName: 'plain',
    AccessKeyId: seen('create an access key').AccessKey?.AccessKeyId,
  })),
  call('detach a policy of AWS', 'DetachRolePolicy', { RoleName: 'Plain', PolicyArn: READ_ONLY }),
  call('detach it again', 'DetachRolePolicy', { RoleName: 'Plain', PolicyArn: READ_ONLY }),
  call('detach a policy', 'DetachRolePolicy', { RoleName: 'Plain', PolicyArn: own('Own') }),
  call('delete a role with inline policies', 'DeleteRole', { RoleName: 'Plain' }),
  call('delete an inline policy', 'DeleteRolePolicy', { RoleName: 'Plain', PolicyName: 'First' }),
  call('delete another inline policy', 'DeleteRolePolicy', { RoleName: 'Plain', PolicyName: 'Second' }),
  call('delete a role', 'DeleteRole', { RoleName: 'Plain' }),
  call('get the deleted role', 'GetRole', { RoleName: 'Plain' }),
]

export const iamCalls: readonly IamCall[] = [...created, ...read, ...refused, ...removed]
