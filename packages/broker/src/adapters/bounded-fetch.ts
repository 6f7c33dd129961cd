/**
 * How commands ask a server: within a time, and up to a size that is checked while the answer is read. A server that was
 * named by mistake, or means harm, can neither hold a command for ever nor fill its memory. Not for Lambda functions: `fetch`
 * loads undici (see https.ts).
 */

export type Bounds = {
  /** For the whole exchange, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs: number
  /** Of the body, unpacked. */
  readonly maxBytes: number
}

export type BoundedAnswer = {
  readonly status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly text: () => string
}

/** The answer did not come, or not within the bounds. Its message names the method, the path and what to do, never the query. */
export class FetchFailed extends Error {}
/** More than `maxBytes` would come. */
export class TooLarge extends FetchFailed {}

type Init = Pick<RequestInit, 'method' | 'body' | 'headers' | 'redirect'>

/** Follows no redirect unless `redirect` says so. Throws `FetchFailed`; any status is an answer. */
export async function boundedFetch(
  url: string,
  { timeoutMs, maxBytes, fetch: send = fetch, redirect = 'error', ...init }: Bounds & Init & { readonly fetch?: typeof fetch },
): Promise<BoundedAnswer> {
  const { pathname, host } = new URL(url)
  const message = (why: string) => `${init.method ?? 'GET'} ${pathname} on ${host}: ${why}`
  const failed = (why: string) => new FetchFailed(message(why))
  const tooLarge = () =>
    new TooLarge(message(`the answer is larger than ${maxBytes.toLocaleString('en-US')} bytes. Check that the URL is right.`))
  // Aborting closes the connection as well: what a server still sends is read by nobody.
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(TIMED_OUT), timeoutMs)
  const stopped = new Promise<never>((_resolve, reject) => stop.signal.addEventListener('abort', () => reject(stop.signal.reason)))
  const exchange = async (): Promise<BoundedAnswer> => {
    const answer = await send(url, { ...init, redirect, signal: stop.signal })
    if (Number(answer.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of answer.body ?? []) {
      size += part.length
      if (size > maxBytes) throw tooLarge()
      parts.push(part)
    }
    const bytes = Buffer.concat(parts)
    return { status: answer.status, ok: answer.ok, headers: answer.headers, bytes, text: () => bytes.toString('utf8') }
  }
  try {
    return await Promise.race([exchange(), stopped])
  } catch (error) {
    const isLate = error === TIMED_OUT
    stop.abort()
    if (error instanceof FetchFailed) throw error
    if (isLate) throw failed(`no complete answer within ${timeoutMs / 1000} seconds. Try again, or check the network.`)
    const { message: said, cause } = error as Error
    throw failed(cause instanceof Error ? `${said}: ${cause.message || (cause as NodeJS.ErrnoException).code}` : said)
  } finally {
    clearTimeout(timer)
  }
}

const TIMED_OUT = new Error('timed out')

/** The same for a library that takes a `fetch`. The library says what is followed. */
export const fetchWithin =
  (send: typeof fetch, bounds: Bounds): typeof fetch =>
  async (url, init) => {
    const { status, headers, bytes } = await boundedFetch(String(url), { redirect: 'follow', ...(init as Init), ...bounds, fetch: send })
    // Some statuses have no body, and a Response would not take an empty one (RFC 9110 §15).
    return new Response(bytes.length === 0 ? null : Buffer.from(bytes), { status, headers })
  }
