/**
 * Entries: the permanent content of the log. An entry commits to its event with a salted hash and contains nothing else of it,
 * so the event can be erased and the log stays valid. `seq` is the event's position in the journal, `prev` the commitment
 * before it. Both are derived when the journal is shipped.
 */
import { sha256Hex } from '../digest.ts'
import { canonicalJson, isCanonicalJson } from '../json.ts'
import type { JournalEntry } from './event.ts'

export type LogEntry = {
  readonly v: 1
  /** The journal: the ID of a request, a freeze, a person's links, or a fact of the whole system. */
  readonly request: string
  readonly seq: number
  readonly type: string
  /** SHA-256 of salt and event, in hex. */
  readonly commit: string
  /** Absent in the first entry of a journal. */
  readonly prev?: string
}

export const commitOf = ({ event, salt }: JournalEntry): string => sha256Hex(Buffer.concat([salt, Buffer.from(event)]))

export const entryText = (entry: LogEntry): string => canonicalJson(entry)

const isCommit = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

/** Parses an entry; undefined if the bytes are not exactly its canonical form. */
export function parseEntry(bytes: Uint8Array): LogEntry | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  let entry: LogEntry
  try {
    entry = JSON.parse(text) as LogEntry
  } catch {
    return undefined
  }
  const { v, request, seq, type, commit, prev } = Object(entry) as LogEntry
  const isOne =
    v === 1 &&
    isName(request) &&
    Number.isSafeInteger(seq) &&
    seq >= 0 &&
    isName(type) &&
    isCommit(commit) &&
    (seq === 0 ? prev === undefined : isCommit(prev)) &&
    Object.keys(entry).length === (seq === 0 ? 5 : 6)
  return isOne && isCanonicalJson(text, entry) ? entry : undefined
}

/** ASCII only, so that bytes and characters are the same. */
const isName = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z0-9_.-]+$/.test(value)
