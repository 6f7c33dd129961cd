/**
 * Seals the state that Stint's pages keep in a browser, so that the browser can neither read nor forge it. A seal is valid for a
 * limited time and for one purpose. AES-256-GCM (NIST SP 800-38D) under a key for each purpose, with a fresh random nonce.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { RandomBytes } from '@stint/core/ids'
import type { Instant } from '@stint/core/instant'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const keyFor = (key: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), `stint-seal/v1 ${purpose}`, 32))

export function seal(key: Uint8Array, purpose: string, value: object, until: Instant, random: RandomBytes): string {
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyFor(key, purpose), nonce)
  const sealed = Buffer.concat([cipher.update(JSON.stringify({ until, value })), cipher.final()])
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')
}

/** Returns undefined if the value was not sealed with this key, was sealed for another purpose, or has expired. */
export function unseal<T extends object>(key: Uint8Array, purpose: string, text: string | undefined, now: Instant): T | undefined {
  if (text === undefined || !/^[\w-]{40,}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  // Accept only the canonical encoding of the bytes.
  if (bytes.toString('base64url') !== text) return undefined
  const decipher = createDecipheriv('aes-256-gcm', keyFor(key, purpose), bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
    const { until, value } = JSON.parse(plain) as { readonly until: Instant; readonly value: T }
    return until > now ? value : undefined
  } catch {
    return undefined
  }
}
