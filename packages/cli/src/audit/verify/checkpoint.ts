/** The checkpoint that a log shows, and the keys that may have signed it. */

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
  if (!bytes) return { class: 'unreadable', fault: 'there is none' }
  const note = Buffer.from(bytes).toString('utf8')
  if (Buffer.compare(Buffer.from(note), bytes) !== 0) return { class: 'tampered', fault: 'not UTF-8' }
  const trusted = keys.length > 0 ? keys : await keysInLog(source)
  if (trusted.length === 0)
    return { class: 'unreadable', fault: 'no key is known that could have signed it, and the log names none: pass --vkey' }
  const opened = openCheckpoint(note, trusted, witnesses)
  if (opened.outcome === 'fault') return { class: 'tampered', fault: words[opened.fault] }
  return { checkpoint: opened.value, keyUntrusted: keys.length === 0 }
}

const words: Readonly<Record<CheckpointFault, string>> = {
  'not a signed note': 'it is not a signed note',
  'not a checkpoint': 'it is not a checkpoint',
  'of another log': 'it is of another log than the key',
  'not signed by the log': 'the log has not signed it',
  'with a signature that is wrong': 'its signature is wrong',
}

/** A log names its key when it starts, so nobody has to look far. */
const BUNDLES_WITH_KEYS = 64

/** The keys that the log says it is signed with: better than none, and worth nothing against whoever wrote the log. */
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
