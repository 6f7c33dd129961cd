/** `stint exec` over hours of one session with the sign-in of `stint login`, whose tokens last ten minutes and are refreshed. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { accountOf, writeContexts } from '@stint/cli/sign-in/contexts'
import { tokenStore } from '@stint/cli/sign-in/token-store'
import { afterAll, beforeAll, expect } from 'vitest'
import { STINT } from '../support/cli.ts'
import { cliUser } from '../support/cli-user.ts'
import { clientClock } from '../support/client-clock.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { testWith } from '../support/tools.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
const MINUTE = 60_000
let lab: Lab
let sandbox: TestSandbox
let issuer: Server
let child: ChildProcessWithoutNullStreams | undefined
/** The refresh tokens that were spent, in this order. */
const spent: string[] = []
/** The issuer has ended the sign-in. */
let isOver = false

beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings })
  issuer = createServer((request, response) => {
    const url = `http://${request.headers.host}`
    const send = (status: number, body: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.method === 'GET') return send(200, { issuer: url, token_endpoint: `${url}/token` })
    let form = ''
    request.on('data', (part) => void (form += part))
    request.on('end', async () => {
      spent.push(new URLSearchParams(form).get('refresh_token') ?? '')
      if (isOver) return send(400, { error: 'invalid_grant' })
      const tokens = { access_token: await token(), refresh_token: `r${spent.length + 1}`, token_type: 'Bearer', expires_in: 600 }
      return send(200, tokens)
    })
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  child?.kill()
  issuer.close()
  await sandbox.close()
  await lab.close()
})

const token = () => lab.token({ sub: 'erin', role: 'engineer', groups: [], exp: Math.floor(sandbox.now() / 1000) + 600 })

/** Reads the endpoint once for each line, over a connection of its own: the clock moves past the time for which one stays open. */
const READER = `
import { once } from 'node:events'
import { get } from 'node:http'
import { createInterface } from 'node:readline'
import { json } from 'node:stream/consumers'
const { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization } = process.env
for await (const line of createInterface({ input: process.stdin })) {
  const [response] = await once(get(url, { headers: { authorization }, agent: false }), 'response')
  const { AccessKeyId, Code, Message } = await json(response)
  console.log(AccessKeyId ?? Code + ': ' + Message)
}`

testWith('faketime')('renewals use a refreshed token once the first one has expired', async () => {
  const user = cliUser(sandbox, 'developer')
  const clock = clientClock(user.home)
  const { port } = issuer.address() as AddressInfo
  const context = {
    ...{ url: sandbox.urls.broker, issuer: `http://127.0.0.1:${port}`, clientId: 'cli', scope: 'openid' },
    token: 'access_token',
  } as const
  await writeContexts(user.env, { current: 'lab', contexts: { lab: context } })
  const store = await tokenStore({ ...user.env, STINT_NO_KEYCHAIN: '1' }, accountOf('lab', context))
  const first = await token()
  await store.write({ token: first, expiresAtMs: sandbox.now() + 10 * MINUTE, refreshToken: 'r1' })

  const env = { ...user.env, ...clock.env, STINT_NO_KEYCHAIN: '1' }
  child = spawn(process.execPath, [STINT, 'exec', 'all', '--', process.execPath, '--input-type=module', '-e', READER], { env })
  let said = ''
  child.stderr.on('data', (part) => void (said += part))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let ahead = 0
  const ask = async (): Promise<string> => {
    child?.stdin.write('go\n')
    const { value, done } = await lines.next()
    if (done) throw new Error(`stint exec ended: ${said}`)
    return value
  }
  const pass = (minutes: number) => {
    ahead += minutes * MINUTE
    sandbox.advance(minutes * MINUTE)
    clock.set(ahead)
  }

  const keys = new Set<string>()
  for (let minute = 0; minute < 120; minute += 10, pass(10)) keys.add(await ask())
  const sessions = async () => (await sandbox.get('/sessions?mine=true', await token())).json.sessions
  sandbox.settle()
  const [session, ...others] = await sessions()
  expect([others.length, session.state, session.renewed.count >= 3, keys.size]).toEqual([0, 'issued', true, session.renewed.count + 1])
  // Each token lasts ten minutes, so each renewal needs one of its own.
  expect(spent).toEqual(Array.from({ length: session.renewed.count }, (_, at) => `r${at + 1}`))
  expect((await sandbox.get('/sessions?mine=true', first)).json.code).toBe('token-expired')

  isOver = true
  pass(30)
  expect(await ask()).toMatch(/^\w+: Your sign-in has ended\. Run stint login /)
  expect((await sessions())[0].renewed.count).toBe(session.renewed.count)
})
