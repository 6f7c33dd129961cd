/**
 * Bodies in `aws-chunked` encoding: chunks, each with a signature or none, and trailing headers. Source: Amazon S3 API Reference,
 * "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks" and "… with trailing headers".
 */
import { STREAMING, same, sha256Hex, type Verified } from './sigv4.ts'

export type Content = { readonly body: Buffer; readonly trailers: ReadonlyMap<string, string> }
export type ChunkFault = 'signature' | 'incomplete' | 'malformed' | 'size' | 'no-length'

/** S3 takes a shorter chunk only as the last one. */
const LEAST_CHUNK_BYTES = 8192
const MAX_CHUNKS = 100_000
const EMPTY_HASH = sha256Hex('')

/** The content of a body, or why it has none. A body that is not in chunks is its own content. */
export function contentOf(body: Buffer, verified: Verified, decodedLength: string | undefined): Content | ChunkFault {
  const kind = STREAMING[verified.payloadHash]
  if (!kind) return { body, trailers: new Map() }
  if (decodedLength === undefined || !/^\d+$/.test(decodedLength)) return 'no-length'

  const parts: Buffer[] = []
  let previous = verified.signature
  let at = 0
  let short = false
  for (let chunks = 0; chunks < MAX_CHUNKS; chunks++) {
    const line = lineAt(body, at)
    if (!line) return 'incomplete'
    const found = /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line.text)
    if (!found || (found[2] !== undefined) !== kind.signed) return 'malformed'
    const size = Number.parseInt(found[1] ?? '', 16)
    const data = body.subarray(line.next, line.next + size)
    if (data.length < size) return 'incomplete'
    if (kind.signed) {
      const expected = verified.chunkSignature('AWS4-HMAC-SHA256-PAYLOAD', [previous, EMPTY_HASH, sha256Hex(data)])
      if (!same(expected, found[2] ?? '')) return 'signature'
      previous = expected
    }
    if (size === 0) return ending(body.subarray(line.next), Buffer.concat(parts), verified, previous, Number(decodedLength))
    if (short) return 'size'
    short = size < LEAST_CHUNK_BYTES
    parts.push(data)
    if (body.subarray(line.next + size, line.next + size + 2).toString('latin1') !== '\r\n') return 'malformed'
    at = line.next + size + 2
  }
  return 'malformed'
}

/** After the last chunk: an empty line, or trailing headers and, in a signed body, their signature. */
function ending(rest: Buffer, body: Buffer, verified: Verified, previous: string, decodedLength: number): Content | ChunkFault {
  if (body.length !== decodedLength) return 'incomplete'
  const kind = STREAMING[verified.payloadHash]
  const trailers = new Map<string, string>()
  let signature: string | undefined
  let at = 0
  for (let lines = 0; lines < 10; lines++) {
    const line = lineAt(rest, at)
    if (!line || line.text === '') break
    const [, name = '', value = ''] = /^([a-z0-9-]+):(.*)$/i.exec(line.text) ?? []
    if (name === '') return 'malformed'
    if (name.toLowerCase() === 'x-amz-trailer-signature') signature = value.trim()
    else trailers.set(name.toLowerCase(), value.trim())
    at = line.next
  }
  if (!kind?.trailer && trailers.size > 0) return 'malformed'
  if (kind?.signed && kind.trailer) {
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
    const expected = verified.chunkSignature('AWS4-HMAC-SHA256-TRAILER', [previous, sha256Hex(text)])
    if (!same(expected, signature ?? '')) return 'signature'
  }
  return { body, trailers }
}

/** A line up to CRLF. Some clients end a trailing header with LF. */
function lineAt(body: Buffer, at: number): { readonly text: string; readonly next: number } | undefined {
  const end = body.indexOf('\n', at)
  if (end < 0) return at < body.length ? { text: body.subarray(at).toString('latin1').trim(), next: body.length } : undefined
  return { text: body.subarray(at, end).toString('latin1').replace(/\r$/, ''), next: end + 1 }
}
