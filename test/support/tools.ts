/**
 * Tests that need a tool which npm does not install, such as Terraform. Where the tool is missing, the test shows as skipped and
 * its title says what to install. If STINT_REQUIRE_TOOLS asks for the tool, the test fails instead, so CI cannot lose a test without
 * noticing: `1` asks for every tool, and a list such as `aws,terraform` for these tools.
 */
import { spawnSync } from 'node:child_process'
import { format } from 'node:util'
import { test as vitest } from 'vitest'

/** How to see that a tool runs, and where it comes from. A file on PATH is not enough: a version manager's shim may have nothing behind it. */
const TOOLS = {
  terraform: { probe: ['version'], install: 'install Terraform 1.5 or newer: https://developer.hashicorp.com/terraform/install' },
  aws: {
    probe: ['--version'],
    install: 'install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
  },
  bash: { probe: ['--version'], install: 'install bash from your distribution' },
  dash: { probe: ['-c', 'exit 0'], install: 'install dash from your distribution' },
  zsh: { probe: ['--version'], install: 'install zsh from your distribution' },
  fish: { probe: ['--version'], install: 'install fish from your distribution' },
  script: { probe: ['--version'], install: 'install script of util-linux' },
  boto3: { program: 'python3', probe: ['-c', 'import boto3'], install: 'install Python 3, and boto3 with pip' },
  s3cmd: { probe: ['--version'], install: 'install s3cmd from your distribution or with pip' },
  rclone: { probe: ['version'], install: 'install rclone from your distribution' },
  restic: { probe: ['version'], install: 'install restic from your distribution' },
  'net-amazon-s3': {
    program: 'perl',
    probe: ['-MNet::Amazon::S3', '-e', '1'],
    install: 'install libnet-amazon-s3-perl, as Debian calls it',
  },
  's3-go': { probe: ['version'], install: 'install Go 1.24 or newer and run npm run verify:all clients, which builds the program' },
  's3-java': {
    probe: ['version'],
    install: 'install a JDK of version 17 or newer and Maven, and run npm run verify:all clients, which builds the program',
  },
  's3-rust': {
    probe: ['version'],
    install: 'install Rust 1.94.1 or newer and a C compiler, and run npm run verify:all clients, which builds the program',
  },
  's3-ruby': {
    probe: ['version'],
    install: 'install ruby-aws-sdk-s3, as Debian calls it, and run npm run verify:all clients, which makes the program',
  },
  go: { probe: ['version'], install: 'install Go: https://go.dev/dl/' },
  spin: { probe: ['-V'], install: 'install spin from your distribution' },
  cc: { probe: ['--version'], install: 'install a C compiler, such as gcc, from your distribution' },
  jq: { probe: ['--version'], install: 'install jq from your distribution' },
  curl: { probe: ['--version'], install: 'install curl: https://curl.se/download.html' },
  faketime: { probe: ['-f', '+0', 'printenv', 'LD_PRELOAD'], install: 'install faketime from your distribution' },
} as const
export type Tool = keyof typeof TOOLS

type Environment = { readonly [name: string]: string | undefined }
type Register = (title: string, body: () => unknown, timeoutMs?: number) => void
type Registrar = Register & { readonly skip: Register }
/** `each`: one test for each row, as vitest's own: `%s` in the title stands for the row's values in turn. */
type TestWith = Register & {
  readonly each: <Row extends unknown[]>(rows: readonly Row[]) => (title: string, body: (...row: Row) => unknown) => void
}

const PROBE_TIMEOUT_MS = 30_000

/**
 * Registers tests that run `tool`: normally if the tool runs, else as skipped, or as failing if STINT_REQUIRE_TOOLS asks for it.
 *
 *     const withTerraform = testWith('terraform')
 *     withTerraform('refuses a wildcard', async () => { … })
 */
export function testWith(tool: Tool, env: Environment = process.env, test: Registrar = vitest): TestWith {
  const register = registerFor(tool, env, test)
  return Object.assign(register, {
    each: ((rows) => (title, body) => {
      for (const row of rows)
        register(format(title, ...row.slice(0, title.split('%s').length - 1)), () =>
          (body as (...row: readonly unknown[]) => unknown)(...row),
        )
    }) as TestWith['each'],
  })
}

function registerFor(tool: Tool, env: Environment, test: Registrar): Register {
  const required = requires(env.STINT_REQUIRE_TOOLS, tool)
  if (hasTool(tool, env)) return (title, body, timeoutMs) => test(title, body, timeoutMs)
  const why = `${tool} is not on PATH; ${TOOLS[tool].install}`
  if (required)
    return (title) =>
      test(title, () => {
        throw new Error(`STINT_REQUIRE_TOOLS=${env.STINT_REQUIRE_TOOLS}, but ${why}`)
      })
  return (title, body, timeoutMs) => test.skip(`${title} (skipped: ${why})`, body, timeoutMs)
}

/** A misspelt name would ask for nothing, so it is an error. */
function requires(setting = '', tool: Tool): boolean {
  const words = setting.split(/[\s,]+/).filter((word) => word !== '')
  if (words.length === 1 && (words[0] === '0' || words[0] === '1')) return words[0] === '1'
  const unknown = words.filter((word) => !Object.hasOwn(TOOLS, word))
  if (unknown.length > 0)
    throw new Error(
      `STINT_REQUIRE_TOOLS names an unknown tool: ${unknown.join(', ')}. Use 1 for all tools, or a list of ${Object.keys(TOOLS).join(', ')}.`,
    )
  return words.includes(tool)
}

export function hasTool(tool: Tool, env: Environment = process.env): boolean {
  // CHECKPOINT_DISABLE: Terraform would otherwise ask its maker for news.
  const { probe, program = tool }: { readonly probe: readonly string[]; readonly program?: string } = TOOLS[tool]
  const options = { env: { ...env, CHECKPOINT_DISABLE: '1' }, stdio: 'ignore', timeout: PROBE_TIMEOUT_MS } as const
  const { status, error } = spawnSync(program, probe, options)
  // faketime fails if a process that was killed left its shared memory and had the same ID.
  return status === 0 || (error === undefined && spawnSync(program, probe, options).status === 0)
}
