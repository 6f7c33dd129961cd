/**
 * What each of S3's answers must show. A row is one call and one answer that does not fit it, over real HTTP and AWS's own
 * client: nothing of it is trusted. Next to the rows of a call is its correct response.
 */
import { createHash } from 'node:crypto'
import { createServer, type OutgoingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ObjectReader, type ObjectStore, Trouble } from '../../ports/log.ts'
import { bucketReader } from './bucket-reader.ts'
import { bucketStore } from './s3.ts'

type Answer = { readonly status?: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string }
let answer: (nth: number) => Answer
let asked = 0
let server: Server
let store: ObjectStore
let reader: ObjectReader
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status = 200, headers = {}, body = '' } = answer(asked++)
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
      response.writeHead(status)
      // Headers first: what follows them has a length only where the answer says so.
      response.flushHeaders()
      response.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const settings = {
    bucket: 'bucket',
    region: 'eu-central-1',
    keys: { accessKeyId: 'AKIA', secretAccessKey: 'x' },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock: Date.now,
  }
  store = bucketStore(settings)
  reader = bucketReader({ ...settings, sleep: async () => undefined })
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  asked = 0
})

const ETAG = '"0123456789abcdef0123456789abcdef"'
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64')
const object = (body: string, headers: OutgoingHttpHeaders = {}): Answer => ({
  headers: { etag: ETAG, 'content-length': body.length, 'x-amz-checksum-sha256': sha256(body), ...headers },
  body,
})
const kept = (headers: OutgoingHttpHeaders = {}): Answer => ({
  headers: { etag: ETAG, 'x-amz-checksum-sha256': sha256('bytes'), 'content-length': 0, ...headers },
})
const error = (status: number, code: string): Answer => ({ status, body: `<Error><Code>${code}</Code><Message>x</Message></Error>` })
const list = (names: readonly string[], more = '', head = '<Name>bucket</Name><Prefix>stage/</Prefix>', count = names.length): Answer => ({
  body: `<ListBucketResult>${head}<KeyCount>${count}</KeyCount>${more || '<IsTruncated>false</IsTruncated>'}${names.map((name) => `<Contents><Key>${name}</Key></Contents>`).join('')}</ListBucketResult>`,
})
const more = (token: string) => `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`

type Row = readonly [what: string, lie: Answer | ((nth: number) => Answer)]
const page: Row = ['an HTML page', { body: '<html>200 OK</html>' }]
const broken: Row = ['an error that S3 does not document', error(400, 'Odd')]
const written: readonly Row[] = [
  page,
  broken,
  ['no ETag', kept({ etag: undefined })],
  ['a weak ETag', kept({ etag: `W/${ETAG}` })],
  ['an ETag without quotes', kept({ etag: '0123456789abcdef' })],
  ['no checksum', kept({ 'x-amz-checksum-sha256': undefined })],
  ['the checksum of other bytes', kept({ 'x-amz-checksum-sha256': sha256('other') })],
  ['a failed condition with status 200', { ...error(200, 'PreconditionFailed') }],
  ['a failed condition with status 500', error(500, 'PreconditionFailed')],
]

const read: readonly Row[] = [
  page,
  broken,
  ['no ETag', object('bytes', { etag: undefined })],
  ['a weak ETag', object('bytes', { etag: `W/${ETAG}` })],
  ['no length', object('bytes', { 'content-length': undefined })],
  ['fewer bytes than its length', { ...object('bytes', { 'content-length': 9, connection: 'close' }) }],
  ['the checksum of other bytes', object('bytes', { 'x-amz-checksum-sha256': sha256('other') })],
  ['the CRC-32 of other bytes', object('bytes', { 'x-amz-checksum-sha256': undefined, 'x-amz-checksum-crc32': 'AAAAAA==' })],
  ['more than a checkpoint can have', object('x'.repeat(65 * 1024))],
  ['a missing key with status 200', error(200, 'NoSuchKey')],
  ['a missing key with status 500', error(500, 'NoSuchKey')],
  ['a missing bucket', error(404, 'NoSuchBucket')],
  ['404 without a body', { status: 404 }],
]
const textOf = (from: ObjectReader) =>
  from.get('checkpoint').then((found) => found && { ...found, bytes: Buffer.from(found.bytes).toString() })

const calls: readonly (readonly [string, () => Promise<unknown>, Answer, unknown, readonly Row[]])[] = [
  ['get (GetObject)', () => textOf(store), object('bytes'), { bytes: 'bytes', etag: ETAG }, read],
  ['get of a missing object (GetObject)', () => store.get('checkpoint'), error(404, 'NoSuchKey'), undefined, []],
  ['get by the reader (GetObject)', () => textOf(reader), object('bytes'), { bytes: 'bytes', etag: ETAG }, read],
  ['get of a missing object by the reader (GetObject)', () => reader.get('checkpoint'), error(404, 'NoSuchKey'), undefined, []],
  ['create (PutObject)', () => store.create('n', Buffer.from('bytes')), kept(), 'created', written],
  [
    'create of an existing object (PutObject)',
    () => store.create('n', Buffer.from('bytes')),
    error(412, 'PreconditionFailed'),
    'exists',
    [],
  ],
  [
    'replace (PutObject)',
    () => store.replace('n', Buffer.from('bytes'), ETAG),
    kept(),
    'replaced',
    [
      ...written,
      ['a missing key with status 200', error(200, 'NoSuchKey')],
      ['a conflict with status 400', error(400, 'ConditionalRequestConflict')],
    ],
  ],
  ['remove (DeleteObject)', () => store.remove('n'), { status: 204 }, undefined, [page, broken, ['200 without a body', {}]]],
  [
    'list (ListObjectsV2)',
    () => store.list('stage/'),
    list(['stage/1', 'stage/2']),
    ['stage/1', 'stage/2'],
    [
      page,
      broken,
      ['nothing', {}],
      ['no name of a bucket', list(['stage/1'], '', '<Prefix>stage/</Prefix>')],
      ['another bucket', list(['stage/1'], '', '<Name>other</Name><Prefix>stage/</Prefix>')],
      ['no prefix', list(['stage/1'], '', '<Name>bucket</Name>')],
      ['another prefix', list(['stage/1'], '', '<Name>bucket</Name><Prefix>tile/</Prefix>')],
      ['a key with another prefix', list(['stage/1', 'tile/1'])],
      ['fewer keys than its count', list(['stage/1'], '', undefined, 2)],
      ['IsTruncated without a token', list(['stage/1'], '<IsTruncated>true</IsTruncated>')],
      ['IsTruncated with an empty token', list(['stage/1'], more(''))],
      ['no IsTruncated', list(['stage/1'], '<Odd/>')],
      ['a token that repeats, and no keys', list([], more('t'))],
      ['a page that repeats', (nth) => list(['stage/1'], more(`t${nth}`))],
      ['one key twice', list(['stage/1', 'stage/1'])],
    ],
  ],
]

describe.each(calls)('%s', (_name, call, honest, value, lies) => {
  test('trusts a correct response', async () => {
    answer = () => honest
    expect(await call()).toEqual(value)
  })
  test.each(lies)('does not trust a response with %s', async (_what, lie) => {
    answer = typeof lie === 'function' ? lie : () => lie
    await expect(call()).rejects.toThrow(Trouble)
  })
})

test('an object that was stored without a checksum is read by its length', async () => {
  answer = () => object('bytes', { 'x-amz-checksum-sha256': undefined })
  expect(await store.get('checkpoint')).toMatchObject({ etag: ETAG })
})
test('a list in two pages', async () => {
  answer = (nth) => (nth === 0 ? list(['stage/1'], more('t')) : list(['stage/2']))
  expect(await store.list('stage/')).toEqual(['stage/1', 'stage/2'])
})
test.each([
  ['tile/0/000', 256 * 32],
  ['tile/entries/000', 512 * 1024],
  ['events/000', 1024 * 1024],
  ['stage/1-x', 16 * 1024 * 1024],
  ['quarantined/req_1', 64 * 1024],
])('%s is read up to %i bytes', async (path, bytes) => {
  answer = () => object('x'.repeat(bytes))
  expect((await store.get(path))?.bytes).toHaveLength(bytes)
  answer = () => object('x'.repeat(bytes + 1))
  await expect(store.get(path)).rejects.toThrow(Trouble)
})
