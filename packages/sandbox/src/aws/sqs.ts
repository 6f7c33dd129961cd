/**
 * A small SQS, in its JSON protocol: queues whose messages are hidden for a while once they were received. In a FIFO queue, a message waits
 * until no earlier one of its group is hidden, and a message sent twice within five minutes is delivered once. Sources: Amazon SQS API
 * Reference, SendMessage, ReceiveMessage and DeleteMessage; Amazon SQS Developer Guide, "FIFO queue delivery logic" and "Using the message
 * deduplication ID".
 */
import { createHash, randomUUID } from 'node:crypto'
import { authorize, type Call, deniedMessage } from './authorize.ts'
import { jsonObject } from './json-body.ts'
import type { Answer } from './sts.ts'
import type { World } from './world.ts'

type Message = { readonly id: string; readonly body: string; readonly group?: string; receipt?: string; hiddenUntil: number }
export type SqsQueue = {
  readonly url: string
  readonly arn: string
  readonly messages: Message[]
  /** Of a FIFO queue: messages by their deduplication ID, and until when each counts. */
  readonly sent: Map<string, { readonly id: string; readonly until: number }>
  /** Called for each new message. */
  readonly onSend: Set<() => void>
}

const CONTENT_TYPE = 'application/x-amz-json-1.0'
const DEFAULT_HIDDEN_SECONDS = 30
const DEDUPLICATION_MS = 300_000
/** The characters of group and deduplication IDs. */
const FIFO_ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/
/** The supported parameters of each operation. */
const parametersOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['SendMessage', ['QueueUrl', 'MessageBody', 'MessageGroupId', 'MessageDeduplicationId']],
  ['ReceiveMessage', ['QueueUrl', 'MaxNumberOfMessages', 'VisibilityTimeout', 'WaitTimeSeconds']],
  ['DeleteMessage', ['QueueUrl', 'ReceiptHandle']],
])

/** The queue of batches that the shipper could not ship. */
export const DEAD_LETTERS = 'stint-ship-dead'
/** The queue of roles whose sessions end at once. */
export const END_QUEUE = 'stint-ends.fifo'
export const queueArn = (region: string, account: string, name: string): string => `arn:aws:sqs:${region}:${account}:${name}`
export const newQueue = (url: string, region: string, account: string, name: string): SqsQueue => ({
  url: `${url}/${account}/${name}`,
  arn: queueArn(region, account, name),
  messages: [],
  sent: new Map(),
  onSend: new Set(),
})

export function handleSqs(world: World, call: Call, target: string, body: Buffer): Answer {
  const operation = target.replace(/^AmazonSQS\./, '')
  const answer = (status: number, output: object): Answer => ({
    status,
    headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': call.requestId },
    body: JSON.stringify(output),
  })
  const error = (type: string, message: string, status = 400) => answer(status, { __type: `com.amazonaws.sqs#${type}`, message })
  const input = jsonObject(body)
  if (!input) return error('InvalidParameterValue', 'The body is not a JSON object.')
  const known = parametersOf.get(operation)
  if (!known) return error('UnsupportedOperation', 'The sandbox’s SQS supports only SendMessage, ReceiveMessage and DeleteMessage.')
  const stray = Object.keys(input).find((name) => !known.includes(name))
  if (stray !== undefined)
    return error('NotImplemented', `The sandbox’s SQS does not support the ${stray.slice(0, 100)} parameter of ${operation}.`, 501)
  const queue = world.queues.find(({ url }) => url === input.QueueUrl)
  const action = `sqs:${operation}`
  const arn = queue?.arn ?? `arn:aws:sqs:${world.region}:${call.identity.principal.account}:unknown`
  const decision = authorize(call, { action, resource: { arn, account: call.identity.principal.account } })
  if (!decision.allowed) return error('AccessDeniedException', deniedMessage(call, action, arn, decision))
  if (!queue) return error('QueueDoesNotExist', 'The specified queue does not exist.')

  if (operation === 'SendMessage') {
    const text = input.MessageBody
    if (typeof text !== 'string' || text === '') return error('InvalidParameterValue', 'MessageBody must be a string.')
    const { MessageGroupId: group, MessageDeduplicationId: deduplication } = input
    const isFifo = queue.arn.endsWith('.fifo')
    if (isFifo && [group, deduplication].some((one) => typeof one !== 'string' || !FIFO_ID.test(one)))
      return error('InvalidParameterValue', 'A FIFO queue needs a valid MessageGroupId and MessageDeduplicationId.')
    if (!isFifo && (group !== undefined || deduplication !== undefined))
      return error('InvalidParameterValue', 'Only a FIFO queue takes MessageGroupId and MessageDeduplicationId.')
    const repeated = isFifo ? queue.sent.get(String(deduplication)) : undefined
    if (repeated && repeated.until > call.now) return answer(200, { MessageId: repeated.id, MD5OfMessageBody: md5(text) })
    const message = { id: randomUUID(), body: text, hiddenUntil: 0, ...(isFifo ? { group: String(group) } : {}) }
    if (isFifo) remember(queue, String(deduplication), message.id, call.now)
    queue.messages.push(message)
    for (const notice of queue.onSend) notice()
    return answer(200, { MessageId: message.id, MD5OfMessageBody: md5(text) })
  }
  if (operation === 'DeleteMessage') {
    const at = queue.messages.findIndex(({ receipt }) => receipt !== undefined && receipt === input.ReceiptHandle)
    if (at >= 0) queue.messages.splice(at, 1)
    return answer(200, {})
  }
  const most = input.MaxNumberOfMessages ?? 1
  if (!Number.isInteger(most) || Number(most) < 1 || Number(most) > 10)
    return error('InvalidParameterValue', 'MaxNumberOfMessages must be 1 to 10.')
  const hiddenMs = Number(input.VisibilityTimeout ?? DEFAULT_HIDDEN_SECONDS) * 1000
  const visible = receive(queue, call.now, Number(most), hiddenMs)
  const shown = visible.map(({ id, body: text, receipt }) => ({ MessageId: id, ReceiptHandle: receipt, MD5OfBody: md5(text), Body: text }))
  return answer(200, shown.length === 0 ? {} : { Messages: shown })
}

/** Receives up to `most` messages, and hides them. */
export function receive({ messages }: SqsQueue, now: number, most: number, hiddenMs: number): readonly Message[] {
  const blocked = new Set(messages.flatMap(({ group, hiddenUntil }) => (group !== undefined && hiddenUntil > now ? [group] : [])))
  const visible = messages
    .filter(({ hiddenUntil, group }) => hiddenUntil <= now && (group === undefined || !blocked.has(group)))
    .slice(0, most)
  for (const message of visible) Object.assign(message, { receipt: randomUUID(), hiddenUntil: now + hiddenMs })
  return visible
}

function remember({ sent }: SqsQueue, deduplication: string, id: string, now: number): void {
  for (const [known, { until }] of sent) if (until <= now) sent.delete(known)
  sent.set(deduplication, { id, until: now + DEDUPLICATION_MS })
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
