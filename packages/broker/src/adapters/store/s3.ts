/**
 * Objects in a bucket. Sources: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes" and "Using
 * S3 Object Lock": a lock protects versions and not names, so it is the condition that keeps a tile, and the lock that
 * keeps it from being deleted.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { brief } from '@stint/core/audit/event'
import { type AwsKeys, clientConfig, handlers, regionalEndpoint } from '../../aws.ts'
import { type ObjectStore, Trouble } from '../../log/ports.ts'
import type { Clock } from '../../ports.ts'

export type BucketSettings = {
  readonly bucket: string
  readonly region: string
  readonly keys: AwsKeys
  readonly endpoint?: string
  readonly clock: Clock
  /** Days for which objects that are final are locked (compliance mode); none if absent. */
  readonly lockDays?: number
}

const CONNECT_MS = 1000
const ANSWER_MS = 10_000
/** The largest object: a stage, of 1,000 entries with their events. Each takes up to 5 KB, as JSON inside JSON. */
const MOST_BYTES = 8 * 1024 * 1024
/** Every call here may be repeated: a create that took effect is met as one that exists, with the same bytes. */
const SENDS = 3
const DAY_MS = 86_400_000

export function bucketStore({ bucket, region, keys, endpoint, clock, lockDays }: BucketSettings): ObjectStore {
  const client = new S3Client({
    ...clientConfig(keys, clock),
    maxAttempts: SENDS,
    region,
    endpoint: endpoint ?? regionalEndpoint('s3', region),
    forcePathStyle: endpoint !== undefined,
    requestHandler: handlers(CONNECT_MS)(MOST_BYTES, ANSWER_MS),
    // A checksum is sent where S3 demands one: with Object Lock.
    requestChecksumCalculation: lockDays === undefined ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })

  /** The answer, or `undefined` for an error that is an answer too, by its code: a bucket that is gone is none. */
  async function answered<T>(call: Promise<T>, ...expected: string[]): Promise<T | undefined> {
    try {
      return await call
    } catch (error) {
      if (error instanceof S3ServiceException && expected.includes(error.name)) return undefined
      throw new Trouble(error instanceof Error ? `s3: ${error.name}: ${brief(error.message)}` : String(error))
    }
  }
  const put = (input: Omit<PutObjectCommandInput, 'Bucket'>, ...expected: string[]) =>
    answered(client.send(new PutObjectCommand({ Bucket: bucket, ...input })), 'PreconditionFailed', ...expected)

  return {
    async get(path) {
      const found = await answered(client.send(new GetObjectCommand({ Bucket: bucket, Key: path })), 'NoSuchKey')
      if (!found?.Body) return undefined
      const bytes = await answered(found.Body.transformToByteArray())
      return bytes && { bytes, etag: found.ETag ?? '' }
    },

    async create(path, bytes, { final = false } = {}) {
      const lock =
        final && lockDays !== undefined
          ? { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: new Date(clock() + lockDays * DAY_MS) }
          : {}
      const made = await put({ Key: path, Body: bytes, IfNoneMatch: '*', ContentType: typeOf(path), ...lock })
      return made ? 'created' : 'exists'
    },

    async replace(path, bytes, etag) {
      const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }
      // Gone, or being written by another at this moment: it is read again.
      const input = { Key: path, Body: bytes, ContentType: typeOf(path), ...condition }
      return (await put(input, 'NoSuchKey', 'ConditionalRequestConflict')) ? 'replaced' : 'changed'
    },

    async remove(path) {
      await answered(client.send(new DeleteObjectCommand({ Bucket: bucket, Key: path })))
    },

    async list(prefix) {
      const paths: string[] = []
      let from: string | undefined
      do {
        const page = await answered(
          client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(from ? { ContinuationToken: from } : {}) })),
        )
        paths.push(...(page?.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])))
        from = page?.NextContinuationToken
      } while (from)
      return paths.sort()
    },
  }
}

/** Media types of C2SP tlog-tiles. */
export const typeOf = (path: string): string => (path === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream')
