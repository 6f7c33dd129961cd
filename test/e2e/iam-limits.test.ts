/** The sandbox's IAM at its limits: pages of every List action, tags of a role, and what a permissions boundary takes away. */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetRoleCommand,
  GetUserCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  TagRoleCommand,
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addAccessKey } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, sts } from '../support/aws.ts'
import { ACCOUNT, adminIn, allow, policyOf, trusting } from '../support/iam-account.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const TRUST = trusting(ACCOUNT)

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

async function newRole(more: object = {}): Promise<{ RoleName: string; Arn: string }> {
  const RoleName = fresh('Role')
  const { Role } = await send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST, ...more }))
  return { RoleName, Arn: Role.Arn }
}
async function newPolicy(...statements: object[]): Promise<string> {
  const { Policy } = await send(
    new CreatePolicyCommand({ PolicyName: fresh('Policy'), PolicyDocument: JSON.stringify(policyOf(...statements)) }),
  )
  return Policy.Arn
}

describe('the pages of', () => {
  type Page = { MaxItems?: number; Marker?: string; PathPrefix?: string }
  type List = { send: (page: Page) => Promise<any>; names: (answer: any) => string[]; all: string[] }
  const NAMES = ['Alpha', 'Bravo', 'Charlie']

  const lists: Record<string, () => Promise<List>> = {
    ListRoles: async () => {
      for (const RoleName of NAMES) await send(new CreateRoleCommand({ RoleName, Path: '/pages/', AssumeRolePolicyDocument: TRUST }))
      return {
        send: (page) => send(new ListRolesCommand({ PathPrefix: '/pages/', ...page })),
        names: ({ Roles }) => Roles.map((role: { RoleName: string }) => role.RoleName),
        all: NAMES,
      }
    },
    ListRolePolicies: async () => {
      const { RoleName } = await newRole()
      for (const PolicyName of NAMES.toReversed())
        await send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(policyOf(allow('s3:*'))) }))
      return {
        send: (page) => send(new ListRolePoliciesCommand({ RoleName, ...page })),
        names: ({ PolicyNames }) => PolicyNames,
        all: NAMES,
      }
    },
    ListAttachedRolePolicies: async () => {
      const { RoleName } = await newRole()
      const all = [await newPolicy(allow('s3:*')), await newPolicy(allow('s3:*')), await newPolicy(allow('s3:*'))]
      for (const PolicyArn of all.toReversed()) await send(new AttachRolePolicyCommand({ RoleName, PolicyArn }))
      return { send: (page) => send(new ListAttachedRolePoliciesCommand({ RoleName, ...page })), names: attachedArns, all }
    },
    ListAttachedUserPolicies: async () => {
      const UserName = fresh('user')
      await send(new CreateUserCommand({ UserName }))
      const all = [await newPolicy(allow('s3:*')), await newPolicy(allow('s3:*')), await newPolicy(allow('s3:*'))]
      for (const PolicyArn of all.toReversed()) await send(new AttachUserPolicyCommand({ UserName, PolicyArn }))
      return { send: (page) => send(new ListAttachedUserPoliciesCommand({ UserName, ...page })), names: attachedArns, all }
    },
  }
  const attachedArns = ({ AttachedPolicies }: any) => AttachedPolicies.map(({ PolicyArn }: { PolicyArn: string }) => PolicyArn)

  test.each(Object.entries(lists))('%s', async (_name, make) => {
    const list = await make()
    const first = await list.send({ MaxItems: 2 })
    expect([list.names(first), first.IsTruncated, typeof first.Marker]).toEqual([list.all.slice(0, 2), true, 'string'])
    const last = await list.send({ MaxItems: 2, Marker: first.Marker })
    expect([list.names(last), last.IsTruncated, last.Marker]).toEqual([list.all.slice(2), false, undefined])
    // A page that is exactly full is the last one.
    const whole = await list.send({ MaxItems: 3 })
    expect([list.names(whole), whole.IsTruncated, whole.Marker]).toEqual([list.all, false, undefined])
    const free = await list.send({})
    expect([list.names(free), free.IsTruncated]).toEqual([list.all, false])
    for (const MaxItems of [0, 1001, -1])
      expect(await errorOf(list.send({ MaxItems }))).toMatchObject({ name: 'ValidationError', $metadata: { httpStatusCode: 400 } })
    expect(await errorOf(list.send({ Marker: 'nonsense' }))).toMatchObject({ name: 'ValidationError' })
  })

  test('go on behind the marker, even if its item was deleted or others came before it', async () => {
    const { RoleName } = await newRole()
    const put = (PolicyName: string) =>
      send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(policyOf(allow('s3:*'))) }))
    for (const name of ['b', 'd']) await put(name)
    const { Marker } = await send(new ListRolePoliciesCommand({ RoleName, MaxItems: 1 }))
    await put('a')
    await put('c')
    expect((await send(new ListRolePoliciesCommand({ RoleName, Marker }))).PolicyNames).toEqual(['c', 'd'])
  })

  test('hold 100 items, unless the call asks for more', async () => {
    const { RoleName } = await newRole()
    const role = sandbox.aws.world.accounts.get(ACCOUNT)?.roles.get(RoleName.toLowerCase())
    const document = { text: '{}', policy: { statements: [] } }
    for (let count = 0; count < 101; count++) role?.inline.set(`p${String(count).padStart(3, '0')}`, document)
    const first = await send(new ListRolePoliciesCommand({ RoleName }))
    expect([first.PolicyNames.length, first.IsTruncated]).toEqual([100, true])
    expect((await send(new ListRolePoliciesCommand({ RoleName, MaxItems: 1000 }))).PolicyNames).toHaveLength(101)
  })
})

describe('TagRole', () => {
  type Tag = { Key: string; Value: string }
  const some = (count: number, prefix = 'key'): Tag[] =>
    Array.from({ length: count }, (_, index) => ({ Key: `${prefix}${index}`, Value: 'v' }))
  const tag = async (Tags: Tag[], before: Tag[] = []) => {
    const { RoleName } = await newRole(before.length > 0 ? { Tags: before } : {})
    await send(new TagRoleCommand({ RoleName, Tags }))
    const { Role } = await send(new GetRoleCommand({ RoleName }))
    return Role.Tags as Tag[]
  }

  test.each<[title: string, tags: Tag[], before: Tag[], count: number]>([
    ['50 tags', some(50), [], 50],
    ['50 tags over two calls', some(25, 'new'), some(25), 50],
    ['new values of 50 tags', some(50), some(50), 50],
    ['another case of a key, on a role with 50 tags', [{ Key: 'KEY7', Value: 'w' }], some(50), 50],
    ['a key of 128 characters and a value of 256', [{ Key: 'k'.repeat(128), Value: 'v'.repeat(256) }], [], 1],
    ['an empty value', [{ Key: 'k', Value: '' }], [], 1],
    ['letters, digits and signs that tags may have', [{ Key: 'Ünïcode 9_.:/=+-@', Value: 'ä b_.:/=+-@' }], [], 1],
    ['a key that begins with aws without the colon', [{ Key: 'awsome', Value: 'v' }], [], 1],
  ])('takes %s', async (_title, tags, before, count) => {
    const found = await tag(tags, before)
    expect(found).toHaveLength(count)
    expect(found).toEqual(expect.arrayContaining(tags))
  })

  test.each<[title: string, tags: Tag[], before: Tag[], name: string, status: number, message: RegExp]>([
    ['51 tags in one call', some(51), [], 'ValidationError', 400, /at 'tags' .*less than or equal to 50$/],
    ['the 51st tag', some(1, 'more'), some(50), 'LimitExceededException', 409, /^Cannot exceed quota for TagsPerRole: 50$/],
    ['no tags', [], [], 'ValidationError', 400, /at 'tags' .*must not be null$/],
    ['a key of 129 characters', [{ Key: 'k'.repeat(129), Value: 'v' }], [], 'ValidationError', 400, /at 'tags\.1\.member\.key'/],
    ['an empty key', [{ Key: '', Value: 'v' }], [], 'ValidationError', 400, /at 'tags\.1\.member\.key'/],
    ['a value of 257 characters', [{ Key: 'k', Value: 'v'.repeat(257) }], [], 'ValidationError', 400, /at 'tags\.1\.member\.value'/],
    ['a key with a *', [...some(1), { Key: 'k*', Value: 'v' }], [], 'ValidationError', 400, /at 'tags\.2\.member\.key'/],
    ['a value with a *', [{ Key: 'k', Value: '*' }], [], 'ValidationError', 400, /at 'tags\.1\.member\.value'/],
    ['a key of AWS', [{ Key: 'aws:owner', Value: 'v' }], [], 'InvalidInputException', 400, /reserved for AWS use/],
    ['a key of AWS in another case', [{ Key: 'AWS:owner', Value: 'v' }], [], 'InvalidInputException', 400, /reserved for AWS use/],
    [
      'a key twice',
      [
        { Key: 'team', Value: 'a' },
        { Key: 'team', Value: 'b' },
      ],
      [],
      'InvalidInputException',
      400,
      /^Duplicate tag keys found/,
    ],
    [
      'a key twice in different case',
      [
        { Key: 'team', Value: 'a' },
        { Key: 'TEAM', Value: 'b' },
      ],
      [],
      'InvalidInputException',
      400,
      /^Duplicate tag keys found/,
    ],
  ])('refuses %s and changes nothing', async (_title, tags, before, name, status, message) => {
    const { RoleName } = await newRole(before.length > 0 ? { Tags: before } : {})
    const error = await errorOf(send(new TagRoleCommand({ RoleName, Tags: tags })))
    expect([error.name, error.$metadata?.httpStatusCode]).toEqual([name, status])
    expect(error.message).toMatch(message)
    expect((await send(new GetRoleCommand({ RoleName }))).Role.Tags ?? []).toEqual(before)
  })
})

describe('a permissions boundary', () => {
  const READ = 'iam:GetUser'
  /** A key of a new user with this boundary, who may call anything else. */
  async function userWith(boundary: string | undefined, ...statements: object[]): Promise<SigningKey> {
    const UserName = fresh('bound')
    await send(new CreateUserCommand({ UserName, ...(boundary ? { PermissionsBoundary: boundary } : {}) }))
    if (statements.length > 0)
      await send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument: JSON.stringify(policyOf(...statements)) }))
    const user = sandbox.aws.world.accounts.get(ACCOUNT)?.users.get(UserName.toLowerCase())
    if (!user) throw new Error('no user')
    return addAccessKey(sandbox.aws.world, user)
  }
  const reads = async (key: SigningKey) =>
    (await send(new GetUserCommand({ UserName: 'Admin' }), iam(key)).then(
      () => 'allowed',
      (error: Error) => error.message.replace(/^.*(because|with) /, ''),
    )) as string

  test.each<[title: string, boundary: object[], statements: object[], answer: string]>([
    ['that allows the action', [allow('iam:*')], [allow('*')], 'allowed'],
    ['that does not', [allow('s3:*')], [allow('*')], 'no permissions boundary allows the iam:GetUser action'],
    [
      'that denies it',
      [allow('*'), { Effect: 'Deny', Action: READ, Resource: '*' }],
      [allow('*')],
      'an explicit deny in a permissions boundary',
    ],
    ['grants nothing by itself', [allow('*')], [], 'no identity-based policy allows the iam:GetUser action'],
  ])('of a user, %s', async (_title, boundary, statements, answer) => {
    expect(await reads(await userWith(await newPolicy(...boundary), ...statements))).toBe(answer)
  })

  test.each<[title: string, boundary: object[], answer: string]>([
    ['that allows the action', [allow('iam:*')], 'allowed'],
    ['that does not', [allow('s3:*')], 'no permissions boundary allows the iam:GetUser action'],
  ])('of a role, %s, holds for its sessions', async (_title, boundary, answer) => {
    const PermissionsBoundary = await newPolicy(...boundary)
    const { RoleName, Arn } = await newRole({ PermissionsBoundary })
    expect((await send(new GetRoleCommand({ RoleName }))).Role.PermissionsBoundary).toEqual({
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: PermissionsBoundary,
    })
    await send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: JSON.stringify(policyOf(allow('*'))) }))
    const { Credentials } = await sts(sandbox.urls.aws, admin).send(new AssumeRoleCommand({ RoleArn: Arn, RoleSessionName: 'one' }))
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    expect(await reads(session)).toBe(answer)
  })

  test('can be demanded of whoever creates roles and users', async () => {
    const boundary = await newPolicy(allow('s3:*'))
    const other = await newPolicy(allow('*'))
    const creator = await userWith(undefined, {
      ...allow(['iam:CreateRole', 'iam:CreateUser']),
      Condition: { StringEquals: { 'iam:PermissionsBoundary': boundary } },
    })
    const makers = [
      (more: object) => send(new CreateRoleCommand({ RoleName: fresh('Made'), AssumeRolePolicyDocument: TRUST, ...more }), iam(creator)),
      (more: object) => send(new CreateUserCommand({ UserName: fresh('made'), ...more }), iam(creator)),
    ]
    for (const make of makers) {
      await make({ PermissionsBoundary: boundary })
      expect(await errorOf(make({}))).toMatchObject({ name: 'AccessDenied' })
      expect(await errorOf(make({ PermissionsBoundary: other }))).toMatchObject({ name: 'AccessDenied' })
    }
  })

  test('guards a role against more policies', async () => {
    const boundary = await newPolicy(allow('s3:*'))
    const { RoleName: bound } = await newRole({ PermissionsBoundary: boundary })
    const { RoleName: free } = await newRole()
    const creator = await userWith(undefined, {
      ...allow('iam:AttachRolePolicy'),
      Condition: { StringEquals: { 'iam:PermissionsBoundary': boundary } },
    })
    const attach = (RoleName: string) =>
      send(new AttachRolePolicyCommand({ RoleName, PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }), iam(creator))
    await attach(bound)
    expect(await errorOf(attach(free))).toMatchObject({ name: 'AccessDenied' })
  })
})
