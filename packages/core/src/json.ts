/**
 * JSON from and to the outside. `parseForeignJson` is the only parser of untrusted bytes (a body, a JWT's header and
 * payload). `canonicalJson` is the only writer of bytes that are hashed.
 *
 * Two parsers that read one text differently are an old attack (duplicate members, lone surrogates, `__proto__`):
 * what is ambiguous is refused here, so nothing behind this function has to think of it.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

type JsonFault =
  | 'not-utf8'
  | 'not-json'
  | 'too-deep'
  | 'duplicate-member'
  | 'forbidden-member'
  | 'lone-surrogate'
  /** A number that is not exact after parsing: two different numbers would become equal. */
  | 'unsafe-number'

type Parsed = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly fault: JsonFault }

/** Deeper nesting is refused. No document that Stint accepts needs even half of it. */
const MAX_DEPTH = 16

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type ParseOptions = {
  /** What to do with a number that a double cannot represent exactly: refuse it (the default), or keep its digits as a string. */
  readonly largeNumbers?: 'refuse' | 'as-strings'
}

export function parseForeignJson(bytes: Uint8Array, { largeNumbers = 'refuse' }: ParseOptions = {}): Parsed {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return { ok: false, fault: 'not-utf8' }
  }
  let value: Json
  try {
    value = largeNumbers === 'refuse' ? (JSON.parse(text) as Json) : parseKeepingDigits(text)
  } catch {
    return { ok: false, fault: 'not-json' }
  }
  const fault = findFault(text, largeNumbers)
  return fault === undefined ? { ok: true, value } : { ok: false, fault }
}

/** Walks a string that is valid JSON. It only needs to know where objects, arrays and strings begin and end. */
function findFault(text: string, largeNumbers: 'refuse' | 'as-strings'): JsonFault | undefined {
  const open: (Set<string> | undefined)[] = [] // a set of names for an object, undefined for an array
  let nameExpected = false
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
        open.push(new Set())
        nameExpected = true
        break
      case '[':
        open.push(undefined)
        nameExpected = false
        break
      case '}':
      case ']':
        open.pop()
        nameExpected = false
        break
      case ',':
        nameExpected = open.at(-1) !== undefined
        break
      case '"': {
        const end = endOfString(text, at)
        const raw = text.slice(at, end + 1)
        const decoded = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
        if (!decoded.isWellFormed()) return 'lone-surrogate'
        const names = open.at(-1)
        if (nameExpected && names) {
          if (decoded === '__proto__') return 'forbidden-member'
          if (names.has(decoded)) return 'duplicate-member'
          names.add(decoded)
          nameExpected = false
        }
        at = end
        break
      }
      default: {
        if (!/[-\d]/.test(text[at] as string)) break
        let end = at + 1
        while (end < text.length && '+-.0123456789Ee'.includes(text[end] as string)) end++
        if (largeNumbers === 'refuse' && !isExact(text.slice(at, end))) return 'unsafe-number'
        at = end - 1
      }
    }
    if (open.length > MAX_DEPTH) return 'too-deep'
  }
  return undefined
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

/** Whether a rule can compare this number: see `isExact`. A number in source code is already a double, so only its size matters. */
export const isSafeNumber = (value: number): boolean => Math.abs(value) <= Number.MAX_SAFE_INTEGER

/**
 * Whether a JSON number keeps its value as a double, as far as integers are concerned (RFC 8259 §6, RFC 7493 §2.2): its
 * magnitude is at most 2^53 - 1, and it does not become an integer unless it was written as one. 9007199254740993 would
 * otherwise equal 9007199254740992. The digits of a fraction can be rounded: 0.1 is fine.
 */
function isExact(literal: string): boolean {
  const value = Number(literal)
  if (!isSafeNumber(value)) return false
  return !Number.isInteger(value) || /^-?\d+$/.test(literal) || isWholeNumber(literal)
}

/** Whether a fraction or a number with an exponent is mathematically an integer: `1500e-2` is, `1.5` is not. */
function isWholeNumber(literal: string): boolean {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = whole + fraction
  let end = digits.length
  while (end > 0 && !/[1-9]/.test(digits[end - 1] as string)) end--
  return end === 0 || Number(exponent) - fraction.length + (digits.length - end) >= 0
}

/**
 * JSON.parse for documents that are shown or searched, never compared by number: a number that is not exact as a double
 * stays the string of its digits. Throws a SyntaxError like JSON.parse.
 */
export function parseKeepingDigits(text: string): Json {
  const keep = (_name: string, value: Json, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && !isExact(context.source) ? context.source : value
  return JSON.parse(text, keep) as Json
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The size of a string in JSON: UTF-8 bytes, without the quotes. */
export const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2

/** An own property of the object, never an inherited one. */
export const own = <T>(object: { readonly [key: string]: T }, key: string): T | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/**
 * RFC 8785 (JSON Canonicalization Scheme): properties sorted by UTF-16 code units, ECMAScript's own forms of numbers and
 * strings, no white space. Properties that are undefined are left out, because JSON has no such value.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    let members = ''
    // Sorts by UTF-16 code units.
    for (const name of Object.keys(value).sort()) {
      const member = (value as { readonly [name: string]: unknown })[name]
      if (member !== undefined) members += `${members && ','}${JSON.stringify(name)}:${canonicalJson(member)}`
    }
    return `{${members}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('a number that JSON cannot represent')
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`a ${typeof value} is not JSON`)
  return text
}

/**
 * Whether a string is the RFC 8785 form of the value that was parsed from it. Properties keep the order in which they were
 * written, and JSON.stringify writes numbers and strings as RFC 8785 does, so only the order is left to check.
 */
export const isCanonicalJson = (text: string, value: unknown): boolean => JSON.stringify(value) === text && isSorted(value)

function isSorted(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isSorted)
  if (typeof value !== 'object' || value === null) return true
  let last: string | undefined
  for (const [name, member] of Object.entries(value)) {
    // The parser moves an integer-like name to the front, which would hide its original position.
    if ((last !== undefined && name < last) || /^\d+$/.test(name) || !isSorted(member)) return false
    last = name
  }
  return true
}
