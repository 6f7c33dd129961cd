/** The checkpoint of a log, and the keys that can have signed it. */

import { eventsPath, parseEvents } from '@stint/core/audit/event-bundle'
import { readEvent } from '@stint/core/audit/schema'
import { type CheckpointFault, type OpenedCheckpoint, openCheckpoint } from '@stint/tlog/checkpoint'
import { type NoteKey, parseVkey } from '@stint/tlog/note'
import type { LogSource } from '../sources.ts'
import type { FaultClass } from './findings.ts'

type Opened =
  | { readonly checkpoint: OpenedCheckpoint; readonly keyUntrusted: boolean }
  | { readonly class: FaultClass; readonly fault: string }

export async function openLog(source: LogSource, keys: readonly NoteKey[], witnesses: readonly NoteKey[]): Promise<Opened> {
  const bytes = await source.get('checkpoint')
  if (!bytes) return { class: 'unreadable', fault: 'missing' }
  const note = Buffer.from(bytes).toString('utf8')
  if (Buffer.compare(Buffer.from(note), bytes) !== 0) return { class: 'tampered', fault: 'not UTF-8' }
  const trusted = keys.length > 0 ? keys : await keysInLog(source)
  if (trusted.length === 0) return { class: 'unreadable', fault: 'no key is known, and the log names none. Pass --vkey.' }
  const opened = openCheckpoint(note, trusted, witnesses)
  if (opened.outcome === 'fault') return { class: 'tampered', fault: words[opened.fault] }
  return { checkpoint: opened.value, keyUntrusted: keys.length === 0 }
}

const words: Readonly<Record<CheckpointFault, string>> = {
  'not a signed note': 'not a signed note',
  'not a checkpoint': 'not a checkpoint',
  'from another log': 'from another log than the key',
  'not signed by the log': 'not signed by the log',
  'not validly signed': 'the signature is invalid',
}

/** How many bundles are searched for the key. A log names its key when it starts, so the key is near the start. */
const BUNDLES_WITH_KEYS = 64

/** The keys that the log itself names. They are better than none, but no protection against the writer of the log. */
async function keysInLog(source: LogSource): Promise<readonly NoteKey[]> {
  const keys: NoteKey[] = []
  for (let bundle = 0; bundle < BUNDLES_WITH_KEYS; bundle++) {
    const bytes = source.hasEvents ? await source.get(eventsPath(bundle)) : undefined
    const held = bytes && parseEvents(bytes)
    if (!held) return keys
    for (const one of held) {
      const event = one === 'erased' || !one.event.includes('"log.started"') ? undefined : readEvent(one.event)
      const key = typeof event === 'object' && typeof event.vkey === 'string' ? parseVkey(event.vkey) : undefined
      if (key) keys.push(key)
    }
    if (keys.length > 0) return keys
  }
  return keys
}
