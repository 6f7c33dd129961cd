/** Answers of a server that means no good: endless, slow, larger than they say. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { boundedFetch } from './bounded-fetch.ts'

let server: Server
afterEach(() => {
  server.closeAllConnections()
  server.close()
})
const serve = (listener: RequestListener): Promise<string> =>
  new Promise((resolve) => {
    server = createServer(listener)
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/audit/log/checkpoint?x=secret`))
  })
const bounds = { timeoutMs: 10_000, maxBytes: 1000 }

test('reads a response of exactly the limit, whatever its status', async () => {
  const url = await serve((_request, response) => void response.writeHead(404, { 'x-a': 'b' }).end('a'.repeat(1000)))
  const answer = await boundedFetch(url, bounds)
  expect([answer.status, answer.ok, answer.headers.get('x-a'), answer.text()]).toEqual([404, false, 'b', 'a'.repeat(1000)])
})

describe('a response that is too large', () => {
  test('is refused by its declared length, before its body is read', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '1001' })
      response.flushHeaders()
    })
    await expect(boundedFetch(url, bounds)).rejects.toThrow(
      /^GET \/audit\/log\/checkpoint on 127\.0\.0\.1:\d+: the response is larger than 1,000 bytes\. Check the URL\.$/,
    )
  })
  test('is refused while it is read, if it never ends', async () => {
    let closed = false
    const url = await serve((_request, response) => {
      const more = () => response.write('a'.repeat(100), more)
      more()
      response.on('close', () => {
        closed = true
      })
    })
    await expect(boundedFetch(url, bounds)).rejects.toThrow('the response is larger than 1,000 bytes')
    await expect.poll(() => closed).toBe(true)
  })
  test('is measured uncompressed', async () => {
    const { gzipSync } = await import('node:zlib')
    const url = await serve(
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a'.repeat(1_000_000))),
    )
    await expect(boundedFetch(url, bounds)).rejects.toThrow('the response is larger than 1,000 bytes')
  })
})

describe('a response that does not arrive', () => {
  test.each<[string, RequestListener]>([
    ['at all', () => {}],
    [
      'completely',
      (_request, response) => {
        response.writeHead(200)
        response.write('a')
      },
    ],
  ])('%s is abandoned', async (_name, listener) => {
    const url = await serve(listener)
    await expect(boundedFetch(url, { ...bounds, timeoutMs: 50 })).rejects.toThrow(
      /^GET \/audit\/log\/checkpoint on 127\.0\.0\.1:\d+: no complete response within 0\.05 seconds\. Try again, or check the network\.$/,
    )
  })
  test('reports a refused connection', async () => {
    const url = await serve(() => {})
    server.close()
    await expect(boundedFetch(url, { ...bounds, method: 'POST' })).rejects.toThrow(/^POST \/audit\/log\/checkpoint on .*: .*ECONNREFUSED/)
  })
})

test('follows no redirects', async () => {
  const url = await serve((_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end())
  await expect(boundedFetch(url, bounds)).rejects.toThrow('GET /audit/log/checkpoint')
})
