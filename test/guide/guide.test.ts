/**
 * The guide that Stint grew from, command by command and in its order: set-up, source identity, assuming with and without the external
 * ID, use by environment and by profile, the cross-account scenario, and the troubleshooting chart with its debugging commands. Each
 * gives the documented answer or error. Comments say where the guide leaves something out.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClosedGate, closedGates, type PolicyKind, parseAccessDenied, parsePolicy } from '@stint/iam'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { testWith } from '../support/tools.ts'
import { type Answer, installedClis, type Runner, sdkRunner } from './aws.ts'

const A = '123456789012'
const B = '987654321098'
const ROLE = `arn:aws:iam::${B}:role/CrossAccountAccessRole`
const PRODUCTION = `arn:aws:iam::${B}:role/ProductionAccessRole`

const trustPolicy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${A}:root` },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': 'unique-external-id' }, IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
    },
  ],
}
const permissionPolicy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:ListBucket'],
      Resource: ['arn:aws:s3:::my-secure-bucket', 'arn:aws:s3:::my-secure-bucket/*'],
      Condition: { StringEquals: { 's3:ExistingObjectTag/Environment': 'Production' } },
    },
  ],
}
const assumeRolePermission = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Resource: ROLE,
      Condition: { StringEquals: { 'sts:ExternalId': 'unique-external-id' } },
    },
  ],
}
const productionTrust = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${A}:role/DeveloperRole` },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': 'prod-access-2024' } },
    },
  ],
}
const assumeProduction = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: PRODUCTION }] }

const clis = await installedClis()
// The SDK always runs too: it is quick, and the only runner where no AWS CLI is installed.
const runners: readonly Runner[] = [...clis, sdkRunner(clis.length > 0 ? 'beside the AWS CLI' : 'no AWS CLI runs on this machine')]

if (clis.length === 0) testWith('aws')('the guide with an AWS CLI', () => {})

describe.each(runners)('the guide, by $name', ({ run }) => {
  let sandbox: TestSandbox
  let folder: string
  type Env = Readonly<Record<string, string>>
  const as = (profile: string): Env => ({ AWS_PROFILE: profile })
  const aws = (env: Env, ...args: string[]): Promise<Answer> => run({ folder, endpoint: sandbox.urls.aws, env }, args)
  const from = (ip: string, env: Env, ...args: string[]) => run({ folder, endpoint: `${sandbox.urls.aws}/from/${ip}`, env }, args)
  const credentialsIn = ({ json, error }: Answer): Env => {
    if (!json.Credentials) throw new Error(`no credentials: ${error}`)
    return {
      AWS_ACCESS_KEY_ID: json.Credentials.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: json.Credentials.SecretAccessKey,
      AWS_SESSION_TOKEN: json.Credentials.SessionToken,
    }
  }
  const assume = (env: Env, ...more: string[]) =>
    aws(env, 'sts', 'assume-role', '--role-arn', ROLE, '--role-session-name', 'TestSession-1705317600', ...more)
  const EXTERNAL = ['--external-id', 'unique-external-id']
  let user: Env
  let session: Env

  beforeAll(async () => {
    sandbox = await testSandbox({ guide: true })
    folder = await mkdtemp(join(tmpdir(), 'stint-guide-'))
    const profiles = sandbox.aws.guideUsers.map(
      ({ profile, key }) => `[${profile}]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`,
    )
    await writeFile(join(folder, 'credentials'), profiles.join('\n'), { mode: 0o600 })
    await writeFile(join(folder, 'config'), '')
    const files = { 'trust-policy': trustPolicy, 'permission-policy': permissionPolicy, 'assume-role-permission': assumeRolePermission }
    for (const [name, json] of Object.entries(files)) await writeFile(join(folder, `${name}.json`), JSON.stringify(json, null, 2))
  })
  afterAll(async () => {
    await sandbox.close()
    await rm(folder, { recursive: true })
  })

  test('step 1: create the target IAM role', async () => {
    const { json, error } = await aws(
      as('account-b'),
      ...['iam', 'create-role', '--role-name', 'CrossAccountAccessRole'],
      ...['--assume-role-policy-document', 'file://trust-policy.json', '--description', 'Role for cross-account access'],
    )
    expect(error).toBe('')
    expect(json.Role).toMatchObject({
      Path: '/',
      RoleName: 'CrossAccountAccessRole',
      RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
      Arn: ROLE,
      CreateDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      AssumeRolePolicyDocument: trustPolicy,
    })
  })

  test('step 2: attach permission policies to the role', async () => {
    const policyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
    const attached = await aws(
      as('account-b'),
      'iam',
      'attach-role-policy',
      '--role-name',
      'CrossAccountAccessRole',
      '--policy-arn',
      policyArn,
    )
    expect(attached).toEqual({ ok: true, json: {}, error: '' })
    const put = await aws(
      as('account-b'),
      ...['iam', 'put-role-policy', '--role-name', 'CrossAccountAccessRole', '--policy-name', 'CustomS3Access'],
      ...['--policy-document', 'file://permission-policy.json'],
    )
    expect(put).toEqual({ ok: true, json: {}, error: '' })
  })

  test('step 3: configure the source identity', async () => {
    const { json } = await aws(as('account-a'), 'iam', 'create-user', '--user-name', 'AssumeRoleUser', '--path', '/service-accounts/')
    expect(json.User).toMatchObject({
      Path: '/service-accounts/',
      UserName: 'AssumeRoleUser',
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${A}:user/service-accounts/AssumeRoleUser`,
    })
    const put = await aws(
      as('account-a'),
      ...['iam', 'put-user-policy', '--user-name', 'AssumeRoleUser', '--policy-name', 'AssumeRolePolicy'],
      ...['--policy-document', 'file://assume-role-permission.json'],
    )
    expect(put.ok).toBe(true)
    // The guide does not say how the user signs calls: it needs an access key.
    const { json: made } = await aws(as('account-a'), 'iam', 'create-access-key', '--user-name', 'AssumeRoleUser')
    user = { AWS_ACCESS_KEY_ID: made.AccessKey.AccessKeyId, AWS_SECRET_ACCESS_KEY: made.AccessKey.SecretAccessKey }
  })

  test('step 4: test the assume role operation', async () => {
    const answer = await assume(user, ...EXTERNAL, '--duration-seconds', '3600')
    expect(answer.error).toBe('')
    expect(answer.json).toMatchObject({
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
        SecretAccessKey: expect.stringMatching(/^\S{40}$/),
        SessionToken: expect.stringMatching(/^\S{100,}$/),
        Expiration: expect.stringMatching(/^\d{4}-/),
      },
      AssumedRoleUser: {
        AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:TestSession-1705317600$/),
        Arn: `arn:aws:sts::${B}:assumed-role/CrossAccountAccessRole/TestSession-1705317600`,
      },
    })
    session = credentialsIn(answer)
  })

  test('step 4: --policy and --policy-arns restrict the session further', async () => {
    const listOnly = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' } })
    const read = (env: Env) => aws(env, 's3api', 'get-object', '--bucket', 'my-secure-bucket', '--key', 'reports/production.csv', 'out.csv')
    const narrowed = credentialsIn(await assume(user, ...EXTERNAL, '--policy', listOnly))
    expect((await read(narrowed)).error).toMatch(/no session policy allows the s3:GetObject action/)
    const managed = `[{"arn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]`
    expect((await read(credentialsIn(await assume(user, ...EXTERNAL, '--policy-arns', managed)))).ok).toBe(true)
  })

  test.each([
    [
      'no external ID',
      [],
      /^An error occurred \(AccessDenied\) when calling the AssumeRole operation.*: User: .* is not authorized to perform: sts:AssumeRole on resource: /,
    ],
    ['another external ID', ['--external-id', 'other'], /AccessDenied/],
    ['a duration above 12 hours', [...EXTERNAL, '--duration-seconds', '43201'], /less than or equal to 43200|valid max value: 43200/],
    ['a duration below 15 minutes', [...EXTERNAL, '--duration-seconds', '899'], /greater than or equal to 900|valid min value: 900/],
    [
      'a duration above what the role allows',
      [...EXTERNAL, '--duration-seconds', '7200'],
      /exceeds the MaxSessionDuration set for this role/,
    ],
  ])('step 4: refuses %s', async (_title, more, error) => {
    expect((await assume(user, ...more)).error.trim()).toMatch(error)
  })

  test('step 5, method 1: use the credentials by environment variables', async () => {
    expect((await aws(session, 'sts', 'get-caller-identity')).json).toEqual({
      UserId: expect.stringMatching(/^AROA[A-Z2-7]{17}:TestSession-1705317600$/),
      Account: B,
      Arn: `arn:aws:sts::${B}:assumed-role/CrossAccountAccessRole/TestSession-1705317600`,
    })
    const read = await aws(
      session,
      's3api',
      'get-object',
      '--bucket',
      'my-secure-bucket',
      '--key',
      'reports/production.csv',
      'production.csv',
    )
    expect(read.error).toBe('')
    expect(await readFile(join(folder, 'production.csv'), 'utf8')).toContain('date,total')
  })

  test('step 5, method 2: use the credentials by a profile', async () => {
    const set = (name: string, value: string | undefined) => aws({}, 'configure', 'set', name, value ?? '', '--profile', 'assumed-role')
    await set('aws_access_key_id', session.AWS_ACCESS_KEY_ID)
    await set('aws_secret_access_key', session.AWS_SECRET_ACCESS_KEY)
    await set('aws_session_token', session.AWS_SESSION_TOKEN)
    const { json } = await aws({}, 'sts', 'get-caller-identity', '--profile', 'assumed-role')
    expect(json.Arn).toBe(`arn:aws:sts::${B}:assumed-role/CrossAccountAccessRole/TestSession-1705317600`)
  })

  describe('the cross-account scenario', () => {
    let developer: Env
    test('is set up in both accounts', async () => {
      const made = await aws(
        as('account-b'),
        ...['iam', 'create-role', '--role-name', 'ProductionAccessRole', '--assume-role-policy-document', JSON.stringify(productionTrust)],
      )
      expect(made.json.Role?.Arn).toBe(PRODUCTION)
      const put = await aws(
        as('account-a'),
        ...['iam', 'put-role-policy', '--role-name', 'DeveloperRole', '--policy-name', 'AssumeProductionRole'],
        ...['--policy-document', JSON.stringify(assumeProduction)],
      )
      expect(put.error).toBe('')
    })
    test('leads a developer into production, only with the external ID', async () => {
      const first = await aws(
        as('account-a'),
        ...['sts', 'assume-role', '--role-arn', `arn:aws:iam::${A}:role/DeveloperRole`, '--role-session-name', 'dana'],
      )
      developer = credentialsIn(first)
      const enter = (...more: string[]) =>
        aws(developer, 'sts', 'assume-role', '--role-arn', PRODUCTION, '--role-session-name', 'dana', ...more)
      const second = await enter('--external-id', 'prod-access-2024')
      expect(second.json.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${B}:assumed-role/ProductionAccessRole/dana`)
      expect((await enter()).error).toMatch(/because no role trust policy allows the sts:AssumeRole action/)
      // Role chaining: one hour at most.
      expect((await enter('--external-id', 'prod-access-2024', '--duration-seconds', '3601')).error).toMatch(
        /1 hour session limit for roles assumed by role chaining/,
      )
    })
    test('does not let the administrator of A in, whom the trust policy does not name', async () => {
      const direct = await aws(
        as('account-a'),
        ...['sts', 'assume-role', '--role-arn', PRODUCTION, '--role-session-name', 'direct', '--external-id', 'prod-access-2024'],
      )
      expect(direct.error).toMatch(/user\/Administrator is not authorized to perform: sts:AssumeRole .*because no role trust policy allows/)
    })
  })

  describe('the troubleshooting chart', () => {
    const TESTUSER = `arn:aws:iam::${A}:user/testuser`
    const policy = (json: unknown, kind: PolicyKind) => {
      const parsed = parsePolicy(json, kind)
      if (!parsed.ok) throw new Error(parsed.faults.join('; '))
      return parsed.policy
    }
    /** What the library says from what IAM's read calls show: the trust policy by get-role, and the caller's policy as it was put. */
    async function diagnose(identity: readonly object[], context: Record<string, string>): Promise<readonly ClosedGate[]> {
      const { json } = await aws(as('account-b'), 'iam', 'get-role', '--role-name', 'CrossAccountAccessRole')
      return closedGates({
        principal: { arn: TESTUSER, account: A },
        action: 'sts:AssumeRole',
        resource: { arn: ROLE, account: B },
        context,
        identity: identity.map((one) => policy(one, 'identity')),
        resourcePolicy: policy(json.Role.AssumeRolePolicyDocument, 'trust'),
        resourcePolicyDecides: true,
      })
    }
    const permission = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ROLE } }
    const given = { 'sts:ExternalId': 'unique-external-id', 'aws:SourceIp': '203.0.113.7' }
    const permit = () =>
      aws(
        as('account-a'),
        ...['iam', 'put-user-policy', '--user-name', 'testuser', '--policy-name', 'p', '--policy-document', JSON.stringify(permission)],
      )
    const trustNow = (json: object) =>
      aws(
        as('account-b'),
        ...['iam', 'update-assume-role-policy', '--role-name', 'CrossAccountAccessRole', '--policy-document', JSON.stringify(json)],
      )

    test('gate "source has permission?": the documented error, the gate and its fix', async () => {
      const { error } = await assume(as('testuser'), ...EXTERNAL)
      expect(error).toContain(`User: ${TESTUSER} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`)
      expect(parseAccessDenied(error)).toMatchObject({
        principal: TESTUSER,
        action: 'sts:AssumeRole',
        layer: 'identity',
        denied: 'implicitly',
      })
      const [gate, ...rest] = await diagnose([], given)
      expect([gate?.gate, rest]).toEqual(['caller-permission', []])
      expect(gate?.fix).toBe(`Attach a policy to ${TESTUSER} that allows sts:AssumeRole on ${ROLE}.`)
      await permit()
      expect((await assume(as('testuser'), ...EXTERNAL)).ok).toBe(true)
      expect(await diagnose([permission], given)).toEqual([])
    })

    test('gate "trust policy valid?": the documented error, the gate and its fix', async () => {
      const [statement] = trustPolicy.Statement
      await trustNow({ ...trustPolicy, Statement: [{ ...statement, Principal: { AWS: 'arn:aws:iam::111122223333:root' } }] })
      const { error } = await assume(as('testuser'), ...EXTERNAL)
      expect(error).toContain(`User: ${TESTUSER} is not authorized to perform: sts:AssumeRole`)
      expect(parseAccessDenied(error)).toMatchObject({ layer: 'resource', denied: 'implicitly' })
      const [gate, ...rest] = await diagnose([permission], given)
      expect([gate?.gate, rest]).toEqual(['trust-policy', []])
      expect(gate?.fix).toContain(`arn:aws:iam::${A}:root`)
      await trustNow(trustPolicy)
      expect((await assume(as('testuser'), ...EXTERNAL)).ok).toBe(true)
    })

    test('gate "conditions met?": external ID and address', async () => {
      expect((await assume(as('testuser'))).error).toMatch(/because no role trust policy allows the sts:AssumeRole action/)
      const [withoutId] = await diagnose([permission], { 'aws:SourceIp': '203.0.113.7' })
      expect(withoutId).toMatchObject({ gate: 'condition', fix: 'Pass the external ID: --external-id unique-external-id.' })
      const elsewhere = await from(
        '198.51.100.9',
        as('testuser'),
        'sts',
        'assume-role',
        '--role-arn',
        ROLE,
        '--role-session-name',
        'one',
        ...EXTERNAL,
      )
      expect(elsewhere.error).toMatch(/AccessDenied.*because no role trust policy allows the sts:AssumeRole action/s)
      const [gate] = await diagnose([permission], { ...given, 'aws:SourceIp': '198.51.100.9' })
      expect(gate).toMatchObject({ gate: 'condition', conditions: [{ key: 'aws:SourceIp', given: ['198.51.100.9'] }] })
      expect(gate?.fix).toMatch(/^Call from an address in 203\.0\.113\.0\/24/)
      const inside = await from(
        '203.0.113.250',
        as('testuser'),
        'sts',
        'assume-role',
        '--role-arn',
        ROLE,
        '--role-session-name',
        'one',
        ...EXTERNAL,
      )
      expect(inside.ok).toBe(true)
    })

    test('gate "conditions met?": MFA', async () => {
      const [statement] = trustPolicy.Statement
      const Condition = { ...statement?.Condition, Bool: { 'aws:MultiFactorAuthPresent': 'true' } }
      await trustNow({ ...trustPolicy, Statement: [{ ...statement, Condition }] })
      expect((await assume(as('testuser'), ...EXTERNAL)).error).toMatch(/no role trust policy/)
      expect((await diagnose([permission], given))[0]?.fix).toMatch(/--serial-number and --token-code/)
      const { mfaCode } = await import('@stint/sandbox/aws/accounts')
      const device = sandbox.aws.guideUsers.flatMap((one) => one.device ?? [])[0]
      if (!device) throw new Error('no MFA device')
      const code = mfaCode(device.secret, sandbox.now())
      const entered = await assume(as('testuser'), ...EXTERNAL, '--serial-number', device.serial, '--token-code', code)
      expect(entered.error).toBe('')
      await trustNow(trustPolicy)
    })

    test('error "the request signature we calculated does not match": a wrong secret', async () => {
      const { error } = await aws({ ...user, AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) }, 'sts', 'get-caller-identity')
      expect(error).toMatch(/SignatureDoesNotMatch.*The request signature we calculated does not match the signature you provided/s)
    })
    test('error "clock skew": AWS names the time', async () => {
      sandbox.advance(20 * 60_000)
      const { error } = await aws(user, 'sts', 'get-caller-identity')
      sandbox.advance(-20 * 60_000)
      expect(error).toMatch(/SignatureDoesNotMatch.*Signature expired/s)
    })
    test('error "access denied" with temporary credentials: the role lacks the permission', async () => {
      await writeFile(join(folder, 'new.csv'), 'x')
      // PutObject has no s3:ExistingObjectTag, so the guide's own policy never allows it.
      const put = await aws(session, 's3api', 'put-object', '--bucket', 'my-secure-bucket', '--key', 'new.csv', '--acl', 'private')
      expect(put.error).toMatch(
        /AccessDenied.*s3:PutObject on resource: "arn:aws:s3:::my-secure-bucket\/new.csv" because no identity-based policy allows/s,
      )
    })
  })

  describe('the debugging commands', () => {
    test('aws sts get-caller-identity', async () => {
      expect((await aws(as('testuser'), 'sts', 'get-caller-identity')).json.Arn).toBe(`arn:aws:iam::${A}:user/testuser`)
    })
    test('aws iam get-role', async () => {
      const { json } = await aws(as('account-b'), 'iam', 'get-role', '--role-name', 'CrossAccountAccessRole')
      expect(json.Role).toMatchObject({ Arn: ROLE, AssumeRolePolicyDocument: trustPolicy, Description: 'Role for cross-account access' })
    })
    test('aws iam list-attached-role-policies', async () => {
      const { json } = await aws(as('account-b'), 'iam', 'list-attached-role-policies', '--role-name', 'CrossAccountAccessRole')
      expect(json.AttachedPolicies).toEqual([{ PolicyName: 'ReadOnlyAccess', PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }])
    })
    test('aws iam simulate-principal-policy tells the truth about trust', async () => {
      const simulate = async (...more: string[]) => {
        const { json, error } = await aws(
          as('account-a'),
          ...['iam', 'simulate-principal-policy', '--policy-source-arn', `arn:aws:iam::${A}:user/testuser`],
          ...['--action-names', 'sts:AssumeRole', '--resource-arns', ROLE, ...more],
        )
        expect(error).toBe('')
        return json.EvaluationResults[0]
      }
      const entries = (externalId: string) =>
        JSON.stringify([
          { ContextKeyName: 'sts:ExternalId', ContextKeyValues: [externalId], ContextKeyType: 'string' },
          { ContextKeyName: 'aws:SourceIp', ContextKeyValues: ['203.0.113.7'], ContextKeyType: 'ip' },
        ])
      const trust = (one: any) => Object.entries(one.EvalDecisionDetails).find(([name]) => name.startsWith('Role trust policy'))
      const bare = await simulate()
      expect(bare).toMatchObject({ EvalActionName: 'sts:AssumeRole', EvalResourceName: ROLE, EvalDecision: 'implicitDeny' })
      expect(bare.MissingContextValues.sort()).toEqual(['aws:SourceIp', 'sts:ExternalId'])
      expect(bare.MatchedStatements).toEqual([expect.objectContaining({ SourcePolicyId: 'p' })])
      expect(trust(bare)).toEqual([expect.stringContaining("AWS's simulator does not"), 'implicitDeny'])
      expect(await simulate('--context-entries', entries('unique-external-id'))).toMatchObject({ EvalDecision: 'allowed' })
      expect(await simulate('--context-entries', entries('other'))).toMatchObject({ EvalDecision: 'implicitDeny' })
    })
  })
})
