/** Profiles with `endOnExit`: `stint exec` and `stint shell` end their session when the command has exited, and change nothing else. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const CONFIG = new URL('../support/renew.config.ts', import.meta.url).pathname
let lab: Lab
let sandbox: TestSandbox
let user: CliUser
let env: Record<string, string>
let count = 0
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: CONFIG, bindings: lab.bindings })
  user = cliUser(sandbox, 'developer')
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})
/** Each test is another caller, whose sessions are those of the test. */
beforeEach(async () => {
  const token = await lab.token({ sub: `erin-${++count}`, role: 'engineer', groups: [] })
  env = { STINT_URL: sandbox.urls.broker, STINT_TOKEN: token }
})
const sessions = async () => {
  sandbox.settle()
  return (await sandbox.get('/sessions?mine=true', env.STINT_TOKEN as string)).json.sessions
}
const ended = { state: 'ended', endedBy: 'caller' }

test.each(['errand', 'long-errand'])('%s: the session ends with the command, whose exit code stays', async (profile) => {
  const ran = await user.run(['exec', profile, '--', '/bin/sh', '-c', 'echo out; exit 7'], env)
  expect(ran).toMatchObject({ code: 7, stdout: 'out\n', stderr: '' })
  expect(await sessions()).toMatchObject([ended])
})
test('fixed credentials, and a command that is not there', async () => {
  expect(await user.run(['exec', 'errand', '--static', '--', 'true'], env)).toMatchObject({ code: 0, stderr: '' })
  expect(await user.run(['exec', 'errand', '--', 'no-such-command'], env)).toMatchObject({ code: 127 })
  expect(await sessions()).toMatchObject([ended, ended])
})
test('a shell says so, and does so', async () => {
  const shell = `${user.home}/short-shell`
  writeFileSync(shell, '#!/bin/sh\nexit 3\n')
  chmodSync(shell, 0o700)
  const ran = await user.run(['shell', 'errand'], { ...env, SHELL: shell })
  expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining('Leave it with exit, which ends the session.') })
  expect(await sessions()).toMatchObject([ended])
})
test('without endOnExit, nothing is ended, and commands share the session', async () => {
  for (let times = 0; times < 2; times++) expect(await user.run(['exec', 'once', '--', 'true'], env)).toMatchObject({ code: 0 })
  expect((await sessions()).map(({ state }: { state: string }) => state)).toEqual(['issued'])
})
test('a command that runs at the same time keeps its own session', async () => {
  const waiting = spawn(process.execPath, [STINT, 'exec', 'errand', '--', '/bin/sh', '-c', 'echo ready; read line'], {
    env: { ...user.env, ...env },
  })
  await once(createInterface({ input: waiting.stdout }), 'line')
  expect(await user.run(['exec', 'errand', '--', 'true'], env)).toMatchObject({ code: 0 })
  const [second, first] = await sessions()
  expect([first, second]).toMatchObject([{ state: 'issued' }, ended])
  waiting.stdin.end('done\n')
  await once(waiting, 'close')
  expect(await sessions()).toMatchObject([ended, ended])
})
test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s reaches the command, and the session ends', async (signal, code) => {
  const child = spawn(process.execPath, [STINT, 'exec', 'long-errand', '--', '/bin/sh', '-c', 'echo ready; exec sleep 60'], {
    env: { ...user.env, ...env },
  })
  await once(createInterface({ input: child.stdout }), 'line')
  child.kill(signal)
  expect((await once(child, 'close'))[0]).toBe(code)
  expect(await sessions()).toMatchObject([ended])
})
test('a session that cannot be ended is named in one line, and the exit code stays', async () => {
  // The command itself takes the broker away: the token file is empty when it exits.
  const file = `${user.home}/token`
  writeFileSync(file, env.STINT_TOKEN as string)
  const { STINT_TOKEN: _token, ...rest } = env
  const ran = await user.run(['exec', 'errand', '--', '/bin/sh', '-c', `echo broken > ${file}; exit 9`], {
    ...rest,
    STINT_TOKEN_FILE: file,
  })
  expect(ran.code).toBe(9)
  expect(ran.stderr).toMatch(/^stint: The session (req_\S+) was not ended: .+\. End it with: stint end \1\n$/)
  const [session] = await sessions()
  expect(session).toMatchObject({ state: 'issued' })
})
test('a profile says that its sessions end with their command', async () => {
  const { json } = await sandbox.get('/profiles/errand', env.STINT_TOKEN as string)
  expect(json.endOnExit).toBe(true)
  expect((await user.run(['profiles', 'errand'], env)).stdout).toContain('when the command, the shell or the CI job is done')
  expect((await sandbox.get('/profiles/once', env.STINT_TOKEN as string)).json).not.toHaveProperty('endOnExit')
})
test.each(['json', 'env', 'process', 'container'])('a response in the format %s says so in a header', async (format) => {
  const post = async (profile: string) => {
    const response = await fetch(`${sandbox.urls.broker}/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.STINT_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ profile, format }),
    })
    return [response.status, response.headers.get('stint-end-on-exit'), response.headers.get('location')]
  }
  expect(await post('errand')).toEqual([201, 'true', expect.stringMatching(/^\/sessions\/req_/)])
  expect(await post('once')).toEqual([201, null, expect.stringMatching(/^\/sessions\/req_/)])
})
