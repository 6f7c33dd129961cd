/**
 * Approvals over real HTTP: ask, agree, vend, withdraw, freeze, sweep. Identities are signed by the tests' own issuer, so
 * every row can be anybody.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants, storedRequests } from '../support/checkers.ts'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { type HeldCall, record, reserve, stage, times, writing } from '../support/stage.ts'

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
/** An engineer of their own for each row: limits are per caller. */
const engineer = (claims: object = {}) => lab.token({ sub: `engineer-${++serial}`, role: 'engineer', groups: [], ...claims })
const peer = (sub = 'pat', groups = ['peers']) => lab.token({ sub, groups, name: sub })
const manager = () => lab.token({ sub: 'max', groups: ['managers'], name: 'max' })

const call: TestSandbox['call'] = (...asked) => sandbox.call(...asked)
const post = (path: string, token: string | undefined, body: unknown = {}, headers: Record<string, string> = {}) =>
  call('POST', path, token, body, headers)
const ask = async (token: string, more: object = {}) => (await post('/requests', token, { profile: 'lab-one', ...more })).json.id as string
async function use(token: string, requestId: string, more: object = {}) {
  const answer = await sandbox.vend(token, { profile: 'lab-one', requestId, ...more })
  if (answer.status === 201) left.push(answer.json.credentials.accessKeyId)
  return answer
}
const status = ({ status: code, json }: Answer) => [code, json.code ?? json.state ?? 'ok']

describe('the way of a request', () => {
  test('202, agreed by another, used, exhausted', async () => {
    const dana = await engineer()
    const asked = await sandbox.vend(dana, { profile: 'lab-one', justification: 'INC-1' })
    expect([asked.status, asked.json.state]).toEqual([202, 'pending'])
    const { requestId } = asked.json
    expect(asked.headers.get('location')).toBe(`/requests/${requestId}`)
    expect(asked.headers.get('retry-after')).toBe('5')
    expect(status(await use(dana, requestId))).toEqual([403, 'approval-required'])

    const seen = await sandbox.get(`/requests/${requestId}`, await peer())
    expect(seen.json).toMatchObject({
      state: 'pending',
      justification: 'INC-1',
      may: ['approve', 'deny', 'revoke'],
      approval: [{ count: 1, missing: 1 }],
    })
    expect(seen.json.terms.role).toBe('arn:aws:iam::444455556666:role/stint/PowerUser')
    const agreed = await post(`/requests/${requestId}/approve`, await peer(), { comment: 'go' })
    expect(agreed.json).toMatchObject({
      state: 'approved',
      usesLeft: 1,
      approvals: [{ approver: { subject: 'pat' }, comment: 'go', channel: 'api' }],
    })

    const used = await use(dana, requestId)
    expect([used.status, used.json.requestId]).toEqual([201, requestId])
    expect(status(await use(dana, requestId))).toEqual([409, 'request-exhausted'])
    expect(await brokenInvariants(sandbox, left)).toEqual([])
  })

  test('two rules: a peer and a manager, one person for one of them', async () => {
    const dana = await engineer()
    const { id } = (await post('/requests', dana, { profile: 'lab-two' })).json
    const both = await lab.token({ sub: 'both', groups: ['peers', 'managers'] })
    expect((await post(`/requests/${id}/approve`, both)).json).toMatchObject({ state: 'pending' })
    expect((await post(`/requests/${id}/approve`, both)).json).toMatchObject({ state: 'pending', approvals: [{}] })
    expect((await post(`/requests/${id}/approve`, await manager())).json).toMatchObject({ state: 'approved', usesLeft: 2 })
    const answer = await sandbox.vend(dana, { profile: 'lab-two', requestId: id })
    expect(answer.status).toBe(201)
    left.push(answer.json.credentials.accessKeyId)
  })

  test('doubles meet: the same ask within ten minutes is one request, another’s is another', async () => {
    const [dana, sam] = [await engineer(), await engineer()]
    const race = staged.meet(...times(5, writing('request.asked')))
    const answers = await Promise.all(Array.from({ length: 5 }, () => sandbox.vend(dana, { profile: 'lab-one' })))
    await race.met
    expect(new Set(answers.map(({ json }) => json.requestId)).size).toBe(1)
    expect((await sandbox.vend(sam, { profile: 'lab-one' })).json.requestId).not.toBe(answers[0]?.json.requestId)
  })

  test('an approver shortens; a longer wish is refused, an unsaid one is cut', async () => {
    const dana = await engineer()
    const id = await ask(dana)
    expect(status(await post(`/requests/${id}/approve`, await peer(), { duration: '2h' }))).toEqual([422, 'duration-invalid'])
    expect((await post(`/requests/${id}/approve`, await peer(), { duration: '10m', window: '20m' })).json.limits).toEqual({
      duration: 600,
      uses: 1,
      window: 1200,
    })
    expect(status(await use(dana, id, { duration: '15m' }))).toEqual([422, 'duration-invalid'])
    const { json } = await use(dana, id)
    expect(Date.parse(json.credentials.expiration) - Date.parse(json.issuedAt)).toBeLessThanOrEqual(600_000)
  })

  test('what was agreed on is what is vended: other terms are refused, and named', async () => {
    const dana = await engineer()
    const id = await ask(dana)
    await post(`/requests/${id}/approve`, await peer())
    const narrow = { Statement: { Effect: 'Deny', Action: 's3:*', Resource: '*' } }
    const changed = await use(dana, id, { narrow })
    expect(status(changed)).toEqual([409, 'terms-changed'])
    expect(Object.keys(changed.json.changed)).toEqual(['narrow', 'policy'])
    expect(changed.json.changed.narrow).toMatchObject({ approved: null, now: [{ Effect: 'Deny' }] })
    expect((await use(dana, id)).status).toBe(201)
  })

  test('a profile that nobody has to agree to takes no requestId', async () => {
    const dana = await lab.token({ sub: 'dana-named' })
    const first = await sandbox.vend(dana, { profile: 'lab' })
    left.push(first.json.credentials.accessKeyId)
    expect(status(await sandbox.vend(dana, { profile: 'lab', requestId: first.json.requestId }))).toEqual([404, 'request-unknown'])
  })

  test('a request is its caller’s: nobody else uses it, and to strangers it does not exist', async () => {
    const [dana, sam] = [await engineer(), await engineer()]
    const id = await ask(dana)
    await post(`/requests/${id}/approve`, await peer())
    expect(status(await use(sam, id))).toEqual([404, 'request-unknown'])
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/approve'],
      ['POST', '/deny'],
      ['POST', '/cancel'],
      ['POST', '/revoke'],
      ['POST', '/review'],
    ] as const) {
      const answer = await call(
        method,
        `/requests/${id}${path}`,
        sam,
        method === 'POST' ? (path === '/review' ? { text: 'x' } : {}) : undefined,
      )
      expect([path, ...status(answer)]).toEqual([path, 404, 'request-unknown'])
    }
    expect(status(await sandbox.get(`/requests/req_${'0'.repeat(26)}`, sam))).toEqual([404, 'request-unknown'])
  })

  test('the window: a chosen start, and its end', async () => {
    const dana = await engineer()
    const id = await ask(dana, { startsAt: new Date(sandbox.now() + 600_000).toISOString() })
    await post(`/requests/${id}/approve`, await peer())
    expect(status(await use(dana, id))).toEqual([409, 'window-not-started'])
    sandbox.advance(601_000)
    expect((await use(await lab.token({ sub: `engineer-${serial}`, role: 'engineer', groups: [] }), id)).status).toBe(201)
    const other = await engineer()
    const late = await ask(other)
    await post(`/requests/${late}/approve`, await peer())
    sandbox.advance(3_600_000)
    const again = await lab.token({ sub: `engineer-${serial}`, role: 'engineer', groups: [] })
    expect(status(await use(again, late))).toEqual([409, 'request-ended'])
    expect((await sandbox.get(`/requests/${late}`, again)).json.state).toBe('ended')
  })
})

describe('asking again', () => {
  test('a new request may follow on a running one, and does not cut it short', async () => {
    const dana = await engineer()
    const { id: first } = (await post('/requests', dana, { profile: 'lab-two' })).json
    for (const token of [await peer(), await manager()]) await post(`/requests/${first}/approve`, token)
    const vend = (requestId: string) => sandbox.vend(dana, { profile: 'lab-two', requestId })
    left.push((await vend(first)).json.credentials.accessKeyId)
    const { id: second } = (await post('/requests', dana, { profile: 'lab-two' })).json
    expect(second).not.toBe(first)
    for (const token of [await peer(), await manager()]) await post(`/requests/${second}/approve`, token)
    for (const id of [first, second, second]) {
      const answer = await vend(id)
      expect(answer.status).toBe(201)
      left.push(answer.json.credentials.accessKeyId)
    }
    expect(status(await vend(first))).toEqual([409, 'request-exhausted'])
  })
  test('after a no, asking again is a request of its own', async () => {
    const dana = await engineer()
    const first = await ask(dana)
    await post(`/requests/${first}/deny`, await peer())
    const again = await sandbox.vend(dana, { profile: 'lab-one' })
    expect([again.status, again.json.state]).toEqual([202, 'pending'])
    expect(again.json.requestId).not.toBe(first)
  })
})

describe('approval rules deployed while a request waits', () => {
  test('nobody agrees under other rules than were shown, and asking again is under today’s', async () => {
    const deployed = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings })
    deployed.advance(sandbox.now() - deployed.now()) // the issuer's clock is that of the other sandbox
    const send = async (path: string, token: string, body: object = {}) => {
      const answer = await fetch(`${deployed.urls.broker}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const json: any = await answer.json()
      return { status: answer.status, json }
    }
    try {
      const dana = await engineer()
      const shown = (await send('/requests', dana, { profile: 'lab-one' })).json.id
      const managers = [{ issuer: 'lab', claims: { groups: { includes: 'managers' } } }] as const
      deployed.deploy('staging', {
        approval: { rules: [{ by: managers, count: 1 }], expiresAfter: '1h', window: '1h', maxUses: 1 } as never,
      })
      const refusal = await send(`/requests/${shown}/approve`, await peer())
      expect([refusal.status, refusal.json.code]).toEqual([409, 'terms-changed'])
      expect((await deployed.get(`/requests/${shown}`, await peer())).json.may).not.toContain('approve')
      const again = await send('/requests', dana, { profile: 'lab-one' })
      expect([again.status, again.json.id === shown]).toEqual([201, false])
      await send(`/requests/${again.json.id}/approve`, await peer())
      expect((await send(`/requests/${again.json.id}/approve`, await manager())).json.state).toBe('approved')
    } finally {
      await deployed.close()
    }
  })
})

describe('who may not', () => {
  test('nobody agrees with themselves: not by group, not by another identity, not by having triggered the job', async () => {
    const eve = (sub: string, groups: string[] = ['peers']) => lab.token({ sub, role: 'engineer', groups })
    const id = await ask(await eve('eve'))
    expect(status(await post(`/requests/${id}/approve`, await eve('eve')))).toEqual([403, 'self-approval'])
    expect(status(await post(`/requests/${id}/approve`, await eve('eve-admin')))).toEqual([403, 'self-approval'])
    const job = () => lab.token({ iss: lab.issuers.once, sub: 'ci', role: 'job', actor_id: '77', jti: String(++serial) })
    const asked = await sandbox.vend(await job(), { profile: 'lab-one' })
    expect(asked.status).toBe(202)
    expect(status(await post(`/requests/${asked.json.requestId}/approve`, await eve('eve-admin')))).toEqual([403, 'self-approval'])
    expect((await post(`/requests/${asked.json.requestId}/approve`, await peer())).json.state).toBe('approved')
    const token = await job()
    expect((await use(token, asked.json.requestId)).status).toBe(201)
    expect(status(await use(token, asked.json.requestId))).toEqual([409, 'token-used'])
  })
  test('jobs of one subject that two people triggered are two requests, and neither uses the other’s', async () => {
    const job = (actor_id: string) => lab.token({ iss: lab.issuers.once, sub: 'ci-shared', role: 'job', actor_id, jti: String(++serial) })
    const mine = (await sandbox.vend(await job('77'), { profile: 'lab-one' })).json.requestId
    const theirs = (await sandbox.vend(await job('79'), { profile: 'lab-one' })).json.requestId
    expect(theirs).not.toBe(mine)
    // Eve triggered the first, so she may agree to the second, and then not use it.
    const eve = await lab.token({ sub: 'eve-admin', role: 'engineer', groups: ['peers'] })
    expect((await post(`/requests/${theirs}/approve`, eve)).json.state).toBe('approved')
    expect(status(await use(await job('77'), theirs))).toEqual([409, 'terms-changed'])
    expect((await use(await job('79'), theirs)).status).toBe(201)
  })
  test('a job whose person nobody knows cannot ask', async () => {
    const job = await lab.token({ iss: lab.issuers.once, sub: 'ci', role: 'job', actor_id: '78' })
    expect(status(await sandbox.vend(job, { profile: 'lab-one' }))).toEqual([403, 'not-eligible'])
  })
  test.each<[string, () => Promise<string>, [number, string]]>([
    ['one who lost the group', () => lab.token({ sub: 'pat', groups: [] }), [404, 'request-unknown']],
    ['a group that is only spelled alike', () => lab.token({ sub: 'x', groups: ['Peers', 'peers ', 'peers-x'] }), [404, 'request-unknown']],
    ['groups as a text', () => lab.token({ sub: 'x', groups: 'peers' }), [404, 'request-unknown']],
    [
      'the same-named group of another issuer',
      () => lab.token({ iss: lab.issuers.id, sub: 'x', groups: ['peers'] }, { typ: 'JWT' }),
      [404, 'request-unknown'],
    ],
    ['an auditor, who only looks', () => lab.token({ sub: 'aud', groups: ['auditors'] }), [403, 'not-approver']],
    ['no token', async () => '', [401, 'token-missing']],
  ])('%s does not approve', async (_name, token, expected) => {
    const id = await ask(await engineer())
    const shown = await token()
    expect(status(await post(`/requests/${id}/approve`, shown === '' ? undefined : shown))).toEqual(expected)
  })
  test('an approver whose issuer leaves groups out is told so, and nothing else', async () => {
    const id = await ask(await engineer())
    const answer = await post(
      `/requests/${id}/approve`,
      await lab.token({ sub: 'pat', groups: undefined, _claim_names: { groups: 'src1' } }),
    )
    expect([...status(answer), answer.json.hint]).toEqual([404, 'request-unknown', expect.stringContaining('omits your groups')])
    const vend = await sandbox.vend(await lab.token({ sub: 'pat', groups: undefined, hasgroups: true }), { profile: 'lab-one' })
    expect([...status(vend), vend.json.hint]).toEqual([404, 'profile-unknown', expect.stringContaining('omits your groups')])
  })
  test('nobody edits a request by saying more than a decision takes', async () => {
    const id = await ask(await engineer())
    for (const body of [
      { state: 'approved' },
      { approver: 'max' },
      { count: 0 },
      { usesLeft: 99 },
      '{"comment":"a","comment":"b"}',
      '{"__proto__":{}}',
      '[]',
      { comment: 'x'.repeat(300) },
      { uses: '1' },
    ]) {
      expect(status(await post(`/requests/${id}/approve`, await peer(), body))).toEqual([400, 'body-invalid'])
    }
    expect((await sandbox.get(`/requests/${id}`, await peer())).json).toMatchObject({ state: 'pending', approvals: [] })
  })
})

describe('withdrawal', () => {
  test('cancelled by the requester', async () => {
    const dana = await engineer()
    const id = await ask(dana)
    expect((await post(`/requests/${id}/cancel`, dana)).json).toMatchObject({ state: 'cancelled', may: [] })
    expect(status(await post(`/requests/${id}/approve`, await peer()))).toEqual([409, 'request-not-pending'])
    expect(status(await use(dana, id))).toEqual([409, 'request-ended'])
  })
  test('revoked by an approver after use: nothing newer vends, and the answer says what lives on', async () => {
    const dana = await engineer()
    const { id } = (await post('/requests', dana, { profile: 'lab-two' })).json
    await post(`/requests/${id}/approve`, await peer())
    await post(`/requests/${id}/approve`, await manager())
    const first = await sandbox.vend(dana, { profile: 'lab-two', requestId: id, duration: '15m' })
    left.push(first.json.credentials.accessKeyId)
    const revoked = await post(`/requests/${id}/revoke`, await peer(), { comment: 'wrong account' })
    expect(revoked.json).toMatchObject({ state: 'revoked', live: [{ id: first.json.id }] })
    expect(status(await sandbox.vend(dana, { profile: 'lab-two', requestId: id }))).toEqual([409, 'request-ended'])
    expect((await post(`/requests/${id}/revoke`, dana)).json.state).toBe('revoked')
  })
  test('denied: one no is enough, and the second approver learns it', async () => {
    const dana = await engineer()
    const id = await ask(dana)
    const denied = {
      state: 'denied',
      decidedBy: { subject: 'pia' },
      decidedAt: expect.stringMatching(/^\d{4}-/),
      decisionComment: 'use lab-one',
    }
    expect((await post(`/requests/${id}/deny`, await peer('pia'), { comment: 'use lab-one' })).json).toMatchObject(denied)
    expect((await post(`/requests/${id}/deny`, await peer('pia'))).json).toMatchObject(denied)
    expect((await sandbox.get(`/requests/${id}`, dana)).json).toMatchObject(denied)
    expect(status(await post(`/requests/${id}/approve`, await peer()))).toEqual([409, 'already-decided'])
  })
})

describe('versions', () => {
  test('If-Match holds a decision to what was read; a double click is no fault', async () => {
    const id = await ask(await engineer())
    const { headers } = await sandbox.get(`/requests/${id}`, await peer())
    const etag = headers.get('etag') ?? ''
    expect(etag).toBe('"1"')
    expect(status(await post(`/requests/${id}/approve`, await peer(), {}, { 'if-match': '"7"' }))).toEqual([412, 'request-changed'])
    expect((await post(`/requests/${id}/approve`, await peer(), {}, { 'if-match': etag })).json.state).toBe('approved')
    expect((await post(`/requests/${id}/approve`, await peer(), {}, { 'if-match': etag })).json.state).toBe('approved')
  })
  test('Prefer: wait ends early on a decision, and at most two wait', async () => {
    const dana = await engineer()
    const id = await ask(dana)
    const wait = () => call('GET', `/requests/${id}`, dana, undefined, { prefer: 'wait=20' })
    const waits = [wait(), wait()]
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await wait()).status).toBe(429)
    await post(`/requests/${id}/approve`, await peer())
    expect((await Promise.all(waits)).map(({ json }) => json.state)).toEqual(['approved', 'approved'])
    expect((await wait()).json.state).toBe('approved')
  })
  test('who leaves while waiting waits no more', async () => {
    const dana = await engineer()
    const id = await ask(dana)
    const wait = (signal: AbortSignal) =>
      fetch(`${sandbox.urls.broker}/requests/${id}`, { headers: { authorization: `Bearer ${dana}`, prefer: 'wait=20' }, signal })
    const leave = new AbortController()
    const waits = [wait(leave.signal), wait(leave.signal)]
    await expect.poll(async () => (await wait(AbortSignal.timeout(2000)).catch(() => undefined))?.status).toBe(429)
    leave.abort()
    await Promise.allSettled(waits)
    // Both places are free again long before the 20 seconds are over: a wait begins, and is not refused.
    await expect
      .poll(
        () =>
          wait(AbortSignal.timeout(300)).then(
            ({ status }) => status,
            (error: Error) => error.name,
          ),
        { timeout: 4000 },
      )
      .toBe('TimeoutError')
  })
})

describe('lists', () => {
  test('what waits for me, what is mine, what an auditor sees', async () => {
    const dana = await engineer()
    const id = await ask(dana)
    const ids = async (query: string, token: string) =>
      (await sandbox.get(`/requests?${query}`, token)).json.requests.map((one: { id: string }) => one.id)
    sandbox.settle()
    expect(await ids('approvable=true', await peer())).toContain(id)
    expect(await ids('approvable=true', dana)).toEqual([])
    expect(await ids('', dana)).toEqual([id])
    expect(await ids('state=approved', dana)).toEqual([])
    expect(await ids('', await lab.token({ sub: 'aud', groups: ['auditors'] }))).toContain(id)
    await post(`/requests/${id}/approve`, await peer())
    expect(await ids('approvable=true', await peer())).not.toContain(id)
    expect(await ids('state=approved', dana)).toEqual([id])
  })
  test('states that end are not looked for in the whole history', async () => {
    const own = () => lab.token({ sub: 'historian', role: 'engineer' })
    for (let count = 0; count < 3; count++) await ask(await own())
    sandbox.advance(46 * 86_400_000)
    const last = await ask(await own())
    sandbox.settle()
    const pageOf = async (query: string) => {
      const { json } = await sandbox.get(`/requests?limit=2&${query}`, await own())
      return [json.requests.map(({ id }: any) => id), json.next !== undefined]
    }
    expect(await pageOf('state=pending')).toEqual([[last], false])
    expect((await pageOf('state=expired'))[1]).toBe(true)
  })
  test('pages by cursor', async () => {
    const token = await peer('pager')
    for (let count = 0; count < 3; count++) await ask(await engineer())
    sandbox.settle()
    const first = await sandbox.get('/requests?approvable=true&limit=2', token)
    expect(first.json.requests).toHaveLength(2)
    expect(first.headers.get('link')).toContain('approvable=true')
    const second = await sandbox.get(`/requests?approvable=true&limit=2&cursor=${first.json.next}`, token)
    expect(second.json.requests.length).toBeGreaterThan(0)
    expect(first.json.requests.map(({ id }: any) => id)).not.toContain(second.json.requests[0].id)
  })
})

describe('limits per caller', () => {
  test('five wait at most', async () => {
    const dana = await engineer()
    for (let count = 0; count < 5; count++)
      expect(
        (
          await post(
            '/requests',
            dana,
            { profile: 'lab-one', narrow: { Statement: { Effect: 'Deny', Action: 's3:*', Resource: `arn:aws:s3:::b${count}` } } },
            { 'idempotency-key': `k${count}` },
          )
        ).status,
      ).toBe(201)
    expect(status(await post('/requests', dana, { profile: 'lab-one' }, { 'idempotency-key': 'k9' }))).toEqual([429, 'rate-limited'])
  })
  test('ten an hour', async () => {
    const dana = await engineer()
    const answers = []
    for (let count = 0; count < 11; count++) {
      const asked = await post('/requests', dana, { profile: 'lab-one' }, { 'idempotency-key': `k${count}` })
      answers.push(asked.status)
      if (asked.status === 201) await post(`/requests/${asked.json.id}/cancel`, dana)
    }
    expect(answers).toEqual([...Array(10).fill(201), 429])
    // Repeating the refused call does not help.
    expect(status(await post('/requests', dana, { profile: 'lab-one' }, { 'idempotency-key': 'k10' }))).toEqual([429, 'rate-limited'])
  })
})

describe('Idempotency-Key', () => {
  const key = (value: string) => ({ 'idempotency-key': value })
  test('on POST /requests: the same finds the same, another body is refused', async () => {
    const dana = await engineer()
    const first = await post('/requests', dana, { profile: 'lab-one' }, key('"a"'))
    const again = await post('/requests', dana, { profile: 'lab-one' }, key('a'))
    expect([first.status, again.status, again.json.id]).toEqual([201, 200, first.json.id])
    expect(status(await post('/requests', dana, { profile: 'lab-two' }, key('a')))).toEqual([422, 'idempotency-mismatch'])
    expect((await post('/requests', await engineer(), { profile: 'lab-one' }, key('a'))).json.id).not.toBe(first.json.id)
    expect(status(await post('/requests', dana, { profile: 'lab-one' }, key('b')))).toEqual([429, 'rate-limited'])
  })
  test('on POST /sessions: a repeat of what was issued names the session and hands out nothing', async () => {
    const dana = await lab.token({ sub: 'dana-idem' })
    const first = await sandbox.vend(dana, { profile: 'lab' }, key('k'))
    left.push(first.json.credentials.accessKeyId)
    const again = await sandbox.vend(dana, { profile: 'lab' }, key('k'))
    expect([...status(again), again.json.session]).toEqual([409, 'already-issued', first.json.id])
    expect(again.text).not.toContain('secretAccessKey')
    expect(status(await sandbox.vend(dana, { profile: 'lab', duration: '15m' }, key('k')))).toEqual([422, 'idempotency-mismatch'])
  })
  test('on POST /requests, and then the request is used by its id', async () => {
    const dana = await engineer()
    const { id } = (await post('/requests', dana, { profile: 'lab-one' }, key('c'))).json
    await post(`/requests/${id}/approve`, await peer())
    expect((await use(dana, id)).status).toBe(201)
  })
  test('beside a requestId it names the session: one answer, and a repeat learns which', async () => {
    const dana = await engineer()
    const { id } = (await post('/requests', dana, { profile: 'lab-two' })).json
    for (const approver of [await peer(), await manager()]) await post(`/requests/${id}/approve`, approver)
    const vend = (value: string, more: object = {}) => sandbox.vend(dana, { profile: 'lab-two', requestId: id, ...more }, key(value))
    const first = await vend('s1')
    expect(first.status).toBe(201)
    left.push(first.json.credentials.accessKeyId)
    const again = await vend('s1')
    expect([...status(again), again.json.session]).toEqual([409, 'already-issued', first.json.id])
    expect(status(await vend('s1', { duration: '20m' }))).toEqual([422, 'idempotency-mismatch'])
    expect((await sandbox.get(`/requests/${id}`, dana)).json.usesLeft).toBe(1)
    const second = await vend('s2')
    expect(second.status).toBe(201)
    left.push(second.json.credentials.accessKeyId)
    expect(status(await vend('s3'))).toEqual([409, 'request-exhausted'])
    expect(await brokenInvariants(sandbox, left)).toEqual([])
  })
  test('twenty at once under one key are one session', async () => {
    const dana = await lab.token({ sub: 'dana-idem-race' })
    const race = staged.meet(...times(20, reserve))
    const answers = await Promise.all(Array.from({ length: 20 }, () => sandbox.vend(dana, { profile: 'lab' }, key('r'))))
    await race.met
    const issued = answers.filter(({ status: code }) => code === 201)
    expect(issued).toHaveLength(1)
    left.push(issued[0]?.json.credentials.accessKeyId)
    expect(new Set(answers.filter(({ status: code }) => code !== 201).map(({ json }) => json.code))).toSatisfy((codes: Set<string>) =>
      [...codes].every((code) => code === 'in-progress' || code === 'already-issued'),
    )
  })
  test('twenty at once under one key and one approved request are one session', async () => {
    const dana = await engineer()
    const { id } = (await post('/requests', dana, { profile: 'lab-two' })).json
    for (const by of [await peer(), await manager()]) await post(`/requests/${id}/approve`, by)
    const assumed = () => sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
    const before = assumed()
    const race = staged.meet(...times(20, reserve))
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => sandbox.vend(dana, { profile: 'lab-two', requestId: id }, key('named'))),
    )
    await race.met
    expect(answers.filter(({ status: code }) => code === 201)).toHaveLength(1)
    left.push(answers.find(({ status: code }) => code === 201)?.json.credentials.accessKeyId)
    expect(assumed() - before).toBe(1)
    for (const answer of answers.filter(({ status: code }) => code !== 201))
      expect([
        [409, 'in-progress'],
        [409, 'already-issued'],
      ]).toContainEqual(status(answer))
  })
  test.each(['', ' ', '"', 'a b', '"a', 'x'.repeat(129)])('%j is no key', async (value) => {
    const answer = await sandbox.vend(await lab.token(), { profile: 'lab' }, key(value))
    if (value.trim() === '') return
    expect(status(answer)).toEqual([400, 'body-invalid'])
  })
})

describe('break-glass', () => {
  test('needs a justification, and stays to be reviewed by somebody else', async () => {
    const dana = await engineer()
    expect(status(await post('/requests', dana, { profile: 'lab-unattended' }))).toEqual([422, 'justification-required'])
    const { id } = (await post('/requests', dana, { profile: 'lab-unattended', justification: 'down' })).json
    await post(`/requests/${id}/approve`, await peer())
    const needed = async (token: string) =>
      (await sandbox.get('/requests?review=needed', token)).json.requests.map((one: { id: string }) => one.id)
    sandbox.settle()
    expect(await needed(await peer())).toContain(id)
    expect((await sandbox.sweep()).unreviewed).toBeGreaterThan(0)
    expect(status(await post(`/requests/${id}/review`, dana, { text: 'all fine' }))).toEqual([403, 'self-approval'])
    expect(status(await post(`/requests/${id}/review`, await peer(), { text: '  ' }))).toEqual([400, 'body-invalid'])
    expect((await post(`/requests/${id}/review`, await peer(), { text: 'restarted the service' })).json.review).toMatchObject({
      text: 'restarted the service',
    })
    expect(await needed(await peer())).not.toContain(id)
  })
  test('unattended: in after the delay, if nobody stops it', async () => {
    const fresh = (sub: string) => lab.token({ sub, role: 'engineer', groups: [] })
    const alone = async (sub: string) =>
      (await post('/requests', await fresh(sub), { profile: 'lab-unattended', justification: 'nobody is awake' })).json.id
    const [stopped, through] = [await alone('night-1'), await alone('night-2')]
    expect((await sandbox.get(`/requests/${through}`, await peer())).json.unattendedAt).toBeTruthy()
    expect((await post(`/requests/${stopped}/deny`, await peer())).json.state).toBe('denied')
    sandbox.advance(299_000)
    await sandbox.sweep()
    expect((await sandbox.get(`/requests/${through}`, await peer())).json.state).toBe('pending')
    sandbox.advance(2_000)
    await sandbox.sweep()
    expect((await sandbox.get(`/requests/${through}`, await peer())).json).toMatchObject({
      state: 'approved',
      review: 'needed',
      approvals: [],
    })
    const vended = await sandbox.vend(await fresh('night-2'), {
      profile: 'lab-unattended',
      requestId: through,
      justification: 'nobody is awake',
    })
    expect(vended.status).toBe(201)
    left.push(vended.json.credentials.accessKeyId)
    expect(
      status(await sandbox.vend(await fresh('night-1'), { profile: 'lab-unattended', requestId: stopped, justification: 'x' })),
    ).toEqual([409, 'request-ended'])
  })
})

describe('the sweeper', () => {
  test('escalates, reminds, expires; twice at once does it once', async () => {
    /** Sweeps that all write this event of request `two` at once. */
    const sweptTogether = async (count: number, event: string) => {
      const race = staged.meet(...times(count, (held) => writing(event)(held) && held.body.includes(`REQ#${two}`)))
      await Promise.all(Array.from({ length: count }, () => sandbox.sweep()))
      await race.met
    }
    const id = await ask(await engineer())
    const { id: two } = (await post('/requests', await engineer(), { profile: 'lab-two' })).json
    const director = () => lab.token({ sub: 'dir', groups: ['directors'] })
    expect(status(await sandbox.get(`/requests/${two}`, await director()))).toEqual([404, 'request-unknown'])
    sandbox.advance(601_000)
    await sweptTogether(2, 'request.escalated')
    expect((await sandbox.get(`/requests/${two}`, await director())).json.may).toContain('approve')
    sandbox.advance(1_200_000)
    await sweptTogether(2, 'request.reminded')
    sandbox.advance(3_600_000)
    await sweptTogether(3, 'request.expired')
    const types = (await storedRequests(sandbox)).find((request) => request.id === two)?.events.map(({ type }) => type)
    expect(types).toEqual(['request.asked', 'request.received', 'request.escalated', 'request.reminded', 'request.expired'])
    expect((await sandbox.get(`/requests/${id}`, await peer())).json.state).toBe('expired')
  })
})

/** More by hand: STINT_ROUNDS=1000 npx vitest run test/e2e/approvals -t 'uses of one'. */
const ROUNDS = Number(process.env.STINT_ROUNDS ?? 20)

describe('races', () => {
  test(
    '50 uses of one, in rounds: each round exactly one vend',
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const dana = await engineer()
        const id = await ask(dana)
        await post(`/requests/${id}/approve`, await peer())
        const race = staged.meet(...times(50, reserve))
        const answers = await Promise.all(Array.from({ length: 50 }, () => use(dana, id)))
        await race.met
        expect(answers.filter(({ status: code }) => code === 201)).toHaveLength(1)
        expect(new Set(answers.filter(({ status: code }) => code !== 201).map(({ json }) => json.code))).toEqual(
          new Set(['request-exhausted']),
        )
      }
      expect(await brokenInvariants(sandbox, left)).toEqual([])
    },
    60_000 + ROUNDS * 2000,
  )

  type Race = {
    readonly calls: readonly (() => Promise<Answer>)[]
    /** The write of each call. */
    readonly writes: readonly ((held: HeldCall) => boolean)[]
    /** The state that each call leaves if its write is the first. */
    readonly wins: readonly string[]
  }
  const byApprover = (sub: string) => (held: HeldCall) => writing('approval.given')(held) && held.body.includes(`\\"${sub}\\"`)
  const raceOf: { readonly [name: string]: (id: string, dana: string) => Promise<Race> } = {
    'approve against deny': async (id) => {
      const [one, two] = [await peer('p1'), await peer('p2')]
      return {
        calls: [() => post(`/requests/${id}/approve`, one), () => post(`/requests/${id}/deny`, two)],
        writes: [byApprover('p1'), writing('request.denied')],
        wins: ['approved', 'denied'],
      }
    },
    'approve against cancel': async (id, dana) => {
      const one = await peer('p1')
      return {
        calls: [() => post(`/requests/${id}/approve`, one), () => post(`/requests/${id}/cancel`, dana)],
        writes: [byApprover('p1'), writing('request.cancelled')],
        wins: ['approved', 'cancelled'],
      }
    },
    'two approvers': async (id) => {
      const [one, two] = [await peer('p1'), await peer('p2')]
      return {
        calls: [() => post(`/requests/${id}/approve`, one), () => post(`/requests/${id}/approve`, two)],
        writes: [byApprover('p1'), byApprover('p2')],
        wins: ['approved', 'approved'],
      }
    },
    'a double click': async (id) => {
      const one = await peer('p1')
      return {
        calls: [() => post(`/requests/${id}/approve`, one), () => post(`/requests/${id}/approve`, one)],
        writes: [byApprover('p1'), byApprover('p1')],
        wins: ['approved', 'approved'],
      }
    },
  }
  describe.each(Object.entries(raceOf))('%s: one outcome, honest answers, the journal in order', (_name, begin) => {
    test.each([
      ['first', [0, 1]],
      ['second', [1, 0]],
    ] as const)('when the %s call is written first', async (_which, order) => {
      const dana = await engineer()
      const id = await ask(dana)
      const { calls, writes, wins } = await begin(id, dana)
      const race = staged.meet(...order.map((at) => writes[at] as Race['writes'][number]))
      const answers = await Promise.all(calls.map((start) => start()))
      await race.met
      const final = (await sandbox.get(`/requests/${id}`, dana)).json.state
      expect(final).toBe(wins[order[0]])
      for (const answer of answers) expect([200, 409]).toContain(answer.status)
      expect(answers.some(({ status: code, json }) => code === 200 && json.state === final)).toBe(true)
      for (const { status: code, json } of answers) if (code === 409) expect(json.state).toBe(final)
      const types = (await storedRequests(sandbox)).find((request) => request.id === id)?.events.map(({ type }) => type) ?? []
      expect(types[0]).toBe('request.asked')
      expect(types.filter((type) => ['request.approved', 'request.denied', 'request.cancelled'].includes(type))).toEqual([
        `request.${final}`,
      ])
    })
  })

  const revoke = writing('request.revoked')
  test.each<[string, readonly ((held: HeldCall) => boolean)[], [number, string]]>([
    ['the revoke before the reserve', [revoke, reserve], [409, 'request-ended']],
    ['the reserve before the revoke', [reserve, revoke], [409, 'revoked-in-flight']],
    ['the revoke before the record', [revoke, record], [409, 'revoked-in-flight']],
    ['the record before the revoke', [record, revoke], [201, 'ok']],
  ])('revoke against vend, %s: once it is answered, nothing newer is issued', async (_name, order, expected) => {
    const dana = await engineer()
    const id = await ask(dana)
    await post(`/requests/${id}/approve`, await peer())
    const race = staged.meet(...order)
    const [vended, revoked] = await Promise.all([use(dana, id), post(`/requests/${id}/revoke`, dana)])
    await race.met
    expect(revoked.json.state).toBe('revoked')
    expect(status(vended)).toEqual(expected)
    const stored = (await storedRequests(sandbox)).find((request) => request.id === id)
    const types = stored?.events.map(({ type }) => type) ?? []
    // An issue after the revoke would be a credential that outlived the answer.
    if (vended.status === 201) expect(types.indexOf('session.issued')).toBeLessThan(types.indexOf('request.revoked'))
    else expect(types).not.toContain('session.issued')
    expect(await brokenInvariants(sandbox, left)).toEqual([])
  })
})
