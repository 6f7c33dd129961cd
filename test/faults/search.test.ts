/**
 * The search against a naive one that looks at every event: journals of any shape, shipped in any batches, by this code, by older code that
 * wrote a row for each event, or by both; all filters; all page sizes. No event is missed and none is found twice.
 */
import { allRows, lookupRows, runsIn, singleRows } from '@stint/broker/log/lookup'
import { type EventFilter, eventSearch } from '@stint/broker/log/search'
import { ship } from '@stint/broker/log/ship'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { eventIn, type Journaled } from '@stint/core/audit/journal-item'
import type { ReadEvent } from '@stint/core/audit/schema'
import type { SessionId } from '@stint/core/ids'
import { toIso } from '@stint/core/instant'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytes, type MemoryLog, newMemoryLog, requestId, shipperOf } from '../support/memory-log.ts'

/** Just before midnight, so that runs reach into the next day. */
const START = Date.parse('2026-11-24T23:59:00Z')
const hash = 'a'.repeat(64)
const person = (name: string) => ({ issuer: 'people', subject: `sub-${name}`, name, kind: 'human' as const })

// ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const gaps = [0, 1, 400, 30_000, 59_999, 60_000, 60_001, 200_000, -20_000]
type Kind = 'session.reserved' | 'session.issued' | 'session.failed' | 'request.revoked'
type Plan = {
  readonly start: number
  readonly caller: 'Dana' | 'Alex'
  readonly profile: 'orders-db' | 'logs-read'
  readonly target: 'prod' | 'test'
  readonly after: readonly { readonly gap: number; readonly kind: Kind; readonly by: 'Dana' | 'Alex' }[]
  /** Where its batches end, and whether older code ships them. */
  readonly cuts: readonly { readonly at: number; readonly older: boolean }[]
}

function planned({ start, caller, profile, target, after }: Plan, n: number): Journaled {
  const request = requestId(n)
  const session = `${request}.bbbbbbbb` as SessionId
  const who = person(caller)
  let at = START + start
  const created: AuditEvent = {
    ...{ type: 'request.created', request, at, caller: who, profile, target, terms: hash },
    ...{ uses: 9, expiresAt: at + 3_600_000 },
  }
  const rest = after.map(({ gap, kind, by }, seq): AuditEvent => {
    at += gap
    const common = { request, at } as const
    const from = { source: '203.0.113.7', token: hash } as const
    switch (kind) {
      case 'session.reserved':
        return {
          ...{
            type: kind,
            ...common,
            ...from,
            session,
            caller: who,
            terms: hash,
            sessionName: 'x',
            role: 'arn:aws:iam::111122223333:role/R',
          },
          ...{ duration: 900, expiresAt: at + 900_000, build: 'test', trace: 'f'.repeat(32) },
        }
      case 'session.issued':
        return {
          ...{
            type: kind,
            ...common,
            session,
            accessKeyId: `ASIA${n}X${seq}`.padEnd(20, '0'),
            assumedRoleArn: 'arn',
            assumedRoleId: 'A:x',
          },
          ...{ expiration: at + 900_000, awsRequestId: 'id', packedPolicySize: 1, sends: 1 },
        }
      case 'session.failed':
        return { type: kind, ...common, session, code: 'sts-throttled', reason: 'slow', sends: 2 }
      default:
        return { type: kind, ...common, ...from, by: person(by), channel: 'api' }
    }
  })
  const events = [created, ...rest].map((event) => journalEntry(event, { random: bytes, configHash: 'c'.repeat(64) }))
  return { request, events, about: { issuer: 'people', subject: who.subject, profile, target } }
}

const plan: fc.Arbitrary<Plan> = fc.record({
  start: fc.nat({ max: 150_000 }),
  caller: fc.constantFrom('Dana' as const, 'Alex' as const),
  profile: fc.constantFrom('orders-db' as const, 'logs-read' as const),
  target: fc.constantFrom('prod' as const, 'test' as const),
  after: fc.array(
    fc.record({
      gap: fc.constantFrom(...gaps),
      kind: fc.constantFrom<Kind>('session.reserved', 'session.issued', 'session.failed', 'request.revoked'),
      by: fc.constantFrom('Dana' as const, 'Alex' as const),
    }),
    { maxLength: 7 },
  ),
  cuts: fc.array(fc.record({ at: fc.nat({ max: 8 }), older: fc.boolean() }), { maxLength: 3 }),
})

/** Ships each journal in its batches; older code wrote a row for each event. */
async function shipped(memory: MemoryLog, journals: readonly Journaled[], plans: readonly Plan[], upgraded: boolean): Promise<void> {
  const base = shipperOf(memory)
  for (let step = 0; step <= 3; step++) {
    for (const [n, journal] of journals.entries()) {
      const cuts = [...(plans[n]?.cuts ?? [])].sort((one, other) => one.at - other.at)
      const older = upgraded && cuts[step]?.older === true
      const end = cuts[step]?.at ?? journal.events.length
      const part = { ...journal, events: journal.events.slice(0, end) }
      const before = (await memory.state.cursors([journal.request])).get(journal.request)?.count ?? 0
      if (end <= before) continue
      const state = older ? { ...memory.state, index: async () => {} } : memory.state
      expect((await ship({ ...base, log: memory.log, events: memory.events, state }, [part])).outcome).toBe('done')
      if (older) await memory.state.index(looked(part).slice(before).flatMap(singleRows))
    }
  }
}

const looked = ({ request, events, about }: Journaled) => {
  const runs = runsIn(events)
  return events.map((one, seq) => ({ event: eventIn(one) as ReadEvent, request, seq, about, ...(runs[seq] ? { run: runs[seq] } : {}) }))
}

// ── The naive search ─────────────────────────────────────────────────────────────────────────────────────────────────

function naive(journals: readonly Journaled[], filter: EventFilter): readonly string[] {
  return journals
    .flatMap((journal) => looked(journal))
    .filter(({ event, about }) => {
      const by = event.by as { readonly subject: string } | undefined
      return (
        (filter.subject === undefined || about.subject === filter.subject || by?.subject === filter.subject) &&
        (filter.profile === undefined || about.profile === filter.profile) &&
        (filter.targets === undefined || filter.targets.includes(about.target ?? '')) &&
        (filter.accessKeyId === undefined || event.accessKeyId === filter.accessKeyId) &&
        (filter.outcome === undefined || (event.code ?? event.type) === filter.outcome) &&
        (filter.since === undefined || event.at >= toIso(filter.since)) &&
        event.at < toIso(filter.before)
      )
    })
    .map(({ request, seq }) => `${request}/${seq}`)
}

async function found(memory: MemoryLog, journals: readonly Journaled[], filter: EventFilter, limit: number): Promise<readonly string[]> {
  const byId = new Map(journals.map((journal) => [journal.request, journal]))
  const { search } = eventSearch({ state: memory.state, journal: async (request) => byId.get(request) })
  const ids: string[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 500; pages++) {
    const page = await search(filter, { limit }, cursor)
    expect(page.events.length).toBeLessThanOrEqual(limit)
    ids.push(...page.events.map(({ id }) => id))
    if (page.next === undefined) return ids
    expect(page.next).not.toBe(cursor)
    cursor = page.next
  }
  throw new Error('the pages do not end')
}

const filters: fc.Arbitrary<EventFilter> = fc
  .record(
    {
      subject: fc.constantFrom('sub-Dana', 'sub-Alex'),
      profile: fc.constantFrom('orders-db', 'logs-read'),
      targets: fc.constantFrom(['prod'], ['test'], ['test', 'prod'], ['prod', 'none']),
      outcome: fc.constantFrom('request.created', 'session.reserved', 'session.issued', 'sts-throttled', 'request.revoked'),
      accessKeyId: fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 3 })).map(([n, seq]) => `ASIA${n}X${seq}`.padEnd(20, '0')),
      since: fc.nat({ max: 900_000 }).map((after) => START - 60_000 + after),
      until: fc.nat({ max: 900_000 }).map((after) => START + after),
    },
    { requiredKeys: [] },
  )
  .map(({ until = START + 86_400_000, ...filter }) => ({
    ...(filter.subject === undefined ? filter : { ...filter, issuer: 'people' }),
    since: filter.since ?? START - 120_000,
    before: until,
  }))

describe('the search finds what a search of all events finds', () => {
  test.each([
    ['rows of runs', false, 1],
    ['rows of runs and of single events', true, 1],
    ['the rows of a rebuilt log beside older ones', true, 2],
  ])('%s', async (_what, upgraded, writes) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, { minLength: 1, maxLength: 6 }),
        fc.array(filters, { minLength: 6, maxLength: 12 }),
        async (plans, some) => {
          const memory = newMemoryLog()
          const journals = plans.map(planned)
          await shipped(memory, journals, plans, upgraded)
          if (writes === 2) await memory.state.index(lookupRows(journals.flatMap(looked)))
          for (const filter of [{ since: START - 120_000, before: START + 86_400_000 }, ...some]) {
            const whole = await found(memory, journals, filter, 1000)
            expect([...whole].sort()).toEqual([...naive(journals, filter)].sort())
            for (const limit of [1, 2, 3, 7]) expect(await found(memory, journals, filter, limit)).toEqual(whole)
          }
          // Erasing knows every row that exists.
          for (const { request, events, about } of journals) await memory.state.unindex(allRows(request, events, about))
          expect(memory.state.rows.size).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('the rows of a vend', () => {
  const vend: Plan = {
    start: 0,
    caller: 'Dana',
    profile: 'orders-db',
    target: 'prod',
    after: [
      { gap: 0, kind: 'session.reserved', by: 'Dana' },
      { gap: 400, kind: 'session.issued', by: 'Dana' },
    ],
    cuts: [],
  }
  const keysIn = (memory: MemoryLog) => [...memory.state.rows.values()].map(({ key }) => key.split('#')[0]).sort()

  test('are five: its day, caller, profile, target and access key', async () => {
    const memory = newMemoryLog()
    await shipped(memory, [planned(vend, 1)], [vend], false)
    expect(keysIn(memory)).toEqual(['caller', 'day', 'key', 'profile', 'target'])
  })

  test('are the same five if it is shipped in two batches', async () => {
    const memory = newMemoryLog()
    const cut = { ...vend, cuts: [{ at: 2, older: false }] }
    await shipped(memory, [planned(cut, 1)], [cut], false)
    expect(keysIn(memory)).toEqual(['caller', 'day', 'key', 'profile', 'target'])
  })

  test('are found for an event after the start of the period, if their run began before it', async () => {
    const memory = newMemoryLog()
    const journals = [planned(vend, 1)]
    await shipped(memory, journals, [vend], false)
    const ids = await found(memory, journals, { since: START + 300, before: START + 1000 }, 10)
    expect(ids).toEqual([`${requestId(1)}/2`])
  })

  test('of a day are in four partitions, and are found in order', async () => {
    const memory = newMemoryLog()
    // Half of them are in a row in one partition.
    const journals = Array.from({ length: 400 }, (_, n) => planned({ ...vend, start: n * 10 }, n < 200 ? n * 100 : 100_001 + n * 7))
    await ship(shipperOf(memory), journals)
    const counts = Map.groupBy(
      [...memory.state.rows.values()].filter(({ key }) => key.startsWith('day#')),
      ({ key }) => key,
    )
    expect(counts.size).toBe(4)
    for (const rows of counts.values()) expect(rows.length).toBeLessThan(300)
    const newestFirst = journals.toReversed().flatMap(({ request }) => [2, 1, 0].map((seq) => `${request}/${seq}`))
    for (const limit of [7, 100])
      expect(await found(memory, journals, { before: START + 60_000, since: START }, limit)).toEqual(newestFirst)
  })
})

describe('a page with one round of reading', () => {
  const midnight = Date.parse('2026-11-25T00:00:00Z')
  const day = { since: midnight, before: midnight + 86_400_000 }
  const vend = (start: number): Plan => ({
    ...{ start, caller: 'Dana', profile: 'orders-db', target: 'prod', cuts: [] },
    after: [{ gap: 30_000, kind: 'session.reserved', by: 'Dana' }],
  })
  async function counted(count: number, filter: EventFilter, start: (n: number) => number) {
    const memory = newMemoryLog()
    const journals = Array.from({ length: count }, (_, n) => planned(vend(start(n)), n))
    await ship(shipperOf(memory), journals)
    const byId = new Map(journals.map((journal) => [journal.request, journal]))
    const [keys, reads] = [[] as string[], new Set<string>()]
    const lookup: typeof memory.state.lookup = (key, ...rest) => {
      keys.push(key)
      return memory.state.lookup(key, ...rest)
    }
    const search = eventSearch({
      state: { lookup },
      journal: async (request) => {
        reads.add(request)
        return byId.get(request)
      },
    })
    const page = await search.search(filter, { limit: 100, looks: 1 })
    return { keys, reads: reads.size, page }
  }

  test('has the events of a whole day, with those of a run that began in the minute before', async () => {
    const { keys, page } = await counted(1, day, () => 45_000)
    expect([page.events.map(({ id }) => id), page.next]).toEqual([[`${requestId(0)}/1`], undefined])
    expect(new Set(keys.map((key) => key.slice(0, 14)))).toEqual(new Set(['day#2026-11-24', 'day#2026-11-25']))
  })
  test('reads no journal of an earlier time than the period', async () => {
    expect((await counted(50, day, (n) => n * 100 - 100_000)).reads).toBe(0)
  })
  test('reads a hundred journals at most, and goes on from there', async () => {
    const filter = { issuer: 'people', subject: 'sub-Dana', profile: 'logs-read', before: day.before }
    const { keys, reads, page } = await counted(150, filter, (n) => n * 100)
    expect([keys.length, reads, page.events, page.next !== undefined]).toEqual([1, 100, [], true])
  })
  test('ends before an event that does not fit', async () => {
    const memory = newMemoryLog()
    const journal = planned(vend(90_000), 1)
    await ship(shipperOf(memory), [journal])
    const { search } = eventSearch({ state: memory.state, journal: async () => journal })
    const first = await search(day, { limit: 9, hasRoom: ({ id }) => id.endsWith('/1') })
    const second = await search(day, { limit: 9 }, first.next)
    expect([first, second].map(({ events }) => events.map(({ id }) => id))).toEqual([[`${requestId(1)}/1`], [`${requestId(1)}/0`]])
  })
})
