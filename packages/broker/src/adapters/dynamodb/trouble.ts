/** Calls of what runs next to the vend path: a dependency that does not answer is `Trouble`, and the whole run is tried again. */
import { type AttributeValue, ConditionalCheckFailedException, type ConsumedCapacity } from '@aws-sdk/client-dynamodb'
import { brief } from '@stint/core/audit/event'
import { Trouble } from '../../ports/log.ts'
import { ofTable } from './answer-checks.ts'

/** `call` includes the check of what was answered: an answer that does not fit is no answer. */
export const asked = <T>(call: Promise<T>): Promise<T> =>
  call.catch((error: Error) => {
    throw error instanceof Trouble ? error : new Trouble(`dynamodb: ${error.name}: ${brief(error.message)}`)
  })

/** Pages, each of them asked for like any call. */
export async function* listened<T>(pages: AsyncGenerator<T>): AsyncGenerator<T> {
  for (;;) {
    const page = await asked(pages.next())
    if (page.done) return
    yield page.value
  }
}

/** An error that says that the condition did not hold; DynamoDB says so with 400 and nothing else. */
export const isBlocked = (error: unknown): error is ConditionalCheckFailedException =>
  error instanceof ConditionalCheckFailedException && error.$metadata.httpStatusCode === 400

type Attributes = Record<string, AttributeValue>
type WriteAnswer = { readonly Attributes?: Attributes | undefined; readonly ConsumedCapacity?: ConsumedCapacity | undefined }

/**
 * A conditional write: false where its condition did not hold. `shows` is what the returned attributes must show; a write
 * that they do not show may have happened or not.
 */
export const written = (
  call: Promise<WriteAnswer>,
  table: string,
  shows: (attributes: Attributes | undefined) => boolean,
): Promise<boolean> =>
  asked(
    call.then(
      (answer) => {
        if (!shows(ofTable(answer, table).Attributes)) throw new Error('the answer does not show what was written')
        return true
      },
      (error) => {
        if (isBlocked(error)) return false
        throw error
      },
    ),
  )
