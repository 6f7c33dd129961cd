/**
 * Reads objects in a bucket, without S3's client: that takes 160 KB of a bundle, and `api` only reads. Sources: Amazon S3 API Reference,
 * "GetObject" and "Authenticating Requests (AWS Signature Version 4)".
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { SignatureV4 } from '@smithy/signature-v4'
import { brief } from '@stint/core/audit/event'
import { type ObjectReader, Trouble } from '../../ports/log.ts'
import { type BoundedAnswer, boundedFetch } from '../bounded-fetch.ts'
import { regionalEndpoint } from '../endpoints.ts'
import { Sha256 } from '../signed-query.ts'
import { readXml } from '../wire/xml.ts'
import { type BucketSettings, isEtag, mostOf, SENDS } from './bucket-objects.ts'

type ReaderSettings = BucketSettings & { readonly sleep: (milliseconds: number) => Promise<void>; readonly fetch?: typeof fetch }

const ANSWER_MS = 10_000
const FIRST_WAIT_MS = 50

/** A read rejects with `Trouble` unless S3 returns the whole object, or says that there is none. */
export function bucketReader({ bucket, region, keys, endpoint, clock, sleep, ...given }: ReaderSettings): ObjectReader {
  // S3 takes each segment as it is encoded in the path; every other service encodes the path once more.
  const signer = new SignatureV4({ service: 's3', region, credentials: keys, sha256: Sha256, uriEscapePath: false })
  // AWS's certificate is valid for one label before the regional host.
  const isInPath = endpoint !== undefined || bucket.includes('.')
  const regional = endpoint ?? regionalEndpoint('s3', region)
  const base = new URL(isInPath ? regional : regional.replace('://', `://${bucket}.`))

  async function send(path: string): Promise<BoundedAnswer> {
    const pathname = `${isInPath ? `/${bucket}` : ''}/${path.split('/').map(encoded).join('/')}`
    const { headers } = await signer.sign(
      {
        method: 'GET',
        protocol: base.protocol,
        hostname: base.hostname,
        path: pathname,
        // With this mode, S3 returns the checksum that was stored with the object.
        headers: { host: base.host, 'x-amz-checksum-mode': 'ENABLED', 'accept-encoding': 'identity' },
      },
      { signingDate: new Date(clock()) },
    )
    return boundedFetch(`${base.origin}${pathname}`, { timeoutMs: ANSWER_MS, maxBytes: mostOf(path), headers, ...given })
  }

  async function answered(path: string): Promise<BoundedAnswer> {
    for (let sent = 1; ; sent++) {
      const answer = await send(path).catch((error: Error) => error)
      const failed = answer instanceof Error || answer.status >= 500 || answer.status === 429
      if (!failed) return answer
      if (sent === SENDS) throw new Trouble(`s3: ${answer instanceof Error ? brief(answer.message) : answer.status}`)
      await sleep(FIRST_WAIT_MS * 2 ** sent)
    }
  }

  return {
    async get(path) {
      const answer = await answered(path)
      if (answer.status === 404 && codeIn(answer) === 'NoSuchKey') return undefined
      if (answer.status !== 200) throw new Trouble(`s3: ${answer.status} ${brief(codeIn(answer) ?? '')}`)
      const { bytes, headers } = answer
      const etag = headers.get('etag')
      // fetch accepts a body without a length, and one that ended before it.
      if (!isEtag(etag) || headers.get('content-length') !== String(bytes.length) || !hasChecksum(headers, bytes))
        throw new Trouble(`s3: the response has only part of ${path}`)
      return { bytes, etag }
    },
  }
}

/** RFC 3986 §2.3: everything but the unreserved characters. */
const encoded = (segment: string): string =>
  encodeURIComponent(segment).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** Whether the bytes have the checksum that S3 stored with them: SHA-256 if Stint wrote the object, CRC-32 if a copying tool did. */
function hasChecksum(headers: Headers, bytes: Uint8Array): boolean {
  const [sha256, crc] = [headers.get('x-amz-checksum-sha256'), headers.get('x-amz-checksum-crc32')]
  if (sha256 !== null) return sha256 === createHash('sha256').update(bytes).digest('base64')
  if (crc === null) return true
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return crc === sum.toString('base64')
}

function codeIn(answer: BoundedAnswer): string | undefined {
  try {
    return readXml(answer.text()).text('Error/Code')
  } catch {
    return undefined
  }
}
