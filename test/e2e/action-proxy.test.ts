/**
 * The GitHub Action on a runner whose only way out is a proxy: the broker and GitHub's token endpoint are https names that do not
 * resolve, so a call that does not go through the proxy cannot arrive. Situations: actions/runner docs, "Using a proxy server with
 * self-hosted runners"; aws-actions/configure-aws-credentials, issues 69, 712, 1033 and 1279 (proxies that the action did not use, and
 * NO_PROXY that it did not obey).
 */
import { writeFileSync } from 'node:fs'
import { createServer as createHttp, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Job, runAction, type Step, startJob } from '../support/actions-runner.ts'
import { selfSigned } from '../support/certificate.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const BROKER = 'stint.acme.example'
const GITHUB = 'token.actions.acme.example'

let sandbox: TestSandbox
let certificate: { readonly key: string; readonly cert: string }
let proxy: string
/** What the proxy was asked: method and authority, and the authorization. */
let asked: { readonly to: string; readonly authorization: string | undefined }[] = []
/** What the proxy answers instead of opening the tunnel. */
let refuses: string | undefined
const servers: Server[] = []
const jobs: Job[] = []

const listening = async (server: Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  sandbox = await testSandbox({ config: fileURLToPath(new URL('../support/ci.config.ts', import.meta.url)) })
  certificate = selfSigned([BROKER, GITHUB])
  // What has these names in the world outside.
  const origin = createHttps(certificate, async (request, response) => {
    const body: Buffer[] = []
    for await (const part of request) body.push(part)
    const at = request.headers.host === GITHUB ? sandbox.urls.issuer : sandbox.urls.broker
    const sent = Object.entries(request.headers).filter(([name]) => ['authorization', 'content-type', 'prefer'].includes(name))
    const answer = await fetch(`${at}${request.url}`, {
      method: request.method ?? 'GET',
      headers: Object.fromEntries(sent) as never,
      ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
    })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(await answer.text())
  })
  const port = await listening(origin)
  // RFC 9110 §9.3.6.
  const server = createHttp((request, response) => {
    asked.push({ to: `${request.method} ${request.url}`, authorization: request.headers['proxy-authorization'] })
    response.writeHead(403).end()
  })
  server.on('connect', (request, socket) => {
    asked.push({ to: `CONNECT ${request.url}`, authorization: request.headers['proxy-authorization'] })
    socket.on('error', () => {})
    const known = [`${BROKER}:443`, `${GITHUB}:443`].includes(request.url ?? '')
    if (refuses !== undefined || !known) return void socket.end(`HTTP/1.1 ${refuses ?? '502 Bad Gateway'}\r\n\r\n`)
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
  })
  proxy = `127.0.0.1:${await listening(server)}`
})
afterAll(async () => {
  for (const job of jobs) job.end()
  for (const server of servers) server.close()
  await sandbox.close()
})
beforeEach(() => {
  asked = []
  refuses = undefined
})

function jobWith(env: Record<string, string>): Job {
  const job = startJob({
    ACTIONS_ID_TOKEN_REQUEST_URL: `https://${GITHUB}/actions/jobs/ci-main/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: sandbox.secret,
    ...env,
  })
  jobs.push(job)
  const authority = join(job.folder, 'authority.pem')
  writeFileSync(authority, certificate.cert)
  return { ...job, env: { ...job.env, NODE_EXTRA_CA_CERTS: authority } }
}
const inputs = { 'stint-url': `https://${BROKER}`, profile: 'deploy-prod', audience: 'https://stint.acme.example', 'disable-retry': 'true' }
const errorsOf = (step: Step) => step.errors.map(({ title, message }) => `${title}\n${message}`).join('\n')
const hosts = () => [...new Set(asked.map(({ to }) => to))].sort()
const both = [`CONNECT ${BROKER}:443`, `CONNECT ${GITHUB}:443`]

describe('one session', () => {
  test.each<[string, (proxy: string) => Record<string, string>]>([
    ['HTTPS_PROXY', (at) => ({ HTTPS_PROXY: `http://${at}` })],
    ['https_proxy', (at) => ({ https_proxy: `http://${at}` })],
    ['HTTPS_PROXY without a scheme', (at) => ({ HTTPS_PROXY: at })],
    ['ALL_PROXY', (at) => ({ ALL_PROXY: `http://${at}` })],
    ['https_proxy before HTTPS_PROXY', (at) => ({ https_proxy: `http://${at}`, HTTPS_PROXY: 'http://127.0.0.1:9' })],
    [
      'HTTPS_PROXY, with NO_PROXY for others',
      (at) => ({ HTTPS_PROXY: `http://${at}`, NO_PROXY: 'other.example,localhost,evilacme.example' }),
    ],
    ['HTTPS_PROXY, with NO_PROXY for another port', (at) => ({ HTTPS_PROXY: `http://${at}`, NO_PROXY: `${BROKER}:8443` })],
  ])('%s', async (_name, env) => {
    const step = await runAction(jobWith(env(proxy)), inputs)
    expect([errorsOf(step), step.code]).toEqual(['', 0])
    expect(step.env.AWS_ACCESS_KEY_ID).toMatch(/^ASIA/)
    expect(hosts()).toEqual(both)
  })

  test('the user of the proxy is sent to it, and shown nowhere', async () => {
    const step = await runAction(jobWith({ HTTPS_PROXY: `http://runner:p%40ss@${proxy}` }), inputs)
    expect([errorsOf(step), step.code]).toEqual(['', 0])
    expect(asked.every(({ authorization }) => authorization === `Basic ${btoa('runner:p@ss')}`)).toBe(true)
    expect(step.log).not.toMatch(/p(%40|@)ss/)
  })
})

describe('no session', () => {
  test.each<[string, (proxy: string) => Record<string, string>, readonly string[]]>([
    ['without a variable', () => ({}), []],
    ['HTTP_PROXY alone, which is not for https', (at) => ({ HTTP_PROXY: `http://${at}` }), []],
    ['NO_PROXY=*', (at) => ({ HTTPS_PROXY: `http://${at}`, NO_PROXY: '*' }), []],
    ['NO_PROXY names the domain', (at) => ({ HTTPS_PROXY: `http://${at}`, NO_PROXY: '.acme.example' }), []],
    ['no_proxy names the broker only', (at) => ({ HTTPS_PROXY: `http://${at}`, no_proxy: BROKER }), [`CONNECT ${GITHUB}:443`]],
  ])('%s: the call is direct, and cannot arrive', async (_name, env, through) => {
    const step = await runAction(jobWith(env(proxy)), inputs)
    expect([step.code, step.env]).toEqual([1, {}])
    expect(errorsOf(step)).toMatch(/unreachable/)
    expect(hosts()).toEqual(through)
  })
  test('a proxy that refuses is named, without its password', async () => {
    refuses = '407 Proxy Authentication Required'
    const step = await runAction(jobWith({ HTTPS_PROXY: `http://runner:secret-word@${proxy}` }), inputs)
    expect(step.code).toBe(1)
    expect(errorsOf(step)).toContain(`the proxy ${proxy} answered 407 to CONNECT`)
    expect(step.log + errorsOf(step)).not.toContain('secret-word')
  })
  test('a proxy of another protocol is named as such', async () => {
    const step = await runAction(jobWith({ HTTPS_PROXY: `socks5://${proxy}` }), inputs)
    expect([step.code, errorsOf(step)]).toEqual([1, expect.stringMatching(/Unsupported proxy protocol 'socks5:'/)])
  })
})

// The refresher in the background gets no more of the environment than it needs.
test.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'])('the token is kept fresh through %s', async (name) => {
  const job = jobWith({ [name]: `http://${proxy}` })
  const step = await runAction(job, { ...inputs, profile: 'nightly', refresh: 'true' })
  expect([errorsOf(step), step.code]).toEqual(['', 0])
  const first = asked.filter(({ to }) => to === `CONNECT ${GITHUB}:443`).length
  // The refresher asks as soon as it runs.
  while (asked.filter(({ to }) => to === `CONNECT ${GITHUB}:443`).length === first) await sleep(50)
  await runAction(job, {}, { entry: 'post', state: step.state })
})
