/**
 * Subjects, as issuers send them and as Stint stores them. An event or a key has room for 256 bytes, so a longer subject is stored once for
 * each request, and its digest stands for it everywhere else.
 */
import { sha256Hex } from '../digest.ts'
import { jsonBytes } from '../json.ts'

/** Longest `sub` that a token can have, in characters. */
export const MAX_SUBJECT_CHARACTERS = 2048
/** Longest subject that is stored as it is, in bytes of its JSON. */
const MAX_STORED_BYTES = 256
/** Up to this length a subject is below that limit, whatever its characters are. */
const SURELY_SHORT = Math.floor(MAX_STORED_BYTES / 6)

const DIGEST = /^sha256:[0-9a-f]{64}$/

/** Any characters but control characters and lone surrogates. RFC 7519 §4.1.2 sets no limit; OpenID Connect Core 1.0 §2 sets 255. */
export const isSubject = (sub: unknown): sub is string =>
  typeof sub === 'string' && /^\P{Cc}+$/u.test(sub) && sub.isWellFormed() && [...sub].length <= MAX_SUBJECT_CHARACTERS

/**
 * The subject itself, or `sha256:` and the SHA-256 of its UTF-8 bytes in hex. Two subjects never get the same result: a subject that
 * looks like a digest is stored as its digest too.
 */
export function storedSubject(sub: string): string {
  const isShort = sub.length <= SURELY_SHORT || (jsonBytes(sub) <= MAX_STORED_BYTES && !DIGEST.test(sub))
  return isShort ? sub : `sha256:${sha256Hex(sub)}`
}

/** Whether a subject is stored as this. It is hashed only for a digest: `personOf` compares every identity of the config. */
export const isStoredAs = (sub: string, stored: string): boolean => (isSubjectDigest(stored) ? storedSubject(sub) : sub) === stored

/** Whether a stored subject is a digest. */
export const isSubjectDigest = (stored: string): boolean => DIGEST.test(stored)

/** The stored form of a subject that a person typed: either the subject itself, or the digest that they read in an event. */
export const typedSubject = (text: string): string => (DIGEST.test(text) ? text : storedSubject(text))
