/**
 * Names that AWS will show. They are injective: two identities never share a source identity. What AWS's alphabet lacks
 * is written `=XX`, a name too long keeps a readable head and ends in `==` and a 128-bit digest; since `==` never occurs
 * otherwise, a long name cannot be dressed up as a short one.
 * Alphabet and lengths: AWS STS API Reference, AssumeRole, SourceIdentity and RoleSessionName.
 */
import { shortDigest } from '../digest.ts'

const MAX_NAME = 128
const MAX_SOURCE_IDENTITY = 64
const MAX_READABLE_NAME = 24
const DIGEST = 26

/** One character to itself if AWS takes it (`=` is ours), else its UTF-8 bytes in hex. */
const encodeCharacter = (character: string): string =>
  /^[\w+,.@-]$/.test(character)
    ? character
    : [...Buffer.from(character, 'utf8')].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

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
 * written `%XX`, a part that is missing is empty and one that is empty is `%`, and a name too long ends in a digest.
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

/** Readable part, `-`, session id: at most 64 characters, and unique because the session id is. */
export const roleSessionName = (callerName: string, sessionId: string): string =>
  `${head(encode(callerName), MAX_READABLE_NAME)}-${sessionId}`
