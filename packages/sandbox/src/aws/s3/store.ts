/** Objects and uploads of the sandbox's S3, and the bounds on what it keeps in memory. */
import { createHash, randomBytes } from 'node:crypto'
import type { Bucket, StoredObject, World } from '../world.ts'
import { S3Error } from './answer.ts'
import type { Algorithm, ChecksumType } from './checksums.ts'

/** The sandbox keeps everything in memory. */
export const BOUNDS = {
  /** One request. S3 takes 5 GB. */
  bodyBytes: 64 * 1024 * 1024,
  /** All objects and parts together. */
  storedBytes: 1024 * 1024 * 1024,
  objects: 100_000,
  /** As on AWS, by default. */
  bucketsOfAccount: 100,
  uploads: 1000,
} as const

/** What an upload sets and every answer to a GET returns. */
export type Attributes = Pick<StoredObject, 'type' | 'metadata' | 'system' | 'tags'>

export type Part = { readonly body: Buffer; readonly etag: string; readonly modifiedAt: number; readonly checksum?: string }
export type Upload = {
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly startedAt: number
  readonly attributes: Attributes
  readonly algorithm?: Algorithm
  readonly checksumType?: ChecksumType
  readonly parts: Map<number, Part>
}

export const md5 = (body: Buffer): Buffer => createHash('md5').update(body).digest()
/** S3's ETag of what was uploaded in one part. */
export const etagOf = (body: Buffer): string => `"${md5(body).toString('hex')}"`
export const newUploadId = (): string => randomBytes(48).toString('base64url')

function storedBytes(world: World): number {
  let bytes = 0
  for (const { objects } of world.buckets.values()) for (const { body } of objects.values()) bytes += body.length
  for (const { parts } of world.uploads.values()) for (const { body } of parts.values()) bytes += body.length
  return bytes
}

/** Refuses what would take the sandbox's memory. `replaced`: bytes that are freed by the same write. */
export function checkRoom(world: World, bytes: number, replaced = 0): void {
  if (storedBytes(world) - replaced + bytes > BOUNDS.storedBytes)
    throw new S3Error(400, 'EntityTooLarge', 'The sandbox keeps at most 1 GiB of objects. Delete some, or restart it.', {
      MaxSizeAllowed: BOUNDS.storedBytes,
    })
}

export function storeObject(world: World, bucket: Bucket, key: string, object: StoredObject): StoredObject {
  const present = bucket.objects.get(key)
  checkRoom(world, object.body.length, present?.body.length)
  if (!present && [...world.buckets.values()].reduce((sum, { objects }) => sum + objects.size, 0) >= BOUNDS.objects)
    throw new S3Error(400, 'EntityTooLarge', `The sandbox keeps at most ${BOUNDS.objects} objects. Delete some, or restart it.`)
  bucket.objects.set(key, object)
  return object
}
