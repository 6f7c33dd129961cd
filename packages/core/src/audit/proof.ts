/**
 * Receipts: everything that proves one entry of the log, in one file that anybody can check offline. Source: C2SP
 * tlog-proof. `extra` carries what the log itself does not: the entry, its event and its salt.
 */
import { isObject, parseForeignJson } from '../json.ts'
import type { OpenedCheckpoint } from './checkpoint.ts'
import { openCheckpoint } from './checkpoint.ts'
import { commitOf, type LogEntry, parseEntry } from './entry.ts'
import { HASH_BYTES, type Hash, leafHash, verifyInclusion } from './merkle.ts'
import { decodeBase64, type NoteKey } from './note.ts'
import { readEvent } from './schema.ts'

const HEADER = 'c2sp.org/tlog-proof@v1'
/** Hashes in a proof: a tree is at most 64 levels high. */
const MAX_HASHES = 64

export type TlogProof = {
  readonly index: number
  readonly hashes: readonly Hash[]
  /** The signed note, verbatim. */
  readonly checkpoint: string
  readonly extra?: Uint8Array
}

export const formatProof = ({ index, hashes, checkpoint, extra }: TlogProof): string =>
  [
    HEADER,
    ...(extra ? [`extra ${Buffer.from(extra).toString('base64')}`] : []),
    `index ${index}`,
    ...hashes.map((hash) => Buffer.from(hash).toString('base64')),
    '',
    checkpoint,
  ].join('\n')

export function parseProof(text: string): TlogProof | undefined {
  const end = text.indexOf('\n\n')
  const [header, ...lines] = text.slice(0, Math.max(end, 0)).split('\n')
  if (end < 0 || header !== HEADER) return undefined
  const extraLine = lines[0]?.startsWith('extra ') ? lines.shift() : undefined
  const extra = extraLine === undefined ? undefined : decodeBase64(extraLine.slice('extra '.length))
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '')?.[1]
  const hashes = lines.map(decodeBase64)
  if (index === undefined || (extraLine !== undefined && !extra) || hashes.length > MAX_HASHES) return undefined
  if (!hashes.every((hash) => hash?.length === HASH_BYTES)) return undefined
  return { index: Number(index), hashes: hashes as Hash[], checkpoint: text.slice(end + 2), ...(extra ? { extra } : {}) }
}

/** What a receipt of ours carries beside the proof. */
export type ReceiptExtra = { readonly entry: string; readonly event: string; readonly salt: string }

export const receiptExtra = (entry: string, event: string, salt: Uint8Array): Buffer =>
  Buffer.from(JSON.stringify({ entry, event, salt: Buffer.from(salt).toString('base64') } satisfies ReceiptExtra))

export type Receipt = { readonly index: number; readonly entry: LogEntry; readonly event: string; readonly checkpoint: OpenedCheckpoint }

/** Checks a receipt to the end: event → commitment → entry → leaf → root → signature. A text is what is wrong with it. */
export function checkReceipt(text: string, keys: readonly NoteKey[], witnesses: readonly NoteKey[] = []): Receipt | string {
  const proof = parseProof(text)
  if (!proof) return 'This is no tlog-proof.'
  const extra = proof.extra && parseForeignJson(proof.extra)
  const { entry: entryText, event, salt }: { readonly [name: string]: unknown } = extra?.ok && isObject(extra.value) ? extra.value : {}
  if (typeof entryText !== 'string' || typeof event !== 'string' || typeof salt !== 'string') return 'It brings no entry, event and salt.'
  const entry = parseEntry(Buffer.from(entryText))
  const saltBytes = decodeBase64(salt)
  if (!entry || !saltBytes) return 'Its entry or its salt cannot be read.'
  if (commitOf({ event, salt: saltBytes }) !== entry.commit) return 'The entry does not commit to this event.'
  const read = readEvent(event)
  if (typeof read === 'string') return `The event is ${read}.`
  if (read.request !== entry.request || read.type !== entry.type) return 'The entry is of another journal or type than its event.'
  const opened = openCheckpoint(proof.checkpoint, keys, witnesses)
  if (opened.outcome === 'fault') return `Its checkpoint is ${opened.fault}.`
  const { size, root } = opened.value
  if (!verifyInclusion(proof.index, size, leafHash(Buffer.from(entryText)), proof.hashes, root))
    return 'The entry is not in the log at this place.'
  return { index: proof.index, entry, event, checkpoint: opened.value }
}
