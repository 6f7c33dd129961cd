/**
 * The dead letters of the stream: what Lambda writes to a queue about a batch that the shipper failed on for too long. A letter names
 * records of the stream, which keeps them for a day; the records name the items. Sources: AWS Lambda Developer Guide, "Retaining discarded
 * batch records in Lambda"; Amazon SQS API Reference, ReceiveMessage and DeleteMessage; Amazon DynamoDB API Reference, "DynamoDB Streams".
 */
import { createHash } from 'node:crypto'
import { brief } from '@stint/core/audit/event'
import { isObject } from '@stint/core/json'
import type { DeadLetter, DeadLetters } from '../ports/dead-letters.ts'
import { Trouble } from '../ports/log.ts'
import type { Log } from '../ports/runtime.ts'
import type { Wire } from './wire/exchange.ts'
import { ServiceFault } from './wire/fault.ts'
import { jsonCalls } from './wire/json-calls.ts'

type DeadLetterSettings = {
  readonly sqs: Pick<Wire, 'post'>
  readonly streams: Pick<Wire, 'post'>
  readonly queueUrl: string
  /** The stream of the story table. A letter about another one is left where it is. */
  readonly streamArn: string
  /** How long a letter that was received stays hidden from other runs: as long as a run may take. */
  readonly hiddenSeconds: number
  readonly log: Log
}

const LETTERS_A_READ = 10
/** Asks all of the queue's servers. */
const WAIT_SECONDS = 1
const RECORDS_A_PAGE = 1000
/** Pages of one letter: a batch has up to 10,000 records, and a page can be empty. */
const MAX_PAGES = 200

export function deadLetters(settings: DeadLetterSettings): DeadLetters {
  const { queueUrl: QueueUrl, streamArn, hiddenSeconds, log } = settings
  const sqs = jsonCalls(settings.sqs, 'AmazonSQS')
  const streams = jsonCalls(settings.streams, 'DynamoDBStreams_20120810', isGone)

  return {
    async receive() {
      const { Messages = [] } = await sqs('ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: LETTERS_A_READ,
        VisibilityTimeout: hiddenSeconds,
        WaitTimeSeconds: WAIT_SECONDS,
      })
      if (!Array.isArray(Messages) || Messages.length > LETTERS_A_READ)
        throw new Trouble('sqs: the response has an invalid list of messages')
      return { received: Messages.length, usable: Messages.flatMap((message: unknown) => letterIn(message) ?? []) }
    },
  }

  /** Undefined for a message that says nothing about this stream: it stays in the queue, so the alarm of the queue stays on. */
  function letterIn(message: unknown): DeadLetter | undefined {
    const { ReceiptHandle, Body, MD5OfBody } = (isObject(message) ? message : {}) as Record<string, unknown>
    const isWhole = typeof Body === 'string' && createHash('md5').update(Body).digest('hex') === MD5OfBody
    if (!isWhole || typeof ReceiptHandle !== 'string') throw new Trouble('sqs: the response has an invalid message')
    const batch = batchIn(Body)
    if (batch?.streamArn !== streamArn) {
      log({ level: 'error', event: 'dead-letter-foreign', body: brief(Body, 200) })
      return undefined
    }
    return {
      journals: () => journalsOf(batch),
      async remove() {
        await sqs('DeleteMessage', { QueueUrl, ReceiptHandle })
      },
    }
  }

  async function journalsOf({ shardId, first, last }: Batch): Promise<readonly string[]> {
    const ids = new Set<string>()
    try {
      let { ShardIterator: iterator } = await streams('GetShardIterator', {
        StreamArn: streamArn,
        ShardId: shardId,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: String(first),
      })
      for (let pages = 0; typeof iterator === 'string'; pages++) {
        if (pages >= MAX_PAGES) throw new Trouble('dynamodb: the records of a dead letter do not end')
        const { Records, NextShardIterator } = await streams('GetRecords', { ShardIterator: iterator, Limit: RECORDS_A_PAGE })
        if (!Array.isArray(Records)) throw new Trouble('dynamodb: the response has no records')
        const records = Records.map(recordIn)
        for (const { at, id } of records) if (at >= first && at <= last && id !== undefined) ids.add(id)
        if (records.some(({ at }) => at >= last)) break
        iterator = NextShardIterator
      }
    } catch (error) {
      if (!(error instanceof ServiceFault && isGone(error.name))) throw error
      // Later passes of the comparison find what these records were about.
      log({ level: 'error', event: 'dead-letter-late', shard: shardId, cause: error.name })
    }
    return [...ids]
  }
}

/** The stream, or its shard, does not have these records any more. */
const isGone = (name: string): boolean => name === 'TrimmedDataAccessException' || name === 'ResourceNotFoundException'

type Batch = { readonly streamArn: string; readonly shardId: string; readonly first: bigint; readonly last: bigint }

function batchIn(body: string): Batch | undefined {
  try {
    const { DDBStreamBatchInfo: info } = JSON.parse(body) as { DDBStreamBatchInfo?: Record<string, unknown> }
    const { streamArn, shardId, startSequenceNumber, endSequenceNumber } = info ?? {}
    if (typeof streamArn !== 'string' || typeof shardId !== 'string') return undefined
    const [first, last] = [sequenceIn(startSequenceNumber), sequenceIn(endSequenceNumber)]
    return first === undefined || last === undefined || last < first ? undefined : { streamArn, shardId, first, last }
  } catch {
    return undefined
  }
}

/** Sequence numbers have up to 40 digits (Amazon DynamoDB API Reference, StreamRecord). */
const sequenceIn = (value: unknown): bigint | undefined =>
  typeof value === 'string' && /^\d{1,40}$/.test(value) ? BigInt(value) : undefined

/** A record's position in its shard, and the journal that its item has. */
function recordIn(record: unknown): { readonly at: bigint; readonly id: string | undefined } {
  const { dynamodb } = record as { dynamodb?: { Keys?: { pk?: { S?: string } }; SequenceNumber?: unknown } }
  const at = sequenceIn(dynamodb?.SequenceNumber)
  if (at === undefined) throw new Trouble('dynamodb: the response has an invalid record')
  return { at, id: /^[A-Z]+#(.+)$/.exec(dynamodb?.Keys?.pk?.S ?? '')?.[1] }
}
