/** Reading a freeze, and the conditional writes of it. */
import type { FreezeId } from '@stint/core/access/freeze'
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { toIso } from '@stint/core/instant'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { freezeKey, type StoredFreeze, toFreeze } from './freeze-item.ts'
import type { LedgerSettings, Sender, Update, Values } from './sender.ts'

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
   * the part of its expression that appends the event; without room in the journal that is nothing.
   */
  async function change(
    id: string,
    event: NewFreezeEvent,
    update: (append: string) => Update,
    values: Values,
    isOurs: (freeze: StoredFreeze) => boolean,
  ): Promise<Done<{ readonly ours: boolean; readonly freeze: StoredFreeze | undefined }> | Unknown> {
    const shows = (freeze: StoredFreeze | undefined) => freeze !== undefined && isOurs(freeze)
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
        ':events': [journalEntry({ ...event, request: id as FreezeId } as AuditEvent, settings)],
        ':most': most,
      },
      toFreeze,
      shows,
    )
    if (written.outcome === 'unknown') return written
    const freeze = written.outcome === 'done' ? written.value : written.item
    if (shows(freeze) || (freeze?.journaled ?? 0) < most) return done({ ours: shows(freeze), freeze })
    const silent = await write(
      at,
      update(', unrecorded = if_not_exists(unrecorded, :none) + :one'),
      { ...values, ':none': 0, ':one': 1 },
      toFreeze,
      shows,
    )
    if (silent.outcome === 'unknown') return silent
    const after = silent.outcome === 'done' ? silent.value : silent.item
    return done({ ours: shows(after), freeze: after })
  }

  return { find, change }
}
