/** The progress of a keeper, in the side table: one row for each place, and one for each item that was kept. */
import { DeleteItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { toIso } from '@stint/core/instant'
import type { Progress } from '../../ports/progress.ts'
import { COUNTED, ofTable, pageIn } from './answer-checks.ts'
import { logSender } from './log-sender.ts'
import type { LogStateSettings } from './log-state.ts'

type KeeperName = 'compare' | 'retire'

/** A cause is read by an operator, and must not fill the row. */
const MAX_CAUSE = 200

export function progress(settings: LogStateSettings & { readonly storyTable: string }, keeper: KeeperName): Progress {
  const { client, sideTable, storyTable } = settings
  const { send, answer } = logSender(settings.sleep)
  const pk = `KEEP#${keeper}`
  const keptPk = `KEPT#${keeper}`

  async function rows(of: string, limit: number, after = ' '): Promise<readonly Record<string, unknown>[]> {
    const all = marshall({ pk: of })
    const page = await answer(async () => {
      const query = new QueryCommand({
        TableName: sideTable,
        KeyConditionExpression: 'pk = :pk AND sk > :after',
        ExpressionAttributeValues: marshall({ ':pk': of, ':after': after }),
        Limit: limit,
        ConsistentRead: true,
        ...COUNTED,
      })
      const { items } = pageIn(await client.send(query), sideTable, all)
      if (items.length > limit || items.some(({ sk }) => (sk?.S ?? '') <= after))
        throw new Error('the response has rows that were not requested')
      return { items }
    })
    return page.items.map((item) => unmarshall(item))
  }

  return {
    async reached() {
      const found = await rows(pk, MAX_PLACES)
      return new Map(found.flatMap(({ sk, to, table }) => (table === storyTable && typeof to === 'string' ? [[String(sk), to]] : [])))
    },

    async move(place, to) {
      const moved = await send(async () => {
        const update = await client.send(
          new UpdateItemCommand({
            TableName: sideTable,
            Key: marshall({ pk, sk: place }),
            UpdateExpression: 'SET #to = :to, #table = :table',
            ConditionExpression: 'attribute_not_exists(pk) OR #table <> :table OR #to < :to',
            ExpressionAttributeNames: { '#to': 'to', '#table': 'table' },
            ExpressionAttributeValues: marshall({ ':to': to, ':table': storyTable }),
            ReturnValues: 'ALL_NEW',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            ...COUNTED,
          }),
        )
        if (ofTable(update, sideTable).Attributes?.to?.S !== to) throw new Error('the response does not show the write')
        return {}
      })
      // An earlier send took effect, or another run was faster.
      return 'blocked' in moved && typeof moved.blocked?.to === 'string' ? moved.blocked.to : to
    },

    async keep(id, cause, now) {
      await send(async () =>
        ofTable(
          await client.send(
            new PutItemCommand({
              TableName: sideTable,
              Item: marshall({ pk: keptPk, sk: id, cause: cause.slice(0, MAX_CAUSE), at: toIso(now) }),
              ...COUNTED,
            }),
          ),
          sideTable,
        ),
      )
    },

    kept: async (limit, after) => (await rows(keptPk, limit, after)).map(({ sk }) => String(sk)),

    async release(id) {
      await send(async () =>
        ofTable(
          await client.send(new DeleteItemCommand({ TableName: sideTable, Key: marshall({ pk: keptPk, sk: id }), ...COUNTED })),
          sideTable,
        ),
      )
    },
  }
}

/** More than the passes of a keeper have places. */
const MAX_PLACES = 100
