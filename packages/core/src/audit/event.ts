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
import type { ChangeEvent } from '../request/machine.ts'

/** Longest canonical event, in bytes: with at most 320 of them, an item stays far below DynamoDB's 400 KB. */
export const MAX_EVENT_BYTES = 1024
/** Longest justification, in bytes of its JSON, so that the event that carries it stays below that. */
export const MAX_JUSTIFICATION_BYTES = 256

/** What every event says. */
type Common = { readonly request: RequestId; readonly at: Instant }

/** A request came into being: waiting for agreement (`asked`), or needing nobody's (`created`). */
export type Created = Common & {
  readonly type: 'request.created' | 'request.asked'
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

/** A reservation without a record grew too old: nothing left Stint, and the use went back. */
export type Abandoned = Common & { readonly type: 'session.abandoned'; readonly session: SessionId }

/** Somebody, or time, changed a request. */
export type Changed = Common & ChangeEvent

/** Access was frozen or unfrozen. */
export type FreezeEvent = {
  readonly type: 'freeze.set' | 'freeze.release-asked' | 'freeze.released'
  readonly at: Instant
  readonly scope: string
  readonly by: CallerRef
  readonly why?: string
  readonly until?: Instant
}

export type AuditEvent = Abandoned | Changed | FreezeEvent | Created | RefusedEvent | RefusalsCapped | Reserved | Issued | Failed

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
  ...('until' in event && event.until !== undefined ? { until: toIso(event.until) } : {}),
  ...('by' in event && event.by ? { by: shortNamed(event.by) } : {}),
})

const shortNamed = (caller: CallerRef): CallerRef => ({ ...caller, name: brief(caller.name, MAX_NAME_BYTES) })

/** Longest comment of a decision, in bytes of its JSON. */
export const MAX_COMMENT_BYTES = 256

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
