/**
 * The trail as its readers have it, over HTTP: search, receipts, the log itself, verified by a stranger and by code that we
 * did not write.
 */

import { allJournals } from '@stint/broker/adapters/dynamodb/journal-reader'
import { storeSource, urlSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { checkReceipt } from '@stint/core/audit/receipt'
import { parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let keys: NonNullable<ReturnType<typeof parseVkey>>[]
const tokens: Record<string, string> = {}
const logs = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } }
let session: string
let refusedTrace: string
let breakGlass: string

const call = async (method: string, path: string, name: string, body?: object) => {
  const answer = await fetch(`${sandbox.urls.broker}${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens[name]}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, json: text.startsWith('{') ? JSON.parse(text) : {} }
}
const get = (path: string, name: string) => call('GET', path, name)
const idsOf = (answer: { json: any }): string[] => answer.json.events.map(({ id, event }: any) => `${id} ${event.type}`)

beforeAll(async () => {
  sandbox = await testSandbox()
  const key = parseVkey(sandbox.logVkey)
  if (!key) throw new Error('no key')
  keys = [key]
  for (const name of ['developer', 'second-developer', 'approver', 'oncall', 'auditor', 'tool']) tokens[name] = await sandbox.token(name)
  await sandbox.sweep()
  session = (await call('POST', '/sessions', 'developer', { ...logs, ticket: 'OPS-17' })).json.id
  await call('POST', '/sessions', 'tool', { profile: 'report-export' })
  refusedTrace = (await call('POST', '/sessions', 'developer', { ...logs, duration: 1 })).json.trace
  breakGlass = (await call('POST', '/requests', 'oncall', { profile: 'break-glass', justification: 'orders are down', ticket: 'INC-9' }))
    .json.id
})
afterAll(() => sandbox.close())

describe('before anything is shipped', () => {
  test('a receipt is not there yet, and says when to come back', async () => {
    const answer = await get(`/sessions/${session}/receipt`, 'developer')
    expect([answer.status, answer.json.code, answer.headers.get('retry-after')]).toEqual([503, 'not-logged-yet', '5'])
  })
  test('the log has no checkpoint', async () => expect((await get('/audit/log/checkpoint', 'auditor')).status).toBe(404))
})

describe('after it', () => {
  beforeAll(async () => {
    await sandbox.ship()
  })

  test('a stranger verifies the log, and table and log tell one story', async () => {
    const source = storeSource(sandbox.shipper)
    const { client, storyTable } = await tableOf()
    const report = await verify({ source, keys, now: sandbox.now(), table: allJournals({ client, storyTable }) })
    expect(report.faults).toEqual([])
    expect(report.table).toMatchObject({ unshipped: 0 })
    expect(report.counts).toMatchObject({
      'config.seen': 1,
      'log.started': 1,
      'session.issued': 2,
      'request.refused': 1,
      'request.asked': 1,
      'request.received': 1,
    })
  })

  test('the same over HTTP, with an auditor’s token', async () => {
    const source = urlSource(`${sandbox.urls.broker}/audit/log`, tokens.auditor, fetch, async () => {})
    const report = await verify({ source, keys, now: sandbox.now() })
    expect([report.faultCount, report.counts['session.issued'], report.erased]).toEqual([0, 2, 0])
  })

  test('without a key the log’s own is taken, and the report says so', async () => {
    const report = await verify({ source: storeSource(sandbox.shipper), keys: [], now: sandbox.now() })
    expect([report.faultCount, report.keyUntrusted, report.vkey]).toEqual([0, true, sandbox.logVkey])
  })

  test('the session’s owner gets a receipt that proves it', async () => {
    const answer = await get(`/sessions/${session}/receipt`, 'developer')
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition')]).toEqual([
      200,
      'text/plain; charset=UTF-8',
      `attachment; filename="${session.slice(0, 30)}-2.tlog-proof"`,
    ])
    const receipt = checkReceipt(answer.text, keys)
    if (typeof receipt === 'string') throw new Error(receipt)
    expect((await get(`/audit/events/${session.slice(0, 30)}/0`, 'developer')).json.event.ticket).toBe('OPS-17')
    expect((await get(`/audit/events/${breakGlass}/0`, 'oncall')).json.event).toMatchObject({
      justification: 'orders are down',
      needs: [1],
    })
    expect((await get(`/audit/events/${breakGlass}/1`, 'oncall')).json.event.ticket).toBe('INC-9')
    expect((await get(`/requests/${breakGlass}`, 'oncall')).json.ticket).toBe('INC-9')
    expect(JSON.parse(receipt.event)).toMatchObject({ type: 'session.issued', session })
    expect(checkReceipt(answer.text.replace(/^index \d+$/m, 'index 0'), keys)).toMatch(/not in the log/)
    // The receipt of an older checkpoint stays good when the log grows.
    await call('POST', '/sessions', 'tool', { profile: 'report-export' })
    await sandbox.ship()
    expect(checkReceipt(answer.text, keys)).toEqual(receipt)
  })

  test.each([
    ['another caller', 'second-developer', 404],
    ['an auditor', 'auditor', 200],
  ])('%s', async (_who, name, status) => {
    expect((await get(`/sessions/${session}/receipt`, name)).status).toBe(status)
    expect((await get(`/audit/events/${session.slice(0, 30)}/0`, name)).status).toBe(status)
    expect((await get(`/audit/events/${session.slice(0, 30)}/1/receipt`, name)).status).toBe(status)
  })

  test.each([
    ['/sessions/x/receipt', 'session-unknown'],
    ['/sessions/req_00000000000000000000000000.aaaaaaaa/receipt', 'session-unknown'],
    ['/audit/events/req_00000000000000000000000000/0', 'event-unknown'],
    ['/audit/events/REQ/0', 'event-unknown'],
    ['/audit/events/x_1/0/receipt', 'event-unknown'],
    ['/audit/events/req_00000000000000000000000000/-1/receipt', 'event-unknown'],
    ['/audit/events/req_00000000000000000000000000/1e3/receipt', 'event-unknown'],
  ])('%s is %s', async (path, code) => {
    const answer = await get(path, 'developer')
    expect([answer.status, answer.json.code]).toEqual([404, code])
  })
})

describe('the log itself', () => {
  test.each(['checkpoint', 'tile/0/000', 'events/000'])('%s is for auditors', async (path) => {
    const answer = await get(`/audit/log/${path}`, 'developer')
    expect([answer.status, answer.json.code]).toEqual([403, 'not-eligible'])
    expect((await sandbox.get(`/audit/log/${path}`)).status).toBe(401)
  })
  test.each([
    'tile/0/0',
    'tile/0/000.p/0',
    'tile/99/000',
    'tile/entries/000.p/300',
    'events/000.p/3',
    'events/..%2f..%2fstage',
    'stage/x',
    'quarantined/x',
    'x',
    'tile',
    'tile/0/999',
  ])('%s is no object of it', async (path) => expect((await get(`/audit/log/${path}`, 'auditor')).json.code).toBe('route-unknown'))

  test('a public log gives tiles to everybody, and events to none but auditors', async () => {
    const rules = sandbox.rules as { log?: object }
    const before = rules.log
    rules.log = { ...before, publicLog: true }
    try {
      const answer = await sandbox.get('/audit/log/checkpoint')
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
      expect((await sandbox.get('/audit/log/events/000')).status).toBe(401)
      const source = urlSource(`${sandbox.urls.broker}/audit/log`, undefined, fetch, async () => {})
      const report = await verify({ source, keys, now: sandbox.now() })
      expect([report.faultCount, report.size > 0, report.counts['session.issued']]).toEqual([0, true, 3])
    } finally {
      rules.log = before as object
    }
  })
})

describe('search', () => {
  test.each<[string, () => string, () => string[]]>([
    [
      'by session',
      () => `session=${session}`,
      () => [`${session.slice(0, 30)}/2 session.issued`, `${session.slice(0, 30)}/1 session.reserved`],
    ],
    ['by target and outcome', () => 'target=prod-readonly&outcome=session.reserved', () => [`${session.slice(0, 30)}/1 session.reserved`]],
    ['by profile and outcome', () => 'profile=break-glass&outcome=request.asked', () => [`${breakGlass}/0 request.asked`]],
    ['by nothing that there is', () => 'profile=break-glass&outcome=session.issued', () => []],
    ['of a time before', () => 'before=2020-01-01T00:00:00Z', () => []],
    ['of a time to come', () => 'before=9999-01-01T00:00:00Z&outcome=frozen', () => []],
  ])('%s', async (_what, query, expected) => expect(idsOf(await get(`/audit/events?${query()}`, 'auditor'))).toEqual(expected()))

  test('by access key, as CloudTrail has it', async () => {
    const { accessKeyId } = (await get(`/sessions/${session}`, 'developer')).json.issued
    expect(idsOf(await get(`/audit/events?accessKeyId=${accessKeyId}`, 'auditor'))).toEqual([`${session.slice(0, 30)}/2 session.issued`])
  })

  test('by refusal', async () => {
    const { json } = await get('/audit/events?outcome=duration-invalid', 'auditor')
    expect(json.events).toMatchObject([{ event: { type: 'request.refused', trace: refusedTrace, caller: { issuer: 'people' } } }])
  })

  test('by caller', async () => {
    const { subject } = (await get(`/audit/events/${session.slice(0, 30)}/0`, 'auditor')).json.event.caller
    const found = (await get(`/audit/events?issuer=people&subject=${subject}`, 'auditor')).json.events
    expect(found.map(({ event }: any) => event.type).sort()).toEqual([
      'request.created',
      'request.refused',
      'session.issued',
      'session.reserved',
    ])
  })

  test('others find their own only, whatever they ask for', async () => {
    const own = (await get('/audit/events', 'developer')).json.events
    expect(own).toHaveLength(4)
    expect(idsOf(await get('/audit/events', 'second-developer'))).toEqual([])
    expect(idsOf(await get(`/audit/events?session=${session}`, 'second-developer'))).toEqual([])
    const { subject } = (await get(`/audit/events/${session.slice(0, 30)}/0`, 'auditor')).json.event.caller
    expect(idsOf(await get(`/audit/events?issuer=people&subject=${subject}`, 'second-developer'))).toEqual([])
  })

  test('only auditors read the reason of a refusal, which can tell of rules that the caller cannot see', async () => {
    const query = '/audit/events?outcome=duration-invalid'
    const [whole] = (await get(query, 'auditor')).json.events
    const { reason, ...shown } = whole.event
    expect(reason).toMatch(/^duration is out of range/)
    expect((await get(query, 'developer')).json.events).toEqual([{ ...whole, event: shown }])
    expect((await get(`/audit/events/${whole.id}`, 'developer')).json).toEqual({ ...whole, event: shown })
    expect((await get(`/audit/events/${whole.id}/receipt`, 'developer')).json.code).toBe('event-unknown')
    expect((await get(`/audit/events/${whole.id}/receipt`, 'auditor')).status).toBe(200)
  })

  test('page by page it is all of it, newest first, each once', async () => {
    const all = idsOf(await get('/audit/events?limit=100', 'auditor'))
    const paged: string[] = []
    let path: string | undefined = '/audit/events?limit=3'
    let pages = 0
    while (path) {
      const page: Awaited<ReturnType<typeof get>> = await get(path, 'auditor')
      paged.push(...idsOf(page))
      path = /^<([^>]*)>/.exec(page.headers.get('link') ?? '')?.[1]
      pages++
    }
    expect(paged).toEqual(all)
    expect(new Set(all).size).toBe(all.length)
    expect(pages).toBeGreaterThan(4)
  })

  test('years without events are gone through in pages, and end', async () => {
    let path: string | undefined = '/audit/events?since=2026-01-01T00:00:00Z&before=2026-06-01T00:00:00Z'
    let pages = 0
    while (path) {
      const page: Awaited<ReturnType<typeof get>> = await get(path, 'auditor')
      expect([page.status, page.json.events]).toEqual([200, []])
      path = /^<([^>]*)>/.exec(page.headers.get('link') ?? '')?.[1]
      pages++
    }
    expect(pages).toBe(4)
  })

  test.each([
    'limit=0',
    'limit=101',
    'x=1',
    'issuer=people',
    'session=x',
    'outcome=x',
    'since=yesterday',
    'since=2026-01-02T00:00:00Z&before=2026-01-01T00:00:00Z',
    'cursor=AAAA',
    'session=req_00000000000000000000000000.aaaaaaaa&limit=3',
  ])('%s is no query', async (query) => {
    const answer = await get(`/audit/events?${query}`, 'auditor')
    expect([answer.status, answer.json.code]).toEqual([400, 'body-invalid'])
  })
})

describe('a decision', () => {
  let denied: any
  beforeAll(async () => {
    await call('POST', `/requests/${breakGlass}/deny`, 'approver', { comment: 'not now' })
    await sandbox.ship()
    denied = (await get('/audit/events?outcome=request.denied', 'auditor')).json.events[0]
  })
  test('is found by who made it, as by whose request it was', async () => {
    const { issuer, subject } = denied.event.by
    expect(idsOf(await get(`/audit/events?issuer=${issuer}&subject=${subject}&outcome=request.denied`, 'auditor'))).toEqual([
      `${denied.id} request.denied`,
    ])
    expect(idsOf(await get('/audit/events?outcome=request.denied', 'approver'))).toEqual([`${denied.id} request.denied`])
    expect(idsOf(await get('/audit/events?outcome=request.denied', 'oncall'))).toEqual([`${denied.id} request.denied`])
    expect(idsOf(await get('/audit/events?outcome=request.denied', 'developer'))).toEqual([])
  })
  test('shows the requester what was said, and not from where', async () => {
    const event = async (name: string) => (await get(`/audit/events/${denied.id}`, name)).json.event
    expect(await event('oncall')).toMatchObject({ comment: 'not now', by: denied.event.by })
    expect(await event('oncall')).not.toHaveProperty('source')
    expect(await event('oncall')).not.toHaveProperty('token')
    expect(await event('approver')).toHaveProperty('source')
    expect((await get(`/audit/events/${denied.id}/receipt`, 'oncall')).status).toBe(404)
    expect((await get(`/audit/events/${denied.id}/receipt`, 'approver')).status).toBe(200)
  })
})

describe('every refusal of a verified caller is in the audit log, whatever the route', () => {
  test.each<[string, string, () => string, string, string, string]>([
    ['their own request', 'POST', () => `/requests/${breakGlass}/approve`, 'oncall', 'self-approval', 'break-glass'],
    ['a request that is none of theirs', 'POST', () => `/requests/${breakGlass}/deny`, 'tool', 'request-unknown', ''],
    ['a freeze', 'DELETE', () => `/freezes/frz_${'0'.repeat(26)}`, 'tool', 'not-eligible', ''],
    ['the log', 'GET', () => '/audit/log/checkpoint', 'second-developer', 'not-eligible', ''],
  ])('%s', async (_what, method, path, name, code, profile) => {
    const { json } = await call(method, path(), name, method === 'POST' ? {} : undefined)
    expect(json.code).toBe(code)
    await sandbox.ship()
    const { events } = (await get(`/audit/events?outcome=${code}&limit=1`, 'auditor')).json
    expect(events[0].event).toMatchObject({ type: 'request.refused', code, profile, trace: json.trace })
  })
  test('a frozen way, where there was nothing to reserve', async () => {
    await call('POST', '/freezes', 'oncall', { scope: { kind: 'profile', id: 'break-glass' }, justification: 'a drill' })
    const { json } = await call('POST', '/sessions', 'oncall', {
      profile: 'break-glass',
      justification: 'x',
      requestId: `req_${'0'.repeat(26)}`,
    })
    await sandbox.ship()
    const { events } = (await get('/audit/events?outcome=frozen', 'auditor')).json
    expect([json.code, events.length]).toEqual(['frozen', 1])
    expect(events[0].event).toMatchObject({ type: 'request.refused', profile: 'break-glass', trace: json.trace })
  })
  test('what is only not there to be read is none', async () => {
    const { json } = await get('/sessions/x', 'developer')
    await sandbox.ship()
    const { events } = (await get('/audit/events?outcome=session-unknown', 'auditor')).json
    expect([json.code, events]).toEqual(['session-unknown', []])
  })
})

describe('when the log does not answer', () => {
  test('vending goes on, and reading the log says so', async () => {
    const bucket = sandbox.aws.world.buckets.get('stint-log')
    if (!bucket) throw new Error('no bucket')
    sandbox.aws.world.buckets.delete('stint-log')
    try {
      expect((await call('POST', '/sessions', 'developer', logs)).status).toBe(201)
      const answer = await get(`/sessions/${session}/receipt`, 'developer')
      expect([answer.status, answer.json.code]).toEqual([503, 'log-unavailable'])
      await expect(sandbox.ship()).rejects.toThrow()
    } finally {
      sandbox.aws.world.buckets.set('stint-log', bucket)
    }
    // Nothing was lost by it.
    await sandbox.ship()
    const report = await verify({ source: storeSource(sandbox.shipper), keys, now: sandbox.now() })
    expect([report.faults, report.counts['session.issued']]).toEqual([[], 4])
  })
})

async function tableOf() {
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb')
  const { addUser, BROKER_ACCOUNT } = await import('@stint/sandbox/aws/world')
  const key = addUser(sandbox.aws.world, `arn:aws:iam::${BROKER_ACCOUNT}:user/auditor`, [
    { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'dynamodb:Scan', Resource: '*' } },
  ])
  return { client: new DynamoDBClient({ endpoint: sandbox.urls.aws, region: 'eu-central-1', credentials: key }), storyTable: 'stint' }
}
