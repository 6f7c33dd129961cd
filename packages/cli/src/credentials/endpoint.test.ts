import { request } from 'node:http'
import { expect, test } from 'vitest'
import { Failure } from '../frame/failure.ts'
import { renewing, startEndpoint } from './endpoint.ts'
import type { Obtained } from './obtain.ts'

const MINUTE = 60_000
const obtained = (name: string, expiresAtMs: number): Obtained => ({
  session: name,
  account: '111122223333',
  region: 'eu-central-1',
  credentials: { accessKeyId: name, secretAccessKey: 's', sessionToken: 't', expiration: new Date(expiresAtMs).toISOString() },
})

test('renews five minutes before the end, once for all who ask', async () => {
  let [now, renewals] = [0, 0]
  const current = renewing(
    obtained('first', 60 * MINUTE),
    async () => obtained(`renewed ${++renewals}`, now + 60 * MINUTE),
    () => now,
  )
  now = 54 * MINUTE
  expect((await current()).session).toBe('first')
  now = 56 * MINUTE
  expect((await Promise.all([current(), current(), current()])).map(({ session }) => session)).toEqual(Array(3).fill('renewed 1'))
})
test('keeps credentials that still work when a renewal fails, and fails when they are over', async () => {
  let now = 0
  const current = renewing(
    obtained('first', 60 * MINUTE),
    () => Promise.reject(new Failure('denied', 'Frozen.')),
    () => now,
  )
  now = 58 * MINUTE
  expect((await current()).session).toBe('first')
  now = 61 * MINUTE
  await expect(current()).rejects.toThrow('Frozen.')
})
test('does not renew credentials again that end with their session', async () => {
  let now = 0
  const current = renewing(
    obtained('first', 30 * MINUTE),
    async (last) => obtained(`${last.session}+`, Math.min(now + 30 * MINUTE, 40 * MINUTE)),
    () => now,
  )
  let last = ''
  for (now = 0; now < 40 * MINUTE; now += MINUTE / 2) last = (await current()).session
  expect(last).toBe('first++')
})
test('renews a short session after three quarters of its life', async () => {
  let now = 0
  const current = renewing(
    obtained('first', 4 * MINUTE),
    async () => obtained('second', now + 4 * MINUTE),
    () => now,
  )
  now = 2.9 * MINUTE
  expect((await current()).session).toBe('first')
  now = 3.1 * MINUTE
  expect((await current()).session).toBe('second')
})

test.each<[string, number, Record<string, string | undefined>, string?]>([
  ['the token', 200, {}],
  ['no token', 401, { authorization: undefined }],
  ['another token', 401, { authorization: 'x'.repeat(32) }],
  ['a Host of a web page (DNS rebinding)', 403, { host: 'evil.example' }],
  ['localhost', 200, { host: 'localhost' }],
  ['another path', 404, {}, '/'],
])('answers a call with %s', async (_name, status, headers, path) => {
  const endpoint = await startEndpoint(obtained('ASIA', Date.now() + 60 * MINUTE), () => Promise.reject(new Error('unused')))
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri = '', AWS_CONTAINER_AUTHORIZATION_TOKEN: token = '' } = endpoint.variables
  const sent = Object.fromEntries(
    Object.entries({ authorization: token, ...headers }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>
  const got = await new Promise<[number | undefined, string]>((resolve, reject) => {
    const call = request(path === undefined ? uri : new URL(path, uri), { headers: sent }, (response) => {
      let text = ''
      response.on('data', (part) => void (text += part)).on('end', () => resolve([response.statusCode, text]))
    })
    call.on('error', reject).end()
  })
  endpoint.close()
  expect(got[0]).toBe(status)
  expect(Object.keys(JSON.parse(got[1]))).toEqual(
    status === 200 ? ['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'] : ['Code', 'Message'],
  )
})
