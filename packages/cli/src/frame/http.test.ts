import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcp } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Failure } from './failure.ts'
import { checkedUrl, sender } from './http.ts'
import { fetchFor } from './proxied-fetch.ts'

const open: { close: () => void }[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})
const listening = async <T extends Server | ReturnType<typeof createTcp>>(server: T): Promise<number> => {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const failureOf = (call: Promise<unknown>): Promise<Failure> =>
  call.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: unknown) => (error instanceof Failure ? error : Promise.reject(error)),
  )

test('sends headers and a body, and returns what came', async () => {
  const port = await listening(
    createServer(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      response.writeHead(201, { 'stint-trace': 't1' }).end(`${request.method} ${request.headers['content-length']} ${body}`)
    }),
  )
  const lines: string[] = []
  const send = sender({}, (line) => void lines.push(line))
  const reply = await send(`http://127.0.0.1:${port}/x?secret=1`, {
    method: 'POST',
    body: 'é',
    headers: { authorization: 'Bearer secret' },
  })
  expect([reply.status, reply.ok, reply.text]).toEqual([201, true, 'POST 2 é'])
  expect(lines).toEqual([expect.stringMatching(/^POST 127\.0\.0\.1:\d+\/x 201 \d+ ms t1$/)])
})
test('does not follow redirects', async () => {
  const port = await listening(createServer((_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()))
  expect((await sender({})(`http://127.0.0.1:${port}/`)).status).toBe(302)
})
test('refuses a response that is too large', async () => {
  const port = await listening(createServer((_request, response) => response.end('x'.repeat(2000))))
  const { exit, message } = await failureOf(sender({})(`http://127.0.0.1:${port}/`, { maxBytes: 1000 }))
  expect([exit, message]).toEqual(['unreachable', expect.stringContaining('larger than 1,000 bytes')])
})
test.each([
  ['no response', () => {}],
  ['half a response', (response: any) => void response.writeHead(200, { 'content-length': '10' }).write('half')],
])('ends a call with %s', async (_name, answer) => {
  const port = await listening(createServer((_request, response) => answer(response)))
  const { exit, message } = await failureOf(sender({})(`http://127.0.0.1:${port}/`, { timeoutMs: 100 }))
  expect([exit, message]).toEqual(['unreachable', expect.stringContaining('no complete response within 0.1 seconds')])
})
test('names a port where nothing listens', async () => {
  const { exit, facts } = await failureOf(sender({})('http://127.0.0.1:9/'))
  expect([exit, facts.next]).toEqual(['unreachable', expect.stringContaining('stint status')])
})

test('sends http through the proxy with the whole URL and the proxy’s own authorization', async () => {
  let seen: unknown
  const port = await listening(
    createServer((request, response) => {
      seen = [request.url, request.headers.host, request.headers['proxy-authorization']]
      response.end('through')
    }),
  )
  const reply = await sender({ http_proxy: `http://me:pw@127.0.0.1:${port}` })('http://issuer.example/keys')
  expect([reply.text, seen]).toEqual(['through', ['http://issuer.example/keys', 'issuer.example', `Basic ${btoa('me:pw')}`]])
})
test('opens a tunnel for https, and speaks TLS in it', async () => {
  const firstByte = new Promise<number>((resolve) => {
    const target = createTcp((socket) => {
      socket.on('error', () => {})
      socket.once('data', (data) => {
        resolve(data[0] ?? -1)
        socket.destroy()
      })
    })
    void listening(target).then((inner) => {
      const proxy = createServer()
      proxy.on('connect', (request, socket) => {
        expect(request.url).toBe('stint.example:443')
        const upstream = connect(inner, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n')
          upstream.pipe(socket).pipe(upstream)
        })
        upstream.on('error', () => {})
        socket.on('error', () => {})
      })
      void listening(proxy).then((port) => failureOf(sender({ HTTPS_PROXY: `http://127.0.0.1:${port}` })('https://stint.example/')))
    })
  })
  expect(await firstByte).toBe(22) // A TLS handshake record (RFC 8446 §5.1).
})
test('gives a fetch that goes through the proxy, byte for byte, and directly elsewhere', async () => {
  const bytes = Buffer.from([0, 255, 254, 10])
  const port = await listening(createServer((request, response) => response.end(request.url?.startsWith('http://') ? bytes : 'direct')))
  const through = fetchFor({ http_proxy: `http://127.0.0.1:${port}` })
  expect(Buffer.from(await (await through('http://log.example/tile')).arrayBuffer())).toEqual(bytes)
  expect(await (await through(`http://127.0.0.1:${port}/tile`)).text()).toBe('direct')
})
test('says that the proxy refused', async () => {
  const proxy = createServer()
  proxy.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'))
  const port = await listening(proxy)
  const { message } = await failureOf(sender({ HTTPS_PROXY: `http://127.0.0.1:${port}` })('https://stint.example/'))
  expect(message).toContain(`the proxy 127.0.0.1:${port} answered 407 to CONNECT`)
})

test.each([
  ['http://stint.example', 'plain HTTP'],
  ['https://me:pw@stint.example', 'a password'],
  ['https://stint.example?x=1', 'a query'],
  ['https://stint.example/#x', 'a fragment'],
  ['stint.example', 'no scheme'],
])('refuses %s as the URL of a broker: %s', (url) => {
  expect(() => checkedUrl(url, 'the broker')).toThrow(/must be an https URL/)
})
test.each([
  ['https://stint.example/', 'https://stint.example'],
  ['http://127.0.0.1:4400', 'http://127.0.0.1:4400'],
  ['https://example.com/stint/', 'https://example.com/stint'],
  ['https://Stint.Example', 'https://stint.example'],
  ['HTTPS://stint.example:443/A', 'https://stint.example/A'],
])('accepts %s', (url, expected) => {
  expect(checkedUrl(url, 'the broker')).toBe(expected)
})
function errorOf(url: string, ...next: [] | [(right: string | undefined) => string]): unknown {
  try {
    return checkedUrl(url, 'the broker', ...next)
  } catch (error) {
    return error
  }
}
test.each([
  ['http://stint.example/x', 'stint login https://stint.example/x'],
  ['notaurl', 'stint login https://stint.example.com'],
  ['file:///etc/passwd', 'stint login https://stint.example.com'],
])('the error about %s ends with a command', (url, command) => {
  expect(errorOf(url)).toMatchObject({ exit: 'usage', facts: { next: expect.stringContaining(command) } })
})
test.each([
  ['a password', 'https://me:hunter2@stint.example', 'https://…@stint.example'],
  ['a password with @', 'https://me:hunter2@hunter2@stint.example', 'https://…@stint.example'],
  ['a password with /', 'https://me:hunter2/hunter2@stint.example', 'https://…@stint.example'],
  ['a password without slashes', 'https:me:hunter2@stint.example', 'https:…@stint.example'],
  ['a password without a scheme', 'me:hunter2@stint.example', '…@stint.example'],
  ['a query', 'https://stint.example/x?token=hunter2', 'https://stint.example/x?…'],
  ['a fragment', 'https://stint.example/#token=hunter2', 'https://stint.example/#…'],
])('%s in a URL is not repeated', (_what, url, shown) => {
  const error = errorOf(url)
  expect(JSON.stringify([(error as Failure).message, (error as Failure).facts])).not.toContain('hunter2')
  expect((error as Failure).message).toContain(`: '${shown}'. It must be`)
})
test('the next step is of the caller, with a URL that is right if the host is', () => {
  const next = (right: string | undefined) => `use ${right}`
  expect(errorOf('http://login.example/x', next)).toMatchObject({ facts: { next: 'use https://login.example/x' } })
  expect(errorOf('login', next)).toMatchObject({ facts: { next: 'use undefined' } })
})
