/** How either client reads an answer: over real HTTP, with answers that no AWS service gives. */
import { createServer, type OutgoingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stsAdapter } from './sts.ts'
import { CLIENTS, type ClientName, stsCall, tableCalls } from './testing/clients.ts'

const MEGABYTE = 1024 * 1024
const MOST = 64 * 1024
let answer: (response: ServerResponse) => unknown
/** Bytes that the server could send on connections that are closed now. */
let sent = 0
let sends = 0
let closed: Promise<unknown>[] = []
let server: Server
let url: string
beforeAll(async () => {
  server = createServer((request, response) => {
    sends++
    const { socket } = response
    const before = socket?.bytesWritten ?? 0
    closed.push(new Promise((resolve) => response.once('close', () => resolve((sent += (socket?.bytesWritten ?? 0) - before)))))
    request.resume().on('end', () => answer(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  sent = 0
  sends = 0
  closed = []
})

const xml = (token: string, user = 'arn:aws:sts::111122223333:assumed-role/r/s') =>
  `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA123:s</AssumedRoleId><Arn>${user}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>2026-11-24T13:00:00Z</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></AssumeRoleResponse>`

/** Writes as fast as it is read, up to `bytes`. */
function stream(response: ServerResponse, bytes: number): void {
  const [head = '', tail = ''] = xml('|').split('|')
  const part = 'A'.repeat(MOST)
  let left = bytes
  response.write(head)
  const more = () => {
    while (left > 0) {
      left -= part.length
      if (!response.write(part)) return void response.once('drain', more)
    }
    response.end(tail)
  }
  more()
}

const input = {
  region: 'eu-central-1',
  roleArn: 'arn:aws:iam::111122223333:role/r',
  roleSessionName: 's',
  externalId: 'e',
  durationSeconds: 900,
  policy: '{}',
  policyArns: [],
  tags: [],
}
const assume = (client: ClientName, milliseconds = 5000) =>
  stsAdapter({
    call: stsCall(client, { url, maxBytes: MOST }),
    clock: Date.now,
    random: (count) => new Uint8Array(count),
    sleep: async () => {},
    wholeCallMs: milliseconds,
  }).assumeRole(input)

describe.each(CLIENTS)('over %s, reading a response', (client) => {
  test('reads a normal response completely', async () => {
    answer = (response) => response.writeHead(200).end(xml('token'))
    expect(await assume(client)).toMatchObject({ outcome: 'done', value: { credentials: { sessionToken: 'token' }, sends: 1 } })
  })
  test('reads a response of exactly the limit, and refuses one byte more', async () => {
    const token = 'A'.repeat(MOST - xml('').length)
    answer = (response) => response.writeHead(200).end(xml(token))
    expect(await assume(client)).toMatchObject({ outcome: 'done' })
    answer = (response) => response.writeHead(200).end(xml(`${token}A`))
    expect(await assume(client)).toMatchObject({ outcome: 'unknown' })
  })
  test.each<[string, number, OutgoingHttpHeaders]>([
    ['50 MB without a length', 200, {}],
    ['50 MB with a length', 200, { 'content-length': 50 * MEGABYTE + xml('').length }],
    ['an error of 50 MB: it may still have happened', 403, {}],
    ['an error of 50 MB with a length', 400, { 'content-length': 50 * MEGABYTE + xml('').length }],
  ])('%s is unknown, and most of it is never sent', async (_name, status, headers) => {
    answer = (response) => stream(response.writeHead(status, headers), 50 * MEGABYTE)
    expect(await assume(client)).toMatchObject({
      outcome: 'unknown',
      cause: expect.stringContaining(`longer than ${MOST} bytes`),
      sends: 2,
    })
    await Promise.all(closed)
    expect(sends).toBe(2)
    // The content of the kernel's buffers is sent, and never read.
    expect(sent).toBeLessThan(sends * 12 * MEGABYTE)
  })
  test('treats a truncated error as unknown, whatever its status', async () => {
    answer = (response) => {
      response.writeHead(403, { 'content-length': 99 }).write('<ErrorResponse>')
      setTimeout(() => response.destroy(), 10)
    }
    expect(await assume(client)).toMatchObject({ outcome: 'unknown', sends: 2 })
  })
  test('does not decompress: a compressed response is unknown', async () => {
    answer = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(xml('token')))
    expect(await assume(client)).toMatchObject({ outcome: 'unknown' })
  })
  test('closes the connection of a body that stalls', async () => {
    answer = (response) => response.writeHead(200, { 'content-length': 99 }).write('<')
    const { getItem } = tableCalls(client, { url, maxBytes: MOST, answerWithinMs: 50 })
    await expect(getItem({ TableName: 't', Key: { pk: { S: 'x' } } })).rejects.toThrow('no complete response within 50 ms')
    await Promise.all(closed)
  })
})

describe.each(CLIENTS)('over %s, the Date header of a response, in', (client) => {
  test.each<[string, string | undefined, number | undefined]>([
    ['the form of RFC 9110', 'Sun, 06 Nov 1994 08:49:37 GMT', 784111777000],
    ['no form at all', undefined, undefined],
    ['a wrong weekday', 'Mon, 06 Nov 1994 08:49:37 GMT', undefined],
    ['the obsolete form of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', undefined],
    ['the obsolete form of asctime', 'Sun Nov  6 08:49:37 1994', undefined],
    ['another zone', 'Sun, 06 Nov 1994 08:49:37 +0100', undefined],
    ['a day that does not exist', 'Thu, 31 Feb 1994 08:49:37 GMT', undefined],
    ['the form of ISO 8601', '1994-11-06T08:49:37Z', undefined],
    ['a number', '784111777', undefined],
  ])('%s', async (_name, date, expected) => {
    answer = (response) => {
      response.sendDate = false
      response.writeHead(200, date === undefined ? {} : { date }).end(xml('token'))
    }
    const assumed = await assume(client)
    if (assumed.outcome !== 'done') throw new Error('not done')
    expect(assumed.value.answeredAt).toBe(expected)
  })
})
