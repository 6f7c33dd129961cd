/** Rules of IAM that only show at the second look: names, sizes, principals, permission for tags, and counts. */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, sts } from '../support/aws.ts'
import { ACCOUNT, adminIn, allow, policyOf, trusting } from '../support/iam-account.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const TRUST = trusting(ACCOUNT)
const ALL = JSON.stringify(policyOf(allow('s3:*')))

let sandbox: TestSandbox
let admin: SigningKey
beforeAll(async () => {
  sandbox = await testSandbox()
  admin = adminIn(sandbox)
})
afterAll(() => sandbox.close())

const iam = (credentials: SigningKey = admin) =>
  new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials, maxAttempts: 1 })
const send = (command: unknown, client = iam()): Promise<any> => client.send(command as ListRolesCommand)
let serial = 0
const fresh = (name: string) => `${name}${++serial}`
const createRole = (more: object = {}, client = iam()) =>
  send(new CreateRoleCommand({ RoleName: fresh('Role'), AssumeRolePolicyDocument: TRUST, ...more }), client)
const createPolicy = (more: object = {}, client = iam()) =>
  send(new CreatePolicyCommand({ PolicyName: fresh('Policy'), PolicyDocument: ALL, ...more }), client)
const createUser = (more: object = {}, client = iam()) => send(new CreateUserCommand({ UserName: fresh('user'), ...more }), client)
const limited = (...statements: object[]) =>
  iam(addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/${fresh('limited')}`, [policyOf(...statements)]))

describe('names', () => {
  test('of policies are unique whatever their path and case', async () => {
    const PolicyName = fresh('Unique')
    await createPolicy({ PolicyName, Path: '/a/' })
    const error = await errorOf(createPolicy({ PolicyName: PolicyName.toUpperCase(), Path: '/b/' }))
    expect(error).toMatchObject({ name: 'EntityAlreadyExistsException', $metadata: { httpStatusCode: 409 } })
    expect(error.message).toMatch(/^A policy called UNIQUE\d+ already exists\./)
  })
  test('of users are unique whatever their path and case', async () => {
    const UserName = fresh('Unique')
    await createUser({ UserName, Path: '/a/' })
    expect(await errorOf(createUser({ UserName: UserName.toUpperCase(), Path: '/b/' }))).toMatchObject({
      name: 'EntityAlreadyExistsException',
    })
  })
  test.each<[title: string, send: () => Promise<unknown>, name: string, message: RegExp]>([
    [
      'a path of 513 characters',
      () => createRole({ Path: `/${'p'.repeat(511)}/` }),
      'ValidationError',
      /specified value for path is invalid/,
    ],
    ['a description of 1,001 characters', () => createRole({ Description: 'd'.repeat(1001) }), 'ValidationError', /'description'.*1000$/],
    [
      'a policy in an account that is none',
      () => createRole({ PermissionsBoundary: 'arn:aws:iam::someone:policy/Mine' }),
      'InvalidInputException',
      /is not valid\.$/,
    ],
    [
      'no user to give a policy',
      () => send(new PutUserPolicyCommand({ UserName: undefined as never, PolicyName: 'p', PolicyDocument: ALL })),
      'ValidationError',
      /'userName'.*must not be null$/,
    ],
    [
      'no user to attach a policy to',
      () => send(new AttachUserPolicyCommand({ UserName: undefined as never, PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' })),
      'ValidationError',
      /'userName'.*must not be null$/,
    ],
    [
      'no user to list the policies of',
      () => send(new ListAttachedUserPoliciesCommand({ UserName: undefined as never })),
      'ValidationError',
      /'userName'.*must not be null$/,
    ],
    [
      'an access key ID in another form',
      () => send(new DeleteAccessKeyCommand({ UserName: 'Admin', AccessKeyId: 'short' })),
      'ValidationError',
      /accessKeyId is invalid/,
    ],
    [
      'an access key that does not exist',
      () => send(new DeleteAccessKeyCommand({ UserName: 'Admin', AccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' })),
      'NoSuchEntityException',
      /^The Access Key with id AKIA/,
    ],
  ])('refuse %s', async (_title, call, name, message) => {
    const error = await errorOf(call())
    expect(error.name).toBe(name)
    expect(error.message).toMatch(message)
  })
  test('may be as long as AWS allows', async () => {
    const { Role } = await createRole({ Path: `/${'p'.repeat(510)}/`, RoleName: 'r'.repeat(64), Description: 'd'.repeat(1000) })
    expect([Role.Path.length, Role.RoleName.length, Role.Description.length]).toEqual([512, 64, 1000])
  })
  test('of a user may be left out by the user, not by a session of a role', async () => {
    const UserName = fresh('self')
    const key = addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/${UserName}`, [policyOf(allow('*'))])
    expect((await send(new GetUserCommand({}), iam(key))).User.UserName).toBe(UserName)
    expect((await send(new CreateAccessKeyCommand({}), iam(key))).AccessKey.UserName).toBe(UserName)
    const { Role } = await createRole()
    await send(new PutRolePolicyCommand({ RoleName: Role.RoleName, PolicyName: 'p', PolicyDocument: JSON.stringify(policyOf(allow('*'))) }))
    const { Credentials } = await sts(sandbox.urls.aws, key).send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: 'one' }))
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    expect(await errorOf(send(new GetUserCommand({}), iam(session)))).toMatchObject({
      name: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    })
  })
})

describe('the version of the API', () => {
  test('is 2010-05-08 and no other', async () => {
    const client = iam()
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string }
        request.body = request.body.replace('2010-05-08', '2009-05-08')
        return next(args)
      },
      { step: 'build' },
    )
    expect(await errorOf(send(new ListRolesCommand({}), client))).toMatchObject({
      name: 'InvalidAction',
      message: 'Could not find operation ListRoles for version 2009-05-08',
    })
  })
})

describe('documents', () => {
  const long = (count: number) =>
    policyOf(
      allow(
        's3:GetObject',
        Array.from({ length: count }, () => `arn:aws:s3:::${'b'.repeat(50)}`),
      ),
    )

  test('are counted without white space', async () => {
    const document = long(85)
    expect(JSON.stringify(document).length).toBeLessThan(6144)
    const spaced = JSON.stringify(document, null, 8)
    expect(spaced.length).toBeGreaterThan(6144)
    const { Policy } = await createPolicy({ PolicyDocument: spaced })
    // They are kept as they were sent.
    const { PolicyVersion } = await send(new GetPolicyVersionCommand({ PolicyArn: Policy.Arn, VersionId: 'v1' }))
    expect(decodeURIComponent(PolicyVersion.Document)).toBe(spaced)
  })
  test('of managed policies have 6,144 characters at most', async () => {
    expect(await errorOf(createPolicy({ PolicyDocument: JSON.stringify(long(110)) }))).toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for PolicySize: 6144',
    })
  })
  test('of users have 2,048 characters together', async () => {
    const { User } = await createUser()
    const put = (PolicyName: string, count: number) =>
      send(new PutUserPolicyCommand({ UserName: User.UserName, PolicyName, PolicyDocument: JSON.stringify(long(count)) }))
    await put('a', 20)
    expect(await errorOf(put('b', 20))).toMatchObject({ message: `Maximum policy size of 2048 bytes exceeded for user ${User.UserName}` })
    // A document that replaces one is not counted beside it.
    await put('a', 21)
  })
  test('are encoded as RFC 3986 says', async () => {
    const { Role } = await createRole()
    const PolicyDocument = JSON.stringify(policyOf({ ...allow('s3:*'), Condition: { StringEquals: { 'aws:username': "a b!'()*~" } } }))
    await send(new PutRolePolicyCommand({ RoleName: Role.RoleName, PolicyName: 'p', PolicyDocument }))
    const got = await send(new GetRolePolicyCommand({ RoleName: Role.RoleName, PolicyName: 'p' }))
    expect(got.PolicyDocument).toContain('a%20b%21%27%28%29%2A~')
    expect(decodeURIComponent(got.PolicyDocument)).toBe(PolicyDocument)
  })
})

describe('a trust policy', () => {
  test('names only principals that exist', async () => {
    const RoleName = fresh('Named')
    await createRole({ RoleName })
    const trust = (AWS: string) => createRole({ AssumeRolePolicyDocument: trusting(AWS) })
    await trust(`arn:aws:iam::${ACCOUNT}:user/Admin`)
    await trust(`arn:aws:iam::${ACCOUNT}:role/${RoleName}`)
    await trust(`arn:aws:sts::${ACCOUNT}:assumed-role/${RoleName}/dana`)
    await trust('999900001111')
    for (const nobody of [
      `arn:aws:iam::${ACCOUNT}:user/Nobody`,
      `arn:aws:iam::${ACCOUNT}:user/path/Admin`,
      `arn:aws:iam::${ACCOUNT}:role/Nowhere`,
      `arn:aws:sts::${ACCOUNT}:assumed-role/Nowhere/dana`,
      `arn:aws:iam::${ACCOUNT}:group/Admins`,
      'Admin',
    ])
      expect(await errorOf(trust(nobody))).toMatchObject({
        name: 'MalformedPolicyDocumentException',
        message: `Invalid principal in policy: "AWS":"${nobody}"`,
      })
  })
})

describe('tags given when something is created', () => {
  const Tags = [{ Key: 'team', Value: 'a' }]
  test.each<[string, string, (more: object, client: IAMClient) => Promise<unknown>]>([
    ['CreateRole', 'TagRole', createRole],
    ['CreateUser', 'TagUser', createUser],
    ['CreatePolicy', 'TagPolicy', createPolicy],
  ])('of %s need permission for %s, too', async (create, tag, make) => {
    const client = limited(allow(`iam:${create}`))
    await make({}, client)
    const error = await errorOf(make({ Tags }, client))
    expect(error.name).toBe('AccessDenied')
    expect(error.message).toContain(`is not authorized to perform: iam:${tag} on resource`)
    await make({ Tags }, limited(allow([`iam:${create}`, `iam:${tag}`])))
    // The condition keys of the tags are those of both actions.
    const Condition = { StringEquals: { 'aws:RequestTag/team': 'b' } }
    expect(await errorOf(make({ Tags }, limited({ ...allow([`iam:${create}`, `iam:${tag}`]), Condition })))).toMatchObject({
      name: 'AccessDenied',
    })
  })
})

describe('a managed policy', () => {
  test('counts the roles and users that have it, as policy and as boundary', async () => {
    const { Policy } = await createPolicy({ Description: 'for all' })
    expect(Policy.Description).toBeUndefined() // CreatePolicy answers without it; GetPolicy has it.
    const { Role } = await createRole({ PermissionsBoundary: Policy.Arn })
    await createUser({ PermissionsBoundary: Policy.Arn })
    await send(new AttachRolePolicyCommand({ RoleName: Role.RoleName, PolicyArn: Policy.Arn }))
    expect((await send(new GetPolicyCommand({ PolicyArn: Policy.Arn }))).Policy).toMatchObject({
      ...{ Description: 'for all', AttachmentCount: 1, PermissionsBoundaryUsageCount: 2, IsAttachable: true },
    })
  })
  test('can be attached again to a role that has ten', async () => {
    const { Role } = await createRole()
    const arns: string[] = []
    for (let count = 0; count < 10; count++) {
      const { Policy } = await createPolicy(count < 2 ? { Path: '/few/' } : {})
      arns.push(Policy.Arn)
      await send(new AttachRolePolicyCommand({ RoleName: Role.RoleName, PolicyArn: Policy.Arn }))
    }
    await send(new AttachRolePolicyCommand({ RoleName: Role.RoleName, PolicyArn: arns[0] ?? '' }))
    const list = (more: object) => send(new ListAttachedRolePoliciesCommand({ RoleName: Role.RoleName, ...more }))
    expect((await list({})).AttachedPolicies).toHaveLength(10)
    expect((await list({ PathPrefix: '/few/' })).AttachedPolicies).toHaveLength(2)
  })
})
