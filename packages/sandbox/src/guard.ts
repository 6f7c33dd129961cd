/**
 * Loopback does not mean private: any web page in the user's browser can send requests to 127.0.0.1. So every port of the
 * sandbox requires a loopback Host (a rebound DNS name has another one), refuses cross-site requests of browsers, and sends no
 * CORS header. No other site can get a token, vend or click.
 *
 * Pages on which a user acts also require the sandbox's secret. They get it once, with the address that `npm start` prints, and
 * the browser keeps it in a cookie. Cookies are shared across ports, so one visit is enough for all of them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/
/** Names below `localhost` are loopback, too (RFC 6761, 6.3). S3 has the bucket in such a name. */
export const LOOPBACK_NAMES: RegExp = /^(127\.0\.0\.1|([a-z0-9._-]+\.)?localhost|\[::1\])(:\d+)?$/i

/** Returns why a request is refused, or undefined. */
function guardFault(request: IncomingMessage, hosts: RegExp): string | undefined {
  if (!hosts.test(request.headers.host ?? '')) return 'Host is not a loopback address'
  const site = request.headers['sec-fetch-site']
  // The sandbox's pages link to each other across ports: from Slack to the broker, and from there to the sign-in. Only links may do so.
  const follows = site === 'same-site' && request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate'
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !follows) return 'a request from another site'
  const { origin } = request.headers
  if (origin !== undefined && origin !== `http://${request.headers.host}`) return 'a request from another origin'
  return undefined
}

const COOKIE = 'stint-sandbox'
export const keyCookie = (secret: string): string => `${COOKIE}=${secret}; Path=/; HttpOnly; SameSite=Lax`
export const knowsSecret = ({ headers }: IncomingMessage, secret: string): boolean =>
  (headers.cookie ?? '').split(/;\s*/).includes(`${COOKIE}=${secret}`)

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const nosniff = { 'x-content-type-options': 'nosniff' } as const

/** Wraps a handler with the guard and an error handler. */
export const guarded =
  (name: string, handle: Handler, hosts: RegExp = LOOPBACK) =>
  (request: IncomingMessage, response: ServerResponse) => {
    const fault = guardFault(request, hosts)
    if (fault) {
      response
        .writeHead(403, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...nosniff })
        .end(`Refused by the sandbox: ${fault}.\n`)
      return
    }
    Promise.resolve(handle(request, response)).catch((error: unknown) => {
      if (!(error instanceof BodyTooLarge)) console.error(`sandbox ${name}:`, error)
      if (!response.headersSent) response.writeHead(error instanceof BodyTooLarge ? 413 : 500, nosniff)
      response.end()
    })
  }

/** How long a body that announces to be too large is waited for. Its beginning may say which format the refusal must have. */
const FIRST_BYTES_MS = 100

/** `limit` + 1 bytes: what has arrived of a body that is too large, filled up with zeros. Its sender may never send it. */
async function firstBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const body = Buffer.alloc(limit + 1)
  await new Promise<void>((resolve) => {
    setTimeout(resolve, FIRST_BYTES_MS).unref()
    request.once('data', (part: Buffer) => {
      part.copy(body)
      resolve()
    })
    request.once('close', resolve)
  })
  request.resume()
  return body
}

/** The body is larger than the server allows. */
class BodyTooLarge extends Error {}

/** Reads the body. Throws `BodyTooLarge` as soon as more than `limit` bytes are announced or received. */
export async function readBody(request: IncomingMessage, limit = 16 * 1024 * 1024): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge()
  const body = await readUpTo(request, limit)
  if (body.length > limit) throw new BodyTooLarge()
  return body
}

/**
 * Reads the body, or its first `limit` + 1 bytes if it is larger, for a handler that compares the length itself. The rest of
 * the request is discarded.
 */
export async function readUpTo(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return firstBytes(request, limit)
  const parts: Buffer[] = []
  let size = 0
  // The end of the loop must not destroy the request, because its connection still has to carry the answer.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part)
    size += part.length
    if (size > limit) break
  }
  // node:http discards the rest only of a request that nothing has read. Otherwise the next request on the connection would wait behind it.
  request.resume()
  return Buffer.concat(parts).subarray(0, limit + 1)
}
