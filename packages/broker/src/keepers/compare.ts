/**
 * Finds what the stream lost, and ships it. It compares each journal of the story table with what the log has of it: soon after it began,
 * and again at ages by which most, and then all, of its events have happened. So each item is read a fixed number of times in its life,
 * however old the table is. It starts with what the stream's dead letters name.
 */
import type { Journaled } from '@stint/core/audit/journal-item'
import { MAX_GRANT_DAYS } from '@stint/core/config/shape'
import { days, seconds } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { inParallel } from '../log/parallel.ts'
import { type Shipped, type Shipper, ship, tidy, together } from '../log/ship.ts'
import { continues } from '../log/stage.ts'
import type { DeadLetter, DeadLetters } from '../ports/dead-letters.ts'
import { type Cursor, Trouble } from '../ports/log.ts'
import type { Pass, Progress } from '../ports/progress.ts'
import { KEPT_DAYS } from './ages.ts'
import { type Keeper, type Run, runKeeper, type Unfinished } from './keeper.ts'

export type Comparing = Keeper & {
  readonly shipper: Shipper
  /** Journals of the story table, by ID. */
  readonly journals: (ids: readonly string[], consistent: boolean) => Promise<readonly Journaled[]>
  /** What the retirement of old items waits for: some of them have an event that the log lacks. */
  readonly retiring: Progress['kept']
  /** Absent without a stream. */
  readonly letters?: DeadLetters
}

export type Compared = Run & Shipped & { readonly letters: number }

const HOUR_MS = seconds(3600)
/**
 * An hour is far more than the shipper's lag. After its longest grant and a day for its session, a request only changes by a review, an
 * erasure or its retirement: the last pass comes when its retired event should be in the log.
 */
const COMPARE_PASSES: readonly Pass[] = [
  { name: 'requests-1h', family: 'requests', ageMs: HOUR_MS },
  { name: 'refusals-1h', family: 'refusals', ageMs: HOUR_MS },
  { name: 'other-1h', family: 'other', ageMs: HOUR_MS },
  { name: 'requests-1d', family: 'requests', ageMs: days(1) },
  { name: 'refusals-1d', family: 'refusals', ageMs: days(1) },
  { name: 'other-1d', family: 'other', ageMs: days(1) },
  { name: 'requests-7d', family: 'requests', ageMs: days(7) },
  { name: 'requests-over', family: 'requests', ageMs: days(MAX_GRANT_DAYS + 2) },
  { name: 'requests-retired', family: 'requests', ageMs: days(KEPT_DAYS.requests + 2) },
  { name: 'refusals-retired', family: 'refusals', ageMs: days(KEPT_DAYS.refusals + 2) },
]

/** Rounds of dead letters in one run. */
const LETTER_ROUNDS = 100
/** Items that wait to be retired, per page, and pages of one run. */
const RETIRING_A_PAGE = 200
const RETIRING_PAGES = 10
/** Journals that are read and shipped together. */
const JOURNALS_A_READ = 800
const ROWS_AT_ONCE = 16

/** `unknown`: a dependency did not answer. The next run looks again at what this one has not finished. */
export async function compare(parts: Comparing): Promise<Done<Compared> | Unknown> {
  const { shipper, journals, letters, mayGoOn } = parts
  let all: Shipped = { entries: 0, quarantined: [] }
  let answered = 0

  /** Ships what the log lacks of these journals. Those that cannot be shipped are unfinished. */
  async function look(ids: readonly string[]): Promise<Unfinished> {
    if (ids.length === 0) return new Map()
    const [found, cursors] = await Promise.all([journals(ids, false), shipper.state.cursors(ids)])
    const suspects = found.filter((journal) => !isShipped(journal, cursors.get(journal.request))).map(({ request }) => request)
    if (suspects.length === 0) return new Map()
    // As they are now: the first read may have been older than the log.
    const shipped = await ship(shipper, await journals(suspects, true))
    if (shipped.outcome === 'unknown') throw new Trouble(shipped.cause)
    all = together(all, shipped.value)
    return new Map(shipped.value.quarantined.map(({ request, cause }) => [request, cause]))
  }

  /** Ships what one letter names. False if there was not enough time: the letter then stays in the queue for a later run. */
  async function answer(letter: DeadLetter): Promise<boolean> {
    const named = await letter.journals()
    for (let at = 0; at < named.length; at += JOURNALS_A_READ) {
      if (!mayGoOn()) return false
      const unfinished = await look(named.slice(at, at + JOURNALS_A_READ))
      await inParallel([...unfinished], ROWS_AT_ONCE, ([id, cause]) => parts.progress.keep(id, cause, parts.now))
    }
    await letter.remove()
    return true
  }

  /** An item can be retired so late that the last pass was there before. */
  async function lookAtRetiring(): Promise<void> {
    let after: string | undefined
    for (let pages = 0; pages < RETIRING_PAGES && mayGoOn(); pages++) {
      const ids = await parts.retiring(RETIRING_A_PAGE, after)
      await look(ids)
      if (ids.length < RETIRING_A_PAGE) return
      after = ids.at(-1)
    }
  }

  try {
    const begun = await tidy(shipper)
    if (begun.outcome === 'unknown') return begun
    all = together(all, begun.value)
    // A letter that cannot be answered must not hold up the others, nor the passes.
    let trouble: Trouble | undefined
    for (let rounds = 0; letters && rounds < LETTER_ROUNDS && !trouble && mayGoOn(); rounds++) {
      const { received, usable } = await letters.receive()
      if (received === 0) break
      for (const letter of usable) {
        try {
          if (await answer(letter)) answered++
        } catch (error) {
          if (!(error instanceof Trouble)) throw error
          trouble = error
        }
      }
    }
    const run = await runKeeper(parts, COMPARE_PASSES, look)
    await lookAtRetiring()
    if (trouble) throw trouble
    return done({ ...run, ...all, letters: answered })
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
}

const isShipped = (journal: Journaled, cursor: Cursor | undefined): boolean =>
  cursor !== undefined && cursor.count === journal.events.length && continues(journal, cursor)
