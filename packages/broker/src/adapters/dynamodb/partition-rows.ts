/** Reads all rows of one partition of the side table. */
import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { defined } from '@stint/core/defined'
import { type Done, done, type Unknown } from '@stint/core/outcome'
import { COUNTED, type PageOf, pageIn } from './answer-checks.ts'
import { type DynamoSettings, type Sender, unconditional } from './sender.ts'
import type { Attributes } from './table.ts'

/** Far more than any partition of the side table that is read as a whole. */
const MAX_PAGES = 100

/** `prefix`: only rows whose sort key begins with it. `before`: only those whose sort key is below it. */
type Range = { readonly prefix?: string; readonly before?: string }

export const partitionRows =
  ({ client, sideTable }: Pick<DynamoSettings, 'client' | 'sideTable'>, { send }: Pick<Sender, 'send'>) =>
  async (pk: string, range: Range = {}): Promise<Done<readonly Attributes[]> | Unknown> => {
    const rows: Attributes[] = []
    let from: PageOf['next']
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = await send(async () =>
        pageIn(await client.send(partitionQuery(sideTable, pk, from, range)), sideTable, marshall({ pk })),
      )
      if (page.outcome !== 'done') return page.outcome === 'unknown' ? page : unconditional
      rows.push(...page.value.items)
      from = page.value.next
      if (!from) return done(rows)
    }
    return { outcome: 'unknown', cause: `ledger: more than ${MAX_PAGES} pages of ${pk}` }
  }

/** One page of a partition, read consistently. */
export const partitionQuery = (table: string, pk: string, from: Attributes | undefined, { prefix, before }: Range = {}): QueryCommand =>
  new QueryCommand({
    TableName: table,
    KeyConditionExpression: [
      'pk = :pk',
      ...(prefix === undefined ? [] : ['begins_with(sk, :prefix)']),
      ...(before === undefined ? [] : ['sk < :before']),
    ].join(' AND '),
    ExpressionAttributeValues: marshall({ ':pk': pk, ...defined({ ':prefix': prefix, ':before': before }) }),
    ConsistentRead: true,
    ...COUNTED,
    ...(from ? { ExclusiveStartKey: from } : {}),
  })
