/**
 * A server between the broker and one of the services it depends on. It passes every call on, byte for byte, until a test sets a fault:
 * then it does to the matching calls what networks, gateways and overloaded services do. Everything goes over real sockets.
 */
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** `action`: the operation of AWS ('UpdateItem', 'AssumeRole'), or the method and the path. */
export type PassedCall = { readonly action: string; readonly body: string; readonly url: string }
export type PassedAnswer = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }

export type Fault =
  /** before: the service never gets the call. after: the service did what it was asked. body: half of the answer arrives. */
  | { readonly how: 'reset' | 'hang'; readonly when: 'before' | 'after' | 'body' }
  /** Another answer than the service's. after: the service did what it was asked. */
  | { readonly how: 'answer'; readonly when: 'before' | 'after'; readonly answer: PassedAnswer }
  /** The service's own answer, changed. */
  | { readonly how: 'change'; readonly change: (answer: PassedAnswer) => PassedAnswer }

export type FaultyServer = {
  readonly url: string
  readonly port: number
  /** Calls that match suffer the fault until `heal`. Returns how often it struck. */
  readonly break: (fault: Fault, matches?: (call: PassedCall) => boolean) => () => number
  /** Nothing listens on the port until `heal`: connections are refused. */
  readonly refuse: () => Promise<void>
  readonly heal: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Called for each call before it is passed on, and after the service answered. */
export type Watch = (call: PassedCall, moment: 'before' | 'after') => Promise<void>

/** `target`: the service; a function if it starts later than this server. */
export async function faultyServer(target: string | (() => string), watch?: Watch): Promise<FaultyServer> {
  const agent = new Agent({ keepAlive: true })
  let current: { readonly fault: Fault; readonly matches: (call: PassedCall) => boolean } | undefined
  let struck = 0
  let server: Server = createServer()
  const held = new Set<Socket>()

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming)
    const call = { action: actionOf(incoming, body), body: body.toString('utf8'), url: incoming.url ?? '/' }
    const fault = current?.matches(call) ? current.fault : undefined
    if (fault) struck++
    await watch?.(call, 'before')
    const pass = async () => {
      const answer = await passOn(typeof target === 'string' ? target : target(), agent, incoming, body)
      await watch?.(call, 'after')
      return answer
    }
    if (!fault) return send(response, await pass())
    switch (fault.how) {
      case 'change':
        return send(response, fault.change(await pass()))
      case 'answer':
        if (fault.when === 'after') await pass()
        return send(response, fault.answer)
      case 'reset':
      case 'hang': {
        const answer = fault.when === 'before' ? undefined : await pass()
        if (fault.when === 'body' && answer) {
          response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) })
          await new Promise<void>((resolve) => response.write(answer.body.subarray(0, answer.body.length >> 1), () => resolve()))
        }
        if (fault.how === 'hang') held.add(incoming.socket)
        else if (fault.when === 'body') incoming.socket.destroySoon()
        else incoming.socket.resetAndDestroy()
      }
    }
  }

  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server = createServer({ keepAliveTimeout: 30_000, maxHeaderSize: 64 * 1024 }, (incoming, response) => {
        handle(incoming, response).catch(() => incoming.socket.destroy())
      })
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => resolve())
    })
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await listen(0)
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    break(fault, matches = () => true) {
      struck = 0
      current = { fault, matches }
      return () => struck
    },
    refuse: stop,
    async heal() {
      current = undefined
      for (const socket of held) socket.destroy()
      held.clear()
      if (!server.listening) await listen(port)
    },
    async close() {
      await stop()
      agent.destroy()
    },
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

function actionOf({ method, url = '/', headers }: IncomingMessage, body: Buffer): string {
  const target = headers['x-amz-target']
  if (typeof target === 'string') return target.slice(target.indexOf('.') + 1)
  return /(?:^|&)Action=(\w+)/.exec(body.toString('latin1'))?.[1] ?? `${method} ${url}`
}

/** The Host header stays the caller's: it is signed. */
function passOn(target: string, agent: Agent, { method, url, rawHeaders }: IncomingMessage, body: Buffer): Promise<PassedAnswer> {
  return new Promise((resolve, reject) => {
    const passed = request(new URL(url ?? '/', target), { method, agent, headers: rawHeaders }, (answer) => {
      bytesOf(answer).then((bytes) => {
        const { 'transfer-encoding': _chunked, connection: _hop, 'keep-alive': _alive, ...headers } = answer.headers
        resolve({ status: answer.statusCode ?? 0, headers: headers as Record<string, string>, body: bytes })
      }, reject)
    })
    passed.on('error', reject)
    passed.end(body)
  })
}

function send(response: ServerResponse, { status, headers, body }: PassedAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': String(body.length) }).end(body)
}
