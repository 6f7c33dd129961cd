/**
 * A story table that was restored from a backup lacks what the log recorded since. Restoring brings back only what closes something: an
 * item gets its complete journal again, and nothing that could be used. A request is final, and its journal says so; a link must be made
 * again; and a freeze that was in force is in force.
 *
 * Events that were written on such an item since the restore, without knowing what it had lost, are not in the log, but they did happen:
 * they are appended to what the log has. So no event is dropped, and the rules of the log show what was wrong.
 */

import { type AttributeValue, type DynamoDBClient, PutItemCommand, type PutItemCommandInput } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { type FreezeId, parseScope } from '@stint/core/access/freeze'
import { type JournalEntry, journalEntry, NO_CONFIG } from '@stint/core/audit/event'
import { commitIn, type Entry, eventIn } from '@stint/core/audit/journal-item'
import type { ReadEvent } from '@stint/core/audit/schema'
import { defined } from '@stint/core/defined'
import type { CallerRef } from '@stint/core/identity/caller'
import type { RandomBytes, RequestId } from '@stint/core/ids'
import { type Instant, parseIso, toIso } from '@stint/core/instant'
import { COUNTED, hasKey } from './answer-checks.ts'
import { FREEZES } from './freeze-list.ts'
import { journaled, sameJournal } from './journal-item.ts'
import { refusedDayKey } from './refused-day.ts'
import { ttlAt } from './retirement.ts'
import { type Attributes, callerKey, dayKey, journalKey, OTHER_DAY, shardOf, TTL, timeKey } from './table.ts'
import { written } from './trouble.ts'

/** What the log has of one journal, in order. Of an erased event, it has the type and the commitment. */
export type Logged = { readonly id: string; readonly events: readonly LoggedEvent[] }
export type LoggedEvent = { readonly type: string; readonly commit: string; readonly held?: JournalEntry }

/** The result of restoring one journal onto the item as it was read. */
export type GivingBack = {
  readonly item: Readonly<Record<string, AttributeValue>>
  /** Events that were written since, and are not in the log yet. */
  readonly since: number
  /** A freeze that is in force once it is restored. */
  readonly freeze?: LoggedFreeze
  readonly profile?: string
  /** The latest expiration of its sessions. */
  readonly liveUntil?: Instant
  readonly upon: Attributes | undefined
}
type LoggedFreeze = {
  readonly scope: string
  readonly by: CallerRef
  readonly justification: string
  readonly at: Instant
  readonly expiresAt?: Instant
}

/** Who restores, and when; `random` salts the events that are written on journals. */
type Restoring = { readonly operator: string; readonly now: Instant; readonly random: RandomBytes }

/** `upon`: the item as the table has it now. Undefined if the table already has all of it. */
export function givingBack(logged: Logged, upon: Attributes | undefined, restoring: Restoring): GivingBack | undefined {
  const there = upon ? (journaled(upon)?.events ?? []) : []
  const commits = there.map(commitIn)
  const parts = logged.events.findIndex(({ commit }, seq) => commit !== commits[seq])
  if (parts < 0) return undefined

  // Erased events go, even if they have not been removed from the event store yet.
  const erased = logged.events.findLastIndex(({ type }) => type === 'request.erased')
  const kept = logged.events.map(({ held, commit }, seq): Entry => (held && seq >= erased ? held : { commit }))
  const commitsInLog = new Set(logged.events.map(({ commit }) => commit))
  // A write that was sent before the backup took the table's place can arrive after it, and the log already has its event.
  const isNew = (entry: Entry) => !commitsInLog.has(commitIn(entry))
  // Repeating a fact about the deployment adds nothing.
  const since = logged.id.startsWith('sys_') ? [] : there.slice(parts).filter(isNew)
  const [known, sinceRestore] = [readable(kept), readable(since)]
  const freeze = logged.id.startsWith('frz_') ? stricter(freezeIn(known), freezeIn(sinceRestore)) : undefined
  const last = sinceRestore.at(-1)?.type ?? logged.events.at(-1)?.type
  const events = [...kept, ...since, ...saying(logged, last, since.length > 0 ? freeze : undefined, restoring)]
  const after = [...logged.events.slice(erased + 1), ...sinceRestore]
  const isErased = erased >= 0 && after.every(({ type }) => type === 'request.retired')
  const releases = [...logged.events, ...sinceRestore].filter(({ type }) => isRelease(type)).length
  const item = {
    pk: journalKey(logged.id),
    ...itemOf({ id: logged.id, known, first: logged.events[0]?.type, last, isErased, freeze, releases }, restoring.now),
    events,
  }
  // Beyond any version that the item had, also by changes without an event.
  const version = Math.max(Number(upon?.version?.N ?? 0) + 1, restoring.now)
  const live = [...known, ...sinceRestore]
    .filter(({ type }) => type === 'session.issued' || type === 'session.renewed')
    .map(({ expiration }) => parseIso(String(expiration)) ?? 0)
  return {
    item: marshall(/^(req|lnk)_/.test(logged.id) ? { ...item, version } : item, { removeUndefinedValues: true }),
    since: since.length,
    ...(freeze ? { freeze } : {}),
    ...(typeof known[0]?.profile === 'string' ? { profile: known[0].profile } : {}),
    ...(live.length > 0 ? { liveUntil: Math.max(...live) } : {}),
    upon,
  }
}

/** False if the item changed since it was read. */
export const giveBack = (
  { client, storyTable }: { readonly client: DynamoDBClient; readonly storyTable: string },
  { item, upon }: GivingBack,
): Promise<boolean> =>
  written(
    client.send(new PutItemCommand({ TableName: storyTable, Item: item, ...unchanged(upon), ...COUNTED, ReturnValues: 'ALL_OLD' })),
    storyTable,
    // The condition is the item as it was read.
    (old) =>
      upon ? hasKey(old, { pk: upon.pk as AttributeValue }) && old?.events?.L?.length === upon.events?.L?.length : old === undefined,
  )

/** Links also have a version, and freezes count what their journal has no room for. */
function unchanged(upon: Attributes | undefined): Pick<PutItemCommandInput, 'ConditionExpression' | 'ExpressionAttributeValues'> {
  if (!upon) return { ConditionExpression: 'attribute_not_exists(pk)' }
  const { conditions, values } = sameJournal(upon)
  const counts = ['version', 'unrecorded'] as const
  return {
    ConditionExpression: [
      ...conditions,
      ...counts.map((name) => (upon[name] ? `${name} = :${name}` : `attribute_not_exists(${name})`)),
    ].join(' AND '),
    ExpressionAttributeValues: {
      ...values,
      ...Object.fromEntries(counts.flatMap((name) => (upon[name] ? [[`:${name}`, upon[name]]] : []))),
    },
  }
}

/**
 * The restore is itself an event of the journal, and ends a request. A freeze that is in force although it was released without knowledge
 * of it gets one too.
 */
function saying(
  { id, events: [first] }: Logged,
  last: string | undefined,
  freeze: LoggedFreeze | undefined,
  { operator, now, random }: Restoring,
): readonly JournalEntry[] {
  const by = { random, configHash: NO_CONFIG }
  if (freeze) {
    const { scope, by: who, justification, expiresAt } = freeze
    const event = {
      type: 'freeze.set',
      request: id as FreezeId,
      at: now,
      scope,
      by: who,
      justification,
      ...defined({ expiresAt }),
    } as const
    return [journalEntry(event, by)]
  }
  const isOver =
    last === 'request.retired' || last === 'request.erased' || first?.type === 'token.used' || first?.type.startsWith('request.refus')
  if (!id.startsWith('req_') || isOver) return []
  return [journalEntry({ type: 'request.restored', request: id as RequestId, at: now, operator }, by)]
}

const readable = (entries: readonly Entry[]): readonly ReadEvent[] => entries.flatMap((entry) => eventIn(entry) ?? [])

const isRelease = (type: string): boolean => type === 'freeze.released' || type === 'freeze.deploy-released'

/** The freeze that these events leave in force. */
function freezeIn(events: readonly ReadEvent[]): LoggedFreeze | undefined {
  let freeze: LoggedFreeze | undefined
  for (const { type, at, scope, by, justification, expiresAt } of events) {
    if (isRelease(type)) freeze = undefined
    if (type !== 'freeze.set') continue
    const end = typeof expiresAt === 'string' ? parseIso(expiresAt) : undefined
    freeze = stricter(freeze, {
      scope: String(scope),
      by: by as CallerRef,
      justification: String(justification),
      at: parseIso(at) ?? 0,
      ...defined({ expiresAt: end }),
    })
  }
  return freeze
}

/** As in the ledger: freezing again never makes a freeze end sooner. */
function stricter(one: LoggedFreeze | undefined, later: LoggedFreeze | undefined): LoggedFreeze | undefined {
  const endOf = (freeze: LoggedFreeze) => freeze.expiresAt ?? Number.POSITIVE_INFINITY
  return one && (!later || endOf(later) < endOf(one)) ? one : later
}

type KnownJournal = {
  readonly id: string
  readonly known: readonly ReadEvent[]
  /** Types of the first event and of the last. */
  readonly first: string | undefined
  readonly last: string | undefined
  readonly isErased: boolean
  readonly freeze: LoggedFreeze | undefined
  /** How often a freeze was released. */
  readonly releases: number
}

function itemOf({ id, known, first, last, isErased, freeze, releases }: KnownJournal, now: Instant): object {
  const opening = known[0]
  const at = (opening && parseIso(opening.at)) ?? now
  const other = { dayKey: OTHER_DAY, at: `${toIso(now)}#${id}` }
  const erased = isErased ? { erased: true } : {}
  switch (id.slice(0, id.indexOf('_'))) {
    case 'req': {
      const request = id as RequestId
      const isRefusal = first?.startsWith('request.refus') === true
      return {
        id,
        state: isRefusal ? 'refused' : first === 'token.used' ? 'used' : 'ended',
        createdAt: at,
        ...(opening?.caller ? { caller: opening.caller, callerKey: callerKey(opening.caller as CallerRef) } : {}),
        profile: opening?.profile,
        target: opening?.target,
        dayKey: (isRefusal ? refusedDayKey : dayKey)(at, shardOf(request)),
        at: timeKey(at, request),
        ...erased,
        ...(last === 'request.retired' ? { [TTL]: ttlAt(now) } : {}),
      }
    }
    case 'frz':
      return {
        ...other,
        active: freeze !== undefined,
        // Counted as the ledger counts them, so that no write from before a release takes effect after it (./freeze-item.ts).
        generation: releases,
        // No set or release that was sent before a restore takes effect after it.
        restored: now,
        lastSet: `restored ${now}`,
        ...(freeze
          ? {
              scope: parseScope(freeze.scope),
              by: freeze.by,
              justification: freeze.justification,
              frozenAt: freeze.at,
              expiresAt: freeze.expiresAt,
              callerKey: FREEZES,
            }
          : {}),
      }
    case 'lnk':
      return { id, ...other, ...erased }
    default:
      return other
  }
}
