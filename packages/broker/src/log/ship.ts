/**
 * The shipper: puts the events of journals into the log. One function, from top to bottom; recovery and the normal path are the same.
 *
 *   stage     the batch is written as a whole, under its own hash
 *   move      the head moves, by compare-and-swap: from here on the batch is in the log, no matter which shipper finishes it
 *   apply     what the head names is written: tiles, events and lookup rows, then the checkpoint, then cursors; every write is idempotent
 *
 * A shipper first finishes what the head names if it is not marked as applied. So two shippers cannot fork the log, a crash loses nothing,
 * and an event that the stream delivers twice is shipped once: the cursor says how far a journal has been shipped.
 */

import type { Journaled } from '@stint/core/audit/journal-item'
import { defined } from '@stint/core/defined'
import type { RandomBytes } from '@stint/core/ids'
import { type Instant, parseIso } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { fold, sameHash } from '@stint/tlog/merkle'
import { Halt, type Head, type LogState, Trouble } from '../ports/log.ts'
import type { Clock } from '../ports/runtime.ts'
import { lookupRows } from './lookup.ts'
import { all, inParallel } from './parallel.ts'
import { type Publishing, prune, publishCheckpoint, withoutFailing, writeEvents, writeTiles } from './publish.ts'
import {
  type Batch,
  beyond,
  decodeStage,
  encodeStage,
  headAfter,
  isRetired,
  lookedUp,
  MAX_STAGED,
  type Prepared,
  type Quarantine,
  stagePath,
  stageTime,
} from './stage.ts'

export type Shipper = Publishing & { readonly state: LogState; readonly clock: Clock; readonly random: RandomBytes }

export type Shipped = {
  readonly entries: number
  /** When the oldest of them happened: this shows how far the log is behind. */
  readonly oldest?: Instant
  /** Journals that were quarantined for an operator to inspect. */
  readonly quarantined: readonly Quarantine[]
}

/** Attempts in a row in which another shipper was faster. */
const MAX_LOSSES = 50

/** Ships what these journals hold beyond their cursors. `unknown`: some of it may be in the log; try the same again. */
export async function ship(shipper: Shipper, journals: readonly Journaled[]): Promise<Done<Shipped> | Unknown> {
  try {
    return done(await shipAll(shipper, longestOfEach(journals)))
  } catch (error) {
    if (!(error instanceof Trouble || error instanceof Halt)) throw error
    shipper.say({ level: 'error', event: error instanceof Halt ? 'log-halted' : 'log-trouble', cause: error.message })
    return { outcome: 'unknown', cause: error.message }
  }
}

async function shipAll(shipper: Shipper, journals: readonly Journaled[]): Promise<Shipped> {
  const { state, events } = shipper
  const shipped: Prepared[] = []
  const quarantined = new Map<string, Quarantine>()
  // Journals that may have events beyond their cursors. Cursors only advance, so a journal that has none is not looked at again.
  let left = journals
  let losses = 0
  do {
    const found = await state.head()
    const head = found && !found.applied ? await recover(shipper, found) : found

    // Cursors are read after the head: if the head has not moved when this shipper moves it, the cursors have not moved either.
    const cursors = await state.cursors(left.map(({ request }) => request))
    const prepared: Prepared[] = []
    const growing: { readonly journal: Journaled; readonly end: number }[] = []
    for (const journal of left) {
      const more = beyondSafely(journal, cursors.get(journal.request))
      if ('cause' in more) quarantined.set(journal.request, more)
      else if (more.length > 0) growing.push({ journal, end: prepared.push(...more) })
    }
    if (prepared.length === 0) break

    // Stage. If the process dies after this, an object remains that nothing names; the hourly run removes it.
    const batch = { size: head?.size ?? 0, prepared: prepared.slice(0, MAX_STAGED) }
    const stage = encodeStage(batch, shipper.random, shipper.clock())
    await events.create(stagePath(stage.name), stage.bytes)

    // Move. If the process dies after this, the head names the stage, and the next shipper applies it.
    const next = headAfter(head, batch.prepared, stage.name)
    if (await state.move(head, next)) {
      await apply(shipper, next, batch)
      shipped.push(...batch.prepared)
      left = growing.filter(({ end }) => end > batch.prepared.length).map(({ journal }) => journal)
      losses = 0
    } else {
      await events.remove(stagePath(stage.name))
      left = growing.map(({ journal }) => journal)
      losses++
    }
  } while (left.length > 0 && losses < MAX_LOSSES)
  if (losses >= MAX_LOSSES) throw new Trouble('other shippers keep moving the head')
  await inParallel([...quarantined.values()], QUARANTINED_AT_ONCE, (one) => quarantine(shipper, one))
  // An item may leave the table only after its `retired` event is in the log.
  for (const journal of journals.filter(({ removed }) => removed))
    if (!isRetired(journal)) shipper.say({ level: 'error', event: 'journal-removed', request: journal.request })
  return { entries: shipped.length, quarantined: [...quarantined.values()], ...defined({ oldest: oldestOf(shipped) }) }
}

/**
 * Ships what the stream lost: compares the journals of the table with their cursors. Also finishes what an interrupted shipper has begun.
 */
export async function shipLost(shipper: Shipper, journals: AsyncIterable<readonly Journaled[]>): Promise<Done<Shipped> | Unknown> {
  const begun = await tidy(shipper)
  if (begun.outcome === 'unknown') return begun
  let all = begun.value
  try {
    for await (const some of journals) {
      const shipped = await ship(shipper, some)
      if (shipped.outcome === 'unknown') return shipped
      all = together(all, shipped.value)
    }
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
  return done(all)
}

/** Finishes what an interrupted shipper has begun, and removes the stages that nothing names. */
export async function tidy(shipper: Shipper): Promise<Done<Shipped> | Unknown> {
  const begun = await ship(shipper, [])
  if (begun.outcome === 'unknown') return begun
  try {
    await clearStages(shipper)
    return begun
  } catch (error) {
    if (error instanceof Trouble) return { outcome: 'unknown', cause: error.message }
    throw error
  }
}

export function together(one: Shipped, other: Shipped): Shipped {
  const oldest = [one.oldest, other.oldest].filter((at) => at !== undefined)
  return {
    entries: one.entries + other.entries,
    quarantined: [...one.quarantined, ...other.quarantined],
    ...(oldest.length > 0 ? { oldest: Math.min(...oldest) } : {}),
  }
}

/** Longer than any shipper runs: an older stage that the head does not name was left behind by an interrupted one. */
const STAGE_MS = 3_600_000

/** Stages hold whole events, so leftover ones must not stay for ever. */
async function clearStages({ state, events, clock }: Shipper): Promise<void> {
  const head = await state.head()
  for (const path of await events.list('stage/')) {
    const isNamed = head !== undefined && path === stagePath(head.stage) && !head.applied
    if (!isNamed && clock() - stageTime(path) > STAGE_MS) await events.remove(path)
  }
}

/** Finishes what another shipper has begun: reads the stage that the head names, and applies it. */
async function recover(shipper: Shipper, head: Head): Promise<Head> {
  const { state, events } = shipper
  const path = stagePath(head.stage)
  const object = await events.get(path)
  if (!object) {
    // Another shipper has finished the stage and removed it.
    const now = await state.head()
    if (now && (now.applied || now.stage !== head.stage)) return now.applied ? now : recover(shipper, now)
    throw new Halt(`the head names ${path}, which does not exist`)
  }
  const batch = decodeStage(object.bytes, head.stage)
  if (!batch) throw new Halt(`${path} does not match the head`)
  return apply(shipper, head, batch)
}

/**
 * Writes what the head names. Safe to run again from the beginning, at any point and at the same time as other shippers: until the head is
 * marked as applied, the next shipper does all of it again. What depends on what:
 *
 *   tiles, events        nothing
 *   lookup rows         nothing: a row that comes early leads to a journal of the table. So they are written beside all that follows
 *   checkpoint           every tile and event that it covers
 *   cursors              the checkpoint: erasing and retiring rely on a cursor to say that the published log has an event
 *   applied              all of the above
 *   stage removed        applied: recovery needs it until then
 *   partial tiles gone   the checkpoint, which no longer needs them
 */
async function apply(shipper: Shipper, head: Head, batch: Batch): Promise<Head> {
  const { state, events, say } = shipper
  const { size, prepared } = batch
  if (!sameHash(fold(head.edge), head.root) || size + prepared.length !== head.size) throw new Halt('the head does not match its stage')

  async function publish() {
    const [tiles] = await all([writeTiles(shipper, batch), writeEvents(shipper, batch)])
    await publishCheckpoint(shipper, head, async () => (await state.head())?.stage === head.stage)
    return tiles
  }
  const [tiles] = await all([publish(), state.index(lookupRows(prepared.flatMap(lookedUp)))])

  async function finish() {
    await advanceCursors(state, batch)
    await state.applied(head.stage)
    // If this fails, the hourly run removes it.
    await withoutFailing(say, 'stage-left', () => events.remove(stagePath(head.stage)))
  }
  await all([finish(), prune(shipper, tiles)])
  return { ...head, applied: true }
}

/** Cursors that are written at once. Each is a conditional write of an item of its own. */
const CURSORS_AT_ONCE = 64

async function advanceCursors(state: LogState, { size, prepared }: Batch): Promise<void> {
  const byRequest = new Map<string, { seq: number; commit: string; first: string; places: number[] }>()
  prepared.forEach(({ staged: { request, seq, commit } }, at) => {
    const one = byRequest.get(request) ?? { seq, commit, first: commit, places: [] }
    one.commit = commit
    one.places.push(size + at)
    byRequest.set(request, one)
  })
  await inParallel([...byRequest], CURSORS_AT_ONCE, ([request, { seq, commit, first, places }]) =>
    state.advance(request, seq, { count: seq + places.length, commit, first, places }),
  )
}

/** A batch can contain one journal several times; the longest is the latest. */
function longestOfEach(journals: readonly Journaled[]): readonly Journaled[] {
  const longest = new Map<string, Journaled>()
  for (const journal of journals) {
    const known = longest.get(journal.request)
    if (!known || journal.events.length >= known.events.length) longest.set(journal.request, journal)
  }
  return [...longest.values()]
}

/** A problem with one journal must never keep the others out of the log. */
function beyondSafely(journal: Journaled, cursor: Parameters<typeof beyond>[1]): readonly Prepared[] | Quarantine {
  try {
    return beyond(journal, cursor)
  } catch (error) {
    return { request: journal.request, cause: `it cannot be read: ${(error as Error).message}` }
  }
}

const QUARANTINED_AT_ONCE = 16

/** Quarantines a journal for an operator to inspect, and logs it. Its next change is tried again. */
async function quarantine(shipper: Shipper, { request, cause }: Quarantine): Promise<void> {
  const at = shipper.clock()
  await shipper.events.create(`quarantined/${request}`, Buffer.from(JSON.stringify({ request, cause, at })))
  shipper.say({ level: 'error', event: 'journal-quarantined', request, cause })
}

/** Times in one form sort as strings. */
function oldestOf(shipped: readonly Prepared[]): Instant | undefined {
  const [oldest] = shipped.flatMap(({ event }) => event?.at ?? []).sort()
  return oldest === undefined ? undefined : parseIso(oldest)
}
