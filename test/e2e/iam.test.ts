/**
 * The sandbox's IAM, called by AWS's own SDK: what it creates, reads and refuses. Codes and messages as the AWS IAM API Reference has
 * them for each action.
 */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { PolicyJson } from '@stint/iam'
import { accountOfKey } from '@stint/sandbox/aws/accounts'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addUser, dropRole } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const A = '123456789012'
const B = '987654321098'
const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const of = (...Statement: object[]): PolicyJson => ({ Version: '2012-10-17', Statement }) as PolicyJson
const allow = (Action: string | string[], Resource = '*') => ({ Effect: 'Allow', Action, Resource })
const trusting = (principal: string) => JSON.stringify(of({ Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole' }))
const ACCOUNT_A = trusting(`arn:aws:iam::${A}:root`)

let serial = 0
const fresh = (name: string) => `${name}${++serial}`
const iam = (credentials: SigningKey) => new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials, maxAttempts: 1 })
const admin = (account = B) => iam(addUser(sandbox.aws.world, `arn:aws:iam::${account}:user/${fresh('admin')}`, [of(allow('*'))]))
const limited = (...statements: object[]) =>
  iam(addUser(sandbox.aws.world, `arn:aws:iam::${B}:user/${fresh('limited')}`, [of(...statements)]))
const manyTags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `key${index}`, Value: 'v' }))
const decoded = (text: string | undefined) => JSON.parse(decodeURIComponent(text ?? ''))

async function sessionOf(key: SigningKey, RoleArn: string): Promise<Required<SigningKey>> {
  const { Credentials } = await sts(sandbox.urls.aws, key).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'one' }))
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  }
}

async function newRole(more: object = {}, client = admin()) {
  const RoleName = fresh('Role')
  const { Role } = await client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ACCOUNT_A, ...more }))
  return { client, RoleName, Role }
}

describe('roles', () => {
  test('are created with the documented ids, path, tags and URL-encoded document', async () => {
    const client = admin()
    const { Role, $metadata } = await client.send(
      new CreateRoleCommand({
        RoleName: 'CrossAccountAccessRole',
        Path: '/cross/account/',
        AssumeRolePolicyDocument: ACCOUNT_A,
        Description: 'Role for cross-account access',
        MaxSessionDuration: 7200,
        Tags: [{ Key: 'team', Value: 'platform' }],
      }),
    )
    expect(Role).toMatchObject({
      Path: '/cross/account/',
      RoleName: 'CrossAccountAccessRole',
      RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${B}:role/cross/account/CrossAccountAccessRole`,
      Description: 'Role for cross-account access',
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'team', Value: 'platform' }],
    })
    expect(Role?.AssumeRolePolicyDocument).toMatch(/^%7B%22Version%22%3A%222012-10-17%22/)
    expect(decoded(Role?.AssumeRolePolicyDocument)).toEqual(JSON.parse(ACCOUNT_A))
    expect(Role?.CreateDate?.getMilliseconds()).toBe(0)
    expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect((await client.send(new GetRoleCommand({ RoleName: 'crossaccountaccessrole' }))).Role?.RoleId).toBe(Role?.RoleId)
  })

  test('are listed in pages, by path, without tags', async () => {
    const client = admin('111100001111')
    const names = ['Alpha', 'Bravo', 'Charlie', 'Delta', 'Echo']
    for (const RoleName of names.toReversed())
      await client.send(
        new CreateRoleCommand({
          RoleName,
          Path: RoleName < 'C' ? '/early/' : '/',
          AssumeRolePolicyDocument: ACCOUNT_A,
          Tags: [{ Key: 'k', Value: 'v' }],
        }),
      )
    const seen: (string | undefined)[] = []
    let Marker: string | undefined
    do {
      const answer = await client.send(new ListRolesCommand({ MaxItems: 2, ...(Marker ? { Marker } : {}) }))
      expect(answer.Roles?.some(({ Tags }) => Tags)).toBe(false)
      seen.push(...(answer.Roles ?? []).map(({ RoleName }) => RoleName))
      expect(answer.IsTruncated).toBe(answer.Marker !== undefined)
      Marker = answer.Marker
    } while (Marker)
    expect(seen).toEqual(names)
    const early = await client.send(new ListRolesCommand({ PathPrefix: '/early/' }))
    expect(early.Roles?.map(({ RoleName }) => RoleName)).toEqual(['Alpha', 'Bravo'])
    expect(await errorOf(client.send(new ListRolesCommand({ Marker: 'x' })))).toMatchObject({ name: 'ValidationError' })
  })

  test('can be tagged; a key in another case replaces the tag', async () => {
    const { client, RoleName } = await newRole()
    await client.send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'Team', Value: 'a' }] }))
    await client.send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'team', Value: 'b' }] }))
    expect((await client.send(new GetRoleCommand({ RoleName }))).Role?.Tags).toEqual([{ Key: 'team', Value: 'b' }])
  })

  test('say when they were last used', async () => {
    const { client, RoleName, Role } = await newRole()
    const lastUsed = async () => (await client.send(new GetRoleCommand({ RoleName }))).Role?.RoleLastUsed
    expect(Role?.RoleLastUsed).toBeUndefined()
    expect(await lastUsed()).toEqual({})
    const key = addUser(sandbox.aws.world, `arn:aws:iam::${A}:user/${fresh('u')}`, [of(allow('sts:AssumeRole'))])
    const session = await sessionOf(key, Role?.Arn ?? '')
    expect(await lastUsed()).toEqual({})
    const at = Math.floor(sandbox.now() / 1000) * 1000
    await sts(sandbox.urls.aws, session).send(new GetCallerIdentityCommand({}))
    expect(await lastUsed()).toEqual({ LastUsedDate: expect.any(Date), Region: 'eu-central-1' })
    expect((await lastUsed())?.LastUsedDate?.getTime()).toBeGreaterThanOrEqual(at)
  })

  test('can have many statements with an empty Sid', async () => {
    const statement = { Sid: '', Effect: 'Allow', Principal: { AWS: A }, Action: 'sts:AssumeRole' }
    await newRole({ AssumeRolePolicyDocument: JSON.stringify(of(statement, statement)) })
  })

  test('are deleted only without policies', async () => {
    const { client, RoleName } = await newRole()
    await client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: READ_ONLY }))
    await client.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'inline', PolicyDocument: JSON.stringify(of(allow('s3:*'))) }))
    const remove = () => client.send(new DeleteRoleCommand({ RoleName }))
    expect(await errorOf(remove())).toMatchObject({ message: 'Cannot delete entity, must detach all policies first.' })
    await client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn: READ_ONLY }))
    expect(await errorOf(remove())).toMatchObject({ message: 'Cannot delete entity, must delete policies first.' })
    await client.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'inline' }))
    await remove()
    expect((await errorOf(client.send(new GetRoleCommand({ RoleName })))).message).toBe(`The role with name ${RoleName} cannot be found.`)
  })
})

describe('policies', () => {
  test('of a role: attached and inline, with their documents', async () => {
    const { client, RoleName } = await newRole()
    await client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: READ_ONLY }))
    await client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: READ_ONLY }))
    const document = of(allow('s3:GetObject', 'arn:aws:s3:::my-secure-bucket/*'))
    await client.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'CustomS3Access', PolicyDocument: JSON.stringify(document) }))
    expect((await client.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies).toEqual([
      { PolicyName: 'ReadOnlyAccess', PolicyArn: READ_ONLY },
    ])
    expect((await client.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(['CustomS3Access'])
    const got = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'CustomS3Access' }))
    expect(decoded(got.PolicyDocument)).toEqual(document)
  })

  test('of an account: created, read by version, and counted where they are attached', async () => {
    const { client, RoleName } = await newRole()
    const PolicyName = fresh('Policy')
    const { Policy } = await client.send(
      new CreatePolicyCommand({ PolicyName, Path: '/app/', PolicyDocument: JSON.stringify(of(allow('s3:*'))), Description: 'all of S3' }),
    )
    expect(Policy).toMatchObject({
      Arn: `arn:aws:iam::${B}:policy/app/${PolicyName}`,
      PolicyId: expect.stringMatching(/^ANPA[A-Z2-7]{17}$/),
      DefaultVersionId: 'v1',
      AttachmentCount: 0,
    })
    const PolicyArn = Policy?.Arn ?? ''
    await client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }))
    expect((await client.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
      ...{ AttachmentCount: 1, Description: 'all of S3', Tags: [] },
    })
    const { PolicyVersion } = await client.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }))
    expect(decoded(PolicyVersion?.Document)).toEqual(of(allow('s3:*')))
    expect(PolicyVersion?.IsDefaultVersion).toBe(true)
  })

  test('of AWS: whole documents', async () => {
    const client = admin()
    const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn: READ_ONLY }))
    const { PolicyVersion } = await client.send(
      new GetPolicyVersionCommand({ PolicyArn: READ_ONLY, VersionId: Policy?.DefaultVersionId ?? '' }),
    )
    expect(decoded(PolicyVersion?.Document).Statement.flatMap(({ Action }: { Action: string[] }) => Action).length).toBeGreaterThan(1000)
  })
})

describe('users', () => {
  test('are created with path and id, get keys that work at once, and lose them', async () => {
    const client = admin(A)
    const UserName = fresh('AssumeRoleUser')
    const { User } = await client.send(new CreateUserCommand({ UserName, Path: '/service-accounts/' }))
    expect(User).toMatchObject({
      Path: '/service-accounts/',
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${A}:user/service-accounts/${UserName}`,
    })
    const { AccessKey } = await client.send(new CreateAccessKeyCommand({ UserName }))
    expect(accountOfKey(AccessKey?.AccessKeyId ?? '')).toBe(A)
    const key = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' }
    const who = () => sts(sandbox.urls.aws, key).send(new GetCallerIdentityCommand({}))
    expect(await who()).toMatchObject({ Arn: User?.Arn, UserId: User?.UserId, Account: A })
    expect((await errorOf(iam(key).send(new GetUserCommand({})))).message).toContain(
      'no identity-based policy allows the iam:GetUser action',
    )
    await client.send(
      new PutUserPolicyCommand({ UserName, PolicyName: 'Self', PolicyDocument: JSON.stringify(of(allow('iam:GetUser', User?.Arn))) }),
    )
    expect((await iam(key).send(new GetUserCommand({}))).User?.UserName).toBe(UserName)
    await client.send(new AttachUserPolicyCommand({ UserName, PolicyArn: READ_ONLY }))
    expect((await client.send(new ListAttachedUserPoliciesCommand({ UserName }))).AttachedPolicies).toHaveLength(1)
    await client.send(new CreateAccessKeyCommand({ UserName }))
    expect((await errorOf(client.send(new CreateAccessKeyCommand({ UserName })))).message).toBe(
      'Cannot exceed quota for AccessKeysPerUser: 2',
    )
    await client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId }))
    expect(await errorOf(who())).toMatchObject({ name: 'InvalidClientTokenId' })
  })
})

describe('trust', () => {
  test('a principal that is deleted and created again is not trusted, and shows as its id', async () => {
    const a = admin(A)
    const b = admin(B)
    const caller = fresh('Caller')
    const make = async () => (await a.send(new CreateRoleCommand({ RoleName: caller, AssumeRolePolicyDocument: ACCOUNT_A }))).Role
    const first = await make()
    const target = await newRole({ AssumeRolePolicyDocument: trusting(first?.Arn ?? '') }, b)
    const key = addUser(sandbox.aws.world, `arn:aws:iam::${A}:user/${fresh('u')}`, [of(allow('sts:AssumeRole'))])
    const hop = async () => {
      await a.send(
        new PutRolePolicyCommand({ RoleName: caller, PolicyName: 'p', PolicyDocument: JSON.stringify(of(allow('sts:AssumeRole'))) }),
      )
      const session = await sessionOf(key, first?.Arn ?? '')
      return sts(sandbox.urls.aws, session).send(new AssumeRoleCommand({ RoleArn: target.Role?.Arn ?? '', RoleSessionName: 'two' }))
    }
    expect((await hop()).AssumedRoleUser?.Arn).toContain(target.RoleName)
    await a.send(new DeleteRolePolicyCommand({ RoleName: caller, PolicyName: 'p' }))
    await a.send(new DeleteRoleCommand({ RoleName: caller }))
    const second = await make()
    expect(second?.RoleId).not.toBe(first?.RoleId)
    expect((await errorOf(hop())).message).toContain('no role trust policy allows the sts:AssumeRole action')
    const shown = decoded((await b.send(new GetRoleCommand({ RoleName: target.RoleName }))).Role?.AssumeRolePolicyDocument)
    expect(shown.Statement[0].Principal.AWS).toBe(first?.RoleId)
    // Saving the policy again binds it to the new role.
    await b.send(new UpdateAssumeRolePolicyCommand({ RoleName: target.RoleName, PolicyDocument: trusting(second?.Arn ?? '') }))
    expect((await hop()).AssumedRoleUser?.Arn).toContain(target.RoleName)
  })

  test('a session of a deleted role can do nothing', async () => {
    const { client, RoleName, Role } = await newRole()
    await client.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: JSON.stringify(of(allow('iam:*'))) }))
    const key = addUser(sandbox.aws.world, `arn:aws:iam::${A}:user/${fresh('u')}`, [of(allow('sts:AssumeRole'))])
    const session = iam(await sessionOf(key, Role?.Arn ?? ''))
    await session.send(new ListRolesCommand({}))
    // Without its policies, as DeleteRole demands, it could do nothing anyway.
    const role = sandbox.aws.world.roles.get(Role?.Arn ?? '')
    if (role) dropRole(sandbox.aws.world, role)
    expect(await errorOf(session.send(new ListRolesCommand({})))).toMatchObject({ name: 'AccessDenied' })
  })
})

describe('refusals', () => {
  const bad = (document: object | string) => ({
    AssumeRolePolicyDocument: typeof document === 'string' ? document : JSON.stringify(document),
  })
  const statement = { Effect: 'Allow', Principal: { AWS: A }, Action: 'sts:AssumeRole' }
  type Send = () => Promise<unknown>
  const role =
    (more: object): Send =>
    () =>
      newRole(more)
  const inline = (document: object | string) => async () => {
    const { client, RoleName } = await newRole()
    const PolicyDocument = typeof document === 'string' ? document : JSON.stringify(document)
    return client.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }))
  }
  const onRole = (make: (RoleName: string) => unknown) => async () => {
    const { client, RoleName } = await newRole()
    return client.send(make(RoleName) as ListRolesCommand)
  }
  const by =
    (command: () => unknown): Send =>
    () =>
      admin().send(command() as ListRolesCommand)

  test.each<[title: string, send: Send, name: string, status: number, message: string | RegExp]>([
    [
      'a role that is there',
      async () => {
        const { client, RoleName } = await newRole()
        return newRole({ RoleName: RoleName.toUpperCase() }, client)
      },
      'EntityAlreadyExistsException',
      409,
      /^Role with name ROLE\d+ already exists\.$/,
    ],
    ['a role name with a space', role({ RoleName: 'a b' }), 'ValidationError', 400, /^The specified value for roleName is invalid/],
    ['a role name of 65 characters', role({ RoleName: 'x'.repeat(65) }), 'ValidationError', 400, /less than or equal to 64$/],
    ['no role name', role({ RoleName: undefined }), 'ValidationError', 400, /Value null at 'roleName' .*must not be null$/],
    ['a path without its slashes', role({ Path: 'app' }), 'ValidationError', 400, /specified value for path is invalid/],
    ['a session duration below an hour', role({ MaxSessionDuration: 3599 }), 'ValidationError', 400, /greater than or equal to 3600$/],
    ['a session duration above 12 hours', role({ MaxSessionDuration: 43_201 }), 'ValidationError', 400, /less than or equal to 43200$/],
    ['trust that is not JSON', role(bad('{')), 'MalformedPolicyDocumentException', 400, 'This policy contains invalid Json'],
    [
      'trust with a resource',
      role(bad(of({ ...statement, Resource: '*' }))),
      'MalformedPolicyDocumentException',
      400,
      'Has prohibited field Resource',
    ],
    [
      'trust without a principal',
      role(bad(of({ Effect: 'Allow', Action: 'sts:AssumeRole' }))),
      'MalformedPolicyDocumentException',
      400,
      'Missing required field Principal',
    ],
    [
      'trust for an action of another service',
      role(bad(of({ ...statement, Action: 's3:GetObject' }))),
      'MalformedPolicyDocumentException',
      400,
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    [
      'trust in a role that does not exist',
      role(bad(trusting(`arn:aws:iam::${A}:role/Nowhere`))),
      'MalformedPolicyDocumentException',
      400,
      `Invalid principal in policy: "AWS":"arn:aws:iam::${A}:role/Nowhere"`,
    ],
    [
      'trust above 2,048 characters',
      role(bad(of({ ...statement, Condition: { StringEquals: { 'sts:ExternalId': Array(100).fill('x'.repeat(30)) } } }))),
      'LimitExceededException',
      409,
      'Cannot exceed quota for ACLSizePerRole: 2048',
    ],
    [
      'two tags that differ by case',
      role({
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'A', Value: '2' },
        ],
      }),
      'InvalidInputException',
      400,
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    ],
    ['51 tags', role({ Tags: manyTags(51) }), 'ValidationError', 400, /at 'tags' failed .*less than or equal to 50$/],
    ['a tag of AWS', role({ Tags: [{ Key: 'aws:x', Value: '1' }] }), 'InvalidInputException', 400, /reserved/],
    [
      'a boundary that does not exist',
      role({ PermissionsBoundary: `arn:aws:iam::${B}:policy/None` }),
      'NoSuchEntityException',
      404,
      /does not exist or is not attachable\.$/,
    ],
    [
      'trust with a Sid twice',
      role(bad(of({ ...statement, Sid: 'One' }, { ...statement, Sid: 'One' }))),
      'MalformedPolicyDocumentException',
      400,
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    [
      'trust with a Sid that has an underscore',
      role(bad(of({ ...statement, Sid: 'trust_us' }))),
      'MalformedPolicyDocumentException',
      400,
      /^Statement IDs \(SID\) must be alpha-numeric\./,
    ],
    [
      'an inline policy with a Sid twice',
      inline(of({ ...allow('s3:*'), Sid: 'One' }, { ...allow('ec2:*'), Sid: 'One' })),
      'MalformedPolicyDocumentException',
      400,
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    [
      'an inline policy with a Sid that has a space',
      inline(of({ ...allow('s3:*'), Sid: 'a b' })),
      'MalformedPolicyDocumentException',
      400,
      /^Statement IDs \(SID\) must be alpha-numeric\./,
    ],
    ['an inline policy that is not JSON', inline('{'), 'MalformedPolicyDocumentException', 400, 'Syntax errors in policy.'],
    [
      'an inline policy with a principal',
      inline(of({ ...allow('s3:*'), Principal: '*' })),
      'MalformedPolicyDocumentException',
      400,
      'Policy document should not specify a principal.',
    ],
    [
      'an inline policy without resources',
      inline(of({ Effect: 'Allow', Action: 's3:*' })),
      'MalformedPolicyDocumentException',
      400,
      'Policy statement must contain resources.',
    ],
    [
      'an inline policy without actions',
      inline(of({ Effect: 'Allow', Resource: '*' })),
      'MalformedPolicyDocumentException',
      400,
      'Policy statement must contain actions.',
    ],
    [
      'an action without a service',
      inline(of(allow('GetObject'))),
      'MalformedPolicyDocumentException',
      400,
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [
      'a resource that is not an ARN',
      inline(of(allow('s3:GetObject', 'my-bucket'))),
      'MalformedPolicyDocumentException',
      400,
      'Resource my-bucket must be in ARN format or "*".',
    ],
    [
      'inline policies above 10,240 characters',
      inline(of(...Array.from({ length: 120 }, () => allow('s3:GetObject', `arn:aws:s3:::${'b'.repeat(60)}`)))),
      'LimitExceededException',
      409,
      /^Maximum policy size of 10240 bytes exceeded for role Role\d+$/,
    ],
    [
      'a policy of another account',
      onRole((RoleName) => new AttachRolePolicyCommand({ RoleName, PolicyArn: `arn:aws:iam::${A}:policy/Other` })),
      'NoSuchEntityException',
      404,
      `Policy arn:aws:iam::${A}:policy/Other does not exist or is not attachable.`,
    ],
    [
      'an ARN that is not one',
      onRole((RoleName) => new AttachRolePolicyCommand({ RoleName, PolicyArn: 'arn:aws:s3:::some-bucket-of-mine' })),
      'InvalidInputException',
      400,
      'ARN arn:aws:s3:::some-bucket-of-mine is not valid.',
    ],
    [
      'a policy of AWS that the sandbox does not have',
      onRole((RoleName) => new AttachRolePolicyCommand({ RoleName, PolicyArn: 'arn:aws:iam::aws:policy/AmazonChimeFullAccess' })),
      'NoSuchEntityException',
      404,
      /does not exist in the sandbox, which has \d+ AWS managed policies/,
    ],
    [
      'detaching what is not attached',
      onRole((RoleName) => new DetachRolePolicyCommand({ RoleName, PolicyArn: READ_ONLY })),
      'NoSuchEntityException',
      404,
      `Policy ${READ_ONLY} was not found.`,
    ],
    [
      'an inline policy that is not there',
      onRole((RoleName) => new GetRolePolicyCommand({ RoleName, PolicyName: 'none' })),
      'NoSuchEntityException',
      404,
      'The role policy with name none cannot be found.',
    ],
    [
      'a user that is not there',
      by(() => new GetUserCommand({ UserName: 'none' })),
      'NoSuchEntityException',
      404,
      'The user with name none cannot be found.',
    ],
    [
      'a policy version that is not there',
      by(() => new GetPolicyVersionCommand({ PolicyArn: READ_ONLY, VersionId: 'v999' })),
      'NoSuchEntityException',
      404,
      `Policy ${READ_ONLY} version v999 does not exist or is not attachable.`,
    ],
    [
      'an action that the sandbox does not have',
      by(() => new ListGroupsCommand({})),
      'InvalidAction',
      400,
      'Could not find operation ListGroups for version 2010-05-08',
    ],
    ['more than 1,000 items', by(() => new ListRolesCommand({ MaxItems: 1001 })), 'ValidationError', 400, /less than or equal to 1000$/],
  ])('%s', async (_title, send, name, status, message) => {
    const error = await errorOf(send())
    expect([error.name, error.$metadata?.httpStatusCode]).toEqual([name, status])
    if (typeof message === 'string') expect(error.message).toBe(message)
    else expect(error.message).toMatch(message)
  })

  test('the eleventh managed policy of a role', async () => {
    const { client, RoleName } = await newRole()
    for (let count = 0; count < 11; count++) {
      const { Policy } = await client.send(
        new CreatePolicyCommand({ PolicyName: fresh('Many'), PolicyDocument: JSON.stringify(of(allow('s3:*'))) }),
      )
      const attach = client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: Policy?.Arn ?? '' }))
      if (count < 10) await attach
      else expect((await errorOf(attach)).message).toBe('Cannot exceed quota for PoliciesPerRole: 10')
    }
  })
})

describe('permission for IAM itself', () => {
  test('is needed, and refused before the caller learns whether the role exists', async () => {
    const client = limited(allow('s3:*'))
    const error = await errorOf(client.send(new GetRoleCommand({ RoleName: 'CrossAccountAccessRole' })))
    expect(error).toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
    expect(error.message).toMatch(
      /^User: arn:aws:iam::987654321098:user\/limited\d+ is not authorized to perform: iam:GetRole on resource: role CrossAccountAccessRole because no identity-based policy allows the iam:GetRole action$/,
    )
  })
  test.each<[string, object, boolean]>([
    ['attaching this policy alone', { ArnEquals: { 'iam:PolicyARN': READ_ONLY } }, true],
    ['attaching another one', { ArnEquals: { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/SecurityAudit' } }, false],
    ['roles with this tag', { StringEquals: { 'aws:ResourceTag/team': 'a' } }, true],
    ['roles with another tag', { StringEquals: { 'iam:ResourceTag/team': 'b' } }, false],
  ])('can be limited to %s', async (_title, Condition, allowed) => {
    const { RoleName } = await newRole({ Tags: [{ Key: 'team', Value: 'a' }] })
    const attach = limited({ ...allow('iam:AttachRolePolicy'), Condition }).send(
      new AttachRolePolicyCommand({ RoleName, PolicyArn: READ_ONLY }),
    )
    if (allowed) await attach
    else expect(await errorOf(attach)).toMatchObject({ name: 'AccessDenied' })
  })
  test('does not reach into another account', async () => {
    const { RoleName } = await newRole({}, admin(B))
    expect(await errorOf(admin(A).send(new GetRoleCommand({ RoleName })))).toMatchObject({ name: 'NoSuchEntityException' })
  })
})
