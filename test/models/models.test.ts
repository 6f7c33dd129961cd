/** The models in small bounds, some of their mutants, and traces replayed through the code. `npm run verify:all models` does more. */
import { describe, expect } from 'vitest'
import { hasTool, testWith } from '../support/tools.ts'
import { MUTANT_BOUNDS, models, outcomesIn, unmet } from './models.ts'
import { mutants } from './mutants.ts'
import { modelText, mutated, simulations, verify } from './spin.ts'

// Spin writes a program in C: both must be there.
const withSpin = testWith(hasTool('spin') ? 'cc' : 'spin')
const SEEDS = Array.from({ length: 5 }, (_, seed) => seed + 1)

describe.each(models)('$name', ({ name, small, simulated, replay, outcomes }) => {
  withSpin('has no state that breaks an invariant', () => {
    for (const settings of small) expect(verify(modelText(name), settings)).toMatchObject({ errors: 0 })
  })

  withSpin('has such a state with a mutant', () => {
    const some = (mutants[name] ?? []).slice(0, 1)
    for (const mutant of some)
      expect(verify(mutated(name, mutant), [...MUTANT_BOUNDS, ...(mutant.settings ?? [])]).errors, mutant.name).toBeGreaterThan(0)
  })

  withSpin('does what the code does, step by step', async () => {
    const met = new Set<string>()
    for (const settings of simulated)
      for (const trace of simulations(modelText(name), SEEDS, settings)) {
        await replay(trace, settings)
        for (const outcome of outcomesIn(trace)) met.add(outcome)
      }
    // The most frequent outcomes; `npm run verify:all models` has enough traces for all of them.
    expect(unmet(outcomes, met).length).toBeLessThan(outcomes.length / 2)
  })
})
