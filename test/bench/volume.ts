/**
 * What each background job does at 1,000, 100,000 and 1,000,000 requests a day and with 10, 1,000 and 10,000 profiles: calls, CPU, and wall
 * time with the latencies of a region, which is virtual; and how fast each grows. Also the shipper's speed, the lists, and the memory of
 * `vend` over 100,000 calls.
 *
 *     npm run bench:volume               # all of it, about ten minutes
 *     npm run bench:volume -- compare    # one part: compare, retire, sweep, lists, ship or vend
 *
 * The tables are in this process, and the CPU time includes them. The growth of a figure is the exponent between the two largest loads:
 * 1.00 is linear, 0.00 flat.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { dayWalk } from '@stint/broker/adapters/dynamodb/day-walk'
import { journalsReader } from '@stint/broker/adapters/dynamodb/journal-reader'
import { dynamoLedger } from '@stint/broker/adapters/dynamodb/ledger'
import { progress } from '@stint/broker/adapters/dynamodb/progress'
import { retire } from '@stint/broker/adapters/dynamodb/retirement'
import type { DynamoSettings } from '@stint/broker/adapters/dynamodb/sender'
import { dayKey, dueKey, shardOf, timeKey, workKey } from '@stint/broker/adapters/dynamodb/table'
import { tableInProcess } from '@stint/broker/adapters/dynamodb/testing/table'
import { sweep } from '@stint/broker/approvals/sweep'
import { KEPT_DAYS } from '@stint/broker/keepers/ages'
import { compare } from '@stint/broker/keepers/compare'
import { commitOf } from '@stint/core/audit/entry'
import { openRules, packRules } from '@stint/core/config/rules'
import type { Profile, Rules } from '@stint/core/config/shape'
import type { RequestId } from '@stint/core/ids'
import { days, type Instant, seconds } from '@stint/core/instant'
import { bytes, journalOf, newMemoryLog, requestId, START, shipperOf } from '../support/memory-log.ts'
import { contenders } from './contenders.ts'
import { measureShip } from './ship.ts'
import { virtualTime } from './virtual-time.ts'

const PER_DAY = [1_000, 100_000, 1_000_000] as const
const PROFILES = [10, 1_000, 10_000] as const
/** Milliseconds of one call. */
const DYNAMODB = { GetItem: 6, UpdateItem: 6, PutItem: 6, DeleteItem: 6, Query: 6, BatchGetItem: 8, BatchWriteItem: 12 } as const
const [STORY, SIDE] = ['stint', 'stint-side']
const HOUR_MS = seconds(3600)

// ── A deployment in virtual time ─────────────────────────────────────────────────────────────────────────────────────

type Run = { readonly calls: number; readonly cpuMs: number; readonly wallMs: number }

function deployment() {
  const time = virtualTime(START)
  const table = tableInProcess({ indexed: true })
  let calls = 0
  const latent = async <T>(milliseconds: number, answer: () => T | Promise<T>): Promise<T> => {
    calls++
    await time.sleep(milliseconds)
    return answer()
  }
  table.through(({ operation }, apply) => latent(DYNAMODB[operation as keyof typeof DYNAMODB], apply))
  const settings = {
    client: table.client,
    storyTable: STORY,
    sideTable: SIDE,
    clock: time.now,
    random: bytes,
    answerWithinMs: 600_000,
    sleep: time.sleep,
    configHash: 'c'.repeat(64),
    build: 'bench',
    approvalOf: () => undefined,
  } as unknown as DynamoSettings
  return {
    ...time,
    table,
    settings,
    /** Writes items as they are, in no time. */
    async put(items: readonly object[]): Promise<void> {
      table.through((_sent, apply) => apply())
      for (const item of items)
        await table.client.send(new PutItemCommand({ TableName: STORY, Item: marshall(item, { removeUndefinedValues: true }) }))
      table.through(({ operation }, apply) => latent(DYNAMODB[operation as keyof typeof DYNAMODB], apply))
    },
    async measure(work: () => Promise<unknown>): Promise<Run> {
      calls = 0
      const [cpu, wall] = [process.cpuUsage(), time.now()]
      await work()
      const { user, system } = process.cpuUsage(cpu)
      return { calls, cpuMs: (user + system) / 1000, wallMs: time.now() - wall }
    },
  }
}

/** One journal stands for all: the items differ in their IDs, and the events in the one that the log has of them. */
const PATTERN = journalOf(1)
const itemAt = (n: number, at: Instant, more: object = {}): object => {
  const id = requestId(n)
  const { about } = PATTERN
  return {
    pk: `REQ#${id}`,
    state: 'ended',
    dayKey: dayKey(at, shardOf(id)),
    at: timeKey(at, id),
    caller: about,
    profile: about.profile,
    target: about.target,
    events: PATTERN.events,
    ...more,
  }
}

/** A log that has every journal completely: a comparison then only reads. */
function fullLog() {
  const { events } = PATTERN as { readonly events: readonly Parameters<typeof commitOf>[0][] }
  const [first, last] = [events[0], events.at(-1)].map((one) => commitOf(one as (typeof events)[0])) as [string, string]
  const cursor = { count: events.length, first, commit: last, places: events.map((_, at) => at) }
  return { cursors: async (ids: readonly string[]) => new Map(ids.map((id) => [id, cursor])) }
}

/** An hour's requests, evenly, `ago` before now. */
const hourOf = (perDay: number, ago: number, from: number): object[] => {
  const count = Math.round(perDay / 24)
  return Array.from({ length: count }, (_, at) => itemAt(from + at, START - ago - 1 - Math.floor((at / count) * (HOUR_MS - 2))))
}

// ── The jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One hourly run in a steady state: an hour's requests at each of the five ages. */
async function compareHour(perDay: number): Promise<Run> {
  const it = deployment()
  const { settings } = it
  const ages = [HOUR_MS, days(1), days(7), days(47), days(KEPT_DAYS.requests + 2)]
  const items = ages.flatMap((age, at) => hourOf(perDay, age, at * perDay))
  const memory = newMemoryLog()
  const log = fullLog()
  const cursors = (ids: readonly string[]) => it.sleep(8 * Math.ceil(ids.length / 100 / 16)).then(() => log.cursors(ids))
  const run = (now: Instant) => {
    const remembered = progress(settings, 'compare')
    return compare({
      shipper: { ...shipperOf(memory), clock: it.now, state: { ...memory.state, cursors } },
      journals: journalsReader(settings),
      progress: remembered,
      retiring: progress(settings, 'retire').kept,
      walk: dayWalk(settings, remembered),
      now,
      mayGoOn: () => true,
    })
  }
  // The run before, which leaves its places.
  await run(START - HOUR_MS)
  await it.put(items)
  return it.measure(async () => {
    const ran = await run(START)
    if (ran.outcome === 'unknown' || ran.value.looked !== items.length) throw new Error(`compare: ${JSON.stringify(ran)}`)
  })
}

/** One hourly run in a steady state: an hour's requests to retire, and those of the day before to let expire. */
async function retireHour(perDay: number): Promise<Run> {
  const it = deployment()
  const { settings } = it
  const run = (now: Instant) => {
    const remembered = progress(settings, 'retire')
    return retire(settings, fullLog(), { progress: remembered, walk: dayWalk(settings, remembered), now, mayGoOn: () => true })
  }
  await run(START - HOUR_MS)
  await it.put(hourOf(perDay, days(KEPT_DAYS.requests), 0))
  return it.measure(async () => {
    const ran = await run(START)
    if (ran.outcome === 'unknown' || ran.value.retired !== Math.round(perDay / 24)) throw new Error(`retire: ${JSON.stringify(ran)}`)
  })
}

/** One run of a minute: a tenth of the requests needs people, and one change of time is due for each of them. */
async function sweepMinute(perDay: number, profiles: number): Promise<Run> {
  const it = deployment()
  const due = Math.round(perDay / 10 / 1440)
  const rules = { hash: 'c'.repeat(64), targets: {}, profiles: { ids: profileIds(profiles) } } as unknown as Rules
  const broker = { rules, ledger: dynamoLedger(it.settings), clock: it.now, log: () => {} }
  const minute = () => sweep(broker as unknown as Parameters<typeof sweep>[0])
  // What a config's first run does is done.
  for (const _run of [1, 2]) await minute()
  await it.sleep(seconds(900))
  await minute()
  const now = it.now()
  await it.put(Array.from({ length: due }, (_, at) => pendingItem(at, now, now - 1)))
  return it.measure(async () => {
    const swept = await minute()
    if (swept.changed !== due) throw new Error(`sweep: ${JSON.stringify(swept)}, and ${due} were due`)
  })
}

const profileIds = (count: number) => Array.from({ length: count }, (_, at) => `team-${String(at).padStart(6, '0')}`)
/** A request that waits for people, and expires then. */
const pendingItem = (n: number, createdAt: Instant, expiresAt: Instant): object => {
  const id = requestId(n)
  return itemAt(n, createdAt, {
    id,
    state: 'pending',
    version: 1,
    createdAt,
    expiresAt,
    terms: '{}',
    usesLeft: 1,
    workKey: workKey('pending', shardOf(id)),
    dueKey: dueKey(shardOf(id)),
    dueAt: timeKey(expiresAt, id as RequestId),
  })
}

/** A page of twenty of what an approver of all profiles can decide, among this many pending requests. */
async function approverList(pending: number): Promise<Run> {
  const it = deployment()
  await it.put(Array.from({ length: pending }, (_, at) => pendingItem(at, START - at, START + HOUR_MS)))
  const ledger = dynamoLedger(it.settings)
  return it.measure(async () => {
    const page = await ledger.workOn('pending', () => true, 20)
    if (page.outcome !== 'done' || page.value.items.length !== 20) throw new Error('the page is not full')
  })
}

/** What a call costs that looks up one profile of this many. */
function findProfile(count: number): Run {
  const line = { target: 'prod', eligible: [{ issuer: 'people', claims: { groups: 'x'.repeat(300) } }] } as unknown as Profile
  const ids = profileIds(count)
  const rules = openRules(Buffer.from(packRules({ hash: 'c', profiles: { ids, find: () => line, first: () => line } } as unknown as Rules)))
  const cpu = process.cpuUsage()
  for (let n = 0; n < 10_000; n++) rules.profiles.find(ids[(n * 7919) % count] as string)
  const { user, system } = process.cpuUsage(cpu)
  return { calls: 0, cpuMs: (user + system) / 1000, wallMs: 0 }
}

// ── What is printed ──────────────────────────────────────────────────────────────────────────────────────────────────

const growth = (from: number, to: number, factor: number): string =>
  from <= 0 || to <= 0 ? '–' : (Math.log(to / from) / Math.log(factor)).toFixed(2)

async function series(what: string, unit: string, loads: readonly number[], run: (load: number) => Promise<Run> | Run): Promise<void> {
  const runs: Run[] = []
  for (const load of loads) {
    const one = await run(load)
    runs.push(one)
    const wall = one.wallMs > 0 ? `${(one.wallMs / 1000).toFixed(2)} s` : '–'
    console.log(
      `${what.padEnd(30)} ${String(load).padStart(9)} ${unit.padEnd(14)} ${String(one.calls).padStart(7)} calls  CPU ${one.cpuMs.toFixed(0).padStart(6)} ms  wall ${wall.padStart(9)}`,
    )
  }
  const [from, to] = runs.slice(-2) as [Run, Run]
  const factor = (loads.at(-1) ?? 1) / (loads.at(-2) ?? 1)
  const by = (of: keyof Run) => growth(from[of], to[of], factor)
  console.log(`${''.padEnd(30)}    growth: calls ${by('calls')}, CPU ${by('cpuMs')}, wall ${by('wallMs')}`)
}

async function shipping(): Promise<void> {
  for (const size of [300, 100_000])
    for (const { vends, ms, cpuMsPerEvent } of (await measureShip(size, [50, 333, 1333])).values())
      console.log(
        `ship, a log of ${String(size).padStart(7)}         ${String(vends).padStart(5)} vends a batch  ${((vends / ms) * 1000).toFixed(0).padStart(5)} vends/s  CPU ${cpuMsPerEvent.toFixed(3)} ms an event`,
      )
}

/** The memory of a process that vends this often, eight at a time: what it holds at the end, and the most that it took from the system. */
async function vendMemory(): Promise<void> {
  const { run, close } = await contenders([])
  for (const calls of [1_000, 10_000, 100_000]) {
    const { heap = Number.NaN, rss, cpu } = run('vend', { calls, warmUp: 500, together: 8, collects: true })
    console.log(
      `vend                           ${String(calls).padStart(9)} vends          heap ${heap.toFixed(1)} MB at the end, at most ${rss.toFixed(0)} MB resident  CPU ${(cpu / calls).toFixed(2)} ms a vend`,
    )
  }
  close()
}

const parts: { readonly [name: string]: () => Promise<void> } = {
  compare: () => series('compare, an hour', 'requests a day', PER_DAY, compareHour),
  retire: () => series('retire, an hour', 'requests a day', PER_DAY, retireHour),
  async sweep() {
    await series('sweep, a minute, 10 profiles', 'requests a day', PER_DAY, (perDay) => sweepMinute(perDay, 10))
    await series('sweep, a minute, 100,000 a day', 'profiles', PROFILES, (profiles) => sweepMinute(100_000, profiles))
  },
  async lists() {
    await series('approvable requests, a page', 'pending', [1_000, 10_000, 100_000], approverList)
    await series('find a profile, 10,000 times', 'profiles', PROFILES, findProfile)
  },
  ship: shipping,
  vend: vendMemory,
}

const only = process.argv[2]
if (only !== undefined && !parts[only]) throw new Error(`Unknown part "${only}". Parts: ${Object.keys(parts).join(', ')}.`)
for (const [name, print] of Object.entries(parts)) if (only === undefined || only === name) await print()
process.exit(0)
