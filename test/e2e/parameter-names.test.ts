/** A parameter that the profile does not declare is refused, whatever its name and wherever it comes in: none is dropped. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exchange } from '../support/http.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let bearer: readonly string[]
let oncall: readonly string[]
let token: string
beforeAll(async () => {
  sandbox = await testSandbox()
  token = await sandbox.token('developer')
  bearer = ['authorization', `Bearer ${token}`]
  oncall = ['authorization', `Bearer ${await sandbox.token('oncall')}`]
})
afterAll(() => sandbox.close())

const json = ['content-type', 'application/json']
/** The code of the answer at each endpoint that takes parameters. */
async function codesFor(name: string): Promise<Record<string, string>> {
  const body = (profile: string, more: string) =>
    `{"profile":"${profile}","justification":"INC-1","parameters":{${more}${JSON.stringify(name)}:"x"}}`
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    resource: 'urn:stint:profile:logs-read',
    'p.bucket': 'acme-web-logs',
    [`p.${name}`]: 'x',
  })
  const calls = {
    sessions: { method: 'POST', path: '/sessions', headers: [...json, ...bearer], body: body('logs-read', '"bucket":"acme-web-logs",') },
    requests: { method: 'POST', path: '/requests', headers: [...json, ...oncall], body: body('break-glass', '') },
    credentials: { path: `/credentials/logs-read?p.bucket=acme-web-logs&p.${encodeURIComponent(name)}=x`, headers: bearer },
    token: { method: 'POST', path: '/token', headers: ['content-type', 'application/x-www-form-urlencoded'], body: String(form) },
  }
  const codes: Record<string, string> = {}
  for (const [endpoint, call] of Object.entries(calls)) {
    const answer = JSON.parse((await exchange(sandbox.urls.broker, call)).text) as { code?: string; Code?: string; id?: string }
    codes[endpoint] = answer.code ?? answer.Code ?? 'accepted'
  }
  return codes
}

test.each([
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '',
  'a'.repeat(100),
  'BUCKET',
  'bücket',
  'bucket ',
  'region',
])('%j', async (name) => {
  const code = 'parameter-invalid'
  expect(await codesFor(name)).toEqual({ sessions: code, requests: code, credentials: code, token: code })
})

test('__proto__ is refused too; no JSON may hold it at all', async () => {
  expect(await codesFor('__proto__')).toEqual({
    sessions: 'body-invalid',
    requests: 'body-invalid',
    credentials: 'parameter-invalid',
    token: 'parameter-invalid',
  })
})

test.each(['/sessions', '/requests'])('POST %s takes no list for the parameters', async (path) => {
  const profile = path === '/sessions' ? 'logs-read' : 'break-glass'
  const body = JSON.stringify({ profile, justification: 'INC-1', parameters: ['bucket'] })
  const answer = await exchange(sandbox.urls.broker, {
    method: 'POST',
    path,
    headers: [...json, ...(path === '/sessions' ? bearer : oncall)],
    body,
  })
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { code: 'body-invalid' }])
})
