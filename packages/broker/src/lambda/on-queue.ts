/**
 * A batch of the queue of roles whose sessions end at once. Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", "Reporting
 * batch item failures": of a FIFO queue, all messages of a group are reported from the first one that failed on.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { placeIn } from '../adapters/end-queue.ts'
import { carryOut, type Ender } from '../ends/carry-out.ts'
import { Trouble } from '../ports/log.ts'
import { timeFor } from './functions.ts'

/** `isFrozen`: a restored table must be inspected as it was restored, so its messages are dropped; the sweeper sends others later. */
export const onEndQueue =
  (ender: Ender, isFrozen: boolean) =>
  async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    if (isFrozen) return { batchItemFailures: [] }
    const mayGoOn = timeFor('end', ender.clock)
    // A message says which role to look at, and nothing else: one look serves all of its messages.
    const roles = new Map<string, string[]>()
    for (const { body, messageId } of Records) roles.set(body, [...(roles.get(body) ?? []), messageId])
    const failed: string[] = []
    for (const [body, messages] of roles) {
      const place = placeIn(body)
      if (!place) {
        ender.log({ level: 'error', event: 'end-message-invalid' })
        continue
      }
      try {
        if (mayGoOn()) await carryOut(ender, place)
        else failed.push(...messages)
      } catch (error) {
        if (!(error instanceof Trouble)) throw error
        ender.log({ level: 'error', event: 'end-failed', role: place.roleArn, cause: error.message })
        failed.push(...messages)
      }
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }
