/**
 * The very bundles that are deployed, driven through a Lambda Runtime API against the sandbox's AWS; and `vend` in both its
 * mountings, held to the same answers byte for byte.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Broker } from '@stint/broker'
import { SENDS } from '@stint/broker/adapters/dynamodb/sender'
import { type BundleName, refuseSandboxRules } from '@stint/broker/build/deployment'
import { buildFunction, LIMITS_KB } from '@stint/broker/build/functions'
import { publicFilesNow, writePublicFiles } from '@stint/broker/build/public-files'
import type { ApiBroker } from '@stint/broker/http/context'
import { vendEvent } from '@stint/broker/lambda/event'
import { FUNCTIONS } from '@stint/broker/lambda/functions'
import type { Ledger } from '@stint/broker/ports/ledger'
import type { Links } from '@stint/broker/ports/links'
import type { WebSessions } from '@stint/broker/ports/web-sessions'
import { deadlinesOnAws } from '@stint/broker/wiring/broker'
import { packRules } from '@stint/core/config/rules'
import { done } from '@stint/core/outcome'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { BrokerRole } from '@stint/sandbox/aws/world'
import { brokerHandler } from '@stint/sandbox/broker-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants } from '../support/checkers.ts'
import { exchange, type Raw } from '../support/http.ts'
import { functionEnvironment, gatewayEvent, type Lambda, startLambda } from '../support/lambda.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn, textOf } from '../support/slack.ts'

const json = ['content-type', 'application/json']

type Nine<T> = [T, T, T, T, T, T, T, T, T]

describe('the bundles', () => {
  let sandbox: TestSandbox
  let folder: string
  let vend: Lambda
  let vendSdk: Lambda
  let api: Lambda
  let sweep: Lambda
  let ship: Lambda
  let compare: Lambda
  let retire: Lambda
  let slack: Lambda
  let notify: Lambda
  const bytes: Record<string, number> = {}

  beforeAll(async () => {
    sandbox = await testSandbox()
    folder = await mkdtemp(join(tmpdir(), 'stint-lambda-'))
    const started = await Promise.all(
      (['vend', 'api', 'sweep', 'ship', 'compare', 'retire', 'slack', 'notify', 'vend-sdk'] as const).map(async (name) => {
        const built = await buildFunction(name, folder)
        bytes[name] = built.bytes
        await writeFile(join(folder, name, 'config.json'), packRules(sandbox.rules))
        if (name === 'api') await writePublicFiles(join(folder, name, 'public'))
        return startLambda(built.file, environment(name === 'vend-sdk' ? 'vend' : name))
      }),
    )
    // It runs on its queue in test/infra.
    bytes.end = (await buildFunction('end', folder)).bytes
    ;[vend, api, sweep, ship, compare, retire, slack, notify, vendSdk] = started as Nine<Lambda>
  })
  afterAll(async () => {
    vend?.close()
    api?.close()
    sweep?.close()
    ship?.close()
    compare?.close()
    retire?.close()
    slack?.close()
    notify?.close()
    vendSdk?.close()
    await sandbox.close()
    await rm(folder, { recursive: true })
  })

  const environment = (role: BrokerRole): Record<string, string> => ({
    ...functionEnvironment(sandbox, role),
    STINT_BUILD: 'test-build',
    STINT_SLACK_SIGNING_SECRETS: `the-signing-secret-before,${sandbox.slack?.signingSecret}`,
  })
  const post = (token: string, body: object): Raw => ({
    method: 'POST',
    path: '/sessions',
    headers: [...json, 'authorization', `Bearer ${token}`],
    body: JSON.stringify(body),
  })

  test('are within their limits, and vend has neither hono nor undici on board', async () => {
    for (const name of Object.keys(LIMITS_KB) as BundleName[]) expect(bytes[name]).toBeLessThanOrEqual(LIMITS_KB[name] * 1000)
    const text = await readFile(join(folder, 'vend', 'index.js'), 'utf8')
    expect(text).not.toMatch(/hono|undici|smithy|new Request\(|new Response\(|[^.\w]fetch\(/)
  })

  test.each([
    ['over its own wire', () => vend],
    ['over AWS’s SDK', () => vendSdk],
  ])('vend vends %s, and it is on record under its build', async (_client, lambda) => {
    const token = await sandbox.token('developer')
    const answer = await lambda().invoke(gatewayEvent(post(token, { profile: 'staging-power' })))
    expect(answer.statusCode).toBe(201)
    const session = JSON.parse(answer.body)
    expect(session.credentials.accessKeyId).toMatch(/^ASIA/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(await brokenInvariants(sandbox, [session.credentials.accessKeyId])).toEqual([])
    expect(JSON.stringify(sandbox.aws.dynamo.records)).toContain('\\"build\\":\\"test-build\\"')
    const seen = await api.invoke(gatewayEvent({ path: `/sessions/${session.id}`, headers: ['authorization', `Bearer ${token}`] }))
    expect([seen.statusCode, JSON.parse(seen.body).issued.accessKeyId]).toEqual([200, session.credentials.accessKeyId])
  })

  test('the bundle understands a condition that failed: a repeated key finds its session', async () => {
    const token = await sandbox.token('developer')
    const again = () => {
      const raw = post(token, { profile: 'staging-power' })
      return vend.invoke(gatewayEvent({ ...raw, headers: [...(raw.headers ?? []), 'idempotency-key', 'bundle-1'] }))
    }
    expect((await again()).statusCode).toBe(201)
    const second = await again()
    expect([second.statusCode, JSON.parse(second.body).code]).toEqual([409, 'already-issued'])
  })

  test.each<[string, Raw, string | undefined, number, string]>([
    [
      'a body in base64 is the same body',
      { ...post('', {}), headers: ['content-type', 'application/octet-stream'] },
      undefined,
      415,
      'media-type',
    ],
    [
      'two tokens, joined by the gateway',
      { ...post('a', {}), headers: [...json, 'authorization', 'Bearer a', 'authorization', 'Bearer b'] },
      undefined,
      401,
      'token-invalid',
    ],
    ['two media types, joined by the gateway', { ...post('a', {}), headers: [...json, ...json] }, undefined, 415, 'media-type'],
    ['a stage in the path', post('a', {}), 'prod', 401, 'token-invalid'],
    ['no body', { method: 'POST', path: '/sessions', headers: json }, undefined, 401, 'token-missing'],
    ['a route of the other function', { method: 'PUT', path: '/sessions' }, undefined, 405, 'method-not-allowed'],
    ['no route', { method: 'GET', path: '/nothing' }, undefined, 404, 'route-unknown'],
  ])('vend: %s', async (_name, raw, stage, status, code) => {
    const answer = await vend.invoke(gatewayEvent(raw, stage))
    expect([answer.statusCode, JSON.parse(answer.body).code]).toEqual([status, code])
  })

  test('api answers as the sandbox does', async () => {
    const token = await sandbox.token('developer')
    for (const path of [
      '/profiles',
      '/profiles/break-glass',
      '/profiles/x',
      '/readyz',
      '/openapi.json',
      '/docs',
      '/nothing',
      '/sessions?limit=0',
    ]) {
      const headers = ['authorization', `Bearer ${token}`]
      const lambda = await api.invoke(gatewayEvent({ path, headers }))
      const http = await exchange(sandbox.urls.broker, { path, headers })
      const plain = (text: string) => text.replace(/[0-9a-f]{32}/g, 'TRACE')
      expect([path, lambda.statusCode, plain(lambda.body)]).toEqual([path, http.status, plain(http.text)])
      expect(lambda.headers['content-type']).toBe(http.headers['content-type'])
    }
  })

  test('sweep runs from its schedule and says what it did', async () => {
    const oncall = await sandbox.token('oncall')
    const asked = await vend.invoke(gatewayEvent(post(oncall, { profile: 'break-glass', justification: 'INC-1' })))
    expect(asked.statusCode).toBe(202)
    expect(await sweep.invoke({ 'detail-type': 'Scheduled Event' })).toEqual({ abandoned: 0, changed: 0, unreviewed: 0 })
  })

  test('ship puts a batch of the stream into the log; what the stream lost, compare finds within two hours', async () => {
    const token = await sandbox.token('developer')
    const made = async () => JSON.parse((await vend.invoke(gatewayEvent(post(token, { profile: 'staging-power' })))).body).id as string
    const [one, two] = [await made(), await made()]
    const records = sandbox.aws.dynamo.records
      .filter(({ table }) => table === 'stint')
      .filter(({ keys }) => JSON.stringify(keys).includes(one.slice(0, 30)))
      .map(({ sequenceNumber, newImage, oldImage }) => ({
        eventSource: 'aws:dynamodb',
        dynamodb: { SequenceNumber: String(sequenceNumber), NewImage: newImage, ...(oldImage ? { OldImage: oldImage } : {}) },
      }))
    expect(records.length).toBeGreaterThan(1)
    expect(await ship.invoke({ Records: records })).toEqual({ batchItemFailures: [] })
    const metrics = JSON.parse(ship.output().trim().split('\n').at(-1) ?? '')
    expect(metrics).toMatchObject({ Entries: 3, Quarantined: 0, _aws: { CloudWatchMetrics: [{ Namespace: 'Stint' }] } })

    const read = (path: string) => api.invoke(gatewayEvent({ path, headers: ['authorization', `Bearer ${token}`] }))
    expect((await read(`/sessions/${one}/receipt`)).body).toMatch(/^c2sp\.org\/tlog-proof@v1\n/)
    expect(JSON.parse((await read(`/sessions/${two}/receipt`)).body).code).toBe('not-logged-yet')
    // The function has a clock of its own: so it is the items that are made older.
    const key = { pk: { S: `REQ#${two.slice(0, 30)}` } }
    const { Item: item } = await sandbox.aws.dynamo.direct('GetItem', { TableName: 'stint', Key: key })
    const [older, shard] = [new Date(sandbox.now() - 5_400_000).toISOString(), (item as { dayKey: { S: string } }).dayKey.S.slice(10)]
    const moved = { ...(item as object), at: { S: `${older}#${two.slice(0, 30)}` }, dayKey: { S: `${older.slice(0, 10)}${shard}` } }
    await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: moved })
    sandbox.settle()
    expect(await compare.invoke({ task: 'compare' })).toMatchObject({ entries: 3, looked: 1, finished: true })
    expect(JSON.parse(compare.output().trim().split('\n').at(-1) ?? '')).toMatchObject({ event: 'shipped', Quarantined: 0, Failed: 0 })
    expect(await retire.invoke({ task: 'retire' })).toMatchObject({ retired: 0, expiring: 0 })
    expect((await read(`/sessions/${two}/receipt`)).body).toMatch(/^c2sp\.org\/tlog-proof@v1\n/)

    const auditor = ['authorization', `Bearer ${await sandbox.token('auditor')}`]
    const checkpoint = await api.invoke(gatewayEvent({ path: '/audit/log/checkpoint', headers: auditor }))
    const size = Number(checkpoint.body.split('\n')[1])
    const tile = await api.invoke(gatewayEvent({ path: `/audit/log/tile/0/000.p/${size}`, headers: auditor }))
    expect([tile.statusCode, tile.isBase64Encoded, Buffer.from(tile.body, 'base64').length]).toEqual([200, true, size * 32])
  })

  test('a batch that cannot be shipped is given back whole', async () => {
    const records = [{ dynamodb: { SequenceNumber: '77', NewImage: { pk: { S: 'REQ#req_1' }, events: { L: [] } } } }]
    sandbox.aws.world.buckets.delete('stint-events')
    const token = await sandbox.token('developer')
    await vend.invoke(gatewayEvent(post(token, { profile: 'staging-power' })))
    const last = sandbox.aws.dynamo.records.at(-1)
    const failing = [...records, { dynamodb: { SequenceNumber: '78', NewImage: last?.newImage } }]
    expect(await ship.invoke({ Records: failing })).toEqual({ batchItemFailures: [{ itemIdentifier: '77' }] })
  })

  test('slack decides and notify tells, each with no more than its role may', async () => {
    const it = slackIn(sandbox)
    for (const name of ['oncall', 'approver'] as const) await it.link(name)
    // The bundles have a clock of their own: so it is the links that are made older.
    for (const { keys } of sandbox.aws.dynamo.records.filter(({ keys }) => keys.pk?.S?.toString().startsWith('LINK#')))
      await sandbox.aws.dynamo.direct('UpdateItem', {
        TableName: 'stint',
        Key: keys,
        UpdateExpression: 'SET active.#since = :then',
        ConditionExpression: 'attribute_exists(active)',
        ExpressionAttributeNames: { '#since': 'since' },
        ExpressionAttributeValues: { ':then': { N: String(sandbox.now() - 700_000) } },
      })
    const id = await it.ask('oncall', 'a bundle asks')
    const told = (from: number) => ({
      Records: sandbox.aws.dynamo.records
        .slice(from)
        .filter(({ table }) => table === 'stint')
        .map(({ sequenceNumber, newImage }) => ({ dynamodb: { SequenceNumber: String(sequenceNumber), NewImage: newImage } })),
    })
    expect(await notify.invoke(told(0))).toEqual({ batchItemFailures: [] })
    const root = it.root(id)
    expect(textOf(root?.blocks ?? [])).toMatch(/needs your approval/)

    const before = sandbox.aws.dynamo.records.length
    const { path, body, headers } = it.at('approver').request.press(root as never, 'approve')
    const answer = await slack.invoke(gatewayEvent({ method: 'POST', path, headers: Object.entries(headers).flat(), body }))
    expect([answer.statusCode, answer.body]).toEqual([200, ''])
    expect(await notify.invoke(told(before))).toEqual({ batchItemFailures: [] })
    expect(textOf(root?.blocks ?? [])).toMatch(/Avery Approver.* approved/)
    expect(await notify.invoke({ task: 'replay' })).toEqual({ requests: 0, pending: 0 })
    expect(slack.output() + notify.output()).not.toContain(sandbox.slack?.botToken)
  })

  test('the pages keep their cookies through the gateway', async () => {
    const { statusCode, headers, cookies = [] } = await api.invoke(gatewayEvent({ path: '/link' }))
    expect([statusCode, headers['set-cookie']]).toEqual([303, undefined])
    expect(cookies).toEqual([expect.stringMatching(/^stint-sign-in-[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)])
    // Back from the issuer with a code that is none: known by its cookie, refused by the issuer.
    const state = new URL(headers.location ?? '').searchParams.get('state')
    const back = await api.invoke({
      ...gatewayEvent({ path: `/sign-in/callback?code=x&state=${state}` }),
      cookies: [(cookies[0] ?? '').split(';')[0]],
    })
    expect([back.statusCode, back.body.includes('Sign-in did not complete')]).toEqual([401, true])
  })

  test('one line a call goes to the log, and no token', async () => {
    const token = await sandbox.token('developer')
    await vend.invoke(gatewayEvent(post(token, { profile: 'nothing' })))
    const last = vend.output().trim().split('\n').at(-1) ?? ''
    expect(JSON.parse(last)).toMatchObject({ route: '/sessions', status: 404, code: 'profile-unknown', issuer: 'people' })
    expect(vend.output()).not.toContain(token)
  })

  test('a function without its environment says what it lacks', async () => {
    const { STINT_TABLE: _table, ...lacking } = environment('vend')
    const lambda = await startLambda(join(folder, 'vend', 'index.js'), lacking)
    await expect(lambda.invoke({})).rejects.toThrow('the environment variable STINT_TABLE is not set')
    lambda.close()
  })

  test.each<[string, () => Promise<string[]>, string, number]>([
    ['letters that a header cannot carry', async () => ['x-odd', 'ü → \u{1f600}'], 'GET', 200],
    ['a token of such letters', async () => ['authorization', 'Bearer →'], 'GET', 401],
    ['a method that fetch knows no request of', async () => [], 'TRACE', 405],
    ['another one that is none of ours', async () => [], 'PROPFIND', 405],
  ])('api does not fall over %s', async (_what, headers, method, status) => {
    const path = status === 401 ? '/profiles' : '/healthz'
    const answer = await api.invoke(gatewayEvent({ method, path, headers: await headers() }))
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['stint-trace']).toMatch(/^[0-9a-f]{32}$/)
    if (status === 405) expect(JSON.parse(answer.body).code).toBe('method-not-allowed')
  })

  test('the build refuses issuers over http', () => {
    expect(() => refuseSandboxRules(sandbox.rules)).toThrow('issuers.people: deployed functions accept https issuers only')
  })
})

test('vend’s deadline is far below the life of a reservation, and its calls fit into it', () => {
  expect(FUNCTIONS.vend.seconds * 3).toBeLessThan(ABANDONED_AFTER_SECONDS)
  const longest = 2 * (SENDS * deadlinesOnAws.ledger + 300) + deadlinesOnAws.sts
  expect(longest).toBeLessThan(FUNCTIONS.vend.seconds * 1000)
})

describe('both mountings of vend', () => {
  /** The same clock, the same random bytes, the same answers of AWS: whatever differs then differs by mounting. */
  let sandbox: TestSandbox
  let server: Server
  let token: string
  const fixed = (): Broker<Ledger & Links & WebSessions> & Pick<ApiBroker, 'trail' | 'files'> => {
    let drawn = 0
    return {
      rules: sandbox.rules,
      build: 'test',
      clock: () => NOW,
      random: (count) => Uint8Array.from({ length: count }, () => drawn++ % 256),
      log: () => {},
      sleep: async () => {},
      signIn: { url: async ({ accessKeyId }) => done(`https://signin.example/?SigninToken=for-${accessKeyId}`) },
      keys: { check: async () => done(true), ready: async () => done('up'), prefetch: () => {} },
      sts: {
        assumeRole: async ({ roleArn, roleSessionName, sourceIdentity }) =>
          done({
            credentials: {
              accessKeyId: 'ASIAFIXEDFIXEDFIX001',
              secretAccessKey: "se'cret",
              sessionToken: 'to/ken+==',
              expiration: NOW + 900_000,
            },
            assumedRoleArn: `${roleArn.replace(':iam:', ':sts:').replace(/:role.*\//, ':assumed-role/')}/${roleSessionName}`,
            assumedRoleId: `AROAFIXED:${roleSessionName}`,
            ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
            awsRequestId: 'r-1',
            packedPolicySize: 7,
            sends: 1,
          }),
      },
      files: publicFilesNow(),
      trail: {
        object: async () => undefined,
        event: async () => undefined,
        search: async () => ({ events: [] }),
        journal: async () => [],
        session: async () => [],
        receipt: async () => ({ outcome: 'unknown-event' }),
        ready: async () => 'empty',
      },
      ledger: {
        reserve: async ({ request, session, attempt, expiresAt }) =>
          done({ request, session, attempt, expiresAt, credentialsExpireAt: expiresAt, alone: true }),
        record: async () => done(true),
        drop: async () => done(true),
        fail: async () => done(true),
        renewable: async () => done(undefined),
        takeToken: async () => done(true),
        reserveRenewal: async () => ({ outcome: 'unknown', cause: 'not here' }),
        recordRenewal: async () => done(true),
        failRenewal: async () => done(true),
        endSession: async () => done(undefined),
        refuse: async () => done(true),
        session: async () => done(undefined),
        ask: async () => ({ outcome: 'unknown', cause: 'not here' }),
        change: async () => ({ outcome: 'unknown', cause: 'not here' }),
        request: async () => done(undefined),
        requestsOf: async () => done({ items: [] }),
        allRequests: async () => done({ items: [] }),
        workOn: async () => done({ items: [] }),
        countAsk: async () => done(1),
        countSession: async () => done({ place: 1 }),
        sweep: async () => ({ abandoned: 0, changed: 0, unreviewed: 0, faults: [] }),
        takePlace: async () => done({ place: 'taken' }),
        leavePlace: async () => done(true),
        releaseByDeploy: async () => done(false),
        passTime: async () => done(false),
        frozen: async () => done(undefined),
        freezes: async () => done([]),
        freeze: async () => ({ outcome: 'unknown', cause: 'not here' }),
        unfreeze: async () => ({ outcome: 'unknown', cause: 'not here' }),
        announceConfig: async () => done(true),
        announceLog: async () => done(true),
        announceRestored: async () => done(true),
        ping: async () => true,
        link: async () => done(undefined),
        writeLink: async () => done(false),
        point: async () => done(true),
        pointed: async () => done(undefined),
        wrongCodes: async () => done(0),
        countWrongCode: async () => done(1),
        webSession: async () => done(undefined),
        startWebSession: async () => done(true),
        touchWebSession: async () => done(true),
        endWebSession: async () => done(true),
        endWebSessions: async () => done(true),
        webSignedOutAt: async () => done(undefined),
      },
    }
  }
  let NOW: number
  let broker: Broker<Ledger & Links & WebSessions> & Pick<ApiBroker, 'trail' | 'files'>
  beforeAll(async () => {
    sandbox = await testSandbox()
    token = await sandbox.token('developer')
    NOW = sandbox.now()
    server = createServer((request, response) => brokerHandler(broker, broker)(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    server.close()
    await sandbox.close()
  })

  const authorization = () => ['authorization', `Bearer ${token}`]
  const post = (body: string | Buffer, headers: readonly string[] = [...json, ...authorization()]): Raw => ({
    method: 'POST',
    path: '/sessions',
    headers,
    body,
  })
  const logs = (more: object = {}) => JSON.stringify({ profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' }, ...more })
  test.each<[string, () => Raw, number]>([
    ['a session', () => post(logs()), 201],
    ['env', () => post(logs({ format: 'env' })), 201],
    ['process', () => post(logs({ format: 'process' })), 201],
    ['container', () => post(logs({ format: 'container' })), 201],
    ['console', () => post(logs({ format: 'console' })), 201],
    ['the container endpoint', () => ({ path: '/credentials/logs-read?p.bucket=acme-orders-logs', headers: authorization() }), 200],
    ['the container endpoint, refused', () => ({ path: '/credentials/none', headers: authorization() }), 404],
    ['an unknown profile', () => post('{"profile":"x"}'), 404],
    ['no JSON', () => post('{'), 400],
    ['too large', () => post(' '.repeat(16_385)), 413],
    ['a form', () => post('a=b', ['content-type', 'application/x-www-form-urlencoded', ...authorization()]), 415],
    ['no token', () => post(logs(), json), 401],
    ['two tokens', () => post(logs(), [...json, ...authorization(), ...authorization()]), 401],
    ['two media types', () => post(logs(), [...json, ...json, ...authorization()]), 415],
    ['OPTIONS', () => ({ method: 'OPTIONS', path: '/credentials/x' }), 204],
    ['HEAD', () => ({ method: 'HEAD', path: '/credentials/x', headers: authorization() }), 405],
    ['another method', () => ({ method: 'DELETE', path: '/credentials/x' }), 405],
    ['a duration too long', () => post(logs({ duration: '2h' })), 422],
  ])('%s', async (_name, raw, status) => {
    broker = fixed()
    const http = await exchange(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, raw())
    broker = fixed()
    const lambda = await vendEvent(broker, gatewayEvent(raw()) as never)
    const {
      date: _date,
      connection: _connection,
      'keep-alive': _keep,
      'transfer-encoding': _encoding,
      'content-length': _length,
      ...headers
    } = http.headers
    expect([lambda.statusCode, lambda.headers]).toEqual([http.status, headers])
    expect(lambda.statusCode).toBe(status)
    if (raw().method !== 'HEAD') expect(lambda.body).toBe(http.text)
  })

  test('console answers with the sign-in URL and without the credentials', async () => {
    broker = fixed()
    const { body } = await vendEvent(broker, gatewayEvent(post(logs({ format: 'console' }))) as never)
    expect(JSON.parse(body ?? '')).toMatchObject({
      signInUrl: 'https://signin.example/?SigninToken=for-ASIAFIXEDFIXEDFIX001',
      profile: 'logs-read',
    })
    expect(body).not.toMatch(/secretAccessKey|sessionToken|to\/ken/)
  })

  test('console is refused where the deployment has no sign-in', async () => {
    const { signIn: _none, ...without } = fixed()
    broker = without
    const { statusCode, body } = await vendEvent(broker, gatewayEvent(post(logs({ format: 'console' }))) as never)
    expect([statusCode, JSON.parse(body ?? '').code]).toEqual([400, 'format-invalid'])
  })

  test('a sign-in that does not answer hands out nothing', async () => {
    broker = { ...fixed(), signIn: { url: async () => ({ outcome: 'unknown', cause: 'down' }) } }
    const { statusCode, body } = await vendEvent(broker, gatewayEvent(post(logs({ format: 'console' }))) as never)
    expect([statusCode, JSON.parse(body ?? '').code]).toEqual([504, 'sts-timeout'])
    expect(body).not.toContain('ASIAFIXED')
  })

  describe('a fault in the ledger’s code', () => {
    /** What a careless answer would give away: the error's words, its type, and where it was thrown. */
    const SECRET = 'pk REQ#secret of table stint'
    const failing = (works: readonly string[] = []) => {
      const lines: object[] = []
      let assumed = 0
      const { sts, ledger, ...rest } = fixed()
      broker = {
        ...rest,
        log: (line) => void lines.push(line),
        sts: {
          assumeRole: (params) => {
            assumed++
            return sts.assumeRole(params)
          },
        },
        ledger: new Proxy(ledger, {
          get: (target, name) =>
            works.includes(String(name))
              ? Reflect.get(target, name)
              : async () => {
                  throw new RangeError(SECRET)
                },
        }),
      }
      return { lines, assumed: () => assumed }
    }
    const sent = async (raw: Raw) => exchange(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, raw)
    const onLambda = async (raw: Raw) => {
      const { statusCode, headers, body } = await vendEvent(broker, gatewayEvent(raw) as never)
      return { status: statusCode ?? 0, headers: headers as Record<string, string>, text: body ?? '' }
    }

    /** 500 with a trace, and the error in the log under that trace and nowhere else. */
    function expectInternal({ status, headers, text }: Awaited<ReturnType<typeof sent>>, lines: readonly object[], code: string) {
      const body = JSON.parse(text)
      expect([status, body[code]]).toEqual([500, 'internal'])
      expect(headers['cache-control']).toBe('no-store')
      const trace = headers['stint-trace']
      expect(trace).toMatch(/^[0-9a-f]{32}$/)
      if (headers['content-type'] === 'application/problem+json') expect(body).toMatchObject({ status: 500, trace })
      expect(JSON.stringify([text, headers])).not.toMatch(/REQ#|RangeError|secret|\.ts\b|\bat |ASIAFIXED|se'cret|to\/ken/)
      expect(lines).toContainEqual(expect.objectContaining({ level: 'error', trace, error: expect.stringContaining(SECRET) }))
    }

    const exchangeForm = () =>
      String(
        new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          resource: 'urn:stint:profile:staging-power',
        }),
      )
    const vends: readonly (readonly [string, () => Raw, string])[] = [
      ['POST /sessions', () => post(logs()), 'code'],
      ['POST /sessions with an unknown profile', () => post('{"profile":"x"}'), 'code'],
      ['GET /credentials', () => ({ path: '/credentials/logs-read?p.bucket=acme-orders-logs', headers: authorization() }), 'Code'],
      [
        'POST /token',
        () => ({ method: 'POST', path: '/token', headers: ['content-type', 'application/x-www-form-urlencoded'], body: exchangeForm() }),
        'code',
      ],
    ]
    describe.each([
      ['over node:http', sent],
      ['on Lambda', onLambda],
    ] as const)('%s', (_mounting, mounted) => {
      test.each(vends)('%s answers 500 internal and does not call STS', async (_name, raw, code) => {
        const { lines, assumed } = failing()
        expectInternal(await mounted(raw()), lines, code)
        expect(assumed()).toBe(0)
      })
      test.each(vends.filter(([name]) => !name.includes('unknown')))(
        '%s hands out no credentials when the session cannot be recorded',
        async (_name, raw, code) => {
          const { lines, assumed } = failing(['reserve', 'countSession', 'frozen', 'refuse'])
          expectInternal(await mounted(raw()), lines, code)
          expect(assumed()).toBe(1)
        },
      )
    })

    test.each<[string, () => Raw]>([
      ['GET /requests', () => ({ path: '/requests', headers: authorization() })],
      ['GET /sessions', () => ({ path: '/sessions', headers: authorization() })],
      ['GET /freezes, refused', () => ({ path: '/freezes', headers: authorization() })],
      ['GET /readyz', () => ({ path: '/readyz' })],
      [
        'POST /requests, refused',
        () => ({ method: 'POST', path: '/requests', headers: [...json, ...authorization()], body: '{"profile":"x"}' }),
      ],
    ])('api: %s answers 500 internal', async (_name, raw) => {
      const { lines, assumed } = failing()
      expectInternal(await sent(raw()), lines, 'code')
      expect(assumed()).toBe(0)
    })
  })
})
