/** Ending sessions at once, over real HTTP and the sandbox's IAM: one session falls, the others of its role go on. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { denyKey, pendingKey } from '@stint/broker/adapters/dynamodb/end-notes'
import { END_POLICY_NAME, MAX_DENIED_SESSIONS } from '@stint/core/request/immediate-end'
import type { Interceptor } from '@stint/sandbox/aws/server'
import { END_QUEUE } from '@stint/sandbox/aws/sqs'
import { tables } from '@stint/sandbox/aws/world'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, fromVend, s3 } from '../support/aws.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
const ROLE = 'arn:aws:iam::444455556666:role/stint/PowerUser'
const MINUTE = 60_000

type Done = Awaited<ReturnType<Parameters<Interceptor>[2]>>
type Intervene = (action: string, next: () => Promise<Done>) => Promise<Done | 'drop'>
/** What AWS does to the next calls of these operations. */
const faults = new Map<string, Intervene[]>()
const intercept: Interceptor = (_service, action, next) => {
  const fault = faults.get(action)?.shift()
  return fault ? fault(action, next) : next()
}
const once = (action: string, ...made: Intervene[]) => void faults.set(action, [...(faults.get(action) ?? []), ...made])

let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings, intercept, end: false })
})
afterEach(() => {
  const left = [...faults].filter(([, made]) => made.length > 0).map(([action]) => action)
  faults.clear()
  expect(left).toEqual([])
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

let serial = 0
/** Each row has an engineer of its own, whose tokens are fresh ones of the same person. */
function someone() {
  const sub = `ender-${++serial}`
  return (more: object = {}) => lab.token({ sub, role: 'engineer', groups: [], name: 'Erin', ...more })
}
async function start(token: string, body: object = {}): Promise<Record<string, any>> {
  const answer = await sandbox.vend(token, { profile: 'once', ...body })
  expect([answer.status, answer.json.code]).toEqual([201, undefined])
  return answer.json
}
/** Two sessions of one request that was approved. */
async function startTwo(erin: () => Promise<string>) {
  const body = { profile: 'approved', justification: 'INC-7' }
  const { requestId } = (await sandbox.vend(await erin(), body)).json
  const peer = await lab.token({ sub: 'pat', groups: ['peers'], name: 'Pat' })
  await sandbox.call('POST', `/requests/${requestId}/approve`, peer, {})
  const again = async () => start(await erin(), { ...body, requestId })
  return { requestId, sessions: [await again(), await again()] as const }
}
const end = (token: string, id: string, query = '') => sandbox.call('DELETE', `/sessions/${id}${query}`, token)
const stateOf = async (token: string, id: string) => (await sandbox.get(`/sessions/${id}`, token)).json.immediateEnd
const status = ({ status: code, json }: Answer) => [code, json.code ?? json.immediateEnd ?? 'none']

/** ok, or the name of the error. */
async function worksWith(session: Record<string, any>): Promise<string> {
  const client = s3(sandbox.urls.aws, fromVend(session))
  client.config.systemClockOffset = sandbox.now() - Date.now()
  const listing = client.send(new ListObjectsV2Command({ Bucket: 'acme-staging-uploads' }))
  return listing.then(
    () => 'ok',
    async () => (await errorOf(listing)).name,
  )
}
const policyOfRole = () => sandbox.aws.world.roles.get(ROLE)?.inline.get(END_POLICY_NAME)?.text ?? ''
const suffixOf = (id: string) => id.slice(id.indexOf('.') + 1)
const queue = () => sandbox.aws.world.queues.find(({ url }) => url.endsWith(END_QUEUE))
const callsOf = (action: string) => sandbox.aws.server.calls.filter((call) => call.action === action).length
const put = (item: object) => sandbox.aws.dynamo.direct('PutItem', { TableName: tables.side, Item: item })
const remove = (key: object) => sandbox.aws.dynamo.direct('DeleteItem', { TableName: tables.side, Key: key })
/** A request whose sessions were ended before, and one of them, as the table has it. */
const BEFORE = `req_${'0'.repeat(26)}`
const row = (suffix: string, until: number) => ({
  pk: { S: denyKey(ROLE) },
  sk: { S: suffix },
  request: { S: BEFORE },
  issuedAt: { N: String(sandbox.now() - 30 * MINUTE) },
  until: { N: String(until) },
  notedAt: { N: String(sandbox.now() - 20 * MINUTE) },
  state: { S: 'read-back' },
})
const putCount = (count: number) => put({ pk: { S: denyKey(ROLE) }, sk: { S: 'COUNT' }, count: { N: String(count) } })
const iamError = (code: string, httpStatus = 400): Done => ({
  status: httpStatus,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>${code}</Code><Message>No.</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
})

describe('two sessions of one role', () => {
  test('one ends at once, and the other works on', async () => {
    const [erin, finn] = [someone(), someone()]
    const [first, second] = [await start(await erin()), await start(await finn())]
    expect([await worksWith(first), await worksWith(second)]).toEqual(['ok', 'ok'])

    const ended = await end(await erin(), first.id)
    expect(status(ended)).toEqual([200, 'requested'])
    // Nothing has happened at AWS yet, and the answer does not say that it has.
    expect(await worksWith(first)).toBe('ok')
    expect(await stateOf(await erin(), first.id)).toBe('requested')

    expect(await sandbox.endSessions()).toBe(0)
    expect(await stateOf(await erin(), first.id)).toBe('read-back')
    expect([await worksWith(first), await worksWith(second)]).toEqual(['AccessDenied', 'ok'])
    expect(await worksWith(await start(await erin()))).toBe('ok')
    expect(await stateOf(await finn(), second.id)).toBeUndefined()
  })

  test('is written by the revoker of the role, which can do nothing else', async () => {
    const erin = someone()
    const session = await start(await erin())
    await end(await erin(), session.id)
    await sandbox.endSessions()
    sandbox.aws.server.trail.deliver()
    const revokers = [...sandbox.aws.world.identities.values()].filter(({ principal }) => principal.roleArn === `${ROLE}-revoker`)
    expect(revokers.map(({ grant }) => grant?.sessionName)).toContain('stint-end')
    expect(JSON.stringify(revokers.at(-1)?.grant?.sessionPolicies)).toContain(ROLE)
  })

  test('a repeated call asks for nothing more, and says how far the end is', async () => {
    const erin = someone()
    const session = await start(await erin())
    await end(await erin(), session.id)
    const sent = callsOf('SendMessage')
    expect(status(await end(await erin(), session.id))).toEqual([200, 'requested'])
    await sandbox.endSessions()
    expect(status(await end(await erin(), session.id))).toEqual([200, 'read-back'])
    expect(callsOf('SendMessage')).toBe(sent)
  })

  test('all sets of credentials of a renewed session stop working', async () => {
    const erin = someone()
    const session = await start(await erin(), { profile: 'short' })
    sandbox.advance(2 * MINUTE)
    const renewed = await sandbox.call('POST', `/sessions/${session.id}/credentials`, await erin(), {})
    await end(await erin(), session.id)
    await sandbox.endSessions()
    expect([await worksWith(session), await worksWith(renewed.json)]).toEqual(['AccessDenied', 'AccessDenied'])
  })

  test('revoking a request ends all of its sessions at once', async () => {
    const erin = someone()
    const { requestId, sessions } = await startTwo(erin)
    const states = ({ json }: Answer) => json.sessions.map(({ state, immediateEnd }: Record<string, any>) => `${state} ${immediateEnd}`)
    const revoked = await sandbox.call('POST', `/requests/${requestId}/revoke`, await erin(), {})
    expect([revoked.status, states(revoked)]).toEqual([200, ['ended requested', 'ended requested']])
    expect(await stateOf(await erin(), sessions[0]?.id)).toBe('requested')
    await sandbox.endSessions()
    expect(states(await sandbox.get(`/requests/${requestId}`, await erin()))).toEqual(['ended read-back', 'ended read-back'])
    for (const session of sessions) {
      expect(await worksWith(session)).toBe('AccessDenied')
      expect(await stateOf(await erin(), session.id)).toBe('read-back')
    }
  })

  test('entries leave the policy when their credentials have expired', async () => {
    const erin = someone()
    const [old, later] = [await start(await erin(), { duration: '15m' }), await start(await erin(), { duration: '1h' })]
    await end(await erin(), old.id)
    await sandbox.endSessions()
    expect(policyOfRole()).toContain(suffixOf(old.id))
    sandbox.advance(20 * MINUTE)
    await end(await erin(), later.id)
    await sandbox.endSessions()
    expect(policyOfRole()).toContain(suffixOf(later.id))
    expect(policyOfRole()).not.toContain(suffixOf(old.id))
    expect(await stateOf(await erin(), old.id)).toBeUndefined()
  })

  test('500 ends on one role share a few writes of the policy', { timeout: 600_000 }, async () => {
    const [erin, survivor] = [someone(), someone()]
    const token = await erin()
    const other = await start(await survivor())
    const ids: string[] = []
    for (let made = 0; made < 500; made += 20)
      ids.push(...(await Promise.all(Array.from({ length: 20 }, async () => (await start(token)).id as string))))
    const written = callsOf('PutRolePolicy')
    for (let at = 0; at < 500; at += 20) {
      const answers = await Promise.all(ids.slice(at, at + 20).map((id) => end(token, id)))
      expect(new Set(answers.map((answer) => status(answer).join(' ')))).toEqual(new Set(['200 requested']))
      // The function works while more ends come.
      if (at % 100 === 0) await sandbox.endSessions()
    }
    expect(await sandbox.endSessions()).toBe(0)
    expect(ids.filter((id) => !policyOfRole().includes(`*.${suffixOf(id)}"`))).toEqual([])
    expect(policyOfRole().length).toBeLessThan(10_240)
    expect(callsOf('PutRolePolicy') - written).toBeLessThanOrEqual(6)
    expect(await stateOf(token, ids[499] as string)).toBe('read-back')
    expect(await worksWith(other)).toBe('ok')
    sandbox.advance(90 * MINUTE)
  })
})

describe('what goes wrong', () => {
  /** Ends a session with these faults; returns the state after the first run, and after the next one. */
  async function endedWith(make: () => void) {
    const [erin, finn] = [someone(), someone()]
    const [session, other] = [await start(await erin()), await start(await finn())]
    make()
    await end(await erin(), session.id)
    const failed = await sandbox.endSessions()
    const state = await stateOf(await erin(), session.id)
    sandbox.advance(2 * MINUTE + 1)
    await sandbox.sweep()
    await sandbox.endSessions()
    const after = await stateOf(await erin(), session.id)
    expect([await worksWith(session), await worksWith(other)]).toEqual(['AccessDenied', 'ok'])
    return [failed, state, after]
  }
  const refuse =
    (code: string, httpStatus?: number): Intervene =>
    async () =>
      iamError(code, httpStatus)
  const lose: Intervene = async (_action, next) => {
    await next()
    return 'drop'
  }

  test.each<[string, () => void, number, string]>([
    ['IAM throttles the write', () => once('PutRolePolicy', refuse('Throttling'), refuse('Throttling')), 0, 'read-back'],
    ['IAM is busy with the role', () => once('PutRolePolicy', refuse('ConcurrentModification', 409)), 0, 'read-back'],
    ['IAM denies the write', () => once('PutRolePolicy', refuse('AccessDenied', 403)), 1, 'requested'],
    ['the policies of the role are too long', () => once('PutRolePolicy', refuse('LimitExceeded', 409)), 0, 'full'],
    ['IAM fails', () => once('PutRolePolicy', refuse('ServiceFailure', 500)), 1, 'requested'],
    ['the answer to the write is lost', () => once('PutRolePolicy', lose), 1, 'requested'],
    ['the call to write is lost', () => once('PutRolePolicy', async () => 'drop'), 1, 'requested'],
    ['the answer to the read is lost', () => once('GetRolePolicy', lose), 1, 'written'],
    ['a read is older than the write', () => once('GetRolePolicy', refuse('NoSuchEntity', 404)), 0, 'read-back'],
    [
      'the answer is about another operation',
      () => once('PutRolePolicy', async (_action, next) => ({ ...(await next()), body: '<x/>' })),
      1,
      'requested',
    ],
    ['STS denies the revoker', () => once('AssumeRole', denied), 1, 'requested'],
  ])('%s', async (_title, make, failed, state) => {
    expect(await endedWith(make)).toEqual([failed, state, 'read-back'])
  })
  const denied: Intervene = async () => ({
    status: 403,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'r' },
    body: '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No.</Message></Error><RequestId>r</RequestId></ErrorResponse>',
  })

  test('IAM returns another policy: the end is written, and not read back', async () => {
    const erin = someone()
    const session = await start(await erin())
    const lie: Intervene = async (_action, next) => {
      const answer = await next()
      return { ...answer, body: String(answer.body).replaceAll('StintEndedSessions', 'Other') }
    }
    once('GetRolePolicy', lie, lie, lie, lie, lie)
    await end(await erin(), session.id)
    expect(await sandbox.endSessions()).toBe(1)
    expect(await stateOf(await erin(), session.id)).toBe('written')
    expect(await worksWith(session)).toBe('AccessDenied')
    sandbox.advance(2 * MINUTE + 1)
    expect(await sandbox.endSessions()).toBe(0)
    expect(await stateOf(await erin(), session.id)).toBe('read-back')
  })

  test('a message that is lost is sent again by the sweeper', async () => {
    const erin = someone()
    const session = await start(await erin())
    once(
      'SendMessage',
      async () => 'drop',
      async () => 'drop',
    )
    expect(status(await end(await erin(), session.id))).toEqual([200, 'requested'])
    await sandbox.endSessions()
    await sandbox.sweep()
    await sandbox.endSessions()
    expect(await stateOf(await erin(), session.id)).toBe('requested')
    sandbox.advance(MINUTE + 1)
    await sandbox.sweep()
    await sandbox.endSessions()
    expect(await stateOf(await erin(), session.id)).toBe('read-back')
    expect(await worksWith(session)).toBe('AccessDenied')
  })

  test('a message that comes twice, late or for nothing does nothing', async () => {
    const erin = someone()
    const session = await start(await erin())
    await end(await erin(), session.id)
    await sandbox.endSessions()
    const [written, before] = [callsOf('PutRolePolicy'), policyOfRole()]
    const body = JSON.stringify({ target: 'staging', roleArn: ROLE })
    for (const text of [body, body, 'x', '{}', JSON.stringify({ target: 'prod-admin', roleArn: ROLE })])
      queue()?.messages.push({ id: `again-${Math.random()}`, body: text, group: 'g', hiddenUntil: 0 })
    expect(await sandbox.endSessions()).toBe(0)
    expect([callsOf('PutRolePolicy'), policyOfRole()]).toEqual([written, before])
  })

  test('an end that never reached the ledger denies nothing, and is forgotten', async () => {
    const erin = someone()
    const session = await start(await erin())
    const key = pendingKey({ roleArn: ROLE, request: session.requestId })
    const item = { pk: { S: key.pk }, sk: { S: key.sk } }
    const at = { N: String(sandbox.now()) }
    await put({ ...item, target: { S: 'staging' }, roleArn: { S: ROLE }, request: { S: session.requestId }, at, attempt: { S: 'a' } })
    const stored = async () => (await sandbox.aws.dynamo.direct('GetItem', { TableName: tables.side, Key: item })).Item
    for (const [minutes, isThere] of [
      [1.1, true],
      [4, false],
    ] as const) {
      sandbox.advance(minutes * MINUTE)
      await sandbox.sweep()
      await sandbox.endSessions()
      expect((await stored()) !== undefined).toBe(isThere)
    }
    expect(await worksWith(session)).toBe('ok')
    expect(await stateOf(await erin(), session.id)).toBeUndefined()
  })

  test('an end that is noted during a run for an older end of its request is carried out by the next run', async () => {
    const erin = someone()
    const [first, second] = (await startTwo(erin)).sessions
    await end(await erin(), first.id)
    // So late that the run takes its note for done, although another session of the request goes on.
    sandbox.advance(6 * MINUTE)
    once('PutRolePolicy', async (_action, next) => {
      expect(status(await end(await erin(), second.id))).toEqual([200, 'requested'])
      return next()
    })
    await sandbox.endSessions()
    await sandbox.endSessions()
    for (const session of [first, second]) expect(await worksWith(session)).toBe('AccessDenied')
  })

  test('an end whose note is there before the ledger has it is not forgotten with an earlier end of its request', async () => {
    const erin = someone()
    const [first, second] = (await startTwo(erin)).sessions
    await end(await erin(), first.id)
    // The second end has written its note, and its write of the ledger comes after the run for the first.
    let released = () => {}
    const held = new Promise<void>((resolve) => {
      released = resolve
    })
    const isNote: Intervene = async (_action, next) => next()
    const isEnd: Intervene = async (_action, next) => {
      await held
      return next()
    }
    once('UpdateItem', isNote, isEnd)
    const ending = end(await erin(), second.id)
    const started = () => (faults.get('UpdateItem') ?? []).length === 0
    for (let tries = 0; tries < 400 && !started(); tries++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(started()).toBe(true)
    expect(await sandbox.endSessions()).toBe(0)
    expect([await worksWith(first), await worksWith(second)]).toEqual(['AccessDenied', 'ok'])
    released()
    expect(status(await ending)).toEqual([200, 'requested'])
    expect(await sandbox.endSessions()).toBe(0)
    expect(await worksWith(second)).toBe('AccessDenied')
  })

  test('a table that does not answer ends the session, and says that the rest is unknown', async () => {
    const erin = someone()
    const session = await start(await erin())
    const isNote: Intervene = async () => 'drop'
    // The ends that wait are the first thing that is read; each read is sent three times.
    once('Query', isNote, isNote, isNote)
    expect(status(await end(await erin(), session.id))).toEqual([503, 'ledger-unavailable'])
    expect((await sandbox.get(`/sessions/${session.id}`, await erin())).json).toMatchObject({ state: 'ended' })
    expect(status(await end(await erin(), session.id))).toEqual([200, 'requested'])
    await sandbox.endSessions()
    expect(await worksWith(session)).toBe('AccessDenied')
  })
})

describe('a full policy', () => {
  const suffixes = Array.from({ length: MAX_DENIED_SESSIONS }, (_, at) => at.toString().padStart(8, '0'))
  const filled = () =>
    Promise.all([putCount(MAX_DENIED_SESSIONS), ...suffixes.map((suffix) => put(row(suffix, sandbox.now() + 30 * MINUTE)))])
  beforeAll(() => sandbox.advance(90 * MINUTE))
  afterAll(() => Promise.all(suffixes.map((suffix) => remove({ pk: { S: denyKey(ROLE) }, sk: { S: suffix } }))))

  test('refuses an end before anything is written, unless the caller says what to do', async () => {
    const [erin, finn] = [someone(), someone()]
    await filled()
    const session = await start(await erin())
    const refused = await end(await erin(), session.id)
    expect(status(refused)).toEqual([409, 'end-policy-full'])
    expect(refused.json.detail).toContain('every earlier session of the role')
    expect((await sandbox.get(`/sessions/${session.id}`, await erin())).json.state).toBe('issued')

    expect(status(await end(await erin(), session.id, '?everyEarlierSession=keep'))).toEqual([200, 'none'])
    expect((await sandbox.get(`/sessions/${session.id}`, await erin())).json.state).toBe('ended')
    expect(await worksWith(session)).toBe('ok')

    const [other, own] = [await start(await finn()), await start(await erin())]
    sandbox.advance(2 * MINUTE)
    // It ends sessions of others, so it is for responders.
    expect(status(await end(await erin(), own.id, '?everyEarlierSession=end'))).toEqual([403, 'not-eligible'])
    const responder = await lab.token({ sub: 'ria', groups: ['responders'], name: 'Ria' })
    expect(status(await end(responder, own.id, '?everyEarlierSession=end'))).toEqual([200, 'requested'])
    await sandbox.endSessions()
    expect(policyOfRole()).toContain('aws:TokenIssueTime')
    expect([await worksWith(session), await worksWith(other), await worksWith(own)]).toEqual(Array(3).fill('AccessDenied'))
    expect(await stateOf(await erin(), own.id)).toBe('read-back')
    sandbox.advance(2000)
    expect(await worksWith(await start(await finn()))).toBe('ok')
  })

  test('never refuses a revocation, and says that its sessions are not denied', async () => {
    sandbox.advance(90 * MINUTE)
    await Promise.all(Array.from({ length: 640 }, (_, at) => put(row(`1${at.toString().padStart(7, '0')}`, sandbox.now() + 10 * MINUTE))))
    const erin = someone()
    const session = await start(await erin())
    expect((await sandbox.call('POST', `/requests/${session.requestId}/revoke`, await erin(), {})).status).toBe(200)
    await sandbox.endSessions()
    expect(await stateOf(await erin(), session.id)).toBe('full')
    expect(status(await end(await erin(), session.id))).toEqual([200, 'full'])
    // Once others have expired, there is room.
    sandbox.advance(11 * MINUTE)
    await sandbox.sweep()
    await sandbox.endSessions()
    expect(await stateOf(await erin(), session.id)).toBe('read-back')
    expect(await worksWith(session)).toBe('AccessDenied')
  })

  test.each(['?everyEarlierSession=yes', '?everyEarlierSession=', '?x=1', '?everyEarlierSession=end&everyEarlierSession=keep'])(
    'refuses the query %s',
    async (query) => {
      const erin = someone()
      const session = await start(await erin())
      expect(status(await end(await erin(), session.id, query))).toEqual([400, 'body-invalid'])
    },
  )
})
