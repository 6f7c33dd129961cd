/** `stint exec`, `shell` and `serve` say that their session is about to end: on a terminal, and `serve` always. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { onTerminal } from '../support/terminal.ts'
import { testWith } from '../support/tools.ts'

const onScript = testWith('script')

let lab: Lab
let sandbox: TestSandbox
let user: CliUser
let env: Record<string, string>
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: new URL('../support/renew.config.ts', import.meta.url).pathname, bindings: lab.bindings })
  // So far behind this machine's clock that a session of 20 minutes has 12 seconds left when it starts.
  sandbox.advance(-(20 * 60 - 12) * 1000)
  user = cliUser(sandbox, 'developer')
  const token = await lab.token({ sub: 'erin', role: 'engineer', groups: [] })
  env = { ...user.env, STINT_URL: sandbox.urls.broker, STINT_TOKEN: token }
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})
const REMINDER =
  /^stint: The session req_\S+ of short ends at \d\d:\d\d \(in \d+s\)\. To continue after that, start a new session: stint exec short -- COMMAND$/m

onScript('exec says so on a terminal, in one line', async () => {
  const command = `${process.execPath} ${STINT} exec short -- sh -c 'read key'`
  const { code, screen } = await onTerminal(command, [[REMINDER, '\r']], env)
  expect(screen.match(new RegExp(REMINDER, 'gm'))).toHaveLength(1)
  expect(code).toBe(0)
})
test('serve says so, and exec does not if programs read its output', async () => {
  const exec = spawn(process.execPath, [STINT, 'exec', 'short', '--', 'sh', '-c', 'echo ready; read line'], { env })
  // It can close before the other one does.
  const closed = once(exec, 'close')
  let said = ''
  exec.stderr.on('data', (part) => void (said += part))
  await once(createInterface({ input: exec.stdout }), 'line')
  const serve = spawn(process.execPath, [STINT, 'serve', 'short'], { env })
  const lines: string[] = []
  for await (const line of createInterface({ input: serve.stderr })) {
    lines.push(line)
    if (!REMINDER.test(line)) continue
    // The session of exec ends earlier than this one.
    exec.stdin.end('done\n')
    serve.kill('SIGTERM')
  }
  expect(lines).toEqual([expect.stringContaining('Serving the profile short on loopback.'), expect.stringMatching(REMINDER)])
  await closed
  expect(said).toBe('')
})
