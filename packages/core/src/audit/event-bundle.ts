/**
 * The event store: for each bundle of 256 entries, one object with their events and salts, one JSON line each. It is not under
 * Object Lock, so a person's data can be erased: the line then only records that it was.
 */

import { decodeBase64 } from '@stint/tlog/note'
import { TILE_WIDTH, tilePath } from '@stint/tlog/tiles'
import { MAX_EVENT_BYTES } from './event.ts'

export type HeldEvent = { readonly event: string; readonly salt: Uint8Array } | 'erased'

/** `events/x001/234`, named like its bundle of entries. */
export const eventsPath = (bundle: number): string =>
  tilePath({ level: 'entries', index: bundle, width: TILE_WIDTH }).replace('tile/entries/', 'events/')

/** Maximum size of such an object: each event is a JSON string in a JSON line, in which every byte can take two. */
export const MAX_EVENTS_BYTES = TILE_WIDTH * (2 * MAX_EVENT_BYTES + 256)

/** One event as its line, without the line feed. */
export const eventLine = (held: HeldEvent): string =>
  held === 'erased' ? '{"erased":true}' : `{"event":${JSON.stringify(held.event)},"salt":"${Buffer.from(held.salt).toString('base64')}"}`

export const encodeEvents = (held: readonly HeldEvent[]): Buffer => Buffer.from(held.map((one) => `${eventLine(one)}\n`).join(''))

/** Parses the events of such an object; undefined if it is not in exactly this form. */
export function parseEvents(bytes: Uint8Array): readonly HeldEvent[] | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  if (text !== '' && !text.endsWith('\n')) return undefined
  const held: HeldEvent[] = []
  for (const one of text.split('\n').slice(0, -1)) {
    const parsed = parseLine(one)
    if (!parsed || eventLine(parsed) !== one) return undefined
    held.push(parsed)
  }
  return held
}

function parseLine(text: string): HeldEvent | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const { erased, event, salt } = Object(parsed) as { erased?: unknown; event?: unknown; salt?: unknown }
  if (erased === true) return 'erased'
  const bytes = typeof salt === 'string' ? decodeBase64(salt) : undefined
  return typeof event === 'string' && bytes ? { event, salt: bytes } : undefined
}
