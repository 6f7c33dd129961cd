/**
 * The checksums of S3: of an upload, of its parts, and of a whole object made of parts. Source: Amazon S3 User Guide, "Checking object
 * integrity for data uploads in Amazon S3".
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { S3Error } from './answer.ts'

export const algorithms = ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const
export type Algorithm = (typeof algorithms)[number]
/** `FULL_OBJECT`: of all bytes. `COMPOSITE`: of the checksums of the parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'
export type Checksum = { readonly algorithm: Algorithm; readonly value: string; readonly type: ChecksumType }

export const headerOf = (algorithm: Algorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`
export const elementOf = (algorithm: Algorithm): string => `Checksum${algorithm}`

export function checksumOf(algorithm: Algorithm, data: Buffer): string {
  switch (algorithm) {
    case 'CRC32':
      return word(crc32(data))
    case 'CRC32C':
      return word(crc32c(data))
    case 'CRC64NVME':
      return crc64(data).toString('base64')
    default:
      return createHash(algorithm.toLowerCase()).update(data).digest('base64')
  }
}

export const composite = (algorithm: Algorithm, parts: readonly string[]): string =>
  `${checksumOf(algorithm, Buffer.concat(parts.map((part) => Buffer.from(part, 'base64'))))}-${parts.length}`

function word(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes.toString('base64')
}

/** The checksum that an upload claims, in a header or a trailing header, verified against its bytes. At most one. */
export function verifiedChecksum(
  named: (header: string) => string | undefined,
  trailers: ReadonlyMap<string, string>,
  body: Buffer,
): Checksum | undefined {
  const announced = (named('x-amz-trailer') ?? '').toLowerCase().trim()
  if (announced !== '' && !trailers.has(announced)) throw malformedTrailer()
  if ([...trailers.keys()].some((name) => name !== announced)) throw malformedTrailer()
  const claimed = algorithms.flatMap((algorithm) => {
    const value = named(headerOf(algorithm)) ?? trailers.get(headerOf(algorithm))
    return value === undefined ? [] : [{ algorithm, value }]
  })
  if (announced !== '' && claimed.length === 0) throw malformedTrailer()
  const [one, other] = claimed
  if (!one) return undefined
  if (other) throw new S3Error(400, 'InvalidRequest', 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  const length = Buffer.from(one.value, 'base64').length
  if (length !== Buffer.from(checksumOf(one.algorithm, Buffer.alloc(0)), 'base64').length)
    throw new S3Error(400, 'InvalidRequest', `Value for ${headerOf(one.algorithm)} header is invalid.`)
  if (checksumOf(one.algorithm, body) !== one.value)
    throw new S3Error(400, 'BadDigest', `The ${one.algorithm} you specified did not match the calculated checksum.`)
  return { ...one, type: 'FULL_OBJECT' }
}

const malformedTrailer = () =>
  new S3Error(
    400,
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )

export function checkMd5(claimed: string | undefined, body: Buffer): void {
  if (claimed === undefined) return
  if (Buffer.from(claimed, 'base64').length !== 16) throw new S3Error(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.')
  if (createHash('md5').update(body).digest('base64') !== claimed)
    throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
}

// ── The two that Node lacks ──────────────────────────────────────────────────────────────────────────────────────────

/** CRC-32C (Castagnoli), reflected. */
const CASTAGNOLI = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value >>> 0
})

function crc32c(data: Buffer): number {
  let value = 0xffffffff
  for (const byte of data) value = (CASTAGNOLI[(value ^ byte) & 255] as number) ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}

/** CRC-64/NVME, reflected, in two halves: numbers are faster than BigInt. */
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n
const [HIGH, LOW] = (() => {
  const [high, low] = [new Uint32Array(256), new Uint32Array(256)]
  for (let index = 0; index < 256; index++) {
    let value = BigInt(index)
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n
    high[index] = Number(value >> 32n)
    low[index] = Number(value & 0xffffffffn)
  }
  return [high, low] as const
})()

function crc64(data: Buffer): Buffer {
  let [high, low] = [0xffffffff, 0xffffffff]
  for (const byte of data) {
    const at = (low ^ byte) & 255
    low = (((low >>> 8) | (high << 24)) ^ (LOW[at] as number)) >>> 0
    high = ((high >>> 8) ^ (HIGH[at] as number)) >>> 0
  }
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE((high ^ 0xffffffff) >>> 0)
  bytes.writeUInt32BE((low ^ 0xffffffff) >>> 0, 4)
  return bytes
}
