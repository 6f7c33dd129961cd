/**
 * Finds what the stream lost, and ships it. It compares each journal of the story table with what the log has of it: soon after it began,
 * and again at ages by which most, and then all, of its events have happened. So each item is read a fixed number of times in its life,
 * however old the table is. It starts with what the stream's dead letters name.
 */
import type { Journaled } from '@stint/core/audit/journal-item'
import { MAX_GRANT_DAYS } from '@stint/core/config/shape'
import { days, seconds } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { type Shipped, type Shipper, ship, tidy, together } from '../log/ship.ts'
import { continues } from '../log/stage.ts'
import type { DeadLetters } from '../ports/dead-letters.ts'
import { type Cursor, Trouble } from '../ports/log.ts'
import type { Pass } from '../ports/progress.ts'
import { type Keeper, type Run, runKeeper, type Unfinished } from './keeper.ts'

export type Comparing = Keeper & {
  readonly shipper: Shipper
  /** Journals of the story table, by ID. */
  readonly journals: (ids: readonly string[], consistent: boolean) => Promise<readonly Journaled[]>
  /** Absent without a stream. */
  readonly letters?: DeadLetters
}

export type Compared = Run & Shipped & { readonly letters: number }

const HOUR_MS = seconds(3600)
/** An hour is far more than the shipper's lag; a request has made its last event after its longest grant, and a day for its session. */
const COMPARE_PASSES: readonly Pass[] = [
  { name: 'requests-1h', family: 'requests', ageMs: HOUR_MS },
  { name: 'refusals-1h', family: 'refusals', ageMs: HOUR_MS },
  { name: 'other-1h', family: 'other', ageMs: HOUR_MS },
  { name: 'requests-1d', family: 'requests', ageMs: days(1) },
  { name: 'refusals-1d', family: 'refusals', ageMs: days(1) },
  { name: 'other-1d', family: 'other', ageMs: days(1) },
  { name: 'requests-7d', family: 'requests', ageMs: days(7) },
  { name: 'requests-last', family: 'requests', ageMs: days(MAX_GRANT_DAYS + 2) },
]

/** Rounds of dead letters in one run. */
const LETTER_ROUNDS = 100
/** Journals that are read and shipped together. */
const JOURNALS_A_READ = 800

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

  try {
    const begun = await tidy(shipper)
    if (begun.outcome === 'unknown') return begun
    all = together(all, begun.value)
    for (let rounds = 0; letters && rounds < LETTER_ROUNDS && mayGoOn(); rounds++) {
      const some = await letters.receive()
      if (some.length === 0) break
      for (const letter of some) {
        const named = await letter.journals()
        for (let at = 0; at < named.length; at += JOURNALS_A_READ) {
          const unfinished = await look(named.slice(at, at + JOURNALS_A_READ))
          for (const [id, cause] of unfinished) await parts.progress.keep(id, cause, parts.now)
        }
        // Only now: until then, the queue brings an interrupted letter again.
        await letter.remove()
        answered++
      }
    }
    const run = await runKeeper(parts, COMPARE_PASSES, look)
    return done({ ...run, ...all, letters: answered })
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
}

const isShipped = (journal: Journaled, cursor: Cursor | undefined): boolean =>
  cursor !== undefined && cursor.count === journal.events.length && continues(journal, cursor)
