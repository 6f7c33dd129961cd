import { expect, test } from 'vitest'
import type { Fault } from './oracles/index.ts'
import type { Schedule } from './schedule.ts'
import { shrink, tellStory } from './shrink.ts'
import { EPOCH } from './world.ts'

const PARTS = { actors: ['cyd', 'dana', 'eve'], faults: ['cyd-1/2', 'dana-1/1'], calls: ['cyd-1', 'cyd-2', 'dana-1', 'eve-1'] }

/** A schedule in which a use is issued too late if `needed` take part, and in which another fault is found once `cyd-2` does not. */
function run(needed: readonly string[]) {
  return async (without: ReadonlySet<string>): Promise<Schedule> => {
    const takePart = (name: string) => !without.has(name)
    const faults: Fault[] = [
      ...(takePart('cyd-2') ? [] : [{ oracle: 'uses', what: 'req_b is issued twice', at: EPOCH }]),
      ...(needed.every(takePart)
        ? [{ oracle: 'uses', what: `req_${without.size}.x is issued ${without.size} ms too late`, at: EPOCH }]
        : []),
    ]
    const story = faults.map(({ oracle, what, at }) => ({ at, text: `FAULT ${oracle}: ${what}` }))
    const injected = PARTS.faults.filter(takePart).map((name) => ({ name, what: 'crash', step: 'record', at: EPOCH }))
    const parts = { oracles: { faults }, actorNames: PARTS.actors, calls: PARTS.calls, network: { injected }, world: { story } }
    return parts as unknown as Schedule
  }
}

test.each<[needed: readonly string[], left: readonly string[]]>([
  [[], []],
  [['dana'], ['dana']],
  [
    ['cyd', 'cyd-1/2', 'dana-1'],
    ['cyd', 'cyd-1/2', 'dana-1'],
  ],
])('of a fault that takes %j, %j is left', async (needed, left) => {
  const { without } = await shrink(await run(needed)(new Set()), run(needed))
  expect([...PARTS.actors, ...PARTS.faults, ...PARTS.calls].filter((name) => !without.has(name))).toEqual(left)
})

test('another fault of the same oracle does not take the place of the first one', async () => {
  const needed = ['cyd', 'cyd-1']
  const shrunk = await shrink(await run(needed)(new Set()), run(needed))
  expect(shrunk.fault.what).toBe('req_7.x is issued 7 ms too late')
  expect(tellStory(shrunk, 5).split('\n')).toEqual([
    'Seed 5, cyd; 0 faults (shrunk in 11 runs):',
    'What happened:',
    '      0.000 s  FAULT uses: req_b is issued twice',
    '      0.000 s  FAULT uses: req_7.x is issued 7 ms too late',
  ])
})
