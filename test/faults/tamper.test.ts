/**
 * Somebody changes the log. Whatever they change, a verifier finds it and names the first bad place: every single bit of a
 * small log, sampled bits of a large one, and what a person with the bucket, or even with the key, would do.
 */

import { ship } from '@stint/broker/log/ship'
import { storeSource } from '@stint/cli/audit/sources'
import { checkBundle, readBundle } from '@stint/cli/audit/verify/bundle'
import type { Fault } from '@stint/cli/audit/verify/findings'
import { type VerifyOptions, verify } from '@stint/cli/audit/verify/verify'
import { commitOf, entryText, parseEntry } from '@stint/core/audit/entry'
import { encodeEvents, parseEvents } from '@stint/core/audit/event-bundle'
import { checkpointText, openCheckpoint } from '@stint/tlog/checkpoint'
import { leafHash } from '@stint/tlog/merkle'
import { formatNote, keyIdOf } from '@stint/tlog/note'
import { decodeBundle, encodeBundle, parseTilePath, TILE_WIDTH, tileAt } from '@stint/tlog/tiles'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  journalOf,
  type MemoryLog,
  memoryState,
  memoryStore,
  newMemoryLog,
  START,
  shipperOf,
  systemJournal,
} from '../support/memory-log.ts'

/** `npm run verify:all campaign-flips` tries 500,000. */
const FLIPS = Number(process.env.STINT_FLIPS ?? 10_000)
/** A campaign takes its time: more than a millisecond for each bit on a busy machine. */
const MAX_FLIPS_MS = 60_000 + 4 * FLIPS

async function logOf(journals: number): Promise<MemoryLog> {
  const memory = newMemoryLog()
  const shipped = await ship(shipperOf(memory), [systemJournal(), ...Array.from({ length: journals }, (_, n) => journalOf(n + 1))])
  if (shipped.outcome === 'unknown') throw new Error(shipped.cause)
  return memory
}

/** A log of its own that may be changed. */
const copyOf = ({ log, events, privateKey }: MemoryLog): MemoryLog => ({
  log: memoryStore(new Map(log.objects)),
  events: memoryStore(new Map(events.objects)),
  state: memoryState(),
  privateKey,
})

const keyOf = (memory: MemoryLog) => shipperOf(memory).signer.key
const audit = (memory: MemoryLog, more: Partial<VerifyOptions> = {}) =>
  verify({ source: storeSource(memory), keys: [keyOf(memory)], now: START, ...more })
const faultsOf = async (memory: MemoryLog, more?: Partial<VerifyOptions>) =>
  (await audit(memory, more)).faults.map(({ place, what }) => `${place}: ${what}`)

function flipped(bytes: Buffer, bit: number): Buffer {
  const other = Buffer.from(bytes)
  other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return other
}

describe('every bit of a small log', () => {
  test('is found', async () => {
    const memory = await logOf(1)
    expect(await faultsOf(memory)).toEqual([])
    const missed: string[] = []
    let flips = 0
    for (const store of ['log', 'events'] as const) {
      for (const [path, bytes] of memory[store].objects) {
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          memory[store].objects.set(path, flipped(bytes, bit))
          if ((await audit(memory)).faultCount === 0) missed.push(`${path} bit ${bit}`)
          flips++
        }
        memory[store].objects.set(path, bytes)
      }
    }
    console.log(`${flips} single-bit flips of a log of 4 entries, ${missed.length} missed`)
    expect(missed).toEqual([])
    expect(flips).toBeGreaterThan(20_000)
  })
})

describe('a log of 10,000 events', () => {
  let memory: MemoryLog
  let size: number
  beforeAll(async () => {
    memory = await logOf(3100)
    size = memory.state.now.head?.size ?? 0
    expect(size).toBeGreaterThan(10_000)
    expect(await faultsOf(memory)).toEqual([])
  })

  let seed = 20_261_124
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }

  /** The first thing that the check of one bundle, the same that verifying runs, has to say. */
  async function firstFault(bundle: number): Promise<Fault | undefined> {
    const source = {
      get: async (path: string) => (path.startsWith('events/') ? memory.events : memory.log).objects.get(path),
      hasEvents: true,
    }
    const files = await readBundle(source, bundle, size)
    try {
      checkBundle(files, bundle, {
        add(fault: Fault) {
          throw fault
        },
      })
      return undefined
    } catch (fault) {
      return fault as Fault
    }
  }

  test(`${FLIPS} sampled bits are found, each at its place`, { timeout: MAX_FLIPS_MS }, async () => {
    const missed: string[] = []
    const misplaced: string[] = []
    const files = (store: 'log' | 'events', pattern: RegExp) => [...memory[store].objects.keys()].filter((path) => pattern.test(path))
    const kinds = [
      { store: 'log', paths: files('log', /^tile\/entries\//) },
      { store: 'log', paths: files('log', /^tile\/0\//) },
      { store: 'events', paths: files('events', /^events\//) },
    ] as const
    for (let flip = 0; flip < FLIPS; flip++) {
      const { store, paths } = kinds[flip % 3] as (typeof kinds)[number]
      const path = paths[random(paths.length)] as string
      const bundle = Number(/(\d{3})(\.p\/\d+)?$/.exec(path)?.[1])
      const bytes = memory[store].objects.get(path) as Buffer
      const bit = random(bytes.length * 8)
      memory[store].objects.set(path, flipped(bytes, bit))
      const fault = await firstFault(bundle)
      memory[store].objects.set(path, bytes)
      if (!fault) missed.push(`${path} bit ${bit}`)
      else if (!placeFits(fault.place, path, bytes, bit, bundle)) misplaced.push(`${path} bit ${bit}: ${fault.place}`)
    }
    console.log(`${FLIPS} single-bit flips of a log of ${size} entries, ${missed.length} missed, ${misplaced.length} misplaced`)
    expect([missed.slice(0, 5), misplaced.slice(0, 5)]).toEqual([[], []])
  })

  /** A fault names the file, or the very entry that the bit lies in. */
  function placeFits(place: string, path: string, bytes: Buffer, bit: number, bundle: number): boolean {
    if (place === path) return true
    const named = Number(/entry (\d+)/.exec(place)?.[1]) - bundle * TILE_WIDTH
    const byte = bit >> 3
    if (path.startsWith('tile/0/')) return named === Math.floor(byte / 32)
    if (path.startsWith('events/')) return named === bytes.subarray(0, byte).filter((one) => one === 10).length
    let at = 0
    for (let entry = 0; at < bytes.length; entry++) {
      const end = at + 2 + bytes.readUInt16BE(at)
      if (byte < end) return named === entry
      at = end
    }
    return false
  }

  test('the whole verification finds the same, and says where it begins', async () => {
    const paths = (['log', 'events'] as const).flatMap((store) => [...memory[store].objects.keys()].map((path) => ({ store, path })))
    const always = paths.filter(({ path }) => path === 'checkpoint' || path.startsWith('tile/1/'))
    for (let round = 0; round < 24; round++) {
      const { store, path } =
        round < 12 ? (always[round % always.length] as (typeof paths)[number]) : (paths[random(paths.length)] as (typeof paths)[number])
      const bytes = memory[store].objects.get(path) as Buffer
      const bit = random(bytes.length * 8)
      memory[store].objects.set(path, flipped(bytes, bit))
      const report = await audit(memory)
      memory[store].objects.set(path, bytes)
      expect(report.faultCount, `${path} bit ${bit}`).toBeGreaterThan(0)
    }
  })

  test('each object that is gone is named', async () => {
    for (const store of ['log', 'events'] as const) {
      for (const [path, bytes] of [...memory[store].objects].filter(([path], at) => isNow(path) && at % 8 === 0)) {
        memory[store].objects.delete(path)
        const found = await faultsOf(memory)
        memory[store].objects.set(path, bytes)
        expect(found.join('\n')).toContain(path)
      }
    }
  })

  /** Narrower selves of a tile that has grown are nobody's need. */
  const isNow = (path: string) => {
    const tile = parseTilePath(path)
    return !tile || tile.width === tileAt(tile.level, tile.index, size)?.width
  }

  const changes: readonly (readonly [string, (log: MemoryLog) => void, RegExp])[] = [
    ['an entry taken out', (log) => editEntries(log, 7, (entries) => entries.toSpliced(100, 1)), /^tile\/entries\/007: not 256 entries/],
    [
      'an entry put in',
      (log) => editEntries(log, 7, (entries) => entries.toSpliced(100, 0, entries[3] as Uint8Array)),
      /^tile\/entries\/007: not/,
    ],
    ['two entries changed over', (log) => editEntries(log, 7, (entries) => swapped(entries, 100, 101)), /^entry 1892: its hash/],
    ['two entries changed over, with their hashes', (log) => swapWithHashes(log), /^event req_\w+\/\d+ \(entry 1892\): not the event/],
    ['an event taken out', (log) => editEvents(log, 7, (events) => events.toSpliced(100, 1)), /^events\/007: 255 events for 256 entries/],
    [
      'two events changed over',
      (log) => editEvents(log, 7, (events) => swapped(events, 100, 101)),
      /^event req_\w+\/\d+ \(entry 1892\): not/,
    ],
    [
      'an event called erased',
      (log) => editEvents(log, 7, (events) => events.with(100, 'erased')),
      /^req_\w+: some of its \d events are missing/,
    ],
    ['a bundle cut short', (log) => cut(log.log.objects, 'tile/entries/007'), /^tile\/entries\/007: not 256 entries/],
    ['a tile cut short', (log) => cut(log.log.objects, 'tile/0/007'), /^tile\/0\/007: not 256 hashes/],
    ['a tile of level 1 cut short', (log) => cut(log.log.objects, level1(log)), /^tile\/1\/000\.p\/\d+: not/],
    ['events cut short', (log) => cut(log.events.objects, 'events/007'), /^events\/007: unreadable events/],
    [
      'the checkpoint of another key',
      (log) => void log.log.objects.set('checkpoint', note(log, newMemoryLog())),
      /^checkpoint: the signature is invalid|^checkpoint: not signed/,
    ],
    ['a file of nobody', (log) => void log.log.objects.set('tile/0/999', Buffer.alloc(8192)), /^tile\/0\/999: beyond the end of the log/],
    [
      'a tile of a level that there is not',
      (log) => void log.log.objects.set('tile/3/000', Buffer.alloc(8192)),
      /^tile\/3\/000: beyond the end of the log/,
    ],
    [
      'an event file of nobody',
      (log) => void log.events.objects.set('events/999', Buffer.alloc(0)),
      /^events\/999: beyond the end of the log/,
    ],
    [
      'a narrower tile that tells something else',
      (log) => void log.log.objects.set('tile/0/007.p/3', Buffer.alloc(96)),
      /^tile\/0\/007\.p\/3: not the beginning/,
    ],
  ]
  test.each(changes)('%s', async (_what, change, first) => {
    const log = copyOf(memory)
    change(log)
    expect((await faultsOf(log))[0]).toMatch(first)
  })

  test('an event rewritten with its entry and its hash, all in accord: the level above knows better, and so does the root', async () => {
    const log = copyOf(memory)
    rewrite(log, 7, '')
    for (const path of [...log.log.objects.keys()].filter((one) => one.startsWith('tile/1/') && one !== level1(log)))
      log.log.objects.delete(path)
    expect(await faultsOf(log)).toEqual([
      `${level1(log)}: hash 7 is not the hash of the entries below it`,
      'checkpoint: its root is not the root of the entries',
    ])
    const small = await logOf(20)
    rewrite(small, 0, `.p/${(await audit(small)).size}`)
    expect(await faultsOf(small)).toEqual(['checkpoint: its root is not the root of the entries'])
  })

  test('a checkpoint that claims a thousand million entries, signed by the log: verify does not look for all of them', async () => {
    const log = copyOf(memory)
    const opened = openCheckpoint(String(log.log.objects.get('checkpoint')), [keyOf(log)])
    if (opened.outcome === 'fault') throw new Error(opened.fault)
    const text = checkpointText({ ...opened.value, size: 1_000_000_000 })
    const signature = await shipperOf(log).signer.sign(Buffer.from(text))
    log.log.objects.set('checkpoint', Buffer.from(formatNote(text, [{ name: opened.value.origin, keyId: keyIdOf(keyOf(log)), signature }])))
    const report = await audit(log)
    expect(report.faultCount).toBeGreaterThan(0)
    expect(report.notices.join('\n')).toMatch(
      /the checkpoint claims 1,000,000,000 entries, but there are none from entry \d+ on\. The rest was not checked/,
    )
  })

  test('rolled back: an earlier checkpoint, honestly signed, and the log cut to it', async () => {
    const before = await logOf(50)
    const { size: was, root } = await audit(before)
    const remembered = { size: was, root }
    expect(await faultsOf(before, { remembered })).toEqual([])
    const smaller = await smallerLog(before, 20)
    expect(await faultsOf(smaller)).toEqual([])
    expect((await faultsOf(smaller, { remembered }))[0]).toMatch(/^checkpoint: rolled back: \d+ entries, but it had \d+/)
  })

  test('forked with the true key: another history, whole in itself, is not the one that was seen', async () => {
    const before = await logOf(50)
    const { size: was, root } = await audit(before)
    const other = newMemoryLog()
    const forger = shipperOf({ ...other, privateKey: before.privateKey })
    // The same requests, but for one that never was.
    await ship(forger, [systemJournal(), ...Array.from({ length: 80 }, (_, n) => journalOf(n + 1)).filter((_, n) => n !== 10)])
    const forged: MemoryLog = { ...other, privateKey: before.privateKey }
    expect(await faultsOf(forged)).toEqual([])
    expect(await faultsOf(forged, { remembered: { size: was, root } })).toEqual([
      `entries 0 to ${was - 1}: not the entries that were verified before: the log was forked or rewritten`,
    ])
  })

  test.each([255, 256, 257, 511, 512, 513, 5000])('what was remembered at %i entries still fits, and no other root does', async (at) => {
    const part = await rootAt(memory, at)
    expect(await faultsOf(memory, { remembered: { size: at, root: part } })).toEqual([])
    expect(await faultsOf(memory, { remembered: { size: at, root: Buffer.alloc(32, 1) } })).toHaveLength(1)
  })

  test('a witness that has not signed is missed', async () => {
    expect((await faultsOf(memory, { quorum: 1 }))[0]).toMatch(/signed by 0 of the 1 required witnesses/)
  })
})

// ── How it is done ───────────────────────────────────────────────────────────────────────────────────────────────────

const swapped = <T>(list: readonly T[], a: number, b: number): T[] => list.with(a, list[b] as T).with(b, list[a] as T)
const level1 = (log: MemoryLog) => [...log.log.objects.keys()].filter((path) => path.startsWith('tile/1/')).at(-1) as string

function editEntries(log: MemoryLog, bundle: number, edit: (entries: readonly Uint8Array[]) => readonly Uint8Array[]): void {
  const path = `tile/entries/${String(bundle).padStart(3, '0')}`
  log.log.objects.set(path, encodeBundle(edit(decodeBundle(log.log.objects.get(path) as Buffer, 256) ?? [])))
}
function editEvents(log: MemoryLog, bundle: number, edit: (events: NonNullable<ReturnType<typeof parseEvents>>) => readonly any[]): void {
  const path = `events/${String(bundle).padStart(3, '0')}`
  log.events.objects.set(path, encodeEvents(edit(parseEvents(log.events.objects.get(path) as Buffer) ?? [])))
}
function cut(objects: Map<string, Buffer>, path: string): void {
  objects.set(path, (objects.get(path) as Buffer).subarray(0, -33))
}
function swapWithHashes(log: MemoryLog): void {
  editEntries(log, 7, (entries) => swapped(entries, 100, 101))
  const tile = Buffer.from(log.log.objects.get('tile/0/007') as Buffer)
  const [a, b] = [Buffer.from(tile.subarray(3200, 3232)), Buffer.from(tile.subarray(3232, 3264))]
  b.copy(tile, 3200)
  a.copy(tile, 3232)
  log.log.objects.set('tile/0/007', tile)
}

/** What somebody with both buckets and without the key can do: another event, its entry, its hash. */
function rewrite(log: MemoryLog, bundle: number, partial: string): void {
  const name = String(bundle).padStart(3, '0')
  const [entriesPath, tilePath] = [`tile/entries/${name}${partial}`, `tile/0/${name}${partial}`]
  const width = partial === '' ? TILE_WIDTH : Number(partial.slice(3))
  const entries = decodeBundle(log.log.objects.get(entriesPath) as Buffer, width) ?? []
  // The last of a journal: no later entry names its commitment.
  const place = entries.findIndex(
    (one, at) => parseEntry(one)?.type === 'session.issued' && parseEntry(entries[at + 1] as Uint8Array)?.seq === 0,
  )
  const held = parseEvents(log.events.objects.get(`events/${name}`) as Buffer)?.[place]
  const entry = parseEntry(entries[place] as Uint8Array)
  if (!held || held === 'erased' || !entry) throw new Error('nothing to rewrite')
  const forged = { ...held, event: held.event.replace('"packedPolicySize":36', '"packedPolicySize":37') }
  const other = Buffer.from(entryText({ ...entry, commit: commitOf(forged) }))
  log.log.objects.set(entriesPath, encodeBundle(entries.with(place, other)))
  editEvents(log, bundle, (events) => events.with(place, forged))
  const tile = Buffer.from(log.log.objects.get(tilePath) as Buffer)
  Buffer.from(leafHash(other)).copy(tile, place * 32)
  log.log.objects.set(tilePath, tile)
}

/** The log's own checkpoint text, under somebody else's signature by the same name. */
function note(log: MemoryLog, other: MemoryLog): Buffer {
  const opened = openCheckpoint(String(log.log.objects.get('checkpoint')), [keyOf(log)])
  if (opened.outcome === 'fault') throw new Error(opened.fault)
  const text = checkpointText(opened.value)
  return Buffer.from(formatNote(text, [{ name: opened.value.origin, keyId: keyIdOf(keyOf(other)), signature: new Uint8Array(64) }]))
}

/** A log with the true key that has only the first of the journals. */
async function smallerLog(log: MemoryLog, journals: number): Promise<MemoryLog> {
  const smaller: MemoryLog = { ...newMemoryLog(), privateKey: log.privateKey }
  await ship(shipperOf(smaller), [systemJournal(), ...Array.from({ length: journals }, (_, n) => journalOf(n + 1))])
  return smaller
}

async function rootAt(memory: MemoryLog, size: number): Promise<Uint8Array> {
  const { treeHash } = await import('../support/naive-tree.ts')
  const entries: Uint8Array[] = []
  for (let bundle = 0; entries.length < size; bundle++)
    entries.push(...(decodeBundle(memory.log.objects.get(`tile/entries/${String(bundle).padStart(3, '0')}`) as Buffer, 256) ?? []))
  return treeHash(entries.slice(0, size))
}
