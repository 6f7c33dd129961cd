/**
 * The guides, run as they stand: every shell block, one after the other, in one shell, against a sandbox. A trailing
 * comment behind a command says what it prints.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
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

/** The guide's blocks as one script; those that need the AWS CLI only where there is one. */
function scriptOf(guide: string): string {
  const text = readFileSync(`${root}/docs/guides/${guide}`, 'utf8')
  const hasAws = spawnSync('aws', ['--version']).status === 0
  return [...text.matchAll(/```sh( if aws)?\n([\s\S]*?)```/g)]
    .flatMap(([, condition, block]) => (condition && !hasAws ? [] : [block]))
    .join('\n')
}

async function run(script: string): Promise<string> {
  const here = script
    .replaceAll(':4400', `:${port}`)
    .replaceAll(':4402', `:${port + 2}`)
    .replaceAll(/npm run -s token -- (\w+)/g, `npm run -s token -- $1 --port ${port}`)
  const home = mkdtempSync(`${tmpdir()}/stint-guide-`)
  const env = { PATH: `${root}/node_modules/.bin:${process.env.PATH}`, HOME: home, TMPDIR: home }
  const { stdout } = await promisify(execFile)('bash', ['-ec', here], { cwd: root, env })
  rmSync(home, { recursive: true })
  return stdout
}

test('docs/guides/approvals.md', async () => {
  const script = scriptOf('approvals.md')
  const stdout = await run(script)
  const promised = [...script.matchAll(/ {2,}# ([\w-]+)/g)].map((found) => found[1])
  const lines = stdout.trim().split('\n')
  expect(promised).toEqual(['pending', 'approved', '202', '204'])
  expect(lines.filter((line) => promised.includes(line))).toEqual(promised)
  expect(stdout).toContain('acme.93ad02be-onc-1')
  expect(stdout).toContain('restarted the order service')
})

test('docs/guides/auditing.md', async () => {
  const stdout = await run(scriptOf('auditing.md'))
  for (const words of [
    /^parameter-invalid$/m,
    /^\d+ entries in .*: \d+ objects fetched, 0 were there already$/m,
    /Nothing is missing, nothing is altered/,
    /The key was taken from the log itself/,
    /^ {2}before {5}continues the \d+ entries verified before$/m,
    /it is not the event that the log commits to\n\nThe log was changed after it was written/,
    /^exit 1$/m,
    /^session\.issued\nsession\.reserved$/m,
    /^"reason":"/m,
    /^Proved: entry \d+ of the \d+ of sandbox-\w{8}\/log\.$/m,
  ])
    expect(stdout).toMatch(words)
  if (stdout.includes('matched')) expect(stdout).toMatch(/CloudTrail has no entry into Stint's roles that the trail does not know/)
})
