/**
 * `npm run verify:all`: what takes too long for CI. Each check is a process of its own; its output goes to `.verify/`, and a
 * table of all of them comes last. `npm run verify:all seeded campaign` runs only the checks named so.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { targetNames } from '../fuzz/target-names.ts'
import { CANNOT } from '../support/cannot.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OUT = `${ROOT}/.verify`
const MAX_MINUTES = 180

type Check = { readonly name: string; readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>> }

const vitest = (...paths: string[]) => ['npx', 'vitest', 'run', '--testTimeout', '1800000', ...paths]

const checks: readonly Check[] = [
  { name: 'minimal-root', command: ['bash', 'test/verify/minimal-root.sh'] },
  { name: 'keychain', command: ['node', 'test/verify/keychain.ts'] },
  { name: 'seeded-bugs', command: ['node', 'test/verify/seeded.ts'] },
  { name: 'simulation', command: ['node', 'test/simulation/campaign.ts', '--schedules', '20000'] },
  { name: 'simulation-seeded', command: ['node', 'test/simulation/seeded.ts'] },
  { name: 'mutation', command: ['npm', 'run', 'mutate', '--', '--all'] },
  { name: 'campaign-uses', command: [...vitest('test/e2e/approvals.test.ts'), '-t', 'uses of one'], env: { STINT_ROUNDS: '300' } },
  { name: 'campaign-flips', command: vitest('test/faults/tamper.test.ts'), env: { STINT_FLIPS: '500000' } },
  { name: 'costs', command: vitest('test/infra/costs.test.ts'), env: { STINT_LIFE: '1' } },
  {
    name: 'campaign-containment',
    command: vitest('test/differential/containment.test.ts'),
    env: { STINT_PAIRS: '2000000', STINT_SEED: String(Date.now()) },
  },
  ...[1, 2, 3, 4, 5].map((seed) => ({
    name: `fuzz-iam-${seed}`,
    command: vitest('test/differential/iam.test.ts'),
    env: { STINT_SEED: String(Date.now() + seed) },
  })),
  ...targetNames.map((target) => ({
    name: `fuzz-${target}`,
    command: ['npm', 'run', '-s', 'fuzz', '--', '--target', target, '--executions', '1000000', '--seed', String(Date.now() % 2 ** 32)],
  })),
  { name: 'page-payloads', command: vitest('test/browser/web-xss.test.ts'), env: { STINT_PAYLOADS: 'all' } },
  { name: 'fuzz-seeded', command: ['npm', 'run', '-s', 'fuzz', '--', 'seeded'] },
  { name: 'release', command: ['npm', 'run', '-s', 'release:check'] },
  { name: 'clients', command: ['node', 'test/clients/clients.ts'] },
  { name: 'api-linters', command: ['node', 'test/verify/api-linters.ts'] },
  { name: 'models', command: ['node', 'test/models/verify.ts'] },
  { name: 'moto', command: ['node', 'test/verify/moto/moto.ts'] },
  { name: 'moto-ledger', command: ['node', 'test/verify/moto/ledger.ts'] },
  { name: 'moto-dynamodb', command: ['node', 'test/verify/moto/dynamodb.ts'] },
  { name: 'moto-letters', command: ['node', 'test/verify/moto/letters.ts'] },
  { name: 'moto-kits', command: ['node', 'test/verify/moto/kits.ts'] },
  { name: 'provider', command: ['node', 'test/verify/provider.ts'] },
  { name: 'bench-gate', command: ['npm', 'run', 'bench:gate'] },
  { name: 'bench', command: ['npm', 'run', 'bench'] },
]

mkdirSync(OUT, { recursive: true })
const wanted = process.argv.slice(2)
const chosen = checks.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
const rows = chosen.map(run)
for (const { name } of chosen) printTable(name)
console.log(`\n${rows.map((row) => row.join('  ')).join('\n')}`)
const failed = rows.filter(([result]) => result?.trim() === 'failed').length
const skipped = rows.filter(([result]) => result?.trim() === 'skipped').length
console.log(`${rows.length - failed - skipped} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 || rows.length === 0 ? 1 : 0

/** A check can end its output with a table, after this line. */
function printTable(name: string): void {
  const [, table] = readFileSync(`${OUT}/${name}.log`, 'utf8').split('\nTABLE\n')
  if (table !== undefined) console.log(`\n${name}\n${table.trimEnd()}`)
}

function run({ name, command, env = {} }: Check): readonly string[] {
  const started = Date.now()
  const set = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  console.log(`${name}: ${[...set, ...command].join(' ')}`)
  const log = `.verify/${name}.log`
  const out = openSync(`${ROOT}/${log}`, 'w')
  const [file = '', ...args] = command
  const { status } = spawnSync(file, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out],
    timeout: MAX_MINUTES * 60_000,
  })
  const result = status === 0 ? 'passed' : status === CANNOT ? 'skipped' : 'failed'
  const seconds = Math.round((Date.now() - started) / 1000)
  // A skipped check ends with what to install.
  const reason = result === 'skipped' ? [readFileSync(`${ROOT}/${log}`, 'utf8').trim().split('\n').at(-1) ?? ''] : []
  return [result.padEnd(7), name.padEnd(16), `${seconds} s`.padStart(7), log, ...reason]
}
