/**
 * The main job from end to end: sign in, vend, use the credentials with AWS's own SDK, be limited by them, see them end.
 * Everything here goes over real HTTP.
 */
import { GetObjectCommand, HeadObjectCommand, ListBucketsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { fromHttp } from '@aws-sdk/credential-provider-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, fromVend, s3, sts } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const logs = (duration = '15m') => ({ profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' }, duration })

describe('a developer reads one log bucket', () => {
  test('the answer has the session and credentials that the SDK takes', async () => {
    const { status, headers, json } = await sandbox.vend(await sandbox.token('developer'), logs())
    expect(status).toBe(201)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('location')).toBe(`/sessions/${json.id}`)
    expect(json.id).toMatch(/^req_[0-9A-Z]{26}\.[0-9a-z]{8}$/)
    expect(json.id.startsWith(json.requestId)).toBe(true)
    expect(json).toMatchObject({ profile: 'logs-read', account: '111122223333', sourceIdentity: 'acme.6f0c1b9e-dev-1' })
    expect(json.sessionName).toBe(`Dana=20Developer-${json.id}`)
    expect(json.tags).toEqual({ team: 'developers', bucket: 'acme-orders-logs', 'stint:session': json.id })
    const who = await sts(sandbox.urls.aws, fromVend(json)).send(new GetCallerIdentityCommand({}))
    expect(who.Arn).toBe(json.assumedRoleArn)
    expect(who.UserId).toMatch(/^AROA[A-Z2-7]{17}:/)
  })

  test('the allowed bucket is read, the other is refused, nothing can be written', async () => {
    const { json } = await sandbox.vend(await sandbox.token('developer'), logs())
    const client = s3(sandbox.urls.aws, fromVend(json))
    const object = await client.send(new GetObjectCommand({ Bucket: 'acme-orders-logs', Key: '2026/11/24/orders.log' }))
    expect(await object.Body?.transformToString()).toContain('order 4711 paid')
    const list = await client.send(new ListObjectsV2Command({ Bucket: 'acme-orders-logs', Prefix: '2026/', Delimiter: '/' }))
    expect(list.CommonPrefixes).toEqual([{ Prefix: '2026/11/' }])
    for (const command of [
      new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' }),
      new GetObjectCommand({ Bucket: 'acme-payments-logs', Key: '2026/11/24/payments.log' }),
      new PutObjectCommand({ Bucket: 'acme-orders-logs', Key: 'x', Body: 'x' }),
      new ListBucketsCommand({}),
    ]) {
      expect((await errorOf(client.send(command as GetObjectCommand))).name).toBe('AccessDenied')
    }
  })

  test('a session of 60 seconds can do nothing after 60 seconds, though AWS would let it live for 900', async () => {
    const { json } = await sandbox.vend(await sandbox.token('developer'), logs('60s'))
    const client = s3(sandbox.urls.aws, fromVend(json))
    const read = () => client.send(new HeadObjectCommand({ Bucket: 'acme-orders-logs', Key: '2026/11/24/orders.log' }))
    await read()
    expect(Date.parse(json.credentials.expiration) - Date.parse(json.issuedAt)).toBeLessThanOrEqual(60_000)
    sandbox.advance(61_000)
    expect((await errorOf(read()))?.$metadata?.httpStatusCode).toBe(403)
    const object = new GetObjectCommand({ Bucket: 'acme-orders-logs', Key: '2026/11/24/orders.log' })
    expect((await errorOf(client.send(object))).message).toContain('explicit deny in a session policy')
  })

  test('the session cannot assume a further role, which would outlive it', async () => {
    const { json } = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
    const next = new AssumeRoleCommand({
      RoleArn: 'arn:aws:iam::111122223333:role/stint/ReadOnly',
      RoleSessionName: 'hop',
      ExternalId: 'stint-prod-7f3a',
    })
    const error = await errorOf(sts(sandbox.urls.aws, fromVend(json)).send(next))
    expect(error).toMatchObject({ name: 'AccessDenied', message: expect.stringContaining('explicit deny') })
  })
})

describe('others', () => {
  test.each([
    ['tool', { profile: 'report-export' }, 201, undefined],
    ['ci-main', { profile: 'deploy-prod' }, 201, undefined],
    ['ci-tag', { profile: 'release-artifacts' }, 201, undefined],
    ['auditor', { profile: 'security-audit' }, 201, undefined],
    ['ci-branch', { profile: 'deploy-prod' }, 404, 'profile-unknown'],
    ['ci-fork', { profile: 'deploy-prod' }, 404, 'profile-unknown'],
    ['ci-tag', { profile: 'deploy-prod' }, 404, 'profile-unknown'],
    ['ci-main', { profile: 'release-artifacts' }, 404, 'profile-unknown'],
    ['tool', { profile: 'deploy-prod' }, 404, 'profile-unknown'],
    ['oncall', { profile: 'break-glass', justification: 'INC-17: orders are down' }, 202, undefined],
    ['oncall', { profile: 'break-glass' }, 422, 'justification-required'],
    ['developer', { profile: 'break-glass', justification: 'please' }, 403, 'not-eligible'],
    ['auditor', { profile: 'break-glass', justification: 'please' }, 404, 'profile-unknown'],
  ])('%s asks for %j → %i %s', async (name, body, status, code) => {
    const answer = await sandbox.vend(await sandbox.token(name), body)
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })

  test('a managed session policy limits the role without an inline Allow', async () => {
    const { json } = await sandbox.vend(await sandbox.token('auditor'), { profile: 'security-audit' })
    const client = s3(sandbox.urls.aws, fromVend(json))
    expect((await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toContain('acme-customers')
    expect((await errorOf(client.send(new GetObjectCommand({ Bucket: 'acme-customers', Key: 'customers.csv' })))).name).toBe('AccessDenied')
  })
})

describe('the container credentials endpoint', () => {
  test('an SDK fetches credentials by itself and reads the bucket', async () => {
    const credentials = fromHttp({
      awsContainerCredentialsFullUri: `${sandbox.urls.broker}/credentials/logs-read?p.bucket=acme-orders-logs`,
      awsContainerAuthorizationToken: `Bearer ${await sandbox.token('developer')}`,
    })
    const object = await s3(sandbox.urls.aws, credentials).send(
      new GetObjectCommand({ Bucket: 'acme-orders-logs', Key: '2026/11/24/orders.log' }),
    )
    expect(await object.Body?.transformToString()).toContain('order 4711')
  })

  test('an SDK that is refused shows the reason', async () => {
    const credentials = fromHttp({
      awsContainerCredentialsFullUri: `${sandbox.urls.broker}/credentials/deploy-prod`,
      awsContainerAuthorizationToken: `Bearer ${await sandbox.token('ci-main')}`,
      maxRetries: 0,
    })
    expect((await errorOf(credentials())).message).toContain('422')
  })
})

describe('what is on record', () => {
  test('a session is read by its owner and by an auditor, and by nobody else', async () => {
    const owner = await sandbox.token('second-developer')
    const { json } = await sandbox.vend(owner, logs())
    const path = `/sessions/${json.id}`
    const seen = await sandbox.get(path, owner)
    expect(seen.json).toMatchObject({ id: json.id, state: 'issued', issued: { accessKeyId: json.credentials.accessKeyId, sends: 1 } })
    expect(seen.text).not.toContain(json.credentials.secretAccessKey)
    expect((await sandbox.get(path, await sandbox.token('auditor'))).json.id).toBe(json.id)
    expect((await sandbox.get(path, await sandbox.token('developer'))).json.code).toBe('session-unknown')
  })

  test('no table and no line of the log has the secret parts of a session, or the token', async () => {
    const token = await sandbox.token('developer')
    const { json } = await sandbox.vend(token, logs())
    const written = JSON.stringify(sandbox.aws.dynamo.records)
    const logged = JSON.stringify(sandbox.log)
    expect(written).toContain(json.credentials.accessKeyId)
    for (const secret of [json.credentials.secretAccessKey, json.credentials.sessionToken, token]) {
      expect(written).not.toContain(secret)
      expect(logged).not.toContain(secret)
    }
  })

  test('lists are one’s own, newest first, in pages; an auditor’s are everybody’s', async () => {
    const owner = await sandbox.token('approver')
    const made: string[] = []
    for (let count = 0; count < 3; count++) made.unshift((await sandbox.vend(owner, logs())).json.id)
    sandbox.settle()
    const first = await sandbox.get('/sessions?limit=2', owner)
    expect(first.json.sessions.map(({ id }: { id: string }) => id)).toEqual(made.slice(0, 2))
    const second = await sandbox.get(`/sessions?limit=2&cursor=${first.json.next}`, owner)
    expect(second.json.sessions.map(({ id }: { id: string }) => id)).toEqual(made.slice(2))
    const all = await sandbox.get('/sessions?limit=100', await sandbox.token('auditor'))
    expect(new Set(all.json.sessions.map(({ caller }: { caller: { issuer: string } }) => caller.issuer))).toEqual(
      new Set(['people', 'tools', 'github']),
    )
  })
})
