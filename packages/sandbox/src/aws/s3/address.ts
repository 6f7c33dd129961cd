/**
 * The bucket and key of a request: path style (`/bucket/key`), or virtual-hosted style (`bucket.localhost`, `bucket.s3.localhost`).
 * Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets".
 */
import type { SignedRequest } from '../sigv4.ts'
import { S3Error } from './answer.ts'

export type Address = { readonly bucket: string; readonly key: string }

const MAX_KEY_BYTES = 1024
const HOSTED = /^(.+?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost(?::\d+)?$/i

export function addressOf({ url, headers }: Pick<SignedRequest, 'url' | 'headers'>): Address {
  const path = decoded((url.split('?')[0] ?? '/').replace(/^\//, ''))
  const hosted = HOSTED.exec(headers.host ?? '')?.[1]
  const [bucket, key] = hosted !== undefined && hosted !== 's3' ? [hosted, path] : split(path)
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new S3Error(400, 'KeyTooLongError', 'Your key is too long', { Size: Buffer.byteLength(key), MaxSizeAllowed: MAX_KEY_BYTES })
  return { bucket, key }
}

/** `/bucket/key` of a header, such as the source of a copy. */
export function split(path: string): readonly [bucket: string, key: string] {
  const at = path.indexOf('/')
  return at < 0 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)]
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.")
  }
}
