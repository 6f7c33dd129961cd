/**
 * `npm run verify:all models`: searches all states of the models, looks for the mutants, and replays traces through the code.
 * `node test/models/verify.ts ledger` does so for one model.
 */

import { CANNOT } from '../support/cannot.ts'
import { hasTool } from '../support/tools.ts'
import { MUTANT_BOUNDS, models, outcomesIn, unmet } from './models.ts'
import { mutants } from './mutants.ts'
import { modelText, mutated, simulations, verify } from './spin.ts'

/** Traces for each of a model's ways to simulate. */
const SEEDS = Number(process.env.STINT_TRACES ?? 100)

if (!hasTool('spin') || !hasTool('cc')) {
  console.log('install spin, as Debian calls it, and a C compiler')
  process.exit(CANNOT)
}

/** A search that does not end is a fault, and not the end of all others. */
function tried<T>(search: () => T): T | undefined {
  try {
    return search()
  } catch (error) {
    fault((error as Error).message)
    return undefined
  }
}

let faults = 0
const fault = (text: string) => {
  faults++
  console.log(`FAULT ${text}`)
}
const rows: string[] = []
const [wanted = ''] = process.argv.slice(2)
for (const { name, large, ltl, simulated, replay, outcomes } of models.filter((model) => model.name.includes(wanted))) {
  const text = modelText(name)
  const met = new Set<string>()
  let traces = 0
  for (const settings of simulated)
    for (const trace of simulations(
      text,
      Array.from({ length: SEEDS }, (_, seed) => seed + 1),
      settings,
    )) {
      traces++
      for (const outcome of outcomesIn(trace)) met.add(outcome)
      await replay(trace, settings).catch((error: Error) => fault(`${name} ${settings.join(' ')}: ${error.message}`))
    }
  for (const outcome of unmet(outcomes, met)) fault(`${name}: no trace has "${outcome}"`)
  console.log(`${name}: ${traces} traces replayed, ${met.size} outcomes of steps`)

  const all = mutants[name] ?? []
  let caught = 0
  for (const mutant of all) {
    const searched = tried(() => verify(mutated(name, mutant), [...MUTANT_BOUNDS, ...(mutant.settings ?? [])]))
    if (!searched) continue
    const { errors, found, seconds } = searched
    if (errors > 0) caught++
    else fault(`${name}: nothing finds "${mutant.name}"`)
    console.log(`${name}: ${errors > 0 ? 'caught' : 'MISSED'} ${mutant.name} (${seconds.toFixed(1)} s) ${found}`)
  }
  for (const [settings, formula] of [...large.map((one) => [one, undefined] as const), [ltl.settings, ltl.formula] as const]) {
    const searched = tried(() => verify(text, settings, formula))
    if (!searched) continue
    const { errors, states, depth, seconds, megabytes, found } = searched
    if (errors > 0) fault(`${name} ${settings.join(' ')}: ${found}`)
    const row = [
      name.padEnd(12),
      (formula ?? 'safety').padEnd(9),
      settings.join(' ').padEnd(32),
      `${states}`.padStart(9),
      `${depth}`.padStart(6),
      `${seconds.toFixed(0)} s`.padStart(6),
      `${megabytes.toFixed(0)} MB`.padStart(8),
      `${caught}/${all.length}`,
      `${traces}`,
    ]
    rows.push(row.join('  '))
    console.log(rows.at(-1))
  }
}
console.log(
  `${faults} faults\n\nTABLE\nmodel         checked    bounds                               states   depth    time    memory  mutants caught  traces\n${rows.join('\n')}`,
)
process.exitCode = faults > 0 ? 1 : 0
