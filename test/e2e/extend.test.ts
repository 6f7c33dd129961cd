/** Extending approved access, over real HTTP: by whom, when, on which terms, and what becomes of the first session. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedRequests } from '../support/checkers.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { verified } from '../support/verified.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
const MINUTE = 60_000
let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

let serial = 0
/** Each row has an engineer of its own. */
function someone() {
  const sub = `extender-${++serial}`
  return (more: object = {}) => lab.token({ sub, role: 'engineer', groups: [], name: 'Erin', ...more })
}
type Person = ReturnType<typeof someone>
const peer = () => lab.token({ sub: 'pat', groups: ['peers'], name: 'Pat' })
const approve = async (id: string) => sandbox.call('POST', `/requests/${id}/approve`, await peer(), {})
const extend = async (who: Person, id: string, body?: object, headers?: Record<string, string>) =>
  sandbox.call('POST', `/requests/${id}/extend`, await who(), body, headers)
const status = ({ status: code, json }: Answer) => [code, json.code ?? 'ok']

/** A session of two hours that people approved. */
async function approved(who: Person, more: object = {}) {
  const body = { profile: 'approved', justification: 'INC-7', duration: '2h', ...more }
  const { requestId } = (await sandbox.vend(await who(), body)).json
  expect((await approve(requestId)).status).toBe(200)
  const started = await sandbox.vend(await who(), { ...body, requestId })
  expect(started.status).toBe(201)
  return { requestId: requestId as string, session: started.json }
}

describe('an extension', () => {
  test('is a request of its own, on the same terms, and leaves the first session alone', async () => {
    const erin = someone()
    const { requestId, session } = await approved(erin)
    sandbox.advance(61 * MINUTE)
    const { json: first } = await sandbox.get(`/requests/${requestId}`, await erin())
    expect(first.may).toContain('extend')
    const made = await extend(erin, requestId)
    expect(status(made)).toEqual([201, 'ok'])
    expect(made.headers.get('location')).toBe(`/requests/${made.json.id}`)
    expect(made.json).toMatchObject({
      state: 'pending',
      extends: requestId,
      terms: first.terms,
      termsHash: first.termsHash,
      justification: 'INC-7',
    })

    // Until it is approved, it gives nothing.
    const body = { profile: 'approved', justification: 'INC-7', requestId: made.json.id }
    expect(status(await sandbox.vend(await erin(), body))).toEqual([403, 'approval-required'])
    expect((await approve(made.json.id)).status).toBe(200)
    const second = await sandbox.vend(await erin(), body)
    expect(status(second)).toEqual([201, 'ok'])

    // Both run at once, and the first still ends when it would have ended.
    for (const id of [session.id, second.json.id])
      expect(status(await sandbox.call('POST', `/sessions/${id}/credentials`, await erin()))).toEqual([200, 'ok'])
    const seen = await sandbox.get(`/sessions/${session.id}`, await erin())
    expect(Date.parse(seen.json.expiresAt) - Date.parse(seen.json.reservedAt) <= 120 * MINUTE).toBe(true)
    sandbox.advance(60 * MINUTE)
    expect(status(await sandbox.call('POST', `/sessions/${session.id}/credentials`, await erin()))).toEqual([409, 'session-ended'])
    expect(status(await sandbox.call('POST', `/sessions/${second.json.id}/credentials`, await erin()))).toEqual([200, 'ok'])
  })

  test('can have a justification and a duration of its own, and can be extended again', async () => {
    const erin = someone()
    const { requestId } = await approved(erin)
    sandbox.advance(70 * MINUTE)
    const made = await extend(erin, requestId, { justification: 'Still down', duration: '30m' })
    expect(made.json).toMatchObject({ justification: 'Still down', limits: { duration: 1800 } })
    await approve(made.json.id)
    const started = await sandbox.vend(await erin(), { profile: 'approved', justification: 'x', requestId: made.json.id })
    expect(started.status).toBe(201)
    expect(status(await extend(erin, made.json.id))).toEqual([409, 'not-extendable'])
    sandbox.advance(16 * MINUTE)
    const again = await extend(erin, made.json.id)
    expect([...status(again), again.json.extends]).toEqual([201, 'ok', made.json.id])
  })

  test('has the policy to which the caller narrowed the first request', async () => {
    const erin = someone()
    const narrow = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::logs/*'] }] }
    const { requestId } = await approved(erin, { narrow })
    sandbox.advance(70 * MINUTE)
    const made = await extend(erin, requestId)
    expect(status(made)).toEqual([201, 'ok'])
    expect(made.json.terms.narrow).toEqual(narrow.Statement)
  })

  test('is made once: a repeat returns it and adds a new justification', async () => {
    const erin = someone()
    const { requestId } = await approved(erin)
    sandbox.advance(70 * MINUTE)
    const made = await Promise.all([1, 2, 3].map(() => extend(erin, requestId)))
    expect(new Set(made.flatMap(({ json }) => json.id ?? [])).size).toBe(1)
    const again = await extend(erin, requestId, { justification: 'One more reason' })
    expect([again.status, again.json.moreJustifications?.[0]?.text]).toEqual([200, 'One more reason'])
  })

  test('with an Idempotency-Key repeats its answer, and refuses another body', async () => {
    const erin = someone()
    const { requestId } = await approved(erin)
    sandbox.advance(70 * MINUTE)
    const key = { 'idempotency-key': `extend-${serial}` }
    const first = await extend(erin, requestId, { duration: '1h' }, key)
    const second = await extend(erin, requestId, { duration: '1h' }, key)
    expect([first.status, second.status, second.json.id]).toEqual([201, 200, first.json.id])
    expect(status(await extend(erin, requestId, { duration: '2h' }, key))).toEqual([422, 'idempotency-mismatch'])
  })
})

describe('is refused', () => {
  test.each<[string, number, (requestId: string, own: Person, session: Record<string, any>) => Promise<Answer>, number, string]>([
    ['in the first half of the session', 58, (id, own) => extend(own, id), 409, 'not-extendable'],
    ['after the session', 125, (id, own) => extend(own, id), 409, 'not-extendable'],
    [
      'after the session was ended',
      70,
      async (id, own, session) => {
        await sandbox.call('DELETE', `/sessions/${session.id}`, await own())
        return extend(own, id)
      },
      409,
      'not-extendable',
    ],
    [
      'once the request was revoked',
      70,
      async (id, own) => {
        await sandbox.call('POST', `/requests/${id}/revoke`, await own(), {})
        return extend(own, id)
      },
      409,
      'not-extendable',
    ],
    ['to an approver', 70, async (id) => sandbox.call('POST', `/requests/${id}/extend`, await peer()), 403, 'not-requester'],
    ['to another engineer', 70, async (id) => extend(someone(), id), 404, 'request-unknown'],
    ['without a token', 70, (id) => sandbox.call('POST', `/requests/${id}/extend`, undefined), 401, 'token-missing'],
    ['with another ID', 70, (_id, own) => extend(own, `req_${'0'.repeat(26)}`), 404, 'request-unknown'],
    ['with the ID of a session', 70, (_id, own, { id }) => extend(own, id), 404, 'request-unknown'],
    [
      'to a caller who is not eligible any more',
      70,
      async (id, own) => sandbox.call('POST', `/requests/${id}/extend`, await own({ role: 'guest' })),
      404,
      'profile-unknown',
    ],
    ['for longer than the profile allows', 70, (id, own) => extend(own, id, { duration: '9h' }), 422, 'duration-invalid'],
    ['with parameters of its own', 70, (id, own) => extend(own, id, { parameters: { bucket: 'other' } }), 400, 'body-invalid'],
    ['with a profile', 70, (id, own) => extend(own, id, { profile: 'approved' }), 400, 'body-invalid'],
    ['with GET', 70, async (id, own) => sandbox.get(`/requests/${id}/extend`, await own()), 405, 'method-not-allowed'],
  ])('%s', async (_name, minutes, call, code, problem) => {
    const erin = someone()
    const { requestId, session } = await approved(erin)
    sandbox.advance(minutes * MINUTE)
    const before = (await storedRequests(sandbox)).length
    expect(status(await call(requestId, erin, session))).toEqual([code, problem])
    // Nothing was asked.
    const asked = (await storedRequests(sandbox)).slice(before).filter(({ events }) => events[0]?.type === 'request.asked')
    expect(asked).toEqual([])
  })

  test('for a profile that needs no approval', async () => {
    const erin = someone()
    const { json } = await sandbox.vend(await erin(), { profile: 'short' })
    sandbox.advance(15 * MINUTE)
    expect(await extend(erin, json.requestId)).toMatchObject({
      status: 409,
      json: { code: 'not-extendable', next: 'Start a new session.' },
    })
  })

  test('on other terms than then', async () => {
    const erin = someone()
    const { requestId } = await approved(erin)
    sandbox.advance(70 * MINUTE)
    sandbox.deploy('staging', { externalId: 'stint-staging-new' })
    const refused = await extend(erin, requestId)
    sandbox.deploy('staging', { externalId: 'stint-staging-c2d5' })
    expect(refused).toMatchObject({ status: 409, json: { code: 'terms-changed', changed: { externalId: { now: 'stint-staging-new' } } } })
    expect(status(await extend(erin, requestId))).toEqual([201, 'ok'])
  })

  test('during a freeze of the person', async () => {
    const erin = someone()
    const { requestId } = await approved(erin)
    sandbox.advance(70 * MINUTE)
    const responder = await lab.token({ sub: 'ria', groups: ['responders'], name: 'Ria' })
    const scope = { kind: 'subject', issuer: 'lab', id: `extender-${serial}` }
    expect((await sandbox.call('POST', '/freezes', responder, { scope, justification: 'INC-8' })).status).toBe(201)
    expect(status(await extend(erin, requestId))).toEqual([403, 'frozen'])
  })
})

test('the log of all this verifies, and matches the table', async () => {
  const report = await verified(sandbox)
  expect(report.faults).toEqual([])
  expect(report.counts['request.asked']).toBeGreaterThan(15)
})
