/**
 * A batch of the queue of roles whose sessions end at once. Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", "Reporting
 * batch item failures": of a FIFO queue, all messages of a group are reported from the first one that failed on.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { placeIn } from '../adapters/end-queue.ts'
import { carryOut, type Ender } from '../ends/carry-out.ts'
import type { RolePlace } from '../ports/immediate-ends.ts'
import { Trouble } from '../ports/log.ts'
import { timeFor } from './functions.ts'

/** `isFrozen`: a restored table must be inspected as it was restored, so its messages are dropped; the sweeper sends others later. */
export const onEndQueue =
  (ender: Ender, isFrozen: boolean) =>
  async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    if (isFrozen) return { batchItemFailures: [] }
    const mayGoOn = timeFor('end', ender.clock)
    // A message says which role to look at, and nothing else: one look serves all messages about the role. The newest of them names the
    // target that the config has now. Two looks, by two targets, could cross: a write of the first one can take effect after the second.
    const roles = new Map<string, { readonly place: RolePlace; readonly messages: readonly string[] }>()
    for (const { body, messageId } of Records) {
      const place = placeIn(body)
      if (place) roles.set(place.roleArn, { place, messages: [...(roles.get(place.roleArn)?.messages ?? []), messageId] })
      else ender.log({ level: 'error', event: 'end-message-invalid' })
    }
    const failed: string[] = []
    for (const { place, messages } of roles.values()) {
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
