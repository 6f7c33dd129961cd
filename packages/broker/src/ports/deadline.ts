/**
 * A deadline for a whole exchange. The SDK's own request timeout ends when the headers arrive, and a body that stalls would block the vend
 * path for ever. A response after the deadline is ignored: the call may still have taken effect.
 */
export function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no response within ${milliseconds} ms`)), Math.max(0, milliseconds))
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
