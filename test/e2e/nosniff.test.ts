/** No answer may be taken by a browser for another type than it says (Fetch Standard, "X-Content-Type-Options"). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exchange, type Raw } from '../support/http.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let bearer: readonly string[]
beforeAll(async () => {
  sandbox = await testSandbox()
  bearer = ['authorization', `Bearer ${await sandbox.token('developer')}`]
})
afterAll(() => sandbox.close())

const json = ['content-type', 'application/json']
const calls: readonly (readonly [name: string, status: number, call: () => Raw])[] = [
  ['a session', 201, () => ({ method: 'POST', path: '/sessions', headers: [...json, ...bearer], body: '{"profile":"staging-power"}' })],
  ['credentials of a container', 200, () => ({ path: '/credentials/staging-power', headers: bearer })],
  ['a refusal of vend', 401, () => ({ method: 'POST', path: '/sessions', headers: json, body: '{}' })],
  ['a refused token exchange', 415, () => ({ method: 'POST', path: '/token', body: '' })],
  ['OPTIONS of vend', 204, () => ({ method: 'OPTIONS', path: '/token' })],
  ['a list', 200, () => ({ path: '/profiles', headers: bearer })],
  ['a refusal of api', 401, () => ({ path: '/profiles' })],
  ['no such route', 404, () => ({ path: '/nothing' })],
  ['no such method', 405, () => ({ method: 'PATCH', path: '/profiles' })],
  ['OPTIONS of api', 204, () => ({ method: 'OPTIONS', path: '/profiles' })],
  ['the way to a sign-in', 303, () => ({ path: `/decide/req_${'0'.repeat(26)}` })],
  ['a page', 401, () => ({ path: '/sign-in/callback' })],
  ['the docs', 200, () => ({ path: '/docs' })],
  ['health', 200, () => ({ path: '/healthz' })],
  ['HEAD', 200, () => ({ method: 'HEAD', path: '/healthz' })],
  ['a call that Slack did not sign', 401, () => ({ method: 'POST', path: '/slack/commands', body: '' })],
  ['what the sandbox refuses', 403, () => ({ path: '/healthz', headers: ['sec-fetch-site', 'cross-site'] })],
]

test.each(calls)('%s', async (_name, status, call) => {
  const answer = await exchange(sandbox.urls.broker, call())
  expect([answer.status, answer.headers['x-content-type-options']]).toEqual([status, 'nosniff'])
})
