import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Trouble } from '../ports/log.ts'
import { deadLetters } from './dead-letters.ts'

const STREAM = 'arn:aws:dynamodb:eu-central-1:111122223333:table/stint/stream/2026-01-01T00:00:00.000'
const sequence = (n: number) => String(100000000000000000000n + BigInt(n))
/** As Lambda writes it (AWS Lambda Developer Guide, "Retaining discarded batch records in Lambda"). */
const letter = (first: number, last: number, more: object = {}) =>
  JSON.stringify({
    requestContext: {
      requestId: 'r',
      functionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:stint-ship',
      condition: 'RecordAgeExceeded',
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: '2026-11-24T12:00:00.000Z',
    DDBStreamBatchInfo: {
      shardId: 'shardId-00000000000000000001-abcdefgh',
      startSequenceNumber: sequence(first),
      endSequenceNumber: sequence(last),
      approximateArrivalOfFirstRecord: '2026-11-24T06:00:00Z',
      approximateArrivalOfLastRecord: '2026-11-24T06:00:00Z',
      batchSize: last - first + 1,
      streamArn: STREAM,
      ...more,
    },
  })
const message = (Body: string, more: object = {}) => ({
  MessageId: 'm',
  ReceiptHandle: 'h',
  MD5OfBody: createHash('md5').update(Body).digest('hex'),
  Body,
  ...more,
})
const record = (n: number, pk: string) => ({ eventName: 'MODIFY', dynamodb: { Keys: { pk: { S: pk } }, SequenceNumber: sequence(n) } })

type Answers = { readonly [operation: string]: (input: Record<string, unknown>, nth: number) => unknown }
/** Services that answer with these; an error with `status: 400`. */
function letters(answers: Answers) {
  const sent: [operation: string, input: Record<string, unknown>][] = []
  const lines: object[] = []
  const post = async (headers: Readonly<Record<string, string>>, body: string) => {
    const operation = (headers['x-amz-target'] ?? '').replace(/^.*\./, '')
    const input = JSON.parse(body) as Record<string, unknown>
    const nth = sent.filter(([other]) => other === operation).length
    sent.push([operation, input])
    const answer = answers[operation]?.(input, nth)
    const { status = 200, ...rest } = (typeof answer === 'object' ? answer : {}) as { status?: number }
    return { status, headers: {}, body: typeof answer === 'string' ? answer : JSON.stringify(rest) }
  }
  const made = deadLetters({
    sqs: { post },
    streams: { post },
    queueUrl: 'https://q',
    streamArn: STREAM,
    hiddenSeconds: 600,
    log: (line) => void lines.push(line),
  })
  return { made, sent, lines }
}
const iterator = () => ({ ShardIterator: 'i0' })

describe('dead letters', () => {
  test('name the journals of their records, of two pages, and nothing beside them', async () => {
    const pages = [
      [record(9, 'REQ#req_0'), record(10, 'REQ#req_1'), record(11, 'FREEZE#frz_1')],
      [record(12, 'REQ#req_1'), record(13, 'LINK#lnk_1'), record(14, 'REQ#req_2')],
    ]
    const { made, sent } = letters({
      ReceiveMessage: () => ({ Messages: [message(letter(10, 13))] }),
      GetShardIterator: iterator,
      GetRecords: (_input, nth) => ({ Records: pages[nth], NextShardIterator: `i${nth + 1}` }),
      DeleteMessage: () => '',
    })
    const {
      usable: [only],
    } = await made.receive()
    expect(await only?.journals()).toEqual(['req_1', 'frz_1', 'lnk_1'])
    await only?.remove()
    expect(sent).toEqual([
      ['ReceiveMessage', { QueueUrl: 'https://q', MaxNumberOfMessages: 10, VisibilityTimeout: 600, WaitTimeSeconds: 1 }],
      [
        'GetShardIterator',
        {
          StreamArn: STREAM,
          ShardId: 'shardId-00000000000000000001-abcdefgh',
          ShardIteratorType: 'AT_SEQUENCE_NUMBER',
          SequenceNumber: sequence(10),
        },
      ],
      ['GetRecords', { ShardIterator: 'i0', Limit: 1000 }],
      ['GetRecords', { ShardIterator: 'i1', Limit: 1000 }],
      ['DeleteMessage', { QueueUrl: 'https://q', ReceiptHandle: 'h' }],
    ])
  })

  test('an empty queue has none', async () =>
    expect(await letters({ ReceiveMessage: () => ({}) }).made.receive()).toEqual({ received: 0, usable: [] }))

  test.each([
    ['another stream', letter(1, 2, { streamArn: `${STREAM}x` })],
    ['no batch', '{}'],
    ['no JSON', 'hello'],
    ['an invalid sequence number', letter(1, 2, { endSequenceNumber: 'x' })],
    ['an end before its start', letter(2, 1)],
  ])('a message about %s stays in the queue, and is logged', async (_what, body) => {
    const { made, lines } = letters({ ReceiveMessage: () => ({ Messages: [message(body)] }) })
    expect(await made.receive()).toEqual({ received: 1, usable: [] })
    expect(lines).toMatchObject([{ event: 'dead-letter-foreign' }])
  })

  test.each(['TrimmedDataAccessException', 'ResourceNotFoundException'])('records that are gone (%s) name nothing', async (name) => {
    const { made, lines } = letters({
      ReceiveMessage: () => ({ Messages: [message(letter(1, 2))] }),
      GetShardIterator: () => ({ status: 400, __type: `com.amazonaws.dynamodb.v20120810#${name}` }),
    })
    expect(await (await made.receive()).usable[0]?.journals()).toEqual([])
    expect(lines).toMatchObject([{ event: 'dead-letter-late', cause: name }])
  })

  const honest: Answers = {
    ReceiveMessage: () => ({ Messages: [message(letter(1, 2))] }),
    GetShardIterator: iterator,
    GetRecords: () => ({ Records: [record(1, 'REQ#req_1'), record(2, 'REQ#req_2')] }),
  }
  test.each<[string, Answers]>([
    ['a message that was changed', { ReceiveMessage: () => ({ Messages: [message(letter(1, 2), { MD5OfBody: '0'.repeat(32) })] }) }],
    ['a message without a receipt', { ReceiveMessage: () => ({ Messages: [message(letter(1, 2), { ReceiptHandle: 1 })] }) }],
    ['messages that are not a list', { ReceiveMessage: () => ({ Messages: 'x' }) }],
    ['more messages than were requested', { ReceiveMessage: () => ({ Messages: Array(11).fill(message(letter(1, 2))) }) }],
    ['an error of SQS', { ReceiveMessage: () => ({ status: 400, __type: 'com.amazonaws.sqs#QueueDoesNotExist' }) }],
    ['an HTML page', { ReceiveMessage: () => '<html>' }],
    ['an error of the stream', { GetShardIterator: () => ({ status: 400, __type: 'x#AccessDeniedException' }) }],
    ['a trimmed stream with status 500', { GetShardIterator: () => ({ status: 500, __type: 'x#TrimmedDataAccessException' }) }],
    ['no records', { GetRecords: () => ({}) }],
    ['a record without a number', { GetRecords: () => ({ Records: [{ dynamodb: {} }] }) }],
    ['records without an end', { GetRecords: () => ({ Records: [], NextShardIterator: 'i' }) }],
  ])('%s is not believed', async (_what, lie) => {
    const { made } = letters({ ...honest, ...lie })
    const all = async () => {
      for (const one of (await made.receive()).usable) await one.journals()
    }
    await expect(all()).rejects.toThrow(Trouble)
  })
})
