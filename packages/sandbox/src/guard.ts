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

/** A handler behind the guard, with one door for whatever it throws. */
export const guarded = (name: string, handle: Handler) => (request: IncomingMessage, response: ServerResponse) => {
  const fault = guardFault(request)
  if (fault) {
    response
      .writeHead(403, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
      .end(`Refused by the sandbox: ${fault}.\n`)
    return
  }
  Promise.resolve(handle(request, response)).catch((error: unknown) => {
    console.error(`sandbox ${name}:`, error)
    if (!response.headersSent) response.writeHead(500)
    response.end()
  })
}

/** The body, or its first `limit` + 1 bytes: what is too long is read to its end all the same, so that it can be answered. */
export async function readBody(request: IncomingMessage, limit = 16 * 1024 * 1024): Promise<Buffer> {
  const parts: Buffer[] = []
  let room = limit + 1
  for await (const part of request as AsyncIterable<Buffer>) {
    if (room > 0) parts.push(part.subarray(0, room))
    room -= part.length
  }
  return Buffer.concat(parts)
}
