/**
 * Events: the immutable facts that a request's journal is made of. An event never holds a secret; a token appears as its
 * hash. The canonical text (RFC 8785) is what is stored and, with a salt, what the audit log commits to, so a person's
 * data can be erased later without breaking the log.
 */
import type { CallerRef } from '../identity/caller.ts'
import { type Instant, toIso } from '../instant.ts'
import { canonicalJson } from '../json.ts'
import type { ProblemCode } from '../problem.ts'
import type { RandomBytes, RequestId, SessionId } from '../request/ids.ts'

/** Longest canonical event, in bytes: with at most 320 of them, an item stays far below DynamoDB's 400 KB. */
export const MAX_EVENT_BYTES = 1024
/** Longest justification, in bytes of its JSON, so that the event that carries it stays below that. */
export const MAX_JUSTIFICATION_BYTES = 256

/** What every event says. */
type Common = { readonly request: RequestId; readonly at: Instant }

/** A request that needed nobody's agreement came into being. */
export type Created = Common & {
  readonly type: 'request.created'
  readonly caller: CallerRef
  readonly profile: string
  readonly target: string
  readonly terms: string
  readonly why?: string
}

/** A verified caller was told no. */
export type RefusedEvent = Common & {
  readonly type: 'request.refused'
  readonly caller: CallerRef
  readonly profile: string
  readonly code: ProblemCode
  readonly reason: string
  readonly config: string
  readonly from: string
  readonly token: string
  readonly trace: string
}

/** A caller has been refused so often this hour that further refusals are only counted. */
export type RefusalsCapped = Common & { readonly type: 'request.refusals-capped'; readonly caller: CallerRef; readonly cap: number }

/** The intent: from here on AWS may be asked. */
export type Reserved = Common & {
  readonly type: 'session.reserved'
  readonly session: SessionId
  readonly sessionName: string
  readonly sourceIdentity?: string
  readonly duration: number
  readonly hardEnd: Instant
  readonly config: string
  readonly build: string
  readonly from: string
  readonly token: string
  readonly trace: string
}

export type Issued = Common & {
  readonly type: 'session.issued'
  readonly session: SessionId
  readonly accessKeyId: string
  readonly assumedRoleArn: string
  readonly assumedRoleId: string
  readonly expiration: Instant
  readonly awsRequestId: string
  readonly packedPolicySize: number
  readonly sends: number
}

export type Failed = Common & {
  readonly type: 'session.failed'
  readonly session: SessionId
  readonly code: ProblemCode
  readonly reason: string
  readonly awsRequestId?: string
  readonly sends: number
}

export type AuditEvent = Created | RefusedEvent | RefusalsCapped | Reserved | Issued | Failed

/** An event as it lies in the journal: its canonical text and the salt of its commitment. */
export type JournalEntry = { readonly event: string; readonly salt: Uint8Array }

const SALT_BYTES = 32
/** A display name is cut here; identity is the subject, which is never cut. */
const MAX_NAME_BYTES = 72

export function journalEntry(event: AuditEvent, random: RandomBytes): JournalEntry {
  const text = canonicalJson({
    v: 1,
    ...event,
    ...instantsAsText(event),
    ...('caller' in event ? { caller: shortNamed(event.caller) } : {}),
  })
  if (Buffer.byteLength(text) > MAX_EVENT_BYTES) throw new RangeError(`event ${event.type} is larger than ${MAX_EVENT_BYTES} bytes`)
  return { event: text, salt: random(SALT_BYTES) }
}

const instantsAsText = (event: AuditEvent) => ({
  at: toIso(event.at),
  ...('hardEnd' in event ? { hardEnd: toIso(event.hardEnd) } : {}),
  ...('expiration' in event ? { expiration: toIso(event.expiration) } : {}),
})

const shortNamed = (caller: CallerRef): CallerRef => ({ ...caller, name: brief(caller.name, MAX_NAME_BYTES) })

/** What a text takes in an event: UTF-8 bytes of its JSON, without the quotes. */
export const eventBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2

/** A text that the world wrote, cut to the bytes that an event has for it. */
export function brief(text: string, bytes = 160): string {
  let cut = ''
  let used = 0
  for (const character of text.toWellFormed()) {
    used += eventBytes(character)
    if (used > bytes) return cut
    cut += character
  }
  return cut
}
