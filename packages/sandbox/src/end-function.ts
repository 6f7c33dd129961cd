/** Runs the `end` function on its queue, as Lambda's event source mapping does: one batch at a time, and what failed again later. */
import type { Ender } from '@stint/broker/ends/carry-out'
import { END_HIDDEN_SECONDS } from '@stint/broker/lambda/functions'
import { onEndQueue } from '@stint/broker/lambda/on-queue'
import type { SqsQueue } from './aws/sqs.ts'
import { receive } from './aws/sqs.ts'

const MESSAGES_A_BATCH = 10
const AGAIN_MS = 1000

/** `now`: works on all messages that are visible, and returns how many failed. */
type EndFunction = { readonly now: () => Promise<number>; readonly close: () => Promise<void> }

export function endFunction(ender: Ender, queue: SqsQueue, byItself: boolean): EndFunction {
  const handler = onEndQueue(ender, false)
  let running: Promise<number> = Promise.resolve(0)

  async function all(): Promise<number> {
    let failures = 0
    for (;;) {
      const batch = receive(queue, ender.clock(), MESSAGES_A_BATCH, END_HIDDEN_SECONDS * 1000)
      if (batch.length === 0) return failures
      const { batchItemFailures } = await handler({ Records: batch.map(({ id, body }) => ({ messageId: id, body })) } as never)
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
      for (const { id } of batch) {
        const at = queue.messages.findIndex((message) => message.id === id)
        if (at >= 0 && !failed.has(id)) queue.messages.splice(at, 1)
      }
      failures += failed.size
    }
  }
  const now = () => {
    running = running.catch(() => 0).then(all)
    return running
  }
  const soon = () => void setImmediate(() => void now().catch(() => 0))
  const again = byItself ? setInterval(soon, AGAIN_MS) : undefined
  if (byItself) queue.onSend.add(soon)
  return {
    now,
    async close() {
      clearInterval(again)
      queue.onSend.delete(soon)
      await running.catch(() => 0)
    },
  }
}
