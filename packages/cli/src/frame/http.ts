/**
 * The HTTP client of the command line, on node:http: bounded in time and size, without redirects, through the proxy of the
 * environment. It does not use `fetch`, which takes longer to load than most commands run, and which ignores proxies on Node 20.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { Failure } from './failure.ts'
import { type ProxyServer, proxyFor } from './proxy.ts'

export type Env = { readonly [name: string]: string | undefined }
export type Ask = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** Ends the call, for a user who does not want to wait for it any longer. */
  readonly signal?: AbortSignal
}
export type Reply = {
  readonly status: number
  readonly ok: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
  readonly text: string
}
export type Send = (url: string, ask?: Ask) => Promise<Reply>

const TIMEOUT_MS = 30_000
const MAX_BYTES = 4 * 1024 * 1024

/**
 * Tokens are sent to this URL, so it must use https or loopback, and must not carry anything else. `next`: what to do about an invalid
 * one, given the URL that is valid if the host is right.
 */
export function checkedUrl(given: string, what: string, next = loginWith): string {
  const message = `Invalid URL of ${what}: '${withoutSecrets(given)}'. It must be an https URL, without a user, a query or a fragment.`
  if (!URL.canParse(given)) throw new Failure('usage', message, { next: next(undefined) })
  const { protocol, hostname, username, password, search, hash, host, origin, pathname } = new URL(given)
  const fault = new Failure('usage', message, { next: next(host === '' ? undefined : `https://${host}${trimmed(pathname)}`) })
  const safe = protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  if (!safe || username !== '' || password !== '' || search !== '' || hash !== '') throw fault
  // Hosts are compared without regard to case, and the port 443 goes without saying (RFC 3986 §6.2.2, §6.2.3).
  return `${origin}${trimmed(pathname)}`
}

const loginWith = (right: string | undefined): string =>
  right === undefined ? 'For example: stint login https://stint.example.com' : `If the host is right: stint login ${right}`

const trimmed = (path: string): string => path.replace(/\/+$/, '')
/** A password in a URL is not repeated in an error, nor what a query or a fragment may hold. */
const withoutSecrets = (given: string): string => given.replace(/^([a-z]+:\/\/|https?:)?.*@/is, '$1…@').replace(/([?#]).*$/s, '$1…')

/** `debug` receives one line per call: method, host, path, status and time; never a query, a header or a body. */
export const sender =
  (env: Env, debug: (line: string) => void = () => {}): Send =>
  async (url, ask = {}) => {
    const target = new URL(url)
    const name = `${ask.method ?? 'GET'} ${target.host}${target.pathname}`
    const startedAt = performance.now()
    try {
      const reply = await exchange(target, ask, env)
      debug(`${name} ${reply.status} ${Math.round(performance.now() - startedAt)} ms ${reply.headers['stint-trace'] ?? ''}`.trimEnd())
      return reply
    } catch (error) {
      const why =
        error instanceof TimedOut ? `no complete response within ${(ask.timeoutMs ?? TIMEOUT_MS) / 1000} seconds` : reasonOf(error)
      debug(`${name} failed: ${why}`)
      throw new Failure('unreachable', `${target.host} is unreachable: ${why}.`, {
        next: 'Check the URL, the network and HTTPS_PROXY: stint status',
      })
    }
  }

class TimedOut extends Error {}

const reasonOf = (error: unknown): string => {
  const { message, code, errors } = error as NodeJS.ErrnoException & { errors?: Error[] }
  return message || errors?.[0]?.message || code || 'no connection'
}

async function exchange(target: URL, ask: Ask, env: Env): Promise<Reply> {
  const proxy = proxyFor(target, env)
  const stops: (() => void)[] = []
  const { promise: late, reject } = deferred()
  const timer = setTimeout(() => reject(new TimedOut()), ask.timeoutMs ?? TIMEOUT_MS)
  const abort = () => reject(new Error('interrupted'))
  if (ask.signal?.aborted) abort()
  ask.signal?.addEventListener('abort', abort)
  try {
    return await Promise.race([late, answered(target, ask, proxy, (stop) => void stops.push(stop))])
  } finally {
    clearTimeout(timer)
    ask.signal?.removeEventListener('abort', abort)
    for (const stop of stops) stop()
  }
}

function deferred(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<never>((_resolve, fail) => {
    reject = fail
  })
  promise.catch(() => {})
  return { promise, reject }
}

async function answered(target: URL, ask: Ask, proxy: ProxyServer | undefined, onStop: (stop: () => void) => void): Promise<Reply> {
  const secure = target.protocol === 'https:'
  const socket = proxy && secure ? await tunnel(proxy, target, onStop) : undefined
  const options = {
    method: ask.method ?? 'GET',
    agent: false as const,
    headers: {
      'user-agent': 'stint-cli',
      accept: 'application/json, */*;q=0.1',
      ...ask.headers,
      ...(ask.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(ask.body)) }),
    },
  }
  const started = (): ClientRequest => {
    if (socket) {
      const servername = /^[\d.]+$|^\[/.test(target.hostname) ? {} : { servername: target.hostname }
      // With an agent, even `false`, Node would ignore createConnection and connect directly.
      const { agent: _agent, ...direct } = options
      // Without an agent, Node takes 80 for the default port and adds it to the Host header, by which servers choose the site.
      return httpsRequest(target, { ...direct, defaultPort: 443, createConnection: () => tlsConnect({ socket, ...servername }) })
    }
    if (secure) return httpsRequest(target, options)
    if (!proxy) return httpRequest(target, options)
    const { hostname, port, protocol } = proxy.url
    const headers = { ...options.headers, host: target.host, ...authorizationOf(proxy) }
    const through = { ...options, headers, hostname, port: port || (protocol === 'https:' ? 443 : 80), path: target.href }
    return protocol === 'https:' ? httpsRequest(through) : httpRequest(through)
  }
  return new Promise((resolve, reject) => {
    const call = started()
    onStop(() => call.destroy())
    call.on('error', reject)
    call.on('response', (response) => void collected(response, ask.maxBytes ?? MAX_BYTES).then(resolve, reject))
    call.end(ask.body)
  })
}

const authorizationOf = ({ authorization }: ProxyServer) => (authorization === undefined ? {} : { 'proxy-authorization': authorization })

/** RFC 9110 §9.3.6. */
function tunnel(proxy: ProxyServer, { hostname, port }: URL, onStop: (stop: () => void) => void): Promise<Socket> {
  const authority = `${hostname}:${port || 443}`
  const { url } = proxy
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const call = send({
      hostname: url.hostname,
      port: url.port || (url.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      agent: false,
      headers: { host: authority, ...authorizationOf(proxy) },
    })
    onStop(() => call.destroy())
    call.on('connect', ({ statusCode }, socket) => {
      onStop(() => socket.destroy())
      if (statusCode === 200) resolve(socket)
      else reject(new Error(`the proxy ${url.host} answered ${statusCode} to CONNECT`))
    })
    call.on('response', ({ statusCode }) => reject(new Error(`the proxy ${url.host} answered ${statusCode} to CONNECT`)))
    call.on('error', (error) => reject(new Error(`the proxy ${url.host}: ${reasonOf(error)}`)))
    call.end()
  })
}

async function collected(response: IncomingMessage, maxBytes: number): Promise<Reply> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length
    if (size > maxBytes) throw new Error(`the response is larger than ${maxBytes.toLocaleString('en-US')} bytes`)
    parts.push(part)
  }
  const status = response.statusCode ?? 0
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
  const bytes = Buffer.concat(parts)
  return { status, ok: status >= 200 && status < 300, headers, bytes, text: bytes.toString('utf8') }
}

/** The JSON object of a response; undefined if it is anything else. */
export function objectIn(reply: Pick<Reply, 'text'>): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(reply.text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
