/** A server that keeps what it was sent, and answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Seen = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: string }
export type Reply = (response: ServerResponse) => unknown

export async function exchanges() {
  let reply: Reply = (response) => response.end('{}')
  let seen: Seen | undefined
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { method, url, headers } = request
      seen = { method, url, headers, body: Buffer.concat(parts).toString('utf8') }
      // Two replies of one test may fall into two seconds.
      response.sendDate = false
      reply(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerWith: (next: Reply) => {
      reply = next
    },
    /** The request that the call sent, whatever came of it. */
    async sentBy(call: () => Promise<unknown>): Promise<Seen> {
      seen = undefined
      await call().catch(() => {})
      if (!seen) throw new Error('nothing was sent')
      return seen
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
