/** The one file for machines without the repository, on this Node and on the oldest that it supports, if it is there. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { bundled } from '@stint/cli/build/bundle'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cliUser, spawned } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

/** Every Node on PATH of another version, and where systems have theirs. */
const candidates = [
  process.execPath,
  ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node')),
  '/usr/bin/node',
  '/usr/local/bin/node',
]
const versions = new Map<string, string>()
for (const path of candidates.filter(existsSync)) {
  const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim()
  if (/^v(2\d|[3-9]\d)\./.test(version ?? '') && !versions.has(version)) versions.set(version, path)
}

let sandbox: TestSandbox
let file: string
beforeAll(async () => {
  sandbox = await testSandbox()
  file = join(mkdtempSync(join(tmpdir(), 'stint-bundle-')), 'stint.cjs')
  writeFileSync(file, await bundled())
  chmodSync(file, 0o755)
})
afterAll(() => sandbox.close())

describe.each([...versions])('on Node %s', (_version, node) => {
  test('signs in, enters and signs out, far from any node_modules', async () => {
    const user = cliUser(sandbox, 'developer')
    const run = (...args: string[]) => spawned(node, [file, ...args], user.env)
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(await run('login', sandbox.urls.broker)).toMatchObject({ code: 0 })
    expect((await run('profiles')).stdout).toMatch(/^logs-read +allowed/m)
    const exec = await run('exec', 'logs-read', '-p', 'bucket=acme-orders-logs', '--', 'sh', '-c', 'exit 5')
    expect([exec.code, exec.stderr]).toEqual([5, ''])
    const first = await run('credential-process', 'logs-read', '-p', 'bucket=acme-orders-logs')
    const second = await run('credential-process', 'logs-read', '-p', 'bucket=acme-orders-logs')
    expect([first.code, second.stdout]).toEqual([0, first.stdout])
    expect((await run('__complete', 'exec', 'lo')).stdout).toMatch(/^logs-read\ta profile\n/)
    expect((await run('logout')).code).toBe(0)
  })
  test('reports a log that cannot be read as an error of the environment', async () => {
    const log = mkdtempSync(join(tmpdir(), 'stint-log-'))
    writeFileSync(join(log, 'checkpoint'), 'x'.repeat(1_000_000))
    const { code, stderr } = await spawned(node, [file, 'audit', 'verify', '--from', log], cliUser(sandbox, 'developer').env)
    expect([code, stderr]).toEqual([
      5,
      expect.stringMatching(/^stint: checkpoint: the file has 1000000 bytes, more than the limit of \d+\n$/),
    ])
  })
  test('proposes the same completions as the source', async () => {
    const user = cliUser(sandbox, 'developer')
    for (const words of [[''], ['au'], ['audit', ''], ['exec', '--'], ['freeze', '--p']]) {
      const { stdout } = await spawned(node, [file, '__complete', ...words], user.env)
      expect(stdout).toBe((await user.run(['__complete', ...words])).stdout)
      expect(stdout).not.toBe('')
    }
  })
  test.each([
    ...['lint', 'test', 'target add', 'sandbox', 'doctor x --aws', 'import github roles.json', 'import identity-center assignments.json'],
    ...['import team --eligibility e.json --approvers a.json --settings s.json', 'import sso-elevator --tfvars e.tfvars'],
  ])('says that stint %s needs the package', async (command) => {
    const { code, stderr } = await spawned(node, [file, ...command.split(' ')], cliUser(sandbox, 'developer').env)
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /needs the package stint, or a clone of the repository, and Node 24\.\n {2}After npm install \(in a clone: npm ci\), run: npx stint/,
      ),
    ])
  })
})
