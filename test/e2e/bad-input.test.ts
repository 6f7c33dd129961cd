/**
 * The grid of bad input. After every row: the right status and code, problem+json, no-store, a trace, no AssumeRole;
 * nothing written where identity was not proved, and exactly one refused item where it was.
 */
import { problems } from '@stint/core/problem'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exchange, type Raw } from '../support/http.ts'
import { LAB_CONFIG, type Lab, labKey, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { reserve, stage, times } from '../support/stage.ts'

const staged = stage()
let lab: Lab
let sandbox: TestSandbox
let good: string
let people: string

beforeAll(async () => {
  lab = await startLab()
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings, intercept: staged.intercept })
  people = await sandbox.token('developer')
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})
let subject = 0
beforeEach(async () => {
  // A caller of its own for each row: refusals are capped per caller and hour.
  good = await lab.token({ sub: `dana-${++subject}` })
})

const assumed = () => sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
const items = () => sandbox.aws.dynamo.records.filter(({ table }) => table === 'stint')

type Expected = { readonly status: number; readonly code: string; readonly written: 0 | 1 }

async function refusedWith({ status, code, written }: Expected, raw: Raw): Promise<any> {
  const before = { assumed: assumed(), items: items().length }
  const answer = await exchange(sandbox.urls.broker, raw)
  const body = raw.method === 'HEAD' ? {} : (JSON.parse(answer.text) as Record<string, unknown>)
  expect([answer.status, raw.method === 'HEAD' ? code : (body.code ?? body.Code)]).toEqual([status, code])
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.headers['stint-trace']).toMatch(/^[0-9a-f]{32}$/)
  if (!raw.path.startsWith('/credentials/')) expect(answer.headers['content-type']).toBe('application/problem+json')
  if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="stint"/)
  expect(assumed()).toBe(before.assumed)
  const added = items().slice(before.items)
  expect(added.map((record) => record.newImage?.state?.S)).toEqual(written === 1 ? ['refused'] : [])
  return { answer, body, added }
}

const json = ['content-type', 'application/json']
const bearer = (token: string) => ['authorization', `Bearer ${token}`]
const post = (token: string | undefined, body: unknown, headers: readonly string[] = json): Raw => ({
  method: 'POST',
  path: '/sessions',
  headers: [...headers, ...(token === undefined ? [] : bearer(token))],
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

describe('tokens', () => {
  const invalid = { status: 401, code: 'token-invalid', written: 0 } as const
  test('no token', () => refusedWith({ status: 401, code: 'token-missing', written: 0 }, post(undefined, { profile: 'lab' })))
  test('another scheme', () =>
    refusedWith(
      { status: 401, code: 'token-missing', written: 0 },
      { ...post(undefined, { profile: 'lab' }), headers: [...json, 'authorization', 'Basic ZGFuYTp4'] },
    ))
  test('two Authorization headers, both good', () =>
    refusedWith(invalid, { ...post(good, { profile: 'lab' }), headers: [...json, ...bearer(good), ...bearer(good)] }))
  test('two tokens in one header', () =>
    refusedWith(
      { status: 401, code: 'token-missing', written: 0 },
      { ...post(undefined, {}), headers: [...json, 'authorization', `Bearer ${good}, Bearer ${good}`] },
    ))

  test.each<[string, () => Promise<string> | string]>([
    ['malformed', () => 'not-a-token'],
    ['forged: another key under a known kid', async () => lab.token({}, {}, await labKey('k1'))],
    [
      'forged: payload changed',
      async () => {
        const [header, , signature] = (await lab.token()).split('.')
        return `${header}.${Buffer.from(JSON.stringify({ iss: lab.issuers.lab, sub: 'root' })).toString('base64url')}.${signature}`
      },
    ],
    ['signed by a key that its issuer does not have', async () => lab.token({}, {}, await labKey('k9'))],
    ['wrong issuer', () => lab.token({ iss: 'https://login.evil.example' })],
    ['an issuer with a slash more', () => lab.token({ iss: `${lab.issuers.lab}/` })],
    ['an issuer in other case', () => lab.token({ iss: lab.issuers.lab.replace('/lab', '/Lab') })],
    [
      'alg none',
      async () =>
        `${Buffer.from('{"alg":"none","kid":"k1","typ":"at+jwt"}').toString('base64url')}.${(await lab.token()).split('.')[1]}.AA`,
    ],
    ['expired, and forged', async () => lab.token({ iat: 1, exp: 2 }, {}, await labKey('k1'))],
  ])('%s', async (_name, make) => {
    const { body } = await refusedWith(invalid, post(await make(), { profile: 'lab' }))
    expect(body.detail).toBe('The token is malformed, forged, or not meant for this broker.')
  })

  test.each<[string, () => Promise<string> | string]>([
    ['wrong audience', () => lab.token({ aud: 'https://other.example' })],
    ['an ID token where an access token is required', () => lab.token({}, { typ: 'JWT' })],
    ['an access token where an ID token is required', () => lab.token({ iss: lab.issuers.id })],
    [
      'Cognito: an ID token where an access token is required',
      () => lab.token({ iss: lab.issuers.cognito, token_use: 'id' }, { typ: undefined }),
    ],
    [
      'Cognito: an access token of another client',
      () =>
        lab.token(
          { iss: lab.issuers.cognito, token_use: 'access', aud: undefined, client_id: 'other', username: 'dana' },
          { typ: undefined },
        ),
    ],
    ['no exp', () => lab.token({ exp: undefined })],
  ])('well signed, but %s: the caller is told why', async (_name, make) => {
    const { body } = await refusedWith(invalid, post(await make(), { profile: 'lab' }))
    expect(body.detail).toMatch(/^Your issuer signed this token, but this broker does not accept it: ./)
    expect(body.next).not.toBe(problems['token-invalid'].next)
  })

  test('expired', async () => {
    const now = Math.floor(sandbox.now() / 1000)
    await refusedWith(
      { status: 401, code: 'token-expired', written: 0 },
      post(await lab.token({ iat: now - 700, exp: now - 100 }), { profile: 'lab' }),
    )
  })

  test('an unknown issuer costs no outbound request', async () => {
    const before = lab.state.fetches
    await refusedWith(invalid, post(await lab.token({ iss: 'https://login.evil.example' }), { profile: 'lab' }))
    expect(lab.state.fetches).toBe(before)
  })

  test('honest controls pass: access, ID and Cognito tokens', async () => {
    const tokens = [
      good,
      await lab.token({ iss: lab.issuers.id }, { typ: 'JWT' }),
      await lab.token(
        { iss: lab.issuers.cognito, token_use: 'access', aud: undefined, client_id: 'https://stint.acme.example', username: 'dana' },
        { typ: undefined },
      ),
    ]
    for (const token of tokens) expect((await sandbox.vend(token, { profile: 'lab' })).status).toBe(201)
  })
})

describe('bodies', () => {
  const invalid = { status: 400, code: 'body-invalid', written: 1 } as const
  test.each<[string, string | object]>([
    ['nothing', ''],
    ['not JSON', '{profile:"lab"}'],
    ['a list', '[]'],
    ['a text', '"lab"'],
    ['null', 'null'],
    ['an unknown member', { profile: 'lab', role: 'arn:aws:iam::1:role/x' }],
    ['a session name of the caller’s', { profile: 'lab', sessionName: 'root' }],
    ['a profile that is a number', { profile: 7 }],
    ['a justification that is a list', { profile: 'lab', justification: ['x'] }],
    ['a ticket with white space', { profile: 'lab', ticket: 'OPS 17' }],
    ['a ticket that is too long', { profile: 'lab', ticket: 'x'.repeat(65) }],
    ['an empty ticket', { profile: 'lab', ticket: '' }],
    ['parameters that are a list', { profile: 'lab', parameters: ['x'] }],
    ['a duplicate member', '{"profile":"lab","profile":"break-glass"}'],
    ['a duplicate member written another way', '{"profile":"lab","\\u0070rofile":"break-glass"}'],
    ['__proto__', '{"profile":"lab","__proto__":{"format":"env"}}'],
    ['a lone surrogate', '{"profile":"lab","justification":"\\ud800"}'],
    ['too deep', `{"profile":"lab","narrow":${'['.repeat(20)}${']'.repeat(20)}}`],
  ])('%s', async (_name, body) => {
    const { answer } = await refusedWith(invalid, post(good, body))
    expect(answer.text).not.toMatch(/arn:aws:iam::1|root|break-glass/) // nothing of the input comes back
  })
  test('bytes that are no UTF-8', () => refusedWith(invalid, { ...post(good, ''), body: Buffer.from([0x7b, 0xff, 0x7d]) }))
  test('no profile', () => refusedWith({ status: 400, code: 'profile-required', written: 1 }, post(good, {})))
  test('an unknown format', () =>
    refusedWith({ status: 400, code: 'format-invalid', written: 1 }, post(good, { profile: 'lab', format: 'xml' })))
  test('16 KB and a byte', () =>
    refusedWith({ status: 413, code: 'body-too-large', written: 0 }, post(good, `{"profile":"lab"}${' '.repeat(16_385 - 17)}`)))
  test('16 KB exactly', async () => expect((await sandbox.vend(good, `{"profile":"lab"}${' '.repeat(16_384 - 17)}`)).status).toBe(201))
  test('a megabyte', () => refusedWith({ status: 413, code: 'body-too-large', written: 0 }, post(good, ' '.repeat(1024 * 1024))))
  test.each([
    ['none', []],
    ['a form', ['content-type', 'application/x-www-form-urlencoded']],
    ['text', ['content-type', 'text/plain']],
    ['another charset', ['content-type', 'application/json; charset=latin1']],
    ['two', [...json, ...json]],
  ])('media type: %s', (_name, headers) =>
    refusedWith({ status: 415, code: 'media-type', written: 0 }, post(good, { profile: 'lab' }, headers)),
  )
})

describe('profiles', () => {
  test('unknown and invisible answer the same, to the byte but for the trace', async () => {
    const texts = []
    for (const profile of ['nothing-here', 'deploy-prod', 'constructor', '__proto__', '', 'x'.repeat(4000)]) {
      const { answer, body } = await refusedWith(
        { status: 404, code: 'profile-unknown', written: 1 },
        post(await lab.token({ sub: `dana-p${++subject}` }), { profile }),
      )
      texts.push(answer.text.replace(String(body.trace), ''))
    }
    expect(new Set(texts).size).toBe(1)
  })
  test.each<[string, object, string, string]>([
    ['no second factor', {}, 'mfa-required', 'acr_values="phr phrh", max_age=900'],
    ['a sign-in too old', { amr: ['mfa'], auth_time: 1 }, 'auth-too-old', 'max_age=900'],
  ])('%s', async (_name, claims, code, ask) => {
    const { answer } = await refusedWith({ status: 403, code, written: 1 }, post(await lab.token(claims), { profile: 'lab-mfa' }))
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer realm="stint", error="insufficient_user_authentication", error_description="[^"]+", /,
    )
    expect(answer.headers['www-authenticate']).toMatch(new RegExp(`, ${ask}$`))
  })
  test('another address', async () => {
    await refusedWith({ status: 403, code: 'source-ip', written: 1 }, post(await lab.token(), { profile: 'lab-elsewhere' }))
  })
})

describe('parameters and durations', () => {
  const logs = (parameters: unknown, more: object = {}) => ({
    profile: 'logs-read',
    ...(parameters === undefined ? {} : { parameters }),
    ...more,
  })
  const bucket = { bucket: 'acme-orders-logs' }
  const invalid = { status: 422, code: 'parameter-invalid' } as const
  test.each<[string, unknown]>([
    ['missing', undefined],
    ['extra', { ...bucket, key: 'x' }],
    ['failing its pattern', { bucket: 'acme-customers' }],
    ['a star', { bucket: 'acme-*-logs' }],
    ['a variable', { bucket: 'acme-${aws:userid}-logs' }],
    ['quotes', { bucket: 'acme-"-logs' }],
    ['a line feed', { bucket: 'acme-x\n-logs' }],
    ['outside Latin-1', { bucket: 'acme-ł-logs' }],
    ['a number', { bucket: 7 }],
    ['null', { bucket: null }],
  ])('parameter: %s', async (_name, parameters) => {
    // The developer of the sandbox is one caller: the cap on refusals is met, so count only what must not happen.
    const before = { assumed: assumed() }
    const answer = await sandbox.vend(people, logs(parameters))
    expect([answer.status, answer.json.code]).toEqual([invalid.status, invalid.code])
    expect(assumed()).toBe(before.assumed)
  })
  test.each<[unknown]>([
    [0],
    [-1],
    [1.5],
    [59],
    [3601],
    ['1 fortnight'],
    ['900'],
    ['59s'],
    ['2h'],
    [true],
    [null],
    [{}],
    [Number.MAX_SAFE_INTEGER],
  ])('duration %j', async (duration) => {
    await refusedWith({ status: 422, code: 'duration-invalid', written: 1 }, post(good, { profile: 'lab', duration }))
  })
  test.each([['1e308'], ['9007199254740993'], ['60.00000000000000000001']])(
    'duration %s, which is not exact as a double',
    async (duration) => {
      await refusedWith({ status: 400, code: 'body-invalid', written: 1 }, post(good, `{"profile":"lab","duration":${duration}}`))
    },
  )
  test('narrow, too wide', async () => {
    const narrow = { Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } }
    const answer = await sandbox.vend(people, logs(bucket, { narrow }))
    expect([answer.status, answer.json.code]).toEqual([422, 'narrow-too-wide'])
  })
  test('narrow, with a variable', async () => {
    const narrow = { Statement: { Effect: 'Allow', Action: '*', Resource: 'arn:aws:s3:::${aws:userid}' } }
    await refusedWith({ status: 422, code: 'narrow-unsupported', written: 1 }, post(good, { profile: 'lab', narrow }))
  })
})

describe('routes and methods', () => {
  test.each<[string, string, string]>([
    ['PUT', '/sessions', 'GET, POST, HEAD, OPTIONS'],
    ['DELETE', '/sessions', 'GET, POST, HEAD, OPTIONS'],
    ['POST', '/sessions/req_x.y', 'GET, DELETE, HEAD, OPTIONS'],
    ['POST', '/profiles', 'GET, HEAD, OPTIONS'],
    ['POST', '/credentials/lab', 'GET, OPTIONS'],
    ['HEAD', '/credentials/lab', 'GET, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/docs', 'GET, HEAD, OPTIONS'],
  ])('%s %s', async (method, path, allow) => {
    const { answer } = await refusedWith({ status: 405, code: 'method-not-allowed', written: 0 }, { method, path, headers: bearer(good) })
    expect(answer.headers.allow).toBe(allow)
  })
  test.each([
    '/sessions/',
    '/profiles/',
    '/profiles/x/',
    '/credentials',
    '/credentials/',
    '/credentials/lab/',
    '/session',
    '/Sessions',
    '//sessions',
    '/sessions/a/b',
    '/token/',
    '/%73essions',
  ])('%s is no route', async (path) => {
    for (const method of ['GET', 'POST'])
      await refusedWith(
        { status: 404, code: 'route-unknown', written: 0 },
        { method, path, headers: [...json, ...bearer(good)], ...(method === 'POST' ? { body: '{}' } : {}) },
      )
  })
  test('OPTIONS names the methods and allows no other origin', async () => {
    for (const [path, allow] of [
      ['/sessions', 'GET, POST, HEAD, OPTIONS'],
      ['/credentials/lab', 'GET, OPTIONS'],
      ['/profiles/x', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await exchange(sandbox.urls.broker, { method: 'OPTIONS', path })
      expect([answer.status, answer.headers.allow, answer.text]).toEqual([204, allow, ''])
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })
  test('HEAD is GET without a body where GET only reads', async () => {
    for (const path of ['/healthz', '/openapi.json', '/docs']) {
      const answer = await exchange(sandbox.urls.broker, { method: 'HEAD', path })
      expect([answer.status, answer.text]).toEqual([200, ''])
    }
  })
  test.each([
    ['/sessions?limit=0'],
    ['/sessions?limit=101'],
    ['/sessions?limit=x'],
    ['/sessions?cursor=x'],
    ['/sessions?who=me'],
    ['/sessions?mine=yes'],
  ])('query %s', async (path) => {
    await refusedWith({ status: 400, code: 'body-invalid', written: 0 }, { path, headers: bearer(good) })
  })
  test.each(['/sessions/x', '/sessions/req_00000000000000000000000000.00000000', '/sessions/..%2f..', '/sessions/%00'])(
    '%s is no session',
    async (path) => {
      await refusedWith({ status: 404, code: 'session-unknown', written: 0 }, { path, headers: bearer(good) })
    },
  )
})

describe('the container credentials endpoint', () => {
  test.each<[string, string, string, number]>([
    ['a parameter twice', '/credentials/lab?p.bucket=a&p.bucket=b', 'parameter-invalid', 422],
    ['another member', '/credentials/lab?bucket=a', 'parameter-invalid', 422],
    ['a member that looks inherited', '/credentials/lab?p.__proto__=a', 'parameter-invalid', 422],
    ['an unknown profile', '/credentials/none', 'profile-unknown', 404],
  ])('%s', (_name, path, code, status) => refusedWith({ status, code, written: 1 }, { path, headers: bearer(good) }))
  test('no token', () => refusedWith({ status: 401, code: 'token-missing', written: 0 }, { path: '/credentials/lab' }))
  test('a profile that needs approval', async () => {
    const answer = await sandbox.get('/credentials/break-glass', await sandbox.token('oncall'))
    expect([answer.status, answer.json.Code]).toEqual([403, 'approval-required'])
  })
  test('single-use tokens', async () => {
    const { body } = await refusedWith(
      { status: 422, code: 'duration-invalid', written: 1 },
      { path: '/credentials/lab', headers: bearer(await lab.token({ iss: lab.issuers.once, sub: 'dana-once' })) },
    )
    expect(body.Message).toMatch(/more than once\. Use POST \/sessions, stint exec or credential_process\. \(trace /)
  })
  test('the 61st session within a minute', async () => {
    const token = await lab.token({ sub: 'dana-bucket' })
    // All of them are of the minute that begins here.
    sandbox.advance(60_000 - (sandbox.now() % 60_000) + 5)
    const answers = await Promise.all(Array.from({ length: 61 }, () => sandbox.get('/credentials/lab', token)))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.map(({ status, json }) => [status, json.Code])).toEqual([[429, 'rate-limited']])
    const retryAfter = Number(refused[0]?.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(60)
  })
})

describe('single-use tokens', () => {
  test('buy one session per profile, also under a race', async () => {
    const token = await lab.token({ iss: lab.issuers.once, jti: 'j-1' })
    const before = assumed()
    const race = staged.meet(...times(8, reserve))
    const answers = await Promise.all(Array.from({ length: 8 }, () => sandbox.vend(token, { profile: 'lab' })))
    await race.met
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409])
    expect(new Set(answers.map(({ json }) => json.code))).toEqual(new Set([undefined, 'token-used']))
    expect(assumed() - before).toBe(1)
  })
  test('once used, it is used, whatever else is asked with it', async () => {
    const token = await lab.token({ iss: lab.issuers.once, jti: 'j-narrow' })
    expect((await sandbox.vend(token, { profile: 'lab' })).status).toBe(201)
    const narrow = { Statement: { Effect: 'Deny', Action: 's3:*', Resource: '*' } }
    expect((await sandbox.vend(token, { profile: 'lab', narrow })).json.code).toBe('token-used')
  })
  test('a token without jti is told by what it signs', async () => {
    const token = await lab.token({ iss: lab.issuers.once, sub: 'dana-nojti' })
    expect((await sandbox.vend(token, { profile: 'lab' })).status).toBe(201)
    expect((await sandbox.vend(token, { profile: 'lab' })).json.code).toBe('token-used')
  })
})

describe('two faults at once: the earlier one is told', () => {
  const expired = () => lab.token({ iat: 1, exp: 2 })
  test.each<[string, () => Promise<Raw> | Raw, Expected]>([
    ['route before method', () => ({ method: 'PUT', path: '/nothing' }), { status: 404, code: 'route-unknown', written: 0 }],
    [
      'method before media type',
      () => ({ method: 'PUT', path: '/sessions', body: 'x' }),
      { status: 405, code: 'method-not-allowed', written: 0 },
    ],
    [
      'media type before size',
      () => post(good, ' '.repeat(17_000), ['content-type', 'text/plain']),
      { status: 415, code: 'media-type', written: 0 },
    ],
    ['size before token', () => post(undefined, ' '.repeat(17_000)), { status: 413, code: 'body-too-large', written: 0 }],
    ['token before body', () => post(undefined, 'nonsense'), { status: 401, code: 'token-missing', written: 0 }],
    ['expiry before body', async () => post(await expired(), 'nonsense'), { status: 401, code: 'token-expired', written: 0 }],
    ['body before profile', () => post(good, { profile: 'nothing', more: 1 }), { status: 400, code: 'body-invalid', written: 1 }],
    [
      'profile before parameters',
      () => post(good, { profile: 'nothing', parameters: { x: 'y' } }),
      { status: 404, code: 'profile-unknown', written: 1 },
    ],
    [
      'profile before the type of a parameter',
      () => post(good, { profile: 'nothing', parameters: { x: 1 } }),
      { status: 404, code: 'profile-unknown', written: 1 },
    ],
    [
      'profile before the type of the duration',
      () => post(good, { profile: 'nothing', duration: true }),
      { status: 404, code: 'profile-unknown', written: 1 },
    ],
    [
      'profile before the query of the container endpoint',
      () => ({ path: '/credentials/nothing?x=1', headers: bearer(good) }),
      { status: 404, code: 'profile-unknown', written: 1 },
    ],
    [
      'eligibility before parameters',
      async () => post(await lab.token({ sub: 'dana' }), { profile: 'lab-mfa', parameters: { x: 'y' } }),
      { status: 403, code: 'mfa-required', written: 1 },
    ],
    [
      'parameters before duration',
      () => post(good, { profile: 'lab', parameters: { x: 'y' }, duration: 1 }),
      { status: 422, code: 'parameter-invalid', written: 1 },
    ],
    [
      'duration before narrow',
      () => post(good, { profile: 'lab', duration: 1, narrow: 'x' }),
      { status: 422, code: 'duration-invalid', written: 1 },
    ],
  ])('%s', async (_name, raw, expected) => {
    await refusedWith(expected, await raw())
  })
})

test('refusals of one caller are capped: twenty items an hour, one that says so, then only a count', async () => {
  const token = await lab.token({ sub: 'dana-loud' })
  const before = items().length
  for (let count = 0; count < 25; count++) await sandbox.vend(token, { profile: 'nothing' })
  const types = items()
    .slice(before)
    .map(({ newImage }) => JSON.parse((newImage as any).events.L[0].M.event.S).type)
  expect([
    types.filter((type) => type === 'request.refused').length,
    types.filter((type) => type === 'request.refusals-capped').length,
    types.length,
  ]).toEqual([20, 1, 21])
})
