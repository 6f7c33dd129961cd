/** Calls of whatever runs next to the vend path: a dependency that does not answer is `Trouble`, and the whole run is tried again. */
import type { ConditionalCheckFailedException, ConsumedCapacity } from '@aws-sdk/client-dynamodb'
import { brief } from '@stint/core/audit/event'
import { Trouble } from '../../ports/log.ts'
import { ofTable } from './answer-checks.ts'
import type { Attributes } from './table.ts'

/** `call` includes the check of the response: a response that does not fit counts as none. */
export const asked = <T>(call: Promise<T>): Promise<T> =>
  call.catch((error: Error) => {
    throw error instanceof Trouble ? error : new Trouble(`dynamodb: ${error.name}: ${brief(error.message)}`)
  })

/** Pages, each requested like any call. */
export async function* listened<T>(pages: AsyncGenerator<T>): AsyncGenerator<T> {
  for (;;) {
    const page = await asked(pages.next())
    if (page.done) return
    yield page.value
  }
}

/** Whether the error means that the condition did not hold; DynamoDB uses status 400 for that. By name: the SDK and the wire have classes of their own. */
export const isBlocked = (error: unknown): error is ConditionalCheckFailedException =>
  error instanceof Error &&
  error.name === 'ConditionalCheckFailedException' &&
  (error as ConditionalCheckFailedException).$metadata?.httpStatusCode === 400

type WriteAnswer = { readonly Attributes?: Attributes | undefined; readonly ConsumedCapacity?: ConsumedCapacity | undefined }

/**
 * A conditional write: false if its condition did not hold. `shows` is what the returned attributes must show; a write that they do not
 * show may or may not have happened.
 */
export const written = (
  call: Promise<WriteAnswer>,
  table: string,
  shows: (attributes: Attributes | undefined) => boolean,
): Promise<boolean> =>
  asked(
    call.then(
      (answer) => {
        if (!shows(ofTable(answer, table).Attributes)) throw new Error('the response does not show the write')
        return true
      },
      (error) => {
        if (isBlocked(error)) return false
        throw error
      },
    ),
  )
