/** The freezes that are in force, from a directory that is exact and an index that lags. */
import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import type { Freeze, Ledger } from '../../ports/ledger.ts'
import { COUNTED, type PageOf, pageIn } from './answer-checks.ts'
import { freezeKey, freezeOf, holds, toFreeze } from './freeze-item.ts'
import { type DynamoSettings, type LedgerSettings, type Sender, unconditional } from './sender.ts'
import { indexes, sideKey } from './table.ts'

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
const READ_AT_ONCE = 100

export function freezeList(
  { client, storyTable }: DynamoSettings,
  { send, readAll }: Sender,
  directory: FreezeDirectory,
): Pick<Ledger, 'freezes'> {
  async function listed(): Promise<Done<readonly string[]> | Unknown> {
    const [named, indexed] = await Promise.all([directory.ids(), inIndex()])
    if (named.outcome === 'unknown') return named
    if (indexed.outcome === 'unknown') return indexed
    return done([...new Set([...named.value, ...indexed.value])])
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

  return {
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

export type FreezeDirectory = ReturnType<typeof freezeDirectory>

export function freezeDirectory({ sideTable }: LedgerSettings, { read, updateSide }: Sender) {
  return {
    async ids(): Promise<Done<readonly string[]> | Unknown> {
      const found = await read(sideTable, DIRECTORY)
      if (found.outcome === 'unknown') return found
      const entries = Object.keys(found.value ?? {}).filter((name) => name.startsWith(entryOf('')))
      return done(entries.map((name) => name.slice(entryOf('').length)))
    },

    /** Records in the directory that the scope is frozen as of this generation. A later generation stays. */
    enter: (id: string, generation: number) =>
      updateSide(
        DIRECTORY,
        {
          ConditionExpression: 'attribute_not_exists(#entry) OR #entry <= :generation',
          UpdateExpression: 'SET #entry = :generation',
          ExpressionAttributeNames: { '#entry': entryOf(id) },
        },
        { ':generation': generation },
        (image) => image[entryOf(id)] === generation,
      ),
    /** Removes the entry only if the scope has not been frozen again since. A leftover entry is read and skipped. */
    leave: (id: string, generation: number) =>
      updateSide(
        DIRECTORY,
        {
          ConditionExpression: '#entry <= :generation',
          UpdateExpression: 'REMOVE #entry',
          ExpressionAttributeNames: { '#entry': entryOf(id) },
        },
        { ':generation': generation },
        (image) => image[entryOf(id)] === undefined,
      ),
  }
}
