/**
 * Verifies an audit log from end to end, and trusts neither those who keep it nor those who wrote it: every hash, the
 * signature, that it continues the log that was seen before, that each event is the one committed to, that each journal
 * keeps its rules, and, where the table is at hand, that table and log tell one story.
 *
 * One pass, in order, a bundle of 256 entries at a time: memory grows with the number of requests, not of events.
 */
import { eventsPath, type HeldEvent, parseEvents } from '@stint/broker/log/events'
import type { Journaled } from '@stint/broker/log/ports'
import { type CheckpointFault, type OpenedCheckpoint, openCheckpoint } from '@stint/core/audit/checkpoint'
import { commitOf, parseEntry } from '@stint/core/audit/entry'
import { step } from '@stint/core/audit/journal'
import { append, type Edge, fold, type Hash, leafHash, perfectNodes, sameHash } from '@stint/core/audit/merkle'
import { formatVkey, type NoteKey, parseVkey } from '@stint/core/audit/note'
import { type EventType, eventTypes, type ReadEvent, readEvent } from '@stint/core/audit/schema'
import {
  decodeBundle,
  decodeTile,
  hashWithin,
  parseTilePath,
  TILE_WIDTH,
  type Tile,
  tileAt,
  tilePath,
  tileRoot,
} from '@stint/core/audit/tiles'
import { type Instant, parseIso } from '@stint/core/instant'
import { CHAIN_START, chainOf, Journals } from './journals.ts'

/** Where a log is read from. Throws where it cannot be reached. */
export type LogSource = {
  get(path: string): Promise<Uint8Array | undefined>
  /** Every path there is, where that can be asked: then what does not belong there is found too. */
  list?(): Promise<readonly string[]>
  /** false: it does not give out events (a public log); then only entries are judged. */
  readonly hasEvents: boolean
}

/** What a fault says of the log: it was changed; it breaks the rules; table and log differ; something is not there. */
export type FaultClass = 'tampered' | 'rules' | 'table' | 'unreadable'
export type Fault = { readonly class: FaultClass; readonly place: string; readonly what: string }

export type VerifyOptions = {
  readonly source: LogSource
  /** Keys that may sign; none: the key that the log itself names is taken, and the report says so. */
  readonly keys: readonly NoteKey[]
  readonly witnesses?: readonly NoteKey[]
  /** How many of them must have signed. */
  readonly quorum?: number
  /** What was seen when the log was verified before. */
  readonly remembered?: { readonly size: number; readonly root: Hash }
  readonly table?: AsyncIterable<readonly Journaled[]>
  readonly now: Instant
  /** Gets every event that could be read, in the order of the log. */
  readonly onEvent?: (event: ReadEvent, seq: number) => void
  readonly onProgress?: (done: number, all: number) => void
  /** Faults written out; more are only counted. */
  readonly mostFaults?: number
}

export type Report = {
  readonly origin: string
  readonly size: number
  readonly root: Hash
  readonly vkey: string
  /** The key came out of the log itself. */
  readonly keyUntrusted: boolean
  readonly witnesses: readonly string[]
  /** The size that it was held to from before. */
  readonly since?: number
  readonly counts: Readonly<Partial<Record<EventType, number>>>
  readonly journals: number
  readonly erased: number
  readonly span?: { readonly first: string; readonly last: string }
  /** The events were at hand, so the rules were judged by what they say. */
  readonly judgedEvents: boolean
  readonly table?: { readonly journals: number; readonly unshipped: number }
  readonly notices: readonly string[]
  readonly faults: readonly Fault[]
  readonly faultCount: number
}

/** Events younger than this may not be in the log yet, nor their config announced. */
const FRESH_MS = 10 * 60_000
const MOST_FAULTS = 100
/** Entries beyond the checkpoint whose tiles may lie there already: a few batches. */
const ON_ITS_WAY = 4000
/** Bundles that are fetched ahead. */
const AHEAD = 8

export async function verify(options: VerifyOptions): Promise<Report> {
  const { source, keys, witnesses = [], quorum = 0, remembered } = options
  const found = new Findings(options.mostFaults ?? MOST_FAULTS)
  const opened = await openLog(source, keys, witnesses)
  if ('fault' in opened) return emptyReport(found.add({ class: opened.class, place: 'checkpoint', what: opened.fault }))
  const { checkpoint, keyUntrusted } = opened
  const { size, root } = checkpoint
  if (checkpoint.witnesses.length < quorum)
    found.add({
      class: 'tampered',
      place: 'checkpoint',
      what: `signed by ${checkpoint.witnesses.length} witnesses of the ${quorum} that it needs`,
    })
  if (remembered && size < remembered.size)
    found.add({
      class: 'tampered',
      place: 'checkpoint',
      what: `rolled back: ${size} entries, and it had ${remembered.size} when it was verified before`,
    })

  const story = new Story(found, options.table !== undefined, options.onEvent)
  const tree = new TreeCheck(found, source)
  const ahead = new Map<number, Promise<BundleFiles>>()
  const bundles = Math.ceil(size / TILE_WIDTH)
  for (let index = 0; index < bundles; index++) {
    for (let next = index; next < Math.min(index + AHEAD, bundles); next++)
      if (!ahead.has(next)) ahead.set(next, readBundle(source, next, size))
    const files = (await ahead.get(index)) as BundleFiles
    ahead.delete(index)
    const { leaves, entries, events } = checkBundle(files, index, found)
    const start = index * TILE_WIDTH
    if (remembered && remembered.size > start && remembered.size <= start + leaves.length) {
      if (!sameHash(tree.rootWith(leaves.slice(0, remembered.size - start)), remembered.root))
        found.add({
          class: 'tampered',
          place: `entries 0 to ${remembered.size - 1}`,
          what: 'not those that were verified before: the log was forked or rewritten',
        })
    }
    await tree.add(leaves)
    for (const [at, entry] of entries.entries()) story.take(start + at, entry, events[at])
    options.onProgress?.(start + leaves.length, size)
  }
  if (!sameHash(await tree.finish(), root))
    found.add({ class: 'tampered', place: 'checkpoint', what: 'its root is not that of the entries' })
  if (source.list) await checkFiles(source, size, await source.list(), found)
  story.end(options.now)
  const table = options.table ? await story.compare(options.table, options.now) : undefined
  return {
    origin: checkpoint.origin,
    size,
    root,
    vkey: formatVkey(checkpoint.key),
    keyUntrusted,
    witnesses: checkpoint.witnesses,
    ...(remembered ? { since: remembered.size } : {}),
    counts: story.counts,
    journals: story.journals.size,
    erased: story.erased,
    ...(story.span ? { span: story.span } : {}),
    judgedEvents: source.hasEvents,
    ...(table ? { table } : {}),
    notices: found.notices,
    faults: found.faults,
    faultCount: found.count,
  }
}

const emptyReport = (found: Findings): Report => ({
  origin: '',
  size: 0,
  root: new Uint8Array(),
  vkey: '',
  keyUntrusted: false,
  witnesses: [],
  counts: {},
  journals: 0,
  erased: 0,
  judgedEvents: false,
  notices: found.notices,
  faults: found.faults,
  faultCount: found.count,
})

class Findings {
  readonly faults: Fault[] = []
  readonly notices: string[] = []
  count = 0
  readonly #most: number
  constructor(most: number) {
    this.#most = most
  }
  add(fault: Fault): this {
    this.count++
    if (this.faults.length < this.#most) this.faults.push(fault)
    return this
  }
}

// ── The checkpoint ───────────────────────────────────────────────────────────────────────────────────────────────────

type Opened =
  | { readonly checkpoint: OpenedCheckpoint; readonly keyUntrusted: boolean }
  | { readonly class: FaultClass; readonly fault: string }

async function openLog(source: LogSource, keys: readonly NoteKey[], witnesses: readonly NoteKey[]): Promise<Opened> {
  const bytes = await source.get('checkpoint')
  if (!bytes) return { class: 'unreadable', fault: 'there is none' }
  const note = Buffer.from(bytes).toString('utf8')
  if (Buffer.compare(Buffer.from(note), bytes) !== 0) return { class: 'tampered', fault: 'not UTF-8' }
  const trusted = keys.length > 0 ? keys : await keysInLog(source)
  if (trusted.length === 0)
    return { class: 'unreadable', fault: 'no key is known that could have signed it, and the log names none: pass --vkey' }
  const opened = openCheckpoint(note, trusted, witnesses)
  if (opened.outcome === 'fault') return { class: 'tampered', fault: words[opened.fault] }
  return { checkpoint: opened.value, keyUntrusted: keys.length === 0 }
}

const words: Readonly<Record<CheckpointFault, string>> = {
  'not a signed note': 'it is not a signed note',
  'not a checkpoint': 'it is not a checkpoint',
  'of another log': 'it is of another log than the key',
  'not signed by the log': 'the log has not signed it',
  'with a signature that is wrong': 'its signature is wrong',
}

/** The keys that the log says it is signed with: better than none, and worth nothing against whoever wrote the log. */
async function keysInLog(source: LogSource): Promise<readonly NoteKey[]> {
  const keys: NoteKey[] = []
  for (let bundle = 0; ; bundle++) {
    const bytes = source.hasEvents ? await source.get(eventsPath(bundle)) : undefined
    const held = bytes && parseEvents(bytes)
    if (!held) return keys
    for (const one of held) {
      const event = one === 'erased' || !one.event.includes('"log.started"') ? undefined : readEvent(one.event)
      const key = typeof event === 'object' && typeof event.vkey === 'string' ? parseVkey(event.vkey) : undefined
      if (key) keys.push(key)
    }
    if (keys.length > 0) return keys
  }
}

// ── One bundle ───────────────────────────────────────────────────────────────────────────────────────────────────────

export type BundleFiles = {
  readonly entries: Uint8Array | undefined
  readonly tile: Uint8Array | undefined
  /** `none`: the source gives out no events. */
  readonly held: Uint8Array | undefined | 'none'
  readonly width: number
  readonly names: { readonly entries: string; readonly tile: string; readonly held: string }
}

/** A narrower tile may be gone once the full one is there (C2SP tlog-tiles): then that stands for it. */
export async function readTile(source: Pick<LogSource, 'get'>, tile: Tile): Promise<Uint8Array | undefined> {
  return (
    (await source.get(tilePath(tile))) ?? (tile.width < TILE_WIDTH ? await source.get(tilePath({ ...tile, width: TILE_WIDTH })) : undefined)
  )
}

export async function readBundle(source: LogSource, index: number, size: number): Promise<BundleFiles> {
  const tile = tileAt(0, index, size) as Tile
  const bundle: Tile = { ...tile, level: 'entries' }
  const held = eventsPath(index)
  const [entries, hashes, events] = await Promise.all([
    readTile(source, bundle),
    readTile(source, tile),
    source.hasEvents ? source.get(held) : ('none' as const),
  ])
  return { entries, tile: hashes, held: events, width: tile.width, names: { entries: tilePath(bundle), tile: tilePath(tile), held } }
}

export type CheckedBundle = {
  readonly leaves: readonly Hash[]
  readonly entries: readonly ReturnType<typeof parseEntry>[]
  readonly events: readonly (HeldEvent | undefined)[]
}

/** Entries against their hashes, events against their commitments. */
export function checkBundle(
  { entries: bytes, tile, held, width, names }: BundleFiles,
  index: number,
  found: { add(fault: Fault): unknown },
): CheckedBundle {
  const start = index * TILE_WIDTH
  const tampered = (place: string, what: string) => void found.add({ class: 'tampered', place, what })
  const absent = (place: string) => void found.add({ class: 'tampered', place, what: 'missing' })
  const bundle = bytes && (decodeBundle(bytes, width) ?? decodeBundle(bytes, TILE_WIDTH)?.slice(0, width))
  const hashes = tile && (decodeTile(tile, width) ?? decodeTile(tile, TILE_WIDTH)?.slice(0, width))
  if (!bytes) absent(names.entries)
  else if (!bundle) tampered(names.entries, `not ${width} entries`)
  if (!tile) absent(names.tile)
  else if (!hashes) tampered(names.tile, `not ${width} hashes`)

  const leaves = bundle?.map(leafHash) ?? hashes ?? []
  if (bundle && hashes) {
    const at = leaves.findIndex((leaf, place) => !sameHash(leaf, hashes[place] as Hash))
    if (at >= 0) tampered(`entry ${start + at}`, `its hash is not that of ${names.tile}`)
  }
  const entries = (bundle ?? []).map((entry, at) => {
    const parsed = parseEntry(entry)
    if (!parsed) tampered(`entry ${start + at}`, 'it is not an entry of this log')
    return parsed
  })
  if (held === 'none') return { leaves, entries, events: [] }
  const events = held && parseEvents(held)
  if (!held) absent(names.held)
  else if (!events) tampered(names.held, 'it cannot be read as events')
  // The last bundle may be ahead of the checkpoint; a full one has all that it ever will.
  else if (events.length < width || events.length > TILE_WIDTH) tampered(names.held, `${events.length} events for ${width} entries`)
  entries.forEach((entry, at) => {
    const event = events?.[at]
    if (entry && event && event !== 'erased' && commitOf(event) !== entry.commit)
      tampered(`event ${entry.request}/${entry.seq} (entry ${start + at})`, 'it is not the event that the log commits to')
  })
  return { leaves, entries, events: events ?? [] }
}

// ── The tree ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Folds leaves to the root, and holds every tile of hashes above them to what is below. */
class TreeCheck {
  readonly #found: Findings
  readonly #source: LogSource
  /** For each level above the leaves: hashes that are in no full tile yet, and how many tiles came before. */
  readonly #rows: { hashes: Hash[]; tiles: number }[] = []
  /** Of the full tiles of leaves. */
  #edge: Edge = []
  #tiles = 0
  /** Leaves of the last tile, where it is not full. */
  #rest: readonly Hash[] = []

  constructor(found: Findings, source: LogSource) {
    this.#found = found
    this.#source = source
  }

  async add(leaves: readonly Hash[]): Promise<void> {
    if (leaves.length < TILE_WIDTH) {
      this.#rest = leaves
      return
    }
    const hash = tileRoot(leaves)
    this.#edge = append(this.#edge, this.#tiles++, hash)
    await this.#raise(1, hash)
  }

  async #raise(level: number, hash: Hash): Promise<void> {
    this.#rows[level] ??= { hashes: [], tiles: 0 }
    const row = this.#rows[level]
    row.hashes.push(hash)
    if (row.hashes.length < TILE_WIDTH) return
    await this.#compare({ level, index: row.tiles++, width: TILE_WIDTH }, row.hashes)
    const above = tileRoot(row.hashes)
    row.hashes = []
    await this.#raise(level + 1, above)
  }

  async #compare(tile: Tile, hashes: readonly Hash[]): Promise<void> {
    const path = tilePath(tile)
    const bytes = await readTile(this.#source, tile)
    if (!bytes) return void this.#found.add({ class: 'tampered', place: path, what: 'missing' })
    const there = decodeTile(bytes, tile.width) ?? decodeTile(bytes, TILE_WIDTH)
    if (!there) return void this.#found.add({ class: 'tampered', place: path, what: `not ${tile.width} hashes` })
    const at = hashes.findIndex((hash, place) => !sameHash(hash, there[place] as Hash))
    if (at >= 0) this.#found.add({ class: 'tampered', place: path, what: `hash ${at} is not that of the entries below it` })
  }

  /** The root with these leaves behind all that were added so far. */
  rootWith(leaves: readonly Hash[]): Hash {
    return fold([...this.#edge, ...partsOf(leaves)])
  }

  /** The root of all that was added; holds the tiles that are not full to it too. */
  async finish(): Promise<Hash> {
    for (const [level, row] of this.#rows.entries()) {
      if (row && row.hashes.length > 0) await this.#compare({ level, index: row.tiles, width: row.hashes.length }, row.hashes)
    }
    return this.rootWith(this.#rest)
  }
}

/** The perfect ranges that at most 256 leaves are made of. */
const partsOf = (leaves: readonly Hash[]): readonly Hash[] =>
  perfectNodes({ start: 0, end: leaves.length }).map(({ level, index }) => hashWithin(leaves, index * 2 ** level, (index + 1) * 2 ** level))

// ── The files ────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * What lies there beside what was read: narrower tiles must be the beginning of what they grew into, and nothing else may
 * be there but journals set aside and stages on their way.
 */
async function checkFiles(source: LogSource, size: number, paths: readonly string[], found: Findings): Promise<void> {
  for (const path of paths) {
    if (path === 'checkpoint' || path.startsWith('stage/')) continue
    if (path.startsWith('parked/')) {
      found.notices.push(`${path.slice('parked/'.length)} was set aside: its journal could not be shipped at some time`)
      continue
    }
    const tile = parseTilePath(path.replace(/^events\//, 'tile/entries/'))
    if (!tile || (path.startsWith('events/') && tile.width < TILE_WIDTH)) {
      found.notices.push(`${path} is no file of a log`)
      continue
    }
    const now = tileAt(tile.level, tile.index, size)
    if (!tileAt(tile.level, tile.index, size + ON_ITS_WAY)) found.add({ class: 'tampered', place: path, what: 'beyond the end of the log' })
    if (path.startsWith('events/')) continue
    if (!now || tile.width >= now.width) continue
    const [narrow, wide] = [await source.get(path), await readTile(source, now)]
    if (narrow && wide && (wide.length < narrow.length || Buffer.compare(narrow, wide.subarray(0, narrow.length)) !== 0))
      found.add({ class: 'tampered', place: path, what: `not the beginning of ${tilePath(now)}` })
  }
}

// ── The story ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Holds each journal to its rules, entry by entry, and remembers what the table must say. */
class Story {
  readonly journals: Journals
  readonly counts: Partial<Record<EventType, number>> = {}
  erased = 0
  span: { readonly first: string; readonly last: string } | undefined
  readonly #found: Findings
  /** Configs by when events first named them, until they are announced. */
  readonly #unannounced = new Map<string, { readonly at: string; readonly place: string }>()
  readonly #announced = new Set<string>()
  readonly #onEvent: VerifyOptions['onEvent']

  constructor(found: Findings, chained: boolean, onEvent: VerifyOptions['onEvent']) {
    this.#found = found
    this.#onEvent = onEvent
    this.journals = new Journals(chained)
  }

  /** `held` is absent where the source has no events, or this one cannot be read: then only its entry is judged. */
  take(index: number, entry: ReturnType<typeof parseEntry>, held: HeldEvent | undefined): void {
    if (!entry) return
    const { request, seq, type, commit, prev } = entry
    const place = `event ${request}/${seq} (entry ${index})`
    const row = this.journals.find(request) ?? this.journals.add(request)
    const count = this.journals.count(row)
    if (seq !== count || (prev ?? '') !== this.journals.commit(row)) {
      const what = seq === count ? 'it does not follow the event before it' : `it should be event ${count} of its journal`
      this.#found.add({ class: 'tampered', place, what })
    }
    this.journals.advance(row, seq + 1, commit)

    if (!Object.hasOwn(eventTypes, type))
      return void this.#found.add({ class: 'rules', place, what: `of a type that is not known: ${type}` })
    const known = type as EventType
    this.counts[known] = (this.counts[known] ?? 0) + 1
    if (held === 'erased') this.erased++
    const event = held === undefined || held === 'erased' ? undefined : this.#read(held.event, place, request, type)
    if (event) {
      this.#config(event, place)
      this.#onEvent?.(event, seq)
    }
    const journal = this.journals.journal(row)
    if (held === 'erased') {
      // What was erased came before the event that says so.
      if (journal.erasureTold)
        this.#found.add({ class: 'tampered', place, what: 'gone, and what says that events were erased came before it' })
      journal.erased = true
    }
    const broken = step(journal, known, event)
    this.journals.keep(row, journal)
    if (broken) this.#found.add({ class: 'rules', place, what: broken })
  }

  #read(text: string, place: string, request: string, type: string): ReadEvent | undefined {
    const event = readEvent(text)
    if (typeof event === 'string') {
      this.#found.add({ class: 'rules', place, what: `it is ${event}` })
      return undefined
    }
    if (event.request !== request || event.type !== type) {
      this.#found.add({ class: 'tampered', place, what: `it is a ${event.type} of ${event.request}, and its entry says ${type}` })
      return undefined
    }
    this.span = { first: this.span?.first ?? event.at, last: event.at }
    return event
  }

  #config(event: ReadEvent, place: string): void {
    // Whoever erases is a person at a command line, and no deployed config.
    if (event.type === 'request.erased') return
    if (event.type === 'config.seen') {
      this.#announced.add(event.config)
      this.#unannounced.delete(event.config)
    } else if (!this.#announced.has(event.config) && !this.#unannounced.has(event.config)) {
      this.#unannounced.set(event.config, { at: event.at, place })
    }
  }

  end(now: Instant): void {
    for (const [config, { at, place }] of this.#unannounced) {
      if (Math.abs(now - (parseIso(at) ?? 0)) < FRESH_MS) this.#found.notices.push(`config ${config.slice(0, 12)} is not announced yet`)
      else this.#found.add({ class: 'rules', place, what: `decided by config ${config}, which was never announced` })
    }
    for (const [request, row] of this.journals.entries()) {
      const [journal, count] = [this.journals.journal(row), this.journals.count(row)]
      // Whoever erases says so in the journal itself.
      if (journal.erased && !journal.erasureTold)
        this.#found.add({
          class: 'tampered',
          place: request,
          what: `events among its ${count} are gone, and none says that they were erased`,
        })
    }
  }

  /** Table and log, both ways. */
  async compare(
    table: AsyncIterable<readonly Journaled[]>,
    now: Instant,
  ): Promise<{ readonly journals: number; readonly unshipped: number }> {
    let [journals, unshipped] = [0, 0]
    for await (const some of table) {
      for (const { request, events } of some) {
        journals++
        const row = this.journals.find(request)
        if (row !== undefined) this.journals.markInTable(row)
        const count = row === undefined ? 0 : this.journals.count(row)
        const commits = events.map((one) => ('event' in one ? commitOf(one) : one.commit))
        if (events.length < count) {
          this.#found.add({ class: 'table', place: request, what: `${events.length} events in the table, ${count} in the log` })
          continue
        }
        if (row !== undefined && !commits.slice(0, count).reduce(chainOf, CHAIN_START).equals(this.journals.chain(row))) {
          this.#found.add({ class: 'table', place: request, what: 'its events in the table are not those in the log' })
          continue
        }
        if (events.length === count) continue
        unshipped += events.length - count
        const oldest = events[count]
        const event = oldest && 'event' in oldest ? readEvent(oldest.event) : undefined
        if (typeof event !== 'object' || Math.abs(now - (parseIso(event.at) ?? 0)) >= FRESH_MS)
          this.#found.add({
            class: 'table',
            place: `event ${request}/${count}`,
            what: 'in the table, and after all this time not in the log',
          })
      }
    }
    for (const [request, row] of this.journals.entries()) {
      if (!this.journals.isInTable(row) && this.journals.journal(row).stage !== 'retired')
        this.#found.add({ class: 'table', place: request, what: 'in the log, and gone from the table without having been retired' })
    }
    return { journals, unshipped }
  }
}
