/** Puts each seeded bug into a clone and runs the tests that must notice it: `npm run verify:seeded [part of a name]`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SeededBug, seededBugs } from './seeded-bugs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAX_SECONDS = 600

const clone = mkdtempSync(join(tmpdir(), 'stint-seeded-'))
process.on('exit', () => rmSync(clone, { recursive: true, force: true }))
execFileSync('git', ['clone', '--quiet', ROOT, clone])
// The packages of a workspace are links: only an install of its own makes the tests read the clone's source.
execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: clone, stdio: 'inherit' })

const wanted = seededBugs.filter(({ name }) => name.includes(process.argv[2] ?? ''))
const missed = wanted.filter((bug) => !isFound(bug))
console.log(`${wanted.length - missed.length} passed, ${missed.length} failed`)
process.exitCode = missed.length > 0 || wanted.length === 0 ? 1 : 0

/** Whether a test failed. One that could not even start would fail for any reason, so it must have failed as a test does. */
function isFound({ name, file, from, to, tests }: SeededBug): boolean {
  const path = join(clone, file)
  const good = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    good.replace(from, () => to),
  )
  const report = join(clone, '.verify.json')
  rmSync(report, { force: true })
  spawnSync('npx', ['vitest', 'run', '--bail', '1', '--reporter', 'json', '--outputFile', report, ...tests], {
    cwd: clone,
    stdio: 'ignore',
    timeout: MAX_SECONDS * 1000,
  })
  writeFileSync(path, good)
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const failing = testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === 'failed')
  console.log(failing ? `found   ${name}\n        by "${failing.fullName}"` : `MISSED  ${name}`)
  return failing !== undefined
}

type Report = {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[] }[]
}
