/**
 * Loopback does not mean private: any web page in the user's browser can send requests to 127.0.0.1. So every port of the
 * sandbox demands a loopback Host (a rebound DNS name has another one), refuses what a browser sends across sites, and
 * sends no CORS header. No page elsewhere can mint a token, vend or click.
 *
 * Pages on which a person acts want the sandbox's secret besides: they get it once, with the address that `npm start`
 * prints, and the browser keeps it. Cookies know no ports, so one opening is enough for all of them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Why a request is refused, or undefined. */
export function guardFault(request: IncomingMessage): string | undefined {
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) return 'Host is not a loopback address'
  const site = request.headers['sec-fetch-site']
  // One port of ours leads to another, as Slack's page does to the broker's, and that to the sign-in: by a link, and by that alone.
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

/** A handler behind the guard, with one place for whatever it throws. */
export const guarded = (name: string, handle: Handler) => (request: IncomingMessage, response: ServerResponse) => {
  const fault = guardFault(request)
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

/** A body that is larger than the server in front of it takes. */
export class BodyTooLarge extends Error {}

/** The body. Throws `BodyTooLarge` as soon as more than `limit` bytes are announced or have come. */
export async function readBody(request: IncomingMessage, limit = 16 * 1024 * 1024): Promise<Buffer> {
  const body = await readUpTo(request, limit)
  if (body.length > limit) throw new BodyTooLarge()
  return body
}

/**
 * The body, or `limit` + 1 bytes of whatever content if it is larger: for a handler that compares the length itself. What is
 * left of the request is read by nobody; node:http throws it away once the answer is sent.
 */
export async function readUpTo(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Buffer.alloc(limit + 1)
  const parts: Buffer[] = []
  let size = 0
  // To end the loop must not destroy the request: its connection still has to carry the answer.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part)
    size += part.length
    if (size > limit) break
  }
  return Buffer.concat(parts).subarray(0, limit + 1)
}
