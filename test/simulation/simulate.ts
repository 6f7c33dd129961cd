/**
 * `npm run simulate -- --seed N --schedules N`: runs schedules from a seed on. It fails if an oracle finds a fault, or if something that must
 * be reached is not. The first failure is shrunk and told as a story.
 *
 *     --seed N        the first seed (default 1); each schedule has the next one
 *     --schedules N   how many (default 100), or --seconds N, for how long
 *     --only-faults   does not ask whether everything was reached: for a few schedules
 *     --story         tells the story of every schedule
 *     --twice         runs each schedule twice, to see that a seed is a schedule
 *     --stop          stops at the first failure
 *     --no-story      does not shrink the first failure and tell it
 *     --json FILE     writes the figures
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { commitOf } from './commit.ts'
import { mustReach } from './reached.ts'
import { Figures } from './run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string' },
    seconds: { type: 'string' },
    'only-faults': { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
    'no-story': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const figures = new Figures()
await figures.run({
  seed: Number(values.seed),
  schedules: values.schedules === undefined ? (values.seconds === undefined ? 100 : Number.POSITIVE_INFINITY) : Number(values.schedules),
  seconds: Number(values.seconds ?? Number.POSITIVE_INFINITY),
  isTold: values.story,
  isTwice: values.twice,
  stopsAtFailure: values.stop,
})
console.log(`Seeds from ${values.seed}, commit ${commitOf()}`)
console.log(figures.summary())
for (const line of figures.failures()) console.log(line)
const missing = values['only-faults'] ? [] : mustReach.filter((what) => figures.reached.of(what) + figures.matrix.of(what) === 0)
if (missing.length > 0) console.log(`Never reached (a blind workload is a fault):\n  ${missing.join('\n  ')}`)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 1)}\n`)
if (figures.firstFailure !== undefined && !values['no-story']) console.log(`\n${await figures.storyOf(figures.firstFailure)}`)
process.exitCode = figures.failed > 0 || missing.length > 0 || figures.unstable > 0 ? 1 : 0
