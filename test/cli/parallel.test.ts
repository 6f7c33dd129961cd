/** What must hold when many processes run at once, or die at any moment. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser, spawned } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const WORDS = ['credential-process', 'logs-read', '-p', 'bucket=acme-orders-logs']
let sandbox: TestSandbox
let user: CliUser
beforeAll(async () => {
  sandbox = await testSandbox()
  user = cliUser(sandbox, 'developer')
  expect((await user.run(['login', sandbox.urls.broker])).code).toBe(0)
})
afterAll(() => sandbox.close())

const state = (...parts: string[]) => join(user.home, '.local/state/stint', ...parts)
const vends = () =>
  sandbox.log.filter((line) => (line as any).method === 'POST' && (line as any).route === '/sessions' && (line as any).status === 201)
    .length
const tokenFile = () => state('tokens', readdirSync(state('tokens')).find((name) => name.endsWith('.json')) ?? '')
const expireToken = () => writeFileSync(tokenFile(), JSON.stringify({ ...JSON.parse(readFileSync(tokenFile(), 'utf8')), expiresAtMs: 0 }))
function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path) && statSync(path).isFile())
}

test('ten parallel credential-process calls share one session', async () => {
  const before = vends()
  const all = await Promise.all(Array.from({ length: 10 }, () => user.run(WORDS)))
  expect(all.map(({ code }) => code)).toEqual(all.map(() => 0))
  expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1)
  expect(vends() - before).toBe(1)
})

test('five processes spend a rotating refresh token once', async () => {
  // The issuer revokes everything if a refresh token is used twice, so the second round would fail.
  for (let round = 0; round < 2; round++) {
    expireToken()
    const all = await Promise.all(Array.from({ length: 5 }, () => user.run(['whoami'])))
    expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']))
  }
})

test('another token, another broker or another command line gets other credentials', async () => {
  const first = await user.run(WORDS)
  const { stdout, code } = await user.run(WORDS, { STINT_URL: sandbox.urls.broker, STINT_TOKEN: await sandbox.token('second-developer') })
  expect([code, stdout === first.stdout]).toEqual([0, false])
})

test('keeps nothing after logout', async () => {
  const other = cliUser(sandbox, 'second-developer')
  await other.run(['login', sandbox.urls.broker])
  expect((await other.run(WORDS)).code).toBe(0)
  expect((await other.run(['profiles'])).code).toBe(0)
  expect((await other.run(['logout'])).code).toBe(0)
  expect(filesUnder(other.home).map((path) => path.slice(other.home.length + 1))).toEqual([])
})

test('whenever it is killed, what is kept is whole and private', async () => {
  const folder = state('credentials')
  for (let at = 0; at < 14; at++) {
    rmSync(folder, { recursive: true, force: true })
    if (at % 3 === 0) expireToken()
    const child = spawn('sh', ['-c', 'umask 000; exec "$@"', 'sh', process.execPath, STINT, ...WORDS], { env: user.env, stdio: 'ignore' })
    // A fast machine may be done before it is killed.
    const ended = once(child, 'exit')
    await sleep(120 + at * 30)
    child.kill('SIGKILL')
    await ended
    for (const path of filesUnder(state())) {
      expect([path, (statSync(path).mode & 0o777).toString(8)]).toEqual([path, '600'])
      if (path.endsWith('.json')) expect(() => JSON.parse(readFileSync(path, 'utf8'))).not.toThrow()
    }
    // A refresh that was killed after the issuer answered has spent the token: then the user is told to sign in, and nothing else.
    const next = await user.run(WORDS)
    if (next.code === 4) expect((await user.run(['login', sandbox.urls.broker])).code).toBe(0)
    else expect([next.code, next.stderr]).toEqual([0, ''])
  }
}, 240_000)

describe('files that somebody else could have planted', () => {
  const kept = () => filesUnder(state('credentials')).filter((path) => path.endsWith('.json'))

  test('a symbolic link in place of what is kept is refused', async () => {
    await user.run(WORDS)
    const elsewhere = join(user.home, 'elsewhere.json')
    for (const path of kept()) {
      writeFileSync(elsewhere, readFileSync(path), { mode: 0o600 })
      rmSync(path)
      symlinkSync(elsewhere, path)
    }
    const ran = await user.run(WORDS)
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([5, '', expect.stringMatching(/is a symbolic link[\s\S]*ls -ld/)])
    rmSync(state('credentials'), { recursive: true })
  })
  test('a link at the name of a draft cannot be hit, and a file that others can read is refused', async () => {
    await user.run(WORDS)
    for (const path of kept()) chmodSync(path, 0o644)
    const ran = await user.run(WORDS)
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([5, '', expect.stringMatching(/other users can read or change it/)])
    rmSync(state('credentials'), { recursive: true })
  })
  test.runIf(process.getuid?.() === 0)('a file of another user is refused', async () => {
    await user.run(WORDS)
    for (const path of kept()) chownSync(path, 65_534, 65_534)
    const ran = await user.run(WORDS)
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([5, '', expect.stringMatching(/belongs to another user/)])
    rmSync(state('credentials'), { recursive: true })
  })
  test('a folder that others could enter is closed', async () => {
    rmSync(state('credentials'), { recursive: true, force: true })
    mkdirSync(state('credentials'), { mode: 0o777 })
    chmodSync(state('credentials'), 0o777)
    expect((await user.run(WORDS)).code).toBe(0)
    expect((statSync(state('credentials')).mode & 0o777).toString(8)).toBe('700')
  })
})

test('no secret is in the arguments, the debug lines or the environment of a command', async () => {
  const { stdout, stderr } = await user.run([
    'exec',
    'logs-read',
    '-p',
    'bucket=acme-orders-logs',
    '--debug',
    '--',
    'sh',
    '-c',
    'cat /proc/$PPID/cmdline | tr "\\0" " "; env',
  ])
  const { token, refreshToken } = JSON.parse(readFileSync(tokenFile(), 'utf8'))
  const secrets = filesUnder(state('credentials')).map((path) => JSON.parse(readFileSync(path, 'utf8')).value?.credentials?.secretAccessKey)
  expect(stderr).toContain('debug: ')
  for (const secret of [token, refreshToken, ...secrets.filter(Boolean)]) expect(`${stdout}${stderr}`).not.toContain(secret)
})

test('a session that is kept is not shown to a command that runs under another home', async () => {
  const { code } = await spawned(process.execPath, [STINT, ...WORDS], { ...user.env, HOME: join(user.home, 'nobody') })
  expect(code).toBe(4)
})
