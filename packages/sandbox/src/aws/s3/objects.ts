/** Objects: read, write, copy, delete. Source: Amazon S3 API Reference, the operations of these names. */
import type { ContextInput } from '@stint/iam'
import type { Bucket, StoredObject } from '../world.ts'
import { decoded, split } from './address.ts'
import { document, invalidArgument, isoTime, noContent, notImplemented, type Reply, reply, S3Error } from './answer.ts'
import { type Checksum, checkMd5, checksumOf, elementOf, headerOf, verifiedChecksum } from './checksums.ts'
import { checkRead, checkSource, checkWrite, rangeOf } from './conditions.ts'
import {
  allow,
  bucketOf,
  checkOwner,
  existingTags,
  header,
  missing,
  ownBucket,
  refusalOf,
  requestedTags,
  type S3Request,
} from './request.ts'
import { type Attributes, etagOf, storeObject } from './store.ts'
import { type Tags, tagsOfHeader } from './tagging.ts'

const MAX_METADATA_BYTES = 2048
export const ENCRYPTED = { 'x-amz-server-side-encryption': 'AES256' } as const
/** Headers that an upload sets and every download returns. */
const SYSTEM = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'] as const
/** Query parameters of a download that replace these headers. */
const OVERRIDES = ['content-type', ...SYSTEM]

// ── Read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function getObject(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  const object = readable(asked, bucket, asked.key)
  const named = (name: string) => header(asked, name)
  verifiedChecksum(named, asked.content.trailers, asked.content.body)
  checkRead(named, object)
  const range = rangeOf(named('range'), object.body.length)
  const body = range ? object.body.subarray(range.first, range.last + 1) : object.body
  const tags = Object.keys(object.tags ?? {}).length
  const showsTags = tags > 0 && !refusalOf(asked, bucket, asked.key, 's3:GetObjectTagging', existingTags(object))
  return reply(
    {
      ...objectHeaders(object),
      ...overrides(asked),
      ...(range ? { 'content-range': `bytes ${range.first}-${range.last}/${object.body.length}` } : {}),
      'content-length': String(body.length),
      ...(showsTags ? { 'x-amz-tagging-count': String(tags) } : {}),
      ...(named('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' && !range ? checksumHeaders(object.checksum) : {}),
    },
    body,
    range ? 206 : 200,
  )
}

/** The object, if the caller may read it. */
function readable(asked: S3Request, bucket: Bucket, key: string): StoredObject {
  const object = bucket.objects.get(key)
  allow(asked, bucket, key, 's3:GetObject', existingTags(object))
  if (!object) throw missing(asked, bucket, key)
  return object
}

const objectHeaders = ({ type, system, metadata, etag, modifiedAt }: StoredObject): Readonly<Record<string, string>> => ({
  'content-type': type,
  ...system,
  ...Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value])),
  'accept-ranges': 'bytes',
  etag,
  'last-modified': new Date(modifiedAt).toUTCString(),
  ...ENCRYPTED,
})

function overrides({ query }: S3Request): Readonly<Record<string, string>> {
  return Object.fromEntries(
    OVERRIDES.flatMap((name) => {
      const value = query.get(`response-${name}`)
      if (value === null) return []
      if (/[^\t\x20-\x7E\x80-\xFF]/.test(value))
        throw invalidArgument('Header value cannot be represented using ISO-8859-1.', `response-${name}`, value)
      return [[name, value]]
    }),
  )
}

const checksumHeaders = (checksum: Checksum | undefined): Readonly<Record<string, string>> =>
  checksum ? { [headerOf(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type } : {}

// ── Write ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function putObject(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  const attributes = attributesOf(asked)
  const named = (name: string) => header(asked, name)
  allowWrite(asked, bucket, attributes.tags)
  const { body, trailers } = asked.content
  checkMd5(named('content-md5'), body)
  const checksum = verifiedChecksum(named, trailers, body)
  checkWrite(named, bucket.objects.get(asked.key), asked.key)
  const object = storeObject(asked.world, bucket, asked.key, {
    ...attributes,
    ...{ body, etag: etagOf(body), modifiedAt: asked.call.now },
    ...(checksum ? { checksum } : {}),
  })
  return reply({ etag: object.etag, ...ENCRYPTED, ...checksumHeaders(checksum) })
}

/** PutObject, and PutObjectTagging where the upload sets tags. */
export function allowWrite(asked: S3Request, bucket: Bucket, tags: Tags | undefined, more: ContextInput = {}): void {
  const conditions = ['if-match', 'if-none-match', 'x-amz-acl', 'x-amz-server-side-encryption', 'x-amz-storage-class']
  const context = {
    ...Object.fromEntries(conditions.map((name) => [`s3:${name}`, header(asked, name)])),
    's3:ObjectCreationOperation': 'true',
    ...requestedTags(tags),
    ...more,
  }
  allow(asked, bucket, asked.key, 's3:PutObject', context)
  const existing = existingTags(bucket.objects.get(asked.key))
  if (tags && Object.keys(tags).length > 0) allow(asked, bucket, asked.key, 's3:PutObjectTagging', { ...existing, ...requestedTags(tags) })
  if (header(asked, 'x-amz-acl') !== undefined)
    allow(asked, bucket, asked.key, 's3:PutObjectAcl', { ...existing, 's3:x-amz-acl': header(asked, 'x-amz-acl') })
}

/** What an upload sets besides its bytes. */
export function attributesOf(asked: S3Request): Attributes {
  const metadata = Object.entries(asked.request.headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)] as const] : [],
  )
  const size = metadata.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
  if (size > MAX_METADATA_BYTES)
    throw new S3Error(400, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      Size: size,
      MaxSizeAllowed: MAX_METADATA_BYTES,
    })
  const system = SYSTEM.flatMap((name) => {
    const value = name === 'content-encoding' ? encodingOf(header(asked, name)) : header(asked, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const tags = tagsOfHeader(header(asked, 'x-amz-tagging'))
  return {
    type: header(asked, 'content-type') ?? 'binary/octet-stream',
    ...(metadata.length > 0 ? { metadata: Object.fromEntries(metadata) } : {}),
    ...(system.length > 0 ? { system: Object.fromEntries(system) } : {}),
    ...(tags ? { tags } : {}),
  }
}

/** `aws-chunked` is the encoding of the transfer. The others are the object's. */
function encodingOf(value: string | undefined): string | undefined {
  const others = (value ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one.toLowerCase() !== 'aws-chunked')
  return others.length > 0 ? others.join(',') : undefined
}

// ── Copy ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The source of a copy, for a caller who may read it. */
export function sourceOf(asked: S3Request): { readonly bucket: Bucket; readonly key: string; readonly object: StoredObject } {
  const text = header(asked, 'x-amz-copy-source') ?? ''
  const [path = '', query] = text.split('?')
  const [name, key] = split(decoded(path.replace(/^\//, '')))
  if (query !== undefined || name.startsWith('arn:'))
    throw notImplemented('The sandbox can copy only the current version of an object in a bucket.', {
      Header: 'x-amz-copy-source',
    })
  if (name === '' || key === '')
    throw invalidArgument('Copy Source must mention the source bucket and key: sourcebucket/sourcekey', 'x-amz-copy-source', text)
  const bucket = bucketOf(asked, name)
  checkOwner(bucket, header(asked, 'x-amz-source-expected-bucket-owner'))
  const object = readable(asked, bucket, key)
  checkSource((header_) => header(asked, header_), object)
  return { bucket, key, object }
}

export function copyObject(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  const metadataDirective = directive(asked, 'x-amz-metadata-directive')
  const taggingDirective = directive(asked, 'x-amz-tagging-directive')
  const source = sourceOf(asked)
  const own = attributesOf(asked)
  if (taggingDirective === 'COPY' && source.object.tags)
    allow(asked, source.bucket, source.key, 's3:GetObjectTagging', existingTags(source.object))
  const tags = taggingDirective === 'COPY' ? source.object.tags : own.tags
  allowWrite(asked, bucket, tags, {
    's3:x-amz-copy-source': `${source.bucket.name}/${source.key}`,
    's3:x-amz-metadata-directive': header(asked, 'x-amz-metadata-directive'),
  })
  const unchanged = metadataDirective === 'COPY' && header(asked, 'x-amz-storage-class') === undefined
  if (unchanged && source.bucket.name === bucket.name && source.key === asked.key)
    throw new S3Error(
      400,
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
  checkWrite((name) => header(asked, name), bucket.objects.get(asked.key), asked.key)
  const { body } = source.object
  const algorithm = source.object.checksum?.algorithm
  const object = storeObject(asked.world, bucket, asked.key, {
    ...attributesFor(metadataDirective === 'COPY' ? source.object : own, tags),
    ...{ body, etag: etagOf(body), modifiedAt: asked.call.now },
    ...(algorithm ? { checksum: { algorithm, value: checksumOf(algorithm, body), type: 'FULL_OBJECT' as const } } : {}),
  })
  return document(
    'CopyObjectResult',
    {
      LastModified: isoTime(object.modifiedAt),
      ETag: object.etag,
      ...(object.checksum ? { [elementOf(object.checksum.algorithm)]: object.checksum.value, ChecksumType: object.checksum.type } : {}),
    },
    ENCRYPTED,
  )
}

const attributesFor = ({ type, metadata, system }: Attributes, tags: Tags | undefined): Attributes => ({
  type,
  ...(metadata ? { metadata } : {}),
  ...(system ? { system } : {}),
  ...(tags ? { tags } : {}),
})

function directive(asked: S3Request, name: string): 'COPY' | 'REPLACE' {
  const value = header(asked, name) ?? 'COPY'
  if (value !== 'COPY' && value !== 'REPLACE')
    throw invalidArgument(`Unknown ${name === 'x-amz-metadata-directive' ? 'metadata' : 'tagging'} directive.`, name, value)
  return value
}

// ── Delete ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export function deleteObject(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  const match = header(asked, 'if-match')
  allow(asked, bucket, asked.key, 's3:DeleteObject', match === undefined ? {} : { 's3:if-match': match })
  checkWrite((name) => header(asked, name), bucket.objects.get(asked.key), asked.key)
  bucket.objects.delete(asked.key)
  return noContent()
}

/** The values that the sandbox supports. ACLs are off, as AWS creates buckets since 2023. */
export function checkStorage(asked: S3Request): void {
  const acl = header(asked, 'x-amz-acl')
  if (acl !== undefined && acl !== 'private' && acl !== 'bucket-owner-full-control')
    throw new S3Error(400, 'AccessControlListNotSupported', 'The bucket does not allow ACLs')
  for (const [name, value] of [
    ['x-amz-storage-class', 'STANDARD'],
    ['x-amz-server-side-encryption', 'AES256'],
  ] as const) {
    const given = header(asked, name)
    if (given !== undefined && given !== value) throw notImplemented(`The sandbox supports only ${value} for ${name}.`, { Header: name })
  }
}
