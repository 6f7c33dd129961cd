/**
 * The shipper: puts the events of journals into the log. One function, from top to bottom; recovery and the normal path are the same.
 *
 *   stage     the batch is written as a whole, under its own hash
 *   move      the head moves, by compare-and-swap: from here on the batch is in the log, no matter which shipper finishes it
 *   apply     what the head names is written: tiles, events, checkpoint, lookup rows, cursors; every write is idempotent
 *
 * A shipper first finishes what the head names if it is not marked as applied. So two shippers cannot fork the log, a crash loses nothing,
 * and an event that the stream delivers twice is shipped once: the cursor says how far a journal has been shipped.
 */

import type { Journaled } from '@stint/core/audit/journal-item'
import { readEvent } from '@stint/core/audit/schema'
import type { RandomBytes } from '@stint/core/ids'
import { type Instant, parseIso } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { fold, sameHash } from '@stint/tlog/merkle'
import { Halt, type Head, type LogState, Trouble } from '../ports/log.ts'
import type { Clock } from '../ports/runtime.ts'
import { type Publishing, prune, publishCheckpoint, rowsOf, writeEvents, writeTiles } from './publish.ts'
import {
  beyond,
  decodeStage,
  encodeStage,
  headAfter,
  isRetired,
  MAX_STAGED,
  type Quarantine,
  type Staged,
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
  const shipped: Staged[] = []
  const quarantined = new Map<string, Quarantine>()
  let losses = 0
  while (losses < MAX_LOSSES) {
    const found = await state.head()
    const head = found && !found.applied ? await apply(shipper, found) : found

    // Cursors are read after the head: if the head has not moved when this shipper moves it, the cursors have not moved either.
    const cursors = await state.cursors(journals.map(({ request }) => request))
    const staged: Staged[] = []
    for (const journal of journals) {
      const more = beyondSafely(journal, cursors.get(journal.request))
      if ('cause' in more) quarantined.set(journal.request, more)
      else staged.push(...more)
    }
    if (staged.length === 0) break

    // Stage. If the process dies after this, an object remains that nothing names; the hourly run removes it.
    const batch = staged.slice(0, MAX_STAGED)
    const stage = encodeStage(head?.size ?? 0, batch, shipper.random, shipper.clock())
    await events.create(stagePath(stage.name), stage.bytes)

    // Move. If the process dies after this, the head names the stage, and the next shipper applies it.
    const next = headAfter(head, batch, stage.name)
    if (await state.move(head, next)) {
      await apply(shipper, next)
      shipped.push(...batch)
      losses = 0
    } else {
      await events.remove(stagePath(stage.name))
      losses++
    }
  }
  if (losses >= MAX_LOSSES) throw new Trouble('other shippers keep moving the head')
  for (const toQuarantine of quarantined.values()) await quarantine(shipper, toQuarantine)
  // An item may leave the table only after its `retired` event is in the log.
  for (const journal of journals.filter(({ removed }) => removed))
    if (!isRetired(journal)) shipper.say({ level: 'error', event: 'journal-removed', request: journal.request })
  const oldest = Math.min(...shipped.map(({ event }) => timeOf(event)))
  return { entries: shipped.length, quarantined: [...quarantined.values()], ...(shipped.length > 0 ? { oldest } : {}) }
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

/** Writes what the head names. Safe to run again, and at the same time as other shippers. */
async function apply(shipper: Shipper, head: Head): Promise<Head> {
  const { state, events } = shipper
  const path = stagePath(head.stage)
  const object = await events.get(path)
  if (!object) {
    // Another shipper has finished the stage and removed it.
    const now = await state.head()
    if (now && (now.applied || now.stage !== head.stage)) return now.applied ? now : apply(shipper, now)
    throw new Halt(`the head names ${path}, which does not exist`)
  }
  const stage = decodeStage(object.bytes, head.stage)
  if (!stage) throw new Halt(`${path} does not match the head`)
  if (!sameHash(fold(head.edge), head.root) || stage.size + stage.staged.length !== head.size)
    throw new Halt('the head does not match its stage')

  const tiles = await writeTiles(shipper, stage)
  await writeEvents(shipper, stage)
  await publishCheckpoint(shipper, head, async () => (await state.head())?.stage === head.stage)
  await state.index(rowsOf(stage))
  await advanceCursors(state, stage)
  await state.applied(head.stage)
  await events.remove(path)
  await prune(shipper, tiles)
  return { ...head, applied: true }
}

async function advanceCursors(
  state: LogState,
  { size, staged }: { readonly size: number; readonly staged: readonly Staged[] },
): Promise<void> {
  const byRequest = new Map<string, { seq: number; commit: string; first: string; places: number[] }>()
  staged.forEach(({ request, seq, commit }, at) => {
    const one = byRequest.get(request) ?? { seq, commit, first: commit, places: [] }
    one.commit = commit
    one.places.push(size + at)
    byRequest.set(request, one)
  })
  await Promise.all(
    [...byRequest].map(([request, { seq, commit, first, places }]) =>
      state.advance(request, seq, { count: seq + places.length, commit, first, places }),
    ),
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
function beyondSafely(journal: Journaled, cursor: Parameters<typeof beyond>[1]): readonly Staged[] | Quarantine {
  try {
    return beyond(journal, cursor)
  } catch (error) {
    return { request: journal.request, cause: `it cannot be read: ${(error as Error).message}` }
  }
}

/** Quarantines a journal for an operator to inspect, and logs it. Its next change is tried again. */
async function quarantine(shipper: Shipper, { request, cause }: Quarantine): Promise<void> {
  const at = shipper.clock()
  await shipper.events.create(`quarantined/${request}`, Buffer.from(JSON.stringify({ request, cause, at })))
  shipper.say({ level: 'error', event: 'journal-quarantined', request, cause })
}

function timeOf(event: string): Instant {
  const read = readEvent(event)
  return (typeof read === 'object' && parseIso(read.at)) || 0
}
