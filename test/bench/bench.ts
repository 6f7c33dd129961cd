/**
 * `npm run bench`: what `vend` costs, cold and warm, beside a hand-written floor and a handler that does nothing. All in one run, in turns,
 * with the floor twice (A/A) to show the machine's own spread. Results are printed, never asserted; test/bench/gate.ts fails CI.
 *
 *   cold   a new process: load the bundle, init, one vend. CPU above the bare handler, as a ratio to the floor's
 *   warm   CPU per vend in a process that has made some hundreds, as a ratio to the floor's
 */
import { cpus } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { COLD, contenders, type Measured, rotated } from './contenders.ts'

const COLD_RUNS = Number(process.env.COLD_RUNS ?? 15)
const WARM_RUNS = Number(process.env.WARM_RUNS ?? 5)
const WARM = { calls: 1000, warmUp: 500 }
const VARIANTS = ['vend-3-issuers', 'vend-30-issuers', 'vend-100-issuers', 'vend-1000-profiles', 'vend-10000-profiles']

type Results = { readonly [name: string]: Measured[] }

const all = await contenders(VARIANTS)
try {
  for (const name of ['floor', 'vend']) await printCalls(name)
  const [cpu] = cpus()
  console.log(`\nNode ${process.version}, ${cpus().length} × ${cpu?.model.trim()}; vend ${(all.bytes / 1000).toFixed(0)} KB`)

  const coldNames = ['bare', 'floor', 'floorAgain', 'vend', ...VARIANTS]
  const cold = measure(coldNames, COLD_RUNS, (name) => all.run(name, COLD))
  console.log(`\nCold, ${COLD_RUNS} runs each, in turns: least and median`)
  const [leastBare, medianBare] = [least(cold.bare), median(cold.bare)]
  printAll(cold, { cpu: [leastBare.cpu, medianBare.cpu], wall: [leastBare.wall, medianBare.wall] })

  for (const together of [1, 8]) {
    const warm = measure(['floor', 'floorAgain', 'vend'], WARM_RUNS, (name) => perCall(all.run(name, { ...WARM, together })))
    console.log(
      `\nWarm, ${together} at a time, ${WARM_RUNS} runs of ${WARM.calls} vends after ${WARM.warmUp}, in turns: least and median per vend`,
    )
    printAll(warm, { cpu: [0, 0], wall: [0, 0] })
  }
} finally {
  all.close()
}

/** Ten vends must be ten times reserve, assume and record, the keys of one issuer, and nothing else. The floor's init reads an item. */
async function printCalls(name: string): Promise<void> {
  const { connections, ...made } = await all.tenCalls(name)
  console.log(`${name.padEnd(5)} 10 vends: ${JSON.stringify(made)}, over ${connections} connections`)
  const expected = { jwks: 1, GetItem: name === 'floor' ? 1 : 0, UpdateItem: 20, AssumeRole: 10, BatchGetItem: 10 }
  if (!isDeepStrictEqual(made, expected)) throw new Error(`${name} made ${JSON.stringify(made)}, not ${JSON.stringify(expected)}`)
}

function measure(names: readonly string[], rounds: number, run: (name: string) => Measured): Results {
  const results = Object.fromEntries(names.map((name) => [name, [] as Measured[]]))
  for (let round = -1; round < rounds; round++) {
    for (const name of rotated(names, round)) {
      const measured = run(name)
      if (round >= 0) results[name]?.push(measured) // the first round warms the disk's cache
    }
  }
  return results
}

function perCall({ cpu, wall, rss }: Measured): Measured {
  return { cpu: cpu / WARM.calls, wall: wall / WARM.calls, rss }
}

type Pair = readonly [least: number, median: number]

/** One line per contender: CPU and wall with their ratios to the floor, after `above` is taken off. */
function printAll(results: Results, above: { readonly cpu: Pair; readonly wall: Pair }): void {
  const floor = { least: least(results.floor), median: median(results.floor) }
  for (const [name, list] of Object.entries(results)) {
    const [low, mid] = [least(list), median(list)]
    const ratio = (value: number, base: number, minus: number) => ((value - minus) / (base - minus)).toFixed(2).padStart(5)
    const of = (what: 'cpu' | 'wall') =>
      `${low[what].toFixed(2).padStart(8)} ${mid[what].toFixed(2).padStart(8)}  × floor ${ratio(low[what], floor.least[what], above[what][0])} ${ratio(mid[what], floor.median[what], above[what][1])}`
    console.log(`  ${name.padEnd(20)} CPU ms ${of('cpu')}   wall ms ${of('wall')}   RSS MB ${mid.rss.toFixed(0)}`)
  }
}

function sorted(list: readonly Measured[] = [], of: (one: Measured) => number): number[] {
  return list.map(of).toSorted((a, b) => a - b)
}
function least(list: readonly Measured[] | undefined): Measured {
  return at(list, () => 0)
}
function median(list: readonly Measured[] | undefined): Measured {
  return at(list, (length) => Math.floor(length / 2))
}
function at(list: readonly Measured[] | undefined, place: (length: number) => number): Measured {
  const pick = (of: (one: Measured) => number) => sorted(list, of)[place(list?.length ?? 0)] ?? Number.NaN
  return { cpu: pick(({ cpu }) => cpu), wall: pick(({ wall }) => wall), rss: pick(({ rss }) => rss) }
}
