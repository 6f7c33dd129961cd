/**
 * The shipper among failures: each of its calls failing before and after taking effect, a crash at each of them, shippers
 * beside each other. After each step the log is audited: never a fork, never an event lost or twice.
 */
import { sign } from 'node:crypto'
import { type Shipper, ship, shipLost, tidy } from '@stint/broker/log/ship'
import { treeOf } from '@stint/broker/log/tree'
import type { Head } from '@stint/broker/ports/log'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { parseEntry } from '@stint/core/audit/entry'
import { encodeEvents, type HeldEvent, parseEvents } from '@stint/core/audit/event-bundle'
import type { Journaled } from '@stint/core/audit/journal-item'
import { checkpointText, openCheckpoint } from '@stint/tlog/checkpoint'
import { verifyConsistency } from '@stint/tlog/merkle'
import { formatNote, formatVkey, keyIdOf } from '@stint/tlog/note'
import { decodeBundle, tileAt, tilePath } from '@stint/tlog/tiles'
import { describe, expect, test } from 'vitest'
import { type Fates, journalOf, type MemoryLog, newMemoryLog, START, shipperOf, systemJournal } from '../support/memory-log.ts'

/** Everything a stranger can say of what is published now; `[]` if nothing is yet, or nothing is wrong. */
async function wrong(memory: MemoryLog, settled: boolean): Promise<readonly string[]> {
  if (!memory.log.objects.has('checkpoint')) return settled ? ['no checkpoint'] : []
  const signer = shipperOf(memory).signer
  const source = storeSource(memory)
  const report = await verify({ source: settled ? source : { get: source.get, hasEvents: true }, keys: [signer.key], now: START })
  return report.faults.map(({ place, what }) => `${place}: ${what}`)
}

/** Every checkpoint that was ever published, in order; each must continue the one before. */
function watched(memory: MemoryLog) {
  const seen: string[] = []
  const { replace } = memory.log
  memory.log.replace = async (path, bytes, etag) => {
    const result = await replace(path, bytes, etag)
    if (path === 'checkpoint' && result === 'replaced') seen.push(Buffer.from(bytes).toString('utf8'))
    return result
  }
  return {
    async forks(): Promise<readonly string[]> {
      const { signer } = shipperOf(memory)
      const faults: string[] = []
      let before: { size: number; root: Uint8Array } | undefined
      for (const note of seen) {
        const opened = openCheckpoint(note, [signer.key])
        if (opened.outcome === 'fault') return [opened.fault]
        const { size, root } = opened.value
        const tree = treeOf(
          async (tile) => memory.log.objects.get(tilePath(tile)) ?? memory.log.objects.get(tilePath({ ...tile, width: 256 })),
          size,
        )
        if (before && !verifyConsistency(before.size, size, before.root, root, await tree.consistency(before.size)))
          faults.push(`the checkpoint of ${size} does not continue the one of ${before.size}`)
        before = { size, root }
      }
      return faults
    },
  }
}

/** The journals as the log has them: for each request the commitments in their order. */
function entriesIn(memory: MemoryLog): Map<string, number> {
  const counts = new Map<string, number>()
  const size = memory.state.now.head?.size ?? 0
  for (let index = 0; ; index++) {
    const tile = tileAt('entries', index, size)
    if (!tile) return counts
    const bytes = memory.log.objects.get(tilePath(tile))
    for (const entry of (bytes && decodeBundle(bytes, tile.width)) ?? []) {
      const { request = '?', seq = -1 } = parseEntry(entry) ?? {}
      if ((counts.get(request) ?? 0) !== seq) throw new Error(`${request}/${seq} is out of order`)
      counts.set(request, seq + 1)
    }
  }
}

const lost = (memory: MemoryLog, journals: readonly Journaled[]) => {
  const counts = entriesIn(memory)
  return journals.filter(({ request, events }) => counts.get(request) !== events.length).map(({ request }) => request)
}

/** The batches of a stream: journals grow, and are shown again. */
const stream = ((): Journaled[][] => {
  const journals = [systemJournal(), ...Array.from({ length: 100 }, (_, n) => journalOf(n))]
  const partly = (journal: Journaled, count: number): Journaled => ({ ...journal, events: journal.events.slice(0, count) })
  return [
    journals.slice(0, 40).map((journal) => partly(journal, 2)),
    [...journals.slice(0, 60), ...journals.slice(20, 30).map((journal) => partly(journal, 1))],
    [...journals.slice(50), ...journals.slice(0, 5)],
  ]
})()
/** Each journal as it is in the end. */
const whole = [...new Map(stream.flat().map((journal) => [journal.request, journal])).values()].map(
  ({ request }) =>
    stream
      .flat()
      .filter((journal) => journal.request === request)
      .sort((a, b) => b.events.length - a.events.length)[0] as Journaled,
)

async function shipUntilDone(shipper: Shipper, batch: readonly Journaled[], most = 60): Promise<number> {
  for (let tries = 1; tries <= most; tries++) if ((await ship(shipper, batch)).outcome === 'done') return tries
  throw new Error('never done')
}

/** How many calls shipping all batches takes when nothing fails. */
async function countCalls(): Promise<readonly string[]> {
  const memory = newMemoryLog()
  const names: string[] = []
  const shipper = shipperOf(memory, (name) => {
    names.push(name)
    return 'works'
  })
  for (const batch of stream) await shipUntilDone(shipper, batch)
  expect(await wrong(memory, true)).toEqual([])
  expect(lost(memory, [...stream.flat().filter(({ events }) => events.length > 2), ...whole])).toEqual([])
  return names
}

test('an empty batch ships nothing, and a batch shown twice ships once', async () => {
  const memory = newMemoryLog()
  const shipper = shipperOf(memory)
  expect(await ship(shipper, [])).toMatchObject({ value: { entries: 0 } })
  const batch = [systemJournal(), journalOf(1), journalOf(1)]
  expect(await ship(shipper, batch)).toMatchObject({ value: { entries: 4 } })
  expect(await ship(shipper, batch)).toMatchObject({ value: { entries: 0 } })
  expect(memory.state.now.head?.size).toBe(4)
})

test('a batch beyond one stage takes two, and the second looks only at the journals that are left', async () => {
  const memory = newMemoryLog()
  const asked: number[] = []
  const cursors = async (requests: readonly string[]) => {
    asked.push(requests.length)
    return memory.state.cursors(requests)
  }
  const batch = Array.from({ length: 1400 }, (_, n) => journalOf(n))
  const events = batch.flatMap((journal) => journal.events).length
  const shipper = { ...shipperOf(memory), log: memory.log, events: memory.events, state: { ...memory.state, cursors } }
  expect(await ship(shipper, batch)).toMatchObject({ value: { entries: events } })
  expect([asked.length, asked[0]]).toEqual([2, 1400])
  expect(asked[1]).toBeLessThan(1400 - 1000)
  expect(lost(memory, batch)).toEqual([])
})

describe('every call, failing once', () => {
  test.each(['fails-before', 'fails-after'] as const)('%s: nothing is lost, doubled or forked', async (fate) => {
    const calls = await countCalls()
    const kinds = new Set(calls)
    for (const [at, name] of calls.entries()) {
      const memory = newMemoryLog()
      const watch = watched(memory)
      let call = 0
      const shipper = shipperOf(memory, () => (call++ === at ? fate : 'works'))
      for (const batch of stream) {
        await shipUntilDone(shipper, batch)
        if (at % 10 === 0) expect(await wrong(memory, false), `${fate} at call ${at}, ${name}`).toEqual([])
      }
      expect([...(await wrong(memory, true)), ...(await watch.forks()), ...lost(memory, whole)], `${fate} at call ${at}, ${name}`).toEqual(
        [],
      )
    }
    expect([...kinds].sort()).toEqual([
      'events.create',
      'events.get',
      'events.remove',
      'events.replace',
      'log.create',
      'log.get',
      'log.list',
      'log.remove',
      'log.replace',
      'signer.sign',
      'state.advance',
      'state.applied',
      'state.cursors',
      'state.head',
      'state.index',
      'state.move',
    ])
  })
})

describe('a crash at every call', () => {
  test('the next run finishes what was begun', async () => {
    const calls = await countCalls()
    for (let at = 0; at < calls.length; at += 1) {
      const memory = newMemoryLog()
      const watch = watched(memory)
      let call = 0
      // From there on the first shipper gets no answer any more: it is dead.
      const dying = shipperOf(memory, () => (call++ >= at ? 'fails-before' : 'works'))
      for (const batch of stream) if ((await ship(dying, batch)).outcome === 'unknown') break
      expect(await wrong(memory, false), `crash at ${at}`).toEqual([])
      const next = shipperOf(memory)
      for (const batch of stream) await shipUntilDone(next, batch)
      expect([...(await wrong(memory, true)), ...(await watch.forks()), ...lost(memory, whole)], `crash at ${at}`).toEqual([])
    }
  })
})

describe('shippers beside each other', () => {
  test.each([
    ['two, nothing failing', 2, 0],
    ['two, one call in 100 failing', 2, 100],
    ['four, one call in 60 failing', 4, 60],
  ])('%s', async (_what, shippers, failing) => {
    for (let round = 0; round < 25; round++) {
      const memory = newMemoryLog()
      const watch = watched(memory)
      let seed = round * 7919 + shippers
      const random = () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
        return seed / 2_147_483_648
      }
      const fates: Fates = () => (failing > 0 && random() < 1 / failing ? (random() < 0.5 ? 'fails-before' : 'fails-after') : 'works')
      await Promise.all(
        Array.from({ length: shippers }, async () => {
          const shipper = shipperOf(memory, fates)
          for (const batch of stream) await shipUntilDone(shipper, batch, 2000)
        }),
      )
      expect(await wrong(memory, false), `round ${round}`).toEqual([])
      await shipUntilDone(shipperOf(memory), whole)
      expect([...(await wrong(memory, true)), ...(await watch.forks()), ...lost(memory, whole)], `round ${round}`).toEqual([])
    }
  })

  test('one that pauses at any call while another ships everything neither forks nor doubles', async () => {
    const calls = (await countCalls()).length
    for (let at = 0; at < calls; at++) {
      const memory = newMemoryLog()
      const watch = watched(memory)
      const other = shipperOf(memory)
      let call = 0
      const pausing = <T extends object>(of: T): T =>
        new Proxy(of, {
          get(target, name, receiver) {
            const value = Reflect.get(target, name, receiver) as unknown
            if (typeof value !== 'function') return value
            return async (...args: unknown[]) => {
              if (call++ === at) for (const batch of stream) await shipUntilDone(other, batch)
              return (value as (...all: unknown[]) => unknown).apply(target, args)
            }
          },
        })
      const base = shipperOf(memory)
      const parts = { log: pausing(base.log), events: pausing(base.events), state: pausing(base.state), signer: pausing(base.signer) }
      for (const batch of stream) await shipUntilDone({ ...base, ...parts }, batch)
      expect([...(await wrong(memory, true)), ...(await watch.forks()), ...lost(memory, whole)], `paused at call ${at}`).toEqual([])
    }
  })

  test('one that slept through a newer checkpoint does not take the log back', async () => {
    const memory = newMemoryLog()
    let wake = () => {}
    const asleep = new Promise<void>((resolve) => {
      wake = resolve
    })
    const sleepy = shipperOf(memory)
    let reached = () => {}
    const signing = new Promise<void>((resolve) => {
      reached = resolve
    })
    const slow: Shipper = {
      ...sleepy,
      signer: {
        ...sleepy.signer,
        sign: async (message) => {
          reached()
          await asleep
          return sleepy.signer.sign(message)
        },
      },
    }
    const first = ship(slow, [systemJournal(), journalOf(1)])
    await signing
    const other = shipperOf(memory)
    await shipUntilDone(other, [journalOf(2), journalOf(3)])
    const published = memory.log.objects.get('checkpoint')?.toString()
    wake()
    expect((await first).outcome).toBe('done')
    expect(memory.log.objects.get('checkpoint')?.toString()).toBe(published)
    expect(await wrong(memory, true)).toEqual([])
  })
})

test('a log goes on under another key, and a verifier needs both', async () => {
  const memory = newMemoryLog()
  await shipUntilDone(shipperOf(memory), [systemJournal(), journalOf(1)])
  const said: object[] = []
  const rotated: MemoryLog = { ...memory, privateKey: newMemoryLog().privateKey }
  await shipUntilDone(
    shipperOf(rotated, undefined, (line) => void said.push(line)),
    [journalOf(2)],
  )
  expect(said).toContainEqual(expect.objectContaining({ event: 'checkpoint-foreign' }))
  const keys = [shipperOf(memory).signer.key, shipperOf(rotated).signer.key]
  const report = await verify({ source: storeSource(memory), keys, now: START })
  expect([report.faults, report.vkey]).toEqual([[], formatVkey(keys[1] as (typeof keys)[number])])
  expect((await verify({ source: storeSource(memory), keys: keys.slice(0, 1), now: START })).faults).toMatchObject([
    { what: 'not signed by the log' },
  ])
})

describe('what poisons one journal keeps no other out', () => {
  const good = journalOf(5)
  const rows: readonly (readonly [string, Journaled, RegExp])[] = [
    ['no JSON', { ...journalOf(1), events: [{ event: 'hello', salt: new Uint8Array(32) }] }, /not JSON/],
    ['an unknown type', { ...journalOf(1), events: [{ event: '{"type":"x","v":1}', salt: new Uint8Array(32) }] }, /unknown type/],
    ['an event of another journal', { ...journalOf(1), events: journalOf(2).events }, /belongs to another journal/],
    [
      'an event beyond its size',
      { ...journalOf(1), events: [{ event: `"${'x'.repeat(70_000)}"`, salt: new Uint8Array(32) }] },
      /exceeds the size limit/,
    ],
    ['a name that no journal has', { ...journalOf(1), request: 'req_foo bar' }, /not a valid journal ID/],
    ['no salt', { ...journalOf(1), events: journalOf(1).events.map((one) => ({ ...one, salt: new Uint8Array(3) })) }, /no salt/],
    ['something that is no list', { ...journalOf(1), events: undefined as never }, /cannot be read/],
  ]
  test.each(rows)('%s', async (_what, poison, why) => {
    const memory = newMemoryLog()
    const said: object[] = []
    const shipper = shipperOf(memory, undefined, (line) => void said.push(line))
    const shipped = await ship(shipper, [systemJournal(), poison, good])
    expect(shipped).toMatchObject({
      outcome: 'done',
      value: { entries: 1 + good.events.length, quarantined: [{ request: poison.request }] },
    })
    expect(said).toContainEqual(expect.objectContaining({ event: 'journal-quarantined', cause: expect.stringMatching(why) }))
    expect([...memory.events.objects.keys()]).toContain(`quarantined/${poison.request}`)
    expect(await wrong(memory, true)).toEqual([])
  })

  test('a journal that was shortened or changed in the table is set aside, and the log keeps what it was', async () => {
    for (const changed of [good.events.slice(0, 1), good.events.with(-1, good.events[0] as never), []]) {
      const memory = newMemoryLog()
      const shipper = shipperOf(memory)
      await shipUntilDone(shipper, [systemJournal(), good])
      expect(await ship(shipper, [{ ...good, events: changed, current: true }])).toMatchObject({
        value: { entries: 0, quarantined: [{ request: good.request }] },
      })
      expect(await wrong(memory, true)).toEqual([])
    }
  })

  test('an item that leaves the table without being retired is said aloud', async () => {
    const said: object[] = []
    const shipper = shipperOf(newMemoryLog(), undefined, (line) => void said.push(line))
    await ship(shipper, [{ ...good, removed: true }])
    expect(said).toContainEqual(expect.objectContaining({ event: 'journal-removed', request: good.request }))
  })
})

test('an older image that the stream brings late is neither poison nor shipped; one of another item by the same name is poison', async () => {
  const memory = newMemoryLog()
  const [shipper, late] = [shipperOf(memory), journalOf(5)]
  await shipUntilDone(shipper, [systemJournal(), late])
  expect(await ship(shipper, [{ ...late, events: late.events.slice(0, 1) }])).toMatchObject({ value: { entries: 0, quarantined: [] } })
  expect(await ship(shipper, [{ ...late, events: [] }])).toMatchObject({ value: { entries: 0, quarantined: [] } })
  expect(await ship(shipper, [{ ...late, events: [], current: true }])).toMatchObject({
    value: { entries: 0, quarantined: [{ request: late.request }] },
  })
  expect(await ship(shipper, [{ ...late, events: journalOf(5).events.slice(0, 1) }])).toMatchObject({
    value: { entries: 0, quarantined: [{ request: late.request }] },
  })
})

test('what the stream lost is shipped, and what cannot be is told, wherever in the table it was found', async () => {
  const shipper = shipperOf(newMemoryLog())
  await shipUntilDone(shipper, [systemJournal(), journalOf(1)])
  const broken = { ...journalOf(1), events: journalOf(2).events, current: true }
  async function* table() {
    yield [broken, journalOf(3)]
    yield [journalOf(4)]
  }
  expect(await shipLost(shipper, table())).toEqual({
    outcome: 'done',
    value: {
      entries: journalOf(3).events.length + journalOf(4).events.length,
      oldest: START + 3,
      quarantined: [{ request: journalOf(1).request, cause: expect.stringContaining('differs from the one in the log') }],
    },
  })
})

describe('a log that was changed halts the shipper', () => {
  test.each([
    ['a tile with other bytes', (memory: MemoryLog) => void memory.log.objects.set('tile/0/000.p/10', Buffer.alloc(10 * 32))],
    ['a bit of an entry to grow from', (memory: MemoryLog) => flip(memory, 'tile/entries/000.p/4')],
    ['a bit of a hash to grow from', (memory: MemoryLog) => flip(memory, 'tile/0/000.p/4')],
    ['a checkpoint that the head does not continue', (memory: MemoryLog) => forge(memory)],
    ['the tile to grow from is gone', (memory: MemoryLog) => void memory.log.objects.delete('tile/entries/000.p/4')],
    ['events with other bytes', (memory: MemoryLog) => void memory.events.objects.set('events/000', Buffer.from('hello'))],
    ['events are gone', (memory: MemoryLog) => void memory.events.objects.delete('events/000')],
  ])('%s', async (_what, change) => {
    const memory = newMemoryLog()
    const shipper = shipperOf(memory)
    await shipUntilDone(shipper, [systemJournal(), journalOf(1)])
    change(memory)
    const checkpoint = memory.log.objects.get('checkpoint')?.toString()
    expect((await ship(shipper, [journalOf(2), journalOf(3)])).outcome).toBe('unknown')
    expect(memory.log.objects.get('checkpoint')?.toString()).toBe(checkpoint)
  })
})

function flip(memory: MemoryLog, path: string): void {
  const bytes = Buffer.from(memory.log.objects.get(path) as Buffer)
  bytes[9] = (bytes[9] ?? 0) ^ 1
  memory.log.objects.set(path, bytes)
}

/** A checkpoint of three entries that never were, under the true key. */
function forge(memory: MemoryLog): void {
  const { key } = shipperOf(memory).signer
  const text = checkpointText({ origin: key.name, size: 3, root: Buffer.alloc(32, 9) })
  const signature = sign(null, Buffer.from(text), memory.privateKey)
  memory.log.objects.set('checkpoint', Buffer.from(formatNote(text, [{ name: key.name, keyId: keyIdOf(key), signature }])))
}

test('removes a stage that the head does not name only when it is more than an hour old', async () => {
  const memory = newMemoryLog()
  const shipper = shipperOf(memory)
  await shipUntilDone(shipper, [systemJournal(), journalOf(1)])
  const stageOf = (ageMs: number) => `stage/${shipper.clock() - ageMs}-${'0'.repeat(64)}`
  const [young, old] = [stageOf(3_600_000), stageOf(3_600_001)]
  for (const path of [young, old]) await memory.events.create(path, Buffer.from('{}'))
  expect((await tidy(shipper)).outcome).toBe('done')
  expect([...memory.events.objects.keys()].filter((path) => path.startsWith('stage/'))).toEqual([young])
})

test('an event that was erased stays erased when its stage is applied again', async () => {
  const memory = newMemoryLog()
  const shipper = shipperOf(memory)
  await shipUntilDone(shipper, [systemJournal()])
  // The stage stays, as after a crash just before its removal.
  memory.events.remove = async () => {}
  expect((await ship(shipper, [journalOf(1)])).outcome).toBe('done')
  const held = parseEvents(memory.events.objects.get('events/000') as Buffer) as HeldEvent[]
  const erased = Buffer.from(encodeEvents([...held.slice(0, -1), 'erased']))
  memory.events.objects.set('events/000', erased)
  memory.state.now.head = { ...(memory.state.now.head as Head), applied: false }
  expect((await ship(shipper, [])).outcome).toBe('done')
  expect([memory.state.now.head.applied, memory.events.objects.get('events/000')]).toEqual([true, erased])
})
