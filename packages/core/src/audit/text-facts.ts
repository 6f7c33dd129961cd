/** Checks that the texts for which an event has no room follow it, and that they are the ones that the event means. */
import { sha256Hex } from '../digest.ts'
import type { CallerRef } from '../identity/caller.ts'
import { isSubjectDigest } from '../identity/subject.ts'
import { type Journal, none } from './journal-state.ts'
import type { ReadEvent } from './schema.ts'

/** A text whose parts follow. `hash`: its SHA-256 in hex. */
export type AwaitedText = {
  readonly of: string
  readonly hash: string
  /** How many parts were taken, and how many there are by the first one. */
  readonly taken: number
  readonly parts?: number
  readonly text: string
}

/** No text is longer: a subject has at most 8,192 bytes of JSON, and a justification 5,400. */
const MOST_PARTS = 12

/** The texts that follow this event; undefined if there are none. Only the first event of a request brings the subject of its caller. */
export function textsOf(event: ReadEvent): readonly AwaitedText[] | undefined {
  if (event.v < 4 || !opens.has(event.type)) return undefined
  const { subject = '' } = (event.caller ?? {}) as Partial<CallerRef>
  const texts = [
    ...(isSubjectDigest(subject) ? [awaited('subject', subject.slice('sha256:'.length))] : []),
    ...(event.justificationHash === undefined ? [] : [awaited('justification', event.justificationHash as string)]),
  ]
  return texts.length > 0 ? texts : undefined
}
const opens: ReadonlySet<string> = new Set([
  'request.created',
  'request.asked',
  'request.refused',
  'request.refusals-capped',
  'request.justified',
])
const awaited = (of: string, hash: string): AwaitedText => ({ of, hash, taken: 0, text: '' })

/** Takes the next part of a text. */
export function textTaken(journal: Journal, { of, part, parts, text }: ReadEvent): readonly string[] {
  const [next, ...later] = journal.texts ?? []
  if (!next) return journal.blind ? none : ['a text that no event before it means']
  const total = next.parts ?? (parts as number)
  const read = { ...next, taken: next.taken + 1, parts: total, text: next.text + text }
  const isNext = of === next.of && part === read.taken && parts === total && read.taken <= total && total <= MOST_PARTS
  if (isNext && part !== parts) {
    journal.texts = [read, ...later]
    return none
  }
  journal.texts = isNext && later.length > 0 ? later : undefined
  if (journal.blind) return none
  if (!isNext) return [`part ${part} of the ${of} where another part is due`]
  return sha256Hex(read.text) === next.hash ? none : [`the text of the ${of} differs from the hash in the event before it`]
}
