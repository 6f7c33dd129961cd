/**
 * The sandbox's AWS, asked by AWS's own SDK: trust policies, what may be passed, chaining, signatures, S3's conditions,
 * DynamoDB's old item and stream. Codes and messages as AWS documents them.
 */
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand, type AssumeRoleCommandInput, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { PolicyJson } from '@stint/iam'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addRole, addUser, type BrokerRole, brokerKey } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, s3, sts } from '../support/aws.ts'
import { exchange } from '../support/http.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const HOME = '123456789012'
const AWAY = '987654321098'
const ROLE = `arn:aws:iam::${AWAY}:role/ProductionAccessRole`

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const of = (...Statement: object[]): PolicyJson => ({ Version: '2012-10-17', Statement }) as PolicyJson
const allow = (Action: string | string[], Resource = '*', more: object = {}) => ({ Effect: 'Allow', Action, Resource, ...more })
const trust = (
  more: object = {},
  Action: string | string[] = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
  name = `arn:aws:iam::${HOME}:root`,
) => of({ Effect: 'Allow', Principal: { AWS: name }, Action, ...more })

let serial = 0
/** A role of its own for each row, and a user who may do this. */
function scene(options: { trust?: PolicyJson; user?: PolicyJson; role?: PolicyJson; maxSessionSeconds?: number; account?: string } = {}) {
  const { world } = sandbox.aws
  const arn = `${ROLE.replace(AWAY, options.account ?? AWAY)}${++serial}`
  addRole(
    world,
    arn,
    options.trust ?? trust(),
    [options.role ?? of(allow('*'))],
    options.maxSessionSeconds ? { maxSessionSeconds: options.maxSessionSeconds } : {},
  )
  const key = addUser(world, `arn:aws:iam::${HOME}:user/dana${serial}`, [options.user ?? of(allow('sts:*'))])
  const assume = (more: Partial<AssumeRoleCommandInput> = {}, by: SigningKey = key) =>
    sts(sandbox.urls.aws, by).send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'dana', ...more }))
  return { arn, key, assume }
}
const keyOf = (answer: Awaited<ReturnType<ReturnType<typeof scene>['assume']>>) => ({
  accessKeyId: answer.Credentials?.AccessKeyId ?? '',
  secretAccessKey: answer.Credentials?.SecretAccessKey ?? '',
  sessionToken: answer.Credentials?.SessionToken ?? '',
})

describe('AssumeRole: who may enter', () => {
  test('the documented answer', async () => {
    const { assume, arn } = scene()
    const answer = await assume({ SourceIdentity: 'dana', Tags: [{ Key: 'team', Value: 'dev' }], DurationSeconds: 900 })
    expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${AWAY}:assumed-role/${arn.split('/')[1]}/dana`)
    expect(answer.AssumedRoleUser?.AssumedRoleId).toMatch(/^AROA[A-Z2-7]{17}:dana$/)
    expect(answer.Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect(answer.SourceIdentity).toBe('dana')
    expect(answer.PackedPolicySize).toBeGreaterThan(0)
    expect(answer.Credentials?.Expiration?.getMilliseconds()).toBe(0)
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  const external = trust({ Condition: { StringEquals: { 'sts:ExternalId': 'prod-access-2024' } } })
  const network = trust({ Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } })
  const mfa = trust({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } })
  const tagged = trust({
    Condition: {
      Null: { 'aws:RequestTag/stint:session': 'false' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['stint:session', 'team'] },
    },
  })
  const user = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${HOME}:root` } }
  const beside = of(
    { ...user, Action: 'sts:AssumeRole', Condition: { StringEquals: { 'sts:ExternalId': 'prod-access-2024' } } },
    { ...user, Action: ['sts:TagSession', 'sts:SetSourceIdentity'] },
  )
  const named = trust({ Condition: { StringLike: { 'sts:RoleSessionName': 'dana*' } } })
  const sourced = trust({ Condition: { StringEquals: { 'sts:SourceIdentity': 'dana' } } })
  const tags = (...keys: string[]) => ({ Tags: keys.map((Key) => ({ Key, Value: 'x' })) })
  test.each<[string, Parameters<typeof scene>[0], Partial<AssumeRoleCommandInput>, string | undefined]>([
    ['the right external ID', { trust: external }, { ExternalId: 'prod-access-2024' }, undefined],
    ['the wrong external ID', { trust: external }, { ExternalId: 'other' }, 'no role trust policy allows the sts:AssumeRole action'],
    ['no external ID', { trust: external }, {}, 'no role trust policy allows the sts:AssumeRole action'],
    ['another network', { trust: network }, {}, 'no role trust policy allows'],
    ['MFA, which a plain key has not', { trust: mfa }, {}, 'no role trust policy allows'],
    ['a caller without permission', { user: of(allow('s3:*')) }, {}, 'no identity-based policy allows the sts:AssumeRole action'],
    [
      'a caller who is denied',
      { user: of(allow('sts:*'), { Effect: 'Deny', Action: 'sts:AssumeRole', Resource: '*' }) },
      {},
      'with an explicit deny in an identity-based policy',
    ],
    [
      'a trust policy that denies',
      {
        trust: of(
          { Effect: 'Allow', Principal: { AWS: HOME }, Action: 'sts:*' },
          { Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' },
        ),
      },
      {},
      'with an explicit deny in the role trust policy',
    ],
    [
      'a trust policy that names somebody else',
      { trust: trust({}, 'sts:*', `arn:aws:iam::${HOME}:user/other`) },
      {},
      'no role trust policy allows',
    ],
    ['tags, where the trust policy lacks sts:TagSession', { trust: trust({}, 'sts:AssumeRole') }, tags('team'), 'sts:TagSession'],
    [
      'tags, where the caller lacks sts:TagSession',
      { user: of(allow('sts:AssumeRole')) },
      tags('team'),
      'no identity-based policy allows the sts:TagSession action',
    ],
    [
      'a source identity, where the trust policy lacks sts:SetSourceIdentity',
      { trust: trust({}, ['sts:AssumeRole', 'sts:TagSession']) },
      { SourceIdentity: 'dana' },
      'sts:SetSourceIdentity',
    ],
    ['a demanded tag', { trust: tagged }, tags('stint:session'), undefined],
    ['no tag where one is required', { trust: tagged }, {}, 'no role trust policy allows'],
    ['a tag that is not among those admitted', { trust: tagged }, tags('stint:session', 'admin'), 'no role trust policy allows'],
    ['a session name that fits', { trust: named }, {}, undefined],
    ['a session name that does not', { trust: named }, { RoleSessionName: 'root' }, 'no role trust policy allows'],
    [
      'tags, on the condition of an external ID',
      { trust: external },
      { ExternalId: 'prod-access-2024', ...tags('team') },
      'sts:TagSession',
    ],
    ['tags, allowed beside an external ID', { trust: beside }, { ExternalId: 'prod-access-2024', ...tags('team') }, undefined],
    [
      'a source identity, on the condition of an external ID',
      { trust: external },
      { ExternalId: 'prod-access-2024', SourceIdentity: 'dana' },
      'sts:SetSourceIdentity',
    ],
    [
      'a source identity, allowed beside an external ID',
      { trust: beside },
      { ExternalId: 'prod-access-2024', SourceIdentity: 'dana' },
      undefined,
    ],
    ['a source identity that fits', { trust: sourced }, { SourceIdentity: 'dana' }, undefined],
    ['a source identity that does not', { trust: sourced }, { SourceIdentity: 'root' }, 'no role trust policy allows'],
  ])('%s', async (_name, setting, asked, message) => {
    const { assume } = scene(setting)
    if (message === undefined) return void expect((await assume(asked)).Credentials).toBeDefined()
    const error = await errorOf(assume(asked))
    expect([error.name, error.$metadata?.httpStatusCode]).toEqual(['AccessDenied', 403])
    expect(error.message).toContain(message)
  })

  test('in one account a trust policy that names the caller needs no identity policy', async () => {
    const user = `arn:aws:iam::${HOME}:user/dana${serial + 1}`
    const { assume } = scene({ account: HOME, trust: trust({}, 'sts:AssumeRole', user), user: of(allow('s3:*')) })
    expect((await assume()).Credentials).toBeDefined()
  })

  test('a role that is not there answers as one that denies', async () => {
    const { assume } = scene()
    expect(await errorOf(assume({ RoleArn: `arn:aws:iam::${AWAY}:role/Nothing` }))).toMatchObject({
      name: 'AccessDenied',
      message: expect.stringMatching(/is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::987654321098:role\/Nothing$/),
    })
  })

  test.each<[string, Partial<AssumeRoleCommandInput>, string, string]>([
    ['a duration below 900', { DurationSeconds: 899 }, 'ValidationError', 'greater than or equal to 900'],
    ['a duration above 12 hours', { DurationSeconds: 43_201 }, 'ValidationError', 'less than or equal to 43200'],
    ['a duration above the role’s', { DurationSeconds: 3601 }, 'ValidationError', 'exceeds the MaxSessionDuration set for this role'],
    ['a session name with a slash', { RoleSessionName: 'a/b' }, 'ValidationError', "at 'roleSessionName'"],
    ['a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocumentException', 'invalid Json'],
    [
      'a policy with an unknown operator',
      { Policy: JSON.stringify(of(allow('*', '*', { Condition: { StringIs: { k: 'v' } } }))) },
      'MalformedPolicyDocumentException',
      'StringIs',
    ],
    [
      'a policy of 2,049 characters',
      { Policy: JSON.stringify(of(allow('*', `arn:aws:s3:::${'x'.repeat(2000)}`))).padEnd(2049) },
      'ValidationError',
      '2048',
    ],
    [
      'two tags that differ in case',
      {
        Tags: [
          { Key: 'Team', Value: 'a' },
          { Key: 'team', Value: 'b' },
        ],
      },
      'InvalidParameterValue',
      'case insensitive',
    ],
    ['a tag value with a star', { Tags: [{ Key: 'team', Value: '*' }] }, 'ValidationError', 'tags.1.member.value'],
    [
      'a transitive key that is no tag',
      { Tags: [{ Key: 'a', Value: 'b' }], TransitiveTagKeys: ['c'] },
      'InvalidParameterValue',
      'transitive',
    ],
    [
      'tags too large together',
      { Tags: Array.from({ length: 9 }, (_, index) => ({ Key: `k${index}`, Value: 'v'.repeat(250) })) },
      'PackedPolicyTooLargeException',
      '% of allotted space',
    ],
    ['a source identity of AWS’s', { SourceIdentity: 'aws:x' }, 'ValidationError', 'sourceIdentity'],
    [
      'a managed policy that is not there',
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/Nothing' }] },
      'MalformedPolicyDocumentException',
      'does not exist',
    ],
  ])('%s', async (_name, asked, code, message) => {
    const error = await errorOf(scene().assume(asked))
    expect([error.name, error.$metadata?.httpStatusCode]).toEqual([code, 400])
    expect(error.message).toContain(message)
  })
})

describe('role chaining', () => {
  test('lasts an hour at most, whatever the role allows', async () => {
    const broker = brokerKey(sandbox.aws.world, 'broker')
    const role = `arn:aws:iam::${AWAY}:role/Long${++serial}`
    addRole(sandbox.aws.world, role, trust({}, 'sts:*', `arn:aws:iam::${HOME}:role/stint-chain`), [of(allow('*'))], {
      maxSessionSeconds: 43_200,
    })
    const { assume } = scene({ trust: trust({}, 'sts:*', `arn:aws:iam::${HOME}:root`), maxSessionSeconds: 43_200 })
    const first = keyOf(await assume({ DurationSeconds: 7200 }))
    const { assume: next } = scene({ trust: trust({}, 'sts:*', `arn:aws:iam::${AWAY}:root`), maxSessionSeconds: 43_200 })
    expect(await errorOf(next({ DurationSeconds: 3601 }, first))).toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining('1 hour session limit for roles assumed by role chaining'),
    })
    expect((await next({ DurationSeconds: 3600 }, first)).Credentials).toBeDefined()
    expect(broker.sessionToken).toBeTruthy()
  })

  test('a source identity sticks, and transitive tags ride along and cannot be set again', async () => {
    const { assume } = scene()
    const first = keyOf(
      await assume({
        SourceIdentity: 'dana',
        Tags: [
          { Key: 'team', Value: 'dev' },
          { Key: 'once', Value: 'x' },
        ],
        TransitiveTagKeys: ['team'],
      }),
    )
    const away = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${AWAY}:root` } }
    const onward = (more: object = {}) =>
      of({ ...away, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], ...more }, { ...away, Action: 'sts:TagSession' })
    const second = await scene({ trust: onward({ Condition: { StringEquals: { 'sts:SourceIdentity': 'dana' } } }) }).assume({}, first)
    expect(second.SourceIdentity).toBe('dana')
    expect(await errorOf(scene({ trust: onward() }).assume({ SourceIdentity: 'sam' }, first))).toMatchObject({ name: 'AccessDenied' })
    expect(await errorOf(scene({ trust: onward() }).assume({ Tags: [{ Key: 'Team', Value: 'ops' }] }, first))).toMatchObject({
      name: 'InvalidParameterValue',
    })
    // A trust policy that does not allow the tags that ride along refuses the whole call.
    expect(
      await errorOf(
        scene({ trust: trust({}, ['sts:AssumeRole', 'sts:SetSourceIdentity'], `arn:aws:iam::${AWAY}:root`) }).assume({}, first),
      ),
    ).toMatchObject({ message: expect.stringContaining('sts:TagSession') })
    // The tag is the session's now: a policy variable sees it.
    const reader = scene({ role: of(allow('s3:GetObject', 'arn:aws:s3:::acme-${aws:PrincipalTag/bucket}/*')) })
    const client = s3(sandbox.urls.aws, keyOf(await reader.assume({ Tags: [{ Key: 'bucket', Value: 'customers' }] })))
    // Across accounts the bucket would have to allow it too.
    expect((await errorOf(client.send(new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' })))).message).toContain(
      'no resource-based policy',
    )
  })
})

describe('session policies', () => {
  test('inline and managed together are a union, cut by the role', async () => {
    const { assume } = scene({ account: '111122223333', role: of(allow('s3:*')) })
    const policy = (...statements: object[]) => JSON.stringify(of(...statements))
    const client = async (asked: Partial<AssumeRoleCommandInput>) => s3(sandbox.urls.aws, keyOf(await assume(asked)))
    const read = new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' })
    expect((await errorOf((await client({ Policy: policy(allow('s3:PutObject')) })).send(read))).message).toContain(
      'no session policy allows the s3:GetObject action',
    )
    expect(
      (
        await (
          await client({ Policy: policy(allow('s3:PutObject')), PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' }] })
        ).send(read)
      ).ETag,
    ).toBeTruthy()
    expect(
      (
        await errorOf(
          (
            await client({
              Policy: policy({ Effect: 'Deny', Action: 's3:GetObject', Resource: '*' }),
              PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' }],
            })
          ).send(read),
        )
      ).message,
    ).toContain('explicit deny in a session policy')
  })
})

describe('signatures', () => {
  const signedBy = (key: SigningKey) => s3(sandbox.urls.aws, key)
  const read = () => new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' })
  /** Changes the request after it was signed, on its way. */
  function tampered(key: SigningKey, change: (request: any) => void) {
    const client = signedBy(key)
    client.middlewareStack.add(
      (next) => (args: any) => {
        change(args.request)
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    )
    return client
  }
  const admin = () => addUser(sandbox.aws.world, `arn:aws:iam::111122223333:user/admin${++serial}`, [of(allow('*'))])

  test('the control passes', async () => expect((await tampered(admin(), () => {}).send(read())).ETag).toBeTruthy())
  test.each<[string, (request: any) => void, string]>([
    ['another key', (request) => void (request.path = request.path.replace('customers.csv', 'other.csv')), 'SignatureDoesNotMatch'],
    [
      'another bucket',
      (request) => void (request.path = request.path.replace('acme-customers', 'acme-web-assets')),
      'SignatureDoesNotMatch',
    ],
    ['a query', (request) => void (request.query = { ...request.query, versionId: '1' }), 'SignatureDoesNotMatch'],
    ['another method', (request) => void (request.method = 'DELETE'), 'SignatureDoesNotMatch'],
    ['a header that was signed', (request) => void (request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'), 'SignatureDoesNotMatch'],
    ['a header added that ought to be signed', (request) => void (request.headers['x-amz-copy-source'] = '/b/k'), 'AccessDenied'],
    [
      'another date',
      (request) => void (request.headers['x-amz-date'] = request.headers['x-amz-date'].replace(/\d\dZ$/, '00Z').replace(/T\d\d/, 'T00')),
      'RequestTimeTooSkewed|SignatureDoesNotMatch',
    ],
    [
      'another access key',
      (request) => void (request.headers.authorization = request.headers.authorization.replace(/AKIA\w{16}/, 'AKIAAAAAAAAAAAAAAAAA')),
      'InvalidAccessKeyId',
    ],
    [
      'another region in the scope',
      (request) => void (request.headers.authorization = request.headers.authorization.replace('eu-central-1', 'us-east-1')),
      'SignatureDoesNotMatch',
    ],
    ['no signature', (request) => void delete request.headers.authorization, 'AccessDenied'],
  ])('%s is refused', async (_name, change, code) => {
    expect((await errorOf(tampered(admin(), change).send(read()))).name).toMatch(new RegExp(`^(${code})$`))
  })
  test('a body changed under its hash is refused', async () => {
    const client = tampered(admin(), (request) => void (request.body = 'changed'))
    expect(
      (await errorOf(client.send(new PutObjectCommand({ Bucket: 'acme-releases', Key: 'x', Body: 'original', ContentLength: 7 })))).name,
    ).toBe('XAmzContentSHA256Mismatch')
  })
  test('the wrong secret, and a session without its token', async () => {
    const key = admin()
    expect((await errorOf(signedBy({ ...key, secretAccessKey: 'x' }).send(read()))).name).toBe('SignatureDoesNotMatch')
    const { sessionToken: _token, ...half } = keyOf(await scene().assume())
    expect((await errorOf(signedBy(half).send(read()))).name).toBe('InvalidToken')
    expect((await errorOf(sts(sandbox.urls.aws, { ...key, secretAccessKey: 'x' }).send(new GetCallerIdentityCommand({})))).name).toBe(
      'SignatureDoesNotMatch',
    )
  })
  test('credentials are dead at their expiry', async () => {
    const client = sts(sandbox.urls.aws, keyOf(await scene().assume({ DurationSeconds: 900 })))
    await client.send(new GetCallerIdentityCommand({}))
    sandbox.advance(890_000)
    await client.send(new GetCallerIdentityCommand({}))
    sandbox.advance(10_000)
    const fresh = sts(sandbox.urls.aws, client.config.credentials as never)
    fresh.config.systemClockOffset = 900_000
    expect((await errorOf(fresh.send(new GetCallerIdentityCommand({})))).name).toMatch(/^ExpiredToken/)
    sandbox.advance(-900_000)
  })
})

describe('S3', () => {
  const owner = () =>
    s3(sandbox.urls.aws, addUser(sandbox.aws.world, `arn:aws:iam::111122223333:user/owner${++serial}`, [of(allow('s3:*'))]))
  const put = (more: object = {}, Body = 'one') => new PutObjectCommand({ Bucket: 'acme-releases', Key: 'cas', Body, ...more })

  test('objects are put, read, listed in pages and deleted', async () => {
    const client = owner()
    for (const Key of ['a/1', 'a/2', 'b/1', 'odd key+&ü'])
      await client.send(new PutObjectCommand({ Bucket: 'acme-releases', Key, Body: Key }))
    expect(await (await client.send(new GetObjectCommand({ Bucket: 'acme-releases', Key: 'odd key+&ü' }))).Body?.transformToString()).toBe(
      'odd key+&ü',
    )
    const first = await client.send(new ListObjectsV2Command({ Bucket: 'acme-releases', MaxKeys: 2 }))
    expect([first.IsTruncated, first.Contents?.map(({ Key }) => Key)]).toEqual([true, ['a/1', 'a/2']])
    const second = await client.send(
      new ListObjectsV2Command({ Bucket: 'acme-releases', MaxKeys: 2, ContinuationToken: first.NextContinuationToken }),
    )
    expect([second.IsTruncated, second.Contents?.map(({ Key }) => Key)]).toEqual([false, ['b/1', 'odd key+&ü']])
    expect(
      (await client.send(new ListObjectsV2Command({ Bucket: 'acme-releases', Delimiter: '/' }))).CommonPrefixes?.map(
        ({ Prefix }) => Prefix,
      ),
    ).toEqual(['a/', 'b/'])
    for (const Key of ['a/1', 'a/2', 'b/1', 'odd key+&ü']) await client.send(new DeleteObjectCommand({ Bucket: 'acme-releases', Key }))
    expect((await client.send(new ListObjectsV2Command({ Bucket: 'acme-releases' }))).KeyCount).toBe(0)
    expect((await client.send(new ListBucketsCommand({}))).Buckets?.length).toBeGreaterThan(3)
    await client.send(new HeadBucketCommand({ Bucket: 'acme-releases' }))
  })

  test('If-None-Match creates once, If-Match replaces what was seen', async () => {
    const client = owner()
    const created = await client.send(put({ IfNoneMatch: '*' }))
    expect(await errorOf(client.send(put({ IfNoneMatch: '*' }, 'two')))).toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    })
    expect(await errorOf(client.send(put({ IfMatch: '"0"' }, 'two')))).toMatchObject({ name: 'PreconditionFailed' })
    const replaced = await client.send(put({ IfMatch: created.ETag }, 'two'))
    expect(replaced.ETag).not.toBe(created.ETag)
    expect((await client.send(new HeadObjectCommand({ Bucket: 'acme-releases', Key: 'cas' }))).ETag).toBe(replaced.ETag)
    await client.send(new DeleteObjectCommand({ Bucket: 'acme-releases', Key: 'cas' }))
    expect(await errorOf(client.send(put({ IfMatch: created.ETag })))).toMatchObject({
      name: 'NoSuchKey',
      $metadata: { httpStatusCode: 404 },
    })
  })

  test('of 20 who create at once, one does', async () => {
    const client = owner()
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        client.send(new PutObjectCommand({ Bucket: 'acme-releases', Key: 'race', Body: String(index), IfNoneMatch: '*' })),
      ),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('whether a key exists is told only to those who may list', async () => {
    const reader = s3(
      sandbox.urls.aws,
      addUser(sandbox.aws.world, `arn:aws:iam::111122223333:user/reader${++serial}`, [of(allow('s3:GetObject'))]),
    )
    const missing = new GetObjectCommand({ Bucket: 'acme-releases', Key: 'nothing' })
    expect((await errorOf(reader.send(missing))).name).toBe('AccessDenied')
    expect((await errorOf(owner().send(missing))).name).toBe('NoSuchKey')
    expect((await errorOf(owner().send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'x' })))).name).toBe('NoSuchBucket')
  })
})

describe('DynamoDB', () => {
  const client = () =>
    new DynamoDBClient({
      endpoint: sandbox.urls.aws,
      region: 'eu-central-1',
      credentials: brokerKey(sandbox.aws.world, 'broker'),
      maxAttempts: 1,
    })
  const update = (pk: string, more: object = {}) =>
    new UpdateItemCommand({
      TableName: 'stint-side',
      Key: { pk: { S: pk }, sk: { S: '-' } },
      UpdateExpression: 'SET n = if_not_exists(n, :zero) + :one',
      ExpressionAttributeValues: { ':zero': { N: '0' }, ':one': { N: '1' } },
      ...more,
    })

  test('a failed condition brings the old item where it is asked for', async () => {
    const db = client()
    await db.send(new PutItemCommand({ TableName: 'stint-side', Item: { pk: { S: 'MSG#old' }, sk: { S: '-' }, n: { N: '7' } } }))
    const failing = (more: object) =>
      db.send(
        new PutItemCommand({
          TableName: 'stint-side',
          Item: { pk: { S: 'MSG#old' }, sk: { S: '-' } },
          ConditionExpression: 'attribute_not_exists(pk)',
          ...more,
        }),
      )
    expect(await errorOf(failing({ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }))).toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { pk: { S: 'MSG#old' }, n: { N: '7' } },
    })
    expect(((await errorOf(failing({}))) as { Item?: unknown }).Item).toBeUndefined()
  })

  test('the stream has every change of an item, in order, with both images', async () => {
    const db = client()
    const before = sandbox.aws.dynamo.records.length
    await Promise.all(Array.from({ length: 25 }, () => db.send(update('MSG#counter'))))
    const records = sandbox.aws.dynamo.records.slice(before).filter(({ keys }) => keys.pk?.S === 'MSG#counter')
    expect(records.map(({ newImage }) => Number(newImage?.n?.N))).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
    expect(records.map(({ oldImage }) => Number(oldImage?.n?.N ?? 0))).toEqual(Array.from({ length: 25 }, (_, index) => index))
    expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', ...Array(24).fill('MODIFY')])
  })

  test('each role does what its policy says: items by the prefix of their key, no Scan, and api assumes nothing', async () => {
    const as = (role: BrokerRole) =>
      new DynamoDBClient({
        endpoint: sandbox.urls.aws,
        region: 'eu-central-1',
        credentials: brokerKey(sandbox.aws.world, role),
        maxAttempts: 1,
      })
    const nameOf = (call: Promise<unknown>) =>
      call.then(
        () => 'allowed',
        (error: Error) => error.name,
      )
    const key = (pk: string, sk?: string) => ({ pk: { S: pk }, ...(sk ? { sk: { S: sk } } : {}) })
    const get = (pk: string) => new GetItemCommand({ TableName: 'stint', Key: key(pk) })
    const put = (pk: string) => new PutItemCommand({ TableName: 'stint', Item: key(pk) })
    const batch = (...pks: string[]) => new BatchGetItemCommand({ RequestItems: { stint: { Keys: pks.map((pk) => key(pk)) } } })
    const side = (pk: string) => new PutItemCommand({ TableName: 'stint-side', Item: key(pk, '-') })
    const denied = 'AccessDeniedException'
    expect([
      await nameOf(as('api').send(get('REQ#x'))),
      await nameOf(as('api').send(get('x'))),
      await nameOf(as('api').send(put('SYS#x'))),
      await nameOf(as('vend').send(get('LINK#x'))),
      await nameOf(as('vend').send(batch('FREEZE#a', 'FREEZE#b'))),
      await nameOf(as('vend').send(batch('FREEZE#a', 'LINK#b'))),
      await nameOf(as('notify').send(put('REQ#x'))),
      await nameOf(as('ship').send(put('REQ#x'))),
      await nameOf(as('notify').send(side('MSG#x'))),
      await nameOf(as('notify').send(side('LOG#HEAD'))),
      await nameOf(as('vend').send(side('LOG#HEAD'))),
      await nameOf(as('api').send(new DeleteItemCommand({ TableName: 'stint', Key: key('REQ#x') }))),
      await nameOf(as('broker').send(new ScanCommand({ TableName: 'stint' }))),
    ]).toEqual(['allowed', ...Array(3).fill(denied), 'allowed', ...Array(3).fill(denied), 'allowed', ...Array(4).fill(denied)])
    const assume = new AssumeRoleCommand({
      RoleArn: 'arn:aws:iam::444455556666:role/stint/PowerUser',
      RoleSessionName: 'api',
      ExternalId: 'stint-staging-c2d5',
      Tags: [{ Key: 'stint:session', Value: 'x' }],
    })
    expect((await errorOf(sts(sandbox.urls.aws, brokerKey(sandbox.aws.world, 'api')).send(assume))).name).toBe('AccessDenied')
    expect((await sts(sandbox.urls.aws, brokerKey(sandbox.aws.world, 'vend')).send(assume)).Credentials).toBeDefined()
  })
})

describe('every port refuses what a web page elsewhere could send', () => {
  const ports = () => [sandbox.urls.broker, sandbox.urls.issuer, sandbox.urls.aws]
  test.each<[string, string[]]>([
    ['another Host, as after DNS rebinding', ['host', 'evil.example']],
    ['another origin', ['origin', 'https://evil.example']],
    ['the null origin', ['origin', 'null']],
    ['another site', ['sec-fetch-site', 'cross-site']],
    ['a sibling site', ['sec-fetch-site', 'same-site']],
  ])('%s', async (_name, headers) => {
    for (const url of ports()) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const answer = await exchange(url, { method, path: '/', headers })
        expect(answer.status).toBe(403)
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
      }
    }
  })
})
