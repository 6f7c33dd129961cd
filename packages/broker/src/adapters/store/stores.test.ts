/** The stores keep the same promises: the folder on a disk, the bucket over HTTP as S3's own client speaks it. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ObjectStore, Trouble } from '../../ports/log.ts'
import { folderStore } from './files.ts'
import { bucketStore } from './s3.ts'

const bytes = (text: string) => Buffer.from(text)
const text = async (store: ObjectStore, path: string) => {
  const found = await store.get(path)
  return found && Buffer.from(found.bytes).toString()
}

/** As much of S3 as conditional writes need; what it answers can be replaced. */
const s3 = {
  objects: new Map<string, Buffer>(),
  requests: [] as IncomingMessage[],
  fault: undefined as undefined | { status: number; times: number; code?: string },
}
let server: Server
let folder: string
let bucket: (lockDays?: number) => ObjectStore

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stint-store-'))
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => void parts.push(part))
    request.on('end', () => {
      s3.requests.push(request)
      const answer = (status: number, body: string | Buffer = '', headers = {}) =>
        response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }) }).end(body)
      if (s3.fault && s3.fault.times-- > 0) return answer(s3.fault.status, `<Error><Code>${s3.fault.code ?? 'Odd'}</Code></Error>`)
      const url = new URL(request.url ?? '', 'http://s3')
      const key = decodeURIComponent(url.pathname.replace(/^\/bucket\/?/, ''))
      const there = s3.objects.get(key)
      const etag = (body: Buffer) => `"${createHash('md5').update(body).digest('hex')}"`
      if (request.method === 'GET' && key === '') {
        const prefix = url.searchParams.get('prefix') ?? ''
        const keys = [...s3.objects.keys()].filter((one) => one.startsWith(prefix)).sort()
        const after = keys.filter((one) => one > (url.searchParams.get('continuation-token') ?? ''))
        const page = after.slice(0, 2)
        const more = after.length > 2
        const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
        const head = `<Name>bucket</Name><Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><IsTruncated>${more}</IsTruncated>`
        return answer(
          200,
          `<ListBucketResult>${head}${token}${page.map((one) => `<Contents><Key>${one}</Key></Contents>`).join('')}</ListBucketResult>`,
        )
      }
      if (request.method === 'GET')
        return there ? answer(200, there, { etag: etag(there) }) : answer(404, '<Error><Code>NoSuchKey</Code></Error>')
      if (request.method === 'DELETE') {
        s3.objects.delete(key)
        return answer(204)
      }
      if (request.headers['if-none-match'] === '*' && there) return answer(412, '<Error><Code>PreconditionFailed</Code></Error>')
      const match = request.headers['if-match']
      if (match !== undefined && !there) return answer(404, '<Error><Code>NoSuchKey</Code></Error>')
      if (match !== undefined && there && match !== etag(there)) return answer(412, '<Error><Code>PreconditionFailed</Code></Error>')
      const body = Buffer.concat(parts)
      s3.objects.set(key, body)
      answer(200, '', { etag: etag(body), 'x-amz-checksum-sha256': request.headers['x-amz-checksum-sha256'] })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  bucket = (lockDays) =>
    bucketStore({
      bucket: 'bucket',
      region: 'eu-central-1',
      keys: { accessKeyId: 'AKIA', secretAccessKey: 'x' },
      endpoint,
      clock: () => Date.parse('2026-11-24T12:00:00Z'),
      ...(lockDays === undefined ? {} : { lockDays }),
    })
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})

describe.each<[string, () => ObjectStore]>([
  ['a folder', () => folderStore(folder)],
  ['a bucket', () => bucket()],
])('%s', (_what, open) => {
  test('creates an object once, and never replaces it by creating', async () => {
    const store = open()
    expect(await store.create('a/b', bytes('one'))).toBe('created')
    expect(await store.create('a/b', bytes('two'))).toBe('exists')
    expect(await text(store, 'a/b')).toBe('one')
    expect(await store.get('a/none')).toBeUndefined()
    expect(await store.get('a')).toBeUndefined()
  })
  test('replaces an object only with the etag that was read', async () => {
    const store = open()
    expect(await store.replace('c', bytes('one'), undefined)).toBe('replaced')
    expect(await store.replace('c', bytes('two'), undefined)).toBe('changed')
    const first = await store.get('c')
    expect(await store.replace('c', bytes('two'), first?.etag)).toBe('replaced')
    expect(await store.replace('c', bytes('three'), first?.etag)).toBe('changed')
    expect(await text(store, 'c')).toBe('two')
    expect(await store.replace('none', bytes('x'), first?.etag)).toBe('changed')
  })
  test('lets exactly one of many concurrent writers win', async () => {
    const store = open()
    await store.create('n', bytes('0'))
    const add = async () => {
      for (;;) {
        const there = await store.get('n')
        if ((await store.replace('n', bytes(String(Number(Buffer.from(there?.bytes ?? []).toString()) + 1)), there?.etag)) === 'replaced')
          return
      }
    }
    await Promise.all(Array.from({ length: 12 }, add))
    expect(await text(store, 'n')).toBe('12')
    const made = await Promise.all(Array.from({ length: 12 }, (_, at) => store.create('once', bytes(String(at)))))
    expect(made.filter((one) => one === 'created')).toHaveLength(1)
  })
  test('lists by prefix, page by page, and removes objects that may not exist', async () => {
    const store = open()
    for (const name of ['l/1', 'l/2', 'l/3', 'l/4', 'l/5', 'm/1']) await store.create(name, bytes(name))
    await store.remove('l/2')
    await store.remove('l/2')
    expect(await store.list('l/')).toEqual(['l/1', 'l/3', 'l/4', 'l/5'])
    expect(await store.list('nothing/')).toEqual([])
  })
})

test('a folder store refuses paths outside its folder', async () => {
  await expect(folderStore(folder).get('../../etc/passwd')).rejects.toThrow(/outside the folder/)
  expect(await folderStore(join(folder, 'nowhere')).list('')).toEqual([])
})

describe('calls to S3', () => {
  test('lock full tiles if locking is on, and nothing else', async () => {
    s3.requests.length = 0
    const store = bucket(365)
    await store.create('tile/0/000', bytes('x'), { final: true })
    await store.create('tile/0/001.p/1', bytes('x'))
    await store.replace('checkpoint', bytes('x'), undefined)
    const locks = s3.requests.map(({ headers }) => [headers['x-amz-object-lock-mode'], headers['x-amz-object-lock-retain-until-date']])
    expect(locks).toEqual([
      ['COMPLIANCE', '2027-11-24T12:00:00Z'],
      [undefined, undefined],
      [undefined, undefined],
    ])
    // Object Lock demands a checksum of what is put.
    expect(Object.keys(s3.requests[0]?.headers ?? {}).some((name) => /x-amz-(checksum|sdk-checksum|trailer)/.test(name))).toBe(true)
    expect(s3.requests.map(({ headers }) => headers['content-type'])).toEqual([
      'application/octet-stream',
      'application/octet-stream',
      'text/plain; charset=utf-8',
    ])
  })
  test.each([
    ['a temporary 500', { status: 500, times: 1 }, 'created'],
    ['a temporary 503', { status: 503, times: 2 }, 'created'],
  ])('%s is sent again', async (_what, fault, outcome) => {
    s3.fault = fault
    expect(await bucket().create(`again/${fault.status}`, bytes('x'))).toBe(outcome)
    s3.fault = undefined
  })
  test.each([
    ['denied', 403],
    ['a permanent error', 500],
  ])('%s is Trouble, never a response', async (_what, status) => {
    for (const work of [
      (store: ObjectStore) => store.create('t', bytes('x')),
      (store: ObjectStore) => store.get('t'),
      (store: ObjectStore) => store.list(''),
      (store: ObjectStore) => store.replace('t', bytes('x'), '"e"'),
      (store: ObjectStore) => store.remove('t'),
    ]) {
      s3.fault = { status, times: 9 }
      await expect(work(bucket())).rejects.toThrow(Trouble)
    }
    s3.fault = undefined
  })
  test('two concurrent writers (409): a create throws Trouble, and a replace reads again', async () => {
    s3.fault = { status: 409, times: 9, code: 'ConditionalRequestConflict' }
    await expect(bucket().create('conflict', bytes('x'))).rejects.toThrow(Trouble)
    expect(await bucket().replace('conflict', bytes('x'), '"e"')).toBe('changed')
    s3.fault = undefined
  })
  test('a missing bucket is Trouble, and neither a create nor a missing object', async () => {
    for (const work of [
      (store: ObjectStore) => store.create('t', bytes('x')),
      (store: ObjectStore) => store.get('t'),
      (store: ObjectStore) => store.replace('t', bytes('x'), '"e"'),
    ]) {
      s3.fault = { status: 404, times: 9, code: 'NoSuchBucket' }
      await expect(work(bucket())).rejects.toThrow(Trouble)
    }
    s3.fault = undefined
  })
})
