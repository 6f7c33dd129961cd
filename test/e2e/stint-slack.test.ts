/** `stint slack`, as a person runs it: a process that shows a code, waits for Slack, and asks whether that is them. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stint } from '../support/cli.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn } from '../support/slack.ts'

const STINT = fileURLToPath(new URL('../../packages/cli/bin/stint.cjs', import.meta.url))
let sandbox: TestSandbox
let it: ReturnType<typeof slackIn>
let env: Record<string, string>
beforeAll(async () => {
  sandbox = await testSandbox()
  it = slackIn(sandbox)
  env = { STINT_URL: sandbox.urls.broker, STINT_TOKEN: await sandbox.token('developer') }
})
afterAll(() => sandbox.close())

/** Runs it, and types the code that it shows in Slack, as somebody. */
function linked(args: readonly string[], typist: 'developer' | 'oncall'): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [STINT, 'slack', 'link', ...args], { env: { PATH: process.env.PATH ?? '', ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (part) => {
      const before = /\/stint link (\S+)/.test(stdout)
      stdout += part
      const code = /\/stint link (\S+)\n/.exec(stdout)?.[1]
      if (code && !before) void it.at(typist).command(`link ${code}`)
    })
    child.stderr.on('data', (part) => void (stderr += part))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end()
  })
}

describe('stint slack', () => {
  test('links whom it was told to expect', async () => {
    expect((await stint(['slack', 'status'], env)).stdout).toBe('Not linked.\n')
    const { code, stdout, stderr } = await linked(['--user', 'U0DANA'], 'developer')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /Type this in Slack, until \S+, and show it to nobody:\n\n {2}\/stint link [\w-]+\n\nIt was typed by Dana Developer, Slack user U0DANA of workspace T0ACME\.\nLinked to Dana Developer/,
    )
    expect((await stint(['slack', 'status'], env)).stdout).toMatch(
      /^Linked to Dana Developer, Slack user U0DANA of workspace T0ACME, until /,
    )
  })
  test('and nobody else', async () => {
    const { code, stderr } = await linked(['--user', 'U0DANA'], 'oncall')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Not linked\. If somebody else typed your code/)])
    expect((await stint(['slack', 'status'], env)).stdout).toMatch(
      /^Linked to Dana Developer[\s\S]*Olu On-Call, Slack user U0OLU of workspace T0ACME typed your code/,
    )
  })
  test('asks a person, and takes no silence for a yes', async () => {
    const { code, stderr } = await linked([], 'developer')
    expect([code, stderr]).toEqual([2, expect.stringMatching(/Nobody is here to say/)])
  })
  test('ends it', async () => {
    expect(await stint(['slack', 'unlink'], env)).toMatchObject({ code: 0, stdout: 'No Slack user is yours any more.\n' })
    expect((await stint(['slack', 'status'], env)).stdout).toMatch(/^Not linked\./)
  })
  test.each<[string, string[], Record<string, string>, number, RegExp]>([
    ['no broker', ['status'], { STINT_URL: '' }, 2, /--url or \$STINT_URL/],
    ['no token', ['status'], { STINT_TOKEN: '' }, 2, /--token-file or \$STINT_TOKEN/],
    ['a token that is none', ['status'], { STINT_TOKEN: 'x.y.z' }, 1, /not accepted|token-invalid/],
    ['a broker that is not there', ['status'], { STINT_URL: 'http://127.0.0.1:9' }, 5, /cannot be reached/],
    ['by e-mail, where the config says nothing of it', ['link', '--email'], {}, 1, /does not link by e-mail/],
  ])('%s', async (_name, args, more, code, words) => {
    const ran = await stint(['slack', ...args], { ...env, ...more })
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(words)])
  })
})
