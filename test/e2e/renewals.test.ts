/** Sessions whose credentials are renewed, over real HTTP: what is judged again, what ends them, and what attackers try. */
import { checkReceipt } from '@stint/core/audit/receipt'
import { parseVkey } from '@stint/tlog/note'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storedRequests } from '../support/checkers.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { assumeRole, stage } from '../support/stage.ts'
import { verified } from '../support/verified.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
const staged = stage()
let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings, intercept: staged.intercept })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

const MINUTE = 60_000
let serial = 0
/** Each row has an engineer of its own, whose tokens are fresh ones of the same person. */
function someone(claims: object = {}) {
  const sub = `engineer-${++serial}`
  return (more: object = {}) => lab.token({ sub, role: 'engineer', groups: [], name: 'Erin', ...claims, ...more })
}
const iat = (minutesAgo: number, life = 60 * 24) => {
  const now = Math.floor(sandbox.now() / 1000)
  return { iat: now - minutesAgo * 60, exp: now - minutesAgo * 60 + life * 60 }
}
const responder = () => lab.token({ sub: 'ria', groups: ['responders'], name: 'Ria' })
const peer = () => lab.token({ sub: 'pat', groups: ['peers'], name: 'Pat' })

const vend = (token: string, body: object = {}) => sandbox.vend(token, { profile: 'long', parameters: { bucket: 'logs' }, ...body })
async function start(token: string, body: object = {}): Promise<Record<string, any>> {
  const answer = await vend(token, body)
  expect([answer.status, answer.json.code]).toEqual([201, undefined])
  return answer.json
}
/** A call of the newest engineer, held after AWS has answered. */
async function heldAfterAssuming(token: string) {
  const held = staged.hold(assumeRole, 'after')
  const vending = vend(token)
  await held.reached
  const stored = (await storedRequests(sandbox)).find(({ events }) => events[0]?.caller?.subject === `engineer-${serial}`)
  return { held, vending, request: stored?.id, id: stored?.sessions[0]?.id }
}
const renew = (token: string | undefined, id: string, body?: unknown, headers?: Record<string, string>) =>
  sandbox.call('POST', `/sessions/${id}/credentials`, token, body, headers)
const end = (token: string, id: string) => sandbox.call('DELETE', `/sessions/${id}`, token)
const status = ({ status: code, json }: Answer) => [code, json.code ?? 'ok']
const storedOf = async (id: string) => (await storedRequests(sandbox)).find((one) => id.startsWith(one.id))
const typesOf = async (id: string) => (await storedOf(id))?.events.map(({ type }) => type)

describe('a session', () => {
  test('keeps its name, source identity and tags over its renewals, and takes one use', async () => {
    const erin = someone()
    const session = await start(await erin({ run: 'first' }))
    for (const count of [1, 2, 3]) {
      sandbox.advance(20 * MINUTE)
      const renewed = await renew(await erin({ run: 'later', name: 'Another Name' }), session.id)
      expect(status(renewed)).toEqual([200, 'ok'])
      const { id, sessionName, sourceIdentity, tags, assumedRoleArn } = session
      expect(renewed.json).toMatchObject({ id, sessionName, sourceIdentity, tags, assumedRoleArn })
      expect(renewed.json.credentials.accessKeyId).not.toBe(session.credentials.accessKeyId)
      const left = Date.parse(renewed.json.credentials.expiration) - sandbox.now()
      expect(left > 29 * MINUTE && left <= 30 * MINUTE).toBe(true)
      const seen = await sandbox.get(`/sessions/${session.id}`, await erin())
      expect(seen.json).toMatchObject({
        state: 'issued',
        renew: 1800,
        renewed: { count, accessKeyId: renewed.json.credentials.accessKeyId },
      })
    }
    const renewal = ['session.renewal-reserved', 'session.renewed']
    expect(await typesOf(session.id)).toEqual(['request.created', 'session.reserved', 'session.issued', ...renewal, ...renewal, ...renewal])
    expect((await storedOf(session.id))?.usesLeft).toBe(0)
    // Nothing is left in the index of open calls, so the sweeper has nothing to do.
    expect((await storedOf(session.id))?.open).toBe(false)
  })

  test('has credentials that never outlast it', async () => {
    const erin = someone()
    const session = await start(await erin(), { profile: 'short', parameters: {}, duration: '7m' })
    sandbox.advance(4 * MINUTE)
    const renewed = await renew(await erin(), session.id)
    const { json: seen } = await sandbox.get(`/sessions/${session.id}`, await erin())
    expect(Date.parse(renewed.json.credentials.expiration)).toBe(Date.parse(seen.expiresAt))
    // The session ends in a whole second, counted from the reservation. AWS can answer in the next one.
    expect(Date.parse(seen.expiresAt)).toBe(Math.floor(Date.parse(seen.reservedAt) / 1000) * 1000 + 7 * MINUTE)
    sandbox.advance(3 * MINUTE)
    expect(status(await renew(await erin(), session.id))).toEqual([409, 'session-ended'])
  })

  test('works again after a gap', async () => {
    const erin = someone()
    const session = await start(await erin())
    sandbox.advance(3 * 60 * MINUTE)
    expect(status(await renew(await erin(), session.id))).toEqual([200, 'ok'])
  })

  test.each([
    ['json', 'application/json', /"credentials"/],
    ['env', 'text/plain; charset=utf-8', /export AWS_ACCESS_KEY_ID/],
    ['process', 'application/json', /"Version":1/],
    ['container', 'application/json', /"Token"/],
    ['console', 'application/json', /"signInUrl"/],
  ])('is renewed in the format %s', async (format, type, body) => {
    const erin = someone()
    const session = await start(await erin())
    const renewed = await renew(await erin(), session.id, { format })
    expect([renewed.status, renewed.headers.get('content-type'), body.test(renewed.text)]).toEqual([200, type, true])
    expect(renewed.headers.get('cache-control')).toBe('no-store')
  })

  test('is renewed by an SDK, with a bare token and no query', async () => {
    const erin = someone()
    const session = await start(await erin())
    const path = `/sessions/${session.id}/credentials`
    const asked = await sandbox.call('GET', path, undefined, undefined, { authorization: await erin() })
    expect([asked.status, Object.keys(asked.json)]).toEqual([200, ['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration']])
    expect(await sandbox.call('GET', `${path}?x=1`, await erin())).toMatchObject({ status: 400, json: { Code: 'body-invalid' } })
    const head = { method: 'HEAD', headers: { authorization: `Bearer ${await erin()}` } }
    expect((await fetch(`${sandbox.urls.broker}${path}`, head)).status).toBe(405)
    const short = await start(await erin(), { profile: 'short', parameters: {} })
    expect(await sandbox.call('GET', `/sessions/${short.id}/credentials`, await erin())).toMatchObject({
      status: 422,
      json: { Code: 'duration-invalid', Message: expect.stringMatching(/at least 30m\w*\. Use stint exec or stint serve\. \(trace /) },
    })
  })

  test('that people approved is renewed without another approval, and ends with its window', async () => {
    const erin = someone()
    const asked = await vend(await erin(), { profile: 'approved', parameters: {}, justification: 'INC-7' })
    const { requestId } = asked.json
    expect((await sandbox.call('POST', `/requests/${requestId}/approve`, await peer(), {})).status).toBe(200)
    sandbox.advance(30 * MINUTE)
    const session = await start(await erin(), { profile: 'approved', parameters: {}, justification: 'INC-7', requestId })
    const { json: request } = await sandbox.get(`/requests/${requestId}`, await erin())
    const seen = await sandbox.get(`/sessions/${session.id}`, await erin())
    expect(Date.parse(seen.json.expiresAt)).toBe(Math.floor(Date.parse(request.window.expiresAt) / 1000) * 1000)
    sandbox.advance(3 * 60 * MINUTE)
    expect(status(await renew(await erin(), session.id))).toEqual([200, 'ok'])
    sandbox.advance(30 * MINUTE)
    expect(status(await renew(await erin(), session.id))).toEqual([409, 'session-ended'])
  })
})

describe('an end', () => {
  test.each([
    ['its caller', async (own: string) => own, 'caller'],
    ['a responder', () => responder(), 'responder'],
  ])('by %s stops renewals, is repeatable, and says how long credentials work', async (_who, by, endedBy) => {
    const erin = someone()
    const session = await start(await erin())
    const ended = await end(await by(await erin()), session.id)
    expect(ended).toMatchObject({
      status: 200,
      json: { id: session.id, state: 'ended', credentialsExpireBy: `${session.credentials.expiration.slice(0, 19)}.000Z` },
    })
    expect(Date.parse(ended.json.identityProofUntil)).toBeGreaterThan(Date.parse(ended.json.credentialsExpireBy))
    expect((await end(await erin(), session.id)).json).toEqual(ended.json)
    expect(status(await renew(await erin(), session.id))).toEqual([409, 'session-ended'])
    expect((await sandbox.get(`/sessions/${session.id}`, await erin())).json).toMatchObject({ state: 'ended', endedBy })
    expect((await typesOf(session.id))?.at(-1)).toBe('session.ended')
  })

  test('of a request that was revoked ends its sessions, also when its window is over', async () => {
    const erin = someone()
    const session = await start(await erin())
    sandbox.advance(20 * MINUTE)
    expect((await sandbox.get(`/requests/${session.requestId}`, await erin())).json).toMatchObject({ state: 'ended', may: ['revoke'] })
    expect((await sandbox.call('POST', `/requests/${session.requestId}/revoke`, await erin(), {})).status).toBe(200)
    expect(status(await renew(await erin(), session.id))).toEqual([409, 'session-ended'])
    expect((await sandbox.get(`/sessions/${session.id}`, await erin())).json).toMatchObject({ state: 'ended', endedBy: 'revoke' })
    expect(status(await end(await erin(), session.id))).toEqual([200, 'ok'])
    expect(await typesOf(session.id)).not.toContain('session.ended')
  })

  test('between the call to AWS and the record drops the credentials', async () => {
    const erin = someone()
    const session = await start(await erin())
    const held = staged.hold(assumeRole, 'after')
    const renewing = renew(await erin(), session.id)
    await held.reached
    await end(await erin(), session.id)
    held.release()
    expect(status(await renewing)).toEqual([409, 'revoked-in-flight'])
    expect((await typesOf(session.id))?.slice(-3)).toEqual(['session.renewal-reserved', 'session.ended', 'session.renewal-failed'])
  })

  test('of a reserved session whose request was revoked leaves the rest to the record', async () => {
    const erin = someone()
    const token = await erin()
    const { held, vending, request, id } = await heldAfterAssuming(token)
    expect((await sandbox.call('POST', `/requests/${request}/revoke`, token, {})).status).toBe(200)
    expect((await end(token, id)).json).toEqual({ id, state: 'reserved' })
    held.release()
    expect(status(await vending)).toEqual([409, 'revoked-in-flight'])
  })

  test('of a session that is only reserved returns its use, and nothing is issued', async () => {
    const erin = someone()
    const token = await erin()
    const { held, vending, id } = await heldAfterAssuming(token)
    const ended = await end(token, id)
    expect(ended.json).toEqual({ id, state: 'ended' })
    held.release()
    expect(status(await vending)).toEqual([409, 'revoked-in-flight'])
    expect(await storedOf(id)).toMatchObject({ usesLeft: 1, events: [{}, {}, { type: 'session.ended' }] })
  })
})

describe('a freeze', () => {
  test('pauses renewals, and does not end the session', async () => {
    const erin = someone()
    const session = await start(await erin())
    const scope = { kind: 'subject', issuer: 'lab', id: `engineer-${serial}` }
    const until = new Date(sandbox.now() + 10 * MINUTE).toISOString()
    const frozen = await sandbox.call('POST', '/freezes', await responder(), { scope, justification: 'INC-9', expiresAt: until })
    expect(frozen.status).toBe(201)
    expect(status(await renew(await erin(), session.id))).toEqual([403, 'frozen'])
    sandbox.advance(11 * MINUTE)
    expect(status(await renew(await erin(), session.id))).toEqual([200, 'ok'])
  })
})

describe('attacks', () => {
  const old = [
    ['an ID that is none', 'x'],
    ['an ID of another kind', 'frz_0123456789abcdefghjkmnpqrs'],
    ['a request without a session', `req_${'0'.repeat(26)}`],
    ['a session that does not exist', `req_${'0'.repeat(26)}.${'0'.repeat(8)}`],
    ['a long ID', `req_${'0'.repeat(5000)}`],
    ['an ID with a line break', `req_${'0'.repeat(26)}.%0A0000000`],
    ['an ID with a path in it', `req_${'0'.repeat(26)}.%2e%2e%2f0000`],
    ['an ID with a null', `req_${'0'.repeat(26)}.%000000000`],
    ['an ID in other letters', `REQ_${'0'.repeat(26)}.${'0'.repeat(8)}`],
    ['two suffixes', `req_${'0'.repeat(26)}.${'0'.repeat(8)}.${'0'.repeat(8)}`],
  ] as const
  test.each(old)('%s', async (_name, id) => {
    const erin = someone()
    for (const asked of [await renew(await erin(), id), await end(await erin(), id)]) expect([404, 400]).toContain(asked.status)
  })

  test.each<[string, (session: Record<string, any>, own: (claims?: object) => Promise<string>) => Promise<Answer>, number, string]>([
    ['no token', (session) => renew(undefined, session.id), 401, 'token-missing'],
    ['a forged token', async (session, own) => renew(`${(await own()).slice(0, -4)}AAAA`, session.id), 401, 'token-invalid'],
    ['an expired token', async (session, own) => renew(await own(iat(60, 30)), session.id), 401, 'token-expired'],
    ['a token of an hour ago that is still valid', async (session, own) => renew(await own(iat(61)), session.id), 401, 'token-expired'],
    ['a token of 59 minutes ago', async (session, own) => renew(await own(iat(59)), session.id), 200, 'ok'],
    ["yesterday's token", async (session, own) => renew(await own(iat(23 * 60)), session.id), 401, 'token-expired'],
    ["another person's token", async (session) => renew(await someone()(), session.id), 404, 'session-unknown'],
    ["a responder's token", async (session) => renew(await responder(), session.id), 404, 'session-unknown'],
    [
      'the same subject at another issuer',
      async (session, own) => renew(await own({ iss: lab.issuers.id }), session.id),
      404,
      'session-unknown',
    ],
    ['another audience', async (session, own) => renew(await own({ aud: 'https://other.example' }), session.id), 401, 'token-invalid'],
    [
      'a subject in other letters',
      async (session, own) => renew(await own({ sub: `Engineer-${serial}` }), session.id),
      404,
      'session-unknown',
    ],
    ['no longer eligible', async (session, own) => renew(await own({ role: 'guest' }), session.id), 404, 'profile-unknown'],
    ['a body with another profile', async (session, own) => renew(await own(), session.id, { profile: 'once' }), 400, 'body-invalid'],
    ['a body with a duration', async (session, own) => renew(await own(), session.id, { duration: '12h' }), 400, 'body-invalid'],
    [
      'a body with parameters',
      async (session, own) => renew(await own(), session.id, { parameters: { bucket: 'all' } }),
      400,
      'body-invalid',
    ],
    ['a body with a policy', async (session, own) => renew(await own(), session.id, { narrow: {} }), 400, 'body-invalid'],
    ['an unknown format', async (session, own) => renew(await own(), session.id, { format: 'xml' }), 400, 'format-invalid'],
    ['a format that is not a string', async (session, own) => renew(await own(), session.id, { format: ['json'] }), 400, 'format-invalid'],
    ['a list', async (session, own) => renew(await own(), session.id, []), 400, 'body-invalid'],
    ['JSON that is cut off', async (session, own) => renew(await own(), session.id, '{"format":'), 400, 'body-invalid'],
    [
      'a duplicate property',
      async (session, own) => renew(await own(), session.id, '{"format":"json","format":"env"}'),
      400,
      'body-invalid',
    ],
    ['a prototype', async (session, own) => renew(await own(), session.id, '{"__proto__":{"format":"env"}}'), 400, 'body-invalid'],
    [
      'a body of 17 KB',
      async (session, own) => renew(await own(), session.id, JSON.stringify({ format: ' '.repeat(17_000) })),
      413,
      'body-too-large',
    ],
    [
      'another media type',
      async (session, own) => renew(await own(), session.id, 'format=json', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'media-type',
    ],
    [
      'an Idempotency-Key, which changes nothing',
      async (session, own) => renew(await own(), session.id, {}, { 'idempotency-key': 'k' }),
      200,
      'ok',
    ],
    ['PUT', async (session, own) => sandbox.call('PUT', `/sessions/${session.id}/credentials`, await own(), {}), 405, 'method-not-allowed'],
    [
      'DELETE',
      async (session, own) => sandbox.call('DELETE', `/sessions/${session.id}/credentials`, await own()),
      405,
      'method-not-allowed',
    ],
    ['a trailing slash', async (session, own) => renew(await own(), `${session.id}/credentials/..%2f`), 404, 'route-unknown'],
    ["ending another person's session", async (session) => end(await someone()(), session.id), 404, 'session-unknown'],
    [
      'ending as an auditor',
      async (session) => end(await lab.token({ sub: 'audi', groups: ['auditors'] }), session.id),
      403,
      'not-approver',
    ],
    ['ending without a token', (session) => sandbox.call('DELETE', `/sessions/${session.id}`, undefined), 401, 'token-missing'],
    ['ending as an approver of another profile', async (session) => end(await peer(), session.id), 404, 'session-unknown'],
  ])('%s', async (_name, attack, code, problem) => {
    const erin = someone()
    const session = await start(await erin())
    expect(status(await attack(session, erin))).toEqual([code, problem])
    // The owner's session is as it was.
    expect(status(await renew(await erin(), session.id))).toEqual([200, 'ok'])
  })

  test('a profile without renewals', async () => {
    const erin = someone()
    const session = await start(await erin(), { profile: 'once', parameters: {} })
    expect(status(await renew(await erin(), session.id))).toEqual([409, 'not-renewable'])
    expect(status(await end(await erin(), session.id))).toEqual([200, 'ok'])
  })

  test.each<[string, object, number, string]>([
    ['with a second factor, from here', { amr: ['mfa'] }, 200, 'ok'],
    ['without the second factor', { amr: [] }, 403, 'mfa-required'],
  ])('a guarded profile %s: the sign-in is judged at the start of the session', async (_name, claims, code, problem) => {
    const erin = someone({ amr: ['mfa'], auth_time: Math.floor(sandbox.now() / 1000) })
    const session = await start(await erin(), { profile: 'guarded', parameters: {} })
    sandbox.advance(60 * MINUTE)
    expect(status(await renew(await erin(claims), session.id))).toEqual([code, problem])
  })

  test('terms that changed since the start', async () => {
    const erin = someone()
    const session = await start(await erin())
    sandbox.deploy('staging', { externalId: 'stint-staging-new' })
    const renewed = await renew(await erin(), session.id)
    sandbox.deploy('staging', { externalId: 'stint-staging-c2d5' })
    expect(renewed).toMatchObject({ status: 409, json: { code: 'terms-changed', changed: { externalId: { now: 'stint-staging-new' } } } })
    expect(status(await renew(await erin(), session.id))).toEqual([200, 'ok'])
  })

  test("another job's token of the same subject", async () => {
    const job = (run_id: string) => lab.token({ iss: lab.issuers.id, sub: 'job-7', run_id })
    const session = await start(await job('1001'))
    expect(status(await renew(await job('1002'), session.id))).toEqual([404, 'session-unknown'])
    expect(status(await renew(await lab.token({ iss: lab.issuers.id, sub: 'job-7' }), session.id))).toEqual([404, 'session-unknown'])
    expect(status(await renew(await job('1001'), session.id))).toEqual([200, 'ok'])
  })

  test('a single-use token does one thing', async () => {
    const job = (jti: string) => lab.token({ iss: lab.issuers.once, sub: 'ci', role: 'job', jti })
    const first = await job('a')
    const session = await start(first)
    expect(status(await renew(first, session.id))).toEqual([409, 'token-used'])
    const second = await job('b')
    expect(status(await renew(second, session.id))).toEqual([200, 'ok'])
    expect(status(await renew(second, session.id))).toEqual([409, 'token-used'])
    expect(status(await vend(second))).toEqual([409, 'token-used'])
    const third = await job('c')
    await start(third)
    expect(status(await renew(third, session.id))).toEqual([409, 'token-used'])
  })

  test('a hundred renewals at once: at most four run, and ten a minute', async () => {
    const erin = someone()
    const session = await start(await erin())
    const token = await erin()
    const all = await Promise.all(Array.from({ length: 100 }, () => renew(token, session.id)))
    const issued = all.filter(({ status: code }) => code === 200)
    expect(issued.length >= 1 && issued.length <= 10).toBe(true)
    const refused = all.filter(({ status: code }) => code !== 200)
    expect(new Set(refused.map(({ json }) => json.code))).toEqual(new Set(['rate-limited']))
    expect(refused.every(({ headers }) => Number(headers.get('retry-after')) >= 1)).toBe(true)
    // The last of several at once may leave its entry in the index of open calls, which the sweeper removes.
    sandbox.advance(2 * MINUTE)
    await sandbox.sweep()
    expect((await storedOf(session.id))?.open).toBe(false)
    expect(new Set(issued.map(({ json }) => json.credentials.accessKeyId)).size).toBe(issued.length)
    expect(status(await renew(await erin(), session.id))).toEqual([200, 'ok'])
  })
})

test('a receipt proves the newest credentials, also once the session was ended', async () => {
  const erin = someone()
  const session = await start(await erin())
  const renewed = await renew(await erin(), session.id)
  await end(await erin(), session.id)
  await sandbox.ship()
  const receipt = await sandbox.get(`/sessions/${session.id}/receipt`, await erin())
  const checked = checkReceipt(receipt.text, [parseVkey(sandbox.logVkey) as NonNullable<ReturnType<typeof parseVkey>>])
  if (typeof checked === 'string') throw new Error(checked)
  expect(JSON.parse(checked.event)).toMatchObject({ type: 'session.renewed', accessKeyId: renewed.json.credentials.accessKeyId })
})

test('the log of all this verifies, and matches the table', async () => {
  const report = await verified(sandbox)
  expect(report.faults).toEqual([])
  expect(report.counts['session.renewed']).toBeGreaterThan(20)
  expect(report.counts['session.ended']).toBeGreaterThan(4)
})
