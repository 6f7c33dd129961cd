/**
 * Hashing, and the alphabet of all hashes and random IDs. No other file of core hashes.
 */
import { createHash, hash } from 'node:crypto'

/** Crockford's base 32, lower case: without i, l, o, u, so that IDs can be read aloud without mistakes. */
export const crockford = '0123456789abcdefghjkmnpqrstvwxyz'

/** SHA-256, 32 bytes. */
export const sha256 = (data: string | Uint8Array): Buffer => hash('sha256', data, 'buffer')

export const sha256Hex = (data: string | Uint8Array): string => hash('sha256', data, 'hex')

/** The first `characters` × 5 bits of `bytes`, most significant first. */
export function toCrockford(bytes: Uint8Array, characters: number): string {
  let text = ''
  for (let index = 0; index < characters; index++) {
    const bit = index * 5
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0)
    text += crockford[(pair >> (11 - (bit & 7))) & 31]
  }
  return text
}

/**
 * SHA-256 over a domain and length-prefixed fields, as 26 characters (130 bits). The lengths keep
 * ('ab', 'c') and ('a', 'bc') apart; the domain keeps two uses of the same fields apart.
 */
export function digestFields(domain: string, fields: readonly string[]): string {
  const digest = createHash('sha256')
  for (const field of [domain, ...fields]) {
    const bytes = Buffer.from(field, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    digest.update(length).update(bytes)
  }
  return toCrockford(digest.digest(), 26)
}

/** A 128-bit digest of a string in 26 characters, for names that are too long to keep whole. */
export const shortDigest = (text: string): string => toCrockford(sha256(text).subarray(0, 16), 26)
