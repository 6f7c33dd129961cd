/** `stint slack`, as a person runs it: a process that shows a code, waits for Slack, and asks whether that is them. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { hiddenIn } from '@stint/core/testing/hidden'
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
      /Enter this in Slack by \d{4}-[\d:T.-]+Z\. Keep the code secret:\n\n {2}\/stint link [\w-]+\n\nThe code was entered by Slack user Dana Developer \(U0DANA\) of workspace T0ACME\.\nThis Slack user will act as Dana Developer \(acme\.[\w-]+-dev-1\)\.\nLinked: Slack user Dana Developer \(U0DANA\)/,
    )
    expect((await stint(['slack', 'status'], env)).stdout).toMatch(
      /^Linked: Slack user Dana Developer \(U0DANA\) of workspace T0ACME acts as Dana Developer \(acme\.[\w-]+-dev-1\) until /,
    )
  })
  test('and nobody else', async () => {
    const { code, stderr } = await linked(['--user', 'U0DANA'], 'oncall')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Not linked\. If you did not enter the code yourself/)])
    expect((await stint(['slack', 'status'], env)).stdout).toMatch(
      /^Linked: Slack user Dana Developer[\s\S]*Slack user Olu On-Call \(U0OLU\) of workspace T0ACME entered your code/,
    )
  })
  test('shows a name that holds terminal sequences and lines of its own as what it is', async () => {
    it.slack.workspace.change('U0OLU', { real_name: 'Dana (U0DANA)\u001B[2K\u001B[1A\u202E\nLinked: ok' })
    const { stdout } = await linked(['--user', 'U0DANA'], 'oncall')
    it.slack.workspace.change('U0OLU', {})
    expect(stdout).toContain('Slack user “Dana (U0DANA)‹U+001B›[2K‹U+001B›[1A‹U+202E› ⏎ Linked: ok” (U0OLU) of workspace T0ACME')
    expect(hiddenIn(stdout)).toEqual([])
    expect(stdout).not.toMatch(/^Linked: ok/m)
  })
  test.each<[string, number, string, string]>([
    ['no JSON', 200, 'application/json', '\u001B[2Jnot {json'],
    ['a list', 200, 'application/json', '[]'],
    ['a page of a proxy', 502, 'text/html', '<h1>\u001B]0;owned\u0007</h1>'],
    [
      'a problem whose words a terminal would obey',
      403,
      'application/problem+json',
      '{"detail":"\\u001b[2J\\u009b1m\\u202e","next":"x","code":"y"}',
    ],
  ])('is told what is wrong with an answer that is %s', async (_name, status, type, body) => {
    const server = createServer((_request, response) => response.writeHead(status, { 'content-type': type }).end(body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const ran = await stint(['slack', 'status'], { ...env, STINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    server.close()
    expect([ran.code, ran.stdout, hiddenIn(ran.stderr)]).toEqual([status === 403 ? 3 : 5, '', []])
    expect(ran.stderr).toMatch(/^stint: .+\n {2}.+\n$/)
  })
  test('asks a person, and takes no silence for a yes', async () => {
    const { code, stderr } = await linked([], 'developer')
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no terminal on which to confirm/)])
  })
  test('ends it', async () => {
    expect(await stint(['slack', 'unlink'], env)).toMatchObject({ code: 0, stdout: 'Your Slack user is no longer linked.\n' })
    expect((await stint(['slack', 'status'], env)).stdout).toMatch(/^Not linked\./)
  })
  test.each<[string, string[], Record<string, string>, number, RegExp]>([
    ['no broker', ['status'], { STINT_URL: '' }, 4, /--url or \$STINT_URL/],
    ['no token', ['status'], { STINT_TOKEN: '' }, 4, /stint login .+\$STINT_TOKEN/],
    ['a token that is none', ['status'], { STINT_TOKEN: 'x.y.z' }, 4, /token-invalid/],
    ['a broker that is not there', ['status'], { STINT_URL: 'http://127.0.0.1:9' }, 5, /is unreachable/],
    ['by e-mail, where the config says nothing of it', ['link', '--email'], {}, 3, /does not link by email/],
  ])('%s', async (_name, args, more, code, words) => {
    const ran = await stint(['slack', ...args], { ...env, ...more })
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(words)])
  })
})
