/**
 * The queue that wakes the `end` function: first in, first out, with the messages of one role in one group, so that two runs for one role
 * never overlap. Source: Amazon SQS Developer Guide, "Amazon SQS FIFO queues"; Amazon SQS API Reference, SendMessage.
 */
import { createHash } from 'node:crypto'
import { shortDigest } from '@stint/core/digest'
import { hex128, type RandomBytes } from '@stint/core/ids'
import { done } from '@stint/core/outcome'
import type { EndQueue, RolePlace } from '../ports/immediate-ends.ts'
import { Trouble } from '../ports/log.ts'
import type { Wire } from './wire/exchange.ts'
import { jsonCalls } from './wire/json-calls.ts'

type QueueSettings = { readonly sqs: Pick<Wire, 'post'>; readonly queueUrl: string; readonly random: RandomBytes }

const SENDS = 2

export function endQueue({ sqs, queueUrl, random }: QueueSettings): EndQueue {
  const call = jsonCalls(sqs, 'AmazonSQS')
  return {
    async wake(place) {
      const MessageBody = messageOf(place)
      const input = {
        QueueUrl: queueUrl,
        MessageBody,
        MessageGroupId: shortDigest(place.roleArn),
        // Not derived from what is in it: two ends within five minutes are two messages. Two sends of one call are one.
        MessageDeduplicationId: hex128(random),
      }
      for (let sends = 1; ; sends++) {
        try {
          const { MessageId, MD5OfMessageBody } = await call('SendMessage', input)
          if (typeof MessageId === 'string' && MD5OfMessageBody === md5(MessageBody)) return done(true)
          throw new Trouble('SendMessage: the response is about a different message')
        } catch (error) {
          if (!(error instanceof Trouble)) throw error
          if (sends >= SENDS) return { outcome: 'unknown', cause: `sqs: ${error.message}` }
        }
      }
    },
  }
}

export const messageOf = ({ target, roleArn }: RolePlace): string => JSON.stringify({ target, roleArn })

/** Undefined for a message that `messageOf` did not make. */
export function placeIn(body: string): RolePlace | undefined {
  try {
    const { target, roleArn } = JSON.parse(body) as Partial<RolePlace>
    return typeof target === 'string' && typeof roleArn === 'string' ? { target, roleArn } : undefined
  } catch {
    return undefined
  }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
