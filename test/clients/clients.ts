/**
 * Clients that we did not write, as far as PyPI, Debian and Go's module proxy provide them: installs those that are missing into a folder that git ignores,
 * runs their tests, and prints one table. Runs in `npm run verify:all clients`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
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
const MAX_INSTALL_MS = 10 * 60_000
const MAX_TEST_MS = 40 * 60_000

installPython()
installDebian()
buildGo()
const { status } = spawnSync('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`, ...TESTS], {
  cwd: ROOT,
  stdio: 'inherit',
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
  if (missing.length === 0) return
  mkdirSync(folder, { recursive: true })
  for (const tool of missing) {
    const fetched = run('apt-get', ['download', tool], folder)
    const file = fetched ? readdirSync(folder).find((name) => name.startsWith(`${tool}_`) && name.endsWith('.deb')) : undefined
    if (file === undefined || !run('dpkg', ['-x', file, '.'], folder))
      console.error(`not installed: ${tool}. It needs Debian's apt-get with its lists (apt-get update), or a package of your system.`)
  }
}

/** The reader of AWS SDK for Go v2, with the module versions of `go.sum`. Go builds only what has changed. */
function buildGo(): void {
  const program = join(CLIENT_TOOLS, 'go/bin/read-s3-go')
  if (!run('go', ['build', '-o', program, '.'], join(ROOT, 'test/clients/go')))
    console.error('not installed: AWS SDK for Go v2. It needs Go and a proxy of its modules.')
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
  const width = Math.max(...rows.map(([client]) => client.length))
  console.log('\nTABLE')
  for (const [client, what, result] of rows) console.log(`${result.padEnd(9)} ${client.padEnd(width)}  ${what}`)
}
