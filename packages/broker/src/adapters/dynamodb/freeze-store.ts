/** Reading a freeze, and the conditional writes of it. */
import type { FreezeId } from '@stint/core/access/freeze'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { toIso } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Key } from './answer-checks.ts'
import { unmarshall } from './attributes.ts'
import { freezeKey, type StoredFreeze, toFreeze } from './freeze-item.ts'
import { hasEntry } from './items.ts'
import type { Blocked, LedgerSettings, Sender, Update, Values } from './sender.ts'

export type FreezeStore = ReturnType<typeof freezeStore>

/**
 * An event has up to 1 KB, and DynamoDB's limit for an item is 400 KB. Beyond these numbers the freeze is set and released all the same,
 * because the kill switch must never fail: the item then counts what its journal does not have, and `audit verify --table` reports the
 * difference. Releases have room of their own.
 */
const MOST_EVENTS = { 'freeze.set': 240, 'freeze.release-asked': 280, 'freeze.released': 280, 'freeze.deploy-released': 280 } as const
const hasRoom = '(attribute_not_exists(events) OR size(events) < :most)'
type WithoutRequest<E> = E extends unknown ? Omit<E, 'request'> : never
type NewFreezeEvent = WithoutRequest<Extract<AuditEvent, { readonly type: keyof typeof MOST_EVENTS }>>

export function freezeStore(settings: LedgerSettings, { read, write }: Sender) {
  const { storyTable } = settings

  async function find(id: string): Promise<Done<StoredFreeze | undefined> | Unknown> {
    const found = await read(storyTable, { pk: freezeKey(id) })
    return found.outcome === 'done' ? done(found.value && toFreeze(found.value)) : found
  }

  /**
   * The freeze after a write, and whether this write set it: with this send, or with an earlier one whose response was lost. `update` gets
   * the part of its expression that appends the event; without room in the journal that is nothing. `isOurs` gets the freeze and, if the
   * condition failed, whether its journal has the event.
   */
  async function change(
    id: string,
    event: NewFreezeEvent,
    update: (append: string) => Update,
    values: Values,
    isOurs: (freeze: StoredFreeze, isRecorded: boolean) => boolean,
  ): Promise<Done<{ readonly ours: boolean; readonly freeze: StoredFreeze | undefined }> | Unknown> {
    const entry = journalEntry({ ...event, request: id as FreezeId } as AuditEvent, settings)
    const seen = (image: Key) => ({ freeze: toFreeze(image), isRecorded: hasEntry(unmarshall(image), entry) })
    type Seen = ReturnType<typeof seen>
    // The response to this very send must show all of its effect; only what a failed condition returns can have been changed since.
    const shows = ({ freeze }: Seen) => freeze !== undefined && isOurs(freeze, false)
    const after = (written: Done<Seen> | Blocked<Seen>) => {
      const image = written.outcome === 'done' ? written.value : written.item
      const isRecorded = written.outcome === 'blocked' && image?.isRecorded === true
      return { ours: image?.freeze !== undefined && isOurs(image.freeze, isRecorded), freeze: image?.freeze }
    }
    const at = { table: storyTable, key: { pk: freezeKey(id) } }
    const most = MOST_EVENTS[event.type]
    // Freezes are listed by their last change, so that a comparison with the log sees each change (./table.ts).
    const { ConditionExpression, ...rest } = update(', #at = :at, events = list_append(if_not_exists(events, :none), :events)')
    const names = { ...rest.ExpressionAttributeNames, '#at': 'at' }
    const written = await write(
      at,
      {
        ...rest,
        ExpressionAttributeNames: names,
        ConditionExpression: `(${ConditionExpression}) AND ${event.type === 'freeze.set' ? hasRoom : 'size(events) < :most'}`,
      },
      {
        ...values,
        ':at': `${toIso(event.at)}#${id}`,
        ':none': [],
        ':events': [entry],
        ':most': most,
      },
      seen,
      shows,
    )
    if (written.outcome === 'unknown') return written
    const recorded = after(written)
    if (recorded.ours || (recorded.freeze?.journaled ?? 0) < most) return done(recorded)
    const silent = await write(
      at,
      update(', unrecorded = if_not_exists(unrecorded, :none) + :one'),
      { ...values, ':none': 0, ':one': 1 },
      seen,
      shows,
    )
    if (silent.outcome === 'unknown') return silent
    return done(after(silent))
  }

  return { find, change }
}
