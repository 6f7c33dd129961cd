/**
 * The sandbox's STS beyond AssumeRole, called by AWS's own SDK: JWTs of its issuers, sessions of users with MFA, and key IDs. Codes and
 * messages as the AWS STS API Reference has them.
 */

import { gunzipSync } from 'node:zlib'
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  GetWebIdentityTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import type { PolicyJson } from '@stint/iam'
import { mfaCode } from '@stint/sandbox/aws/accounts'
import { addMfaDevice } from '@stint/sandbox/aws/guide-world'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addRole, addUser } from '@stint/sandbox/aws/world'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, s3, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const ACCOUNT = '111122223333'
let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const of = (...Statement: object[]): PolicyJson => ({ Version: '2012-10-17', Statement }) as PolicyJson
const allow = (Action: string | string[], Resource = '*') => ({ Effect: 'Allow', Action, Resource })
const keyOf = (
  credentials: { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined } | undefined,
) => ({
  accessKeyId: credentials?.AccessKeyId ?? '',
  secretAccessKey: credentials?.SecretAccessKey ?? '',
  sessionToken: credentials?.SessionToken ?? '',
})
let serial = 0

describe('AssumeRoleWithWebIdentity', () => {
  const host = (name = 'actions') => `${sandbox.urls.issuer.replace('http://', '')}/${name}`
  const trust = (Condition: object, name = 'actions') =>
    of({
      Effect: 'Allow',
      Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${host(name)}` },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition,
    })
  const pinned = () =>
    trust({
      StringEquals: { [`${host()}:aud`]: 'https://stint.acme.example' },
      StringLike: { [`${host()}:sub`]: 'repo:acme/web:ref:refs/heads/main' },
    })
  /** The client has no credentials at all: the call is not signed. */
  const enter = async (more: Partial<AssumeRoleWithWebIdentityCommandInput> = {}, given: PolicyJson = pinned(), job = 'ci-main') => {
    const arn = `arn:aws:iam::${ACCOUNT}:role/Ci${++serial}`
    addRole(sandbox.aws.world, arn, given, [of(allow('s3:*'))], { maxSessionSeconds: 7200 })
    const WebIdentityToken = await sandbox.token(job)
    const client = new STSClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', maxAttempts: 1 })
    return client.send(new AssumeRoleWithWebIdentityCommand({ RoleArn: arn, RoleSessionName: 'job', WebIdentityToken, ...more }))
  }

  test('gives a session to the job that the trust policy names, and the session works', async () => {
    const answer = await enter({ DurationSeconds: 7200 })
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: 'repo:acme/web:ref:refs/heads/main',
      Audience: 'https://stint.acme.example',
      Provider: `arn:aws:iam::${ACCOUNT}:oidc-provider/${host()}`,
    })
    const client = s3(sandbox.urls.aws, keyOf(answer.Credentials))
    expect((await client.send(new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' }))).ETag).toBeTruthy()
  })
  test('takes a session policy', async () => {
    const answer = await enter({ Policy: JSON.stringify(of(allow('s3:ListBucket'))) })
    const client = s3(sandbox.urls.aws, keyOf(answer.Credentials))
    expect((await errorOf(client.send(new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' })))).message).toContain(
      'no session policy',
    )
  })

  test('is recorded in the role’s account, without the token', async () => {
    const answer = await enter({ RoleSessionName: 'recorded' })
    sandbox.aws.server.trail.deliver()
    const files = [...(sandbox.aws.world.buckets.get('acme-cloudtrail')?.objects.values() ?? [])]
    const records = files.flatMap(({ body }) => JSON.parse(gunzipSync(body).toString()).Records)
    const record = records.find((one) => one.requestParameters?.roleSessionName === 'recorded')
    expect(record).toMatchObject({
      eventName: 'AssumeRoleWithWebIdentity',
      recipientAccountId: ACCOUNT,
      userIdentity: { type: 'WebIdentityUser', userName: 'repo:acme/web:ref:refs/heads/main' },
      responseElements: { credentials: { accessKeyId: answer.Credentials?.AccessKeyId } },
    })
    expect(JSON.stringify(record)).not.toMatch(/eyJ/)
  })

  const foreign = async (change: (jwt: SignJWT) => SignJWT = (jwt) => jwt) => {
    const { privateKey } = await generateKeyPair('ES256')
    const jwt = new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'k' }).setIssuer(`http://${host()}`).setSubject('s')
    return change(jwt.setAudience('https://stint.acme.example').setIssuedAt().setExpirationTime('5m')).sign(privateKey)
  }
  test.each<[title: string, send: () => Promise<unknown>, name: string, status: number, message: string | RegExp]>([
    [
      'another branch',
      () => enter({}, pinned(), 'ci-branch'),
      'AccessDenied',
      403,
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    ],
    [
      'another issuer than the role trusts',
      () => enter({}, trust({}, 'people')),
      'AccessDenied',
      403,
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    ],
    [
      'a role that trusts an account, not a provider',
      () => enter({}, of({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:*' })),
      'AccessDenied',
      403,
      /Not authorized/,
    ],
    ['a role that does not exist', () => enter({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/None` }), 'AccessDenied', 403, /Not authorized/],
    [
      'a token signed by another key',
      async () => enter({ WebIdentityToken: await foreign() }),
      'InvalidIdentityToken',
      400,
      /could not be validated/,
    ],
    [
      'an issuer that the account does not have',
      async () => enter({ WebIdentityToken: await foreign((jwt) => jwt.setIssuer('https://evil.example')) }),
      'InvalidIdentityToken',
      400,
      'No OpenIDConnect provider found in your account for https://evil.example',
    ],
    ['no JWT', () => enter({ WebIdentityToken: 'not-a-token' }), 'InvalidIdentityToken', 400, /not a valid JWT/],
    ['more than the role allows', () => enter({ DurationSeconds: 7201 }), 'ValidationError', 400, /exceeds the MaxSessionDuration/],
  ])('refuses %s', async (_title, send, name, status, message) => {
    const error = await errorOf(send())
    expect([error.name.replace(/Exception$/, ''), error.$metadata?.httpStatusCode]).toEqual([name, status])
    if (typeof message === 'string') expect(error.message).toBe(message)
    else expect(error.message).toMatch(message)
  })
  test('refuses an expired token', async () => {
    const WebIdentityToken = await sandbox.token('ci-main')
    sandbox.advance(301_000)
    const error = await errorOf(enter({ WebIdentityToken }))
    sandbox.advance(-301_000)
    expect(error).toMatchObject({ name: 'ExpiredTokenException', $metadata: { httpStatusCode: 400 } })
  })
})

describe('GetSessionToken', () => {
  const scene = (policies: readonly PolicyJson[] = [of(allow(['iam:ListRoles', 's3:GetObject', 'sts:AssumeRole']))]) => {
    const name = `mfa${++serial}`
    const key = addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/${name}`, policies)
    const device = addMfaDevice(sandbox.aws.world, ACCOUNT, name)
    const code = (steps = 0) => mfaCode(device.secret, sandbox.now(), steps)
    const session = (more: object = {}, by: SigningKey = key) => sts(sandbox.urls.aws, by).send(new GetSessionTokenCommand(more))
    return { name, key, device, code, session }
  }
  const listRoles = (credentials: SigningKey) =>
    new IAMClient({ endpoint: sandbox.urls.aws, region: 'us-east-1', credentials, maxAttempts: 1 }).send(
      new ListRolesCommand({ MaxItems: 1 }),
    )

  test('is the user, for 12 hours', async () => {
    const { session, name } = scene()
    const { Credentials } = await session()
    expect(Math.round(((Credentials?.Expiration?.getTime() ?? 0) - sandbox.now()) / 3_600_000)).toBe(12)
    const who = await sts(sandbox.urls.aws, keyOf(Credentials)).send(new GetCallerIdentityCommand({}))
    expect(who.Arn).toBe(`arn:aws:iam::${ACCOUNT}:user/${name}`)
  })
  test('calls IAM only with MFA', async () => {
    const { session, device, code } = scene()
    expect(await errorOf(listRoles(keyOf((await session()).Credentials)))).toMatchObject({ name: 'InvalidClientTokenId' })
    const { Credentials } = await session({ SerialNumber: device.serial, TokenCode: code() })
    expect((await listRoles(keyOf(Credentials))).Roles).toHaveLength(1)
  })
  test('opens a role that demands MFA, as a code with AssumeRole does; a plain key does not', async () => {
    const { session, device, code, key } = scene()
    const arn = `arn:aws:iam::${ACCOUNT}:role/Mfa${++serial}`
    const Condition = { Bool: { 'aws:MultiFactorAuthPresent': 'true' }, NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } }
    addRole(sandbox.aws.world, arn, of({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole', Condition }), [])
    const assume = (by: SigningKey, more: object = {}) =>
      sts(sandbox.urls.aws, by).send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'one', ...more }))
    expect((await errorOf(assume(key))).message).toContain('no role trust policy allows')
    expect((await errorOf(assume(keyOf((await session()).Credentials)))).message).toContain('no role trust policy allows')
    const withMfa = keyOf((await session({ SerialNumber: device.serial, TokenCode: code(-1) })).Credentials)
    expect((await assume(withMfa)).Credentials).toBeDefined()
    expect((await assume(key, { SerialNumber: device.serial, TokenCode: code() })).Credentials).toBeDefined()
    sandbox.advance(3_700_000)
    const late = sts(sandbox.urls.aws, withMfa)
    late.config.systemClockOffset = 3_700_000
    expect((await errorOf(late.send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'one' })))).message).toContain(
      'no role trust policy',
    )
    sandbox.advance(-3_700_000)
  })
  test('refuses a wrong code, a used code, a device of somebody else, and a session', async () => {
    const { session, device, code } = scene()
    const wrong = code() === '000000' ? '000001' : '000000'
    const failed = 'MultiFactorAuthentication failed with invalid MFA one time pass code.'
    expect((await errorOf(session({ SerialNumber: device.serial, TokenCode: wrong }))).message).toBe(failed)
    // A code is good for its 30 seconds and the 30 after them.
    expect((await errorOf(session({ SerialNumber: device.serial, TokenCode: code(-2) }))).message).toBe(failed)
    const used = code()
    const { Credentials } = await session({ SerialNumber: device.serial, TokenCode: used })
    expect((await errorOf(session({ SerialNumber: device.serial, TokenCode: used }))).message).toBe(failed)
    const other = scene()
    expect((await errorOf(session({ SerialNumber: other.device.serial, TokenCode: other.code() }))).message).toMatch(
      /verify your MFA serial number/,
    )
    expect(await errorOf(session({}, keyOf(Credentials)))).toMatchObject({
      name: 'AccessDenied',
      message: 'Cannot call GetSessionToken with session credentials',
    })
    expect(await errorOf(session({ SerialNumber: device.serial }))).toMatchObject({ name: 'ValidationError' })
    expect(await errorOf(session({ DurationSeconds: 129_601 }))).toMatchObject({ name: 'ValidationError' })
  })
  test('ends when it says', async () => {
    const { Credentials } = await scene().session({ DurationSeconds: 900 })
    sandbox.advance(901_000)
    const client = sts(sandbox.urls.aws, keyOf(Credentials))
    client.config.systemClockOffset = 901_000
    expect((await errorOf(client.send(new GetCallerIdentityCommand({})))).name).toMatch(/^ExpiredToken/)
    sandbox.advance(-901_000)
  })
})

describe('GetAccessKeyInfo', () => {
  test.each(['AKIA', 'ASIA'])('names the account of a key ID that begins with %s', async (prefix) => {
    const key = addUser(sandbox.aws.world, `arn:aws:iam::004455556666:user/info${++serial}`, [])
    const { Credentials } = await sts(sandbox.urls.aws, key).send(new GetSessionTokenCommand({}))
    const AccessKeyId = prefix === 'AKIA' ? key.accessKeyId : (Credentials?.AccessKeyId ?? '')
    expect(AccessKeyId.startsWith(prefix)).toBe(true)
    const asker = addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/asker${++serial}`, [])
    expect((await sts(sandbox.urls.aws, asker).send(new GetAccessKeyInfoCommand({ AccessKeyId }))).Account).toBe('004455556666')
  })
  test('refuses what is no key ID', async () => {
    const asker = addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/asker${++serial}`, [])
    const error = await errorOf(sts(sandbox.urls.aws, asker).send(new GetAccessKeyInfoCommand({ AccessKeyId: 'AKIA0000000000000000' })))
    expect(error).toMatchObject({ name: 'ValidationError' })
  })
})

test('GetWebIdentityToken carries the tags of a session that has a source identity', async () => {
  const arn = `arn:aws:iam::${ACCOUNT}:role/Out${++serial}`
  const Action = ['sts:AssumeRole', 'sts:SetSourceIdentity']
  addRole(sandbox.aws.world, arn, of({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action }), [of(allow('sts:GetWebIdentityToken'))])
  const key = addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/out${++serial}`, [of(allow('sts:*'))])
  const { Credentials } = await sts(sandbox.urls.aws, key).send(
    new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'one', SourceIdentity: 'dana' }),
  )
  const { WebIdentityToken = '' } = await sts(sandbox.urls.aws, keyOf(Credentials)).send(
    new GetWebIdentityTokenCommand({ Audience: ['https://api.example'], SigningAlgorithm: 'ES384' }),
  )
  const claims = JSON.parse(Buffer.from(WebIdentityToken.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ sub: arn, 'https://sts.amazonaws.com/': { source_identity: 'dana' } })
})
