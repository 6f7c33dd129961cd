/**
 * Each change of a request is one conditional write. A change that grants something is conditional on the exact version it was decided on.
 * A change that withdraws or ends something is conditional on the state only, so that its first send takes effect no matter how busy the
 * request is.
 */
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { textEvents } from '@stint/core/audit/event-texts'
import type { Instant } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import type { Change } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import type { ChangeOptions, Ledger } from '../../ports/ledger.ts'
import { indexKeysAfter, indexKeysUpdate } from './index-keys.ts'
import { hasEntry, type Item, toRequest } from './items.ts'
import type { reading as singles } from './request-reader.ts'
import type { Blocked, LedgerSettings, Sender } from './sender.ts'
import { requestKey } from './table.ts'

/** How often a decision starts again because the request changed in the meantime. */
const MAX_ROUNDS = 12

/** `exact`: conditional on the version that was read, even if the change does not need that. */
export function changeWriter(settings: LedgerSettings, sender: Sender) {
  const { approvalOf } = settings

  return async function write(
    request: AccessRequest,
    change: Change,
    now: Instant,
    { origin, exact = false }: ChangeOptions = {},
  ): Promise<Done<Item> | Blocked | Unknown> {
    const set: Record<string, unknown> = { ...change.set, state: change.state }
    const names = Object.keys(set)
    const from = change.from ?? []
    const isExact = from.length === 0 || exact
    const index = indexKeysUpdate(indexKeysAfter(request, change, approvalOf(request.profile), { isExact, now }))
    const entries = change.events
      .map((event) => ({ ...event, request: request.id, at: now, ...(event.by ? origin : {}) }) as AuditEvent)
      .flatMap((event) => [event, ...textEvents(event, undefined)])
      .map((event) => journalEntry(event, settings))
    const upon = [
      ...(from.length > 0 ? [`#state IN (${from.map((_state, at) => `:from${at}`).join(', ')})`] : []),
      // Without a version, a write that is sent again would also land on what `stint audit restore` has left of the request meanwhile.
      isExact ? 'version = :seen' : 'attribute_exists(terms)',
    ]
    // An item that `stint audit restore` has put back has the events, but can no longer be used.
    const isDone = (item: Item) => item.terms !== undefined && entries.some((entry) => hasEntry(item, entry))
    const written = await sender.update(
      requestKey(request.id),
      {
        ConditionExpression: upon.join(' AND '),
        UpdateExpression: `SET ${[
          'version = version + :one',
          'events = list_append(events, :events)',
          ...names.map((name) => `#${name} = :${name}`),
          ...index.set,
        ].join(', ')}${index.remove.length > 0 ? ` REMOVE ${index.remove.join(', ')}` : ''}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      },
      {
        ':one': 1,
        ':events': entries,
        ...(isExact ? { ':seen': request.version } : {}),
        ...Object.fromEntries(from.map((state, at) => [`:from${at}`, state])),
        ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
        ...index.values,
      },
      isDone,
    )
    return written.outcome === 'blocked' && written.item && isDone(written.item) ? done(written.item) : written
  }
}

export function changes(
  settings: LedgerSettings,
  sender: Sender,
  reading: Pick<ReturnType<typeof singles>, 'request'>,
): Pick<Ledger, 'change'> {
  const write = changeWriter(settings, sender)
  return {
    async change(id, now, decide, options) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (round > 0) await settings.sleep(5 * round * (0.5 + (settings.random(1)[0] ?? 0) / 256))
        const found = await reading.request(id)
        if (found.outcome === 'unknown') return found
        if (!found.value) return refused('request-unknown', 'Request not found, or not visible to you.')
        const decided = await decide(found.value)
        if (decided.outcome === 'refused') return decided
        if (decided.value === 'unchanged') return done(found.value)
        const written = await write(found.value, decided.value, now, options)
        if (written.outcome === 'unknown') return written
        if (written.outcome === 'done') return done(toRequest(written.value) ?? found.value)
        // The request changed since it was read: decide again on what is stored now.
      }
      return { outcome: 'unknown', cause: 'the request kept changing during the call' }
    },
  }
}
