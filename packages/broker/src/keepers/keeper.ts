/**
 * The run of a keeper: first what earlier runs kept, then, pass by pass, what has reached its age since the last run. A run ends when its
 * time is up, and the next one goes on where it stopped. Two runs at once do some work twice and lose none.
 */
import type { Instant } from '@stint/core/instant'
import { inParallel } from '../log/parallel.ts'
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
/** Rows of kept items that are written at once. */
const ROWS_AT_ONCE = 16

export async function runKeeper(
  keeper: Keeper,
  passes: readonly Pass[],
  /** `pass` is absent for items that were kept. */
  look: (ids: readonly string[], pass?: Pass) => Promise<Unfinished>,
): Promise<Run> {
  const { progress, walk, now, mayGoOn } = keeper
  const reached = await progress.reached()
  const kept = new Set<string>()
  let looked = 0
  let finished = true

  // What was kept must not hold up what was not, so its trouble is reported at the end.
  let trouble: Trouble | undefined
  try {
    finished = await lookAgain(keeper, reached.get(KEPT_PLACE), async (ids) => {
      const unfinished = await look(ids)
      looked += ids.length
      for (const id of unfinished.keys()) kept.add(id)
      return unfinished
    })
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    trouble = error
  }

  // Each hour starts with another pass, so that a busy one never takes all the time of the others.
  const first = Math.floor(now / HOUR_MS) % passes.length
  for (const pass of [...passes.slice(first), ...passes.slice(0, first)]) {
    const whole = await walk(pass, {
      now,
      reached,
      mayGoOn,
      async look(ids) {
        const unfinished = await look(ids, pass)
        looked += ids.length
        for (const id of unfinished.keys()) kept.add(id)
        if (unfinished.size > 0 && kept.size > MOST_KEPT)
          throw new Trouble(`more than ${MOST_KEPT} items cannot be finished, such as ${describe(unfinished)}`)
        await inParallel([...unfinished], ROWS_AT_ONCE, ([id, cause]) => progress.keep(id, cause, now))
      },
    })
    finished &&= whole
  }
  if (trouble) throw trouble
  return { looked, kept: kept.size, finished }
}

/** Where the next run goes on among the kept items: the number of the round, and the last ID. So that none is tried always and none never. */
const KEPT_PLACE = 'kept'
const placeAfter = (round: number, id: string): string => `${String(round).padStart(9, '0')}#${id}`

/** Tries the kept items, from where the last run stopped. False if some are left. */
async function lookAgain(
  { progress, mayGoOn }: Keeper,
  place = placeAfter(0, ''),
  look: (ids: readonly string[]) => Promise<Unfinished>,
): Promise<boolean> {
  const round = Number(place.slice(0, place.indexOf('#')))
  const start = place.slice(place.indexOf('#') + 1)
  let after = start
  let isEnd = false
  for (let pages = 0; pages < KEPT_PAGES && !isEnd && mayGoOn(); pages++) {
    const ids = await progress.kept(KEPT_A_PAGE, after === '' ? undefined : after)
    const unfinished = await look(ids)
    const done = ids.filter((id) => !unfinished.has(id))
    await inParallel(done, ROWS_AT_ONCE, (id) => progress.release(id))
    isEnd = ids.length < KEPT_A_PAGE
    after = ids.at(-1) ?? after
  }
  // Most runs try all of them, and save nothing.
  if (!isEnd || start !== '') await progress.move(KEPT_PLACE, isEnd ? placeAfter(round + 1, '') : placeAfter(round, after))
  return isEnd && start === ''
}

const describe = (unfinished: Unfinished): string =>
  [...unfinished]
    .slice(0, 1)
    .map(([id, cause]) => `${id}: ${cause}`)
    .join('')
