/**
 * A small S3 with path-style URLs. It authorizes calls with vended credentials and supports conditional writes.
 * Source: Amazon S3 API Reference; authorization per "Actions, resources, and condition
 * keys for Amazon S3".
 */
import { createHash } from 'node:crypto'
import type { ContextInput } from '@stint/iam'
import { authorize, type Call, deniedMessage } from './authorize.ts'
import type { SignedRequest } from './sigv4.ts'
import type { Answer } from './sts.ts'
import { type Bucket, putObject, type StoredObject, type World } from './world.ts'
import { type Node, xml } from './xml.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

export function s3Error(status: number, code: string, message: string, requestId: string, extra: Record<string, Node> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${xml({ Error: { Code: code, Message: message, ...extra, RequestId: requestId } })}`,
  }
}

type Target = { readonly bucket: Bucket; readonly key: string }

export function handleS3(world: World, call: Call, request: SignedRequest): Answer {
  const url = new URL(request.url, 'http://sandbox')
  const [, name = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decodeURIComponent(url.pathname)) ?? []
  const query = url.searchParams
  if (name === '') return request.method === 'GET' ? listBuckets(world, call) : notImplemented(call)

  const bucket = world.buckets.get(name)
  if (!bucket) return s3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', call.requestId, { BucketName: name })
  const target = { bucket, key }
  if (key === '') {
    if (request.method === 'GET' && query.get('list-type') === '2') return listObjects(call, bucket, query)
    if (request.method === 'HEAD') return headless(guard(call, target, 's3:ListBucket') ?? ok(call))
    return notImplemented(call)
  }
  switch (request.method) {
    case 'GET':
      return getObject(call, target, request.headers['x-amz-checksum-mode'])
    case 'HEAD':
      return headless(getObject(call, target, request.headers['x-amz-checksum-mode']))
    case 'PUT':
      return put(call, target, request)
    case 'DELETE':
      return remove(call, target)
    default:
      return notImplemented(call)
  }
}

const ok = (call: Call, headers: Record<string, string> = {}, body: string | Buffer = ''): Answer => ({
  status: 200,
  headers: { 'x-amz-request-id': call.requestId, ...headers },
  body,
})
const document = (call: Call, node: Node): Answer =>
  ok(call, { 'content-type': 'application/xml' }, `<?xml version="1.0" encoding="UTF-8"?>\n${xml(node)}`)
const headless = (answer: Answer): Answer => ({ ...answer, body: '' })
const notImplemented = (call: Call): Answer =>
  s3Error(501, 'NotImplemented', 'The sandbox’s S3 does not support this call.', call.requestId)

/** Returns the refusal if the call is not allowed on the bucket (without a key) or the object. */
function guard(call: Call, { bucket, key }: Target, action: string, context: ContextInput = {}): Answer | undefined {
  const arn = `arn:aws:s3:::${bucket.name}${action === 's3:ListBucket' ? '' : `/${key}`}`
  const decision = authorize(call, {
    action,
    resource: { arn, account: bucket.account },
    context: { 's3:ResourceAccount': bucket.account, ...context },
    ...(bucket.policy ? { resourcePolicy: bucket.policy } : {}),
  })
  if (decision.allowed) return undefined
  return s3Error(403, 'AccessDenied', deniedMessage(call, action, `"${arn}"`, decision), call.requestId)
}

function listBuckets(world: World, call: Call): Answer {
  const action = 's3:ListAllMyBuckets'
  const { account } = call.identity.principal
  const decision = authorize(call, { action, resource: { arn: 'arn:aws:s3:::*', account } })
  if (!decision.allowed) return s3Error(403, 'AccessDenied', deniedMessage(call, action, '"arn:aws:s3:::*"', decision), call.requestId)
  const own = [...world.buckets.values()].filter((bucket) => bucket.account === account)
  return document(call, {
    [`ListAllMyBucketsResult xmlns="${NAMESPACE}"`]: {
      Owner: { ID: account },
      Buckets:
        own.length === 0
          ? ''
          : { Bucket: own.map(({ name, createdAt }) => ({ Name: name, CreationDate: new Date(createdAt).toISOString() })) },
    },
  })
}

function listObjects(call: Call, bucket: Bucket, query: URLSearchParams): Answer {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const limit = Math.min(Number(query.get('max-keys') ?? 1000), 1000)
  const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
  const refusal = guard(call, { bucket, key: '' }, 's3:ListBucket', {
    's3:prefix': prefix,
    ...(delimiter ? { 's3:delimiter': delimiter } : {}),
    's3:max-keys': String(limit),
  })
  if (refusal) return refusal

  const contents: Node[] = []
  const prefixes = new Set<string>()
  let last = ''
  let truncated = false
  for (const [key, object] of [...bucket.objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!key.startsWith(prefix) || key <= after) continue
    if (contents.length + prefixes.size >= limit) {
      truncated = true
      break
    }
    last = key
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (cut >= 0) prefixes.add(key.slice(0, cut + delimiter.length))
    else
      contents.push({
        Key: key,
        LastModified: new Date(object.modifiedAt).toISOString(),
        ETag: object.etag,
        Size: object.body.length,
        StorageClass: 'STANDARD',
      })
  }
  return document(call, {
    [`ListBucketResult xmlns="${NAMESPACE}"`]: {
      Name: bucket.name,
      Prefix: prefix,
      ...(delimiter ? { Delimiter: delimiter } : {}),
      KeyCount: contents.length + prefixes.size,
      MaxKeys: limit,
      IsTruncated: String(truncated),
      ...(truncated ? { NextContinuationToken: last } : {}),
      Contents: contents,
      CommonPrefixes: [...prefixes].map((Prefix) => ({ Prefix })),
    },
  })
}

const objectHeaders = (object: StoredObject): Record<string, string> => ({
  'content-type': object.type,
  'content-length': String(object.body.length),
  etag: object.etag,
  'last-modified': new Date(object.modifiedAt).toUTCString(),
})

/** `mode`: the response has a checksum on request, if the object was stored with one (`x-amz-checksum-mode`). */
function getObject(call: Call, target: Target, mode: string | string[] | undefined): Answer {
  const object = target.bucket.objects.get(target.key)
  const tags = Object.entries(object?.tags ?? {}).map(([key, value]) => [`s3:ExistingObjectTag/${key}`, value])
  const refusal = guard(call, target, 's3:GetObject', Object.fromEntries(tags))
  if (refusal) return refusal
  if (object) return ok(call, { ...objectHeaders(object), ...(mode === 'ENABLED' ? object.checksum : {}) }, object.body)
  // Only callers that can list the bucket learn whether a key exists.
  return (
    guard(call, target, 's3:ListBucket') ??
    s3Error(404, 'NoSuchKey', 'The specified key does not exist.', call.requestId, { Key: target.key })
  )
}

function put(call: Call, target: Target, request: SignedRequest): Answer {
  const { headers } = request
  const create = headers['if-none-match']
  const match = headers['if-match']
  const refusal = guard(call, target, 's3:PutObject', {
    ...(create === undefined ? {} : { 's3:if-none-match': create }),
    ...(match === undefined ? {} : { 's3:if-match': match }),
  })
  if (refusal) return refusal
  if (headers['x-amz-copy-source'] !== undefined) return notImplemented(call)
  const body = contentOf(request)
  if (!body) return notImplemented(call)

  const { objects } = target.bucket
  const present = objects.get(target.key)
  const failed = (condition: string) =>
    s3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', call.requestId, {
      Condition: condition,
    })
  if (create !== undefined && create !== '*') return s3Error(501, 'NotImplemented', 'If-None-Match takes * only.', call.requestId)
  if (create === '*' && present) return failed('If-None-Match')
  if (match !== undefined && !present)
    return s3Error(404, 'NoSuchKey', 'The specified key does not exist.', call.requestId, { Key: target.key })
  if (match !== undefined && unquoted(match) !== unquoted(present?.etag ?? '')) return failed('If-Match')
  const checksum = checksumOf(headers)
  if (checksum && checksum[SHA256] !== createHash('sha256').update(body).digest('base64'))
    return s3Error(400, 'BadDigest', 'The SHA256 you specified did not match the calculated checksum.', call.requestId)
  const object = putObject(
    target.bucket,
    target.key,
    body,
    headers['content-type'] ?? 'binary/octet-stream',
    call.now,
    checksum ? { checksum } : {},
  )
  return ok(call, { etag: object.etag, ...checksum })
}

const SHA256 = 'x-amz-checksum-sha256'
/** The only kind of checksum that the sandbox stores. S3 verifies it and returns it. */
const checksumOf = (headers: SignedRequest['headers']): { readonly [SHA256]: string } | undefined =>
  typeof headers[SHA256] === 'string' ? { [SHA256]: headers[SHA256] } : undefined

const unquoted = (etag: string) => etag.replace(/^"|"$/g, '')

function remove(call: Call, target: Target): Answer {
  const refusal = guard(call, target, 's3:DeleteObject')
  if (refusal) return refusal
  target.bucket.objects.delete(target.key)
  return { ...ok(call), status: 204 }
}

/** Decodes `aws-chunked` bodies of SDKs, which end with a checksum. The checksum is not verified. */
function contentOf({ headers, body }: SignedRequest): Buffer | undefined {
  const hash = headers['x-amz-content-sha256']
  if (typeof hash !== 'string' || !hash.startsWith('STREAMING-')) return body
  if (hash !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return undefined
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.subarray(at, end).toString('latin1'), 16)
    if (end < 0 || Number.isNaN(size)) return undefined
    if (size === 0) return Buffer.concat(parts)
    parts.push(body.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
