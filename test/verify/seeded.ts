/** Puts each seeded bug into a copy and runs the tests that must notice it: `npm run verify:seeded [pattern of names]`. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installedCopy, withBug } from '../support/seeded.ts'
import { type SeededBug, seededBugs } from './seeded-bugs.ts'

/** Of the tests of one bug, or of all of them without a bug. */
const MAX_SECONDS = 1800

const copy = installedCopy()
const wanted = seededBugs.filter(({ name }) => new RegExp(process.argv[2] ?? '').test(name))
// A test that fails without a bug, or on a busy machine, would find every bug.
const sound = new Set(
  runTests([...new Set(wanted.flatMap(({ tests }) => tests))]).flatMap((one) => (one.status === 'passed' ? [nameOf(one)] : [])),
)
let missed = 0
for (const bug of wanted) if (!(await isFound(bug))) missed++
console.log(`${wanted.length - missed} passed, ${missed} failed`)
process.exitCode = missed > 0 || wanted.length === 0 ? 1 : 0

/** Whether a test failed in each place that passes without the bug. One that could not even start would fail for any reason. */
async function isFound(bug: SeededBug): Promise<boolean> {
  const failed = await withBug(copy, bug, () => runTests(bug.tests).filter((one) => one.status === 'failed' && sound.has(nameOf(one))))
  const found = bug.tests.map((path) => ({ path, failing: failed.find(({ file }) => file.startsWith(join(copy, path)))?.fullName }))
  const isComplete = found.every(({ failing }) => failing !== undefined)
  console.log(`${isComplete ? 'found ' : 'MISSED'}  ${bug.name}`)
  for (const { path, failing } of found) console.log(`        ${path}: ${failing === undefined ? 'NOTHING FAILS' : `"${failing}"`}`)
  return isComplete
}

function runTests(paths: readonly string[]): readonly Ran[] {
  const report = join(copy, '.verify.json')
  rmSync(report, { force: true })
  const options = { cwd: copy, stdio: 'ignore', timeout: MAX_SECONDS * 1000 } as const
  spawnSync('npx', ['vitest', 'run', '--reporter', 'json', '--outputFile', report, ...paths], options)
  if (!existsSync(report)) return []
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  return testResults.flatMap(({ name, assertionResults }) => assertionResults.map((one) => ({ ...one, file: name })))
}

function nameOf({ file, fullName }: Ran): string {
  return `${file} ${fullName}`
}

type Ran = { readonly file: string; readonly status: string; readonly fullName: string }
type Report = {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}
