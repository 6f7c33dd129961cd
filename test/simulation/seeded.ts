/** Puts each seeded bug into a copy and runs schedules until an oracle finds it: `npm run simulate:seeded [pattern of names]`. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SimulatedBug, seededBugs } from './seeded-bugs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAX_SCHEDULES = 1500

const wanted = seededBugs.filter(({ name }) => new RegExp(process.argv[2] ?? '').test(name))
const left = [...wanted]
const found: { readonly name: string; readonly schedules: number; readonly by: string }[] = []
const missed: string[] = []

async function work(): Promise<void> {
  const copy = copyOf(ROOT)
  const good = await simulate(copy, 5)
  if (!/^5 schedules.* 0 with faults$/m.test(good)) throw new Error(`without a bug, the copy gives ${good.slice(0, 400)}`)
  for (let bug = left.shift(); bug !== undefined; bug = left.shift()) await seed(copy, bug)
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), left.length) }, work))

const sorted = found.map(({ schedules }) => schedules).sort((one, other) => one - other)
console.log(`TABLE\n${found.map(({ name, schedules, by }) => `${String(schedules).padStart(5)}  ${name}\n       ${by}`).join('\n')}`)
console.log(
  `${found.length} of ${wanted.length} found; median ${sorted[Math.floor(sorted.length / 2)]} schedules, at most ${sorted.at(-1)}`,
)
for (const name of missed) console.log(`MISSED ${name}`)
process.exitCode = missed.length > 0 || wanted.length === 0 ? 1 : 0

/** The sources as they are, with links to the installed packages; those of the workspace lead into the copy. */
function copyOf(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'stint-simulation-'))
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
  execFileSync('bash', ['-c', 'git ls-files -z | xargs -0 tar -cf - | tar -xf - -C "$0"', copy], { cwd: root })
  execFileSync('bash', [
    '-c',
    'mkdir "$1/node_modules" && cd "$0/node_modules" && for name in * .bin; do [ "$name" = "@stint" ] || ln -s "$0/node_modules/$name" "$1/node_modules/$name"; done',
    root.replace(/\/$/, ''),
    copy,
  ])
  execFileSync('mkdir', [`${copy}/node_modules/@stint`])
  for (const name of ['action', 'broker', 'cli', 'core', 'iam', 'sandbox', 'tlog'])
    symlinkSync(`${copy}/packages/${name}`, `${copy}/node_modules/@stint/${name}`)
  return copy
}

async function seed(copy: string, { name, file, from, to }: SimulatedBug): Promise<void> {
  const path = join(copy, file)
  const good = readFileSync(path, 'utf8')
  if (good.split(from).length !== 2) {
    missed.push(`${name}: its place is gone`)
    return
  }
  writeFileSync(
    path,
    good.replace(from, () => to),
  )
  const out = await simulate(copy, MAX_SCHEDULES)
  writeFileSync(path, good)
  const by = /^FAULT \d+ ×, first at seed \d+: ((?!simulation).*)$/m.exec(out)?.[1]
  const schedules = Number(/^(\d+) schedules/m.exec(out)?.[1] ?? 0)
  if (by === undefined) missed.push(`${name}: ${out.slice(0, 400)}`)
  else found.push({ name, schedules, by: by.slice(0, 140) })
  console.log(by === undefined ? `MISSED  ${name}` : `found   ${name}: ${schedules}, ${by.slice(0, 110)}`)
}

async function simulate(copy: string, schedules: number): Promise<string> {
  const options = ['test/simulation/simulate.ts', '--seed', '1', '--schedules', String(schedules), '--only-faults', '--stop', '--no-story']
  return new Promise<string>((resolve) => {
    let text = ''
    const child = spawn(process.execPath, options, { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part) => {
        text += part
      })
    child.on('close', () => resolve(text))
  })
}
