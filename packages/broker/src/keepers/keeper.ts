/**
 * The run of a keeper: first what earlier runs kept, then, pass by pass, what has reached its age since the last run. A run ends when its
 * time is up, and the next one goes on where it stopped. Two runs at once do some work twice and lose none.
 */
import type { Instant } from '@stint/core/instant'
import { Trouble } from '../ports/log.ts'
import type { Pass, Progress, Walk } from '../ports/progress.ts'

export type Keeper = {
  readonly progress: Progress
  readonly walk: Walk
  readonly now: Instant
  /** Whether there is time for another page. */
  readonly mayGoOn: () => boolean
}

/** Items that cannot be finished now, by ID, each with the cause. */
export type Unfinished = ReadonlyMap<string, string>

export type Run = {
  readonly looked: number
  /** Items that this run kept, or found kept and could not finish. */
  readonly kept: number
  /** Whether everything was looked at. If not, the next run goes on. */
  readonly finished: boolean
}

const HOUR_MS = 3_600_000
/** Kept items per page, and pages per run. */
const KEPT_A_PAGE = 200
const KEPT_PAGES = 10
/** More than this in one run is not about single items: the run stops, so that their page is looked at again. */
const MOST_KEPT = 1000

export async function runKeeper(
  { progress, walk, now, mayGoOn }: Keeper,
  passes: readonly Pass[],
  /** `pass` is absent for items that were kept. */
  look: (ids: readonly string[], pass?: Pass) => Promise<Unfinished>,
): Promise<Run> {
  let [looked, finished] = [0, true]
  const kept = new Set<string>()

  let after: string | undefined
  for (let pages = 0; pages < KEPT_PAGES && mayGoOn(); pages++) {
    const ids = await progress.kept(KEPT_A_PAGE, after)
    const unfinished = await look(ids)
    for (const id of ids) if (!unfinished.has(id)) await progress.release(id)
    looked += ids.length
    for (const id of unfinished.keys()) kept.add(id)
    after = ids.at(-1)
    if (ids.length < KEPT_A_PAGE) break
  }

  const reached = await progress.reached()
  let found = 0
  // Each hour starts with another pass, so that a busy one never takes all the time of the others.
  const first = Math.floor(now / HOUR_MS) % passes.length
  for (const pass of [...passes.slice(first), ...passes.slice(0, first)]) {
    const whole = await walk(pass, {
      now,
      reached,
      mayGoOn,
      async look(ids) {
        const unfinished = await look(ids, pass)
        found += unfinished.size
        if (found > MOST_KEPT) throw new Trouble(`more than ${MOST_KEPT} items cannot be finished, such as ${describe(unfinished)}`)
        for (const [id, cause] of unfinished) {
          await progress.keep(id, cause, now)
          kept.add(id)
        }
        looked += ids.length
      },
    })
    finished &&= whole
  }
  return { looked, kept: kept.size, finished }
}

const describe = (unfinished: Unfinished): string =>
  [...unfinished]
    .slice(0, 1)
    .map(([id, cause]) => `${id}: ${cause}`)
    .join('')
