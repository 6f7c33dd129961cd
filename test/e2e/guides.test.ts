/**
 * The guides, run as they stand: every shell block, one after the other, in one shell, against a sandbox: in bash, and where there is
 * one, in zsh. A `text` block after a shell block says what it prints.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Manifest } from '@slack/web-api/dist/types/request/manifest.js'
import { loadConfig } from '@stint/broker/build/config-file'
import { lint } from '@stint/cli/lint/lint'
import { trustPolicyOf } from '@stint/cli/target/trust'
import { formatFaults } from '@stint/core/config/check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { compileCache } from '../support/compile-cache.ts'
import { freePorts } from '../support/sandbox.ts'
import { hasTool, testWith } from '../support/tools.ts'

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

/** The guide's blocks as one script; those that need the AWS CLI only where there is one, and a test of their own says if not. */
function scriptOf(guide: string): string {
  const text = readFileSync(`${root}/docs/guides/${guide}`, 'utf8')
  const hasAws = hasTool('aws')
  return [...text.matchAll(/```sh( if aws)?\n([\s\S]*?)```/g)]
    .flatMap(([, condition, block]) => (condition && !hasAws ? [] : [block]))
    .join('\n')
}

/** What the `text` blocks of a guide promise, line by line. `…` stands for anything at the start or the end of a line. */
function promisedBy(guide: string, atLeast: number): readonly string[] {
  const text = readFileSync(`${root}/docs/guides/${guide}`, 'utf8')
  const promised = [...text.matchAll(/```sh(?: if aws)?\n[\s\S]*?```\n\n```text\n([\s\S]*?)\n```/g)].flatMap(([, lines = '']) =>
    lines.split('\n').map((line) => line.replace(/^…|…$/g, '').trim()),
  )
  // A page whose blocks this does not find promises nothing, which nothing would break.
  expect(promised.length).toBeGreaterThanOrEqual(atLeast)
  return promised
}

/** The promised words stand in what was printed, in this order. */
function expectInOrder(stdout: string, promised: readonly string[]): void {
  let from = 0
  for (const words of promised) {
    const at = stdout.indexOf(words, from)
    if (at < 0) throw new Error(`Not printed: ${words}\nafter: ${stdout.slice(from, from + 800)}`)
    from = at + words.length
  }
}

/** macOS has zsh as its shell. Here it starts without the files of a user. */
const shells = { bash: ['bash', '-ec'], zsh: ['zsh', '-fec'] } as const
type Shell = keyof typeof shells

/** One test for each shell, of a guide that needs a tool. What is missing shows as skipped, with what to install. */
function inEachShell(title: string, tool: 'aws' | 'curl' | undefined, body: (shell: Shell) => Promise<void>, timeoutMs?: number): void {
  for (const shell of Object.keys(shells) as Shell[]) {
    const register = tool !== undefined && !hasTool(tool) ? testWith(tool) : testWith(shell)
    register(`${title} in ${shell}`, () => body(shell), timeoutMs)
  }
}

async function run(script: string, shell: Shell = 'bash'): Promise<string> {
  const here = script
    .replaceAll(':4400', `:${port}`)
    .replaceAll(':4402', `:${port + 2}`)
    .replaceAll(/npm run -s token -- ([\w-]+)/g, `npm run -s token -- $1 --port ${port}`)
  const home = mkdtempSync(`${tmpdir()}/stint-guide-`)
  const env = { PATH: `${root}/node_modules/.bin:${process.env.PATH}`, HOME: home, TMPDIR: home, ...compileCache }
  const { stdout } = await promisify(execFile)(shells[shell][0], [shells[shell][1], here], { cwd: root, env })
  rmSync(home, { recursive: true })
  return stdout
}

inEachShell('docs/guides/approvals.md', 'curl', async (shell) => {
  const stdout = await run(scriptOf('approvals.md'), shell)
  const promised = promisedBy('approvals.md', 4)
  const lines = stdout.trim().split('\n')
  expect(promised).toEqual(['pending', 'approved', '202', '204'])
  expect(lines.filter((line) => promised.includes(line))).toEqual(promised)
  expect(stdout).toContain('acme.93ad02be-onc-1')
  expect(stdout).toContain('restarted the order service')
})

const auditing = new Map<string, Promise<string>>()
/** Two tests read what this guide prints. */
const runAuditing = (shell: Shell = 'bash') => {
  const running = auditing.get(shell) ?? run(scriptOf('auditing.md'), shell)
  auditing.set(shell, running)
  return running
}
inEachShell('docs/guides/auditing.md', 'curl', async (shell) => {
  const stdout = await runAuditing(shell)
  expectInOrder(stdout, promisedBy('auditing.md', 1))
  for (const words of [
    /^parameter-invalid$/m,
    /^\d+ entries in .*: \d+ objects fetched, 0 already present$/m,
    /Nothing is missing or altered/,
    /The key was taken from the log itself/,
    /^ {2}before {5}continues the \d+ entries verified before$/m,
    /not the event that the log commits to\n\nThe log was changed after it was written/,
    /^exit 1$/m,
    /^session\.issued\nsession\.reserved$/m,
    /^"reason":"/m,
    /^Verified: entry \d+ of \d+ in sandbox-\w{8}\/log\.$/m,
  ])
    expect(stdout).toMatch(words)
})
testWith('aws')('docs/guides/auditing.md compares the log with CloudTrail', async () => {
  expect(await runAuditing()).toMatch(/CloudTrail and the audit log agree/)
})

inEachShell('docs/guides/config.md', undefined, async (shell) => {
  const stdout = await run(scriptOf('config.md'), shell)
  expect(stdout).toMatch(/^No findings; 1 silenced with a reason\.\n\d+ cases passed\.\n✓ push to main → /)
  expect(stdout).toContain('✓ push to main → deploy-prod: allow')
})

describe('docs/guides/import.md', () => {
  inEachShell('imports', undefined, async (shell) => {
    const stdout = await run(scriptOf('import.md'), shell)
    expectInOrder(stdout, promisedBy('import.md', 8))
    expect(stdout).toMatch(/\n\d+ cases passed\.\n$/)
  })

  test('shows the statements that a role needs beside GitHub', () => {
    const text = readFileSync(`${root}/docs/guides/import.md`, 'utf8')
    const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']): unknown => JSON.parse(json))
    const { Statement } = trustPolicyOf({ externalId: 'stint-310000000000-deploy' }, 'arn:aws:iam::123456789012:role/stint-vend')
    expect(blocks).toContainEqual(Statement)
  })
})

inEachShell('docs/guides/ci-others.md', 'curl', async (shell) => {
  const promised = promisedBy('ci-others.md', 2)
  expect((await run(scriptOf('ci-others.md'), shell)).trim().split('\n')).toEqual(promised)
})

describe('docs/guides/learn-assume-role.md', () => {
  const EVERY_CALL_MS = 300_000
  /** A sandbox of its own, with the guide's accounts, and the lines that it prints to paste. */
  async function startGuide(): Promise<{ pasted: string; stop: () => void }> {
    const at = await freePorts(4)
    const child = spawn('node', ['packages/sandbox/src/main.ts', '--guide', '--port', String(at)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (part) => {
        said += part
        if (said.includes('Other identities')) resolve()
      })
    })
    const block = said.slice(0, said.indexOf('account-a')).split('\n')
    return { pasted: block.filter((line) => line.startsWith('  ')).join('\n'), stop: () => child.kill('SIGKILL') }
  }
  inEachShell(
    'prints what it promises, in this order,',
    'aws',
    async (shell) => {
      const script = scriptOf('learn-assume-role.md')
      const { pasted, stop: stopGuide } = await startGuide()
      expect(pasted.trim().split('\n')).toHaveLength(4)
      const stdout = await run(`${pasted}\n${script}`, shell).finally(stopGuide)
      const promised = promisedBy('learn-assume-role.md', 26)
      expectInOrder(stdout, promised)
    },
    EVERY_CALL_MS,
  )
})

describe('docs/guides/issuers.md', () => {
  const blocks = [...readFileSync(`${root}/docs/guides/issuers.md`, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = '']) =>
    block.trim(),
  )
  const names = blocks.map((block) => /^(\w+)\(/.exec(block)?.[1] ?? '')

  test('has an example of every preset', () => {
    const exported = readFileSync(`${root}/packages/core/src/config/issuers/index.ts`, 'utf8').matchAll(/^export \{ ([\w, ]+) \} from/gm)
    expect([...new Set(names)].sort()).toEqual([...exported].flatMap(([, list = '']) => list.split(', ')).sort())
  })
  test.each(blocks.map((block, index) => [names[index] as string, block]))(
    '%s, as it stands, is accepted and lints clean',
    async (name, block) => {
      const folder = mkdtempSync(`${tmpdir()}/stint-preset-`)
      const file = `${folder}/stint.config.ts`
      writeFileSync(
        file,
        `import { defineConfig, ${name} } from 'stint'
       const target = { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext', region: 'eu-central-1' }
       export default defineConfig({
         issuers: { it: ${block} },
         targets: { t: target },
         profiles: { p: { target: 't', eligible: [{ issuer: 'it', claims: { jti: 'x' } }], duration: { default: '15m', max: '30m' } } },
       })`,
      )
      const checked = await loadConfig(file, {})
      rmSync(folder, { recursive: true })
      if (!checked.ok) throw new Error(formatFaults(checked.faults))
      expect(lint(checked.rules).filter(({ path }) => path.startsWith('issuers'))).toEqual([])
    },
  )
})

describe('docs/guides/slack.md', () => {
  const guide = readFileSync(`${root}/docs/guides/slack.md`, 'utf8')

  test('its manifest is one that Slack’s own types take, and asks for no more than Stint calls', () => {
    const at = 'https://stint.acme.example/slack'
    const manifest = {
      display_information: { name: 'Stint', description: 'Temporary AWS access with approvals', background_color: '#3f0e40' },
      features: {
        bot_user: { display_name: 'Stint', always_online: false },
        shortcuts: [{ name: 'Request access', type: 'global', callback_id: 'ask', description: 'Request temporary AWS access' }],
        slash_commands: [
          {
            command: '/stint',
            url: `${at}/commands`,
            description: 'Request temporary AWS access',
            usage_hint: '[status | end SESSION | extend REQUEST | link CODE | unlink | help]',
            should_escape: false,
          },
        ],
      },
      oauth_config: { scopes: { bot: ['commands', 'chat:write', 'im:write', 'users:read'] } },
      settings: {
        interactivity: { is_enabled: true, request_url: `${at}/interactions`, message_menu_options_url: `${at}/interactions` },
        org_deploy_enabled: false,
        socket_mode_enabled: false,
        token_rotation_enabled: false,
      },
    } satisfies Manifest
    expect(parseYaml(/```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '')).toEqual(manifest)
  })

  test('its settings are taken by the config', async () => {
    const settings = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block).join('')
    expect(settings).toMatch(/slack: \{[\s\S]*signIn: \{[\s\S]*directories: \{/)
    const folder = mkdtempSync(`${tmpdir()}/stint-slack-`)
    const file = `${folder}/stint.config.ts`
    writeFileSync(file, `import company from '${root}/stint.config.ts'\nexport default { ...company, ${settings} }`)
    const checked = await loadConfig(file, {})
    rmSync(folder, { recursive: true })
    if (!checked.ok) throw new Error(formatFaults(checked.faults))
    expect(checked.rules.slack?.team).toBe('T0123ABCD')
  })
})
