/**
 * The keepers, compare and retire, over a table in this process and a log in memory: killed at every call, twice at once, with late events
 * and lost answers. Whatever happens, the next runs finish the work, and nothing is done twice.
 */
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { dayWalk } from '@stint/broker/adapters/dynamodb/day-walk'
import { journalsReader } from '@stint/broker/adapters/dynamodb/journal-reader'
import { progress } from '@stint/broker/adapters/dynamodb/progress'
import { refusedDayKey } from '@stint/broker/adapters/dynamodb/refused-day'
import { retire } from '@stint/broker/adapters/dynamodb/retirement'
import { dayKey, shardOf, timeKey } from '@stint/broker/adapters/dynamodb/table'
import { type Network, tableInProcess } from '@stint/broker/adapters/dynamodb/testing/table'
import { KEPT_DAYS } from '@stint/broker/keepers/ages'
import { type Comparing, compare } from '@stint/broker/keepers/compare'
import { ship } from '@stint/broker/log/ship'
import type { DeadLetters } from '@stint/broker/ports/dead-letters'
import { Trouble } from '@stint/broker/ports/log'
import type { Journaled } from '@stint/core/audit/journal-item'
import { days, seconds } from '@stint/core/instant'
import { describe, expect, test } from 'vitest'
import {
  bytes,
  type Fate,
  journalOf,
  type MemoryLog,
  newMemoryLog,
  type requestId,
  START,
  shipperOf,
  systemJournal,
} from '../support/memory-log.ts'

const HOUR_MS = seconds(3600)
const [STORY, SIDE] = ['stint', 'stint-side']
const PAGE = 4

// ── A table with journals, and a log ─────────────────────────────────────────────────────────────────────────────────

/** `fates`: what becomes of the nth call of table or log. */
function world() {
  const table = tableInProcess({ indexed: true })
  const memory: MemoryLog = newMemoryLog()
  let now = START
  let calls = 0
  let fate: (nth: number) => Fate = () => 'works'
  const next = (): Fate => fate(calls++)
  const through: Network = async (_sent, apply) => {
    await new Promise(setImmediate)
    const own = next()
    if (own === 'fails-before') throw new Error('killed before')
    const answer = apply()
    if (own === 'fails-after') throw new Error('killed after')
    return answer
  }
  table.through(through)
  const shipper = () => ({ ...shipperOf(memory, next), clock: () => now })
  const source = { client: table.client, storyTable: STORY, sleep: async () => {} }
  const remembered = (keeper: 'compare' | 'retire') => progress({ ...source, sideTable: SIDE }, keeper)

  return {
    table,
    memory,
    source,
    calls: () => calls,
    at: (instant: number) => void (now = instant),
    fates: (of: (nth: number) => Fate) => {
      calls = 0
      fate = of
    },
    /** Writes the item of a journal, created `ago` before START. */
    async put({ request, events, about }: Journaled, ago: number, more: object = {}) {
      const [id, created] = [request as ReturnType<typeof requestId>, START - ago]
      const key = (more as { state?: string }).state === 'refused' ? refusedDayKey : dayKey
      const item = {
        pk: `REQ#${id}`,
        state: 'ended',
        dayKey: key(created, shardOf(id)),
        at: timeKey(created, id),
        caller: about,
        profile: about.profile,
        target: about.target,
        events,
        ...more,
      }
      await table.client.send(new PutItemCommand({ TableName: STORY, Item: marshall(item) }))
    },
    /** Another event, which the stream does not bring. */
    async append(journal: Journaled, from: Journaled) {
      await table.client.send(
        new UpdateItemCommand({
          TableName: STORY,
          Key: marshall({ pk: `REQ#${journal.request}` }),
          UpdateExpression: 'SET events = list_append(events, :events)',
          ExpressionAttributeValues: marshall({ ':events': from.events.slice(journal.events.length) }),
        }),
      )
    },
    shipped: async (journals: readonly Journaled[]) => void (await ship(shipperOf(memory), [systemJournal(), ...journals])),
    counts: async (journals: readonly Journaled[]) => {
      const cursors = await memory.state.cursors(journals.map(({ request }) => request))
      return journals.map(({ request }) => cursors.get(request)?.count ?? 0)
    },
    compare: (more: Partial<Comparing> = {}) => {
      const own = remembered('compare')
      return compare({
        shipper: shipper(),
        journals: journalsReader(source),
        progress: own,
        retiring: remembered('retire').kept,
        walk: dayWalk(source, own, PAGE),
        now,
        mayGoOn: () => true,
        ...more,
      })
    },
    retire: (mayGoOn = () => true) => {
      const own = remembered('retire')
      const settings = { ...source, sideTable: SIDE, random: bytes, configHash: 'c'.repeat(64) } as unknown as Parameters<typeof retire>[0]
      return retire(settings, shipper().state, { progress: own, walk: dayWalk(source, own, PAGE), now, mayGoOn })
    },
  }
}
type World = ReturnType<typeof world>

const journals = (count: number, from = 1): Journaled[] => Array.from({ length: count }, (_, at) => journalOf(from + at))
const whole = (all: readonly Journaled[]) => all.map(({ events }) => events.length)
const cut = (journal: Journaled): Journaled => ({ ...journal, events: journal.events.slice(0, -1) })

/** Runs with each call killed in turn, before or after it takes effect, until a run makes no such call. */
async function killedAtEachCall(
  make: () => Promise<World>,
  run: (world: World) => Promise<unknown>,
  check: (world: World, nth: number) => Promise<void>,
): Promise<number> {
  let nth = 0
  for (; ; nth++) {
    let reached = false
    for (const how of ['fails-before', 'fails-after'] as const) {
      const it = await make()
      // A process that is killed makes no further call.
      it.fates((at) => {
        if (at < nth) return 'works'
        reached = true
        return at === nth ? how : 'fails-before'
      })
      await run(it)
      it.fates(() => 'works')
      await check(it, nth)
    }
    if (!reached) return nth
  }
}

/** The nth call to the table fails, before or after it takes effect. Returns how many calls there were. */
function failingOnce(it: World, nth: number, how: 'before' | 'after'): () => number {
  let calls = 0
  it.table.through((_sent, apply) => {
    const fails = calls++ === nth
    if (fails && how === 'before') throw new Error('the connection was reset')
    const answer = apply()
    if (fails) throw new Error('the connection was reset')
    return answer
  })
  return () => calls
}

// ── Compare ──────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('compare', () => {
  const all = journals(14)
  const lost = [all[2], all[7], all[13]] as Journaled[]
  /** Over three days; of three journals the stream lost all or the end. */
  async function withLost(): Promise<World> {
    const it = world()
    await it.shipped(all.filter((journal) => !lost.includes(journal)))
    await it.shipped([cut(lost[1] as Journaled)])
    for (const [at, journal] of all.entries()) await it.put(journal, HOUR_MS * (2 + at * 4))
    return it
  }

  test('ships what the stream lost, once', async () => {
    const it = await withLost()
    expect(await it.compare()).toMatchObject({ outcome: 'done', value: { entries: expect.any(Number), finished: true, kept: 0 } })
    expect(await it.counts(all)).toEqual(whole(all))
    expect(await it.compare()).toMatchObject({ value: { entries: 0, finished: true } })
  })

  test('killed at every call, the next run finishes', async () => {
    const made = await killedAtEachCall(
      withLost,
      (it) => it.compare().catch(() => undefined),
      async (it) => {
        expect(await it.compare()).toMatchObject({ outcome: 'done', value: { finished: true } })
        expect(await it.counts(all)).toEqual(whole(all))
        expect(it.memory.state.now.head?.size).toBe(whole(all).reduce((sum, count) => sum + count, 1))
      },
    )
    expect(made).toBeGreaterThan(60)
  })

  test.each(['before', 'after'] as const)('a call to the table that fails once, %s it takes effect, is sent again', async (how) => {
    for (let nth = 0, made = 1; nth < made; nth++) {
      const it = await withLost()
      const calls = failingOnce(it, nth, how)
      expect(await it.compare()).toMatchObject({ outcome: 'done', value: { finished: true } })
      expect(await it.counts(all)).toEqual(whole(all))
      made = calls()
    }
  })

  test('two at once ship nothing twice', async () => {
    const it = await withLost()
    const both = await Promise.all([it.compare(), it.compare()])
    expect(both.map(({ outcome }) => outcome)).toEqual(['done', 'done'])
    expect(it.memory.state.now.head?.size).toBe(whole(all).reduce((sum, count) => sum + count, 1))
    expect(await it.counts(all)).toEqual(whole(all))
  })

  test('a run whose time is up hands on, and no page is looked at twice', async () => {
    const it = world()
    const many = journals(120)
    for (const [at, journal] of many.entries()) await it.put(journal, HOUR_MS * 2 + at * 1000)
    const seen: string[] = []
    const readJournals = async (ids: readonly string[]) => {
      seen.push(...ids)
      return many.filter(({ request }) => ids.includes(request)).map((journal) => ({ ...journal, current: true }))
    }
    let runs = 0
    for (; runs < 20 && seen.length < many.length; runs++) {
      it.at(START + runs * HOUR_MS)
      let pages = 0
      const exact = async (ids: readonly string[]) => many.filter(({ request }) => ids.includes(request))
      await it.compare({ mayGoOn: () => pages++ < 45, journals: (ids, consistent) => (consistent ? exact(ids) : readJournals(ids)) })
    }
    expect(runs).toBeGreaterThan(2)
    expect(seen.toSorted()).toEqual(many.map(({ request }) => request))
    expect(await it.counts(many)).toEqual(whole(many))
  })

  test('a late event of a day that is closed is found at the next age', async () => {
    const it = world()
    const [journal] = journals(1) as [Journaled]
    await it.put(cut(journal), HOUR_MS * 2)
    await it.shipped([cut(journal)])
    await it.compare()
    await it.append(cut(journal), journal)
    expect(await it.compare()).toMatchObject({ value: { looked: 0, entries: 0 } })
    it.at(START + days(1))
    expect(await it.compare()).toMatchObject({ value: { looked: 1, entries: 1 } })
    // And the last of all, when no grant can be left.
    it.at(START + days(60))
    expect(await it.compare()).toMatchObject({ value: { entries: 0 } })
  })

  test('an item that is indexed late, but within the hour, is found', async () => {
    const it = world()
    const [early, late] = journals(2) as [Journaled, Journaled]
    await it.put(early, HOUR_MS + 1000)
    await it.compare()
    await it.put(late, HOUR_MS - 1000)
    it.at(START + HOUR_MS)
    expect(await it.compare()).toMatchObject({ value: { looked: 1 } })
    expect(await it.counts([late])).toEqual(whole([late]))
  })

  test('a journal that cannot be shipped is kept, and the others are shipped', async () => {
    const it = world()
    const [bad, good] = journals(2) as [Journaled, Journaled]
    const broken = { ...bad, events: [{ event: '{"no":"event"}', salt: new Uint8Array(32) }] }
    await it.put(broken, HOUR_MS * 3)
    await it.put(good, HOUR_MS * 2)
    expect(await it.compare()).toMatchObject({ value: { kept: 1, quarantined: [{ request: bad.request }] } })
    expect(await it.counts([good])).toEqual(whole([good]))
    expect(await it.compare()).toMatchObject({ value: { kept: 1, looked: 1 } })
    await it.put(bad, HOUR_MS * 3)
    expect(await it.compare()).toMatchObject({ value: { kept: 0, looked: 1 } })
    expect(await it.compare()).toMatchObject({ value: { kept: 0, looked: 0 } })
    expect(await it.counts([bad])).toEqual(whole([bad]))
  })

  test('starts with what the dead letters name, and removes a letter when its journals are in the log', async () => {
    const it = world()
    const named = journals(3)
    // Younger than what any pass looks at.
    for (const journal of named) await it.put(journal, 1000)
    const removed: number[] = []
    let left = [0, 1]
    const letters: DeadLetters = {
      receive: async () => ({
        // One of them is about another stream.
        received: left.length === 0 ? 0 : left.length + 1,
        usable: left.map((at) => ({
          journals: async () => named.slice(at, at + 2).map(({ request }) => request),
          remove: async () => {
            removed.push(at)
            left = left.filter((one) => one !== at)
          },
        })),
      }),
    }
    it.fates((nth) => (nth > 8 ? 'fails-before' : 'works'))
    expect(await it.compare({ letters })).toMatchObject({ outcome: 'unknown' })
    expect(removed).toEqual([])
    it.fates(() => 'works')
    expect(await it.compare({ letters })).toMatchObject({ value: { letters: 2 } })
    expect(removed).toEqual([0, 1])
    expect(await it.counts(named)).toEqual(whole(named))
  })

  test('a dead letter that cannot be answered holds up neither the others nor the passes', async () => {
    const it = world()
    const [named, old] = journals(2) as [Journaled, Journaled]
    await it.put(named, 1000)
    await it.put(old, HOUR_MS * 2)
    let rounds = 0
    const letter = (ids: () => Promise<readonly string[]>) => ({ journals: ids, remove: async () => {} })
    const bad = letter(async () => {
      throw new Trouble('its records do not end')
    })
    const letters = { receive: async () => ({ received: 2, usable: rounds++ === 0 ? [bad, letter(async () => [named.request])] : [bad] }) }
    expect(await it.compare({ letters })).toMatchObject({ outcome: 'unknown', cause: 'its records do not end' })
    expect(await it.counts([named, old])).toEqual(whole([named, old]))
  })

  test('a table that takes the place of another one is compared anew', async () => {
    const it = await withLost()
    await it.compare()
    const places = () =>
      it.table
        .items()
        .filter(({ pk }) => pk?.S === 'KEEP#compare')
        .map(({ to }) => to?.S)
    const before = places()
    expect(before.length).toBeGreaterThan(0)
    const restored = progress({ client: it.table.client, storyTable: 'restored', sideTable: SIDE, sleep: async () => {} }, 'compare')
    expect(await restored.reached()).toEqual(new Map())
    expect(await restored.move('requests-1h#0', '2026-01-01')).toBe('2026-01-01')
  })

  test('costs the same however much the table has', async () => {
    const callsWith = async (old: number): Promise<number> => {
      const it = world()
      for (const [at, journal] of journals(old, 100).entries()) await it.put(journal, days(100) + at * 60_000)
      for (const journal of journals(8)) await it.put(journal, HOUR_MS * 2)
      await it.shipped(journals(8))
      it.fates(() => 'works')
      await it.compare()
      return it.calls()
    }
    expect(await callsWith(2000)).toBe(await callsWith(10))
  })
})

// ── Retire ───────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('retire', () => {
  const all = journals(10)
  const OLD_MS = days(KEPT_DAYS.requests) + HOUR_MS
  async function withOld(): Promise<World> {
    const it = world()
    for (const journal of all) await it.put(journal, OLD_MS)
    await it.shipped(all)
    return it
  }
  const events = (it: World) => all.map(({ request }) => it.table.item(STORY, `REQ#${request}`)?.events?.L?.length)
  const expiring = (it: World) => all.filter(({ request }) => it.table.item(STORY, `REQ#${request}`)?.expires !== undefined).length
  const retiredCounts = whole(all).map((count) => count + 1)
  /** What the shipper would do with the stream. */
  const shipAll = async (it: World) => {
    const current = await journalsReader(it.source)(
      all.map(({ request }) => request),
      true,
    )
    await it.shipped(current)
  }

  test('first the event; a day later, when the log has it, the end', async () => {
    const it = await withOld()
    expect(await it.retire()).toMatchObject({ value: { retired: 10, expiring: 0, kept: 0 } })
    expect(events(it)).toEqual(retiredCounts)
    await shipAll(it)
    it.at(START + days(1))
    expect(await it.retire()).toMatchObject({ value: { retired: 0, expiring: 10, kept: 0 } })
    expect(await it.retire()).toMatchObject({ value: { retired: 0, expiring: 0, looked: 0 } })
  })

  test('an item that is retired after the last pass of the comparison, and lost by the stream, is shipped and leaves', async () => {
    const it = await withOld()
    it.at(START + days(3))
    await it.compare()
    await it.retire()
    it.at(START + days(4))
    // The log does not have the retired events.
    expect(await it.retire()).toMatchObject({ value: { expiring: 0, kept: 10 } })
    expect(await it.compare()).toMatchObject({ value: { entries: 10 } })
    expect(await it.counts(all)).toEqual(retiredCounts)
    expect(await it.retire()).toMatchObject({ value: { expiring: 10, kept: 0 } })
  })

  test('killed at every call, the next runs finish, and each item is retired once', async () => {
    const made = await killedAtEachCall(
      withOld,
      (it) => it.retire().catch(() => undefined),
      async (it) => {
        await it.retire()
        expect(events(it)).toEqual(retiredCounts)
        await shipAll(it)
        it.at(START + days(1))
        await it.retire()
        await it.retire()
        expect([expiring(it), events(it)]).toEqual([10, retiredCounts])
      },
    )
    expect(made).toBeGreaterThan(30)
  })

  test('killed at every call of its second step, too', async () => {
    await killedAtEachCall(
      async () => {
        const it = await withOld()
        await it.retire()
        await shipAll(it)
        it.at(START + days(1))
        return it
      },
      (it) => it.retire().catch(() => undefined),
      async (it) => {
        await it.retire()
        expect([expiring(it), events(it)]).toEqual([10, retiredCounts])
      },
    )
  })

  test.each(['before', 'after'] as const)('a call to the table that fails once, %s it takes effect, is sent again', async (how) => {
    for (let nth = 0, made = 1; nth < made; nth++) {
      const it = await withOld()
      const calls = failingOnce(it, nth, how)
      expect(await it.retire()).toMatchObject({ outcome: 'done', value: { finished: true } })
      expect(events(it)).toEqual(retiredCounts)
      made = calls()
    }
  })

  test('two at once retire each item once', async () => {
    const it = await withOld()
    await Promise.all([it.retire(), it.retire()])
    expect(events(it)).toEqual(retiredCounts)
  })

  test('after days without a run, it catches up', async () => {
    const it = world()
    for (const [at, journal] of all.entries()) await it.put(journal, OLD_MS + HOUR_MS * at * 10)
    await it.shipped(all)
    // Both passes are due for all of them, and the second must not overtake the log.
    expect(await it.retire()).toMatchObject({ value: { retired: 10, expiring: 0, kept: 0 } })
    await shipAll(it)
    it.at(START + days(1))
    expect(await it.retire()).toMatchObject({ value: { retired: 0, expiring: 10 } })
  })

  test('what is not in the log is kept, and retired when it is', async () => {
    const it = world()
    const [journal] = all as [Journaled]
    await it.put(journal, OLD_MS)
    expect(await it.retire()).toMatchObject({ value: { retired: 0, kept: 1 } })
    it.at(START + days(3))
    expect(await it.retire()).toMatchObject({ value: { retired: 0, kept: 1 } })
    await it.shipped([journal])
    expect(await it.retire()).toMatchObject({ value: { retired: 1, expiring: 0, kept: 1 } })
    const current = await journalsReader(it.source)([journal.request], true)
    await it.shipped(current)
    expect(await it.retire()).toMatchObject({ value: { retired: 0, expiring: 1, kept: 0 } })
    expect(await it.retire()).toMatchObject({ value: { looked: 0 } })
  })

  test('a log that lacks everything stops the run, and nothing is passed over', async () => {
    const it = world()
    const many = journals(1100)
    for (const journal of many) await it.put(journal, OLD_MS)
    expect(await it.retire()).toMatchObject({ outcome: 'unknown', cause: expect.stringContaining('more than 1000 items') })
    for (let at = 0; at < many.length; at += 300) await it.shipped(many.slice(at, at + 300))
    let retired = 0
    for (let runs = 0; runs < 4; runs++) {
      const ran = await it.retire()
      retired += ran.outcome === 'done' ? ran.value.retired : 0
    }
    expect(retired).toBe(1100)
  })

  test('refusals leave from partitions of their own', async () => {
    const it = world()
    const [refused, request] = all as [Journaled, Journaled]
    await it.put(refused, days(KEPT_DAYS.refusals) + HOUR_MS, { state: 'refused' })
    await it.put(request, days(KEPT_DAYS.refusals) + HOUR_MS)
    await it.shipped([refused, request])
    expect(await it.retire()).toMatchObject({ value: { retired: 1, looked: 1 } })
  })
})

test('a journal that was changed in place is quarantined, although it has as many events as the log', async () => {
  const it = world()
  const [journal, other] = [journalOf(1), journalOf(2)]
  await it.shipped([journal])
  await it.put({ ...journal, events: [...journal.events.slice(0, -1), ...other.events.slice(-1)] }, days(1))
  it.at(START + HOUR_MS)
  expect(await it.compare()).toMatchObject({
    value: { quarantined: expect.arrayContaining([{ request: journal.request, cause: 'event 2 differs from the one in the log' }]) },
  })
})
