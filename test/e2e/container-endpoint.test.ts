/**
 * The container credentials endpoint under ordinary use, at its limits, and between two brokers. Clients that we did not write: AWS SDK v3
 * and the AWS CLI.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromHttp } from '@aws-sdk/credential-provider-http'
import { dynamoLedger } from '@stint/broker/adapters/dynamodb/ledger'
import { dynamoClient } from '@stint/broker/wiring/dynamodb'
import { brokerKey, tables } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants, storedRequests } from '../support/checkers.ts'
import { spawned } from '../support/cli-user.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { reserve, stage, times } from '../support/stage.ts'
import { testWith } from '../support/tools.ts'

const CONTAINER_CONFIG = fileURLToPath(new URL('../support/container.config.ts', import.meta.url))
const staged = stage()
let sandbox: TestSandbox
let lab: Lab
let caller = 0
/** A token of a caller that no other test has, at the beginning of a minute. */
async function freshToken(): Promise<string> {
  sandbox.advance(60_000 - (sandbox.now() % 60_000) + 5)
  return lab.token({ sub: `dana-${++caller}` })
}
type Fault = 'before' | 'after' | 'garbled'
/** What becomes of the writes of the counter. */
let counterFault: Fault | undefined
/** The status of each write that reserves a session. */
const reserves: number[] = []
const broken = { status: 500, headers: {}, body: '{"__type":"InternalServerError","message":"broken"}' }
const isCount = ({ action, body }: { action: string; body: string }) => action === 'UpdateItem' && body.includes('"SESSIONS#')

beforeAll(async () => {
  lab = await startLab(() => (sandbox as TestSandbox | undefined)?.now() ?? Date.now())
  sandbox = await testSandbox({
    config: CONTAINER_CONFIG,
    bindings: lab.bindings,
    async intercept(service, action, passOn, request) {
      const next = async () => {
        const answer = await passOn()
        if (reserve({ service, action, body: request.body.toString() })) reserves.push(answer.status)
        return answer
      }
      if (!counterFault || !isCount({ action, body: request.body.toString() })) return staged.intercept(service, action, next, request)
      if (counterFault === 'before') return broken
      const answer = await next()
      return counterFault === 'after' ? broken : { ...answer, body: '{}' }
    },
  })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

const get = (token: string, path = '/credentials/lab') => sandbox.get(path, token)
const many = (count: number, ask: () => Promise<Answer>) => Promise.all(Array.from({ length: count }, ask))
const statuses = (answers: readonly Answer[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
const keysOf = (answers: readonly Answer[]): readonly string[] => answers.flatMap(({ json }) => json.AccessKeyId ?? [])
const soundWith = async (answers: readonly Answer[]) => {
  const keys = keysOf(answers)
  expect(new Set(keys).size).toBe(keys.length)
  expect(await brokenInvariants(sandbox, keys)).toEqual([])
}

describe('ordinary use', () => {
  test('six clients of AWS SDK v3 in one process', async () => {
    const token = await freshToken()
    const arns = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const client = new STSClient({
          region: 'eu-central-1',
          endpoint: sandbox.urls.aws,
          credentials: fromHttp({
            awsContainerCredentialsFullUri: `${sandbox.urls.broker}/credentials/lab`,
            awsContainerAuthorizationToken: `Bearer ${token}`,
          }),
        })
        return (await client.send(new GetCallerIdentityCommand({}))).Arn
      }),
    )
    expect(new Set(arns).size).toBe(6)
  })

  testWith('aws')('eight commands of the AWS CLI, one after the other', async () => {
    const home = mkdtempSync(join(tmpdir(), 'stint-container-'))
    const env = {
      ...(Object.fromEntries(Object.entries(process.env).filter(([name]) => /^PATH$|^PYENV_/.test(name))) as Record<string, string>),
      HOME: home,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${sandbox.urls.broker}/credentials/lab-bucket?p.bucket=acme-orders-logs`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: `Bearer ${await freshToken()}`,
    }
    for (let command = 0; command < 8; command++) {
      const ran = await spawned('aws', ['--endpoint-url', sandbox.urls.aws, 'sts', 'get-caller-identity'], env)
      expect([command, ran.code, ran.stderr]).toEqual([command, 0, ''])
    }
  })

  test('three tries for each of 20 needs within a minute', async () => {
    const token = await freshToken()
    const answers: Answer[] = []
    for (let need = 0; need < 20; need++) {
      answers.push(...(await many(3, () => get(token))))
      sandbox.advance(2500)
    }
    expect(statuses(answers)).toEqual({ 200: 60 })
    await soundWith(answers)
  })

  test('ten a second, as AWS’s own endpoints allow', async () => {
    const token = await freshToken()
    const answers: Answer[] = []
    for (let second = 0; second < 6; second++) {
      answers.push(...(await many(10, () => get(token))))
      sandbox.advance(1000)
    }
    expect(statuses(answers)).toEqual({ 200: 60 })
    await soundWith(answers)
  })
})

describe('a full request goes on in the next', () => {
  test('60 at once are 60 sessions, at most eight in a request, and one more write for those that found it full', async () => {
    const token = await freshToken()
    const before = (await storedRequests(sandbox)).length
    reserves.splice(0)
    const answers = await many(60, () => get(token))
    expect(statuses(answers)).toEqual({ 200: 60 })
    const full = reserves.filter((status) => status === 400).length
    // The first eight fit, or the first eight of each five seconds on a slow machine.
    expect([full > 0, full <= 60 - 8, reserves.length]).toEqual([true, true, 60 + full])
    const requests = await storedRequests(sandbox)
    const made = requests.filter(({ sessions }) => sessions.some(({ accessKeyId }) => keysOf(answers).includes(accessKeyId)))
    expect(requests.length - before).toBe(made.length)
    expect(Math.max(...made.map(({ sessions }) => sessions.length))).toBe(8)
    expect(made.length).toBeLessThanOrEqual(9)
    await soundWith(answers)
  })

  test('one call costs one reserve, one count, one AssumeRole and one record', async () => {
    const token = await freshToken()
    const from = sandbox.aws.server.calls.length
    await get(token)
    const calls = sandbox.aws.server.calls.slice(from).map(({ action }) => action)
    expect(calls.sort()).toEqual(['AssumeRole', 'BatchGetItem', 'UpdateItem', 'UpdateItem', 'UpdateItem'])
  })

  test('the count and the reserve are under way together', async () => {
    const token = await freshToken()
    const race = staged.meet(isCount, ({ action, body }) => action === 'UpdateItem' && body.includes('session.reserved'))
    expect((await get(token)).status).toBe(200)
    await race.met
  })
})

describe('at the limits', () => {
  test('the 61st of a minute is refused, and the first of the next is not', async () => {
    const token = await freshToken()
    expect(statuses(await many(60, () => get(token)))).toEqual({ 200: 60 })
    sandbox.advance(30_000)
    const refused = await get(token)
    expect([refused.status, refused.json.Code, refused.headers.get('content-type')]).toEqual([429, 'rate-limited', 'application/json'])
    const retryAfter = Number(refused.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(30)
    expect(refused.json.Message).toMatch(
      /^Too many requests: You have reached the limit of 60 sessions a minute .* Try again in \d+ seconds\. .*\(trace \w{32}\)$/,
    )
    expect(Object.keys(refused.json)).toEqual(['Code', 'Message'])
    sandbox.advance(retryAfter * 1000)
    expect((await get(token)).status).toBe(200)
  })

  test('other parameters, another profile and another caller have a minute of their own', async () => {
    const [token, other] = [await freshToken(), await lab.token({ sub: 'dana-other' })]
    expect(statuses(await many(61, () => get(token)))).toEqual({ 200: 60, 429: 1 })
    const path = '/credentials/lab-bucket?p.bucket='
    expect(
      statuses(await Promise.all([get(token, `${path}acme-orders-logs`), get(token, `${path}acme-payments-logs`), get(other)])),
    ).toEqual({
      200: 3,
    })
  })

  test('what a limit refuses leaves no session, and gives its use back', async () => {
    const token = await freshToken()
    const answers = await many(75, () => get(token))
    expect(statuses(answers)).toEqual({ 200: 60, 429: 15 })
    await soundWith(answers)
  })

  test('the hour of a caller, over all profiles; refused calls do not count', async () => {
    sandbox.advance(3_600_000 - (sandbox.now() % 3_600_000))
    const token = await freshToken()
    const answers: Answer[] = []
    for (const path of ['/credentials/lab', '/credentials/lab-bucket?p.bucket=acme-a', '/credentials/lab-bucket?p.bucket=acme-b']) {
      answers.push(...(await many(62, () => get(token, path))))
      sandbox.advance(60_000)
    }
    expect(statuses(answers)).toEqual({ 200: 150, 429: 36 })
    const refused = await get(token)
    expect([refused.status, refused.json.Code]).toEqual([429, 'rate-limited'])
    expect(refused.json.Message).toContain('150 sessions an hour for all profiles together')
    const retryAfter = Number(refused.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(60)
    sandbox.advance(retryAfter * 1000)
    expect((await get(await lab.token({ sub: `dana-${caller}` }))).status).toBe(200)
    await soundWith([])
  })
})

describe('the counter', () => {
  test.each<[Fault]>([['before'], ['after'], ['garbled']])(
    'a count whose answer fails %s: no credentials, and no use is lost',
    async (fault) => {
      const token = await freshToken()
      const assumed = () => sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
      const before = assumed()
      const known = new Set((await storedRequests(sandbox)).map(({ id }) => id))
      counterFault = fault
      const answer = await get(token)
      counterFault = undefined
      expect([answer.status, answer.json.Code, answer.headers.get('retry-after')]).toEqual([503, 'ledger-unavailable', '5'])
      expect(assumed()).toBe(before)
      const made = (await storedRequests(sandbox)).filter(({ id }) => !known.has(id))
      expect(made.map(({ uses, usesLeft, sessions, open }) => [uses - usesLeft, sessions.map(({ state }) => state), open])).toEqual([
        [0, ['failed'], false],
      ])
      await soundWith([])
      expect((await get(token)).status).toBe(200)
    },
  )

  test('two brokers on one table count together: no place twice, none beyond the limits', async () => {
    const ledgerOf = () =>
      dynamoLedger({
        client: dynamoClient({
          keys: brokerKey(sandbox.aws.world, 'vend'),
          clock: sandbox.now,
          region: 'eu-central-1',
          endpoints: { sts: sandbox.urls.aws, dynamodb: sandbox.urls.aws },
        } as never),
        storyTable: tables.story,
        sideTable: tables.side,
        random: (count) => new Uint8Array(randomBytes(count)),
        sleep: (milliseconds) => sleep(milliseconds),
        answerWithinMs: 30_000,
        clock: sandbox.now,
        configHash: 'c'.repeat(64),
        approvalOf: () => undefined,
        build: 'b',
      })
    const brokers = [ledgerOf(), ledgerOf()]
    const dana = { issuer: 'lab', subject: 'dana-brokers', name: 'Dana', kind: 'human' } as const
    const now = sandbox.now()
    const count = (broker: (typeof brokers)[number], what: string) => broker.countSession(dana, what, { perMinute: 20, perHour: 30 }, now)
    const whats = ['a', 'b', 'a', 'b', 'a', 'b']
    const counted: Awaited<ReturnType<typeof count>>[] = []
    // A dozen at once, so that the sandbox's table does not turn any away.
    for (let round = 0; round < 5; round++)
      counted.push(...(await Promise.all(brokers.flatMap((broker) => whats.map((what) => count(broker, what))))))
    const values = counted.map((one) => (one.outcome === 'done' ? one.value : one))
    const places = values.flatMap((value) => ('place' in value && value.place !== undefined ? [value.place] : []))
    expect(values.filter((value) => 'cause' in value)).toEqual([])
    expect(places).toHaveLength(30)
    for (const what of ['a', 'b']) {
      const ofProfile = values.flatMap((value, at) => (whats[at % whats.length] === what && 'place' in value ? [value.place] : []))
      expect(new Set(ofProfile).size).toBe(ofProfile.length)
    }
    expect(Math.max(...places)).toBeLessThanOrEqual(20)
    expect(values.filter((value) => 'full' in value)).toHaveLength(30)
  })

  test('racing calls never exceed the limit', async () => {
    const token = await freshToken()
    await many(50, () => get(token))
    const race = staged.meet(...times(20, isCount))
    const answers = await many(20, () => get(token))
    await race.met
    expect(statuses(answers)).toEqual({ 200: 10, 429: 10 })
  })
})

describe('the token', () => {
  test('a bare JWT is accepted, as the kubelet and EKS Pod Identity write it', async () => {
    const token = await freshToken()
    const answer = await sandbox.call('GET', '/credentials/lab', undefined, undefined, { authorization: token })
    expect(answer.status).toBe(200)
  })
  test('and in the file of an AWS SDK', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'stint-token-')), 'token')
    writeFileSync(file, await freshToken())
    const credentials = await fromHttp({
      awsContainerCredentialsFullUri: `${sandbox.urls.broker}/credentials/lab`,
      awsContainerAuthorizationTokenFile: file,
    })()
    expect(credentials.accessKeyId).toMatch(/^ASIA/)
  })
  test.each<[string, Record<string, string>, string]>([
    ['none', {}, 'token-missing'],
    ['a word', { authorization: 'abc' }, 'token-missing'],
    ['two parts', { authorization: 'abc.def' }, 'token-missing'],
    ['another scheme', { authorization: 'Basic abc.def.ghi' }, 'token-missing'],
    ['a forged JWT', { authorization: 'abc.def.ghi' }, 'token-invalid'],
    ['a forged JWT without a signature', { authorization: 'abc.def.' }, 'token-invalid'],
    ['a bearer token that is none', { authorization: 'Bearer x' }, 'token-invalid'],
  ])('%s', async (_name, headers, code) => {
    const answer = await sandbox.call('GET', '/credentials/lab', undefined, undefined, headers)
    expect([answer.status, answer.json.Code]).toEqual([401, code])
    if (code === 'token-missing')
      expect(answer.json.Message).toMatch(/AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.*AWS CLI 1\.30\.0 and 2\.15\.0/)
  })
  test('a bare JWT is accepted nowhere else', async () => {
    const token = await freshToken()
    const headers = { authorization: token }
    const vended = await sandbox.call('POST', '/sessions', undefined, { profile: 'lab' }, headers)
    const listed = await sandbox.call('GET', '/sessions', undefined, undefined, headers)
    expect([vended.json.code, listed.json.code]).toEqual(['token-missing', 'token-missing'])
  })
})
