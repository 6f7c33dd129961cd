/**
 * Searches events by what they are about. Look-up rows say which runs of events to look at; the events are read from their journals, and each
 * is checked against all criteria.
 */
import { type About, eventIn, type Journaled } from '@stint/core/audit/journal-item'
import type { ReadEvent } from '@stint/core/audit/schema'
import { days, type Instant, toDay, toIso } from '@stint/core/instant'
import type { LogState, LookupRow } from '../ports/log.ts'
import { boundInRun, hasRows, keysOfDay, leftAt, lookupBound, lookupKey, outcomeOf, RUN_MS, runsIn } from './lookup.ts'
import { inParallel } from './parallel.ts'

type SearchParts = {
  readonly state: Pick<LogState, 'lookup'>
  /** Reads one journal. */
  readonly journal: (request: string) => Promise<Journaled | undefined>
}

/** A search; all given criteria must match. */
export type EventFilter = {
  readonly issuer?: string
  readonly subject?: string
  readonly profile?: string
  readonly target?: string
  readonly accessKeyId?: string
  /** A problem code or an event type. */
  readonly outcome?: string
  readonly since?: Instant
  /** Not included. */
  readonly before: Instant
}

export type FoundEvent = { readonly id: string; readonly event: ReadEvent; readonly about: About }
type EventPage = { readonly events: readonly FoundEvent[]; readonly next?: string }

export type EventSearch = {
  /**
   * Newest first, by the time at which a run of events began: the events of one journal that happened within a minute stay together, the last
   * of them first.
   */
  search(filter: EventFilter, limit: number, cursor?: string): Promise<EventPage>
}

/** Rounds for one page, and rows in all of them. After that the page ends, with a cursor. */
const MAX_LOOKS = 40
const MAX_ROWS = 1000
/** Rows of all keys that are read in one round. */
const ROWS_A_LOOK = 100
const READS_AT_ONCE = 16

export function eventSearch({ state, journal: journalOf }: SearchParts): EventSearch {
  /** Rows, newest first, from below a bound: of the key with the fewest rows to filter, otherwise of the bound's day. `on`: where to go on. */
  async function look(filter: EventFilter, below: string): Promise<{ readonly rows: readonly LookupRow[]; readonly on?: string }> {
    const single = keyFor(filter)
    const day = below.slice(0, 10)
    const keys = single === undefined ? keysOfDay(day) : [single]
    const limit = Math.ceil(ROWS_A_LOOK / keys.length)
    const found = await Promise.all(keys.map((key) => state.lookup(key, limit, below)))
    const bounds = found.flatMap((rows) => (rows.length < limit ? [] : [lookupBound(rows.at(-1) as LookupRow)])).sort()
    // A key with more rows may have some below its last one, and they go before those of other keys.
    const end = bounds.at(-1)
    const rows = found
      .flat()
      .map((row) => ({ row, bound: lookupBound(row) }))
      .filter(({ bound }) => end === undefined || bound >= end)
      .sort((one, other) => (one.bound > other.bound ? -1 : 1))
      .map(({ row }) => row)
    if (end !== undefined) return { rows, on: end }
    // When a day has no more rows, continue with the last moment of the day before.
    return { rows, ...(single === undefined ? { on: `${toDay(Date.parse(day) - days(1))}T24` } : {}) }
  }

  /**
   * Whether the event of an older row is found in the row of its run as well, which is read when its turn comes. That is so where the log
   * was rebuilt, or the journal was shipped by older code and then by this.
   */
  async function isInRun(row: LookupRow, runs: Runs, filter: EventFilter): Promise<boolean> {
    const run = runs[row.seq]
    if (!run) return false
    const { request } = row
    const key = keyFor(filter) ?? lookupKey.day(run.at.slice(0, 10), request)
    const bound = lookupBound({ ...run, request, run: true })
    // The first row below the first possible position after it.
    const [there] = await state.lookup(key, 1, `${bound}0`)
    return there !== undefined && lookupBound(there) === bound
  }

  async function search(filter: EventFilter, limit: number, cursor?: string): Promise<EventPage> {
    const page: FoundEvent[] = []
    const journals = new Map<string, Promise<{ readonly journal: Journaled; readonly runs: Runs } | undefined>>()
    async function read(request: string) {
      const journal = await journalOf(request)
      return journal && { journal, runs: runsIn(journal.events) }
    }
    // A run that began before the period can have events in it.
    const first = filter.since === undefined ? '' : toIso(filter.since - RUN_MS)
    let below = cursor ?? toIso(filter.before)
    for (let [looks, looked] = [0, 0]; looks < MAX_LOOKS && looked < MAX_ROWS; looks++) {
      const { rows, on } = await look(filter, below)
      looked += rows.length
      // Several rows often belong to one request: read each request once, and all requests of a round together.
      for (const { request } of rows) if (!journals.has(request)) journals.set(request, read(request))
      await Promise.all(journals.values())
      const found = await inParallel(rows, READS_AT_ONCE, async (row) => {
        const known = await journals.get(row.request)
        if (!known) return []
        if (row.run) return eventsIn(row, known.runs, leftAt(row, below)).map((seq) => ({ seq, journal: known.journal }))
        return (await isInRun(row, known.runs, filter)) ? [] : [{ seq: row.seq, journal: known.journal }]
      })
      for (const [at, row] of rows.entries()) {
        if (row.at < first) return { events: page }
        for (const { seq, journal } of found[at] ?? []) {
          below = boundInRun(row, seq)
          const one = foundIn(journal, seq)
          if (typeof one === 'object' && fits(one, filter)) page.push(one)
          if (page.length >= limit) return { events: page, next: below }
        }
        below = lookupBound(row)
      }
      if (on === undefined || on < first) return { events: page }
      below = on
    }
    return { events: page, next: below }
  }

  return { search }
}

export const foundIn = ({ request, events: all, about }: Journaled, seq: number): FoundEvent | 'erased' | undefined => {
  const one = all[seq]
  if (!one) return undefined
  const event = eventIn(one)
  return event ? { id: `${request}/${seq}`, event, about } : 'erased'
}

type Runs = ReturnType<typeof runsIn>

/** The events of a run, by sequence number, below a bound, the last first. */
const eventsIn = (row: LookupRow, runs: Runs, below: number): readonly number[] =>
  runs.flatMap((run, seq) => (run?.seq === row.seq && run.at === row.at && seq < below ? [seq] : [])).reverse()

/** The key with the fewest rows to filter. */
function keyFor({ accessKeyId, issuer, subject, outcome, profile, target }: EventFilter): string | undefined {
  if (accessKeyId !== undefined) return lookupKey.accessKey(accessKeyId)
  if (issuer !== undefined && subject !== undefined) return lookupKey.caller(issuer, subject)
  if (outcome !== undefined && hasRows(outcome)) return lookupKey.outcome(outcome)
  if (profile !== undefined) return lookupKey.profile(profile)
  return target === undefined ? undefined : lookupKey.target(target)
}

function fits(
  { event, about }: FoundEvent,
  { issuer, subject, profile, target, accessKeyId, outcome, since, before }: EventFilter,
): boolean {
  const same = (wanted: string | undefined, is: unknown) => wanted === undefined || wanted === is
  const by = event.by as About | undefined
  const isCaller = (who: About | undefined) => who !== undefined && same(issuer, who.issuer) && same(subject, who.subject)
  return (
    (isCaller(about) || isCaller(by)) &&
    same(profile, about.profile) &&
    same(target, about.target) &&
    same(accessKeyId, event.accessKeyId) &&
    same(outcome, outcomeOf(event)) &&
    (since === undefined || event.at >= toIso(since)) &&
    event.at < toIso(before)
  )
}
