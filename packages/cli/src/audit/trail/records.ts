/**
 * Reads CloudTrail records from files, one by one, in every form in which AWS hands them out: log files of a trail, the output of
 * `aws cloudtrail lookup-events`, results of CloudTrail Lake, events of EventBridge, and NDJSON; compressed or not. A file is read as a
 * stream, so its size does not matter. Sources: AWS CloudTrail User Guide, "CloudTrail record contents", "Viewing CloudTrail Insights
 * events", "Get and save CloudTrail Lake query results"; AWS CLI Command Reference, `lookup-events` and `get-query-results`.
 */
import { createReadStream } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseIso } from '@stint/core/instant'
import { isObject, parseKeepingDigits } from '@stint/core/json'
import { parse as csvParser } from 'csv-parse'
import { Unreachable } from '../sources.ts'
import { splitter } from './splitter.ts'

/** The parts of a CloudTrail record that are used. */
export type TrailRecord = {
  readonly eventID?: string
  readonly sharedEventID?: string
  readonly eventTime: string
  readonly eventSource: string
  readonly eventName: string
  readonly errorCode?: string
  readonly readOnly?: boolean
  readonly awsRegion?: string
  readonly recipientAccountId?: string
  readonly userIdentity?: {
    readonly type?: string
    readonly arn?: string
    readonly principalId?: string
    readonly accountId?: string
    readonly accessKeyId?: string
    readonly sessionContext?: { readonly sourceIdentity?: string; readonly sessionIssuer?: { readonly arn?: string } }
  }
  readonly requestParameters?: Readonly<Record<string, unknown>> | null
  readonly responseElements?: Readonly<Record<string, unknown>> | null
}

/** Files that can hold records. Digest files prove the log files and hold none. */
const isTrailFile = (path: string, name: string): boolean =>
  /\.(json|ndjson|jsonl|csv)(\.gz)?$/.test(name) && !/CloudTrail-Digest/.test(path) && !/_sign\.json$/.test(name)

/** Yields the records of all files in these folders, and in the folders below them. */
export async function* readTrail(folders: readonly string[]): AsyncGenerator<TrailRecord> {
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const entry of entries.filter((one) => one.isFile() && isTrailFile(one.parentPath, one.name)))
      yield* recordsIn(join(entry.parentPath, entry.name))
  }
}

async function* recordsIn(file: string): AsyncGenerator<TrailRecord> {
  const fault = (why: string) => new Unreachable(`${file} is not a CloudTrail file: ${why}`)
  let place = 0
  try {
    for await (const item of itemsIn(file)) {
      place++
      const record = recordIn(item)
      if (record === 'insight') continue
      if (record === 'no-json') throw fault('a row of CloudTrail Lake has no eventJson. Select it: SELECT eventJson FROM …')
      if (!isRecord(record)) throw fault(`record ${place} has no eventTime, eventSource and eventName.`)
      yield record
    }
  } catch (error) {
    throw error instanceof Unreachable ? error : fault((error as Error).message)
  }
  if (place === 0) await emptyOrFault(file, fault)
}

const isCsv = (file: string): boolean => /\.csv(\.gz)?$/.test(file)

/** A file without records is a CloudTrail file only if it says so, as `{"Records":[]}` or the head of a CSV does. */
async function emptyOrFault(file: string, fault: (why: string) => Error): Promise<void> {
  let text = ''
  for await (const part of textOf(file)) {
    text += part
    if (text.length > LONGEST_EMPTY) break
  }
  const isEmpty = isCsv(file) ? /\beventJson\b/.test(text) : /"(Records|Events|QueryResultRows)"\s*:\s*\[\s*\]/.test(text)
  if (!isEmpty) throw fault('it has no Records.')
}
const LONGEST_EMPTY = 64 * 1024

/** Every record has these (AWS CloudTrail User Guide, "CloudTrail record contents"). Without them nothing can be said about it. */
const isRecord = (record: unknown): record is TrailRecord =>
  isObject(record) &&
  ['eventTime', 'eventSource', 'eventName'].every((name) => typeof record[name] === 'string' && record[name] !== '') &&
  parseIso(String(record.eventTime)) !== undefined

/** The record in an item of any form. Insight events report unusual activity and are no calls. */
function recordIn(item: unknown): unknown {
  const row = Array.isArray(item) ? Object.assign({}, ...item.filter(isObject)) : item
  if (!isObject(row)) return row
  if (typeof row.CloudTrailEvent === 'string') return parsed(row.CloudTrailEvent)
  if (typeof row.eventJson === 'string') return parsed(row.eventJson)
  if (Array.isArray(item)) return 'no-json'
  if (isObject(row.detail) && 'detail-type' in row) return row.detail
  if (row.eventCategory === 'Insight' || row.eventType === 'AwsCloudTrailInsight') return 'insight'
  return row
}

/** Records repeat what callers sent to AWS, so they can contain integers that do not fit a double. */
const parsed = (text: string): unknown => parseKeepingDigits(text)

async function* itemsIn(file: string): AsyncGenerator<unknown> {
  if (isCsv(file)) {
    const rows = csvParser({ columns: true, bom: true, max_record_size: MAX_ITEM_CHARACTERS })
    // An error of either is thrown by the loop.
    pipeline(textOf(file), rows, () => {})
    for await (const row of rows) yield [row]
    return
  }
  const items = splitter(MAX_ITEM_CHARACTERS)
  for await (const text of textOf(file)) for (const item of items.take(text)) yield parsed(item)
  items.end()
}

/** CloudTrail's own limit for an event is 1 MB. */
const MAX_ITEM_CHARACTERS = 2 * 1024 * 1024

/** The text of a file, piece by piece. The content shows whether it is compressed. */
async function* textOf(file: string): AsyncGenerator<string> {
  const handle = await open(file)
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  await handle.close()
  const bytes = createReadStream(file, { highWaterMark: 1024 * 1024 })
  const plain = buffer[0] === 0x1f && buffer[1] === 0x8b ? bytes.pipe(createGunzip()) : bytes
  bytes.once('error', (error) => plain.destroy(error))
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const part of plain) yield decoder.decode(part as Buffer, { stream: true })
  yield decoder.decode()
}
