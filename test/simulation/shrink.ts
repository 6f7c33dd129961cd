/**
 * Shrinks a failing schedule: takes away actors, then faults, then calls, one half at a time and then one by one, as long as an oracle still
 * finds the same kind of fault. What is left is the shortest schedule that this finds, told as a story.
 */
import { type Fault, kindOf } from './oracles/index.ts'
import type { Schedule } from './schedule.ts'
import { EPOCH } from './world.ts'

type Run = (without: ReadonlySet<string>, told: boolean) => Promise<Schedule>
export type Shrunk = { readonly without: ReadonlySet<string>; readonly schedule: Schedule; readonly fault: Fault; readonly runs: number }

const MAX_RUNS = 500

export async function shrink(first: Schedule, run: Run): Promise<Shrunk> {
  const [found] = first.oracles.faults as [Fault]
  const isSame = (fault: Fault) => kindOf(fault) === kindOf(found)
  let runs = 0
  let without = new Set<string>()
  let last = first
  const fails = async (more: readonly string[]): Promise<boolean> => {
    if (more.length === 0 || runs >= MAX_RUNS) return false
    runs++
    const tried = new Set([...without, ...more])
    const schedule = await run(tried, false)
    if (!schedule.oracles.faults.some(isSame)) return false
    without = tried
    last = schedule
    return true
  }
  async function takeAway(all: readonly string[]): Promise<void> {
    if (all.length === 0 || (await fails(all))) return
    if (all.length === 1) return
    const half = Math.ceil(all.length / 2)
    await takeAway(all.slice(0, half))
    await takeAway(all.slice(half))
  }
  await takeAway(first.actorNames)
  await takeAway(last.network.injected.map(({ name }) => name))
  await takeAway(last.calls.filter((name) => !without.has(name)))
  const schedule = await run(without, true)
  const fault = schedule.oracles.faults.find(isSame) ?? found
  return { without, schedule, fault, runs }
}

const LINES_BEFORE = 80

/** The story of a failure, up to its first fault. */
export function tellStory({ schedule, fault, without, runs }: Shrunk, seed: number): string {
  const lines = (schedule.world.story ?? []).filter(({ text }) => !/^\w+ logs /.test(text))
  const end = lines.findIndex(({ text }) => text === `FAULT ${fault.oracle}: ${fault.what}`)
  const told = lines.slice(Math.max(0, end - LINES_BEFORE), end + 1)
  const time = (at: number) => `${((at - EPOCH) / 1000).toFixed(3).padStart(11)} s`
  const left = schedule.actorNames.filter((name) => !without.has(name))
  return [
    `Seed ${seed}, ${left.join(', ') || 'no actors'}; ${schedule.network.injected.length} faults (shrunk in ${runs} runs):`,
    ...schedule.network.injected.map(({ what, step, at }) => `${time(at)}  [${what} at ${step}]`),
    'What happened:',
    ...(end > LINES_BEFORE ? ['  …'] : []),
    ...told.map(({ at, text }) => `${time(at)}  ${text}`),
  ].join('\n')
}
