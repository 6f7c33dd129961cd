/**
 * Each change of a request is one conditional write. A change that grants something is conditional on the exact version it was decided on.
 * A change that withdraws or ends something is conditional on the state only, so that its first send takes effect no matter how busy the
 * request is. Changes by the passing of time are recorded here too.
 */
import { type AuditEvent, journalEntry } from '@stint/core/audit/event'
import { textEvents } from '@stint/core/audit/event-texts'
import { hex128 } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import { type Change, passTime } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import type { ChangeOptions, Ledger } from '../../ports/ledger.ts'
import { type Item, toRequest } from './items.ts'
import type { reading as singles } from './request-reader.ts'
import type { Blocked, LedgerSettings, Sender } from './sender.ts'
import { requestKey, workKey } from './table.ts'

/** How often a decision starts again because the request changed in the meantime. */
const MAX_ROUNDS = 12

type RequestChanges = Pick<Ledger, 'change' | 'passTime'>

export function changes(settings: LedgerSettings, sender: Sender, reading: Pick<ReturnType<typeof singles>, 'request'>): RequestChanges {
  const { random } = settings
  const entry = (event: AuditEvent) => journalEntry(event, settings)

  /** `exact`: conditional on the version that was read, even if the change does not need that. */
  async function write(
    request: AccessRequest,
    change: Change,
    now: Instant,
    { origin, exact = false }: ChangeOptions = {},
  ): Promise<Done<Item> | Blocked | Unknown> {
    const set: Record<string, unknown> = { ...change.set, state: change.state }
    const names = Object.keys(set)
    const work = workAfter(request, change)
    const attempt = hex128(random)
    const from = change.from ?? []
    const upon = [
      ...(from.length > 0 ? [`#state IN (${from.map((_state, at) => `:from${at}`).join(', ')})`] : []),
      ...(from.length === 0 || exact ? ['version = :seen'] : []),
    ]
    const isDone = (item: Item) => item.changeAttempt === attempt && item.state === change.state
    const written = await sender.update(
      requestKey(request.id),
      {
        ConditionExpression: upon.join(' AND '),
        UpdateExpression: `SET version = version + :one, changeAttempt = :attempt, events = list_append(events, :events)${names.map((name) => `, #${name} = :${name}`).join('')}${work ? ', workKey = :work' : ' REMOVE workKey'}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      },
      {
        ':one': 1,
        ':attempt': attempt,
        ':events': change.events
          .map((event) => ({ ...event, request: request.id, at: now, ...(event.by ? origin : {}) }) as AuditEvent)
          .flatMap((event) => [event, ...textEvents(event, undefined)])
          .map(entry),
        ...(from.length === 0 || exact ? { ':seen': request.version } : {}),
        ...Object.fromEntries(from.map((state, at) => [`:from${at}`, state])),
        ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
        ...(work ? { ':work': work } : {}),
      },
      isDone,
    )
    return written.outcome === 'blocked' && written.item && isDone(written.item) ? done(written.item) : written
  }

  return {
    async change(id, now, decide, options) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (round > 0) await settings.sleep(5 * round * (0.5 + (random(1)[0] ?? 0) / 256))
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

    async passTime(request, approval, now) {
      const change = passTime(request, approval, now)
      if (!change) return clearWork(request)
      // Conditional on the version that was read: if another writer was faster, the next run handles it.
      const written = await write(request, change, now)
      return written.outcome === 'unknown' ? written : done(written.outcome === 'done')
    },
  }

  /** Removes a request from the list of reviews if it was never granted: a withdrawal could not know that. */
  async function clearWork(request: AccessRequest): Promise<Done<boolean> | Unknown> {
    if (!request.breakGlass || request.state !== 'revoked' || request.windowStartsAt !== undefined) return done(false)
    const cleared = await sender.update(
      requestKey(request.id),
      { ConditionExpression: 'version = :seen AND attribute_exists(workKey)', UpdateExpression: 'REMOVE workKey' },
      { ':seen': request.version },
      ({ version }) => version === request.version,
    )
    return cleared.outcome === 'unknown' ? cleared : done(false)
  }
}

/** The request's entry on the approvers' list after the change. A break-glass request stays there until it is reviewed. */
function workAfter(request: AccessRequest, { state, set, from }: Change): string | undefined {
  if (state === 'pending') return workKey('pending', request.profile)
  if (state === 'approved') return workKey('approved', request.profile)
  // A withdrawal can meet a request that was approved since it was read. If it was not, the sweeper removes it from the list.
  const granted = (set.windowStartsAt ?? request.windowStartsAt) !== undefined || from?.includes('approved') === true
  const unreviewed = request.breakGlass && granted && (set.review ?? request.review) === undefined
  return unreviewed ? workKey('review', request.profile) : undefined
}
