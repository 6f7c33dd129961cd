/** Runs schedules and counts what they found and reached. */
import { Count } from './count.ts'
import type { Item } from './dynamo.ts'
import { loadSdk } from './dynamo-client.ts'
import { SIDE } from './machines.ts'
import { kindOf, Oracles } from './oracles/index.ts'
import { type Options, Schedule } from './schedule.ts'
import { shrink, tellStory } from './shrink.ts'
import { runSchedule } from './workload.ts'
import { EPOCH } from './world.ts'

/**
 * The side table once the keepers have run on an empty stage. Their first run looks at every day that a request can have, which takes a
 * thousand calls; test/faults/keepers.test.ts has that one.
 */
async function settledSide(): Promise<ReadonlyMap<string, Item>> {
  const schedule = new Schedule({ seed: 1 }, (one) => new Oracles(one))
  schedule.network.healing = true
  let over = false
  schedule.actor('keepers', async () => {
    const [compared, retired] = [await schedule.compare(), await schedule.retire()]
    if (compared?.outcome !== 'done' || retired?.outcome !== 'done') throw new Error('the keepers do not end on an empty stage')
    over = true
  })
  await schedule.world.run(() => over)
  return new Map([...schedule.dynamo.backup(SIDE)].filter(([id]) => id.startsWith('KEEP')))
}
await loadSdk()
const side = await settledSide()

export async function simulate(options: Options): Promise<Schedule> {
  const schedule = new Schedule({ side, ...options }, (one) => new Oracles(one))
  try {
    await runSchedule(schedule)
  } catch (error) {
    schedule.oracles.fault('simulation', (error as Error).stack?.split('\n').slice(0, 4).join(' | ') ?? String(error))
  }
  return schedule
}

type Wanted = {
  readonly seed: number
  readonly schedules: number
  readonly seconds: number
  readonly isTold?: boolean
  readonly isTwice?: boolean
  readonly stopsAtFailure?: boolean
}

export class Figures {
  schedules = 0
  seconds = 0
  steps = 0
  failed = 0
  crashed = 0
  /** Seeds that gave two different schedules. */
  unstable = 0
  firstFailure: number | undefined
  readonly reached = new Count()
  readonly matrix = new Count()
  readonly #hashes = new Set<string>()
  readonly #kinds = new Map<string, { readonly seed: number; readonly what: string; times: number }>()

  async run({ seed: first, schedules, seconds, isTold = false, isTwice = false, stopsAtFailure = false }: Wanted): Promise<void> {
    const began = performance.now()
    const elapsed = () => (performance.now() - began) / 1000
    for (let seed = first; this.schedules < schedules && elapsed() < seconds; seed++) {
      const schedule = await simulate({ seed, told: isTold })
      this.#add(seed, schedule)
      if (isTwice && (await simulate({ seed })).world.hash !== schedule.world.hash) {
        this.unstable++
        console.log(`Seed ${seed} is not one schedule.`)
      }
      for (const { at, text } of schedule.world.story ?? []) console.log(`${((at - EPOCH) / 1000).toFixed(3).padStart(12)} s  ${text}`)
      if (stopsAtFailure && this.failed > 0) break
    }
    this.seconds = elapsed()
  }
  #add(seed: number, { world, oracles, reached, network }: Schedule): void {
    this.schedules++
    this.steps += world.steps
    this.#hashes.add(world.hash)
    this.reached.merge(reached.all)
    this.matrix.merge(network.matrix.all)
    if (network.injected.some(({ what }) => what.startsWith('crash'))) this.crashed++
    if (oracles.faults.length === 0) return
    this.failed++
    this.firstFailure ??= seed
    for (const fault of oracles.faults) {
      const kind = kindOf(fault)
      const known = this.#kinds.get(kind) ?? { seed, what: `${fault.oracle}: ${fault.what}`, times: 0 }
      known.times++
      this.#kinds.set(kind, known)
    }
  }
  failures(): readonly string[] {
    return [...this.#kinds.values()]
      .sort((one, other) => other.times - one.times)
      .map(({ seed, what, times }) => `FAULT ${times} ×, first at seed ${seed}: ${what}`)
  }
  summary(): string {
    const { schedules, seconds, steps, crashed, failed } = this
    const cells = [...this.matrix.all.keys()].length
    return [
      `${schedules} schedules in ${seconds.toFixed(1)} s (${(schedules / seconds).toFixed(1)} a second), ${failed} with faults`,
      `${crashed} with a crash (${((100 * crashed) / Math.max(1, schedules)).toFixed(0)} %), ${this.#hashes.size} different, ${Math.round(steps / Math.max(1, schedules))} steps each`,
      `${cells} cells of fault and step, ${this.reached.all.size} states and moments reached`,
    ].join('\n')
  }
  async storyOf(seed: number): Promise<string> {
    const first = await simulate({ seed })
    if (first.oracles.faults.length === 0) return `Seed ${seed} does not fail again.`
    return tellStory(await shrink(first, (without, told) => simulate({ seed, told, without })), seed)
  }
  toJSON(): object {
    const { schedules, seconds, steps, failed, crashed } = this
    const different = this.#hashes.size
    const sorted = ({ all }: Count) => Object.fromEntries([...all].sort())
    return { schedules, seconds, steps, failed, crashed, different, reached: sorted(this.reached), matrix: sorted(this.matrix) }
  }
}
