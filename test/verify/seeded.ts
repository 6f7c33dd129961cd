/** Puts each seeded bug into a copy and runs the tests that must notice it: `npm run verify:seeded [part of a name]`. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installedCopy, withBug } from '../support/seeded.ts'
import { type SeededBug, seededBugs } from './seeded-bugs.ts'

const MAX_SECONDS = 600

const copy = installedCopy()
const wanted = seededBugs.filter(({ name }) => name.includes(process.argv[2] ?? ''))
let missed = 0
for (const bug of wanted) if (!(await isFound(bug))) missed++
console.log(`${wanted.length - missed} passed, ${missed} failed`)
process.exitCode = missed > 0 || wanted.length === 0 ? 1 : 0

/** Whether a test failed. One that could not even start would fail for any reason, so it must have failed as a test does. */
async function isFound(bug: SeededBug): Promise<boolean> {
  const report = join(copy, '.verify.json')
  rmSync(report, { force: true })
  await withBug(copy, bug, () =>
    spawnSync('npx', ['vitest', 'run', '--bail', '1', '--reporter', 'json', '--outputFile', report, ...bug.tests], {
      cwd: copy,
      stdio: 'ignore',
      timeout: MAX_SECONDS * 1000,
    }),
  )
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const failing = testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === 'failed')
  console.log(failing ? `found   ${bug.name}\n        by "${failing.fullName}"` : `MISSED  ${bug.name}`)
  return failing !== undefined
}

type Report = {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[] }[]
}
