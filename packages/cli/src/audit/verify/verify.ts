/**
 * Verifies an audit log from end to end, without trust in its operators or its writer: every hash, the signature, that the log
 * continues the one seen before, that each event matches its commitment, that each journal follows its rules and, with a table, that
 * the table and the log match.
 *
 * One pass, in order, with one bundle of 256 entries at a time. Memory grows with the number of requests, not of events.
 */

import type { Journaled } from '@stint/core/audit/journal-item'
import type { EventType } from '@stint/core/audit/schema'
import type { Instant } from '@stint/core/instant'
import { type Hash, sameHash } from '@stint/tlog/merkle'
import { formatVkey, type NoteKey } from '@stint/tlog/note'
import { TILE_WIDTH } from '@stint/tlog/tiles'
import type { LogSource } from '../sources.ts'
import { type BundleFiles, checkBundle, readBundle } from './bundle.ts'
import { openLog } from './checkpoint.ts'
import { checkFiles } from './files.ts'
import { type Fault, Findings } from './findings.ts'
import { type OnEvent, type OnLost, Story } from './story.ts'
import { TreeCheck } from './tree.ts'

export type VerifyOptions = {
  readonly source: LogSource
  /** The keys that can sign. If empty, the key that the log itself names is used, and the report says so. */
  readonly keys: readonly NoteKey[]
  readonly witnesses?: readonly NoteKey[]
  /** How many witnesses must have signed. */
  readonly quorum?: number
  /** The checkpoint of the previous verification. */
  readonly remembered?: { readonly size: number; readonly root: Hash }
  readonly table?: AsyncIterable<readonly Journaled[]>
  readonly now: Instant
  readonly onEvent?: OnEvent
  /** Called while the table is compared. */
  readonly onLost?: OnLost
  readonly onProgress?: (done: number, all: number) => void
  /** The most faults in the report. More are only counted. */
  readonly mostFaults?: number
}

export type VerifyReport = {
  readonly origin: string
  readonly size: number
  readonly root: Hash
  readonly vkey: string
  /** The key was taken from the log itself. */
  readonly keyUntrusted: boolean
  readonly witnesses: readonly string[]
  /** The size at the previous verification. */
  readonly since?: number
  readonly counts: Readonly<Partial<Record<EventType, number>>>
  /** Sessions that were ended before they had credentials. */
  readonly endedBeforeIssued: number
  readonly journals: number
  readonly erased: number
  readonly span?: { readonly first: string; readonly last: string }
  /** The source had events, so their content was checked against the rules. */
  readonly judgedEvents: boolean
  readonly table?: { readonly journals: number; readonly unshipped: number }
  readonly notices: readonly string[]
  readonly faults: readonly Fault[]
  readonly faultCount: number
}

const MOST_FAULTS = 100
/** How many bundles are fetched ahead. */
const AHEAD = 8
/** After this many missing bundles in a row, the search stops: a checkpoint can claim billions of entries. */
const MOST_MISSING = 64

export async function verify(options: VerifyOptions): Promise<VerifyReport> {
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
      what: `signed by ${checkpoint.witnesses.length} of the ${quorum} required witnesses`,
    })
  if (remembered && size < remembered.size)
    found.add({
      class: 'tampered',
      place: 'checkpoint',
      what: `rolled back: ${size} entries, but it had ${remembered.size} at the previous verification`,
    })

  const story = new Story(found, options.table !== undefined, options.onEvent, options.onLost)
  const tree = new TreeCheck(found, source)
  const ahead = new Map<number, Promise<BundleFiles>>()
  const bundles = Math.ceil(size / TILE_WIDTH)
  let missing = 0
  for (let index = 0; index < bundles; index++) {
    for (let next = index; next < Math.min(index + AHEAD, bundles); next++)
      if (!ahead.has(next)) ahead.set(next, readBundle(source, next, size))
    const files = (await ahead.get(index)) as BundleFiles
    ahead.delete(index)
    missing = files.entries || files.tile ? 0 : missing + 1
    if (missing > MOST_MISSING) {
      found.notices.push(
        `the checkpoint claims ${size.toLocaleString('en-US')} entries, but there are none from entry ${(index - MOST_MISSING) * TILE_WIDTH} on. The rest was not checked.`,
      )
      break
    }
    const { leaves, entries, events } = checkBundle(files, index, found)
    const start = index * TILE_WIDTH
    if (remembered && remembered.size > start && remembered.size <= start + leaves.length) {
      if (!sameHash(tree.rootWith(leaves.slice(0, remembered.size - start)), remembered.root))
        found.add({
          class: 'tampered',
          place: `entries 0 to ${remembered.size - 1}`,
          what: 'not the entries that were verified before: the log was forked or rewritten',
        })
    }
    await tree.add(leaves)
    for (const [at, entry] of entries.entries()) story.take(start + at, entry, events[at])
    options.onProgress?.(start + leaves.length, size)
  }
  if (!sameHash(await tree.finish(), root))
    found.add({ class: 'tampered', place: 'checkpoint', what: 'its root is not the root of the entries' })
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
    endedBeforeIssued: story.endedBeforeIssued,
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

const emptyReport = (found: Findings): VerifyReport => ({
  origin: '',
  size: 0,
  root: new Uint8Array(),
  vkey: '',
  keyUntrusted: false,
  witnesses: [],
  counts: {},
  endedBeforeIssued: 0,
  journals: 0,
  erased: 0,
  judgedEvents: false,
  notices: found.notices,
  faults: found.faults,
  faultCount: found.count,
})
