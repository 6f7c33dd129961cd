/**
 * Receipts: the complete proof of one event of the log, in one file that anyone can verify offline. A receipt is a C2SP
 * tlog-proof whose `extra` contains what the log itself does not: the entry, its event and its salt.
 */
import { type OpenedCheckpoint, openCheckpoint } from '@stint/tlog/checkpoint'
import { leafHash, verifyInclusion } from '@stint/tlog/merkle'
import { decodeBase64, type NoteKey } from '@stint/tlog/note'
import { parseProof } from '@stint/tlog/proof'
import { isObject, parseForeignJson } from '../json.ts'
import { commitOf, type LogEntry, parseEntry } from './entry.ts'
import { isTypeOf } from './older-events.ts'
import { readEvent } from './schema.ts'

/** The content of a receipt in addition to the proof. */
type ReceiptExtra = { readonly entry: string; readonly event: string; readonly salt: string }

export const receiptExtra = (entry: string, event: string, salt: Uint8Array): Buffer =>
  Buffer.from(JSON.stringify({ entry, event, salt: Buffer.from(salt).toString('base64') } satisfies ReceiptExtra))

type Receipt = { readonly index: number; readonly entry: LogEntry; readonly event: string; readonly checkpoint: OpenedCheckpoint }

/** Verifies a receipt: event → commitment → entry → leaf → root → signature. Returns a string that says what is wrong if it is invalid. */
export function checkReceipt(text: string, keys: readonly NoteKey[], witnesses: readonly NoteKey[] = []): Receipt | string {
  const proof = parseProof(text)
  if (!proof) return 'This is not a tlog-proof.'
  const extra = proof.extra && parseForeignJson(proof.extra)
  const { entry: entryText, event, salt }: { readonly [name: string]: unknown } = extra?.ok && isObject(extra.value) ? extra.value : {}
  if (typeof entryText !== 'string' || typeof event !== 'string' || typeof salt !== 'string')
    return 'The entry, the event or the salt is missing.'
  const entry = parseEntry(Buffer.from(entryText))
  const saltBytes = decodeBase64(salt)
  if (!entry || !saltBytes) return 'The entry or the salt is malformed.'
  if (commitOf({ event, salt: saltBytes }) !== entry.commit) return 'The entry does not commit to this event.'
  const read = readEvent(event)
  if (typeof read === 'string') return `The event is ${read}.`
  if (read.request !== entry.request || !isTypeOf(entry.type, read)) return 'The journal or type of the entry differs from its event.'
  const opened = openCheckpoint(proof.checkpoint, keys, witnesses)
  if (opened.outcome === 'fault') return `The checkpoint is ${opened.fault}.`
  const { size, root } = opened.value
  if (!verifyInclusion(proof.index, size, leafHash(Buffer.from(entryText)), proof.hashes, root))
    return 'The entry is not in the log at this position.'
  return { index: proof.index, entry, event, checkpoint: opened.value }
}
