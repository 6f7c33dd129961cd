/**
 * A queue with a bound: at most `atOnce` pieces of work run, at most `waiting` wait, in the order in which they came. The whole sandbox
 * is one process, so calls that all run at once only make each other slow.
 */

/** The queue is full, so the work was not accepted. */
export type Full = 'full'
export type Turns = <T>(work: () => Promise<T>) => Promise<T | Full>

export function turns(atOnce: number, waiting: number): Turns {
  const queue: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= atOnce) {
      if (queue.length >= waiting) return 'full'
      // The one who finishes hands over its place, so `running` does not change.
      await new Promise<void>((resolve) => queue.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running--
    }
  }
}
