/** Puts each seeded bug into a clone, and fuzzes its target until it is found: what is found for each hour of CPU time, by class. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fuzzedBugs } from './seeded-bugs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXECUTIONS = '1000000'
const MAX_SECONDS = 300

const clone = mkdtempSync(join(tmpdir(), 'stint-fuzz-'))
process.on('exit', () => rmSync(clone, { recursive: true, force: true }))
execFileSync('git', ['clone', '--quiet', ROOT, clone])
execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: clone, stdio: 'inherit' })
// The fuzzers as they are here.
cpSync(join(ROOT, 'test/fuzz'), join(clone, 'test/fuzz'), { recursive: true })

let seconds = 0
const found = new Set<string>()
const classes = new Set<string>()
for (const { name, target, file, from, to } of fuzzedBugs) {
  const path = join(clone, file)
  const good = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    good.replace(from, () => to),
  )
  const { stdout } = spawnSync(
    process.execPath,
    [
      '-e',
      `process.on('exit', () => { const { user, system } = process.cpuUsage(); console.log('CPU ' + (user + system) / 1e6) }); process.argv = [process.argv[0], 'fuzz', '--target', '${target}', '--executions', '${EXECUTIONS}', '--seed', '1', '--no-store']; import('./test/fuzz/fuzz.ts')`,
    ],
    { cwd: clone, encoding: 'utf8', timeout: MAX_SECONDS * 1000 },
  )
  writeFileSync(path, good)
  const used = Number(/^CPU ([\d.]+)$/m.exec(stdout)?.[1] ?? MAX_SECONDS)
  seconds += used
  const isFound = /BROKEN/.test(stdout)
  if (isFound) {
    found.add(name)
    classes.add(target)
  }
  console.log(
    `${isFound ? 'found ' : 'MISSED'}  ${used.toFixed(1).padStart(6)} s CPU  ${name}  ${/seed \d+ +(\d+) exec/.exec(stdout)?.[1] ?? '?'} executions`,
  )
}
const hours = seconds / 3600
console.log(
  `${found.size} of ${fuzzedBugs.length} bugs in ${classes.size} classes (one for each target), ${seconds.toFixed(0)} s CPU: ${Math.round(found.size / hours)} bugs and ${Math.round(classes.size / hours)} classes for each hour of CPU time`,
)
process.exitCode = found.size < fuzzedBugs.length ? 1 : 0
