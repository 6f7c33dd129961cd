/** Multipart upload. Source: Amazon S3 API Reference, the operations of these names; User Guide, "Amazon S3 multipart upload limits". */
import type { StoredObject } from '../world.ts'
import type { Node } from '../xml.ts'
import { document, invalidArgument, isoTime, malformedXml, noContent, type Reply, reply, S3Error } from './answer.ts'
import {
  type Algorithm,
  algorithms,
  type Checksum,
  type ChecksumType,
  checkMd5,
  checksumOf,
  composite,
  elementOf,
  headerOf,
  verifiedChecksum,
} from './checksums.ts'
import { checkWrite, rangeOf } from './conditions.ts'
import { encoderOf, limitOf, pageOf } from './listing.ts'
import { allowWrite, attributesOf, ENCRYPTED, sourceOf } from './objects.ts'
import { allow, header, ownBucket, requestedTags, type S3Request } from './request.ts'
import { BOUNDS, checkRoom, etagOf, md5, newUploadId, type Part, storeObject, type Upload } from './store.ts'
import { childrenOf, documentOf, textOf } from './xml-input.ts'

const MAX_PARTS = 10_000
/** Of every part but the last. */
const LEAST_PART_BYTES = 5 * 1024 * 1024

export function createMultipartUpload(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  const attributes = attributesOf(asked)
  allowWrite(asked, bucket, attributes.tags)
  const { algorithm, checksumType } = checksumAsked(asked)
  if (asked.world.uploads.size >= BOUNDS.uploads)
    throw new S3Error(400, 'TooManyUploads', `The sandbox keeps at most ${BOUNDS.uploads} multipart uploads. Abort some, or restart it.`)
  const upload: Upload = {
    ...{ id: newUploadId(), bucket: bucket.name, key: asked.key, startedAt: asked.call.now, attributes, parts: new Map() },
    ...(algorithm ? { algorithm } : {}),
    ...(checksumType ? { checksumType } : {}),
  }
  asked.world.uploads.set(upload.id, upload)
  return document(
    'InitiateMultipartUploadResult',
    { Bucket: bucket.name, Key: asked.key, UploadId: upload.id },
    { ...ENCRYPTED, ...(algorithm ? { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': checksumType ?? 'COMPOSITE' } : {}) },
  )
}

function checksumAsked(asked: S3Request): { readonly algorithm?: Algorithm; readonly checksumType?: ChecksumType } {
  const named = header(asked, 'x-amz-checksum-algorithm')?.toUpperCase()
  if (named === undefined) return {}
  const algorithm = algorithms.find((one) => one === named)
  if (!algorithm)
    throw new S3Error(
      400,
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    )
  const type = header(asked, 'x-amz-checksum-type')?.toUpperCase() ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  const fits = type === 'FULL_OBJECT' ? algorithm.startsWith('CRC') : type === 'COMPOSITE' && algorithm !== 'CRC64NVME'
  if (!fits) throw new S3Error(400, 'InvalidRequest', `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`)
  return { algorithm, checksumType: type as ChecksumType }
}

/** The upload of this ID, bucket and key. */
function uploadOf({ world, query, bucketName, key }: S3Request): Upload {
  const found = world.uploads.get(query.get('uploadId') ?? '')
  if (found?.bucket !== bucketName || found.key !== key)
    throw new S3Error(
      404,
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    )
  return found
}

function partNumberOf({ query }: S3Request): number {
  const text = query.get('partNumber') ?? ''
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1 || Number(text) > MAX_PARTS)
    throw invalidArgument(`Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`, 'partNumber', text)
  return Number(text)
}

// ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function uploadPart(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  allow(asked, bucket, asked.key, 's3:PutObject')
  const number = partNumberOf(asked)
  const upload = uploadOf(asked)
  const { body, trailers } = asked.content
  checkMd5(header(asked, 'content-md5'), body)
  const checksum = verifiedChecksum((name) => header(asked, name), trailers, body)
  if (checksum && upload.algorithm && checksum.algorithm !== upload.algorithm)
    throw new S3Error(
      400,
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${checksum.algorithm.toLowerCase()}`,
    )
  const part = keepPart(asked, upload, number, body)
  return reply({ etag: part.etag, ...ENCRYPTED, ...(checksum ? { [headerOf(checksum.algorithm)]: checksum.value } : {}) })
}

export function uploadPartCopy(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  const { bucket: from, key, object } = sourceOf(asked)
  allow(asked, bucket, asked.key, 's3:PutObject', { 's3:x-amz-copy-source': `${from.name}/${key}` })
  const number = partNumberOf(asked)
  const upload = uploadOf(asked)
  const text = header(asked, 'x-amz-copy-source-range')
  const range = rangeOf(text, object.body.length)
  if (text !== undefined && !(range && /^bytes=\d+-\d+$/.test(text)))
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      text,
    )
  const part = keepPart(asked, upload, number, range ? object.body.subarray(range.first, range.last + 1) : object.body)
  return document('CopyPartResult', { LastModified: isoTime(part.modifiedAt), ETag: part.etag, ...partChecksum(upload, part) }, ENCRYPTED)
}

function keepPart({ world, call }: S3Request, upload: Upload, number: number, body: Buffer): Part {
  checkRoom(world, body.length, upload.parts.get(number)?.body.length)
  const { algorithm } = upload
  const part: Part = { body, etag: etagOf(body), modifiedAt: call.now, ...(algorithm ? { checksum: checksumOf(algorithm, body) } : {}) }
  upload.parts.set(number, part)
  return part
}

const partChecksum = ({ algorithm }: Upload, { checksum }: Part): Readonly<Record<string, Node>> =>
  algorithm && checksum !== undefined ? { [elementOf(algorithm)]: checksum } : {}

// ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const who = ({ call }: S3Request): Node => ({ ID: call.identity.principal.arn })

export function listParts(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  allow(asked, bucket, asked.key, 's3:ListMultipartUploadParts')
  const upload = uploadOf(asked)
  const encode = encoderOf(asked)
  const limit = limitOf(asked, 'max-parts')
  const after = limitOf(asked, 'part-number-marker', MAX_PARTS)
  const marker = asked.query.get('part-number-marker') ? after : 0
  const rest = [...upload.parts].sort(([left], [right]) => left - right).filter(([number]) => number > marker)
  const shown = rest.slice(0, limit)
  const last = shown.at(-1)?.[0] ?? marker
  return document('ListPartsResult', {
    Bucket: bucket.name,
    Key: encode(asked.key),
    UploadId: upload.id,
    Initiator: who(asked),
    Owner: { ID: bucket.account },
    StorageClass: 'STANDARD',
    PartNumberMarker: marker,
    ...(last > 0 ? { NextPartNumberMarker: last } : {}),
    MaxParts: limit,
    IsTruncated: String(rest.length > shown.length),
    ...(upload.algorithm ? { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType ?? 'COMPOSITE' } : {}),
    Part: shown.map(([PartNumber, part]) => ({
      PartNumber,
      LastModified: isoTime(part.modifiedAt),
      ETag: part.etag,
      Size: part.body.length,
      ...partChecksum(upload, part),
    })),
  })
}

export function listMultipartUploads(asked: S3Request): Reply {
  const { query, world } = asked
  const bucket = ownBucket(asked)
  allow(asked, bucket, undefined, 's3:ListBucketMultipartUploads')
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? '']
  const [keyMarker, idMarker] = [query.get('key-marker') ?? '', query.get('upload-id-marker') ?? '']
  const encode = encoderOf(asked)
  const limit = limitOf(asked, 'max-uploads')
  // A separator below every character of a key and an ID sorts the uploads of one key by their IDs.
  const uploads = [...world.uploads.values()].filter((upload) => upload.bucket === bucket.name)
  const after = keyMarker === '' ? '' : `${keyMarker}\0${idMarker === '' ? '\uffff' : idMarker}`
  const page = pageOf(
    uploads.map((upload) => [`${upload.key}\0${upload.id}`, upload] as const),
    { prefix, delimiter, after, limit: Math.max(1, limit), named: (key) => key.slice(0, key.indexOf('\0')) },
  )
  const [nextKey = '', nextId = ''] = (page.next ?? '').split('\0')
  return document('ListMultipartUploadsResult', {
    Bucket: bucket.name,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    ...(page.next === undefined ? {} : { NextKeyMarker: encode(nextKey), NextUploadIdMarker: nextId }),
    Prefix: encode(prefix),
    ...(delimiter === '' ? {} : { Delimiter: encode(delimiter) }),
    ...(query.has('encoding-type') ? { EncodingType: 'url' } : {}),
    MaxUploads: limit,
    IsTruncated: String(page.next !== undefined),
    Upload: page.items.map(([, upload]) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      Initiator: who(asked),
      Owner: { ID: bucket.account },
      StorageClass: 'STANDARD',
      Initiated: isoTime(upload.startedAt),
      ...(upload.algorithm ? { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType ?? 'COMPOSITE' } : {}),
    })),
    CommonPrefixes: page.prefixes.map((Prefix) => ({ Prefix: encode(Prefix) })),
  })
}

// ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function abortMultipartUpload(asked: S3Request): Reply {
  const bucket = ownBucket(asked)
  allow(asked, bucket, asked.key, 's3:AbortMultipartUpload')
  asked.world.uploads.delete(uploadOf(asked).id)
  return noContent()
}

export function completeMultipartUpload(asked: S3Request): Reply {
  const { world, call, content } = asked
  const bucket = ownBucket(asked)
  allow(asked, bucket, asked.key, 's3:PutObject', {
    's3:if-none-match': header(asked, 'if-none-match'),
    's3:if-match': header(asked, 'if-match'),
    ...requestedTags(undefined),
  })
  const upload = uploadOf(asked)
  const parts = partsOf(upload, content.body)
  const body = Buffer.concat(parts.map((part) => part.body))
  const promised = header(asked, 'x-amz-mp-object-size')
  if (promised !== undefined && promised !== String(body.length))
    throw new S3Error(400, 'InvalidRequest', "The provided 'x-amz-mp-object-size' header does not match what was computed.")
  checkWrite((name) => header(asked, name), bucket.objects.get(asked.key), asked.key)
  const checksum = wholeChecksum(asked, upload, parts, body)
  const etag = `"${md5(Buffer.concat(parts.map((part) => md5(part.body)))).toString('hex')}-${parts.length}"`
  const object: StoredObject = { ...upload.attributes, body, etag, modifiedAt: call.now, ...(checksum ? { checksum } : {}) }
  // The parts are freed by the same write.
  world.uploads.delete(upload.id)
  try {
    storeObject(world, bucket, asked.key, object)
  } catch (error) {
    world.uploads.set(upload.id, upload)
    throw error
  }
  return document(
    'CompleteMultipartUploadResult',
    {
      Location: `http://${asked.request.headers.host}/${bucket.name}/${encodeURIComponent(asked.key)}`,
      Bucket: bucket.name,
      Key: asked.key,
      ETag: etag,
      ...(checksum ? { [elementOf(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type } : {}),
    },
    ENCRYPTED,
  )
}

/** The parts that the client names, in order, as they were uploaded. */
function partsOf(upload: Upload, xml: Buffer): readonly Part[] {
  const root = documentOf(xml, 'CompleteMultipartUpload')
  const listed = childrenOf(root, ['Part'])
  if (listed.length === 0 || listed.length > MAX_PARTS) throw malformedXml()
  const invalid = () =>
    new S3Error(
      400,
      'InvalidPart',
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    )
  let previous = 0
  const parts = listed.map((element) => {
    childrenOf(element, ['PartNumber', 'ETag', ...algorithms.map(elementOf)])
    const number = Number(textOf(element, 'PartNumber'))
    const etag = textOf(element, 'ETag')
    if (!Number.isInteger(number) || etag === undefined) throw malformedXml()
    if (number <= previous)
      throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order. Parts must be ordered by part number.')
    previous = number
    const part = upload.parts.get(number)
    if (!part || etag.replaceAll('"', '') !== part.etag.replaceAll('"', '')) throw invalid()
    for (const algorithm of algorithms) {
      const claimed = textOf(element, elementOf(algorithm))
      if (claimed !== undefined && claimed !== (algorithm === upload.algorithm ? part.checksum : checksumOf(algorithm, part.body)))
        throw invalid()
    }
    return part
  })
  const small = parts.slice(0, -1).find(({ body }) => body.length < LEAST_PART_BYTES)
  if (small)
    throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      ProposedSize: small.body.length,
      MinSizeAllowed: LEAST_PART_BYTES,
    })
  return parts
}

function wholeChecksum(asked: S3Request, upload: Upload, parts: readonly Part[], body: Buffer): Checksum | undefined {
  const { algorithm, checksumType = 'COMPOSITE' } = upload
  const claimed = algorithms.flatMap((one) => {
    const value = header(asked, headerOf(one))
    return value === undefined ? [] : [{ algorithm: one, value }]
  })
  const own = algorithm && {
    algorithm,
    type: checksumType,
    value:
      checksumType === 'COMPOSITE'
        ? composite(
            algorithm,
            parts.map(({ checksum }) => checksum ?? ''),
          )
        : checksumOf(algorithm, body),
  }
  for (const { algorithm: one, value } of claimed)
    if (value !== (own?.algorithm === one ? own.value : checksumOf(one, body)))
      throw new S3Error(400, 'BadDigest', `The ${one} you specified did not match the calculated checksum.`)
  return own
}
