/**
 * Checkpoints: the signed size and root of the log at one moment. Source: C2SP tlog-checkpoint.
 */
import { HASH_BYTES, type Hash } from './merkle.ts'
import { decodeBase64, type NoteKey, parseNote, signersOf } from './note.ts'

export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Hash }

export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`

/** Parses the body of a checkpoint: at least three lines, none of them empty. Lines after the third are extensions and are ignored. */
export function parseCheckpointText(text: string): Checkpoint | undefined {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.includes('')) return undefined
  const [origin = '', size = '', root = ''] = lines
  const hash = decodeBase64(root)
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)) || hash?.length !== HASH_BYTES) return undefined
  return { origin, size: Number(size), root: hash }
}

/** A checkpoint signed by the log's key, and the witnesses that signed it. */
export type OpenedCheckpoint = Checkpoint & { readonly key: NoteKey; readonly witnesses: readonly string[] }

/** Why a checkpoint is invalid. */
export type CheckpointFault = 'not a signed note' | 'not a checkpoint' | 'from another log' | 'not signed by the log' | 'not validly signed'

type OpenResult =
  | { readonly outcome: 'done'; readonly value: OpenedCheckpoint }
  | { readonly outcome: 'fault'; readonly fault: CheckpointFault }

/** Opens a signed checkpoint of the log with these keys. The name of each key is the log's `origin`. */
export function openCheckpoint(note: string, keys: readonly NoteKey[], witnesses: readonly NoteKey[] = []): OpenResult {
  const fault = (what: CheckpointFault): OpenResult => ({ outcome: 'fault', fault: what })
  const parsed = parseNote(note)
  if (!parsed) return fault('not a signed note')
  const checkpoint = parseCheckpointText(parsed.text)
  if (!checkpoint) return fault('not a checkpoint')
  const mine = keys.filter(({ name }) => name === checkpoint.origin)
  if (mine.length === 0) return fault('from another log')
  const signers = signersOf(parsed, [...mine, ...witnesses])
  if (signers === 'spoiled') return fault('not validly signed')
  const key = signers.find((one) => mine.includes(one))
  if (!key) return fault('not signed by the log')
  return {
    outcome: 'done',
    value: { ...checkpoint, key, witnesses: signers.filter((key) => witnesses.includes(key)).map(({ name }) => name) },
  }
}
