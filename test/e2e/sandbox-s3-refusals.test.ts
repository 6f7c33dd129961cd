/**
 * Nothing of S3 is ignored: every subresource, query parameter and header that AWS has is either supported or answered with
 * NotImplemented, and a refused call changes nothing. The subresources are those of the Amazon S3 API Reference.
 */
import { createHash } from 'node:crypto'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { addUser } from '@stint/sandbox/aws/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, s3 } from '../support/aws.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const BUCKET = 'acme-releases'
const KEY = 'kept.txt'

let sandbox: TestSandbox
let client: S3Client
beforeAll(async () => {
  sandbox = await testSandbox()
  client = newClient()
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'kept', Tagging: 'kept=yes' }))
})
afterAll(() => sandbox.close())

const everything = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' } } as const
const newClient = () => s3(sandbox.urls.aws, addUser(sandbox.aws.world, 'arn:aws:iam::111122223333:user/owner', [everything]))

type Change = {
  readonly method?: string
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Sends a call that the SDK cannot make: changed before it is signed. */
async function sent(level: 'bucket' | 'object', change: Change): Promise<string> {
  const odd = newClient()
  let status = 0
  odd.middlewareStack.add(
    (next) => (args: any) => {
      const { request } = args
      Object.assign(request, { method: change.method ?? 'GET', query: { ...change.query } })
      // The SDK's GetObject asks for a checksum, which would be refused in another call.
      if (change.method !== undefined) delete request.headers['x-amz-checksum-mode']
      Object.assign(request.headers, change.headers)
      if (change.body !== undefined) {
        request.body = change.body
        request.headers['content-length'] = String(Buffer.byteLength(change.body))
      }
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'odd' },
  )
  odd.middlewareStack.add(
    (next) => async (args: any) => {
      const answered = await next(args)
      status = (answered.response as any).statusCode
      return answered
    },
    { step: 'deserialize', priority: 'low', name: 'status' },
  )
  const command = level === 'bucket' ? new ListObjectsV2Command({ Bucket: BUCKET }) : new GetObjectCommand({ Bucket: BUCKET, Key: KEY })
  const name = await odd.send(command as GetObjectCommand).then(
    () => undefined,
    (error: { name: string }) => error.name,
  )
  // A HEAD has no body, so the SDK has no name for its error.
  return status < 300 ? `done ${status}` : change.method === 'HEAD' ? String(status) : (name ?? '')
}

async function unchanged() {
  const found = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: KEY }))
  expect([await found.Body?.transformToString(), found.TagCount]).toEqual(['kept', 1])
  expect((await client.send(new ListObjectsV2Command({ Bucket: BUCKET }))).KeyCount).toBe(1)
}

const OF_BUCKETS = [
  ...['abac', 'accelerate', 'acl', 'analytics', 'cors', 'encryption', 'intelligent-tiering', 'inventory', 'lifecycle', 'logging'],
  ...['metadataAnnotationTable', 'metadataConfiguration', 'metadataInventoryTable', 'metadataJournalTable', 'metadataTable', 'metrics'],
  ...['notification', 'object-lock', 'ownershipControls', 'policy', 'policyStatus', 'publicAccessBlock', 'replication'],
  ...['requestPayment', 'session', 'tagging', 'versions', 'website'],
]
const OF_OBJECTS = [
  ...['acl', 'annotation', 'annotations', 'attributes', 'encryption', 'legal-hold', 'renameObject', 'restore', 'retention', 'select'],
  ...['torrent', 'versionId', 'append'],
]
/** Supported for some methods. */
const SUPPORTED: Record<string, readonly string[]> = {
  'bucket location': ['GET'],
  'bucket versioning': ['GET'],
  'bucket uploads': ['GET'],
  'bucket delete': ['POST'],
  'object tagging': ['GET', 'PUT', 'DELETE'],
  'object uploads': ['POST'],
  'object uploadId': ['GET', 'POST', 'DELETE'],
  'object partNumber': [],
}
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']

test('the control: the same calls without anything odd succeed', async () => {
  expect(await sent('object', {})).toBe('done 200')
  expect(await sent('bucket', {})).toBe('done 200')
  expect(await sent('object', { method: 'HEAD' })).toBe('done 200')
  // As AWS SDK for Java 2 reads an object.
  expect(await sent('object', { headers: { 'x-amz-te': 'append-md5', 'x-amz-checksum-crc32': 'AAAAAA==' } })).toBe('done 200')
  expect(await sent('object', { method: 'PUT', body: 'kept', headers: { 'x-amz-tagging': 'kept=yes' } })).toBe('done 200')
  const tagging =
    '<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>kept</Key><Value>y&#101;s</Value></Tag></TagSet></Tagging>'
  expect(await sent('object', { method: 'PUT', query: { tagging: '' }, body: tagging })).toBe('done 200')
  await unchanged()
})

describe('subresources', () => {
  const rows = [
    ...OF_BUCKETS.map((name) => ['bucket', name] as const),
    ...OF_OBJECTS.map((name) => ['object', name] as const),
    ...Object.keys(SUPPORTED).map((both) => both.split(' ') as ['bucket' | 'object', string]),
  ]
  test.each(rows)('of a %s: ?%s', async (level, name) => {
    for (const method of METHODS) {
      if (SUPPORTED[`${level} ${name}`]?.includes(method)) continue
      const answer = await sent(level, {
        method,
        query: { [name]: name === 'versionId' ? 'null' : '' },
        ...(method === 'PUT' || method === 'POST' ? { body: '<x/>' } : {}),
      })
      expect(`${method} ${answer}`).toBe(`${method} ${method === 'HEAD' ? '501' : 'NotImplemented'}`)
    }
    await unchanged()
  })
})

describe('query parameters', () => {
  test.each<['bucket' | 'object', Change]>([
    ['bucket', { query: { unheard: 'of' } }],
    ['bucket', { query: { 'list-type': '2', marker: 'a' } }],
    ['bucket', { query: { 'list-type': '2', uploads: '' } }],
    ['bucket', { query: { prefix: '', versions: '' } }],
    ['object', { query: { partNumber: '1' } }],
    ['object', { query: { unheard: 'of' } }],
    ['object', { method: 'PUT', query: { partNumber: '1' }, body: 'x' }],
    ['object', { method: 'PUT', query: { uploadId: 'x' }, body: 'x' }],
    ['object', { method: 'PUT', query: { tagging: '', uploadId: 'x' }, body: 'x' }],
    ['object', { method: 'DELETE', query: { uploadId: 'x', versionId: '1' } }],
    ['object', { method: 'POST', body: 'x' }],
    ['bucket', { method: 'POST', body: 'x' }],
  ])('of a %s: %j', async (level, change) => {
    expect(await sent(level, change)).toBe('NotImplemented')
    await unchanged()
  })
  test('two list types, two prefixes, and a list type that does not exist', async () => {
    const twice = (...values: string[]) => values as unknown as string
    expect(await sent('bucket', { query: { 'list-type': twice('2', '2') } })).toBe('InvalidArgument')
    expect(await sent('bucket', { query: { prefix: twice('a', 'b') } })).toBe('InvalidArgument')
    expect(await sent('bucket', { query: { 'list-type': '3' } })).toBe('InvalidArgument')
  })
})

describe('headers', () => {
  const put = { method: 'PUT', body: 'other' } as const
  test.each<['bucket' | 'object', Change, string]>([
    ['object', { ...put, headers: { 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-object-lock-mode': 'COMPLIANCE' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-object-lock-legal-hold': 'ON' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-write-offset-bytes': '4' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-website-redirect-location': '/x' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-server-side-encryption': 'aws:kms' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-storage-class': 'GLACIER' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-request-payer': 'requester' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-metadata-directive': 'REPLACE' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-unheard': 'of' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-te': 'append-md5' } }, 'NotImplemented'],
    ['object', { ...put, headers: { range: 'bytes=0-1' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'if-modified-since': 'Fri, 24 May 2013 00:00:00 GMT' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'if-none-match': '"0"' } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-acl': 'public-read' } }, 'AccessControlListNotSupported'],
    ['object', { ...put, headers: { 'x-amz-copy-source': `/${BUCKET}/${KEY}?versionId=1` } }, 'NotImplemented'],
    ['object', { ...put, headers: { 'x-amz-copy-source': 'nothing' } }, 'InvalidArgument'],
    ['object', { ...put, headers: { 'x-amz-expected-bucket-owner': '444455556666' } }, 'AccessDenied'],
    ['object', { method: 'PUT', query: { tagging: '' }, body: '<Tagging/>', headers: { 'x-amz-tagging': 'a=b' } }, 'NotImplemented'],
    [
      'object',
      { method: 'PUT', query: { tagging: '' }, body: '<Tagging/>', headers: { 'x-amz-copy-source': `/${BUCKET}/${KEY}` } },
      'NotImplemented',
    ],
    ['object', { method: 'DELETE', headers: { 'x-amz-mfa': '1 2' } }, 'NotImplemented'],
    ['object', { method: 'DELETE', headers: { 'x-amz-bypass-governance-retention': 'true' } }, 'NotImplemented'],
    ['object', { method: 'DELETE', headers: { 'if-none-match': '*' } }, 'NotImplemented'],
    ['object', { headers: { 'if-range': '"0"' } }, 'NotImplemented'],
    ['object', { headers: { range: 'bytes=0-1,3-4' } }, 'NotImplemented'],
    ['object', { headers: { 'x-amz-tagging': 'a=b' } }, 'NotImplemented'],
    ['object', { headers: { 'x-amz-checksum-crc32': 'AAAAAQ==' } }, 'BadDigest'],
    ['bucket', { headers: { 'x-amz-optional-object-attributes': 'RestoreStatus' } }, 'NotImplemented'],
    ['bucket', { headers: { 'if-match': '"0"' } }, 'NotImplemented'],
    ['bucket', { method: 'PUT', headers: { 'x-amz-bucket-object-lock-enabled': 'true' } }, 'NotImplemented'],
  ])('of a %s: %j is %s', async (level, change, code) => {
    expect(await sent(level, change)).toBe(code)
    await unchanged()
  })
})

describe('documents', () => {
  const tagging = (body: string) => sent('object', { method: 'PUT', query: { tagging: '' }, body })
  const tags = (...pairs: [string, string][]) =>
    `<Tagging><TagSet>${pairs.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`
  test.each<[string, string, string]>([
    ['no XML', 'kept=no', 'MalformedXML'],
    ['another root', '<Tags/>', 'MalformedXML'],
    ['an element that is not closed', '<Tagging><TagSet>', 'MalformedXML'],
    ['elements that cross', '<Tagging><TagSet></Tagging></TagSet>', 'MalformedXML'],
    ['a document type', '<!DOCTYPE x [<!ENTITY e "e">]><Tagging><TagSet/></Tagging>', 'MalformedXML'],
    ['an unknown entity', tags(['a', '&e;']), 'MalformedXML'],
    ['an entity with the name of an inherited property', tags(['a', '&constructor;']), 'MalformedXML'],
    ['an unknown element', '<Tagging><TagSet/><More/></Tagging>', 'MalformedXML'],
    ['deep nesting', '<Tagging>'.repeat(100), 'MalformedXML'],
    ['the same key twice', tags(['a', '1'], ['a', '2']), 'InvalidTag'],
    ['a system tag', tags(['aws:a', '1']), 'InvalidTag'],
    ['a long key', tags(['k'.repeat(129), '1']), 'InvalidTag'],
    ['a long value', tags(['k', 'v'.repeat(257)]), 'InvalidTag'],
    ['eleven tags', tags(...Array.from({ length: 11 }, (_, index) => [`k${index}`, ''] as [string, string])), 'BadRequest'],
  ])('tags: %s', async (_name, body, code) => {
    expect(await tagging(body)).toBe(code)
    await unchanged()
  })
  test('a list to delete needs a checksum, keys and nothing that is not supported', async () => {
    const md5 = (body: string) => ({ 'content-md5': createHash('md5').update(body).digest('base64') })
    const remove = (body: string, headers: Record<string, string> = {}) =>
      sent('bucket', { method: 'POST', query: { delete: '' }, body, headers })
    const list = (objects: string) => `<Delete>${objects}</Delete>`
    const key = list(`<Object><Key>${KEY}</Key></Object>`)
    for (const [body, code] of [
      [list(''), 'MalformedXML'],
      [list('<Object/>'), 'MalformedXML'],
      [list('<Object><Key></Key></Object>'), 'MalformedXML'],
      [list(`<Object><Key>${KEY}</Key></Object>`.repeat(1001)), 'MalformedXML'],
      [list(`<Object><Key>${KEY}</Key><More/></Object>`), 'MalformedXML'],
      [list(`<Object><Key>${KEY}</Key><VersionId>null</VersionId></Object>`), 'NotImplemented'],
      [list(`<Object><Key>${KEY}</Key><ETag>"0"</ETag></Object>`), 'NotImplemented'],
    ] as const)
      expect([body.slice(0, 100), await remove(body, md5(body))]).toEqual([body.slice(0, 100), code])
    expect(await remove(key)).toBe('InvalidRequest')
    expect(await remove(key, { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' })).toBe('BadDigest')
    expect(await remove(key, { 'content-md5': 'x' })).toBe('InvalidDigest')
    await unchanged()
    const nothing = key.replace(KEY, 'nothing')
    expect(await remove(nothing, md5(nothing))).toBe('done 200')
  })
  test('the error of a missing header has its name', async () => {
    const error = await errorOf(client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'x', WebsiteRedirectLocation: '/x' })))
    expect(error).toMatchObject({ name: 'NotImplemented', Header: 'x-amz-website-redirect-location', $metadata: { httpStatusCode: 501 } })
  })
})
