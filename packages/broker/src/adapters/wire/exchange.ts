/**
 * Speaks to one AWS service: one signed POST, one complete response. Connections are kept and can be opened before the first call. One
 * deadline covers the whole exchange, and a response has a largest size; when either is exceeded, the request is destroyed with its
 * connection, so that nothing of it is read later. An exchange that fails says nothing about whether the call took effect.
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import * as overTls from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../ports/runtime.ts'
import { secureContext } from '../secure-context.ts'
import { type Headers, type StaticKeys, signer } from './signature.ts'

type WireSettings = {
  readonly service: 'sts' | 'dynamodb' | 'sqs' | 'iam'
  readonly region: string
  readonly endpoint: string
  readonly keys: StaticKeys
  readonly clock: Clock
  /** The time within which a connection must be open, in milliseconds. */
  readonly connectMs: number
  /** The largest response. */
  readonly maxBytes: number
}

type WireResponse = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

export type Wire = {
  /** Throws unless a complete response arrives. `headers` are lower case. */
  readonly post: (headers: Headers, body: string, withinMs: number) => Promise<WireResponse>
  /** Opens connections for the first calls. A connection that fails or is closed meanwhile is forgotten. */
  readonly open: (count: number) => void
}

/** More than the sandbox or a Lambda function needs; one Lambda instance serves one call at a time. */
const MAX_SOCKETS = 256

export function wire({ service, region, endpoint, keys, clock, connectMs, maxBytes }: WireSettings): Wire {
  const url = new URL(endpoint)
  const https = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const sign = signer(service, region, keys)
  const connections = connectionsTo(https)
  const send = protocolOf(https).request
  const target = { host, port: url.port || (https ? 443 : 80), ...(https && isIP(host) === 0 ? { servername: host } : {}) }

  return {
    open: (count) => connections.open(target, count),

    post: (headers, body, withinMs) =>
      new Promise((resolve, reject) => {
        const sent = send({
          ...target,
          path: '/',
          method: 'POST',
          agent: connections.agent,
          headers: { ...sign({ ...headers, host: url.host }, body, clock()), 'user-agent': 'stint' },
        })
        const late = (milliseconds: number, what: string) =>
          setTimeout(
            () => sent.destroy(Object.assign(new Error(`no ${what} within ${milliseconds} ms`), { name: 'TimeoutError' })),
            Math.max(0, milliseconds),
          )
        const deadline = late(withinMs, 'complete response')
        let connecting: NodeJS.Timeout | undefined
        let isRead = false
        sent.once('socket', (socket) => {
          if (connections.isOpen(socket)) return
          connecting = late(connectMs, 'connection')
          socket.once(https ? 'secureConnect' : 'connect', () => clearTimeout(connecting))
        })
        sent.once('response', (response) => {
          const { statusCode: status = 0, headers: answered } = response
          readWhole(
            response,
            maxBytes,
            (text) => {
              isRead = true
              resolve({ status, headers: answered, body: text })
            },
            (error) => {
              reject(error)
              sent.destroy()
            },
          )
        })
        sent.on('error', reject)
        sent.once('close', () => {
          clearTimeout(deadline)
          clearTimeout(connecting)
          // Does nothing after an error.
          if (!isRead) reject(new Error('the connection was closed'))
        })
        sent.end(body)
      }),
  }
}

/** Only the sandbox speaks http, and node:http takes 1 ms of a cold start. */
const protocolOf = (https: boolean) => (https ? overTls : process.getBuiltinModule('node:http'))

/** Keeps connections, and can open some before they are needed. */
function connectionsTo(https: boolean) {
  const options = https ? { secureContext: secureContext() } : {}
  const { Agent } = protocolOf(https)
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, ...options })
  const connect = agent.createConnection.bind(agent)
  const opened = new WeakSet<Duplex>()
  const ahead = new Set<Socket>()

  function create(...[options, callback]: Parameters<typeof connect>): Socket {
    const socket = connect(options, callback) as Socket
    socket.once(https ? 'secureConnect' : 'connect', () => opened.add(socket))
    return socket
  }
  agent.createConnection = (options, callback) => {
    const [socket] = ahead
    if (!socket) return create(options, callback)
    ahead.delete(socket)
    // The agent and the request have their own listeners from here on.
    socket.removeAllListeners('error')
    return socket.ref()
  }

  return {
    agent,
    isOpen: (socket: Duplex): boolean => opened.has(socket),
    open(target: object, count: number): void {
      for (let made = 0; made < count; made++) {
        const socket = create({ ...options, ...target } as Parameters<typeof connect>[0])
        const forget = () => ahead.delete(socket)
        socket.on('error', forget).once('close', forget)
        // An unused connection does not keep the process running.
        ahead.add(socket.unref())
      }
    },
  }
}

/** Calls `whole` with the complete body as text, or `failed`, which destroys the request, so that the rest is never read. */
function readWhole(response: IncomingMessage, maxBytes: number, whole: (text: string) => void, failed: (error: Error) => void): void {
  // Made when it is needed: an Error captures the stack, which takes as long as signing the request.
  const tooLong = () => new Error(`the response is longer than ${maxBytes} bytes`)
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    failed(tooLong())
    return
  }
  const parts: Buffer[] = []
  let size = 0
  response.on('data', (part: Buffer) => {
    size += part.length
    if (size > maxBytes) failed(tooLong())
    else parts.push(part)
  })
  response.once('error', failed)
  response.once('end', () => {
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    if (!response.complete) failed(new Error('the response is truncated'))
    else if (!isUtf8(bytes)) failed(new Error('the response is not UTF-8'))
    else whole(bytes.toString('utf8'))
  })
}
