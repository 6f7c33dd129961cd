/**
 * Texts for which an event has no room: a long justification, and a subject that is stored as its digest. They follow their event in
 * `request.text` events, in the same write, so that the log has all of them and each event stays small.
 */
import type { RequestId } from '../ids.ts'
import { jsonBytes } from '../json.ts'
import { type AuditEvent, longJustification, type TextEvent } from './event.ts'

/** The longest part, in bytes of its JSON. With its other properties an event stays below `MAX_EVENT_BYTES`. */
const MAX_PART_BYTES = 720

/** The events that hold what `event` has no room for, the subject first. `fullSubject`: of the event's caller, if it is stored as a digest. */
export function textEvents(event: AuditEvent, fullSubject: string | undefined): readonly TextEvent[] {
  const texts = [
    ['subject', fullSubject],
    ['justification', longJustification(event)],
  ] as const
  return texts.flatMap(([of, whole]) => {
    const parts = whole === undefined ? [] : split(whole)
    return parts.map(
      (text, index): TextEvent => ({
        type: 'request.text',
        // Only events of requests have such texts.
        request: event.request as RequestId,
        at: event.at,
        of,
        part: index + 1,
        parts: parts.length,
        text,
      }),
    )
  })
}

/** Never within a character. */
function split(whole: string): readonly string[] {
  const parts: string[] = []
  let part = ''
  let used = 0
  for (const character of whole) {
    const bytes = jsonBytes(character)
    if (used + bytes > MAX_PART_BYTES) {
      parts.push(part)
      part = ''
      used = 0
    }
    part += character
    used += bytes
  }
  return [...parts, part]
}
