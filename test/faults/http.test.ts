/**
 * Faults of every service that `POST /sessions` and the audit log depend on, over real HTTP: a broker whose endpoints are servers that
 * refuse, reset, hang, throttle, fail, answer late, answer garbage, lie, or have another time. One row is one fault that lasts. After each
 * row: no credentials were returned unless they are on record, the problem and the journal say what happened, and once the fault is gone
 * the same broker works again.
 */
import { brokerKey } from '@stint/sandbox/aws/world'
import { loadRules, startBroker } from '@stint/sandbox/sandbox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants, type StoredRequest, storedRequests } from '../support/checkers.ts'
import {
  ACTS,
  afterTheCall,
  answer,
  CALM,
  change,
  common,
  GATEWAY_PAGE,
  HUGE,
  instead,
  type Named,
  rows,
} from '../support/faulty-answers.ts'
import { type Fault, type FaultyServer, faultyServer, type PassedCall } from '../support/faulty-server.ts'
import { CONFIG, freePorts, type TestSandbox, testSandbox } from '../support/sandbox.ts'

/** Long enough for an answer on a busy machine, and short enough to wait for. */
const DEADLINES = { connect: 2000, ledger: 1000, sts: 3000 }

let sandbox: TestSandbox
let dynamodb: FaultyServer
let sts: FaultyServer
let s3: FaultyServer
let jwks: FaultyServer
/** Added to the clock of the brokers here; the services keep theirs. */
let ahead = 0
const opened: { close: () => Promise<void> }[] = []
let broker: Awaited<ReturnType<typeof open>>
let token: string
let auditor: string
const left: string[] = []

type Reply = { readonly status: number; readonly code: unknown; readonly headers: Headers; readonly text: string; readonly json: any }

/** A broker of its own, without any key in memory. */
async function open() {
  const [issuer, aws, slack] = [sandbox.urls.issuer, sandbox.urls.aws, sandbox.urls.slack].map((url) => Number(new URL(url).port))
  const ports = { broker: await freePorts(1), issuer: issuer as number, aws: aws as number, slack: slack as number }
  const rules = await loadRules(CONFIG, ports, { PEOPLE_JWKS: `${jwks.url}/people/jwks` }, 'faults')
  const part = await startBroker({
    ports,
    rules,
    keys: {
      vend: brokerKey(sandbox.aws.world, 'vend'),
      api: brokerKey(sandbox.aws.world, 'api'),
      sweep: brokerKey(sandbox.aws.world, 'sweep'),
    },
    endpoints: { sts: sts.url, dynamodb: dynamodb.url, s3: s3.url, kms: s3.url },
    region: sandbox.aws.world.region,
    clock: () => sandbox.now() + ahead,
    log: () => {},
    deadlines: DEADLINES,
    sweep: false,
    logVkey: sandbox.logVkey,
  })
  opened.push(part)
  const call = async (method: string, path: string, body?: object, as = token, more: Record<string, string> = {}): Promise<Reply> => {
    const answer = await fetch(`http://127.0.0.1:${ports.broker}${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(body ? { 'content-type': 'application/json' } : {}), ...more },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    const json = /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : {}
    return { status: answer.status, code: json.code, headers: answer.headers, text, json }
  }
  return {
    call,
    sweep: part.sweep,
    async vend(): Promise<Reply> {
      const answer = await call('POST', '/sessions', { profile: 'staging-power' })
      if (answer.status === 201) left.push(answer.json.credentials.accessKeyId)
      return answer
    },
  }
}

beforeAll(async () => {
  sandbox = await testSandbox()
  dynamodb = await faultyServer(sandbox.urls.aws)
  sts = await faultyServer(sandbox.urls.aws)
  s3 = await faultyServer(sandbox.urls.aws)
  jwks = await faultyServer(sandbox.urls.issuer)
  token = await sandbox.token('developer')
  auditor = await sandbox.token('auditor')
  broker = await open()
  expect((await broker.vend()).status).toBe(201)
})
afterAll(async () => {
  for (const part of opened) await part.close()
  for (const server of [dynamodb, sts, s3, jwks]) await server?.close()
  await sandbox?.close()
})

// ── Faults of AWS's services ─────────────────────────────────────────────────────────────────────────────────────────

const JSON_TYPE = 'application/x-amz-json-1.0'
const ddbError = (status: number, name: string, message: string) =>
  answer(status, JSON_TYPE, JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }))
const coralError = (name: string, message: string) =>
  answer(400, JSON_TYPE, JSON.stringify({ __type: `com.amazon.coral.service#${name}`, message }))
const stsXml = (status: number, code: string, message: string) =>
  answer(
    status,
    'text/xml',
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n    <Code>${code}</Code>\n    <Message>${message}</Message>\n  </Error>\n  <RequestId>b25f48e8-84fd-11e6-80d9-574e0c4664cb</RequestId>\n</ErrorResponse>\n`,
  )
const ofDynamoDb: readonly Named[] = [
  {
    name: 'throttles',
    fault: instead(
      ddbError(400, 'ProvisionedThroughputExceededException', 'The level of configured provisioned throughput for the table was exceeded.'),
    ),
    ...CALM,
  },
  {
    name: 'limits the account',
    fault: instead(ddbError(400, 'RequestLimitExceeded', 'Throughput exceeds the current throughput limit for your account.')),
    ...CALM,
  },
  {
    name: 'fails with 500',
    fault: instead(ddbError(500, 'InternalServerError', 'The request processing has failed because of an unknown error.')),
    ...CALM,
  },
  {
    name: 'fails with 500 after it did the call',
    fault: afterTheCall(ddbError(500, 'InternalServerError', 'The request processing has failed.')),
    ...ACTS,
  },
  {
    name: 'finds the clock skewed',
    fault: instead(coralError('InvalidSignatureException', 'Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z')),
    ...CALM,
  },
]
const ofSts: readonly Named[] = [
  { name: 'fails with 500', fault: instead(stsXml(500, 'InternalFailure', 'The request processing has failed.')), ...CALM },
  {
    name: 'fails with 503',
    fault: instead(stsXml(503, 'ServiceUnavailable', 'The request has failed due to a temporary failure.')),
    ...CALM,
  },
  { name: 'fails with 500 after it did the call', fault: afterTheCall(stsXml(500, 'InternalFailure', 'The request has failed.')), ...ACTS },
]

// ── What a row leaves behind ─────────────────────────────────────────────────────────────────────────────────────────

const typesOf = (stored: StoredRequest | undefined): readonly string[] => stored?.events.map(({ type }) => type) ?? []

/** Runs one vend under the fault, and returns the answer and what it added to the table. */
async function under(server: FaultyServer, fault: Fault | 'refuse', matches?: (call: PassedCall) => boolean) {
  const known = new Set((await storedRequests(sandbox)).map(({ id }) => id))
  const struck = fault === 'refuse' ? undefined : server.break(fault, matches)
  if (fault === 'refuse') await server.refuse()
  const reply = await broker.vend()
  await server.heal()
  if (struck) expect(struck(), 'the fault struck').toBeGreaterThan(0)
  const added = (await storedRequests(sandbox)).filter(({ id }) => !known.has(id))
  expect(added.length).toBeLessThanOrEqual(1)
  return { reply, stored: added[0] }
}

async function expectNothingLeft(reply: Reply): Promise<void> {
  expect(reply.text).not.toMatch(/A[SK]IA[A-Z0-9]{12}|secretAccessKey|sessionToken/i)
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
  // What AWS said is for the operator's log.
  expect(reply.text).not.toMatch(/nginx|aws-request-1|127\.0\.0\.1/)
  expect(await brokenInvariants(sandbox, left)).toEqual([])
}
/** The same broker, the same caller, at once: no fault of AWS is remembered. */
async function expectRecovery(): Promise<void> {
  expect((await broker.vend()).status).toBe(201)
  expect(await brokenInvariants(sandbox, left)).toEqual([])
}

const writes = (event: string) => (call: PassedCall) => call.action === 'UpdateItem' && call.body.includes(`\\"type\\":\\"${event}\\"`)
const reserve = writes('session.reserved')
const record = writes('session.issued')
const freezes = (call: PassedCall) => call.action === 'BatchGetItem'

const CREATED = ['request.created', 'session.reserved']

/** The one session of an item as DynamoDB returns it. */
const sessionIn = (item: object): string => Object.keys(item).find((name) => name.startsWith('ses.')) ?? 'no session'
const inSession = (lie: (session: any) => void) => (item: any) => lie(item[sessionIn(item)].M)

describe('DynamoDB, when it reserves', () => {
  test.each(rows([...common, ...ofDynamoDb]))('%s', async (_name, { fault, acts }) => {
    const { reply, stored } = await under(dynamodb, fault, reserve)
    expect([reply.status, reply.code, reply.headers.get('retry-after')]).toEqual([503, 'ledger-unavailable', '5'])
    expect(typesOf(stored)).toEqual(acts ? CREATED : [])
    expect(stored?.sessions[0]?.state).toBe(acts ? 'reserved' : undefined)
    await expectNothingLeft(reply)
    await expectRecovery()
  })
  test('refuses connections', async () => {
    const { reply, stored } = await under(dynamodb, 'refuse')
    expect([reply.status, reply.code, stored]).toEqual([503, 'ledger-unavailable', undefined])
    await expectNothingLeft(reply)
    await expectRecovery()
  })
  test.each<[string, (attributes: any) => void]>([
    ['another attempt', inSession((session) => Object.assign(session.attempt, { S: '0'.repeat(32) }))],
    ['no session', (item) => Object.assign(item, { [sessionIn(item)]: undefined })],
  ])('lies: the item it shows has %s', async (_name, lie) => {
    const { reply, stored } = await under(dynamodb, lieInItem(lie), reserve)
    expect([reply.status, reply.code]).toEqual([503, 'ledger-unavailable'])
    expect(typesOf(stored)).toEqual(CREATED)
    await expectNothingLeft(reply)
    await expectRecovery()
  })
})

const lieInItem = (lie: (attributes: any) => void): Fault =>
  change((body) => {
    const told = JSON.parse(body)
    lie(told.Attributes)
    return JSON.stringify(told)
  })

describe('DynamoDB, when the freezes are read', () => {
  test.each(rows([...common, ...ofDynamoDb]))('%s', async (_name, { fault }) => {
    const { reply, stored } = await under(dynamodb, fault, freezes)
    expect([reply.status, reply.code, reply.headers.get('retry-after')]).toEqual([503, 'ledger-unavailable', '5'])
    // AWS was not called, and the use is back.
    expect(typesOf(stored)).toEqual([...CREATED, 'session.failed'])
    expect([stored?.sessions[0]?.state, stored?.usesLeft]).toEqual(['failed', 1])
    expect(stored?.events.at(-1)).toMatchObject({ code: 'ledger-unavailable' })
    await expectNothingLeft(reply)
    await expectRecovery()
  })
  test.each<[string, (told: any) => void]>([
    ['some keys are left unprocessed', (told) => Object.assign(told, { UnprocessedKeys: { stint: { Keys: [{ pk: { S: 'FREEZE' } }] } } })],
    ['the response has no list for the table', (told) => Object.assign(told, { Responses: {} })],
  ])('lies: %s', async (_name, lie) => {
    const fault = change((body) => {
      const told = JSON.parse(body)
      lie(told)
      return JSON.stringify(told)
    })
    const { reply, stored } = await under(dynamodb, fault, freezes)
    expect([reply.status, reply.code]).toEqual([503, 'ledger-unavailable'])
    expect(typesOf(stored)).toEqual([...CREATED, 'session.failed'])
    await expectNothingLeft(reply)
    await expectRecovery()
  })
})

describe('STS', () => {
  test.each(rows([...common, ...ofSts]))('%s: the outcome is unknown, and the use stays taken', async (_name, { fault }) => {
    const { reply, stored } = await under(sts, fault)
    expect([reply.status, reply.code]).toEqual([504, 'sts-timeout'])
    expect(typesOf(stored)).toEqual(CREATED)
    expect([stored?.sessions[0]?.state, stored?.usesLeft]).toEqual(['reserved', 0])
    await expectNothingLeft(reply)
    await expectRecovery()
  })
  test.each<[string, Fault | 'refuse', number, string]>([
    ['refuses connections', 'refuse', 504, 'sts-timeout'],
    ['throttles', instead(stsXml(400, 'Throttling', 'Rate exceeded')), 503, 'sts-throttled'],
    [
      'denies',
      instead(stsXml(403, 'AccessDenied', 'User: x is not authorized to perform: sts:AssumeRole on resource: y')),
      502,
      'assume-role-denied',
    ],
    [
      'finds the token of the broker expired',
      instead(stsXml(403, 'ExpiredToken', 'The security token included in the request is expired')),
      502,
      'assume-role-denied',
    ],
    [
      'finds the clock skewed',
      instead(stsXml(403, 'SignatureDoesNotMatch', 'Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z')),
      502,
      'assume-role-denied',
    ],
    [
      'finds the policy too large',
      instead(stsXml(400, 'PackedPolicyTooLarge', 'Packed policy consumes 101% of allotted space')),
      502,
      'packed-policy-too-large',
    ],
    ['rejects a parameter', instead(stsXml(400, 'ValidationError', '1 validation error detected')), 502, 'assume-role-invalid'],
    ['has an error of its own', instead(stsXml(400, 'NotThoughtOf', 'x')), 502, 'assume-role-invalid'],
    [
      'is disabled in the region',
      instead(stsXml(403, 'RegionDisabledException', 'STS is not activated in this region')),
      502,
      'assume-role-invalid',
    ],
  ])('%s: nothing happened, and the use is back', async (_name, fault, status, code) => {
    const { reply, stored } = await under(sts, fault)
    expect([reply.status, reply.code]).toEqual([status, code])
    expect(typesOf(stored)).toEqual([...CREATED, 'session.failed'])
    expect(stored?.events.at(-1)).toMatchObject({ code })
    expect([stored?.sessions[0]?.state, stored?.usesLeft]).toEqual(['failed', 1])
    await expectNothingLeft(reply)
    await expectRecovery()
  })

  const element = (name: string, of: (old: string) => string) =>
    change((body) => {
      const pattern = new RegExp(`<${name}>([^<]*)</${name}>`)
      if (!pattern.test(body)) throw new Error(`the answer has no ${name}`)
      return body.replace(pattern, (_all, old) => `<${name}>${of(old)}</${name}>`)
    })
  test.each<[string, Fault]>([
    ['the ARN of another account', element('Arn', (arn) => arn.replace(/::\d{12}:/, '::999988887777:'))],
    ['the ARN of another role', element('Arn', (arn) => arn.replace(/assumed-role\/[^/]+/, 'assumed-role/Admin'))],
    ['the ARN of another session', element('Arn', (arn) => arn.replace(/[^/]+$/, 'another-session'))],
    ['the role ID of another session', element('AssumedRoleId', (id) => id.replace(/:.*$/, ':another-session'))],
    ['another source identity', element('SourceIdentity', () => 'another-session')],
    ['an expiration in the past', element('Expiration', () => '2020-01-01T00:00:00Z')],
    ['an expiration far away', element('Expiration', () => '2999-01-01T00:00:00Z')],
    ['an expiration hours ahead', element('Expiration', (at) => new Date(Date.parse(at) + 7_200_000).toISOString())],
    ['a long-lived access key', element('AccessKeyId', (id) => id.replace(/^ASIA/, 'AKIA'))],
    ['an empty session token', element('SessionToken', () => '')],
  ])('lies with %s: the answer is dropped', async (_name, fault) => {
    const { reply, stored } = await under(sts, fault)
    expect([reply.status, reply.code]).toEqual([502, 'sts-answer-invalid'])
    expect(typesOf(stored)).toEqual([...CREATED, 'session.answer-dropped'])
    expect([stored?.sessions[0]?.state, stored?.usesLeft]).toEqual(['reserved', 0])
    await expectNothingLeft(reply)
    await expectRecovery()
  })
})

describe('DynamoDB, when the session is recorded', () => {
  test.each(rows([...common, ...ofDynamoDb]))('%s: the credentials stay in Stint', async (_name, { fault, acts }) => {
    const { reply, stored } = await under(dynamodb, fault, record)
    expect([reply.status, reply.code, reply.headers.get('retry-after')]).toEqual([503, 'ledger-unavailable', '5'])
    expect(typesOf(stored)).toEqual(acts ? [...CREATED, 'session.issued'] : CREATED)
    expect([stored?.sessions[0]?.state, stored?.usesLeft]).toEqual([acts ? 'issued' : 'reserved', 0])
    await expectNothingLeft(reply)
    await expectRecovery()
  })
  test.each<[string, (attributes: any) => void]>([
    ['another attempt', inSession((session) => Object.assign(session.attempt, { S: '0'.repeat(32) }))],
    ['another access key', inSession((session) => Object.assign(session.issued.M.accessKeyId, { S: `ASIA${'X'.repeat(16)}` }))],
    ['a session that is still reserved', inSession((session) => Object.assign(session.state, { S: 'reserved' }))],
  ])('lies: the item it shows has %s', async (_name, lie) => {
    const { reply, stored } = await under(dynamodb, lieInItem(lie), record)
    expect([reply.status, reply.code]).toEqual([503, 'ledger-unavailable'])
    expect(typesOf(stored)).toEqual([...CREATED, 'session.issued'])
    await expectNothingLeft(reply)
    await expectRecovery()
  })
})

describe('what does not matter', () => {
  const skewed = (hours: number): Fault =>
    change((_body, whole) => ({ ...whole, headers: { ...whole.headers, date: new Date(sandbox.now() + hours * 3_600_000).toUTCString() } }))
  const typed = (type: string): Fault => change((_body, whole) => ({ ...whole, headers: { ...whole.headers, 'content-type': type } }))
  test.each<[string, () => FaultyServer, Fault]>([
    ['a Date of STS hours ahead', () => sts, skewed(7)],
    ['a Date of STS hours behind', () => sts, skewed(-7)],
    ['a Date of DynamoDB hours ahead', () => dynamodb, skewed(7)],
    ['a Date of DynamoDB hours behind', () => dynamodb, skewed(-7)],
    ['another content type of STS', () => sts, typed('text/html')],
    ['another content type of DynamoDB', () => dynamodb, typed('text/html')],
    // TLS protects the answer. DynamoDB's own checksum is not read, as in AWS's SDK for JavaScript.
    [
      'a wrong CRC-32 of DynamoDB',
      () => dynamodb,
      change((_body, whole) => ({ ...whole, headers: { ...whole.headers, 'x-amz-crc32': '1' } })),
    ],
  ])('%s', async (_name, server, fault) => {
    const { reply, stored } = await under(server(), fault)
    expect(reply.status).toBe(201)
    expect(typesOf(stored)).toEqual([...CREATED, 'session.issued'])
    expect(await brokenInvariants(sandbox, left)).toEqual([])
    await expectRecovery()
  })
})

describe('the keys of the issuer, for a broker that has none yet', () => {
  const set = (keys: (all: any[]) => unknown) =>
    change((body) => {
      const { keys: all } = JSON.parse(body)
      return JSON.stringify({ keys: keys(all) })
    })
  const unavailable = [503, 'issuer-keys-unavailable'] as const
  const strange = [401, 'token-invalid'] as const
  test.each<[string, Fault | 'refuse', readonly [number, string]]>([
    ['refuses connections', 'refuse', unavailable],
    ['resets the connection', { how: 'reset', when: 'before' }, unavailable],
    ['closes the connection in the body', { how: 'reset', when: 'body' }, unavailable],
    ['hangs', { how: 'hang', when: 'before' }, unavailable],
    ['hangs in the body', { how: 'hang', when: 'body' }, unavailable],
    ['answers 500', instead(answer(500, 'application/json', '{"error":"server_error"}')), unavailable],
    ['answers 429', instead(answer(429, 'application/json', '{}')), unavailable],
    ['redirects', instead(answer(302, 'text/html', '', { location: 'http://127.0.0.1:9/jwks' })), unavailable],
    ['answers with a page', instead(answer(200, 'text/html', GATEWAY_PAGE)), unavailable],
    ['answers with half of the set', change((body) => body.slice(0, body.length >> 1)), unavailable],
    ['answers with an endless set', change((body) => body + ' '.repeat(HUGE)), unavailable],
    ['answers with bytes that are not UTF-8', change(() => Buffer.from([0xff, 0xfe])), unavailable],
    ['has no keys', set(() => []), strange],
    ['has other keys', set((all) => all.map((key) => ({ ...key, kid: 'other' }))), strange],
    [
      'has two keys of one kid',
      set((all) => [...all, ...all.map((key) => ({ ...key, ...(key.n ? { n: `${key.n.slice(0, -4)}AAAA` } : { x: key.y, y: key.x }) }))]),
      strange,
    ],
  ])('%s', async (_name, fault, [status, code]) => {
    const own = await open()
    if (fault === 'refuse') await jwks.refuse()
    else jwks.break(fault)
    const reply = await own.vend()
    await jwks.heal()
    expect([reply.status, reply.code]).toEqual([status, code])
    await expectNothingLeft(reply)
    // The first back-off is one second.
    ahead = 1001
    try {
      expect((await own.vend()).status).toBe(201)
    } finally {
      ahead = 0
    }
  })
})

describe('what reads only', () => {
  const xml = (status: number, code: string) =>
    answer(
      status,
      'application/xml',
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>m</Message><RequestId>R</RequestId></Error>`,
    )
  const s3Faults: readonly Named[] = [
    { name: 'asks to slow down', fault: instead(xml(503, 'SlowDown')), ...CALM },
    { name: 'fails with 500', fault: instead(xml(500, 'InternalError')), ...CALM },
    { name: 'denies', fault: instead(xml(403, 'AccessDenied')), ...CALM },
    { name: 'finds the clock skewed', fault: instead(xml(403, 'RequestTimeTooSkewed')), ...CALM },
  ]
  /** A read has no effect, so one way to hang is enough. */
  const quick = common.filter(({ fault }) => fault.how !== 'hang' || fault.when === 'body')
  /** A changed body is what S3 has: the reader of the log checks it, and not the broker. */
  const broken = quick.filter(({ fault }) => fault.how !== 'change' && !(fault.how === 'answer' && fault.answer.status === 200))

  test.each(rows([...broken, ...s3Faults]))('S3, for the checkpoint of the audit log: %s', async (_name, { fault }) => {
    await sandbox.ship()
    const get = () => broker.call('GET', '/audit/log/checkpoint', undefined, auditor)
    s3.break(fault)
    const reply = await get()
    await s3.heal()
    expect([reply.status, reply.code]).toEqual([503, 'log-unavailable'])
    await expectNothingLeft(reply)
    const good = await get()
    expect(good.status).toBe(200)
    expect(good.text).toContain(`\n\n\u2014 `)
  })

  test.each(rows([...quick, ...ofDynamoDb]))('DynamoDB, for one request: %s', async (_name, { fault }) => {
    const { json } = await broker.vend()
    const get = () => broker.call('GET', `/requests/${String(json.id).split('.')[0]}`)
    dynamodb.break(fault, ({ action }) => action === 'GetItem')
    const reply = await get()
    await dynamodb.heal()
    expect([reply.status, reply.code]).toEqual([503, 'ledger-unavailable'])
    await expectNothingLeft(reply)
    expect((await get()).status).toBe(200)
  })
})

test('what stayed reserved is abandoned after 90 seconds, once, and every journal is complete', async () => {
  const open = async () => (await storedRequests(sandbox)).filter(({ sessions }) => sessions.some(({ state }) => state === 'reserved'))
  const waiting = await open()
  expect(waiting.length).toBeGreaterThan(20)
  sandbox.advance(91_000)
  await sandbox.sweep()
  await sandbox.sweep()
  expect(await open()).toEqual([])
  const stored = await storedRequests(sandbox)
  for (const { id } of waiting) {
    const own = stored.find((request) => request.id === id)
    expect([typesOf(own).at(-1), own?.usesLeft]).toEqual(['session.abandoned', 1])
  }
  expect(await brokenInvariants(sandbox, left)).toEqual([])
})
