/** The sandbox's S3, asked by AWS's own SDK: copies, lists, multipart uploads, buckets, presigned URLs and virtual-hosted names. */
import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  type ListObjectsCommandOutput,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '@stint/broker/adapters/signed-query'
import type { StatementJson } from '@stint/iam'
import type { SigningKey } from '@stint/sandbox/aws/sigv4'
import { addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, s3 } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const Bucket = 'acme-releases'
const ACCOUNT = '111122223333'
const PART_BYTES = 5 * 1024 * 1024
const everything: StatementJson = { Effect: 'Allow', Action: 's3:*', Resource: '*' }

let sandbox: TestSandbox
let owner: S3Client
let ownerKey: SigningKey
beforeAll(async () => {
  sandbox = await testSandbox()
  ownerKey = keyFor(everything)
  owner = s3(sandbox.urls.aws, ownerKey)
})
afterAll(() => sandbox.close())

let serial = 0
const keyFor = (...Statement: StatementJson[]): SigningKey =>
  addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/w-${++serial}`, [{ Version: '2012-10-17', Statement }])
const put = (Key: string, more: object = {}) => owner.send(new PutObjectCommand({ Bucket, Key, Body: 'text', ...more }))
const read = async (Key: string) => {
  const found = await owner.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
  return { ...found, text: (await found.Body?.transformToString()) ?? '' }
}
const nameOf = (call: Promise<unknown>) =>
  call.then(
    () => 'allowed',
    (error: Error) => error.name,
  )

describe('checksums', () => {
  /** The check values of the Catalogue of Parametrised CRC Algorithms, which are the CRCs of this text. */
  const Body = '123456789'
  const digest = (algorithm: string) => createHash(algorithm).update(Body).digest('hex')
  test.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', digest('sha1')],
    ['SHA256', digest('sha256')],
  ] as const)('%s is verified and returned', async (ChecksumAlgorithm, hex) => {
    const made = await put('sum', { Body, ChecksumAlgorithm })
    const field = `Checksum${ChecksumAlgorithm}` as const
    const found = await read('sum')
    const expected = Buffer.from(hex, 'hex').toString('base64')
    expect([made[field], found[field], found.text]).toEqual([expected, expected, Body])
    const other = Buffer.alloc(hex.length / 2).toString('base64')
    expect(await nameOf(put('sum', { Body: 'changed', [field]: other }))).toBe('BadDigest')
    expect((await read('sum')).text).toBe(Body)
  })
})

test('an object above the sandbox’s limit is refused, whole or as a part', async () => {
  const Body = Buffer.alloc(64 * 1024 * 1024 + 1)
  expect(await nameOf(put('large', { Body }))).toBe('EntityTooLarge')
  expect(await nameOf(put('large', { Body: Body.subarray(1) }))).toBe('allowed')
  // The server does not read all of this one, so it cannot verify its hash.
  expect(await nameOf(put('large', { Body: Buffer.alloc(66 * 1024 * 1024) }))).toBe('EntityTooLarge')
  const inChunks = (length: number) => ({ Body: Readable.from([Body.subarray(0, length)]), ContentLength: length })
  expect(await nameOf(put('large', inChunks(Body.length)))).toBe('EntityTooLarge')
  expect(await nameOf(put('large', inChunks(Body.length - 1)))).toBe('allowed')
  const { UploadId } = await owner.send(new CreateMultipartUploadCommand({ Bucket, Key: 'large' }))
  const part = { Bucket, Key: 'large', UploadId, PartNumber: 1 }
  expect(await nameOf(owner.send(new UploadPartCommand({ ...part, Body })))).toBe('EntityTooLarge')
  expect(await nameOf(owner.send(new UploadPartCommand({ ...part, Body: Body.subarray(1) })))).toBe('allowed')
  await owner.send(new AbortMultipartUploadCommand({ Bucket, Key: 'large', UploadId }))
  await owner.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'large' }] } }))
})

describe('copies', () => {
  test('bytes, metadata and tags are copied or replaced', async () => {
    await put('from', { Metadata: { a: '1' }, Tagging: 'k=v', ContentType: 'text/css' })
    await owner.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from` }))
    expect(await read('to')).toMatchObject({ text: 'text', Metadata: { a: '1' }, ContentType: 'text/css', TagCount: 1 })
    const replace = { MetadataDirective: 'REPLACE', TaggingDirective: 'REPLACE', Metadata: { b: '2' }, ContentType: 'text/plain' } as const
    await owner.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `/${Bucket}/from`, ...replace }))
    expect(await read('to')).toMatchObject({ Metadata: { b: '2' }, ContentType: 'text/plain' })
    expect((await read('to')).TagCount).toBeUndefined()
    expect(await nameOf(owner.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/to` })))).toBe('InvalidRequest')
    const { ETag } = await put('from')
    const copy = (more: object) => nameOf(owner.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/from`, ...more })))
    expect(await copy({ CopySourceIfMatch: ETag })).toBe('allowed')
    expect(await copy({ CopySourceIfNoneMatch: ETag })).toBe('PreconditionFailed')
    expect(await copy({ IfNoneMatch: '*' })).toBe('PreconditionFailed')
    expect(await copy({ CopySource: `${Bucket}/nothing` })).toBe('NoSuchKey')
    expect(await copy({ CopySource: 'no-such-bucket/nothing' })).toBe('NoSuchBucket')
  })

  test('s3:x-amz-copy-source limits where from', async () => {
    const user = s3(
      sandbox.urls.aws,
      keyFor(
        { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
        {
          Effect: 'Allow',
          Action: 's3:PutObject',
          Resource: '*',
          Condition: { StringLike: { 's3:x-amz-copy-source': `${Bucket}/open/*` } },
        },
      ),
    )
    await put('open/a')
    await put('closed/a')
    const copy = (from: string) => nameOf(user.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/${from}` })))
    expect([await copy('open/a'), await copy('closed/a')]).toEqual(['allowed', 'AccessDenied'])
  })
})

describe('lists', () => {
  const KEYS = ['a/1', 'a/2', 'b', 'c/1', 'd e', 'ü', '\u{1F600}', '\uFF5E', 'z\u0001']
  let client: S3Client
  const listed = 'acme-listed'
  beforeAll(async () => {
    client = owner
    await client.send(new CreateBucketCommand({ Bucket: listed, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }))
    for (const Key of KEYS) await client.send(new PutObjectCommand({ Bucket: listed, Key, Body: Key }))
  })

  test('version 1 and 2 have the same pages, each key and prefix once, in the order of their bytes', async () => {
    const pageOf = ({ Contents = [], CommonPrefixes = [] }: Pick<ListObjectsCommandOutput, 'Contents' | 'CommonPrefixes'>) => ({
      keys: Contents.map(({ Key }) => plain(Key)),
      prefixes: CommonPrefixes.map(({ Prefix }) => plain(Prefix)),
    })
    const first: ReturnType<typeof pageOf>[] = []
    const second: ReturnType<typeof pageOf>[] = []
    let Marker: string | undefined
    let ContinuationToken: string | undefined
    for (let pages = 0; pages < 20; pages++) {
      const one = await client.send(new ListObjectsCommand({ Bucket: listed, Delimiter: '/', MaxKeys: 2, Marker, EncodingType: 'url' }))
      first.push(pageOf(one))
      Marker = one.NextMarker === undefined ? undefined : plain(one.NextMarker)
      if (!one.IsTruncated) break
    }
    for (let pages = 0; pages < 20; pages++) {
      const two = await client.send(
        new ListObjectsV2Command({ Bucket: listed, Delimiter: '/', MaxKeys: 2, ContinuationToken, EncodingType: 'url' }),
      )
      second.push(pageOf(two))
      ContinuationToken = two.NextContinuationToken
      if (!two.IsTruncated) break
    }
    const expected = [
      { keys: ['b'], prefixes: ['a/'] },
      { keys: ['d e'], prefixes: ['c/'] },
      { keys: ['z\u0001', 'ü'], prefixes: [] },
      // UTF-16 has these two the other way round.
      { keys: ['\uFF5E', '\u{1F600}'], prefixes: [] },
    ]
    expect([first, second]).toEqual([expected, expected])
  })
  const plain = (text: string | undefined) => decodeURIComponent((text ?? '').replaceAll('+', ' '))

  test('prefix, start, marker and owner', async () => {
    const keys = async (more: object) =>
      (await client.send(new ListObjectsV2Command({ Bucket: listed, EncodingType: 'url', ...more }))).Contents?.map(({ Key }) => plain(Key))
    expect(await keys({ Prefix: 'a/' })).toEqual(['a/1', 'a/2'])
    expect(await keys({ StartAfter: 'c/1', MaxKeys: 1 })).toEqual(['d e'])
    expect(
      (await client.send(new ListObjectsCommand({ Bucket: listed, Prefix: 'a/', Marker: 'a/1' }))).Contents?.map(({ Key }) => Key),
    ).toEqual(['a/2'])
    const owned = await client.send(new ListObjectsV2Command({ Bucket: listed, Prefix: 'a/', FetchOwner: true }))
    expect(owned.Contents?.[0]?.Owner?.ID).toBe(ACCOUNT)
    expect(await client.send(new ListObjectsV2Command({ Bucket: listed, MaxKeys: 0 }))).toMatchObject({ KeyCount: 0, IsTruncated: false })
    const page = (more: object) => nameOf(client.send(new ListObjectsV2Command({ Bucket: listed, ...more })))
    expect([await page({ MaxKeys: -1 }), await page({ ContinuationToken: 'x' }), await page({ EncodingType: 'x' as never })]).toEqual(
      Array(3).fill('InvalidArgument'),
    )
  })

  test('many keys are deleted at once, each with its own authorization', async () => {
    const user = s3(sandbox.urls.aws, keyFor({ Effect: 'Allow', Action: 's3:DeleteObject', Resource: `arn:aws:s3:::${listed}/a/*` }))
    const removed = await user.send(
      new DeleteObjectsCommand({ Bucket: listed, Delete: { Objects: ['a/1', 'b', 'nothing'].map((Key) => ({ Key })) } }),
    )
    expect(removed.Deleted?.map(({ Key }) => Key)).toEqual(['a/1'])
    expect(removed.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ['b', 'AccessDenied'],
      ['nothing', 'AccessDenied'],
    ])
    const quiet = await owner.send(new DeleteObjectsCommand({ Bucket: listed, Delete: { Objects: [{ Key: 'a/2' }], Quiet: true } }))
    expect([quiet.Deleted, quiet.Errors]).toEqual([undefined, undefined])
  })
})

describe('buckets', () => {
  const create = (name: string, region?: string) =>
    owner.send(
      new CreateBucketCommand({ Bucket: name, ...(region ? { CreateBucketConfiguration: { LocationConstraint: region as never } } : {}) }),
    )
  test('are created, found, listed and deleted when empty', async () => {
    await create('acme-made-here', 'eu-central-1')
    expect((await owner.send(new HeadBucketCommand({ Bucket: 'acme-made-here' }))).BucketRegion).toBe('eu-central-1')
    expect((await owner.send(new GetBucketLocationCommand({ Bucket: 'acme-made-here' }))).LocationConstraint).toBe('eu-central-1')
    const names = async (more: object) => (await owner.send(new ListBucketsCommand(more))).Buckets?.map(({ Name }) => Name)
    expect(await names({ Prefix: 'acme-made' })).toEqual(['acme-made-here'])
    const first = await owner.send(new ListBucketsCommand({ MaxBuckets: 1 }))
    expect([first.Buckets?.length, first.ContinuationToken === undefined]).toEqual([1, false])
    expect((await names({ MaxBuckets: 1, ContinuationToken: first.ContinuationToken }))?.[0]).not.toBe(first.Buckets?.[0]?.Name)
    await owner.send(new PutObjectCommand({ Bucket: 'acme-made-here', Key: 'x', Body: 'x' }))
    expect(await nameOf(owner.send(new DeleteBucketCommand({ Bucket: 'acme-made-here' })))).toBe('BucketNotEmpty')
    await owner.send(new DeleteObjectsCommand({ Bucket: 'acme-made-here', Delete: { Objects: [{ Key: 'x' }] } }))
    await owner.send(new DeleteBucketCommand({ Bucket: 'acme-made-here' }))
    expect(await nameOf(owner.send(new GetBucketLocationCommand({ Bucket: 'acme-made-here' })))).toBe('NoSuchBucket')
  })
  test.each<[string, string, string]>([
    ['acme-releases', 'eu-central-1', 'BucketAlreadyOwnedByYou'],
    ['acme-staging-uploads', 'eu-central-1', 'BucketAlreadyExists'],
    ['Acme', 'eu-central-1', 'InvalidBucketName'],
    ['192.168.1.1', 'eu-central-1', 'InvalidBucketName'],
    ['ok-name-1', 'us-west-2', 'IllegalLocationConstraintException'],
    ['ok-name-1', 'here', 'InvalidLocationConstraint'],
  ])('%s in %s is %s', async (name, region, code) => expect(await nameOf(create(name, region))).toBe(code))
})

describe('multipart uploads', () => {
  const start = (Key: string, more: object = {}) => owner.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))
  const part = (Key: string, UploadId: string | undefined, PartNumber: number, Body: string | Buffer, more: object = {}) =>
    owner.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }))
  const complete = (Key: string, UploadId: string | undefined, Parts: object[], more: object = {}) =>
    owner.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }))
  const large = Buffer.alloc(PART_BYTES, 'a')

  test('parts in any order become one object, with what the start said', async () => {
    const { UploadId } = await start('whole', { Metadata: { a: '1' }, Tagging: 'k=v', ContentType: 'text/css' })
    const second = await part('whole', UploadId, 2, 'end')
    const first = await part('whole', UploadId, 1, large)
    const parts = await owner.send(new ListPartsCommand({ Bucket, Key: 'whole', UploadId }))
    expect(parts.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, PART_BYTES],
      [2, 3],
    ])
    const page = await owner.send(new ListPartsCommand({ Bucket, Key: 'whole', UploadId, MaxParts: 1, PartNumberMarker: '1' }))
    expect([page.Parts?.map(({ PartNumber }) => PartNumber), page.IsTruncated]).toEqual([[2], false])
    expect((await owner.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.map(({ Key }) => Key)).toContain('whole')
    const done = await complete('whole', UploadId, [
      { PartNumber: 1, ETag: first.ETag },
      { PartNumber: 2, ETag: second.ETag },
    ])
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/)
    const found = await read('whole')
    expect([found.ContentLength, found.ETag, found.text.slice(-4), found.Metadata, found.TagCount, found.ContentType]).toEqual([
      PART_BYTES + 3,
      done.ETag,
      'aend',
      { a: '1' },
      1,
      'text/css',
    ])
    expect(await nameOf(part('whole', UploadId, 1, 'x'))).toBe('NoSuchUpload')
  })

  test.each(['CRC32', 'SHA256', 'CRC64NVME'] as const)('the %s of the whole is returned', async (ChecksumAlgorithm) => {
    const { UploadId } = await start('summed', { ChecksumAlgorithm })
    const one = await part('summed', UploadId, 1, 'abc', { ChecksumAlgorithm })
    const field = `Checksum${ChecksumAlgorithm}` as const
    const done = await complete('summed', UploadId, [{ PartNumber: 1, ETag: one.ETag, [field]: one[field] }])
    expect(done[field]).toMatch(ChecksumAlgorithm === 'CRC64NVME' ? /^[^-]+$/ : /-1$/)
    expect((await read('summed'))[field]).toBe(done[field])
  })

  test('a part can be copied, whole or in part', async () => {
    await put('source', { Body: '0123456789' })
    const { UploadId } = await start('pieced')
    const copied = await owner.send(
      new UploadPartCopyCommand({
        Bucket,
        Key: 'pieced',
        UploadId,
        PartNumber: 1,
        CopySource: `${Bucket}/source`,
        CopySourceRange: 'bytes=2-4',
      }),
    )
    await complete('pieced', UploadId, [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }])
    expect((await read('pieced')).text).toBe('234')
  })

  test('what does not fit is refused, and the upload stays', async () => {
    const { UploadId } = await start('faulty')
    const one = await part('faulty', UploadId, 1, 'small')
    const two = await part('faulty', UploadId, 2, 'end')
    const [first, second] = [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 2, ETag: two.ETag },
    ]
    expect([
      await nameOf(complete('faulty', UploadId, [first, second])),
      await nameOf(complete('faulty', UploadId, [second, first])),
      await nameOf(complete('faulty', UploadId, [{ PartNumber: 1, ETag: '"0"' }])),
      await nameOf(complete('faulty', UploadId, [{ PartNumber: 3, ETag: one.ETag }])),
      await nameOf(complete('faulty', UploadId, [first], { MpuObjectSize: 1 })),
      await nameOf(complete('other', UploadId, [first])),
      await nameOf(part('faulty', UploadId, 10_001, 'x')),
      await nameOf(complete('faulty', UploadId, [first])),
    ]).toEqual([
      'EntityTooSmall',
      'InvalidPartOrder',
      'InvalidPart',
      'InvalidPart',
      'InvalidRequest',
      'NoSuchUpload',
      'InvalidArgument',
      'allowed',
    ])
  })
})

describe('presigned URLs and virtual-hosted names', () => {
  const plainGet = (path: string, host: string, method = 'GET', body?: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const { port } = new URL(sandbox.urls.aws)
      const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers: { host } }, (answer) => {
        let text = ''
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  async function presigned(
    path: string,
    host: string,
    options: { method?: string; expiresIn?: number; key?: SigningKey; query?: Record<string, string> } = {},
  ) {
    const signer = new SignatureV4({
      service: 's3',
      region: 'eu-central-1',
      credentials: options.key ?? ownerKey,
      sha256: Sha256,
      uriEscapePath: false,
    })
    const request = {
      method: options.method ?? 'GET',
      protocol: 'http:',
      hostname: host,
      path,
      headers: { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      query: options.query ?? {},
    }
    const { query = {} } = await signer.presign(request, { expiresIn: options.expiresIn ?? 900, signingDate: new Date(sandbox.now()) })
    return `${path}?${new URLSearchParams(query as Record<string, string>)}`
  }
  const home = () => new URL(sandbox.urls.aws).host

  test('a URL is good for its time, for its method and for what it names', async () => {
    await put('shared')
    const path = await presigned(`/${Bucket}/shared`, home(), { expiresIn: 60 })
    expect(await plainGet(path, home())).toEqual({ status: 200, text: 'text' })
    expect((await plainGet(path, home(), 'DELETE')).text).toContain('SignatureDoesNotMatch')
    expect((await plainGet(path.replace('shared', 'other'), home())).text).toContain('SignatureDoesNotMatch')
    expect((await plainGet(path.replace('X-Amz-Expires=60', 'X-Amz-Expires=90'), home())).text).toContain('SignatureDoesNotMatch')
    sandbox.advance(60_000)
    expect(await plainGet(path, home())).toMatchObject({
      status: 403,
      text: expect.stringContaining('<Message>Request has expired</Message>'),
    })
    sandbox.advance(-60_000)
    const upload = await presigned(`/${Bucket}/posted`, home(), { method: 'PUT' })
    expect((await plainGet(upload, home(), 'PUT', 'by URL')).status).toBe(200)
    expect((await read('posted')).text).toBe('by URL')
  })

  test.each(['X-Amz-Checksum-Mode', 'x-amz-checksum-mode'])(
    'a URL for which an SDK moved its header into the query as %s',
    async (name) => {
      await put('shared')
      const query = { [name]: 'ENABLED' }
      expect(await plainGet(await presigned(`/${Bucket}/shared`, home(), { query }), home())).toEqual({ status: 200, text: 'text' })
      const elsewhere = await presigned(`/${Bucket}/shared`, home(), { query, method: 'PUT' })
      expect((await plainGet(elsewhere, home(), 'PUT', 'x')).text).toContain('<Code>NotImplemented</Code>')
      expect((await read('shared')).text).toBe('text')
    },
  )

  test('a policy can tell how a call was signed, and how old the signature is', async () => {
    await put('shared')
    const of = (Condition: StatementJson['Condition']) =>
      keyFor({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...(Condition ? { Condition } : {}) })
    const young = of({ NumericLessThan: { 's3:signatureAge': '5000' } })
    const path = await presigned(`/${Bucket}/shared`, home(), { key: young })
    expect((await plainGet(path, home())).status).toBe(200)
    sandbox.advance(10_000)
    expect((await plainGet(path, home())).status).toBe(403)
    sandbox.advance(-10_000)
    const header = of({ StringEquals: { 's3:authType': 'REST-HEADER' } })
    expect((await plainGet(await presigned(`/${Bucket}/shared`, home(), { key: header }), home())).status).toBe(403)
    expect(await nameOf(s3(sandbox.urls.aws, header).send(new GetObjectCommand({ Bucket, Key: 'shared' })))).toBe('allowed')
  })

  test.each(['acme-releases.localhost', 'acme-releases.s3.localhost', 'acme-releases.s3.eu-central-1.localhost', 's3.localhost'])(
    'the host %s',
    async (name) => {
      await put('hosted/a b')
      const host = `${name}:${new URL(sandbox.urls.aws).port}`
      const path = name === 's3.localhost' ? `/${Bucket}/hosted/a%20b` : '/hosted/a%20b'
      expect(await plainGet(await presigned(path, host), host)).toEqual({ status: 200, text: 'text' })
    },
  )
  test('another host is refused, whatever it resolves to', async () => {
    for (const host of ['acme-releases.localhost.evil.example', 'evil.example', 'notlocalhost'])
      expect((await plainGet('/', host)).status).toBe(403)
  })
  test('dot segments and empty segments are part of a key', async () => {
    for (const key of ['a/../b', 'a//b', './a', 'a/.']) {
      const path = `/${Bucket}/${key}`
      expect((await plainGet(await presigned(path, home(), { method: 'PUT' }), home(), 'PUT', key)).status).toBe(200)
      expect(await plainGet(await presigned(path, home()), home())).toEqual({ status: 200, text: key })
    }
    expect((await errorOf(owner.send(new GetObjectCommand({ Bucket, Key: 'b' })))).name).toBe('NoSuchKey')
  })
})
