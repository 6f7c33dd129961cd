/** Several issuers for signing in, one of which is hostile: the mix-up attack of RFC 9700 §4.4. */
import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newJar, type Part, serve } from '../support/attack.ts'
import { storedRequests } from '../support/checkers.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const CONFIG = fileURLToPath(new URL('../support/two-issuers.config.ts', import.meta.url))

let lab: Lab
let honest: Part
let hostile: Part
let sandbox: TestSandbox
/** What the honest issuer issued, and how often the hostile one obtained a code. */
const codes = new Map<string, { readonly challenge: string; readonly nonce: string; readonly redirectUri: string }>()
let obtained: string[] = []
/** How the hostile issuer changes the query that it passes on. */
let change: (query: URLSearchParams) => void = () => {}

const redirectUri = (path: string) => `${sandbox.urls.broker}/sign-in/callback${path}`
const json = (status: number, body: object) => [status, JSON.stringify(body)] as const

beforeAll(async () => {
  lab = await startLab()
  // A public client with one exact redirect URI. Everyone is signed in already. It sends no `iss`, as most issuers do not.
  honest = await serve(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://issuer')
    if (pathname === '/authorize') {
      const [to, client] = [searchParams.get('redirect_uri') ?? '', searchParams.get('client_id')]
      if (client !== 'stint-web' || to !== redirectUri('/lab')) return void response.writeHead(400).end('unknown redirect_uri')
      const code = `code-${codes.size}`
      codes.set(code, {
        challenge: searchParams.get('code_challenge') ?? '',
        nonce: searchParams.get('nonce') ?? '',
        redirectUri: to,
      })
      const back = new URLSearchParams({ code, state: searchParams.get('state') ?? '' })
      return void response.writeHead(302, { location: `${to}?${back}` }).end()
    }
    const sent = new URLSearchParams(await text(request))
    const found = codes.get(sent.get('code') ?? '')
    const isValid =
      found?.redirectUri === sent.get('redirect_uri') &&
      createHash('sha256')
        .update(sent.get('code_verifier') ?? '')
        .digest('base64url') === found?.challenge
    const who = { sub: 'avery', name: 'Avery', groups: ['approvers'], role: 'engineer', auth_time: Math.floor(sandbox.now() / 1000) }
    const [status, body] = isValid
      ? json(200, {
          token_type: 'Bearer',
          access_token: await lab.token(who),
          id_token: await lab.token({ ...who, aud: 'stint-web', nonce: found?.nonce }, { typ: 'JWT' }),
        })
      : json(400, { error: 'invalid_grant' })
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  hostile = await serve(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://issuer')
    if (pathname === '/authorize') {
      const query = new URLSearchParams(search)
      query.set('client_id', 'stint-web')
      change(query)
      return void response.writeHead(302, { location: `${honest.url}/authorize?${query}` }).end()
    }
    obtained.push(new URLSearchParams(await text(request)).get('code') ?? '')
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
  })
  sandbox = await testSandbox({
    config: CONFIG,
    bindings: {
      ...lab.bindings,
      HONEST_AUTHORIZE: `${honest.url}/authorize`,
      HONEST_TOKEN: `${honest.url}/token`,
      HOSTILE_AUTHORIZE: `${hostile.url}/authorize`,
      HOSTILE_TOKEN: `${hostile.url}/token`,
    },
  })
})
afterAll(async () => {
  await sandbox?.close()
  await Promise.all([honest?.close(), hostile?.close(), lab?.close()])
})
beforeEach(() => {
  obtained = []
  change = () => {}
})

/** Begins with this issuer, and follows redirects of the issuers. Returns their last answer. */
async function begin(jar: ReturnType<typeof newJar>, issuer: string): Promise<{ readonly status: number; readonly location: string }> {
  let at = (await jar.go(`/sign-in?to=/&issuer=${issuer}`)).location ?? ''
  let status = 303
  while (at !== '' && !at.startsWith(sandbox.urls.broker)) {
    const answer = await fetch(at, { redirect: 'manual' })
    status = answer.status
    at = answer.headers.get('location') ?? ''
  }
  return { status, location: at }
}

test.each(['lab', 'lab-id'])('issuer %s has a redirect URI of its own', async (issuer) => {
  const { location } = await newJar(sandbox.urls.broker).go(`/sign-in?to=/&issuer=${issuer}`)
  expect(new URL(location ?? '').searchParams.get('redirect_uri')).toBe(redirectUri(`/${issuer}`))
})

test('a sign-in ends at the redirect URI of its issuer', async () => {
  const jar = newJar(sandbox.urls.broker)
  const back = await jar.go((await begin(jar, 'lab')).location)
  expect([back.status, back.location, (await jar.go('/')).text.includes('Avery')]).toEqual([303, '/', true])
})

test('an honest issuer refuses the redirect URI of a hostile one', async () => {
  expect((await begin(newJar(sandbox.urls.broker), 'lab-id')).status).toBe(400)
})

test.each<[string, (location: string) => string]>([
  ['of the honest one', (location) => location],
  ['without an issuer', (location) => location.replace('/callback/lab?', '/callback?')],
  ['of an unknown issuer', (location) => location.replace('/callback/lab?', '/callback/nobody?')],
])('a hostile issuer obtains no code of another one, at the redirect URI %s', async (_what, arrive) => {
  change = (query) => query.set('redirect_uri', redirectUri('/lab'))
  const jar = newJar(sandbox.urls.broker)
  const { location } = await begin(jar, 'lab-id')
  expect(location).toContain('code=')
  const writes = sandbox.aws.dynamo.records.length
  const page = await jar.go(arrive(location))
  expect([page.status, obtained, [...jar.cookies.keys()]]).toEqual([401, [], []])
  expect(page.text).toContain('This response belongs to a sign-in with another issuer. Start again.')
  expect([sandbox.aws.dynamo.records.length - writes, await storedRequests(sandbox)]).toEqual([0, []])
})

test('a response with the honest issuer’s sign-in is refused without an issuer in its address', async () => {
  const jar = newJar(sandbox.urls.broker)
  const { location } = await begin(jar, 'lab')
  const page = await jar.go(location.replace('/callback/lab?', '/callback?'))
  expect([page.status, [...jar.cookies.keys()]]).toEqual([401, []])
})
