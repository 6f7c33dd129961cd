/**
 * Waits for the redirect of a sign-in on loopback (RFC 8252 §7.3). The ports are fixed, because some issuers, such as Amazon Cognito,
 * compare the whole redirect URL. Only the exact path with a loopback Host is answered, once.
 */
import { createServer, type Server } from 'node:http'
import { Failure } from '../frame/failure.ts'

const CALLBACK_PORTS = [8421, 8422, 8423] as const

export type Loopback = {
  readonly redirectUri: string
  /** The URL that the browser was sent to. */
  readonly arrived: Promise<URL>
  readonly close: () => void
}

export async function listenForRedirect(ports: readonly number[] = CALLBACK_PORTS): Promise<Loopback> {
  for (const port of ports) {
    const server = await bound(port)
    if (server) return waiting(server, port)
  }
  throw new Failure('failed', `The ports ${ports.join(', ')} are in use, so the browser could not return here.`, {
    next: 'Stop what uses them (another stint login?), or use stint login --device URL',
  })
}

function bound(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    // The browser may resolve localhost to either address, but what we bind must be ours alone.
    server.listen(port, 'localhost', () => resolve(server))
  })
}

function waiting(server: Server, port: number): Loopback {
  const redirectUri = `http://localhost:${port}/callback`
  const arrived = new Promise<URL>((resolve) => {
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirectUri)
      const headers = {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        connection: 'close',
      }
      if (request.method !== 'GET' || url.pathname !== '/callback' || !hostIsOurs(request.headers.host, port)) {
        response.writeHead(404, headers).end('Not found.\n')
        return
      }
      const done = url.searchParams.has('code') ? 'You are signed in.' : 'The sign-in was refused.'
      response
        .writeHead(200, headers)
        .end(
          `<!doctype html><html lang="en"><meta charset="utf-8"><title>Stint</title><h1>${done}</h1><p>Return to your terminal. You can close this page.</p></html>`,
        )
      response.on('close', () => resolve(url))
    })
  })
  return {
    redirectUri,
    arrived,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const hostIsOurs = (host: string | undefined, port: number): boolean => host === `localhost:${port}` || host === `127.0.0.1:${port}`
