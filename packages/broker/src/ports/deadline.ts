/** Deadlines. Timers are passed in where the simulator owns time. */

export type Timers = Pick<typeof globalThis, 'setTimeout' | 'clearTimeout'>

/**
 * A deadline for a whole exchange. The SDK's own request timeout ends when the headers arrive, and a body that stalls would block the vend
 * path for ever. A response after the deadline is ignored: the call may still have taken effect.
 */
export function within<T>(milliseconds: number, work: Promise<T>, timers: Timers = globalThis): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_resolve, reject) => {
    // Node writes a warning for a negative timeout.
    timer = timers.setTimeout(() => reject(new Error(`no response within ${milliseconds} ms`)), milliseconds < 0 ? 0 : milliseconds)
  })
  return Promise.race([work, late]).finally(() => timers.clearTimeout(timer))
}
