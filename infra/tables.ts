/** The two tables, as the broker knows them (packages/broker/src/adapters/dynamodb/table.ts). */
import { indexes, TTL } from '@stint/broker/adapters/dynamodb/table'

export type Tables = ReturnType<typeof tables>

export function tables(key: aws.kms.Key) {
  const common = {
    ttl: TTL,
    deletionProtection: $app.protect,
    transform: {
      table: {
        billingMode: 'PAY_PER_REQUEST',
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true, kmsKeyArn: key.arn },
      },
    },
  } as const
  const story = new sst.aws.Dynamo('Story', {
    ...common,
    fields: Object.fromEntries(
      ['pk', ...Object.values(indexes).flatMap(({ hash, range }) => [hash, range])].map((name) => [name, 'string']),
    ),
    primaryIndex: { hashKey: 'pk' },
    globalIndexes: Object.fromEntries(
      Object.values(indexes).map(({ name, hash, range }) => [name, { hashKey: hash, rangeKey: range, projection: 'keys-only' as const }]),
    ),
    stream: 'new-and-old-images',
  })
  const side = new sst.aws.Dynamo('Side', {
    ...common,
    fields: { pk: 'string', sk: 'string' },
    primaryIndex: { hashKey: 'pk', rangeKey: 'sk' },
  })
  return { story, side }
}
