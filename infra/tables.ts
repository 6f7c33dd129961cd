/** The two tables, as the broker defines them (packages/broker/src/adapters/dynamodb/table.ts). */
import { indexes, TTL } from '@stint/broker/adapters/dynamodb/table'
import { holding } from './kept.ts'
import type { Settings } from './settings.ts'

export type Tables = ReturnType<typeof tables>

export function tables({ restored, warmThroughput }: Settings, key: aws.kms.Key) {
  const settings = {
    billingMode: 'PAY_PER_REQUEST',
    pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true, kmsKeyArn: key.arn },
    ...(warmThroughput ? { warmThroughput } : {}),
  }
  const common = { ttl: TTL, deletionProtection: $app.protect }
  const story = new sst.aws.Dynamo('Story', {
    ...common,
    // A restore creates a new table with its own name. The old table stays.
    transform: {
      table: { ...settings, ...(restored ? { name: restored.name, restoreSourceName: restored.from, restoreDateTime: restored.at } : {}) },
    },
    fields: Object.fromEntries(
      ['pk', ...Object.values(indexes).flatMap(({ hash, range }) => [hash, range])].map((name) => [name, 'string']),
    ),
    primaryIndex: { hashKey: 'pk' },
    globalIndexes: Object.fromEntries(
      Object.values(indexes).map((index) => [
        index.name,
        { hashKey: index.hash, rangeKey: index.range, projection: 'also' in index ? [...index.also] : ('keys-only' as const) },
      ]),
    ),
    stream: 'new-and-old-images',
  })
  const side = new sst.aws.Dynamo('Side', {
    ...common,
    // It has the head of the log, so nothing may replace it.
    transform: { table: holding(settings) },
    fields: { pk: 'string', sk: 'string' },
    primaryIndex: { hashKey: 'pk', rangeKey: 'sk' },
  })
  return { story, side }
}
