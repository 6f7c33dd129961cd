/**
 * `npm run simulate:campaign -- --schedules N`: any number of schedules, on all cores, in parts of 500. Each part is a process, whose figures
 * are kept in `.simulation/` for each commit, so that a campaign that was stopped goes on where it was. Prints what all parts found together,
 * and fails if a part is missing.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { commitOf } from './commit.ts'
import { Count } from './count.ts'
import { cells, mustReach, rarely, rows } from './reached.ts'

const PART = 500
/** After this many schedules, what is rare must have been reached, too. */
const RARE_AFTER = 10_000
const SIMULATE = fileURLToPath(new URL('./simulate.ts', import.meta.url))
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    cores: { type: 'string', default: String(availableParallelism()) },
    folder: { type: 'string', default: `.simulation/${commitOf()}` },
  },
})
// The figures of changed files would be taken for those of other changes.
if (values.folder.endsWith('-changed')) throw new Error('Commit your changes first: a campaign is of one commit.')
mkdirSync(values.folder, { recursive: true })
const first = Number(values.seed)
const seeds = Array.from({ length: Math.ceil(Number(values.schedules) / PART) }, (_, at) => first + at * PART)
const fileOf = (seed: number) => `${values.folder}/${seed}.json`
const left = seeds.filter((seed) => !existsSync(fileOf(seed)))
console.log(`${seeds.length - left.length} of ${seeds.length} parts are done`)

async function work(): Promise<void> {
  for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
    const options = ['--seed', String(seed), '--schedules', String(PART), '--only-faults', '--json', fileOf(seed)]
    const status = await new Promise<number | null>((resolve) => {
      spawn(process.execPath, [SIMULATE, ...options], { stdio: ['ignore', 'inherit', 'inherit'] }).on('close', resolve)
    })
    if (status !== 0) console.log(`The part from seed ${seed} on failed.`)
  }
}
await Promise.all(Array.from({ length: Number(values.cores) }, work))

type Figure = 'schedules' | 'seconds' | 'steps' | 'failed' | 'crashed' | 'different'
type Part = { readonly [figure in Figure]: number } & { readonly reached: object; readonly matrix: object }
const parts = seeds.filter((seed) => existsSync(fileOf(seed))).map((seed) => JSON.parse(readFileSync(fileOf(seed), 'utf8')) as Part)
const sum = (name: Figure) => parts.reduce((all, part) => all + part[name], 0)
const [reached, matrix] = [new Count(), new Count()]
for (const part of parts) {
  reached.merge(Object.entries(part.reached))
  matrix.merge(Object.entries(part.matrix))
}
const missingIn = (wanted: readonly string[]) => wanted.filter((what) => reached.of(what) + matrix.of(what) === 0)
const all = sum('schedules') >= RARE_AFTER ? [...mustReach, ...rarely] : mustReach
const missing = missingIn(all)
const shareOf = (wanted: readonly string[]) => `${wanted.length - missingIn(wanted).length} of ${wanted.length}`
console.log(`TABLE
commit               ${commitOf()}
seeds                ${first} to ${first + seeds.length * PART - 1}
schedules            ${sum('schedules')}, ${sum('different')} different
with faults          ${sum('failed')}
with a crash         ${sum('crashed')} (${((100 * sum('crashed')) / sum('schedules')).toFixed(0)} %)
steps                ${sum('steps')}
per second and core  ${(sum('schedules') / sum('seconds')).toFixed(1)}
states and moments   ${reached.all.size}
rows of the tables   ${shareOf(rows)}
cells of the matrix  ${matrix.all.size}; of those that must be reached, ${shareOf(cells)}
reached              ${shareOf(all)}${missing.length > 0 ? `; not: ${missing.join(', ')}` : ''}`)
const lost = seeds.length - parts.length
if (lost > 0) console.log(`${lost} parts have no figures. Run the command again.`)
process.exitCode = sum('failed') > 0 || missing.length > 0 || lost > 0 ? 1 : 0
