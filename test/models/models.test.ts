import { expect, test } from 'vitest'
import { modelText, simulations } from './spin.ts'
import { replayLedger } from './replay-ledger.ts'
test('replay', async () => {
  const outcomes = new Set<string>()
  for (const [same, settings] of [[false, []], [true, ['SAME']]] as const)
  for (const trace of simulations(modelText('ledger'), Array.from({ length: 20 }, (_, n) => n + 1), settings)) {
    await replayLedger(trace, same)
    for (const l of trace) if (l.startsWith('STEP')) outcomes.add(l.replace(/STEP (\w)\d? /, '$1 ').replace(/ \d$/, ''))
  }
  console.log([...outcomes].sort().join('\n'))
  expect(outcomes.size).toBeGreaterThan(1)
})
