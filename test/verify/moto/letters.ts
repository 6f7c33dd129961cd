/**
 * Dead letters and keepers on services that we did not write: moto's SQS, its streams of DynamoDB and its tables. A letter must name the
 * journals of exactly its records, and leave the queue; a keeper must go on where it stopped. Runs in `npm run verify:all moto-letters`.
 */
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { deadLetters } from '@stint/broker/adapters/dead-letters'
import { dayWalk } from '@stint/broker/adapters/dynamodb/day-walk'
import { journalsReader } from '@stint/broker/adapters/dynamodb/journal-reader'
import { progress } from '@stint/broker/adapters/dynamodb/progress'
import { dayKey, shardOf, sideTable, storyTable, timeKey } from '@stint/broker/adapters/dynamodb/table'
import { type Wire, wire } from '@stint/broker/adapters/wire/exchange'
import { journalOf, requestId, START } from '../../support/memory-log.ts'
import { freePorts } from '../../support/sandbox.ts'
import { requireMoto, startMoto } from './server.ts'

const REGION = 'eu-central-1'
const KEYS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'x' }
const HOUR_MS = 3_600_000
const TIMEOUT_MS = 20_000

requireMoto()
const server = await startMoto(await freePorts(1))
try {
  const at = (service: 'sqs' | 'dynamodb'): Wire =>
    wire({
      service,
      region: REGION,
      endpoint: server.endpoint,
      keys: KEYS,
      clock: Date.now,
      connectMs: TIMEOUT_MS,
      maxBytes: 8 * 1024 * 1024,
    })
  const call = async (of: Wire, target: string, input: object): Promise<Record<string, any>> => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target }
    const { status, body } = await of.post(headers, JSON.stringify(input), TIMEOUT_MS)
    if (status !== 200) throw new Error(`${target}: ${status} ${body}`)
    return body === '' ? {} : JSON.parse(body)
  }

  // ── A table with a stream, and a queue ───────────────────────────────────────────────────────────────────────────
  const client = new DynamoDBClient({ region: REGION, endpoint: server.endpoint, credentials: KEYS })
  const made = await client.send(new CreateTableCommand(storyTable('stint')))
  await client.send(new CreateTableCommand(sideTable('stint-side')))
  const streamArn = made.TableDescription?.LatestStreamArn ?? ''
  const journals = [1, 2, 3, 4, 5].map(journalOf)
  for (const [n, { events }] of journals.entries()) {
    const id = requestId(n + 1)
    const created = START - 2 * HOUR_MS + n
    const item = { pk: `REQ#${id}`, dayKey: dayKey(created, shardOf(id)), at: timeKey(created, id), events }
    await client.send(new PutItemCommand({ TableName: 'stint', Item: marshall(item) }))
  }
  const [sqs, streams] = [at('sqs'), at('dynamodb')]
  const { QueueUrl } = await call(sqs, 'AmazonSQS.CreateQueue', { QueueName: 'stint-ship-dead' })
  const { StreamDescription } = await call(streams, 'DynamoDBStreams_20120810.DescribeStream', { StreamArn: streamArn })
  const shardId = StreamDescription.Shards[0].ShardId as string
  const from = { StreamArn: streamArn, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }
  const { ShardIterator } = await call(streams, 'DynamoDBStreams_20120810.GetShardIterator', from)
  const { Records } = await call(streams, 'DynamoDBStreams_20120810.GetRecords', { ShardIterator })
  const sequences = (Records as { dynamodb: { SequenceNumber: string } }[]).map(({ dynamodb }) => dynamodb.SequenceNumber)
  expect('records of the stream', sequences.length, 5)

  // ── A letter about three of them ─────────────────────────────────────────────────────────────────────────────────
  const batch = { shardId, startSequenceNumber: sequences[1], endSequenceNumber: sequences[3], streamArn, batchSize: 3 }
  await call(sqs, 'AmazonSQS.SendMessage', { QueueUrl, MessageBody: JSON.stringify({ version: '1.0', DDBStreamBatchInfo: batch }) })
  const letters = deadLetters({ sqs, streams, queueUrl: QueueUrl, streamArn, hiddenSeconds: 600, log: () => {} })
  const { received, usable } = await letters.receive()
  expect('letters', [received, usable.length], [1, 1])
  expect('journals that it names', await usable[0]?.journals(), [2, 3, 4].map(requestId))
  await usable[0]?.remove()
  const { Attributes } = await call(sqs, 'AmazonSQS.GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })
  expect('messages that are left', [Attributes.ApproximateNumberOfMessages, Attributes.ApproximateNumberOfMessagesNotVisible], ['0', '0'])

  // ── A keeper over the table ──────────────────────────────────────────────────────────────────────────────────────
  const source = { client, storyTable: 'stint', sleep: async () => {} }
  const remembered = progress({ ...source, sideTable: 'stint-side' }, 'compare')
  const look = async (now: number): Promise<readonly string[]> => {
    const seen: string[] = []
    const pass = { name: 'hour', family: 'requests', ageMs: HOUR_MS } as const
    const options = { now, reached: await remembered.reached(), mayGoOn: () => true }
    const add = async (ids: readonly string[]) => void seen.push(...(await journalsReader(source)(ids, true)).map(({ request }) => request))
    await dayWalk(source, remembered, 2)(pass, { ...options, look: add })
    return seen.toSorted()
  }
  // The third is exactly an hour old, so it is for the next run.
  expect('items of the first run', await look(START - HOUR_MS + 2), [1, 2].map(requestId))
  expect('items of the next run', await look(START - HOUR_MS + 5), [3, 4, 5].map(requestId))
  expect('items of the run after', await look(START), [])
  console.log('moto: dead letters name their journals, and a keeper goes on where it stopped.')
} finally {
  server.close()
}

function expect(what: string, is: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(is), JSON.stringify(wanted)]
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`)
}
