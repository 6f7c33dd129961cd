/** Connections and deadlines of one exchange. What is sent, and what is made of replies: test/differential/aws. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wire } from './exchange.ts'

let server: Server
let connections: Socket[] = []
let requests = 0
let reply: (response: ServerResponse) => unknown
beforeEach(async () => {
  connections = []
  requests = 0
  reply = (response) => response.end('ok')
  server = createServer((request, response) => {
    requests++
    request.resume().on('end', () => reply(response))
  })
  server.on('connection', (socket) => connections.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.close()
  server.closeAllConnections()
})

const at = (port = (server.address() as AddressInfo).port, more: { connectMs?: number; https?: true } = {}) =>
  wire({
    service: 'sts',
    region: 'eu-central-1',
    endpoint: `http${more.https ? 's' : ''}://127.0.0.1:${port}`,
    keys: { accessKeyId: 'AKIA', secretAccessKey: 'x' },
    clock: () => 0,
    connectMs: more.connectMs ?? 5000,
    maxBytes: 1000,
  })
const post = ({ post: send }: ReturnType<typeof wire>, withinMs = 5000) => send({ 'content-type': 'text/plain' }, 'x', withinMs)

test('calls one after the other share a connection', async () => {
  const to = at()
  for (const _ of [1, 2, 3]) expect((await post(to)).body).toBe('ok')
  expect(connections).toHaveLength(1)
})

test('the first calls use the connections that were opened before', async () => {
  const to = at()
  to.open(2)
  await expect.poll(() => connections.length).toBe(2)
  await Promise.all([post(to), post(to)])
  expect([connections.length, requests]).toEqual([2, 2])
  await Promise.all([post(to), post(to), post(to)])
  expect(connections).toHaveLength(3)
})

test('a call uses a connection that is still being opened', async () => {
  const to = at()
  to.open(1)
  expect((await post(to)).body).toBe('ok')
  expect(connections).toHaveLength(1)
})

test('a connection that the other side closed before the call is not used', async () => {
  const to = at()
  to.open(1)
  await expect.poll(() => connections.length).toBe(1)
  const closed = new Promise((resolve) => connections[0]?.once('close', resolve))
  connections[0]?.destroy()
  await closed
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await post(to)).body).toBe('ok')
})

test('a host that refuses connections throws nothing until it is called', async () => {
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const to = at(port)
  to.open(2)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await expect(post(to)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('the deadline destroys the connection of a call without a response', async () => {
  reply = () => {}
  await expect(post(at(), 40)).rejects.toThrow('no complete response within 40 ms')
  await expect.poll(() => connections.every(({ destroyed }) => destroyed)).toBe(true)
})

test('the deadline covers a body that comes in drops', async () => {
  reply = (response) => {
    const drops = setInterval(() => response.write('x'), 5)
    response.once('close', () => clearInterval(drops))
  }
  await expect(post(at(), 60)).rejects.toThrow('no complete response within 60 ms')
})

test('a TLS handshake without an answer ends at the deadline for connections', async () => {
  const silent = createTcpServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  try {
    const to = at((silent.address() as AddressInfo).port, { connectMs: 40, https: true })
    await expect(post(to)).rejects.toThrow('no connection within 40 ms')
    to.open(1)
    await expect(post(to)).rejects.toThrow('no connection within 40 ms')
  } finally {
    silent.close()
  }
})

test('a response of exactly the limit is read, and one byte more is not', async () => {
  reply = (response) => response.end('x'.repeat(1000))
  expect((await post(at())).body).toHaveLength(1000)
  reply = (response) => response.end('x'.repeat(1001))
  await expect(post(at())).rejects.toThrow('longer than 1000 bytes')
})
