/**
 * `npm run fuzz -- seeded [pattern of names]`: puts each seeded bug into a copy, and fuzzes its target until it is found. Says what is found
 * for each hour of CPU time, by class.
 */
import { spawnSync } from 'node:child_process'
import { installedCopy, withBug } from '../support/seeded.ts'
import { fuzzedBugs } from './seeded-bugs.ts'

const EXECUTIONS = '1000000'
const MAX_SECONDS = 900

const copy = installedCopy()
const wanted = fuzzedBugs.filter(({ name }) => new RegExp(process.argv[3] ?? '').test(name))

type Run = { readonly cpuSeconds: number; readonly isBroken: boolean; readonly executions: string; readonly error: string }

function run(target: string, executions: string): Run {
  const args = ['--target', target, '--executions', executions, '--seed', '1', '--no-store']
  const script = `process.on('exit', () => { const { user, system } = process.cpuUsage(); console.log('CPU ' + (user + system) / 1e6) })
process.argv = ${JSON.stringify(['node', 'fuzz', ...args])}
import('./test/fuzz/fuzz.ts')`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: copy, encoding: 'utf8', timeout: MAX_SECONDS * 1000 })
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
for (const bug of wanted) {
  const { name, target } = bug
  const { cpuSeconds, isBroken, executions, error } = await withBug(copy, bug, () => run(target, EXECUTIONS))
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
  `${found} of ${wanted.length} bugs in ${classes.size} classes (one for each target), ${seconds.toFixed(0)} s CPU: ${Math.round(found / hours)} bugs and ${Math.round(classes.size / hours)} classes for each hour of CPU time`,
)
process.exitCode = found < wanted.length || found === 0 ? 1 : 0
