import { expect, test } from 'vitest'
import { modelText, simulations } from './spin.ts'
import { replayBreakGlass } from './replay-break-glass.ts'
test('replay', async () => {
  const outcomes = new Map<string,number>()
  for (const trace of [...simulations(modelText('break-glass'), Array.from({ length: 50 }, (_, n) => n + 1)),...simulations(modelText('break-glass'), Array.from({ length: 50 }, (_, n) => n + 1), ['FAULTS=3','CRASHES=0','LAST=1'])]) {
    await replayBreakGlass(trace)
    for (const l of trace) if (l.startsWith('STEP')||l.startsWith('ANS')) outcomes.set(l, (outcomes.get(l)??0)+1)
  }
  console.log([...outcomes].sort().map(x=>x.join(' ')).join('\n'))
  expect(outcomes.size).toBeGreaterThan(1)
})
