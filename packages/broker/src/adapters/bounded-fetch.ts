/**
 * HTTP requests of commands, bounded in time and in size; the size is checked while the response is read. A server that is misconfigured or
 * malicious can neither block a command for ever nor fill its memory. Not for Lambda functions, because `fetch` loads undici (see
 * https.ts).
 */

import type { Timers } from '../ports/deadline.ts'

type Bounds = {
  /** For the whole exchange, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs: number
  /** The largest body, uncompressed. */
  readonly maxBytes: number
  /** Those of the process if absent. */
  readonly timers?: Timers
}

export type BoundedAnswer = {
  readonly status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly text: () => string
}

/** There was no response, or none within the bounds. The message names the method, the path and what to do, and never the query. */
class FetchFailed extends Error {}
/** The response has more than `maxBytes`. */
export class TooLarge extends FetchFailed {}

type Init = Pick<RequestInit, 'method' | 'body' | 'headers' | 'redirect'>

/** Follows no redirects unless `redirect` is set. Throws `FetchFailed`; a response with any status is returned. */
export async function boundedFetch(
  url: string,
  {
    timeoutMs,
    maxBytes,
    timers = globalThis,
    fetch: send = fetch,
    redirect = 'error',
    ...init
  }: Bounds & Init & { readonly fetch?: typeof fetch },
): Promise<BoundedAnswer> {
  const { pathname, host } = new URL(url)
  const message = (why: string) => `${init.method ?? 'GET'} ${pathname} on ${host}: ${why}`
  const failed = (why: string) => new FetchFailed(message(why))
  const tooLarge = () => new TooLarge(message(`the response is larger than ${maxBytes.toLocaleString('en-US')} bytes. Check the URL.`))
  // Aborting also closes the connection, so the rest of the response is never read.
  const stop = new AbortController()
  const timer = timers.setTimeout(() => stop.abort(TIMED_OUT), timeoutMs)
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
    if (isLate) throw failed(`no complete response within ${timeoutMs / 1000} seconds. Try again, or check the network.`)
    const { message: said, cause } = error as Error
    throw failed(cause instanceof Error ? `${said}: ${cause.message || (cause as NodeJS.ErrnoException).code}` : said)
  } finally {
    timers.clearTimeout(timer)
  }
}

const TIMED_OUT = new Error('timed out')

/** The same for a library that takes a `fetch`. The library decides which redirects are followed. */
export const fetchWithin =
  (send: typeof fetch, bounds: Bounds): typeof fetch =>
  async (url, init) => {
    const { status, headers, bytes } = await boundedFetch(String(url), { redirect: 'follow', ...(init as Init), ...bounds, fetch: send })
    // Some statuses have no body, and a Response with one of them does not accept even an empty body (RFC 9110 §15).
    return new Response(bytes.length === 0 ? null : Buffer.from(bytes), { status, headers })
  }
