/**
 * The stream of a table, as DynamoDB Streams shows it: one shard with the latest records. Source: Amazon DynamoDB API Reference, "DynamoDB
 * Streams": GetShardIterator and GetRecords.
 */
import { authorize, type Call, deniedMessage } from './authorize.ts'
import type { StreamRecord } from './dynamodb.ts'
import { CONTENT_TYPE, dynamoError } from './dynamodb-answer.ts'
import { jsonObject } from './json-body.ts'
import type { Answer } from './sts.ts'
import type { World } from './world.ts'

const PREFIX = /^DynamoDBStreams_20120810\./
export const isOfStreams = (target: string): boolean => PREFIX.test(target)

export const SHARD = 'shardId-00000000000000000000-sandbox1'
/** The label of a stream is the time at which it was enabled. */
const LABEL = '2026-01-01T00:00:00.000'
export const streamArn = (table: string, region: string, account: string): string =>
  `arn:aws:dynamodb:${region}:${account}:table/${table}/stream/${LABEL}`

const MOST_RECORDS = 1000
/** Sequence numbers have 21 to 40 digits. */
const DIGITS = 21
export const sequenceOf = ({ sequenceNumber }: Pick<StreamRecord, 'sequenceNumber'>): string =>
  `1${String(sequenceNumber).padStart(DIGITS - 1, '0')}`

const parametersOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['GetShardIterator', ['StreamArn', 'ShardId', 'ShardIteratorType', 'SequenceNumber']],
  ['GetRecords', ['ShardIterator', 'Limit']],
])

type Iterator = { readonly stream: string; readonly from: string }

export function handleStreams(world: World, call: Call, target: string, body: Buffer, records: readonly StreamRecord[]): Answer {
  const operation = target.replace(PREFIX, '')
  const error = (type: string, message: string) => dynamoError(400, `com.amazonaws.dynamodb.v20120810#${type}`, message, call.requestId)
  const known = parametersOf.get(operation)
  if (!known) return error('UnknownOperationException', 'The sandbox’s streams support only GetShardIterator and GetRecords.')
  const input = jsonObject(body)
  if (!input) return error('SerializationException', 'The body is not a JSON object.')
  const stray = Object.keys(input).find((name) => !known.includes(name))
  if (stray !== undefined)
    return dynamoError(501, 'NotImplemented', `The sandbox does not support the ${stray.slice(0, 100)} parameter.`, call.requestId)
  const iterator =
    operation === 'GetRecords' ? iteratorIn(input.ShardIterator) : { stream: String(input.StreamArn), from: String(input.SequenceNumber) }
  if (!iterator) return error('ValidationException', 'Invalid ShardIterator.')

  const { account } = call.identity.principal
  const table = iterator.stream.slice(iterator.stream.indexOf(':table/') + ':table/'.length, iterator.stream.indexOf('/stream/'))
  const action = `dynamodb:${operation}`
  const decision = authorize(call, { action, resource: { arn: iterator.stream, account } })
  if (!decision.allowed)
    return dynamoError(
      400,
      'com.amazon.coral.service#AccessDeniedException',
      deniedMessage(call, action, iterator.stream, decision),
      call.requestId,
    )
  if (iterator.stream !== streamArn(table, world.region, account))
    return error('ResourceNotFoundException', 'Requested resource not found: Stream')

  const answer = (output: object): Answer => ({
    status: 200,
    headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': call.requestId },
    body: JSON.stringify(output),
  })
  if (operation === 'GetShardIterator') {
    if (input.ShardId !== SHARD) return error('ResourceNotFoundException', 'Requested resource not found: Shard does not exist')
    if (input.ShardIteratorType !== 'AT_SEQUENCE_NUMBER' || !/^\d{21,40}$/.test(iterator.from))
      return error('ValidationException', 'The sandbox supports only AT_SEQUENCE_NUMBER, with a SequenceNumber of 21 to 40 digits.')
    // What was trimmed cannot be read any more.
    const oldest = records[0]
    if (oldest && iterator.from < sequenceOf(oldest) && oldest.sequenceNumber > 1)
      return error('TrimmedDataAccessException', 'The operation attempted to read past the oldest stream record in a shard.')
    return answer({ ShardIterator: iteratorOf(iterator) })
  }
  const found = records
    .filter((record) => record.table === table && sequenceOf(record) >= iterator.from)
    .slice(0, Number(input.Limit ?? MOST_RECORDS))
  const last = found.at(-1)
  return answer({
    Records: found.map((record) => ({
      eventID: sequenceOf(record),
      eventName: record.eventName,
      eventSource: 'aws:dynamodb',
      awsRegion: world.region,
      dynamodb: {
        Keys: record.keys,
        SequenceNumber: sequenceOf(record),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        ...(record.newImage ? { NewImage: record.newImage } : {}),
        ...(record.oldImage ? { OldImage: record.oldImage } : {}),
      },
    })),
    // The shard is open, so there is always a next iterator.
    NextShardIterator: iteratorOf({ ...iterator, from: last ? sequenceOf({ sequenceNumber: last.sequenceNumber + 1 }) : iterator.from }),
  })
}

const iteratorOf = (iterator: Iterator): string => Buffer.from(JSON.stringify(iterator)).toString('base64')

function iteratorIn(text: unknown): Iterator | undefined {
  try {
    const { stream, from } = JSON.parse(Buffer.from(String(text), 'base64').toString('utf8')) as Iterator
    return typeof stream === 'string' && typeof from === 'string' ? { stream, from } : undefined
  } catch {
    return undefined
  }
}
