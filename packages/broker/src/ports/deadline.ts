/**
 * A deadline over a whole exchange. The SDK's own request timeout ends when the headers have come; a body that stalls
 * would hang the vend path for ever. What comes after the deadline is not waited for: it may still have happened.
 */
export function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), Math.max(0, milliseconds))
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
