/** Disks that are full, folders that cannot be written, files that hold something else: an error in a sentence, and no stack. */

import { spawnSync } from 'node:child_process'
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const WORDS = ['logs-read', '-p', 'bucket=acme-orders-logs']
const STACK = /^ +at /m
let sandbox: TestSandbox
let user: CliUser
let job: Record<string, string>
beforeAll(async () => {
  sandbox = await testSandbox()
  user = cliUser(sandbox, 'developer')
  job = { STINT_URL: sandbox.urls.broker, STINT_TOKEN: await sandbox.token('developer') }
})
afterAll(() => sandbox.close())

describe('a state folder that cannot be made', () => {
  const state = { XDG_STATE_HOME: '/proc/nope' }
  test.each([
    ['credential-process', ['credential-process', ...WORDS], /"AccessKeyId"/],
    ['exec', ['exec', ...WORDS, '--', 'echo', 'ran'], /^ran\n$/],
  ])('%s works with a token, without a cache, and says so', async (_name, words, expected) => {
    const { code, stdout, stderr } = await user.run(words, { ...job, ...state })
    expect([code, stdout]).toEqual([0, expect.stringMatching(expected)])
    expect(stderr).toMatch(/^stint: The credentials are not cached: \/proc\/nope\S+ cannot be written: ENOENT/)
    expect((await user.run([...words.slice(0, 1), '--quiet', ...words.slice(1)], { ...job, ...state })).stderr).toBe('')
  })
  test('login says so, and what to do', async () => {
    const { code, stderr } = await user.run(['login', sandbox.urls.broker, '--quiet'], state)
    expect([code, stderr]).toEqual([5, expect.stringMatching(/stint: \/proc\/nope\S+ cannot be written: .*\n {2}Set XDG_STATE_HOME/)])
    expect(stderr).not.toMatch(STACK)
  })
})

test('a login whose context cannot be written leaves no token, and logout has nothing to do', async () => {
  const other = cliUser(sandbox, 'developer')
  const { code, stderr } = await other.run(['login', sandbox.urls.broker, '--quiet'], { XDG_CONFIG_HOME: '/proc/nope' })
  expect([code, stderr]).toEqual([5, expect.stringContaining('/proc/nope/stint/contexts.json cannot be written')])
  const tokens = join(other.home, '.local/state/stint/tokens')
  expect(existsSync(tokens) ? readdirSync(tokens) : []).toEqual([])
  expect(await other.run(['logout'], { XDG_CONFIG_HOME: '/proc/nope' })).toMatchObject({
    code: 0,
    stderr: 'You are not signed in anywhere.\n',
  })
})

test.each([
  ['{"url":"x","renewAtMs":9999999999999,"value":{"credentials":{}}}'],
  ['[]'],
  ['null'],
  ['{"renewAtMs":9999999999999,"value":7}'],
])('what is kept in another form is replaced: %s', async (content) => {
  const other = cliUser(sandbox, 'developer')
  for (const words of [
    ['exec', ...WORDS, '--', 'echo', 'ran'],
    ['credential-process', ...WORDS],
  ]) {
    expect((await other.run(words, job)).code).toBe(0)
    const folder = join(other.home, '.local/state/stint/credentials')
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), content)
    expect(await other.run(words, job)).toMatchObject({ code: 0, stderr: '' })
    // The other command's stays as it is until that command runs.
    const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(kept.filter((text) => text.includes('ASIA'))).toHaveLength(1)
  }
})

test.runIf(existsSync('/dev/full'))('reports an output error on stderr', () => {
  const { status, stderr } = spawnSync(process.execPath, [STINT, 'version'], {
    env: user.env,
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([
    5,
    expect.stringMatching(/^stint: The output cannot be written: ENOSPC.*\n {2}Check where it goes: df -h\n$/),
  ])
})

test('logout --all leaves nothing, also of what a token got', async () => {
  const other = cliUser(sandbox, 'developer')
  expect((await other.run(['login', sandbox.urls.broker, '--quiet'])).code).toBe(0)
  expect((await other.run(['credential-process', ...WORDS], job)).code).toBe(0)
  expect((await other.run(['logout', '--all'])).code).toBe(0)
  const files = readdirSync(other.home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.map(({ name }) => name)).toEqual([])
})
