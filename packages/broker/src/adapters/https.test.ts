/** Where the broker does not ask for keys, whatever a name turns out to be. */
import type { lookup } from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getBytes, isPrivate, publicOnly } from './https.ts'

describe('addresses', () => {
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.0.1',
    '192.0.2.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::a00:1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '2002:a00:1::',
    '2001:db8::1',
    '::10.0.0.1',
    '::7f00:1',
    '::ffff:0:10.0.0.1',
    '3fff::1',
    '5f00::1',
    '100:0:0:1::1',
    '192.88.99.1',
    '168.63.129.16',
  ])('%s is private', (address) => expect(isPrivate(address)).toBe(true))
  test.each(['8.8.8.8', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '192.167.1.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => expect(isPrivate(address)).toBe(false),
  )
})

describe('publicOnly', () => {
  const resolving = (...addresses: readonly string[]) =>
    ((_host: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as typeof lookup
  const lookedUp = (addresses: readonly string[], all: boolean) =>
    new Promise((resolve) => {
      const check = publicOnly('https://keys.example/jwks', resolving(...addresses)).lookup
      check?.('keys.example', { all }, (error, found) => resolve(error ? error.message : found))
    })

  test.each<[string, readonly string[], boolean, unknown]>([
    ['a public address', ['8.8.8.8'], false, '8.8.8.8'],
    ['all of them, where all are requested', ['8.8.8.8'], true, [{ address: '8.8.8.8', family: 4 }]],
    ['the metadata service', ['169.254.169.254'], false, 'has a private address'],
    ['one private address among public ones', ['8.8.8.8', '10.0.0.7'], true, 'has a private address'],
    ['a private address inside an IPv6 one', ['::ffff:192.168.1.1'], false, 'has a private address'],
  ])('%s', async (_name, addresses, all, expected) => expect(await lookedUp(addresses, all)).toEqual(expected))
  test.each([
    ['http://keys.example/jwks', 'does not use https'],
    ['https://10.0.0.1/jwks', 'has a private address'],
    ['https://[fd00:ec2::254]/jwks', 'has a private address'],
    ['https://0x7f.1/jwks', 'has a private address'],
    ['https://2130706433/jwks', 'has a private address'],
  ])('%s', (url, fault) => expect(() => publicOnly(url)).toThrow(fault))
})

describe('getBytes', () => {
  let url: string
  let asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/moved') return response.writeHead(302, { location: '/keys' }).end()
    if (request.url === '/large') return response.end('x'.repeat(300 * 1024))
    if (request.url === '/announced') return void response.writeHead(200, { 'content-length': 300 * 1024 }).write('x')
    if (request.url === '/packed') return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"keys":[]}'))
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 99 }).write('{"keys":[]}')
      return void setTimeout(() => response.destroy(), 10)
    }
    return response.end('{"keys":[]}')
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  test('reads what is there', async () => expect(String(await getBytes(`${url}/keys`))).toBe('{"keys":[]}'))
  test('follows no redirect', async () => {
    asked = []
    await expect(getBytes(`${url}/moved`)).rejects.toThrow('answered 302')
    expect(asked).toEqual(['/moved'])
  })
  test('reads no more than 256 KB', () => expect(getBytes(`${url}/large`)).rejects.toThrow('more than 256 KB'))
  test('does not wait for the end of an answer that says it is longer', () =>
    expect(getBytes(`${url}/announced`)).rejects.toThrow('more than 256 KB'))
  test('does not decompress', () => expect(getBytes(`${url}/packed`)).rejects.toThrow('returned an encoded body'))
  test('does not take half an answer for all of it', () => expect(getBytes(`${url}/cut`)).rejects.toThrow())
  test('calls a private address only if the config allows it', async () => {
    await expect(getBytes('https://10.255.255.1/keys')).rejects.toThrow('has a private address')
    await expect(getBytes('https://127.0.0.2:1/keys')).rejects.toThrow('has a private address')
    await expect(getBytes('https://127.0.0.2:1/keys', { network: 'private' })).rejects.toThrow('ECONNREFUSED')
  })
})
