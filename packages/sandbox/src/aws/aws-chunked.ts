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
export function contentOf(body: Buffer, verified: Verified, decodedLength: string): Content | ChunkFault {
  const kind = STREAMING[verified.payloadHash]
  if (!kind) return { body, trailers: new Map() }
  if (!/^\d+$/.test(decodedLength)) return 'no-length'

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
  const lines = linesOf(rest)
  if (typeof lines === 'string') return lines
  const trailers = new Map<string, string>()
  let signature: string | undefined
  for (const text of lines) {
    const [, name = '', value = ''] = /^([a-z0-9-]+):(.*)$/i.exec(text) ?? []
    if (name === '') return 'malformed'
    if (name.toLowerCase() === 'x-amz-trailer-signature') signature = value.trim()
    else trailers.set(name.toLowerCase(), value.trim())
  }
  if (!kind?.trailer && trailers.size > 0) return 'malformed'
  if (kind?.signed && kind.trailer) {
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('')
    const expected = verified.chunkSignature('AWS4-HMAC-SHA256-TRAILER', [previous, sha256Hex(text)])
    if (!same(expected, signature ?? '')) return 'signature'
  }
  return { body, trailers }
}

const MAX_TRAILER_LINES = 10

/** The lines up to the empty one, which ends the body. */
function linesOf(rest: Buffer): readonly string[] | 'incomplete' | 'malformed' {
  const lines: string[] = []
  let at = 0
  while (lines.length <= MAX_TRAILER_LINES) {
    const line = lineAt(rest, at)
    if (!line) return 'incomplete'
    if (line.text === '') return line.next === rest.length ? lines : 'malformed'
    lines.push(line.text)
    at = line.next
  }
  return 'malformed'
}

/** A line up to CRLF, or undefined if it has no end. Some clients end a trailing header with LF. */
function lineAt(body: Buffer, at: number): { readonly text: string; readonly next: number } | undefined {
  const end = body.indexOf('\n', at)
  if (end < 0) return undefined
  return { text: body.subarray(at, end).toString('latin1').replace(/\r$/, ''), next: end + 1 }
}
