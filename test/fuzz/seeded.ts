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

type Run = { readonly cpuSeconds: number; readonly isBroken: boolean; readonly executions: string; readonly error: string }

function run(target: string, executions: string): Run {
  const args = ['--target', target, '--executions', executions, '--seed', '1', '--no-store']
  const script = `process.on('exit', () => { const { user, system } = process.cpuUsage(); console.log('CPU ' + (user + system) / 1e6) })
process.argv = ${JSON.stringify(['node', 'fuzz', ...args])}
import('./test/fuzz/fuzz.ts')`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: clone, encoding: 'utf8', timeout: MAX_SECONDS * 1000 })
  return {
    cpuSeconds: Number(/^CPU ([\d.]+)$/m.exec(stdout)?.[1] ?? MAX_SECONDS),
    isBroken: stdout.includes('BROKEN'),
    executions: /seed \d+ +(\d+) exec/.exec(stdout)?.[1] ?? '?',
    error: /error: +(.*)/.exec(stdout)?.[1] ?? '',
  }
}

let seconds = 0
let found = 0
const classes = new Set<string>()
for (const { name, target, file, from, to } of fuzzedBugs) {
  const path = join(clone, file)
  const good = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    good.replace(from, () => to),
  )
  const { cpuSeconds, isBroken, executions, error } = run(target, EXECUTIONS)
  writeFileSync(path, good)
  seconds += cpuSeconds
  // The same inputs must pass without the bug, or they have found something else.
  const isFound = isBroken && !run(target, executions).isBroken
  if (isFound) {
    found++
    classes.add(target)
  }
  console.log(
    `${isFound ? 'found ' : 'MISSED'}  ${cpuSeconds.toFixed(1).padStart(6)} s CPU  ${executions.padStart(8)} executions  ${name}: ${error}`,
  )
}
const hours = seconds / 3600
console.log(
  `${found} of ${fuzzedBugs.length} bugs in ${classes.size} classes (one for each target), ${seconds.toFixed(0)} s CPU: ${Math.round(found / hours)} bugs and ${Math.round(classes.size / hours)} classes for each hour of CPU time`,
)
process.exitCode = found < fuzzedBugs.length ? 1 : 0
