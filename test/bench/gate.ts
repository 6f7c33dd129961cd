/**
 * The limits of CI on what `vend` costs, as ratios within one run: cold and warm to the floor, and 10,000 profiles to 10. Each round runs all
 * contenders in turns and takes the least of each; the best round counts, because a busy machine only makes ratios worse: a larger program
 * loses more when others empty the processor's caches. The floor against itself (A/A) is printed, and so is how long a loop waits for a
 * processor. Four rounds, and up to eight while a ratio is above its limit. On a machine that is busy in every round, such a ratio says
 * nothing, so it is printed and not judged: exit 77.
 */
import { CANNOT } from '../support/cannot.ts'
import { COLD, contenders, rotated } from './contenders.ts'
import { judge } from './judge.ts'

const LEAST_ROUNDS = 4
const MOST_ROUNDS = 8
const COLD_RUNS = 6
/** As in the benchmark. */
const WARM = { calls: 1000, warmUp: 500 }
/** The goals are lower (docs/performance.md). */
const LIMITS = { cold: 1.75, warm: 2.2, profiles: 1.15 } as const
/** Wall time of a loop, as a multiple of its CPU time. */
const MOST_WAITING = 1.25
const MANY = 'vend-10000-profiles'

type Ratios = Record<keyof typeof LIMITS | 'cold A/A' | 'warm A/A' | 'waiting', number>

const all = await contenders([MANY])
const rounds: Ratios[] = []
try {
  for (const name of ['bare', 'floor', 'floorAgain', 'vend', MANY]) all.run(name, COLD)
  while (rounds.length < LEAST_ROUNDS || (rounds.length < MOST_ROUNDS && judge(rounds, LIMITS, MOST_WAITING).over.length > 0))
    rounds.push(ratiosOf(rounds.length))
} finally {
  all.close()
}
const { outcome, over, best } = judge(rounds, LIMITS, MOST_WAITING)
for (const [name, limit] of Object.entries(LIMITS) as [keyof typeof LIMITS, number][])
  console.log(`${over.includes(name) ? 'OVER' : 'ok  '}  ${name.padEnd(8)} best ${best(name).toFixed(2)} of ${shown(name)}  limit ${limit}`)
for (const name of ['cold A/A', 'warm A/A', 'waiting'] as const) console.log(`      ${name.padEnd(8)} ${shown(name)}`)
if (outcome === 'not judged')
  console.log(`NOT JUDGED: this machine was busy in every round (waiting above ${MOST_WAITING}). Run it on a quiet one.`)
else if (outcome === 'over')
  console.log('vend costs more than its limit. npm run bench shows where; docs/performance.md explains the ratios.')
process.exitCode = outcome === 'passed' ? 0 : outcome === 'over' ? 1 : CANNOT

function shown(name: keyof Ratios): string {
  return rounds.map((ratios) => ratios[name].toFixed(2)).join(' ')
}

function ratiosOf(round: number): Ratios {
  const before = waiting()
  const cold = leastOf(['bare', 'floor', 'floorAgain', 'vend', MANY], COLD_RUNS, round, (name) => all.run(name, COLD).cpu)
  const warm = leastOf(['floor', 'floorAgain', 'vend'], 2, round, (name) => all.run(name, WARM).cpu)
  const above = (name: string) => (cold[name] ?? 0) - (cold.bare ?? 0)
  return {
    cold: above('vend') / above('floor'),
    'cold A/A': above('floorAgain') / above('floor'),
    profiles: above(MANY) / above('vend'),
    warm: (warm.vend ?? 0) / (warm.floor ?? 1),
    'warm A/A': (warm.floorAgain ?? 0) / (warm.floor ?? 1),
    waiting: Math.max(before, waiting()),
  }
}

/** How long a loop of 100 ms of CPU takes: 1 on a quiet machine. */
function waiting(): number {
  const [start, began] = [process.cpuUsage(), performance.now()]
  let spent = 0
  while (spent < 100) {
    const { user, system } = process.cpuUsage(start)
    spent = (user + system) / 1000
  }
  return (performance.now() - began) / spent
}

function leastOf(names: readonly string[], runs: number, round: number, run: (name: string) => number): Readonly<Record<string, number>> {
  const least = Object.fromEntries(names.map((name) => [name, Number.POSITIVE_INFINITY]))
  for (let turn = 0; turn < runs; turn++)
    for (const name of rotated(names, round + turn)) least[name] = Math.min(least[name] ?? 0, run(name))
  return least
}
