/**
 * Clients that we did not write, as far as PyPI, Debian, Maven Central, crates.io and Go's module proxy provide them:
 * installs those that are missing into a folder that git ignores, runs their tests, and prints one table. Runs in `npm run verify:all clients`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CLIENT_TOOLS } from '../support/client-tools.ts'
import { hasTool, type Tool } from '../support/tools.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPORT = join(mkdtempSync(join(tmpdir(), 'stint-clients-')), 'report.json')
const TESTS = ['test/clients', 'test/cli/clients.test.ts', 'test/e2e/aws-cli.test.ts']
const PYTHON = ['boto3', 'awscli', 's3cmd']
const DEBIAN: readonly Tool[] = ['rclone', 'restic']
const RUBY = [
  'ruby3.1',
  'libruby3.1',
  'ruby-aws-sdk-s3',
  'ruby-aws-sdk-core',
  'ruby-aws-sdk-kms',
  'ruby-aws-sigv4',
  'ruby-aws-eventstream',
  'ruby-aws-partitions',
  'ruby-jmespath',
]
const MAX_INSTALL_MS = 15 * 60_000
const MAX_TEST_MS = 40 * 60_000

installPython()
installDebian()
makeFaketime()
buildGo()
buildJava()
buildRust()
makeRuby()
const { status } = spawnSync('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`, ...TESTS], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, STINT_AWS_COMMANDS: '200' },
  timeout: MAX_TEST_MS,
})
printTable()
process.exitCode = status ?? 1

function run(file: string, args: readonly string[], cwd = ROOT): boolean {
  return spawnSync(file, args, { cwd, stdio: 'inherit', timeout: MAX_INSTALL_MS }).status === 0
}

/** In an environment of its own, so that the machine's versions stay and are tested, too. */
function installPython(): void {
  const folder = join(CLIENT_TOOLS, 'python')
  if (existsSync(join(folder, 'bin/s3cmd'))) return
  const done = run('python3', ['-m', 'venv', folder]) && run(join(folder, 'bin/pip'), ['install', '--quiet', ...PYTHON])
  if (!done) console.error(`not installed: ${PYTHON.join(', ')}. They need Python 3 with venv and pip, and PyPI or a mirror of it.`)
}

/** Unpacked, not installed: that needs no rights. */
function installDebian(): void {
  const folder = join(CLIENT_TOOLS, 'debian')
  const missing = DEBIAN.filter((tool) => !hasTool(tool) && !existsSync(join(folder, 'usr/bin', tool)))
  for (const tool of missing)
    if (!unpack([tool], folder))
      console.error(`not installed: ${tool}. It needs Debian's apt-get with its lists (apt-get update), or a package of your system.`)
}

function unpack(packages: readonly string[], folder: string): boolean {
  mkdirSync(folder, { recursive: true })
  if (!run('apt-get', ['download', ...packages], folder)) return false
  const files = readdirSync(folder).filter((name) => name.endsWith('.deb'))
  return files.every((file) => run('dpkg', ['-x', file, '.'], folder) && rmSync(join(folder, file)) === undefined)
}

/** The clock of clients whose sessions last hours (test/support/client-clock.ts). */
function makeFaketime(): void {
  const folder = join(CLIENT_TOOLS, 'faketime')
  if (hasTool('faketime')) return
  if (existsSync(join(folder, 'usr')) || unpack(['libfaketime'], folder))
    launcher(
      'faketime',
      `export LD_PRELOAD=$(echo '${folder}'/usr/lib/*/faketime/libfaketime.so.1) FAKETIME="$2"; shift 2; exec "$@"`,
      'faketime',
    )
  else console.error("not installed: faketime. It needs Debian's apt-get with its lists (apt-get update), or a package of your system.")
}

/** With the module versions of `go.sum`. Go builds only what has changed, and so do Maven and Cargo. */
function buildGo(): void {
  const program = join(CLIENT_TOOLS, 'go/bin/s3-go')
  if (!run('go', ['build', '-o', program, '.'], join(ROOT, 'test/clients/go')))
    console.error('not installed: AWS SDK for Go v2. It needs Go and a proxy of its modules.')
}

/** With the versions of `pom.xml`, in which the BOM of the SDK fixes those of its modules. */
function buildJava(): void {
  const folder = join(CLIENT_TOOLS, 'java')
  const [repository, target] = [join(folder, 'repository'), join(folder, 'target')]
  const args = ['--batch-mode', '--quiet', `-Dmaven.repo.local=${repository}`, `-Dbuild.folder=${target}`, 'compile']
  if (run('mvn', args, join(ROOT, 'test/clients/java'))) launcher('java', `exec java -cp '${target}/classes:${target}/lib/*' S3 "$@"`)
  else
    console.error('not installed: AWS SDK for Java 2. It needs a JDK of version 17 or newer, Maven, and Maven Central or a mirror of it.')
}

/** With the versions of `Cargo.lock`. */
function buildRust(): void {
  const folder = join(CLIENT_TOOLS, 'rust')
  const args = ['install', '--locked', '--debug', '--quiet', '--path', '.', '--root', folder, '--target-dir', join(folder, 'target')]
  if (!run('cargo', args, join(ROOT, 'test/clients/rust')))
    console.error('not installed: AWS SDK for Rust. It needs Rust 1.94.1 or newer, a C compiler, and crates.io or a mirror of it.')
}

/** The system's Ruby if it has the SDK, else Debian's, unpacked. */
function makeRuby(): void {
  const script = join(ROOT, 'test/clients/ruby/s3.rb')
  const folder = join(CLIENT_TOOLS, 'ruby')
  if (spawnSync('ruby', [script, 'version'], { stdio: 'ignore', timeout: MAX_INSTALL_MS }).status === 0)
    launcher('ruby', `exec ruby '${script}' "$@"`)
  else if (existsSync(join(folder, 'usr/bin/ruby3.1')) || unpack(RUBY, folder)) launcher('ruby', unpackedRuby(join(folder, 'usr'), script))
  else
    console.error(
      "not installed: AWS SDK for Ruby. It needs Debian's apt-get with its lists (apt-get update), or a package of your system.",
    )
}

/** Ruby looks for its libraries in /usr. These are elsewhere. */
function unpackedRuby(usr: string, script: string): string {
  const folders = [
    ...['share/rubygems-integration/all/gems/*/lib', 'lib/ruby/gems/*/gems/rexml-*/lib'],
    ...['lib/ruby/vendor_ruby', 'lib/ruby/3.*', 'lib/*/ruby/3.*'],
  ]
  return `cd '${usr}' || exit 1
LD_LIBRARY_PATH=$(echo "$PWD"/lib/*-linux-*)
RUBYLIB=$(printf %s: ${folders.map((one) => `"$PWD"/${one}`).join(' ')})
export LD_LIBRARY_PATH RUBYLIB
exec "$PWD/bin/ruby3.1" --disable-gems '${script}' "$@"`
}

/** A program on the clients' PATH: `s3-LANGUAGE`, or `name`. */
function launcher(of: string, script: string, name = `s3-${of}`): void {
  const folder = join(CLIENT_TOOLS, of, 'bin')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

type Report = {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly ancestorTitles: readonly string[]; readonly title: string; readonly status: string }[]
  }[]
}

/** One line for each client and what it was tried with. A hole has a word of its own. */
function printTable(): void {
  if (!existsSync(REPORT)) return
  const { testResults } = JSON.parse(readFileSync(REPORT, 'utf8')) as Report
  const rows = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .map(({ ancestorTitles, title, status }) => {
      const hole = title.startsWith('cannot: ')
      const result = status === 'passed' ? (hole ? 'lacks it' : 'works') : status === 'failed' ? 'FAILED' : 'skipped'
      const client = ancestorTitles.filter((one) => one !== '' && !one.startsWith('ways to ')).join(' ')
      return [client.replace(/ at \/\S+$/, ''), title.replace(/^cannot: /, ''), result] as const
    })
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
  const width = Math.max(...rows.map(([client]) => client.length), 24)
  console.log('\nTABLE')
  // Not a skipped test: nothing that a machine installs would run it.
  const provider = [
    "Terraform's AWS provider",
    'only the registry of HashiCorp has it, as a binary; the state in S3 needs no provider',
    'HOLE',
  ] as const
  for (const [client, what, result] of [...rows, provider]) console.log(`${result.padEnd(9)} ${client.padEnd(width)}  ${what}`)
}
