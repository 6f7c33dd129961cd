/**
 * Setting and releasing freezes. The config grants access, and the table can only withdraw it: so one responder can freeze, and it takes
 * two to release. Every write is safe to send twice and to arrive late (./freeze-item.ts explains how).
 */
import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { type FreezeId, formatScope, freezeId } from '@stint/core/access/freeze'
import { journalEntry } from '@stint/core/audit/event'
import { hex128 } from '@stint/core/ids'
import { toIso } from '@stint/core/instant'
import { type Done, done, refused, type Unknown } from '@stint/core/outcome'
import type { Freeze, Ledger } from '../../ports/ledger.ts'
import { COUNTED, type PageOf, pageIn } from './answer-checks.ts'
import { freezeKey, freezeOf, holds, type StoredFreeze, toFreeze } from './freeze-item.ts'
import { type DynamoSettings, type Sender, type Update, unconditional, type Values } from './sender.ts'
import { indexes, OTHER_DAY, sideKey } from './table.ts'

/** All freezes share one key of the index by caller, because they have no caller. */
export const FREEZES = 'FREEZES'
/**
 * Freezes that are or were in force, by generation. This directory is written together with each set, so that a list is exact although
 * indexes lag behind.
 */
const DIRECTORY = sideKey(FREEZES)
const entryOf = (id: string): string => `frz.${id}`
/** Pages of the index: 100,000 freezes. */
const MOST_PAGES = 100
/** How often a set starts again because the freeze was released in the meantime. Each release takes two responders. */
const MAX_ROUNDS = 5
const READ_AT_ONCE = 100

export function freezeWrites(
  settings: DynamoSettings,
  { send, write, read, readAll, updateSide }: Sender,
): Pick<Ledger, 'freezes' | 'freeze' | 'unfreeze' | 'releaseByDeploy'> {
  const { client, storyTable, sideTable, random } = settings

  async function find(id: string): Promise<Done<StoredFreeze | undefined> | Unknown> {
    const found = await read(storyTable, { pk: freezeKey(id) })
    return found.outcome === 'done' ? done(found.value && toFreeze(found.value)) : found
  }

  // ── List ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  async function listed(): Promise<Done<readonly string[]> | Unknown> {
    const [directory, indexed] = await Promise.all([read(sideTable, DIRECTORY), inIndex()])
    if (directory.outcome === 'unknown') return directory
    if (indexed.outcome === 'unknown') return indexed
    const named = Object.keys(directory.value ?? {}).flatMap((name) =>
      name.startsWith(entryOf('')) ? [name.slice(entryOf('').length)] : [],
    )
    return done([...new Set([...named, ...indexed.value])])
  }

  /** A fallback for freezes whose entry in the directory was not written: eventually complete. */
  async function inIndex(): Promise<Done<readonly string[]> | Unknown> {
    const ids: string[] = []
    let from: PageOf['next']
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await send(async () => {
        const query = new QueryCommand({
          TableName: storyTable,
          IndexName: indexes.byCaller.name,
          KeyConditionExpression: 'callerKey = :key',
          ExpressionAttributeValues: marshall({ ':key': FREEZES }),
          ...COUNTED,
          ...(from ? { ExclusiveStartKey: from } : {}),
        })
        return pageIn(await client.send(query), storyTable, marshall({ callerKey: FREEZES }))
      })
      if (answer.outcome !== 'done') return answer.outcome === 'unknown' ? answer : unconditional
      ids.push(...answer.value.items.flatMap(({ pk }) => (pk?.S ? [pk.S.slice(freezeKey('').length)] : [])))
      from = answer.value.next
      if (!from) return done(ids)
    }
    return { outcome: 'unknown', cause: `ledger: more than ${MOST_PAGES} pages of freezes` }
  }

  /** Records in the directory that the scope is frozen as of this generation. A later generation stays. */
  const enter = (id: string, generation: number) =>
    updateSide(
      DIRECTORY,
      {
        ConditionExpression: 'attribute_not_exists(#entry) OR #entry <= :generation',
        UpdateExpression: 'SET #entry = :generation',
        ExpressionAttributeNames: { '#entry': entryOf(id) },
      },
      { ':generation': generation },
      (image) => image[entryOf(id)] === generation,
    )
  /** Removes the entry only if the scope has not been frozen again since. A leftover entry is read and skipped. */
  const leave = (id: string, generation: number) =>
    updateSide(
      DIRECTORY,
      {
        ConditionExpression: '#entry <= :generation',
        UpdateExpression: 'REMOVE #entry',
        ExpressionAttributeNames: { '#entry': entryOf(id) },
      },
      { ':generation': generation },
      (image) => image[entryOf(id)] === undefined,
    )

  // ── Set ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  const set: Ledger['freeze'] = async (scope, by, justification, expiresAt, now) => {
    const id = freezeId(scope)
    const attempt = hex128(random)
    const event = journalEntry(
      {
        type: 'freeze.set',
        request: id,
        at: now,
        scope: formatScope(scope),
        by,
        justification,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      },
      settings,
    )
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await find(id)
      if (found.outcome === 'unknown') return found
      const generation = found.value?.generation ?? 0
      const fresh = '(attribute_not_exists(generation) OR generation = :seen) AND NOT contains(attempts, :attempt)'
      const isOurs = (freeze: StoredFreeze) =>
        freeze.attempts.has(attempt) &&
        freeze.active &&
        freeze.generation === generation &&
        freezeId(freeze.scope) === id &&
        (freeze.expiresAt === undefined || (expiresAt !== undefined && freeze.expiresAt >= expiresAt))
      const values = {
        ':seen': generation,
        ':attempt': attempt,
        ':attempts': new Set([attempt]),
        ':events': [event],
      }
      const [written] = await Promise.all([
        change(
          id,
          {
            // Never shorten a freeze: a responder who could end one by setting another would release it alone.
            ConditionExpression: `${fresh}${expiresAt === undefined ? '' : ' AND (attribute_not_exists(active) OR active = :no OR #expiresAt <= :end)'}`,
            UpdateExpression: `SET #scope = :scope, #by = :by, justification = :justification, #at = :at, frozenAt = :now, active = :yes, generation = :seen, lastSet = :attempt, callerKey = :freezes, dayKey = :other, events = list_append(if_not_exists(events, :none), :events)${expiresAt === undefined ? ' REMOVE #expiresAt, releaseAskedBy' : ', #expiresAt = :end REMOVE releaseAskedBy'} ADD attempts :attempts`,
            ExpressionAttributeNames: { '#scope': 'scope', '#by': 'by', '#at': 'at', '#expiresAt': 'expiresAt' },
          },
          {
            ...values,
            ':scope': scope,
            ':by': by,
            ':justification': justification,
            ':at': toIso(now),
            ':now': now,
            ':yes': true,
            ':freezes': FREEZES,
            ':other': OTHER_DAY,
            ':none': [],
            ...(expiresAt === undefined ? {} : { ':no': false, ':end': expiresAt }),
          },
          isOurs,
        ),
        enter(id, generation),
      ])
      if (written.outcome === 'unknown') return written
      const stands = written.value.freeze
      if (written.value.ours && stands) return done(freezeOf(stands))
      // Released since it was read, but this caller still wants it frozen.
      if (!stands?.active || stands.generation !== generation) continue
      // The freeze that lasts longer stays. The new set is recorded, and cancels a release that was requested before it.
      const again = await change(
        id,
        {
          ConditionExpression: fresh,
          UpdateExpression: 'SET events = list_append(events, :events), lastSet = :attempt REMOVE releaseAskedBy ADD attempts :attempts',
        },
        values,
        isOurs,
      )
      if (again.outcome === 'unknown') return again
      if (again.value.ours && again.value.freeze) return done(freezeOf(again.value.freeze))
    }
    return { outcome: 'unknown', cause: 'the freeze kept being released during the call' }
  }

  /** The freeze after a write, and whether this write set it: with this send, or with an earlier one whose response was lost. */
  async function change(
    id: string,
    input: Update,
    values: Values,
    isOurs: (freeze: StoredFreeze) => boolean,
  ): Promise<Done<{ readonly ours: boolean; readonly freeze: StoredFreeze | undefined }> | Unknown> {
    const shows = (freeze: StoredFreeze | undefined) => freeze !== undefined && isOurs(freeze)
    const written = await write({ table: storyTable, key: { pk: freezeKey(id) } }, input, values, toFreeze, shows)
    if (written.outcome === 'unknown') return written
    const freeze = written.outcome === 'done' ? written.value : written.item
    return done({ ours: shows(freeze), freeze })
  }

  // ── Release ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const unfreeze: Ledger['unfreeze'] = async (id, by, isSame, now) => {
    const found = await find(id)
    if (found.outcome === 'unknown') return found
    const freeze = found.value
    if (!freeze?.active) return refused('request-unknown', 'Freeze not found.')
    const { releaseAskedBy: asked, scope, generation } = freeze
    if (asked && isSame(asked)) return done('asked')
    const releases = asked !== undefined
    const event = journalEntry(
      { type: releases ? 'freeze.released' : 'freeze.release-asked', request: id as FreezeId, at: now, scope: formatScope(scope), by },
      settings,
    )
    const attempt = hex128(random)
    const written = await change(
      id,
      {
        // The condition is the freeze as it was read: neither released nor set since. Only a set can change who requested its release.
        ConditionExpression: `generation = :seen AND lastSet = :lastSet${releases ? '' : ' AND attribute_not_exists(releaseAskedBy)'}`,
        UpdateExpression: `SET ${releases ? released : 'releaseAskedBy = :by'}, releaseAttempt = :attempt, events = list_append(events, :events)${releases ? ' REMOVE callerKey, attempts' : ''}`,
      },
      {
        ':seen': generation,
        ':lastSet': freeze.lastSet,
        ':attempt': attempt,
        ':events': [event],
        ...(releases ? { ':no': false, ':one': 1 } : { ':by': by }),
      },
      (found) => found.releaseAttempt === attempt && (releases ? found.generation > generation : found.generation >= generation),
    )
    if (written.outcome === 'unknown') return written
    if (!written.value.ours)
      return refused('request-changed', 'The freeze has changed since it was read. List the freezes again, then retry.')
    if (releases) await leave(id, generation)
    return done(releases ? 'released' : 'asked')
  }

  const releaseByDeploy: Ledger['releaseByDeploy'] = async (id, generation, now) => {
    const found = await find(id)
    if (found.outcome === 'unknown') return found
    const freeze = found.value
    if (!freeze?.active || freeze.generation !== generation) return done(false)
    const { build } = settings
    const event = journalEntry(
      { type: 'freeze.deploy-released', request: id as FreezeId, at: now, scope: formatScope(freeze.scope), build },
      settings,
    )
    const attempt = hex128(random)
    const written = await change(
      id,
      {
        ConditionExpression: 'generation = :seen',
        UpdateExpression: `SET ${released}, releaseAttempt = :attempt, events = list_append(events, :events) REMOVE callerKey, attempts, releaseAskedBy`,
      },
      { ':no': false, ':one': 1, ':seen': generation, ':attempt': attempt, ':events': [event] },
      (found) => found.releaseAttempt === attempt && found.generation > generation,
    )
    if (written.outcome === 'unknown') return written
    if (written.value.ours) await leave(id, generation)
    return done(written.value.ours)
  }

  return {
    freeze: set,
    unfreeze,
    releaseByDeploy,

    async freezes(now) {
      const ids = await listed()
      if (ids.outcome === 'unknown') return ids
      const inForce: Freeze[] = []
      for (let from = 0; from < ids.value.length; from += READ_AT_ONCE) {
        const some = await readAll(ids.value.slice(from, from + READ_AT_ONCE).map(freezeKey))
        if (some.outcome === 'unknown') return some
        inForce.push(
          ...some.value
            .map(toFreeze)
            .filter((freeze) => holds(freeze, now))
            .map(freezeOf),
        )
      }
      return done(inForce.sort((a, b) => a.at - b.at))
    },
  }
}

const released = 'active = :no, generation = generation + :one'
