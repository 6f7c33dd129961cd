/**
 * Which operation of S3 a request is. A query parameter or header that the operation does not support is refused: it would change what
 * the request means. Source: Amazon S3 API Reference, the request syntax of each operation.
 */
import { isSignatureParameter, type SignedRequest } from '../sigv4.ts'
import type { Address } from './address.ts'
import { invalidArgument, notImplemented, type Reply } from './answer.ts'
import { createBucket, deleteBucket, getBucketLocation, getBucketVersioning, headBucket, listBuckets } from './buckets.ts'
import { deleteObjects } from './delete-objects.ts'
import { listObjects, listObjectsV2 } from './listing.ts'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
  uploadPartCopy,
} from './multipart.ts'
import { copyObject, deleteObject, getObject, putObject } from './objects.ts'
import type { S3Request } from './request.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './tagging.ts'

export type Operation = {
  readonly name: string
  readonly method: string
  readonly level: 'service' | 'bucket' | 'object'
  /** Query parameters that select it, all of them. */
  readonly selectors?: readonly string[]
  /** Other query parameters that it supports. */
  readonly query?: readonly string[]
  /** Headers that it supports, besides those of every request. */
  readonly headers?: readonly string[]
  /** With `x-amz-copy-source`. */
  readonly copies?: true
  /** CloudTrail records it as a data event although it names no object. */
  readonly dataEvent?: true
  readonly run: (asked: S3Request) => Reply
}

const READ = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']
const BODY = ['content-md5', 'x-amz-decoded-content-length', 'x-amz-trailer', 'x-amz-sdk-checksum-algorithm', 'x-amz-checksum-*']
const STORE = ['x-amz-meta-*', 'x-amz-tagging', 'x-amz-acl', 'x-amz-storage-class', 'x-amz-server-side-encryption']
const WRITE = ['if-match', 'if-none-match']
const SOURCE = ['x-amz-copy-source', 'x-amz-copy-source-if-*', 'x-amz-source-expected-bucket-owner']
const RESPONSE = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type', 'expires'].map(
  (name) => `response-${name}`,
)

/**
 * What AWS SDK for Java 2 sends with each GetObject: the checksum of the empty body, and an offer to take an MD5 after the object. An answer
 * without `x-amz-transfer-encoding: append-md5` has none. Source: `SyncChecksumValidationInterceptor` and `ChecksumsEnabledValidator` of
 * aws-sdk-java-v2.
 */
const JAVA = ['x-amz-te', 'x-amz-checksum-*']
/**
 * SDKs move this header into the query of a presigned URL, where S3 accepts and ignores it. Sources: aws/aws-sdk-go-v2#3530,
 * aws/aws-sdk-java-v2#7035, boto/boto3#3465.
 */
const MODE_IN_QUERY = ['X-Amz-Checksum-Mode', 'x-amz-checksum-mode']

export const operations: readonly Operation[] = [
  {
    name: 'ListBuckets',
    method: 'GET',
    level: 'service',
    query: ['prefix', 'max-buckets', 'continuation-token', 'bucket-region'],
    run: listBuckets,
  },

  {
    name: 'ListObjects',
    method: 'GET',
    level: 'bucket',
    query: ['prefix', 'delimiter', 'marker', 'max-keys', 'encoding-type'],
    dataEvent: true,
    run: listObjects,
  },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    level: 'bucket',
    selectors: ['list-type'],
    query: ['prefix', 'delimiter', 'start-after', 'continuation-token', 'max-keys', 'encoding-type', 'fetch-owner'],
    dataEvent: true,
    run: listObjectsV2,
  },
  { name: 'GetBucketLocation', method: 'GET', level: 'bucket', selectors: ['location'], run: getBucketLocation },
  { name: 'GetBucketVersioning', method: 'GET', level: 'bucket', selectors: ['versioning'], run: getBucketVersioning },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    level: 'bucket',
    selectors: ['uploads'],
    query: ['prefix', 'delimiter', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
    run: listMultipartUploads,
  },
  { name: 'HeadBucket', method: 'HEAD', level: 'bucket', dataEvent: true, run: headBucket },
  { name: 'CreateBucket', method: 'PUT', level: 'bucket', headers: [...BODY, 'x-amz-acl'], run: createBucket },
  { name: 'DeleteBucket', method: 'DELETE', level: 'bucket', run: deleteBucket },
  { name: 'DeleteObjects', method: 'POST', level: 'bucket', selectors: ['delete'], headers: BODY, dataEvent: true, run: deleteObjects },

  {
    name: 'GetObject',
    method: 'GET',
    level: 'object',
    query: [...RESPONSE, ...MODE_IN_QUERY],
    headers: [...READ, 'range', 'x-amz-checksum-mode', ...JAVA],
    run: getObject,
  },
  {
    name: 'HeadObject',
    method: 'HEAD',
    level: 'object',
    query: [...RESPONSE, ...MODE_IN_QUERY],
    headers: [...READ, 'range', 'x-amz-checksum-mode'],
    run: getObject,
  },
  { name: 'PutObject', method: 'PUT', level: 'object', headers: [...BODY, ...STORE, ...WRITE], run: putObject },
  {
    name: 'CopyObject',
    method: 'PUT',
    level: 'object',
    copies: true,
    headers: [...SOURCE, ...STORE, ...WRITE, 'x-amz-metadata-directive', 'x-amz-tagging-directive'],
    run: copyObject,
  },
  { name: 'DeleteObject', method: 'DELETE', level: 'object', headers: ['if-match'], run: deleteObject },

  { name: 'GetObjectTagging', method: 'GET', level: 'object', selectors: ['tagging'], run: getObjectTagging },
  { name: 'PutObjectTagging', method: 'PUT', level: 'object', selectors: ['tagging'], headers: BODY, run: putObjectTagging },
  { name: 'DeleteObjectTagging', method: 'DELETE', level: 'object', selectors: ['tagging'], run: deleteObjectTagging },

  {
    name: 'CreateMultipartUpload',
    method: 'POST',
    level: 'object',
    selectors: ['uploads'],
    headers: [...STORE, 'x-amz-checksum-algorithm', 'x-amz-checksum-type', 'content-md5'],
    run: createMultipartUpload,
  },
  { name: 'UploadPart', method: 'PUT', level: 'object', selectors: ['partNumber', 'uploadId'], headers: BODY, run: uploadPart },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    level: 'object',
    selectors: ['partNumber', 'uploadId'],
    copies: true,
    headers: [...SOURCE, 'x-amz-copy-source-range'],
    run: uploadPartCopy,
  },
  {
    name: 'ListParts',
    method: 'GET',
    level: 'object',
    selectors: ['uploadId'],
    query: ['max-parts', 'part-number-marker', 'encoding-type'],
    run: listParts,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    level: 'object',
    selectors: ['uploadId'],
    headers: [...BODY, ...WRITE, 'x-amz-mp-object-size'],
    run: completeMultipartUpload,
  },
  { name: 'AbortMultipartUpload', method: 'DELETE', level: 'object', selectors: ['uploadId'], run: abortMultipartUpload },
]

/** Headers of every request. They sign it, or say who should own the bucket. */
const COMMON = ['x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256', 'x-amz-user-agent', 'x-amz-expected-bucket-owner']
/** Standard headers that change what S3 does. Others, such as Accept, do not. */
const MEANINGFUL = /^(x-amz-.*|range|if-.*)$/

const levelOf = ({ bucket, key }: Address): Operation['level'] => (bucket === '' ? 'service' : key === '' ? 'bucket' : 'object')
/** `x-id` names the operation for proxies; S3 ignores it. */
const namesIn = (query: URLSearchParams): readonly string[] =>
  [...query.keys()].filter((name) => name !== 'x-id' && !isSignatureParameter(name))

/**
 * The rest are management events. Source: Amazon S3 User Guide, "Amazon S3 CloudTrail events": the object-level actions, and the
 * bucket-level operations that are recorded as such.
 */
export const isDataEvent = ({ level, dataEvent }: Operation): boolean => level === 'object' || dataEvent === true

/** The operation that the method and the query select, whatever the headers, or undefined. */
export function operationOf(request: SignedRequest, address: Address): Operation | undefined {
  const query = new URLSearchParams(request.url.split('?').slice(1).join('?'))
  const names = namesIn(query)
  const copies = request.headers['x-amz-copy-source'] !== undefined
  return operations.find(
    (one) =>
      one.method === request.method &&
      one.level === levelOf(address) &&
      (one.copies === true) === (copies && operations.some((other) => other.copies && sameCall(one, other))) &&
      (one.selectors ?? []).every((name) => query.has(name)) &&
      names.every((name) => one.selectors?.includes(name) || one.query?.includes(name)),
  )
}

const sameCall = (one: Operation, other: Operation): boolean =>
  one.method === other.method && one.level === other.level && String(one.selectors) === String(other.selectors)

export function needOperation(request: SignedRequest, address: Address): Operation {
  const query = new URLSearchParams(request.url.split('?').slice(1).join('?'))
  const names = namesIn(query)
  const repeated = names.find((name) => query.getAll(name).length > 1)
  if (repeated !== undefined) throw invalidArgument('Each query parameter can be given once.', repeated, query.getAll(repeated).join(','))
  const found = operationOf(request, address)
  if (!found) {
    const query =
      names.length > 0
        ? ` with ${names
            .slice(0, 5)
            .map((name) => name.slice(0, 40))
            .join(', ')}`
        : ''
    throw notImplemented(`The sandbox’s S3 does not support ${request.method} of ${article[levelOf(address)]}${query}.`)
  }
  const stray = Object.keys(request.headers).find((name) => MEANINGFUL.test(name) && !supports(found, name))
  if (stray !== undefined) throw notImplemented('A header you provided implies functionality that is not implemented', { Header: stray })
  return found
}

const article = { service: 'the account', bucket: 'a bucket', object: 'an object' } as const

const supports = ({ headers = [] }: Operation, name: string): boolean =>
  [...COMMON, ...headers].some((known) => (known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : name === known))
