/**
 * A vend that is held at each of its steps while something withdraws what it stands on. Nothing is raced for: the call is
 * held, the withdrawal is done and answered, the call is let go.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants, storedRequests } from '../support/checkers.ts'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { assumeRole, type HeldCall, record, reserve, stage, takePlace, times, writing } from '../support/stage.ts'

const staged = stage()
let lab: Lab
let sandbox: TestSandbox
const left: string[] = []
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings, intercept: staged.intercept })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

let serial = 0
const engineer = (sub = `engineer-${++serial}`) => lab.token({ sub, role: 'engineer', groups: [] })
const peer = (sub = 'pat') => lab.token({ sub, groups: ['peers'] })
const call: TestSandbox['call'] = (...asked) => sandbox.call(...asked)
const post = (path: string, token: string, body: unknown = {}, headers?: Record<string, string>) => call('POST', path, token, body, headers)
const status = ({ status: code, json }: Answer) => [code, json.code ?? json.state ?? 'ok']
const stored = async (id: string) => (await storedRequests(sandbox)).find((request) => request.id === id)

/** A request that was approved for a minute, and who asked. */
async function approved(): Promise<{ id: string; token: string }> {
  const token = await engineer()
  const { id } = (await post('/requests', token, { profile: 'lab-one' })).json
  expect((await post(`/requests/${id}/approve`, await peer(), { window: '1m' })).status).toBe(200)
  return { id, token }
}
async function vend(token: string, id: string): Promise<Answer> {
  const answer = await sandbox.vend(token, { profile: 'lab-one', requestId: id })
  if (answer.status === 201) left.push(answer.json.credentials.accessKeyId)
  return answer
}

type Step = readonly [name: string, matches: (call: HeldCall) => boolean, moment: 'before' | 'after']
const steps = {
  'before reserve': ['before reserve', reserve, 'before'],
  'after reserve': ['after reserve', reserve, 'after'],
  'before assume': ['before assume', assumeRole, 'before'],
  'after assume': ['after assume', assumeRole, 'after'],
  'before record': ['before record', record, 'before'],
  'after record': ['after record', record, 'after'],
} as const satisfies Record<string, Step>
type StepName = keyof typeof steps

const inFlight: readonly StepName[] = ['after reserve', 'before assume', 'after assume', 'before record']

const withdrawals: {
  readonly [name: string]: {
    readonly does: (id: string, token: string) => Promise<unknown>
    /** Time alone: it cannot pass while one send is under way, which has a deadline of less than a second. */
    readonly time?: true
    /** What the vend answers when it was done before reserve, and while it was in flight. */
    readonly early: readonly [number, string]
    readonly late: readonly [number, string]
    readonly state: string
  }
} = {
  'a revoke by its requester': {
    does: async (id, token) => expect(status(await post(`/requests/${id}/revoke`, token))).toEqual([200, 'revoked']),
    early: [409, 'request-ended'],
    late: [409, 'revoked-in-flight'],
    state: 'failed',
  },
  'a revoke by an approver': {
    does: async (id) => expect(status(await post(`/requests/${id}/revoke`, await peer('pia')))).toEqual([200, 'revoked']),
    early: [409, 'request-ended'],
    late: [409, 'revoked-in-flight'],
    state: 'failed',
  },
  'the end of its window': {
    time: true,
    does: async () => sandbox.advance(60_000),
    early: [409, 'request-ended'],
    late: [409, 'revoked-in-flight'],
    state: 'failed',
  },
  'the sweeper, which takes it for abandoned': {
    does: async () => {
      sandbox.advance(91_000)
      await sandbox.sweep()
    },
    early: [409, 'request-ended'],
    late: [409, 'revoked-in-flight'],
    state: 'abandoned',
  },
}

describe.each(Object.keys(withdrawals))('%s', (name) => {
  const { does, early, late, state, time } = withdrawals[name] as (typeof withdrawals)[string]

  if (!time)
    test('before reserve: nothing is reserved, and AWS is not asked', async () => {
      const { id, token } = await approved()
      const calls = sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
      const held = staged.hold(...tail(steps['before reserve']))
      const vending = vend(token, id)
      await held.reached
      await does(id, token)
      held.release()
      expect(status(await vending)).toEqual(early)
      expect((await stored(id))?.sessions).toEqual([])
      expect(sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length).toBe(calls)
    })

  test.each(inFlight.filter((step) => !time || !step.endsWith('record')))(
    '%s: no credential leaves, and the use is given back once',
    async (step) => {
      const { id, token } = await approved()
      const held = staged.hold(...tail(steps[step]))
      const vending = vend(token, id)
      await held.reached
      await does(id, token)
      held.release()
      expect(status(await vending)).toEqual(late)
      const request = await stored(id)
      expect([request?.sessions.map((session) => session.state), request?.usesLeft]).toEqual([[state], 1])
      expect(request?.events.map(({ type }) => type)).not.toContain('session.issued')
      expect(await brokenInvariants(sandbox, left)).toEqual([])
    },
  )

  test('after record: the session was issued before it', async () => {
    const { id, token } = await approved()
    const held = staged.hold(...tail(steps['after record']))
    const vending = vend(token, id)
    await held.reached
    await does(id, token)
    held.release()
    expect((await vending).status).toBe(201)
    expect((await stored(id))?.sessions.map((session) => session.state)).toEqual(['issued'])
    expect(await brokenInvariants(sandbox, left)).toEqual([])
  })
})

const tail = ([, matches, moment]: Step) => [matches, moment] as const

describe('a withdrawal under the requester’s own vends', () => {
  test.each(['revoke'])('%s is written once, while every vend raises the version before it', async (act) => {
    const { id, token } = await approved()
    // Read, then overtaken by a reserve and a record: the version it was read with is gone twice over.
    const withdrawing = staged.hold(writing('request.revoked'), 'before')
    const withdrawn = post(`/requests/${id}/${act}`, token)
    await withdrawing.reached
    expect((await vend(token, id)).status).toBe(201)
    const sent = () => sandbox.aws.server.calls.filter(({ action }) => action === 'UpdateItem').length
    const before = sent()
    withdrawing.release()
    expect(status(await withdrawn)).toEqual([200, 'revoked'])
    expect(sent() - before).toBeLessThanOrEqual(1)
  })
  test('with If-Match it is refused, and the request stays', async () => {
    const { id, token } = await approved()
    const etag = (await call('GET', `/requests/${id}`, token)).headers.get('etag') ?? ''
    const withdrawing = staged.hold(writing('request.revoked'), 'before')
    const withdrawn = post(`/requests/${id}/revoke`, token, {}, { 'if-match': etag })
    await withdrawing.reached
    expect((await vend(token, id)).status).toBe(201)
    withdrawing.release()
    expect(status(await withdrawn)).toEqual([412, 'request-changed'])
    expect((await stored(id))?.events.map(({ type }) => type)).not.toContain('request.revoked')
  })
  test.each<[string, () => Promise<string>, string]>([
    ['deny', () => peer('pia'), 'denied'],
    ['cancel', () => engineer(`engineer-${serial}`), 'cancelled'],
    ['revoke', () => engineer(`engineer-${serial}`), 'revoked'],
  ])('a request that waits: %s lands at its first send, whatever reminds people meanwhile', async (act, by, state) => {
    const token = await engineer()
    const { id } = (await post('/requests', token, { profile: 'lab-one' })).json
    const withdrawing = staged.hold(writing(`request.${state}`), 'before')
    const withdrawn = post(`/requests/${id}/${act}`, await by())
    await withdrawing.reached
    sandbox.advance(600_000)
    // A reminder raises the version.
    await sandbox.sweep()
    sandbox.advance(-600_000)
    expect((await stored(id))?.events.map(({ type }) => type)).toContain('request.reminded')
    withdrawing.release()
    expect(status(await withdrawn)).toEqual([200, state])
  })
})

describe('asks at once', () => {
  test('24 on different terms give five that wait', async () => {
    const token = await engineer()
    const race = staged.meet(...times(24, takePlace))
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, at) => post('/requests', token, { profile: 'lab-two', narrow: onlyBucket(at) })),
    )
    await race.met
    const codes = answers.map(({ status: code }) => code).sort()
    expect([codes.filter((code) => code === 201).length, codes.filter((code) => code === 429).length]).toEqual([5, 19])
    sandbox.settle()
    const waiting = (await call('GET', '/requests?mine=true&limit=100', token)).json.requests
    expect(waiting.filter(({ state }: { state: string }) => state === 'pending')).toHaveLength(5)
    // One that is cancelled makes room for one.
    await post(`/requests/${waiting[0].id}/cancel`, token)
    expect((await post('/requests', token, { profile: 'lab-two', narrow: onlyBucket(99) })).status).toBe(201)
    expect((await post('/requests', token, { profile: 'lab-two', narrow: onlyBucket(98) })).status).toBe(429)
  })
  test('24 on the same terms give one that waits', async () => {
    const token = await engineer()
    const race = staged.meet(...times(24, takePlace))
    const answers = await Promise.all(Array.from({ length: 24 }, () => post('/requests', token, { profile: 'lab-two' })))
    await race.met
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
    expect(answers.map(({ status: code }) => code).filter((code) => code === 201)).toHaveLength(1)
  })
  const onlyBucket = (at: number) => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::bucket-${at}/*` }],
  })
})

describe('another justification', () => {
  const ask = (token: string, justification: string) => post('/requests', token, { profile: 'lab-one', justification })

  test.each([
    ['deny', () => peer()],
    ['approve', () => peer()],
    ['cancel', undefined],
  ])('is of a new request if a %s comes before it', async (act, by) => {
    const token = await engineer()
    const { id } = (await ask(token, 'INC-1')).json
    const adding = staged.hold(writing('request.justified'), 'before')
    const asked = ask(token, 'INC-2')
    await adding.reached
    expect((await post(`/requests/${id}/${act}`, by ? await by() : token)).status).toBe(200)
    adding.release()
    const { status: code, json } = await asked
    expect([code, json.state, json.justification, json.id === id]).toEqual([201, 'pending', 'INC-2', false])
    expect((await sandbox.get(`/requests/${id}`, token)).json.moreJustifications).toBeUndefined()
  })
  test('is kept if two come at once, and once if they are the same', async () => {
    for (const [one, other, kept] of [
      ['INC-2', 'INC-3', ['INC-2', 'INC-3']],
      ['INC-2', 'INC-2', ['INC-2']],
    ] as const) {
      const token = await engineer()
      const { id } = (await ask(token, 'INC-1')).json
      const race = staged.meet(...times(2, writing('request.justified')))
      const both = await Promise.all([ask(token, one), ask(token, other)])
      await race.met
      expect(both.map(({ status: code, json }) => [code, json.id])).toEqual([
        [200, id],
        [200, id],
      ])
      const { moreJustifications } = (await sandbox.get(`/requests/${id}`, token)).json
      expect(moreJustifications.map(({ text }: { text: string }) => text).sort()).toEqual(kept)
    }
  })
})
