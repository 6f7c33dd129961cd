/**
 * The queue of roles whose sessions end at once, as SQS FIFO: a message waits until no earlier one of its group is hidden; what was received
 * too often becomes a dead letter. Sources: Amazon SQS API Reference, SendMessage; Amazon SQS Developer Guide, "FIFO queue delivery logic",
 * "Using the message deduplication ID" and "Using dead-letter queues".
 */
import { createHash } from 'node:crypto'
import { END_HIDDEN_SECONDS } from '@stint/broker/lambda/functions'

export type Message = { readonly id: string; readonly group: string; readonly body: string; hiddenUntil: number; received: number }
export type Sent = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }

export const QUEUE_URL = 'https://sqs.eu-central-1.amazonaws.com/111122223333/stint-ends.fifo'
export const HIDDEN_MS = END_HIDDEN_SECONDS * 1000
const DELIVERIES = 5
const DEDUPLICATION_MS = 300_000
const MOST_IN_BATCH = 10

export class EndQueue {
  readonly messages: Message[] = []
  readonly dead: Message[] = []
  readonly #sent = new Map<string, { readonly id: string; readonly at: number }>()
  #count = 0

  /** SendMessage in SQS's JSON protocol. `onSend` is called for a message that is new. */
  send(body: string, now: number, onSend: () => void): Sent {
    const { QueueUrl, MessageBody, MessageGroupId: group, MessageDeduplicationId: once } = JSON.parse(body)
    if (QueueUrl !== QUEUE_URL || !group || !once) return sqsError(400, 'InvalidParameterValue')
    const known = this.#sent.get(once)
    const id = known && known.at > now - DEDUPLICATION_MS ? known.id : `message-${++this.#count}`
    if (id !== known?.id) {
      this.#sent.set(once, { id, at: now })
      this.messages.push({ id, group, body: MessageBody, hiddenUntil: 0, received: 0 })
      onSend()
    }
    return { status: 200, headers: {}, body: JSON.stringify({ MessageId: id, MD5OfMessageBody: md5(MessageBody) }) }
  }
  /** A batch of what is visible, which is then hidden. */
  receive(now: number, most = MOST_IN_BATCH): readonly Message[] {
    const isOver = ({ received, hiddenUntil }: Message) => received >= DELIVERIES && hiddenUntil <= now
    for (const message of this.messages.filter(isOver)) {
      this.dead.push(message)
      this.delete(message)
    }
    const blocked = new Set(this.messages.flatMap(({ group, hiddenUntil }) => (hiddenUntil > now ? [group] : [])))
    const batch = this.messages.filter(({ group }) => !blocked.has(group)).slice(0, most)
    for (const message of batch) {
      message.hiddenUntil = now + HIDDEN_MS
      message.received++
    }
    return batch
  }
  delete(message: Message): void {
    const at = this.messages.indexOf(message)
    if (at >= 0) this.messages.splice(at, 1)
  }
}

export const sqsError = (status: number, name: string): Sent => ({
  status,
  headers: {},
  body: JSON.stringify({ __type: `com.amazonaws.sqs#${name}` }),
})
const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
