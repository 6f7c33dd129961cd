/** What is kept belongs to a caller, not to the place where the caller's token is. */
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const WORDS = ['logs-read', '-p', 'bucket=acme-orders-logs']
let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const someone = (): { user: CliUser; file: string; env: Record<string, string> } => {
  const user = cliUser(sandbox, 'developer')
  const file = join(user.home, 'token')
  return { user, file, env: { STINT_URL: sandbox.urls.broker, STINT_TOKEN_FILE: file } }
}
const KEY = ['--static', '--']

describe.each([
  ['credential-process', ['credential-process', ...WORDS]],
  ['exec', ['exec', ...WORDS, ...KEY, 'sh', '-c', 'echo $AWS_ACCESS_KEY_ID']],
])('stint %s', (_name, words) => {
  test('gives another caller with the same token file other credentials', async () => {
    const { user, file, env } = someone()
    writeFileSync(file, await sandbox.token('developer'))
    const first = await user.run(words, env)
    expect(first.code).toBe(0)
    expect((await user.run(words, env)).stdout).toBe(first.stdout)
    writeFileSync(file, await sandbox.token('second-developer'))
    const other = await user.run(words, env)
    expect([other.code, other.stdout === first.stdout]).toEqual([0, false])
  })
  test('gives nothing to a token that cannot be read', async () => {
    const { user, file, env } = someone()
    writeFileSync(file, await sandbox.token('developer'))
    expect((await user.run(words, env)).code).toBe(0)
    writeFileSync(file, 'garbage')
    const refused = await user.run(words, env)
    expect([refused.code === 0, refused.stdout]).toEqual([false, ''])
    rmSync(file)
    const gone = await user.run(words, env)
    expect([gone.code === 0, gone.stdout, gone.stderr]).toEqual([false, '', expect.stringContaining('is unreadable')])
  })
})

test('a job of GitHub with other claims gets other credentials, in the same run', async () => {
  let next = ''
  const runner = createServer((_request, response) => void response.end(JSON.stringify({ value: next })))
  await new Promise<void>((resolve) => void runner.listen(0, '127.0.0.1', resolve))
  const { user } = someone()
  const url = `http://127.0.0.1:${(runner.address() as AddressInfo).port}/token?v=1`
  const env = { STINT_URL: sandbox.urls.broker, GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '7', ACTIONS_ID_TOKEN_REQUEST_URL: url }
  const words = ['credential-process', ...WORDS]
  next = await sandbox.token('developer')
  const first = await user.run(words, env)
  expect((await user.run(words, env)).stdout).toBe(first.stdout)
  next = await sandbox.token('second-developer')
  const other = await user.run(words, env)
  expect([first.code, other.code, other.stdout === first.stdout]).toEqual([0, 0, false])
  runner.close()
})
