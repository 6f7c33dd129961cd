/** The sandbox's CloudTrail records IAM calls with the properties of AWS's records. */
import { gunzipSync } from 'node:zlib'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  DeleteAccessKeyCommand,
  GetRoleCommand,
  IAMClient,
  ListGroupsCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import type { PolicyJson } from '@stint/iam'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addRole, addUser, addUserSession } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const ACCOUNT = '123456789012'
const of = (...Statement: object[]): PolicyJson => ({ Version: '2012-10-17', Statement }) as PolicyJson
const all = of({ Effect: 'Allow', Action: '*', Resource: '*' })
const TRUST = of({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' })

let sandbox: TestSandbox
let key: SigningKey
beforeAll(async () => {
  sandbox = await testSandbox()
  key = addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/Alice`, [all])
})
afterAll(() => sandbox.close())

const iam = (credentials: SigningKey = key) =>
  new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials, maxAttempts: 1 })

/** The records that a call causes, with the names of their files. */
async function recorded(call: Promise<unknown>): Promise<readonly { file: string; record: Record<string, any> }[]> {
  const objects = () => sandbox.aws.world.buckets.get('acme-cloudtrail')?.objects ?? new Map()
  sandbox.aws.server.trail.deliver()
  const before = new Set(objects().keys())
  await call.catch(() => undefined)
  sandbox.aws.server.trail.deliver()
  return [...objects()]
    .filter(([file]) => !before.has(file))
    .flatMap(([file, { body }]) => JSON.parse(gunzipSync(body).toString()).Records.map((record: object) => ({ file, record })))
}
const recordOf = async (call: Promise<unknown>) => (await recorded(call))[0]?.record ?? {}

let serial = 0
const fresh = (name: string) => `${name}${++serial}`

describe('a call of IAM', () => {
  test('is recorded with the properties of AWS, in the Region of global services', async () => {
    const RoleName = fresh('Role')
    const [found, ...rest] = await recorded(
      iam().send(
        new CreateRoleCommand({
          RoleName,
          AssumeRolePolicyDocument: JSON.stringify(TRUST),
          MaxSessionDuration: 7200,
          Tags: [
            { Key: 'team', Value: 'a' },
            { Key: 'stage', Value: 'b' },
          ],
        }),
      ),
    )
    expect(rest).toEqual([])
    expect(found?.file).toMatch(
      new RegExp(`^AWSLogs/${ACCOUNT}/CloudTrail/us-east-1/\\d{4}/\\d\\d/\\d\\d/${ACCOUNT}_CloudTrail_us-east-1_`),
    )
    expect(found?.record).toEqual({
      eventVersion: '1.11',
      userIdentity: {
        type: 'IAMUser',
        principalId: expect.stringMatching(/^AIDA/),
        arn: `arn:aws:iam::${ACCOUNT}:user/Alice`,
        accountId: ACCOUNT,
        accessKeyId: key.accessKeyId,
        userName: 'Alice',
      },
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      eventSource: 'iam.amazonaws.com',
      eventName: 'CreateRole',
      awsRegion: 'us-east-1',
      sourceIPAddress: '127.0.0.1',
      userAgent: expect.stringContaining('aws-sdk-js'),
      requestParameters: {
        roleName: RoleName,
        assumeRolePolicyDocument: JSON.stringify(TRUST),
        maxSessionDuration: 7200,
        tags: [
          { key: 'team', value: 'a' },
          { key: 'stage', value: 'b' },
        ],
      },
      responseElements: {
        role: {
          path: '/',
          roleName: RoleName,
          roleId: expect.stringMatching(/^AROA/),
          arn: `arn:aws:iam::${ACCOUNT}:role/${RoleName}`,
          createDate: expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M$/),
          assumeRolePolicyDocument: expect.stringMatching(/^%7B/),
          maxSessionDuration: 7200,
          tags: [
            { key: 'team', value: 'a' },
            { key: 'stage', value: 'b' },
          ],
        },
      },
      requestID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      eventCategory: 'Management',
      recipientAccountId: ACCOUNT,
    })
  })

  test('that reads has no response elements', async () => {
    expect(await recordOf(iam().send(new ListRolesCommand({ MaxItems: 1 })))).toMatchObject({
      ...{ eventName: 'ListRoles', readOnly: true, requestParameters: { maxItems: 1 }, responseElements: null },
    })
    expect(await recordOf(iam().send(new ListRolesCommand({})))).toMatchObject({ requestParameters: null })
  })

  test('that changes something without an answer has none, either', async () => {
    addRole(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:role/Tagged`, TRUST, [])
    const Tags = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: 'v' }))
    const record = await recordOf(iam().send(new TagRoleCommand({ RoleName: 'Tagged', Tags })))
    expect(record).toMatchObject({ eventName: 'TagRole', readOnly: false, responseElements: null })
    expect(record.requestParameters.tags.map((tag: { key: string }) => tag.key)).toEqual(Tags.map(({ Key }) => Key))
  })

  test('never shows a secret key', async () => {
    const made = iam().send(new CreateAccessKeyCommand({ UserName: 'Alice' }))
    const record = await recordOf(made)
    const { AccessKey } = await made
    expect(record.responseElements.accessKey).toEqual({
      userName: 'Alice',
      accessKeyId: AccessKey?.AccessKeyId,
      status: 'Active',
      createDate: expect.any(String),
    })
    expect(JSON.stringify(record)).not.toContain(AccessKey?.SecretAccessKey)
    await iam().send(new DeleteAccessKeyCommand({ UserName: 'Alice', AccessKeyId: AccessKey?.AccessKeyId ?? '' }))
  })

  test('has its lists in the order of their numbers, not of the form', async () => {
    const client = iam()
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string }
        request.body = request.body.split('&').toReversed().join('&')
        return next(args)
      },
      { step: 'build' },
    )
    const ActionNames = Array.from({ length: 11 }, (_, index) => `s3:Action${index}`)
    const PolicySourceArn = `arn:aws:iam::${ACCOUNT}:user/Alice`
    const call = client.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames }))
    expect((await recordOf(call)).requestParameters.actionNames).toEqual(ActionNames)
    expect((await call).EvaluationResults?.map(({ EvalActionName }) => EvalActionName)).toEqual(ActionNames)
  })

  test('with lists in lists is recorded whole', async () => {
    const record = await recordOf(
      iam().send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/Alice`,
          ActionNames: ['s3:GetObject', 's3:PutObject'],
          ContextEntries: [{ ContextKeyName: 'aws:TagKeys', ContextKeyType: 'stringList', ContextKeyValues: ['a', 'b'] }],
        }),
      ),
    )
    expect(record).toMatchObject({
      readOnly: true,
      requestParameters: {
        policySourceArn: `arn:aws:iam::${ACCOUNT}:user/Alice`,
        actionNames: ['s3:GetObject', 's3:PutObject'],
        contextEntries: [{ contextKeyName: 'aws:TagKeys', contextKeyType: 'stringList', contextKeyValues: ['a', 'b'] }],
      },
    })
  })
})

describe('a refusal of IAM', () => {
  test.each<[title: string, send: () => Promise<unknown>, errorCode: string, errorMessage: RegExp]>([
    [
      'without permission',
      () => iam(limited()).send(new GetRoleCommand({ RoleName: 'Nowhere' })),
      'AccessDenied',
      /^User: arn:aws:iam::123456789012:user\/Limited is not authorized to perform: iam:GetRole/,
    ],
    [
      'of a role that does not exist',
      () => iam().send(new GetRoleCommand({ RoleName: 'Nowhere' })),
      'NoSuchEntityException',
      /^The role with name Nowhere cannot be found\.$/,
    ],
    ['of a name that is taken', () => taken(), 'EntityAlreadyExistsException', /already exists\.$/],
    [
      'of a value',
      () => iam().send(new GetRoleCommand({ RoleName: 'a b' })),
      'ValidationException',
      /^The specified value for roleName is invalid/,
    ],
    [
      'of a document',
      () =>
        iam().send(
          new PutRolePolicyCommand({
            RoleName: 'Tagged',
            PolicyName: 'p',
            PolicyDocument: JSON.stringify(of({ Effect: 'Allow', Action: 's3:*', Resource: 'x' })),
          }),
        ),
      'MalformedPolicyDocumentException',
      // The quotes are as the caller sees them, not as XML has them.
      /^Resource x must be in ARN format or "\*"\.$/,
    ],
  ])('%s has its code and message', async (_title, send, errorCode, errorMessage) => {
    const record = await recordOf(send())
    expect(record).toMatchObject({
      eventSource: 'iam.amazonaws.com',
      errorCode,
      errorMessage: expect.stringMatching(errorMessage),
      responseElements: null,
    })
    expect(record.requestParameters.roleName).toEqual(expect.any(String))
  })
  test('of an action that IAM does not have is not recorded', async () => {
    expect(await recorded(errorOf(iam().send(new ListGroupsCommand({}))))).toEqual([])
  })
  const limited = () => addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/Limited`, [])
  async function taken() {
    const RoleName = fresh('Taken')
    const create = () => iam().send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(TRUST) }))
    addRole(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:role/${RoleName}`, TRUST, [])
    return create()
  }
})

describe('the caller', () => {
  test('is a session of a role, with the role that it came from', async () => {
    const role = addRole(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:role/Operator`, TRUST, [all])
    const { Credentials } = await sts(sandbox.urls.aws, key).send(new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: 'dana' }))
    const record = await recordOf(iam(signing(Credentials)).send(new ListRolesCommand({})))
    expect(record.userIdentity).toMatchObject({
      type: 'AssumedRole',
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Operator/dana`,
      sessionContext: { sessionIssuer: { type: 'Role', arn: role.arn, userName: 'Operator' }, attributes: { mfaAuthenticated: 'false' } },
    })
  })
  test('is the user of a session with MFA', async () => {
    const user = sandbox.aws.world.accounts.get(ACCOUNT)?.users.get('alice')
    if (!user) throw new Error('no user')
    const now = sandbox.now()
    const session = addUserSession(sandbox.aws.world, user, { issuedAt: now, expiresAt: now + 3_600_000, mfaAt: now })
    const record = await recordOf(iam(session.key).send(new ListRolesCommand({})))
    expect(record.userIdentity).toMatchObject({
      type: 'IAMUser',
      userName: 'Alice',
      sessionContext: { attributes: { mfaAuthenticated: 'true', creationDate: expect.stringMatching(/Z$/) } },
    })
  })
  const signing = (
    credentials: { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined } = {},
  ) => ({
    accessKeyId: credentials.AccessKeyId ?? '',
    secretAccessKey: credentials.SecretAccessKey ?? '',
    sessionToken: credentials.SessionToken ?? '',
  })
})
