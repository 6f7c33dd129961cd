/** Sign-in against a broker and an issuer that lie, and the ways that need no browser. */
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { browse } from '@stint/sandbox/issuer/browser'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
async function brokerWith(metadata: (url: string) => object): Promise<string> {
  const server = createServer((_request, response) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    response.writeHead(200, { 'content-type': 'application/json', 'stint-trace': 't' }).end(JSON.stringify(metadata(url)))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const client = { issuer: 'https://login.example', client_id: 'c', scope: 'openid', token: 'access_token' }

describe('what the broker publishes', () => {
  test('is the issuer, the client and its scope, and nothing else of the config', async () => {
    const { json } = await sandbox.get('/.well-known/oauth-protected-resource')
    expect(json).toEqual({
      resource: sandbox.urls.broker,
      authorization_servers: [`${sandbox.urls.issuer}/people`],
      bearer_methods_supported: ['header'],
      scopes_supported: ['openid', 'offline_access', 'vend'],
      resource_name: 'Stint',
      stint_cli: [
        { issuer: `${sandbox.urls.issuer}/people`, client_id: 'stint-cli', scope: 'openid offline_access vend', token: 'access_token' },
      ],
    })
  })
  test('shows the statements of a profile to those who are eligible, and not in lists', async () => {
    const token = await sandbox.token('developer')
    const { json } = await sandbox.get('/profiles/logs-read', token)
    expect(json.policy).toEqual([
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: { join: ['arn:aws:s3:::', { param: 'bucket' }] } },
      { Effect: 'Allow', Action: 's3:GetObject', Resource: { join: ['arn:aws:s3:::', { param: 'bucket' }, '/*'] } },
    ])
    expect((await sandbox.get('/profiles', token)).json.profiles.filter((one: object) => 'policy' in one || 'policyArns' in one)).toEqual(
      [],
    )
    expect((await sandbox.get('/profiles/security-audit', await sandbox.token('auditor'))).json.policyArns).toEqual([
      'arn:aws:iam::aws:policy/SecurityAudit',
    ])
  })
  test.each<[string, (url: string) => object, RegExp]>([
    [
      'names another resource',
      () => ({ resource: 'https://other.example', stint_cli: [client] }),
      /identifies itself as 'https:\/\/other\.example'/,
    ],
    ['names no resource', () => ({ stint_cli: [client] }), /has no sign-in for the command line/],
    [
      'names an issuer over plain HTTP',
      (url) => ({ resource: url, stint_cli: [{ ...client, issuer: 'http://login.example' }] }),
      /Invalid URL of the issuer/,
    ],
    [
      'names two issuers',
      (url) => ({ resource: url, stint_cli: [client, { ...client, issuer: 'https://b.example' }] }),
      /several issuers[\s\S]*--issuer/,
    ],
    ['has no client', (url) => ({ resource: url, stint_cli: [] }), /no sign-in|--issuer|several/],
    [
      'has a client of an unknown kind',
      (url) => ({ resource: url, stint_cli: [{ ...client, token: 'magic' }] }),
      /no sign-in for the command line/,
    ],
  ])('is refused if it %s', async (_name, metadata, words) => {
    const { code, stderr } = await cliUser(sandbox, 'developer').run(['login', await brokerWith(metadata)])
    expect([code === 0, stderr]).toEqual([false, expect.stringMatching(words)])
  })
})

test('an issuer whose metadata names another issuer is refused', async () => {
  const url = await brokerWith((self) => ({ resource: self, stint_cli: [{ ...client, issuer: self }], issuer: 'https://login.example' }))
  const { code, stderr } = await cliUser(sandbox, 'developer').run(['login', url])
  expect([code, stderr]).toEqual([5, expect.stringMatching(/did not sign you in: .*"issuer"/)])
})

test('two contexts of one broker are two sign-ins', async () => {
  const user = cliUser(sandbox, 'developer')
  const { BROWSER } = cliUser(sandbox, 'approver').env
  expect((await user.run(['login', sandbox.urls.broker])).code).toBe(0)
  expect((await user.run(['login', sandbox.urls.broker, '--name', 'approver'], { BROWSER: BROWSER as string })).code).toBe(0)
  const { host } = new URL(sandbox.urls.broker)
  const who = async (...words: string[]) => (await user.run(['whoami', ...words])).stdout.split('  ')[0]
  expect([await who(), await who('--context', 'approver'), await who('--context', host)]).toEqual([
    'Avery Approver',
    'Avery Approver',
    'Dana Developer',
  ])
  // Without a name, the current context is signed in again, and the other one is left alone.
  expect((await user.run(['login', sandbox.urls.broker], { BROWSER: BROWSER as string })).code).toBe(0)
  expect(await who('--context', host)).toBe('Dana Developer')
  expect((await user.run(['logout', '--context', 'approver'])).code).toBe(0)
  expect(await who()).toBe('Dana Developer')
})

describe('signs in without a browser on this machine', () => {
  test('by a code on another device', async () => {
    const user = cliUser(sandbox, 'developer')
    const child = spawn(process.execPath, [STINT, 'login', '--device', sandbox.urls.broker], { env: user.env })
    let said = ''
    const page = new Promise<string>((resolve) => {
      child.stderr.on('data', (part) => {
        said += part
        const url = /(http:\S+user_code=\S+)\n/.exec(said)?.[1]
        if (url) resolve(url)
      })
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    expect(await browse(await page, 'approver', sandbox.secret)).toMatch(/successful/)
    expect([await ended, said]).toEqual([0, expect.stringContaining('as Avery Approver')])
    expect((await user.run(['whoami'])).stdout).toMatch(/^Avery Approver {2}/)
  })
  test('by a URL that it prints, and only with the state that it chose', async () => {
    const user = cliUser(sandbox, 'developer')
    const child = spawn(process.execPath, [STINT, 'login', '--no-browser', sandbox.urls.broker], { env: user.env })
    let said = ''
    const page = new Promise<URL>((resolve) => {
      child.stderr.on('data', (part) => {
        said += part
        const url = /(http:\S+code_challenge=\S+)\n/.exec(said)?.[1]
        if (url) resolve(new URL(url))
      })
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    const url = await page
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    const callback = url.searchParams.get('redirect_uri') ?? ''
    expect((await fetch(callback.replace('/callback', '/other'))).status).toBe(404)
    // Another page on this machine cannot finish a sign-in that it did not begin, even if it names the right issuer.
    const iss = encodeURIComponent(`${sandbox.urls.issuer}/people`)
    await fetch(`${callback}?code=stolen&state=guessed&iss=${iss}`)
    expect([await ended, said]).toEqual([5, expect.stringMatching(/did not sign you in: .*state/)])
  })
})

test('a job is found by its environment', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'stint-token-')), 'token')
  writeFileSync(file, `${await sandbox.token('tool')}\n`)
  const { env } = cliUser(sandbox, 'developer')
  const me = async (more: Record<string, string>) =>
    (await cliUser(sandbox, 'developer').run(['whoami', '--json'], { ...env, STINT_URL: sandbox.urls.broker, ...more })).stdout
  expect(JSON.parse(await me({ STINT_TOKEN_FILE: file }))).toMatchObject({ token: 'STINT_TOKEN_FILE', subject: 'reporting' })
  const runner = {
    GITHUB_ACTIONS: 'true',
    ACTIONS_ID_TOKEN_REQUEST_URL: `${sandbox.urls.issuer}/actions/jobs/ci-main/token?v=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: sandbox.secret,
    STINT_AUDIENCE: 'https://stint.acme.example',
  }
  expect(JSON.parse(await me(runner))).toMatchObject({ token: 'GitHub Actions', subject: 'repo:acme/web:ref:refs/heads/main' })
  expect(JSON.parse(await me({ GITLAB_CI: 'true', STINT_ID_TOKEN: await sandbox.token('tool') }))).toMatchObject({
    token: 'GitLab CI (STINT_ID_TOKEN)',
  })
})
