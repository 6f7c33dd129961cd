/**
 * Names that AWS shows. The encoding is injective: two identities never share a source identity. A character outside AWS's
 * alphabet is written `=XX`. A name that is too long keeps a readable head and ends in `==` and a 128-bit digest. `==` never
 * occurs otherwise, so a short name cannot be made to look like a long one.
 * Alphabet and lengths: AWS STS API Reference, AssumeRole, SourceIdentity and RoleSessionName.
 */
import { shortDigest } from '../digest.ts'
import { escaped } from '../tag-value.ts'

const MAX_NAME = 128
const MAX_SOURCE_IDENTITY = 64
const MAX_READABLE_NAME = 24
const DIGEST = 26

/** A character that AWS accepts stays as it is (`=` is reserved for the encoding). Any other becomes its UTF-8 bytes in hex. */
const encodeCharacter = (character: string): string => (/^[\w+,.@-]$/.test(character) ? character : escaped(character))

const encode = (text: string): readonly string[] => [...text].map(encodeCharacter)

/** As many whole encoded characters as fit. */
function head(encoded: readonly string[], room: number): string {
  let text = ''
  for (const part of encoded) {
    if (text.length + part.length > room) break
    text += part
  }
  return text
}

/**
 * A readable name of several claims, such as `acme/web:refs/heads/main`. Injective: `:` within a part, `%` and `=` are
 * written `%XX`, a missing part is empty, an empty part is `%`, and a name that is too long ends in a digest.
 */
export function joinedName(parts: readonly (string | undefined)[]): string {
  const whole = parts.map((part) => (part === '' ? '%' : (part ?? '').replace(/[%:=]/g, encodeURIComponent))).join(':')
  return whole.length <= MAX_NAME ? whole : `${head([...whole], MAX_NAME - DIGEST - 2)}==${shortDigest(whole)}`
}

/** `<issuerKey>.<encoded identity>`, 2 to 64 characters. */
export function sourceIdentity(issuerKey: string, identity: string): string {
  const encoded = encode(identity)
  const room = MAX_SOURCE_IDENTITY - issuerKey.length - 1
  const whole = encoded.join('')
  if (whole.length <= room) return `${issuerKey}.${whole}`
  return `${issuerKey}.${head(encoded, room - DIGEST - 2)}==${shortDigest(identity)}`
}

/** Readable part, `-`, session ID: at most 64 characters, and unique because the session ID is. */
export const roleSessionName = (callerName: string, sessionId: string): string =>
  `${head(encode(callerName), MAX_READABLE_NAME)}-${sessionId}`
