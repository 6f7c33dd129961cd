/**
 * The OpenAPI document is what the routes do: it is made from their schemas, it is served as it was built, and every kind
 * of answer is held to it by a validator that we did not write.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openApiText } from '@stint/broker/build/openapi'
import { routes } from '@stint/broker/http/routes'
import { problems } from '@stint/core/problem'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type TestSandbox, testSandbox } from '../support/sandbox.ts'

const file = readFileSync(fileURLToPath(new URL('../../packages/broker/openapi.json', import.meta.url)), 'utf8')
const document = JSON.parse(file)

test('openapi.json is what npm run build writes', () => expect(file).toBe(openApiText()))
test('it has every route and method, and no other', () => {
  const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.sort()).toEqual(routes.flatMap(({ path, methods }) => Object.keys(methods).map((method) => `${method} ${path}`)).sort())
})
test('every operation has a name of its own for generated clients', () => {
  const ids = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  )
  expect(ids.filter((id) => !/^[a-z]+[A-Z][A-Za-z]+$/.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(ids.length)
})
test('it holds nothing of the config', () => expect(file).not.toMatch(/acme|logs-read|111122223333/))

describe('answers', () => {
  let sandbox: TestSandbox
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'openapi')
  beforeAll(async () => {
    sandbox = await testSandbox()
  })
  afterAll(() => sandbox.close())

  /** What is wrong with an answer, by the document. */
  function faults(method: string, path: string, answer: Answer): unknown {
    const response = document.paths[path][method].responses[answer.status]
    if (!response) return `status ${answer.status} is not described`
    const media = answer.headers.get('content-type')?.split(';')[0] ?? ''
    const schema = response.content[media]?.schema
    if (!schema) return `media type ${media} is not described for ${answer.status}`
    if (media.startsWith('text/')) return null
    const pointer = (s: any): any => JSON.parse(JSON.stringify(s).replaceAll('#/components', 'openapi#/components'))
    const validate = ajv.compile(pointer(schema))
    return validate(answer.json) ? null : validate.errors
  }

  const exchangeToken = async (token: string, profile: string): Promise<Answer> => {
    const answer = await fetch(`${sandbox.urls.broker}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        resource: `urn:stint:profile:${profile}`,
      }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, json: JSON.parse(text) }
  }
  const logs = { profile: 'logs-read', parameters: { bucket: 'acme-orders-logs' } }
  test.each<[string, string, (token: (name: string) => Promise<string>) => Promise<Answer>]>([
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), logs)],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), { ...logs, format: 'process' })],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), { ...logs, format: 'container' })],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), { ...logs, format: 'env' })],
    ['post', '/sessions', async () => sandbox.vend(undefined, logs)],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), {})],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), { profile: 'x' })],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), { ...logs, duration: 1 })],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), { ...logs }, { 'content-type': 'text/plain' })],
    ['post', '/sessions', async (token) => sandbox.vend(await token('developer'), ' '.repeat(17_000))],
    ['get', '/sessions', async (token) => sandbox.get('/sessions', await token('developer'))],
    ['get', '/sessions', async (token) => sandbox.get('/sessions?limit=0', await token('developer'))],
    [
      'get',
      '/sessions/{id}',
      async (token) =>
        sandbox.get(`/sessions/${(await sandbox.vend(await token('tool'), { profile: 'report-export' })).json.id}`, await token('tool')),
    ],
    ['get', '/sessions/{id}', async (token) => sandbox.get('/sessions/x', await token('tool'))],
    ['get', '/profiles', async (token) => sandbox.get('/profiles', await token('oncall'))],
    ['get', '/profiles', async () => sandbox.get('/profiles')],
    ['get', '/profiles/{id}', async (token) => sandbox.get('/profiles/break-glass', await token('oncall'))],
    ['get', '/profiles/{id}', async (token) => sandbox.get('/profiles/break-glass', await token('developer'))],
    ['get', '/profiles/{id}', async (token) => sandbox.get('/profiles/break-glass', await token('tool'))],
    ['get', '/credentials/{profile}', async (token) => sandbox.get('/credentials/staging-power', await token('developer'))],
    ['get', '/credentials/{profile}', async (token) => sandbox.get('/credentials/deploy-prod', await token('ci-main'))],
    ['get', '/credentials/{profile}', async () => sandbox.get('/credentials/x')],
    ['post', '/token', async (token) => exchangeToken(await token('developer'), 'staging-power')],
    ['post', '/token', async (token) => exchangeToken(await token('developer'), 'nothing')],
    ['post', '/token', async () => exchangeToken('x', 'staging-power')],
    ['get', '/healthz', async () => sandbox.get('/healthz')],
    ['get', '/readyz', async () => sandbox.get('/readyz')],
    ['get', '/readyz', async (token) => sandbox.get('/readyz', await token('auditor'))],
    ['get', '/openapi.json', async () => sandbox.get('/openapi.json')],
    ['get', '/docs', async () => sandbox.get('/docs')],
  ])('%s %s (%#)', async (method, path, ask) => {
    expect(faults(method, path, await ask(sandbox.token))).toBeNull()
  })

  test('the validator does refuse what is not described', () => {
    const wrong = {
      status: 200,
      headers: new Headers({ 'content-type': 'application/json' }),
      text: '',
      json: { status: 'ok', build: 1, config: 'x' },
    }
    expect(faults('get', '/healthz', wrong)).not.toBeNull()
  })

  test('OAuth clients find the token endpoint by RFC 8414, with a library that we did not write', async () => {
    const issuer = new URL(sandbox.urls.broker)
    const options = { algorithm: 'oauth2', [oauth.allowInsecureRequests]: true } as const
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
    expect(server).toMatchObject({ token_endpoint: `${sandbox.urls.broker}/token`, response_types_supported: [] })
    const answer = await oauth.genericTokenEndpointRequest(
      server,
      { client_id: 'any' },
      oauth.None(),
      'urn:ietf:params:oauth:grant-type:token-exchange',
      {
        subject_token: await sandbox.token('developer'),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        resource: 'urn:stint:profile:staging-power',
      },
      { [oauth.allowInsecureRequests]: true },
    )
    expect(answer.status).toBe(200)
    for (const name of ['people', 'tools']) {
      const at = new URL(`${sandbox.urls.issuer}/${name}`)
      const found = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, options))
      expect(found.token_endpoint).toContain(`/${name}/`)
    }
    expect((await fetch(`${sandbox.urls.issuer}/.well-known/oauth-authorization-server/actions`)).status).toBe(404)
  })

  test('the forms have exactly the members that their readers know', async () => {
    const form = async (format: string) => (await sandbox.vend(await sandbox.token('developer'), { ...logs, format })).json
    expect(Object.keys(await form('container'))).toEqual(['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'])
    expect(await form('process')).toMatchObject({
      Version: 1,
      AccountId: '111122223333',
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    })
  })

  test('/docs is a page with every route and code, and nothing inline or from elsewhere', async () => {
    const { text, headers } = await sandbox.get('/docs')
    const words = text.replaceAll('<wbr>', '')
    for (const { path } of routes) expect(words).toContain(path)
    for (const code of Object.keys(problems)) expect(text).toContain(`id="${code}"`)
    const loaded = [...text.matchAll(/<(?:link|script|img|iframe)[^>]*?(?:href|src)="([^"]*)"/g)].map(([, address]) => address)
    expect(loaded).toEqual([expect.stringMatching(/^\/assets\/docs-\w{12}\.css$/), expect.stringMatching(/^\/assets\/docs-\w{12}\.js$/)])
    expect(text).not.toMatch(/<style|<script[^>]*>[^<]| style=| on\w+=/)
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'self'; script-src 'self';/)
    // Every link within the page leads somewhere.
    const ids = new Set([...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id))
    expect([...text.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id).filter((id) => !ids.has(id))).toEqual([])
    for (const [address, type] of [
      [loaded[0], 'text/css; charset=utf-8'],
      [loaded[1], 'text/javascript; charset=utf-8'],
    ]) {
      const asset = await sandbox.get(address ?? '')
      expect([asset.status, asset.headers.get('content-type'), asset.headers.get('cache-control')]).toEqual([
        200,
        type,
        'public, max-age=31536000, immutable',
      ])
    }
    for (const name of ['names.json', 'docs.html', 'openapi.json', 'docs.css', '..%2findex.js'])
      expect((await sandbox.get(`/assets/${name}`)).status).toBe(404)
  })

  test('who sees which profile, and what is missing', async () => {
    const seen = async (name: string) =>
      Object.fromEntries(
        (await sandbox.get('/profiles', await sandbox.token(name))).json.profiles.map(({ id, access, missing }: any) => [
          id,
          [access, ...missing].join(' '),
        ]),
      )
    expect(await seen('developer')).toEqual({
      'logs-read': 'allowed',
      'staging-power': 'allowed',
      'staging-long': 'allowed',
      'break-glass': 'refused not-eligible',
    })
    expect(await seen('oncall')).toMatchObject({ 'break-glass': 'needs-approval' })
    expect(await seen('tool')).toEqual({ 'report-export': 'allowed' })
    expect(await seen('ci-fork')).toEqual({})
  })

  test('what is down is told to auditors only', async () => {
    expect((await sandbox.get('/readyz')).json).toEqual({ status: 'ready' })
    expect((await sandbox.get('/readyz', await sandbox.token('developer'))).json).toEqual({ status: 'ready' })
    expect((await sandbox.get('/readyz', await sandbox.token('auditor'))).json).toEqual({
      status: 'ready',
      ledger: 'up',
      issuers: { people: 'up', tools: 'up', github: 'up' },
      log: 'empty',
    })
  })

  test('the log is told with it: read, signed by its key, or down; vending does not hang on it', async () => {
    const auditor = await sandbox.token('auditor')
    const log = async () => {
      sandbox.advance(6000) // an answer is good for five seconds
      const { status, json } = await sandbox.get('/readyz', auditor)
      return [status, json.status, json.log]
    }
    await sandbox.ship()
    expect(await log()).toEqual([200, 'ready', 'up'])
    const bucket = sandbox.aws.world.buckets.get('stint-log')
    const checkpoint = bucket?.objects.get('checkpoint')
    if (!bucket || !checkpoint) throw new Error('nothing was shipped')
    // The size of somebody else's making, under the log's own signature.
    const body = Buffer.from(checkpoint.body.toString('utf8').replace(/\n\d+\n/, '\n999\n'))
    bucket.objects.set('checkpoint', { ...checkpoint, body })
    expect(await log()).toEqual([200, 'ready', 'down'])
    bucket.objects.delete('checkpoint')
    sandbox.aws.world.buckets.delete('stint-log')
    expect(await log()).toEqual([200, 'ready', 'down'])
    sandbox.aws.world.buckets.set('stint-log', bucket)
    bucket.objects.set('checkpoint', checkpoint)
    expect(await log()).toEqual([200, 'ready', 'up'])
  })
})
