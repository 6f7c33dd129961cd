/** What only a terminal gets: the picker, the questions, Ctrl-C. */
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { STINT } from '../support/cli.ts'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { onTerminal, type Typing } from '../support/terminal.ts'
import { testWith } from '../support/tools.ts'

const withTerminal = testWith('script')
const ENTER = '\r'
const CTRL_C = '\u0003'
/** The second interrupt, if there is one, comes at once. */
const COUNT_INTERRUPTS =
  'let n = 0; process.on("SIGINT", () => { n++; setTimeout(() => { console.log("interrupts: " + n); process.exit() }, 500) }); console.log("ready"); setTimeout(() => {}, 15000)'
let sandbox: TestSandbox
const people = {} as Record<'developer' | 'oncall' | 'approver', CliUser>
beforeAll(async () => {
  sandbox = await testSandbox()
  for (const name of ['developer', 'oncall', 'approver'] as const) {
    people[name] = cliUser(sandbox, name)
    expect((await people[name].run(['login', sandbox.urls.broker])).code).toBe(0)
  }
})
afterAll(() => sandbox.close())

const stint = (as: keyof typeof people, args: string, typing: readonly Typing[] = []) =>
  onTerminal(`exec '${process.execPath}' '${STINT}' ${args}`, typing, people[as].env)

describe('on a terminal', () => {
  withTerminal('asks for the profile and its parameters, and starts the shell', async () => {
    const { code, screen } = await stint('developer', 'shell', [
      [/Which profile\?[\s\S]*staging-power/, 'logs-r'],
      [/logs-r[\s\S]*1 match/, ENTER],
      [/bucket \(acme-/, `acme-orders-logs${ENTER}`],
      [/Leave it with exit/, `echo "in $STINT_PROFILE"; exit 3${ENTER}`],
    ])
    expect(screen).toContain('in logs-read')
    expect(screen).not.toContain('break-glass') // Not eligible, so not offered.
    expect(code).toBe(3)
  })
  withTerminal('asks for the profile that stint exec was not given', async () => {
    const { code, screen } = await stint('developer', `exec -- sh -c 'echo "in $STINT_PROFILE"'`, [
      [/Which profile\?[\s\S]*staging-power/, 'power'],
      [/power[\s\S]*1 match/, ENTER],
    ])
    expect([code, screen]).toEqual([0, expect.stringContaining('in staging-power')])
  })
  withTerminal('a question that is interrupted ends with 130', async () => {
    const { code, screen } = await stint('developer', 'request', [[/Which profile\?/, CTRL_C]])
    expect([code, screen]).toEqual([130, expect.stringContaining('Interrupted.')])
  })
  withTerminal('Ctrl-C while waiting leaves the request open, and says how to continue', async () => {
    const { code, screen } = await stint('oncall', 'request break-glass --wait', [
      [/Why do you need access\?/, `orders are down${ENTER}`],
      [/Waiting for approval: 1 missing/, CTRL_C],
    ])
    expect(screen).toMatch(/Who can approve: 1 approver from `people` in group `approvers`/)
    expect(screen).toMatch(/Interrupted\. The request (req_\S+) stays open\.\n {2}Continue with: stint show \1 --wait/)
    expect(code).toBe(130)
  })
  withTerminal('approve shows the request and asks', async () => {
    sandbox.settle()
    const { stdout } = await people.approver.run(['requests', '--approvable', '--json'])
    const [{ id }] = JSON.parse(stdout).requests
    const no = await stint('approver', `approve ${id}`, [[/Approve\? \(yes\/no\)/, `no${ENTER}`]])
    expect([no.code, no.screen]).toEqual([1, expect.stringMatching(/BREAK-GLASS[\s\S]*Olu On-Call \(acme\.[\s\S]*Not approved/)])
    const yes = await stint('approver', `approve ${id}`, [[/Approve\? \(yes\/no\)/, `yes${ENTER}`]])
    expect([yes.code, yes.screen]).toEqual([0, expect.stringContaining('the request is approved')])
  })
  withTerminal('Ctrl-C in stint exec is the command’s', async () => {
    const { code, screen } = await stint(
      'developer',
      `exec logs-read -p bucket=acme-orders-logs -- sh -c 'trap "echo caught; exit 9" INT; echo ready; sleep 20 & wait'`,
      [[/ready/, CTRL_C]],
    )
    expect([code, screen]).toEqual([9, expect.stringContaining('caught')])
  })
  withTerminal('Ctrl-C reaches the command once if its input is a pipe', async () => {
    const { screen } = await onTerminal(
      `echo yes | '${process.execPath}' '${STINT}' exec logs-read -p bucket=acme-orders-logs -- '${process.execPath}' -e '${COUNT_INTERRUPTS}'`,
      [[/ready/, CTRL_C]],
      people.developer.env,
    )
    expect(screen).toContain('interrupts: 1')
  })
  withTerminal.each([
    [254, '', true],
    [255, '', true],
    [1, '', false],
    [254, '--quiet ', false],
  ])('a command that ends with %i, %s: stint exec offers stint why: %s', async (wanted, flags, offered) => {
    const { code, screen } = await stint('developer', `exec ${flags}logs-read -p bucket=acme-orders-logs -- sh -c 'exit ${wanted}'`)
    expect([code, screen.includes("stint: If AWS denied the call, run: stint why 'MESSAGE'")]).toEqual([wanted, offered])
  })
  withTerminal('STINT_NO_INPUT turns the questions off', async () => {
    const { code, screen } = await onTerminal(`STINT_NO_INPUT=1 exec '${process.execPath}' '${STINT}' exec`, [], people.developer.env)
    expect([code, screen]).toEqual([2, expect.stringMatching(/stint exec/)])
  })
})
