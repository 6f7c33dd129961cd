/**
 * A log in memory: stores, the state that DynamoDB would hold, a key, and journals such as Stint writes. Every write can be
 * made to fail, before or after it took effect.
 */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { localSigner } from '@stint/broker/adapters/signer'
import { lookupBound } from '@stint/broker/log/lookup'
import type { Shipper } from '@stint/broker/log/ship'
import type { Cursor, Head, LogState, LookupRow, ObjectStore } from '@stint/broker/ports/log'
import { Trouble } from '@stint/broker/ports/log'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import type { Journaled } from '@stint/core/audit/journal-item'
import type { RequestId, SessionId } from '@stint/core/ids'
import { wholeSecond } from '@stint/core/instant'

export const ORIGIN = 'log.test/stint'
export const START = Date.parse('2026-11-24T12:00:00Z')

// ── Objects ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export type MemoryStore = ObjectStore & { readonly objects: Map<string, Buffer> }
const etagOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

export function memoryStore(objects = new Map<string, Buffer>()): MemoryStore {
  return {
    objects,
    async get(path) {
      const bytes = objects.get(path)
      return bytes && { bytes: Buffer.from(bytes), etag: etagOf(bytes) }
    },
    async create(path, bytes) {
      if (objects.has(path)) return 'exists'
      objects.set(path, Buffer.from(bytes))
      return 'created'
    },
    async replace(path, bytes, etag) {
      const there = objects.get(path)
      if ((there && etagOf(there)) !== etag) return 'changed'
      objects.set(path, Buffer.from(bytes))
      return 'replaced'
    },
    async remove(path) {
      objects.delete(path)
    },
    async list(prefix) {
      return [...objects.keys()].filter((path) => path.startsWith(prefix)).sort()
    },
  }
}

// ── State ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type MemoryState = LogState & { readonly rows: Map<string, LookupRow>; readonly now: { head: Head | undefined } }

export function memoryState(): MemoryState {
  const now: { head: Head | undefined } = { head: undefined }
  const cursors = new Map<string, Cursor>()
  const rows = new Map<string, LookupRow>()
  const keyOf = (row: LookupRow) => `${row.key} ${lookupBound(row)}`
  return {
    now,
    rows,
    head: async () => now.head,
    async move(from, to) {
      if (now.head?.stage === to.stage) return true
      if (now.head?.stage !== from?.stage || now.head?.applied === false) return false
      now.head = to
      return true
    },
    async applied(stage) {
      if (now.head?.stage === stage) now.head = { ...now.head, applied: true }
    },
    cursors: async (requests) =>
      new Map(requests.flatMap((request) => (cursors.has(request) ? [[request, cursors.get(request) as Cursor]] : []))),
    async advance(request, from, { count, commit, first, places }) {
      const there = cursors.get(request)
      if ((there?.count ?? 0) !== from) return
      cursors.set(request, { count, commit, first: there?.first ?? first, places: [...(there?.places ?? []), ...places] })
    },
    async index(some) {
      for (const row of some) rows.set(keyOf(row), row)
    },
    async unindex(some) {
      for (const row of some) rows.delete(keyOf(row))
    },
    lookup: async (key, limit, before) =>
      [...rows.values()]
        .filter((row) => row.key === key && (before === undefined || lookupBound(row) < before))
        .sort((one, other) => (lookupBound(one) > lookupBound(other) ? -1 : 1))
        .slice(0, limit),
  }
}

// ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What happens to one call of a store or of the state. */
export type Fate = 'works' | 'fails-before' | 'fails-after'
export type Fates = (name: string) => Fate

const writes = new Set(['create', 'replace', 'remove', 'move', 'applied', 'advance', 'index', 'unindex', 'sign'])

/** The same, with each call's fate decided by `fates`. Between any two calls others get their turn. */
export function fated<T extends object>(of: T, name: string, fates: Fates): T {
  return new Proxy(of, {
    get(target, member, receiver) {
      const value = Reflect.get(target, member, receiver) as unknown
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        await new Promise(setImmediate)
        const fate = fates(`${name}.${String(member)}`)
        if (fate === 'fails-before') throw new Trouble(`${name}.${String(member)} failed before`)
        const result = await (value as (...all: unknown[]) => unknown).apply(target, args)
        if (fate === 'fails-after' && writes.has(String(member))) throw new Trouble(`${name}.${String(member)} failed after`)
        return result
      }
    },
  })
}

// ── The log ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export type MemoryLog = {
  readonly log: MemoryStore
  readonly events: MemoryStore
  readonly state: MemoryState
  readonly privateKey: KeyObject
}

export const newMemoryLog = (): MemoryLog => ({
  log: memoryStore(),
  events: memoryStore(),
  state: memoryState(),
  privateKey: generateKeyPairSync('ed25519').privateKey,
})

/** A shipper of this log; `fates` decides what becomes of its calls. */
export function shipperOf(memory: MemoryLog, fates: Fates = () => 'works', say: (line: object) => void = () => {}): Shipper {
  return {
    log: fated(memory.log, 'log', fates),
    events: fated(memory.events, 'events', fates),
    state: fated(memory.state, 'state', fates),
    signer: fated(localSigner(ORIGIN, memory.privateKey), 'signer', fates),
    witnesses: [],
    clock: () => START,
    random: bytes,
    say,
  }
}

// ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let drawn = 0
/** Different each time, and the same in every run. */
export const bytes = (count: number): Uint8Array =>
  new Uint8Array(createHash('shake256', { outputLength: count }).update(`bytes ${drawn++}`).digest())

const writing = { random: bytes, configHash: 'c'.repeat(64) }
const hash = 'a'.repeat(64)
const person = (name: string) => ({ issuer: 'people', subject: `sub-${name}`, name, kind: 'human' as const })
const [dana, alex] = [person('Dana'), person('Alex')]

export const requestId = (n: number) => `req_${String(n).padStart(26, '0')}` as RequestId

/** Journal `n`, as Stint writes it: every tenth was asked of people, every seventh failed at AWS first. */
export function journalOf(n: number): Journaled {
  const request = requestId(n)
  const at = START + n
  const session = (suffix: string) => `${request}.${suffix}` as SessionId
  const windowExpiresAt = at + 3_600_000
  const expiresAt = wholeSecond(at + 2) + 900_000
  const what = { request, at, caller: dana, profile: 'orders-db', target: 'prod', terms: hash }
  const reserved = (suffix: string): AuditEvent => ({
    type: 'session.reserved',
    request,
    at: at + 2,
    session: session(suffix),
    caller: dana,
    terms: hash,
    sessionName: `Dana-${session(suffix)}`,
    role: 'arn:aws:iam::111122223333:role/stint/Orders',
    sourceIdentity: 'acme.sub-Dana',
    duration: 900,
    expiresAt,
    build: 'test',
    source: '203.0.113.7',
    token: hash,
    trace: 'f'.repeat(32),
  })
  const issued = (suffix: string): AuditEvent => ({
    type: 'session.issued',
    request,
    at: at + 3,
    session: session(suffix),
    accessKeyId: `ASIA${String(n).padStart(16, '0')}`,
    assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Orders/Dana-${session(suffix)}`,
    assumedRoleId: `AROAEXAMPLE:Dana-${session(suffix)}`,
    expiration: expiresAt,
    awsRequestId: '6e781aef-ef19-492f-89a8-3eea21ae90cd',
    packedPolicySize: 36,
    sends: 1,
  })
  const failed: AuditEvent = {
    type: 'session.failed',
    request,
    at: at + 3,
    session: session('aaaaaaaa'),
    code: 'sts-throttled',
    reason: 'slow',
    sends: 2,
  }
  const told: readonly AuditEvent[] = [
    ...(n % 10 === 0
      ? ([
          { type: 'request.asked', ...what, needs: [1], justification: 'an incident', uses: 1, window: 3600, expiresAt: windowExpiresAt },
          { type: 'request.received', request, at, build: 'test', source: '203.0.113.7', token: hash, trace: 'f'.repeat(32) },
          { type: 'approval.given', request, at: at + 1, by: alex, channel: 'api', rules: [0], source: '203.0.113.8', token: hash },
          { type: 'request.approved', request, at: at + 1, uses: 1, expiresAt: windowExpiresAt },
        ] as const)
      : ([{ type: 'request.created', ...what, uses: 1, expiresAt: windowExpiresAt }] as const)),
    ...(n % 7 === 0 ? [reserved('aaaaaaaa'), failed] : []),
    reserved('bbbbbbbb'),
    issued('bbbbbbbb'),
  ]
  return {
    request,
    events: told.map((event) => journalEntry(event, writing)),
    about: { issuer: 'people', subject: 'sub-Dana', profile: 'orders-db', target: 'prod' },
  }
}

/** Announces the config that the journals name. */
export function systemJournal(): Journaled {
  const request = 'sys_0' as const
  return { request, events: [journalEntry({ type: 'config.seen', request, at: START, build: 'test' }, writing)], about: {} }
}
