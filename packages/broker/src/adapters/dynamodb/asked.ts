/** Calls of what runs beside the road: a dependency that does not answer is `Trouble`, and the whole run is tried again. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { brief } from '@stint/core/audit/event'
import { Trouble } from '../../log/ports.ts'

export const asked = <T>(call: Promise<T>): Promise<T> =>
  call.catch((error: Error) => {
    throw new Trouble(`dynamodb: ${error.name}: ${brief(error.message)}`)
  })

/** A conditional write: false where its condition did not hold. */
export const written = (call: Promise<unknown>): Promise<boolean> =>
  asked(
    call.then(
      () => true,
      (error) => {
        if (error instanceof ConditionalCheckFailedException) return false
        throw error
      },
    ),
  )
