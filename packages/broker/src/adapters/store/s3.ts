/**
 * Objects in a bucket. Sources: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes" and "Using S3 Object
 * Lock". A lock protects versions and not names: the conditional write keeps a tile from being overwritten, and the lock keeps it from
 * being deleted.
 */

import { createHash } from 'node:crypto'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { brief } from '@stint/core/audit/event'
import { days } from '@stint/core/instant'
import { type ObjectStore, Trouble } from '../../ports/log.ts'
import { clientConfig, handlers } from '../aws.ts'
import { regionalEndpoint } from '../endpoints.ts'
import { type BucketSettings, isEtag, mostOf, SENDS } from './bucket-objects.ts'

/** `lockDays`: days for which final objects are locked (compliance mode); if absent, they are not. */
type StoreSettings = BucketSettings & { readonly lockDays?: number }

const CONNECT_MS = 1000
const ANSWER_MS = 10_000
/** The largest object, or a page of 1,000 names. */
const ANSWER_BYTES = 16 * 1024 * 1024
/** Pages of one list in a row, of up to 1,000 names each. */
const MAX_PAGES = 10_000

export function bucketStore({ bucket, region, keys, endpoint, clock, lockDays }: StoreSettings): ObjectStore {
  const client = new S3Client({
    ...clientConfig(keys, clock),
    // A create that took effect finds an existing object with the same bytes.
    maxAttempts: SENDS,
    region,
    endpoint: endpoint ?? regionalEndpoint('s3', region),
    forcePathStyle: endpoint !== undefined,
    requestHandler: handlers(CONNECT_MS)(ANSWER_BYTES, ANSWER_MS),
    // Checksums are set in each call that has one.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })

  /**
   * The response, or `undefined` for an error with one of the given codes and statuses, which counts as a response. A missing bucket does
   * not.
   */
  async function answered<T>(call: Promise<T>, ...expected: (keyof typeof STATUS_OF)[]): Promise<T | undefined> {
    try {
      return await call
    } catch (error) {
      if (expected.some((code) => isAnswer(error, code))) return undefined
      throw new Trouble(error instanceof Error ? `s3: ${error.name}: ${brief(error.message)}` : String(error))
    }
  }

  /**
   * S3 compares the bytes with the checksum that is sent, and returns the one it stores. An ETag cannot show that: it is the MD5 of the
   * bytes only if the bucket is not encrypted with a KMS key.
   */
  async function put(input: PutInput, ...expected: (keyof typeof STATUS_OF)[]): Promise<boolean> {
    const ChecksumSHA256 = createHash('sha256').update(input.Body).digest('base64')
    const command = new PutObjectCommand({ Bucket: bucket, ...input, ContentType: typeOf(input.Key), ChecksumSHA256 })
    const kept = await answered(client.send(command), 'PreconditionFailed', ...expected)
    if (!kept) return false
    if (!isEtag(kept.ETag) || kept.ChecksumSHA256 !== ChecksumSHA256) throw new Trouble(`s3: the response does not show ${input.Key}`)
    return true
  }

  return {
    async get(path) {
      // With this mode, S3 returns the checksum that was stored with the object, and the SDK verifies the bytes against it.
      const command = new GetObjectCommand({ Bucket: bucket, Key: path, ChecksumMode: 'ENABLED' })
      const found = await answered(client.send(command), 'NoSuchKey')
      if (!found) return undefined
      const bytes = await answered(found.Body?.transformToByteArray() ?? Promise.resolve(undefined))
      const isWhole = bytes !== undefined && bytes.length === found.ContentLength && isEtag(found.ETag)
      if (!isWhole) throw new Trouble(`s3: the response has only part of ${path}`)
      if (bytes.length > mostOf(path)) throw new Trouble(`s3: ${path} is longer than ${mostOf(path)} bytes`)
      return { bytes, etag: found.ETag as string }
    },

    async create(path, bytes, { final = false } = {}) {
      const lock =
        final && lockDays !== undefined
          ? { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: new Date(clock() + days(lockDays)) }
          : {}
      const made = await put({ Key: path, Body: bytes, IfNoneMatch: '*', ...lock })
      return made ? 'created' : 'exists'
    },

    async replace(path, bytes, etag) {
      const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }
      // Deleted, or being written by another process at this moment: read it again.
      return (await put({ Key: path, Body: bytes, ...condition }, 'NoSuchKey', 'ConditionalRequestConflict')) ? 'replaced' : 'changed'
    },

    async remove(path) {
      const gone = await answered(client.send(new DeleteObjectCommand({ Bucket: bucket, Key: path })))
      if (gone?.$metadata.httpStatusCode !== 204) throw new Trouble(`s3: the response does not show that ${path} is deleted`)
    },

    async list(prefix) {
      const paths: string[] = []
      let from: string | undefined
      for (let pages = 0; pages < MAX_PAGES; pages++) {
        const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(from ? { ContinuationToken: from } : {}) })
        const page = pageIn(await answered(client.send(command)), bucket, prefix)
        for (const path of page.paths) {
          // S3 lists in order: a name not above the last one has been listed before.
          if (paths.length > 0 && Buffer.compare(Buffer.from(path), Buffer.from(paths.at(-1) as string)) <= 0)
            throw new Trouble(`s3: the list of ${prefix} leads back to an earlier page`)
          paths.push(path)
        }
        if (page.next === undefined) return paths.sort()
        if (page.next === from) throw new Trouble(`s3: the list of ${prefix} leads back to an earlier page`)
        from = page.next
      }
      throw new Trouble(`s3: the list of ${prefix} has more than ${MAX_PAGES} pages`)
    },
  }
}

type PutInput = Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'> & { readonly Key: string; readonly Body: Uint8Array }

/** Amazon S3 API Reference, "Error responses". */
const STATUS_OF = { NoSuchKey: 404, PreconditionFailed: 412, ConditionalRequestConflict: 409 } as const
const isAnswer = (error: unknown, code: keyof typeof STATUS_OF): boolean =>
  error instanceof S3ServiceException && error.name === code && error.$metadata.httpStatusCode === STATUS_OF[code]

/** A page of a list of this bucket, with names of this prefix only. */
function pageIn(
  page: ListObjectsV2CommandOutput | undefined,
  bucket: string,
  prefix: string,
): { readonly paths: readonly string[]; readonly next?: string } {
  const { Name, Prefix, KeyCount, IsTruncated, NextContinuationToken: next, Contents = [] } = page ?? {}
  const paths = Contents.flatMap(({ Key }) => (Key?.startsWith(prefix) ? [Key] : []))
  const fits = Name === bucket && (Prefix ?? '') === prefix && KeyCount === Contents.length && paths.length === Contents.length
  if (!fits || IsTruncated === undefined || IsTruncated !== (next !== undefined && next !== ''))
    throw new Trouble(`s3: the response is not a list of ${prefix}`)
  return { paths, ...(next ? { next } : {}) }
}

/** Media types of C2SP tlog-tiles. */
export const typeOf = (path: string): string => (path === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream')
