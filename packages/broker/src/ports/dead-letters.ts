/** Batches of the story table's stream that the shipper could not ship. The stream still has their records for a while. */
export type DeadLetter = {
  /** IDs of the journals in the batch; none if the stream does not have its records any more. */
  journals(): Promise<readonly string[]>
  /** Removes the letter from the queue. */
  remove(): Promise<void>
}

export type DeadLetters = {
  /** At most ten messages: how many there were, and those of them that are about this stream. None were received if the queue is empty. */
  receive(): Promise<{ readonly received: number; readonly usable: readonly DeadLetter[] }>
}
