/** Lookup rows in the side table: which events concern a caller, a profile, an access key and so on, newest first. */

import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb'
import { defined } from '@stint/core/defined'
import { lookupBound } from '../../log/lookup.ts'
import { type LogState, type LookupRow, Trouble } from '../../ports/log.ts'
import { COUNTED, pageIn } from './answer-checks.ts'
import { marshall, unmarshall } from './attributes.ts'
import { batchWrites } from './batch-writes.ts'
import type { LogSender } from './log-sender.ts'
import type { LogStateSettings } from './log-state.ts'

const lookupPk = (key: string) => `LOOK#${key}`
/** Writes of one batch in flight at once. */
const AT_ONCE = 16

export function lookupRows({ client, sideTable }: LogStateSettings, log: LogSender): Pick<LogState, 'index' | 'unindex' | 'lookup'> {
  const { answer } = log
  const writeRows = batchWrites(client, sideTable, log, AT_ONCE)

  return {
    index: (rows) =>
      writeRows(rows.map((row) => ({ PutRequest: { Item: marshall({ ...rowKey(row), request: row.request, seq: row.seq }) } }))),
    unindex: (rows) => writeRows(rows.map((row) => ({ DeleteRequest: { Key: marshall(rowKey(row)) } }))),

    async lookup(key, limit, before) {
      const pk = lookupPk(key)
      const rows: LookupRow[] = []
      let below = before
      // A page can end before the limit, for example after 1 MB.
      for (let pages = 0; pages <= limit; pages++) {
        const page = await answer(async () => {
          const found = await client.send(
            new QueryCommand({
              TableName: sideTable,
              KeyConditionExpression: below === undefined ? 'pk = :pk' : 'pk = :pk AND sk < :before',
              ExpressionAttributeValues: marshall({ ':pk': pk, ...defined({ ':before': below }) }),
              ScanIndexForward: false,
              Limit: limit - rows.length,
              ...COUNTED,
            }),
          )
          const { items, next } = pageIn(found, sideTable, marshall({ pk }))
          return { rows: rowsIn(items, key, below, limit - rows.length), next }
        })
        rows.push(...page.rows)
        const last = rows.at(-1)
        if (rows.length >= limit || !page.next || !last) return rows
        below = lookupBound(last)
      }
      throw new Trouble('dynamodb: a list does not end')
    },
  }
}

/** Rows in order, newest first, each below the bound. */
function rowsIn(
  items: readonly Record<string, AttributeValue>[],
  key: string,
  before: string | undefined,
  limit: number,
): readonly LookupRow[] {
  let bound = before
  const rows = items.map((item) => {
    const { sk, request, seq } = unmarshall(item) as { sk: string; request: string; seq: number }
    const at = String(sk).slice(0, String(sk).indexOf('#'))
    const row = { key, at, request, seq, ...(String(sk).endsWith('+') ? { run: true as const } : {}) }
    const isNext = Number.isSafeInteger(seq) && seq >= 0 && lookupBound(row) === sk && (bound === undefined || sk < bound)
    if (!isNext) throw new Error('the response has rows that were not requested')
    bound = sk
    return row
  })
  if (rows.length > limit) throw new Error('the response has more rows than were requested')
  return rows
}

const rowKey = (row: LookupRow) => ({ pk: lookupPk(row.key), sk: lookupBound(row) })
