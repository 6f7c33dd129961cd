/**
 * The log at size: appending 1,000 events to a log of 1,000 and to one of 1,000,000, and verifying the large one.
 *
 *     node test/bench/log.ts [EVENTS]
 *
 * The log lies in a folder; objects and bytes are counted where they are written. Verifying runs as its users run it, in a
 * process of its own, whose memory is measured at its peak.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { folderStore } from '@stint/broker/adapters/store/files'
import { type Shipper, ship } from '@stint/broker/log/ship'
import type { ObjectStore } from '@stint/broker/ports/log'
import type { Journaled } from '@stint/core/audit/journal-item'
import { formatVkey } from '@stint/tlog/note'
import { journalOf, newMemoryLog, shipperOf, systemJournal } from '../support/memory-log.ts'

const EVENTS = Number(process.argv[2] ?? 1_000_000)
const SMALL = 1000
const BATCH = 1000
const ROUNDS = 5

type Counts = { writes: number; reads: number; bytes: number }

function counted(store: ObjectStore, counts: Counts): ObjectStore {
  const wrote = (bytes: Uint8Array) => {
    counts.writes++
    counts.bytes += bytes.length
  }
  return {
    get: (path) => {
      counts.reads++
      return store.get(path)
    },
    create: (path, bytes, options) => {
      wrote(bytes)
      return store.create(path, bytes, options)
    },
    replace: (path, bytes, etag) => {
      wrote(bytes)
      return store.replace(path, bytes, etag)
    },
    remove: (path) => {
      counts.writes++
      return store.remove(path)
    },
    list: (prefix) => {
      counts.reads++
      return store.list(prefix)
    },
  }
}

let made = 0
/** Journals with this many events, more or less. */
function some(events: number): Journaled[] {
  const journals: Journaled[] = []
  for (let count = 0; count < events; ) {
    const journal = journalOf(made++)
    count += journal.events.length
    journals.push(journal)
  }
  return journals
}

async function append(shipper: Shipper, journals: readonly Journaled[]): Promise<number> {
  const shipped = await ship(shipper, journals)
  if (shipped.outcome === 'unknown') throw new Error(shipped.cause)
  return shipped.value.entries
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

async function measureAppend(shipper: Shipper, counts: Counts) {
  const rounds: (Counts & { ms: number; entries: number })[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const journals = some(BATCH)
    Object.assign(counts, { writes: 0, reads: 0, bytes: 0 })
    const start = performance.now()
    const entries = await append(shipper, journals)
    rounds.push({ ms: performance.now() - start, entries, ...counts })
  }
  const of = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick))
  return {
    ms: of(({ ms }) => ms),
    entries: of(({ entries }) => entries),
    writes: of(({ writes }) => writes),
    reads: of(({ reads }) => reads),
    bytes: of(({ bytes }) => bytes),
  }
}

const folder = mkdtempSync(join(tmpdir(), 'stint-log-'))
try {
  const memory = newMemoryLog()
  const counts: Counts = { writes: 0, reads: 0, bytes: 0 }
  const store = counted(folderStore(folder), counts)
  const shipper: Shipper = { ...shipperOf(memory), state: memory.state, log: store, events: store }

  await append(shipper, [systemJournal(), ...some(SMALL)])
  const small = await measureAppend(shipper, counts)
  process.stderr.write('filling the log ')
  while ((memory.state.now.head?.size ?? 0) < EVENTS) {
    await append(shipper, some(20_000))
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  const large = await measureAppend(shipper, counts)
  const ratio = (a: number, b: number) => (b / a).toFixed(2)
  const line = (name: string, { ms, entries, writes, reads, bytes }: typeof small) =>
    process.stdout.write(
      `${name.padEnd(22)} ${entries} entries  ${writes} objects written  ${reads} read  ${(bytes / 1e6).toFixed(2)} MB  ${ms.toFixed(0)} ms\n`,
    )
  line(`append to ${SMALL}`, small)
  line(`append to ${EVENTS}`, large)
  process.stdout.write(
    `${'ratio'.padEnd(22)} objects ${ratio(small.writes, large.writes)}  bytes ${ratio(small.bytes, large.bytes)}  time ${ratio(small.ms, large.ms)}\n`,
  )

  const cli = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
  const peak = "data:text/javascript,process.on('exit',()=>console.log('peak',process.resourceUsage().maxRSS))"
  const start = performance.now()
  const flags = ['--from', folder, '--vkey', formatVkey(shipper.signer.key), '--forget']
  const output = execFileSync(process.execPath, ['--import', peak, cli, 'audit', 'verify', ...flags], { encoding: 'utf8' })
  const seconds = (performance.now() - start) / 1000
  const kilobytes = Number(/^peak (\d+)$/m.exec(output)?.[1])
  process.stdout.write(`${output.replace(/^peak.*\n/m, '')}\n`)
  process.stdout.write(
    `verified ${memory.state.now.head?.size} entries in ${seconds.toFixed(1)} s, ${Math.round(kilobytes / 1024)} MB at its peak\n`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
