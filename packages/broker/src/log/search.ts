/**
 * Searches events by what they are about. Lookup rows say which runs of events to look at; the events are read from their journals, and each
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
  /** One of these. */
  readonly targets?: readonly string[]
  readonly accessKeyId?: string
  /** A problem code or an event type. */
  readonly outcome?: string
  readonly since?: Instant
  /** Not included. */
  readonly before: Instant
}

export type FoundEvent = { readonly id: string; readonly event: ReadEvent; readonly about: About }
type EventPage = { readonly events: readonly FoundEvent[]; readonly next?: string }

/** How much one page takes. It ends with a cursor where that is reached. */
type PageBounds = {
  /** Events. */
  readonly limit: number
  /** Rounds of reading. Each waits for rows, and then for their journals. */
  readonly looks?: number
  /** Called with each event in turn; false if it does not fit on the page. The first must fit. */
  readonly hasRoom?: (one: FoundEvent) => boolean
}

export type EventSearch = {
  /**
   * Newest first, by the time at which a run of events began: the events of one journal that happened within a minute stay together, the last
   * of them first.
   */
  search(filter: EventFilter, bounds: PageBounds, cursor?: string): Promise<EventPage>
}

/** Whether a page of this search can begin there. */
export const isCursorOf = ({ since, before }: EventFilter, cursor: string): boolean =>
  cursor >= firstBound(since) && cursor <= toIso(before)

/** At midnight, the rows are those of the day before. */
const lastBound = (before: Instant): string => (before % days(1) === 0 ? `${toDay(before - 1)}T24` : toIso(before))

/** A run that began before the period can have events in it. */
const firstBound = (since: Instant | undefined): string => (since === undefined ? '' : toIso(since - RUN_MS))

/** Rounds for one page, and rows in all of them. After that the page ends, with a cursor. */
const MAX_LOOKS = 40
const MAX_ROWS = 1000
/** Rows of all keys that are read in one round. */
const ROWS_A_LOOK = 100
const READS_AT_ONCE = 16
/** Targets whose keys are read in one round. For more, the days are read. */
const MAX_TARGETS = 20

export function eventSearch({ state, journal: journalOf }: SearchParts): EventSearch {
  /**
   * Rows, newest first, from below a bound: of the keys with the fewest rows to filter, otherwise of the bound's day. `on`: where to go on.
   */
  async function look(
    filter: EventFilter,
    below: string,
    first: string,
  ): Promise<{ readonly rows: readonly LookupRow[]; readonly on?: string }> {
    const some = keysFor(filter)
    const day = below.slice(0, 10)
    const [before, beforeThat] = [1, 2].map((back) => toDay(Date.parse(day) - days(back))) as [string, string]
    // Of the day before the period, only the runs of its last minute are wanted. They take no round of their own.
    const isFirst = first.slice(0, 10) === before
    const keys = some ?? [...keysOfDay(day), ...(isFirst ? keysOfDay(before) : [])]
    const limit = Math.ceil(ROWS_A_LOOK / (some ?? keysOfDay(day)).length)
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
    return { rows, ...(some === undefined ? { on: `${isFirst ? beforeThat : before}T24` } : {}) }
  }

  /**
   * Whether the event of an older row is found in the row of its run as well, which is read when its turn comes. That is so where the log
   * was rebuilt, or the journal was shipped by older code and then by this.
   */
  async function isInRun(row: LookupRow, runs: Runs, filter: EventFilter): Promise<boolean> {
    const run = runs[row.seq]
    if (!run) return false
    const { request } = row
    const key = keysFor(filter) ? row.key : lookupKey.day(run.at.slice(0, 10), request)
    const bound = lookupBound({ ...run, request, run: true })
    // The first row below the first possible position after it.
    const [there] = await state.lookup(key, 1, `${bound}0`)
    return there !== undefined && lookupBound(there) === bound
  }

  async function search(filter: EventFilter, { limit, looks: most = MAX_LOOKS, hasRoom }: PageBounds, cursor?: string): Promise<EventPage> {
    const page: FoundEvent[] = []
    const journals = new Map<string, Promise<{ readonly journal: Journaled; readonly runs: Runs } | undefined>>()
    async function read(request: string) {
      const journal = await journalOf(request)
      return journal && { journal, runs: runsIn(journal.events) }
    }
    const first = firstBound(filter.since)
    const last = lastBound(filter.before)
    let below = cursor === undefined || cursor > last ? last : cursor
    for (let [looks, looked] = [0, 0]; looks < most && looked < MAX_ROWS; looks++) {
      const { rows: all, on } = await look(filter, below, first)
      const rows = all.filter(({ at }) => at >= first)
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
        for (const { seq, journal } of found[at] ?? []) {
          const one = foundIn(journal, seq)
          const event = typeof one === 'object' && fits(one, filter) ? one : undefined
          if (event && hasRoom?.(event) === false) return { events: page, next: below }
          below = boundInRun(row, seq)
          if (event) page.push(event)
          if (page.length >= limit) return { events: page, next: below }
        }
        below = lookupBound(row)
      }
      if (on === undefined || on < first || rows.length < all.length) return { events: page }
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

/** Whether a search has keys to look up. Otherwise it reads the days, one after the other. */
export const hasKeys = (filter: EventFilter): boolean => keysFor(filter) !== undefined

/** The keys with the fewest rows to filter; undefined if there are too many, or none. */
function keysFor({ accessKeyId, issuer, subject, outcome, profile, targets = [] }: EventFilter): readonly string[] | undefined {
  if (accessKeyId !== undefined) return [lookupKey.accessKey(accessKeyId)]
  if (issuer !== undefined && subject !== undefined) return [lookupKey.caller(issuer, subject)]
  if (outcome !== undefined && hasRows(outcome)) return [lookupKey.outcome(outcome)]
  if (profile !== undefined) return [lookupKey.profile(profile)]
  return targets.length === 0 || targets.length > MAX_TARGETS ? undefined : targets.map(lookupKey.target)
}

function fits(
  { event, about }: FoundEvent,
  { issuer, subject, profile, targets, accessKeyId, outcome, since, before }: EventFilter,
): boolean {
  const same = (wanted: string | undefined, is: unknown) => wanted === undefined || wanted === is
  const by = event.by as About | undefined
  const isCaller = (who: About | undefined) => who !== undefined && same(issuer, who.issuer) && same(subject, who.subject)
  return (
    (isCaller(about) || isCaller(by)) &&
    same(profile, about.profile) &&
    (targets === undefined || targets.includes(about.target ?? '')) &&
    same(accessKeyId, event.accessKeyId) &&
    same(outcome, outcomeOf(event)) &&
    (since === undefined || event.at >= toIso(since)) &&
    event.at < toIso(before)
  )
}
