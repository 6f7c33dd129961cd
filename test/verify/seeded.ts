/** Puts each seeded bug into a copy and runs the tests that must notice it: `npm run verify:seeded [pattern of names]`. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installedCopy, withBug } from '../support/seeded.ts'
import { type SeededBug, seededBugs } from './seeded-bugs.ts'

const MAX_SECONDS = 600

const copy = installedCopy()
const wanted = seededBugs.filter(({ name }) => new RegExp(process.argv[2] ?? '').test(name))
let missed = 0
for (const bug of wanted) if (!(await isFound(bug))) missed++
console.log(`${wanted.length - missed} passed, ${missed} failed`)
process.exitCode = missed > 0 || wanted.length === 0 ? 1 : 0

/** Whether a test failed in each place. One that could not even start would fail for any reason, so it must have failed as a test does. */
async function isFound(bug: SeededBug): Promise<boolean> {
  const report = join(copy, '.verify.json')
  rmSync(report, { force: true })
  await withBug(copy, bug, () =>
    spawnSync('npx', ['vitest', 'run', '--reporter', 'json', '--outputFile', report, ...bug.tests], {
      cwd: copy,
      stdio: 'ignore',
      timeout: MAX_SECONDS * 1000,
    }),
  )
  const { testResults } = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Report) : { testResults: [] }
  const found = bug.tests.map((path) => {
    const failing = testResults
      .filter(({ name }) => name.startsWith(join(copy, path)))
      .flatMap(({ assertionResults }) => assertionResults)
      .find(({ status }) => status === 'failed')
    return { path, failing: failing?.fullName }
  })
  const isComplete = found.every(({ failing }) => failing !== undefined)
  console.log(`${isComplete ? 'found ' : 'MISSED'}  ${bug.name}`)
  for (const { path, failing } of found) console.log(`        ${path}: ${failing === undefined ? 'NOTHING FAILS' : `"${failing}"`}`)
  return isComplete
}

type Report = {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}
