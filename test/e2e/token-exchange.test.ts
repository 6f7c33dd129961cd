/**
 * `POST /token`, as a client that we did not write speaks it (oauth4webapi), and every way to get it wrong.
 */

import { brokerKey } from '@stint/sandbox/aws/world'
import { portsFrom } from '@stint/sandbox/ports'
import { startBroker } from '@stint/sandbox/sandbox'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange } from '../support/http.ts'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { freePorts, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { reserve, stage, times } from '../support/stage.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`
const OURS = 'urn:stint:params:oauth:token-type:aws-credentials'

const staged = stage()
let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab()
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings, intercept: staged.intercept })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

const assumed = () => sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
const form = (members: Record<string, string> | string[][]) => String(new URLSearchParams(members as [string, string][]))
const post = (body: string | Buffer, headers: readonly string[] = ['content-type', 'application/x-www-form-urlencoded']) =>
  exchange(sandbox.urls.broker, { method: 'POST', path: '/token', headers, body })
const good = async (more: Record<string, string> = {}, claims: object = {}) => ({
  grant_type: GRANT,
  subject_token: await lab.token(claims),
  subject_token_type: type('access_token'),
  resource: 'urn:stint:profile:lab',
  ...more,
})

describe('a client that speaks RFC 8693', () => {
  const server = (): oauth.AuthorizationServer => ({ issuer: sandbox.urls.broker, token_endpoint: `${sandbox.urls.broker}/token` })
  const request = async (parameters: Record<string, string>) =>
    oauth.genericTokenEndpointRequest(server(), { client_id: 'ci' }, oauth.None(), GRANT, parameters, {
      [oauth.allowInsecureRequests]: true,
    })
  const members = async (more: Record<string, string> = {}) => {
    const { grant_type: _grant, ...rest } = await good(more)
    return rest
  }

  test('gets credentials that AWS takes', async () => {
    const answer = await request(await members({ requested_token_type: OURS, duration: '15m' }))
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const result = await oauth.processGenericTokenEndpointResponse(server(), { client_id: 'ci' }, answer, {
      recognizedTokenTypes: { n_a: () => {} },
    })
    expect(result).toMatchObject({ issued_token_type: OURS, token_type: 'n_a' })
    expect(result.expires_in).toBeGreaterThan(14 * 60)
    expect(result.expires_in).toBeLessThanOrEqual(15 * 60)
    const credentials = JSON.parse(Buffer.from(result.access_token, 'base64url').toString('utf8'))
    expect(Object.keys(credentials)).toEqual(['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'])
    const session = await sandbox.get(`/sessions/${result.session}`, await lab.token())
    expect(session.json.issued.accessKeyId).toBe(credentials.AccessKeyId)
  })
  test('gets errors that it reads', async () => {
    const answer = await request(await members({ resource: 'urn:stint:profile:nothing' }))
    const error = await oauth.processGenericTokenEndpointResponse(server(), { client_id: 'ci' }, answer).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(oauth.ResponseBodyError)
    expect(error).toMatchObject({ error: 'invalid_target', status: 400, error_description: 'Profile not found, or not visible to you.' })
  })
})

describe('what is refused', () => {
  /** Each leaves AWS alone, and says in RFC 6749's members what it is. */
  async function refusedWith(expected: readonly [number, string, string], body: string | Buffer, headers?: readonly string[]) {
    const before = assumed()
    const answer = await post(body, headers)
    const json = JSON.parse(answer.text)
    expect([answer.status, json.error, json.code]).toEqual(expected)
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache', 'content-type': 'application/json' })
    expect(json.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
    expect(assumed()).toBe(before)
    return { answer, json }
  }
  const without = ({ ...members }: Record<string, string>, name: string) => {
    delete members[name]
    return members
  }

  test.each<[string, readonly [number, string, string], (members: Record<string, string>) => Record<string, string> | string[][]]>([
    ['no grant_type', [400, 'unsupported_grant_type', 'body-invalid'], (m) => without(m, 'grant_type')],
    ['another grant', [400, 'unsupported_grant_type', 'body-invalid'], (m) => ({ ...m, grant_type: 'client_credentials' })],
    ['no subject_token', [400, 'invalid_request', 'body-invalid'], (m) => without(m, 'subject_token')],
    ['an empty subject_token', [400, 'invalid_request', 'body-invalid'], (m) => ({ ...m, subject_token: '' })],
    ['no subject_token_type', [400, 'invalid_request', 'body-invalid'], (m) => without(m, 'subject_token_type')],
    ['a SAML assertion', [400, 'invalid_request', 'body-invalid'], (m) => ({ ...m, subject_token_type: type('saml2') })],
    ['an inherited type', [400, 'invalid_request', 'body-invalid'], (m) => ({ ...m, subject_token_type: 'constructor' })],
    ['an actor', [400, 'invalid_request', 'body-invalid'], (m) => ({ ...m, actor_token: 'x', actor_token_type: type('jwt') })],
    ['another token wanted', [400, 'invalid_request', 'body-invalid'], (m) => ({ ...m, requested_token_type: type('access_token') })],
    ['a scope', [400, 'invalid_scope', 'body-invalid'], (m) => ({ ...m, scope: 's3:read' })],
    ['no resource', [400, 'invalid_target', 'body-invalid'], (m) => without(m, 'resource')],
    ['an audience', [400, 'invalid_target', 'body-invalid'], (m) => ({ ...m, audience: 'prod' })],
    ['another kind of resource', [400, 'invalid_target', 'body-invalid'], (m) => ({ ...m, resource: 'https://s3.amazonaws.com' })],
    ['a member twice', [400, 'invalid_request', 'body-invalid'], (m) => [...Object.entries(m), ['resource', 'urn:stint:profile:lab-two']]],
    ['a token that is none', [400, 'invalid_request', 'token-invalid'], (m) => ({ ...m, subject_token: 'x.y.z' })],
    [
      'an access token called an ID token',
      [400, 'invalid_request', 'token-invalid'],
      (m) => ({ ...m, subject_token_type: type('id_token') }),
    ],
    ['an unknown profile', [400, 'invalid_target', 'profile-unknown'], (m) => ({ ...m, resource: 'urn:stint:profile:moon' })],
    ['an invisible profile', [400, 'invalid_target', 'profile-unknown'], (m) => ({ ...m, resource: 'deploy-prod' })],
    ['no second factor', [400, 'invalid_request', 'mfa-required'], (m) => ({ ...m, resource: 'lab-mfa' })],
    ['another address', [400, 'invalid_target', 'source-ip'], (m) => ({ ...m, resource: 'lab-elsewhere' })],
    ['a parameter of no profile', [400, 'invalid_request', 'parameter-invalid'], (m) => ({ ...m, 'p.bucket': 'x' })],
    ['a duration too long', [400, 'invalid_request', 'duration-invalid'], (m) => ({ ...m, duration: '7200' })],
    ['a duration of another form', [400, 'invalid_request', 'duration-invalid'], (m) => ({ ...m, duration: '1 fortnight' })],
    ['a request of nobody', [400, 'invalid_grant', 'request-unknown'], (m) => ({ ...m, request_id: 'req_x' })],
  ])('%s', async (_name, expected, change) => {
    await refusedWith(expected, form(change(await good())))
  })
  test('an ID token called an access token', async () => {
    const token = await lab.token({ iss: lab.issuers.id }, { typ: 'JWT' })
    await refusedWith([400, 'invalid_request', 'token-invalid'], form(await good({ subject_token: token })))
    expect((await post(form(await good({ subject_token: token, subject_token_type: type('id_token') })))).status).toBe(200)
    expect((await post(form(await good({ subject_token: token, subject_token_type: type('jwt') })))).status).toBe(200)
  })
  test('an issuer of both kinds holds a token to what it is called', async () => {
    const token = await lab.token({ iss: lab.issuers.once, jti: 'called' }, { typ: 'JWT' })
    await refusedWith([400, 'invalid_request', 'token-invalid'], form(await good({ subject_token: token })))
  })
  test('an expired token', async () => {
    const now = Math.floor(sandbox.now() / 1000)
    await refusedWith(
      [400, 'invalid_request', 'token-expired'],
      form(await good({ subject_token: await lab.token({ iat: now - 700, exp: now - 100 }) })),
    )
  })
  test('an Authorization header beside it', async () => {
    const headers = ['content-type', 'application/x-www-form-urlencoded', 'authorization', 'Basic Y2k6eA==']
    const { answer } = await refusedWith([401, 'invalid_client', 'body-invalid'], form(await good()), headers)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
  })
  test.each<[string, readonly string[]]>([
    ['none', []],
    ['JSON', ['content-type', 'application/json']],
    ['another charset', ['content-type', 'application/x-www-form-urlencoded; charset=latin1']],
  ])('media type: %s', async (_name, headers) => {
    await refusedWith([415, 'invalid_request', 'media-type'], form(await good()), headers)
  })
  test('too much', async () => {
    await refusedWith([413, 'invalid_request', 'body-too-large'], form(await good({ pad: 'x'.repeat(32_800) })))
  })
  test('what is no UTF-8', async () => {
    await refusedWith([400, 'invalid_request', 'body-invalid'], `${form(await good())}&ticket=%ff`)
    await refusedWith(
      [400, 'invalid_request', 'body-invalid'],
      Buffer.concat([Buffer.from(`${form(await good())}&ticket=`), Buffer.from([0xff])]),
    )
  })
  test('what people have to agree to waits under a name', async () => {
    const engineer = { role: 'engineer', sub: 'una' }
    const { json } = await refusedWith(
      [400, 'invalid_grant', 'approval-required'],
      form(await good({ resource: 'urn:stint:profile:lab-one' }, engineer)),
    )
    expect(json.request_id).toMatch(/^req_/)
    const approved = await exchange(sandbox.urls.broker, {
      method: 'POST',
      path: `/requests/${json.request_id}/approve`,
      headers: ['content-type', 'application/json', 'authorization', `Bearer ${await lab.token({ sub: 'paul', groups: ['peers'] })}`],
      body: '{}',
    })
    expect(approved.status).toBe(200)
    const answer = await post(form(await good({ resource: 'urn:stint:profile:lab-one', request_id: json.request_id }, engineer)))
    expect(answer.status).toBe(200)
  })
  test('a member without a value is as good as none', async () => {
    const empty = Object.fromEntries(
      ['actor_token', 'audience', 'requested_token_type', 'scope', 'duration', 'request_id', 'ticket'].map((name) => [name, '']),
    )
    expect((await post(form(await good(empty)))).status).toBe(200)
    await refusedWith([400, 'invalid_request', 'parameter-invalid'], form(await good({ 'p.bucket': '' })))
  })
  test('a step-up says what would help, here and at the container endpoint', async () => {
    const { json } = await refusedWith([400, 'invalid_request', 'mfa-required'], form(await good({ resource: 'lab-mfa' })))
    expect(json).toMatchObject({ acr_values: 'phr phrh', max_age: 900, reasons: ['mfa-required', 'auth-too-old'] })
    const container = await sandbox.get('/credentials/lab-mfa', await lab.token())
    expect(container.headers.get('www-authenticate')).toMatch(
      /error="insufficient_user_authentication".*, acr_values="phr phrh", max_age=900$/,
    )
  })
  test('other members are ignored, as RFC 6749 §3.2 says', async () => {
    expect((await post(form(await good({ client_id: 'ci', color: 'blue' })))).status).toBe(200)
  })
  test.each([
    ['GET', 405],
    ['HEAD', 405],
    ['PUT', 405],
  ])('%s', async (method, status) => {
    const answer = await exchange(sandbox.urls.broker, { method, path: '/token' })
    expect([answer.status, answer.headers.allow]).toEqual([status, 'POST, OPTIONS'])
  })
})

describe('a token that is good once', () => {
  const once = (claims: object) => lab.token({ iss: lab.issuers.once, ...claims })
  const exchanged = async (token: string) => {
    const answer = await post(form(await good({ subject_token: token })))
    return [answer.status, JSON.parse(answer.text).code]
  }

  test('is used up for this profile at every endpoint', async () => {
    const token = await once({ jti: 'other-1' })
    expect((await sandbox.vend(token, { profile: 'lab' })).status).toBe(201)
    expect(await exchanged(token)).toEqual([400, 'token-used'])
    const other = await once({ jti: 'other-2' })
    expect((await exchanged(other))[0]).toBe(200)
    expect((await sandbox.vend(other, { profile: 'lab' })).json.code).toBe('token-used')
  })
  test('has one name under two signatures', async () => {
    // ECDSA signatures can be rewritten without the key (r, n - s); without a jti the signed bytes are the name.
    const token = await once({ run: 'no-jti' })
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const bytes = Buffer.from(signature, 'base64url')
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
    const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]).toString('base64url')
    expect((await sandbox.vend(token, { profile: 'lab' })).status).toBe(201)
    expect((await sandbox.vend(`${header}.${payload}.${twin}`, { profile: 'lab' })).json.code).toBe('token-used')
  })
  test('of fifty at once at two endpoints, one gets in', async () => {
    const token = await once({ jti: 'race' })
    const race = staged.meet(...times(50, reserve))
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        index % 2 ? (await exchanged(token))[0] : (await sandbox.vend(token, { profile: 'lab' })).status,
      ),
    )
    await race.met
    expect(answers.filter((status) => status === 200 || status === 201)).toHaveLength(1)
  })
  test('is remembered by a broker that starts later', async () => {
    const token = await once({ jti: 'restart' })
    expect((await sandbox.vend(token, { profile: 'lab' })).status).toBe(201)
    const ports = portsFrom(await freePorts(4))
    const endpoint = sandbox.urls.aws
    const later = await startBroker({
      ports,
      rules: sandbox.rules,
      logVkey: sandbox.logVkey,
      keys: {
        vend: brokerKey(sandbox.aws.world, 'vend'),
        api: brokerKey(sandbox.aws.world, 'api'),
        sweep: brokerKey(sandbox.aws.world, 'sweep'),
      },
      endpoints: { sts: endpoint, dynamodb: endpoint, s3: endpoint, kms: endpoint },
      region: sandbox.aws.world.region,
      clock: sandbox.now,
      log: () => {},
      sweep: false,
    })
    try {
      const answer = await exchange(`http://127.0.0.1:${ports.broker}`, {
        method: 'POST',
        path: '/sessions',
        headers: ['content-type', 'application/json', 'authorization', `Bearer ${token}`],
        body: '{"profile":"lab"}',
      })
      expect(JSON.parse(answer.text).code).toBe('token-used')
    } finally {
      await later.close()
    }
  })
})
