/** Lists of objects, in pages. Source: Amazon S3 API Reference, "ListObjects" and "ListObjectsV2". */
import type { ContextInput } from '@stint/iam'
import type { StoredObject } from '../world.ts'
import type { Node } from '../xml.ts'
import { document, invalidArgument, isoTime, type Reply } from './answer.ts'
import { elementOf } from './checksums.ts'
import { allow, ownBucket, type S3Request } from './request.ts'

const PAGE = 1000

/** S3 sorts by the bytes of UTF-8. */
export const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right))

export function limitOf({ query }: S3Request, name: string, most = PAGE): number {
  const text = query.get(name)
  if (text === null || text === '') return most
  if (!/^-?\d{1,10}$/.test(text)) throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text)
  if (Number(text) < 0 || Number(text) > 2_147_483_647)
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, text)
  return Math.min(Number(text), most)
}

/** `encoding-type=url`: for keys that XML cannot hold. */
export function encoderOf({ query }: S3Request): (text: string) => string {
  const type = query.get('encoding-type')
  if (type === null) return (text) => text
  if (type !== 'url') throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', type)
  return (text) =>
    encodeURIComponent(text)
      .replace(/[!'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%2F', '/')
      .replaceAll('%20', '+')
}

export type Page<T> = {
  readonly items: readonly (readonly [key: string, item: T])[]
  readonly prefixes: readonly string[]
  /** The last key or common prefix of the page, if there are more. */
  readonly next?: string
}

type Asked = {
  readonly prefix: string
  readonly delimiter: string
  /** The last key or common prefix of the page before. A common prefix stands for all keys in it. */
  readonly after: string
  readonly limit: number
  /** The part of a key that the delimiter is looked for in. Absent: all of it. */
  readonly named?: (key: string) => string
}

export function pageOf<T>(
  all: Iterable<readonly [key: string, item: T]>,
  { prefix, delimiter, after, limit, named = (key) => key }: Asked,
): Page<T> {
  const items: (readonly [string, T])[] = []
  const prefixes: string[] = []
  let last: string | undefined
  const start = Buffer.from(after)
  // Each key is converted once, and only what can be on the page is sorted.
  const sorted = [...all]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, item]) => ({ key, item, bytes: Buffer.from(key) }))
    .filter(({ bytes }) => Buffer.compare(bytes, start) > 0)
    .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
  for (const { key, item } of sorted) {
    const cut = delimiter === '' ? -1 : named(key).indexOf(delimiter, prefix.length)
    const shown = cut < 0 ? key : key.slice(0, cut + delimiter.length)
    if (cut >= 0 && (shown === after || shown === prefixes.at(-1))) continue
    if (items.length + prefixes.length >= limit) return { items, prefixes, ...(last === undefined ? {} : { next: last }) }
    last = shown
    if (cut < 0) items.push([key, item])
    else prefixes.push(shown)
  }
  return { items, prefixes }
}

export function listObjects(asked: S3Request): Reply {
  const marker = asked.query.get('marker') ?? ''
  const { prefix, delimiter, limit, encode, page, name } = listed(asked, marker)
  return document('ListBucketResult', {
    Name: name,
    Prefix: encode(prefix),
    Marker: encode(marker),
    ...(page.next !== undefined && delimiter !== '' ? { NextMarker: encode(page.next) } : {}),
    MaxKeys: limit,
    ...(delimiter === '' ? {} : { Delimiter: encode(delimiter) }),
    ...(asked.query.has('encoding-type') ? { EncodingType: 'url' } : {}),
    IsTruncated: String(page.next !== undefined),
    Contents: page.items.map(([key, object]) => contentsOf(encode(key), object, name, asked)),
    CommonPrefixes: page.prefixes.map((Prefix) => ({ Prefix: encode(Prefix) })),
  })
}

export function listObjectsV2(asked: S3Request): Reply {
  const { query } = asked
  if (query.get('list-type') !== '2')
    throw invalidArgument('Invalid List Type selected in Request', 'list-type', query.get('list-type') ?? '')
  const token = query.get('continuation-token') ?? undefined
  const startAfter = query.get('start-after') ?? ''
  const { prefix, delimiter, limit, encode, page, name } = listed(asked, token === undefined ? startAfter : keyOfToken(token))
  const owner = query.get('fetch-owner') === 'true'
  return document('ListBucketResult', {
    Name: name,
    Prefix: encode(prefix),
    ...(token === undefined ? {} : { ContinuationToken: token }),
    ...(page.next === undefined ? {} : { NextContinuationToken: tokenOf(page.next) }),
    ...(startAfter === '' ? {} : { StartAfter: encode(startAfter) }),
    KeyCount: page.items.length + page.prefixes.length,
    MaxKeys: limit,
    ...(delimiter === '' ? {} : { Delimiter: encode(delimiter) }),
    ...(query.has('encoding-type') ? { EncodingType: 'url' } : {}),
    IsTruncated: String(page.next !== undefined),
    Contents: page.items.map(([key, object]) => contentsOf(encode(key), object, name, owner ? asked : undefined)),
    CommonPrefixes: page.prefixes.map((Prefix) => ({ Prefix: encode(Prefix) })),
  })
}

function listed(asked: S3Request, after: string) {
  const bucket = ownBucket(asked)
  const prefix = asked.query.get('prefix') ?? ''
  const delimiter = asked.query.get('delimiter') ?? ''
  const limit = limitOf(asked, 'max-keys')
  const encode = encoderOf(asked)
  const context: ContextInput = {
    's3:prefix': asked.query.has('prefix') ? prefix : undefined,
    's3:delimiter': delimiter === '' ? undefined : delimiter,
    's3:max-keys': asked.query.has('max-keys') ? String(asked.query.get('max-keys')) : undefined,
  }
  allow(asked, bucket, undefined, 's3:ListBucket', context)
  const page: Page<StoredObject> = limit === 0 ? { items: [], prefixes: [] } : pageOf(bucket.objects, { prefix, delimiter, after, limit })
  return { prefix, delimiter, limit, encode, page, name: bucket.name }
}

const contentsOf = (Key: string, { modifiedAt, etag, body, checksum }: StoredObject, bucket: string, owner?: S3Request): Node => ({
  Key,
  LastModified: isoTime(modifiedAt),
  ETag: etag,
  ...(checksum ? { ChecksumAlgorithm: elementOf(checksum.algorithm).slice('Checksum'.length), ChecksumType: checksum.type } : {}),
  Size: body.length,
  ...(owner ? { Owner: { ID: owner.world.buckets.get(bucket)?.account ?? '' } } : {}),
  StorageClass: 'STANDARD',
})

/** Opaque, as on AWS: a client that builds one itself fails here too. */
const tokenOf = (key: string): string => Buffer.from(`after:${key}`).toString('base64')

function keyOfToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8')
  if (!text.startsWith('after:') || tokenOf(text.slice('after:'.length)) !== token)
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token)
  return text.slice('after:'.length)
}
