/**
 * The guides, run as they stand: every shell block, one after the other, in one shell, against a sandbox. A trailing
 * comment behind a command says what it prints.
 */
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '../support/sandbox.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let port: number
let stop: () => void

beforeAll(async () => {
  port = await freePorts(4)
  const child = spawn('node', ['packages/sandbox/src/main.ts', '--port', String(port)], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  stop = () => child.kill('SIGKILL')
  let said = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (part) => {
      said += part
      if (said.includes('Other identities')) resolve()
    })
  })
})
afterAll(() => stop())

test('docs/guides/approvals.md', async () => {
  const guide = readFileSync(`${root}/docs/guides/approvals.md`, 'utf8')
  const script = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map((found) => found[1]).join('\n')
  const here = script.replaceAll(':4400', `:${port}`).replaceAll(/npm run -s token -- (\w+)/g, `npm run -s token -- $1 --port ${port}`)
  const env = { PATH: `${root}/node_modules/.bin:${process.env.PATH}`, HOME: tmpdir() }
  const { stdout } = await promisify(execFile)('bash', ['-ec', here], { cwd: root, env })
  const promised = [...script.matchAll(/ {2,}# ([\w-]+)/g)].map((found) => found[1])
  const lines = stdout.trim().split('\n')
  expect(promised).toEqual(['pending', 'approved', '202', '204'])
  expect(lines.filter((line) => promised.includes(line))).toEqual(promised)
  expect(stdout).toContain('acme.93ad02be-onc-1')
  expect(stdout).toContain('restarted the order service')
})
