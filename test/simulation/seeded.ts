/** Puts each seeded bug into a copy and runs schedules until an oracle finds it: `npm run simulate:seeded [pattern of names]`. */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { type Bug, installedCopy, withBug } from '../support/seeded.ts'
import { simulatedBugs, unseen } from './seeded-bugs.ts'

const MAX_SCHEDULES = 1500

const wanted = simulatedBugs.filter(({ name }) => new RegExp(process.argv[2] ?? '').test(name))
const left = [...wanted]
const found: { readonly name: string; readonly schedules: number; readonly by: string }[] = []
const missed: string[] = []

async function work(): Promise<void> {
  const copy = installedCopy()
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
for (const { what, why } of unseen) console.log(`not counted: ${what}; ${why}`)
process.exitCode = missed.length > 0 || wanted.length === 0 ? 1 : 0

/** An exception of the product or of the simulation does not count: no oracle found it. */
async function seed(copy: string, bug: Bug): Promise<void> {
  const { name } = bug
  const out = await withBug(copy, bug, () => simulate(copy, MAX_SCHEDULES))
  const by = /^FAULT \d+ ×, first at seed \d+: ((?!simulation|bug).*)$/m.exec(out)?.[1]
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
