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
import { type Oracle, type OracleContext, stringOf } from './oracle.ts'

const ALARMS = /"event":"(log-halted|journal-quarantined|journal-removed|checkpoint-foreign)"/

export function logOracle({ fault, reach, now, dynamo }: OracleContext, log: Bucket, events: Bucket): Oracle {
  const erased = new Set<string>()
  let size = 0
  let isRestored = false
  let isWhole = true
  return {
    onObject(bucket, path, before, after) {
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
    whenErased() {
      for (const request of erased) {
        const item = dynamo.item('stint', `REQ#${request}`)
        if (item && (item.caller || item.terms || item.justification))
          fault('log', `${request} is erased, and its item still says whose it was`)
        for (const [path, bytes] of events.objects) {
          const lines = Buffer.from(bytes)
            .toString('utf8')
            .split('\n')
            .filter((line) => line.includes(`\\"request\\":\\"${request}\\"`))
          if (lines.some((line) => !/request\.(erased|retired)/.test(line)))
            fault('log', `${request} is erased, and ${path} still has an event of it`)
        }
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

  function judgeEntries(entries: number): void {
    const commits = new Map<string, string[]>()
    for (let at = 0; ; at++) {
      const tile = tileAt('entries', at, entries)
      if (!tile) break
      for (const entry of decodeBundle(log.objects.get(tilePath(tile)) ?? new Uint8Array(), tile.width) ?? []) {
        const { request, commit } = parseEntry(entry) as { request: string; commit: string }
        commits.set(request, [...(commits.get(request) ?? []), commit])
      }
    }
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
