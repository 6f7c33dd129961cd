/**
 * Invariant 9 and the log's own promises: a checkpoint never goes back; what is final never changes; nothing is quarantined; at the end,
 * `stint audit verify` finds no fault, and the log has every event of the table once, counted here by its own reading of the tiles.
 */
import { createHash } from 'node:crypto'
import { allJournals } from '@stint/broker/adapters/dynamodb/journal-reader'
import { storeSource } from '@stint/cli/audit/sources'
import { verify } from '@stint/cli/audit/verify/verify'
import { parseEntry } from '@stint/core/audit/entry'
import { openCheckpoint } from '@stint/tlog/checkpoint'
import { decodeBundle, tileAt, tilePath } from '@stint/tlog/tiles'
import type { Bucket } from '../objects.ts'
import { LOG_SIGNER } from '../people.ts'
import { WITNESSES } from '../witnesses.ts'
import { eventsIn, freshEvents, isRequest, numberOf, type Oracle, type OracleContext, stringOf, type Write } from './oracle.ts'

type Entry = { readonly request: string; readonly commit: string; readonly type: string }

/** What an erased item may keep: nothing that says whose it was. Not Stint's own list, which is what this oracle judges. */
const IN_ERASED = [
  'pk',
  'id',
  'createdAt',
  'profile',
  'target',
  'dayKey',
  'at',
  'events',
  'erased',
  'windowExpiresAt',
  'expires',
  'state',
  'version',
]

const ALARMS = /"event":"(log-halted|journal-quarantined|journal-removed|checkpoint-foreign)"/

export function logOracle({ fault, reach, now, dynamo }: OracleContext, log: Bucket, events: Bucket): Oracle {
  const erased = new Set<string>()
  /** How many events each request had when it was first erased. Later events name no one. */
  const erasedFrom = new Map<string, number>()
  let size = 0
  let isRestored = false
  let isWhole = true
  return {
    onObject(bucket, path, before, after) {
      if (bucket === 'events') judgeRemoval(path, before, after)
      if (bucket !== 'log') return
      if (path === 'checkpoint') {
        const opened = after && openCheckpoint(Buffer.from(after).toString('utf8'), [LOG_SIGNER.key], Object.values(WITNESSES))
        if (!opened || opened.outcome === 'fault') return fault('log', 'a checkpoint that does not open')
        if (opened.value.size <= size) fault('log', `a checkpoint of ${opened.value.size} entries after one of ${size}`)
        size = opened.value.size
        reach('a checkpoint is published')
      } else if (before && !path.includes('.p/')) fault('log', `${path} is ${after ? 'changed' : 'removed'}`)
    },
    onLine(text) {
      if (ALARMS.test(text) && !(isRestored && text.includes('journal-quarantined'))) fault('log', `the shipper says ${text.slice(0, 300)}`)
      if (text.includes('journal-quarantined')) reach('a journal is quarantined')
    },
    onRestored() {
      isRestored = true
      isWhole = false
    },
    onAuditRestored() {
      isWhole = true
    },
    onErased(request) {
      erased.add(request)
    },
    onWrite(write) {
      if (write.id.startsWith('LOG#HEAD') && write.after?.applied?.BOOL && (numberOf(write.after.size) ?? 0) > size)
        fault('log', `the head of ${numberOf(write.after.size)} entries counts as applied, and a checkpoint of ${size} is published`)
      if (!isRequest(write) || !write.after) return
      const { id, before, after } = write
      if (after.erased?.BOOL && !erasedFrom.has(id.slice(4))) erasedFrom.set(id.slice(4), (after.events?.L?.length ?? 1) - 1)
      // From then on, DynamoDB may delete the item.
      if (before && after.expires && !before.expires && commitsOf(size).get(id.slice(4))?.length !== after.events?.L?.length)
        fault('log', `${id} gets a time to live before the log has all of its events`)
      if (before?.terms && stringOf(before.profile) === 'glass') judgeGlass(write)
    },
    whenErased() {
      for (const request of erased) {
        const item = dynamo.item('stint', `REQ#${request}`)
        const left = Object.keys(item ?? {}).filter((name) => !IN_ERASED.includes(name))
        if (left.length > 0) fault('log', `${request} is erased, and its item still has ${left.join(', ')}`)
        for (const [path, bytes] of events.objects) {
          const lines = Buffer.from(bytes)
            .toString('utf8')
            .split('\n')
            .filter((line) => line.includes(`\\"request\\":\\"${request}\\"`))
          if (lines.some((line) => !/request\.(erased|retired)/.test(line)))
            fault('log', `${request} is erased, and ${path} still has an event of it`)
        }
        for (const { pk, request: of, seq } of dynamo.items('stint-side'))
          if (pk?.S?.startsWith('LOOK#') && stringOf(of) === request && (numberOf(seq) ?? 0) < (erasedFrom.get(request) ?? 0))
            fault('log', `${request} is erased, and ${pk.S} still leads to event ${seq?.N} of it`)
        reach('a request is erased')
      }
    },
    async atTheEnd() {
      // A restored table lacks events of the log, until `stint audit restore` has run.
      if (!isWhole) return
      const source = storeSource({ log: reader(log), events: reader(events) } as never)
      const client = {
        send: async (command: { input: object }) => dynamo.apply(command.constructor.name.replace(/Command$/, ''), command.input),
      }
      const table = allJournals({ client, storyTable: 'stint' } as never)
      const report = await verify({ source, keys: [LOG_SIGNER.key], now: now(), table })
      // What happened on a restored table, without knowledge of what it had lost, did happen: the log keeps it, and the rules report it.
      const faults = report.faults.filter((one) => !(isRestored && one.class === 'rules'))
      for (const { place, what } of faults.slice(0, 3)) fault('log', `audit verify: ${place}: ${what}`)
      judgeEntries(report.size)
    },
  }

  /** An approved break-glass request is not erased or retired before it is reviewed. */
  function judgeGlass(write: Write): void {
    const isLeaving = freshEvents(write).some(({ type }) => type === 'request.erased' || type === 'request.retired')
    const types = isLeaving ? eventsIn(write.before).map((event) => event?.type) : []
    if (types.includes('request.approved') && !types.includes('request.reviewed'))
      fault('log', `${write.id} is erased or retired without a review`)
  }

  /** The entries of the log up to a size: the commitments of each journal. */
  function commitsOf(entries: number): Map<string, string[]> {
    const commits = new Map<string, string[]>()
    for (const { request, commit } of entriesOf(entries)) commits.set(request, [...(commits.get(request) ?? []), commit])
    return commits
  }
  function entriesOf(entries: number): readonly Entry[] {
    const all: Entry[] = []
    for (let at = 0; ; at++) {
      const tile = tileAt('entries', at, entries)
      if (!tile) return all
      const bundle = decodeBundle(log.objects.get(tilePath(tile)) ?? new Uint8Array(), tile.width) ?? []
      all.push(...bundle.map((entry) => parseEntry(entry) as Entry))
    }
  }
  /** Events are removed only once the published log says that they were erased: until then, it would look like tampering. */
  function judgeRemoval(path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    if (!before || !after || path.startsWith('stage/') || after.length >= before.length) return
    const [had, has] = [before, after].map((bytes) => Buffer.from(bytes).toString('utf8').split('\n'))
    const gone = had?.filter((line, at) => line !== has?.[at]).flatMap((line) => /\\"request\\":\\"(req_\w+)/.exec(line)?.[1] ?? []) ?? []
    if (gone.length === 0) return
    const erasedThere = new Set(entriesOf(size).flatMap(({ type, request }) => (type === 'request.erased' ? [request] : [])))
    for (const request of gone)
      if (!erasedThere.has(request)) fault('log', `events of ${request} are removed, and the log does not say why`)
  }

  function judgeEntries(entries: number): void {
    const commits = commitsOf(entries)
    for (const item of dynamo.items('stint')) {
      const id = stringOf(item.pk)?.replace(/^[A-Z]+#/, '') ?? ''
      const there = commits.get(id) ?? []
      const journal = item.events?.L ?? []
      if (there.length !== journal.length) fault('log', `${id} has ${journal.length} events, and the log ${there.length}`)
      journal.forEach(({ M: entry }, at) => {
        if (entry?.event?.S === undefined) return
        const commit = createHash('sha256')
          .update(entry.salt?.B as Uint8Array)
          .update(entry.event.S)
          .digest()
        if (
          there[at] !== undefined &&
          ![commit.toString('hex'), commit.toString('base64'), commit.toString('base64url')].includes(there[at])
        )
          fault('log', `${id}: event ${at} is not the one in the log`)
      })
    }
  }
}

const reader = (bucket: Bucket) => ({
  get: async (path: string) => bucket.get(path),
  list: async (prefix: string) => bucket.list(prefix),
})
