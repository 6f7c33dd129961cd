/** What both clients of a bucket (./s3.ts, ./bucket-reader.ts) demand of an object. */
import type { Clock } from '../../ports/runtime.ts'
import type { AwsKeys } from '../aws.ts'

export type BucketSettings = {
  readonly bucket: string
  readonly region: string
  readonly keys: AwsKeys
  /** Absent on AWS. */
  readonly endpoint?: string
  readonly clock: Clock
}

/**
 * The largest size of each kind of object, as Stint writes it: a checkpoint with its witnesses' signatures; a tile of 256 hashes; a bundle
 * of 256 entries of up to 1 KB; their events of up to 1 KB, as JSON inside JSON; a stage of 4,000 entries with their events; a note on a
 * quarantined journal. In a stage, an event of 1 KB takes up to 2 KB (every byte can be escaped once more), its entry 0.3 KB, caller, profile
 * and target 0.7 KB, and salt, commitment, IDs and names 0.5 KB: 3.5 KB, so 4,000 of them stay below 16 MB.
 */
const MOST_BYTES: readonly (readonly [path: RegExp, bytes: number])[] = [
  [/^checkpoint$/, 64 * 1024],
  [/^tile\/\d/, 256 * 32],
  [/^tile\/entries\//, 512 * 1024],
  [/^events\//, 1024 * 1024],
  [/^stage\//, 16 * 1024 * 1024],
]
const MOST_OTHER_BYTES = 64 * 1024
export const mostOf = (path: string): number => MOST_BYTES.find(([kind]) => kind.test(path))?.[1] ?? MOST_OTHER_BYTES

/** Sends of one call, each of which can be repeated. */
export const SENDS = 3

/** A strong entity tag (RFC 9110 §8.8.3), as `If-Match` compares it. */
export const isEtag = (text: string | null | undefined): text is string =>
  typeof text === 'string' && /^"[\x21\x23-\x7e]{1,128}"$/.test(text)
