/**
 * The keys of trusted issuers, and the signature check with them (aws-jwt-verify).
 *
 * | what                            | how long                                                                        |
 * | ------------------------------- | ------------------------------------------------------------------------------- |
 * | keys are used without a refresh | 10 min; then refreshed next to the vend path, and after 15 min before it goes on |
 * | keys outlive a dead endpoint    | 6 h after the last good fetch; then all tokens of that issuer are refused        |
 * | an unknown `kid`                | at most one fetch a second, shared by all calls that wait for it                 |
 * | a failing endpoint              | left alone for 1 s, 2 s, 4 s … 60 s                                             |
 * | a prefetch                      | a call waits for that of its own issuer, and fetches itself if it fails at once  |
 *
 * Two different keys with the same `kid` are both ignored: a token names its key by `kid` alone, so anyone who can add a key to the set
 * could replace an existing one (RFC 7517 §4.5 wants them distinct). The same key twice is one key.
 */

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Issuer } from '@stint/core/config/shape'
import type { UnverifiedToken } from '@stint/core/identity/token'
import { type Instant, seconds } from '@stint/core/instant'
import { canonicalJson, isObject, type Json, type JsonObject, parseForeignJson } from '@stint/core/json'
import { done } from '@stint/core/outcome'
import { isJwk, type Jwk } from 'aws-jwt-verify/jwk'
import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier'
import type { IssuerKeys } from '../ports/issuer-keys.ts'
import type { Clock, Log } from '../ports/runtime.ts'

type KeysSettings = {
  readonly clock: Clock
  /** The body of a GET answered with 200; throws on anything else. */
  readonly get: (url: string, options: Pick<Issuer, 'network'>) => Promise<Uint8Array>
  /** Called once per fetch with the keys of an issuer that were ignored, and why. */
  readonly log?: Log
}

const FRESH_SECONDS = 10 * 60
const STALE_SECONDS = 15 * 60
const DEAD_SECONDS = 6 * 60 * 60
const UNKNOWN_KID_SECONDS = 1
/** An older prefetch is not waited for, and one that fails after a longer wait has the endpoint's answer: it hangs. */
const PREFETCH_SECONDS = 1
const LONGEST_BACKOFF_SECONDS = 60
const MAX_KEYS = 100
const RSA_BITS = { least: 2048, most: 8192 } as const
const EXPONENT_BITS = { least: 17, most: 256 } as const
const MAX_KEYS_LOGGED = 10
const SHOWN_KID_CHARACTERS = 64

type Cached = {
  keys: ReadonlyMap<string, Jwk>
  fetchedAt: Instant
  triedAt: Instant
  failures: number
  lastFault: string
  fetching?: Fetching
}

/** `isPrefetch`: no call caused it. On Lambda it may have been frozen together with the instance. */
type Fetching = { readonly ended: Promise<void>; readonly isPrefetch: boolean }

export function issuerKeys(settings: KeysSettings): IssuerKeys {
  const caches = new Map<string, Cached>()
  const keyObjects = new WeakMap<Jwk, KeyObject>()

  const isDead = (cached: Cached) => settings.clock() - cached.fetchedAt > seconds(DEAD_SECONDS)
  const unavailable = (issuer: Issuer, cached: Cached) => ({
    outcome: 'unknown' as const,
    cause: `keys of ${issuer.url}: ${cached.lastFault}`,
  })

  return {
    async check(issuer, token) {
      const kid = token.header.kid ?? ''
      const cached = await usable(issuer, kid)
      if (isDead(cached)) return unavailable(issuer, cached)
      const jwk = cached.keys.get(kid)
      // While the endpoint fails, Stint cannot know that there is no such key.
      if (!jwk) return cached.failures > 0 ? unavailable(issuer, cached) : { outcome: 'forged', why: 'unknown kid' }
      return verify(issuer, token, jwk)
    },

    async ready(issuer) {
      const cached = await usable(issuer)
      return isDead(cached) ? unavailable(issuer, cached) : done(cached.failures > 0 ? 'failing' : 'up')
    },

    prefetch(issuer) {
      const cached = cacheOf(issuer)
      if (cached.triedAt !== Number.NEGATIVE_INFINITY) return
      cached.triedAt = settings.clock()
      void start(issuer, cached, true)
    },
  }

  function cacheOf(issuer: Issuer): Cached {
    const place = `${issuer.network ?? ''} ${issuer.jwksUri}`
    const cached = caches.get(place) ?? {
      keys: new Map(),
      fetchedAt: Number.NEGATIVE_INFINITY,
      triedAt: Number.NEGATIVE_INFINITY,
      failures: 0,
      lastFault: '',
    }
    caches.set(place, cached)
    return cached
  }

  /** The issuer's keys, as fresh as the table above requires. */
  async function usable(issuer: Issuer, kid?: string): Promise<Cached> {
    const cached = cacheOf(issuer)
    if (cached.fetching?.isPrefetch) {
      const isLate = () => settings.clock() - cached.triedAt > seconds(PREFETCH_SECONDS)
      if (isLate()) delete cached.fetching
      else await cached.fetching.ended
      if (isLate() && cached.failures > 0) return cached
    }
    const age = settings.clock() - cached.fetchedAt
    if (age > seconds(STALE_SECONDS)) await refresh(issuer, cached)
    else if (kid !== undefined && !cached.keys.has(kid)) await refresh(issuer, cached, UNKNOWN_KID_SECONDS)
    else if (age > seconds(FRESH_SECONDS)) void refresh(issuer, cached)
    return cached
  }

  /** One fetch at a time per issuer, none within `pauseSeconds` of the last, and none while a failing endpoint is left alone. */
  async function refresh(issuer: Issuer, cached: Cached, pauseSeconds = 0): Promise<void> {
    if (cached.fetching) return cached.fetching.ended
    const backoff = cached.failures === 0 ? 0 : Math.min(2 ** (cached.failures - 1), LONGEST_BACKOFF_SECONDS)
    if (settings.clock() - cached.triedAt < seconds(Math.max(pauseSeconds, backoff))) return
    cached.triedAt = settings.clock()
    return start(issuer, cached, false)
  }

  function start(issuer: Issuer, cached: Cached, isPrefetch: boolean): Promise<void> {
    const startedAt = settings.clock()
    const isCurrent = () => cached.fetching === fetching
    const ended = fetchKeys(issuer, settings)
      .then((keys) => {
        // A response can have waited while the instance was frozen. By then, the response to a later request may have arrived.
        if (startedAt < cached.fetchedAt) return
        cached.keys = keys
        cached.fetchedAt = startedAt
        cached.failures = 0
      })
      .catch((error: unknown) => {
        if (!isCurrent()) return
        // A prefetch that fails at once is as if it had not been made: the connection may have died while the instance was frozen.
        if (isPrefetch && settings.clock() - cached.triedAt <= seconds(PREFETCH_SECONDS)) cached.triedAt = Number.NEGATIVE_INFINITY
        else cached.failures++
        cached.lastFault = error instanceof Error ? error.message : String(error)
      })
      .finally(() => {
        if (isCurrent()) delete cached.fetching
      })
    const fetching: Fetching = { ended, isPrefetch }
    cached.fetching = fetching
    return ended
  }

  function verify(issuer: Issuer, token: UnverifiedToken, jwk: Jwk) {
    if (!suits(jwk, token.header.alg)) return { outcome: 'forged' as const, why: `a ${jwk.kty} key cannot verify ${token.header.alg}` }
    try {
      // Times and audience are checked by Stint itself (core/identity/token); here only key and signature count.
      verifyJwtSync(token.raw, jwk, { issuer: issuer.url, audience: null, graceSeconds: Number.POSITIVE_INFINITY }, () => {
        const known = keyObjects.get(jwk) ?? createPublicKey({ key: jwk as never, format: 'jwk' })
        keyObjects.set(jwk, known)
        return known
      })
      return done(true as const)
    } catch (error) {
      return { outcome: 'forged' as const, why: error instanceof Error ? error.name : 'signature' }
    }
  }
}

async function fetchKeys({ url, jwksUri, network }: Issuer, { get, log }: KeysSettings): Promise<ReadonlyMap<string, Jwk>> {
  const parsed = parseForeignJson(await get(jwksUri, network === undefined ? {} : { network }))
  if (!parsed.ok) throw new Error(`JWKS: ${parsed.fault}`)
  const list = isObject(parsed.value) ? parsed.value.keys : undefined
  if (!Array.isArray(list) || list.length > MAX_KEYS) throw new Error('JWKS: not a valid key set, or too large')
  const spellings = new Map<unknown, Set<string>>()
  for (const jwk of list) if (isObject(jwk)) spellings.set(jwk.kid, (spellings.get(jwk.kid) ?? new Set()).add(canonicalJson(jwk)))
  const keys = new Map<string, Jwk>()
  const passedOver: { readonly kid: string; readonly reason: string }[] = []
  // RFC 7517 §5: a key that is not understood is ignored, and the other keys stay valid.
  for (const jwk of list) {
    const kid = isObject(jwk) ? jwk.kid : undefined
    const reason = (spellings.get(kid)?.size ?? 0) > 1 && kid !== undefined ? 'shares its kid with another key' : unusable(jwk)
    if (reason === undefined) keys.set(kid as string, jwk as unknown as Jwk)
    else passedOver.push({ kid: shownKid(kid), reason })
  }
  if (passedOver.length > 0)
    log?.({
      level: 'warn',
      event: 'issuer-keys-passed-over',
      issuer: url,
      count: passedOver.length,
      keys: passedOver.slice(0, MAX_KEYS_LOGGED),
    })
  return keys
}

/** Whether OpenSSL accepts the key: a point must be on its curve. */
function isKey(jwk: JsonObject): boolean {
  try {
    createPublicKey({ key: jwk as never, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/**
 * Why a member of a key set cannot verify signatures here, or undefined. RFC 7517 §4.2 and §4.3: a key says what it is for. RSA: FIPS 186-5
 * §5.1, at least 2,048 bits and an exponent between 2^16 and 2^256; above 8,192 bits a check takes too long.
 */
function unusable(jwk: Json): string | undefined {
  const unknown = 'not a public key of a known type'
  if (!isObject(jwk) || !['RSA', 'EC', 'OKP'].includes(String(jwk.kty))) return unknown
  if (typeof jwk.kid !== 'string') return 'has no kid'
  if (jwk.d !== undefined) return 'contains a private key'
  if (jwk.use !== undefined && jwk.use !== 'sig') return 'use is not sig'
  if (jwk.key_ops !== undefined && !verifies(jwk.key_ops)) return 'key_ops does not include verify'
  if (!isJwk(jwk as never) || !isKey(jwk)) return unknown
  if (jwk.kty !== 'RSA') return undefined
  const [modulus, exponent] = [bitsOf(String(jwk.n)), bitsOf(String(jwk.e))]
  if (modulus < RSA_BITS.least || modulus > RSA_BITS.most) return `an RSA modulus must have ${RSA_BITS.least} to ${RSA_BITS.most} bits`
  if (exponent < EXPONENT_BITS.least || exponent > EXPONENT_BITS.most)
    return `an RSA exponent must have ${EXPONENT_BITS.least} to ${EXPONENT_BITS.most} bits`
  return undefined
}

/** RFC 7517 §4.3: a list of strings without duplicates. */
const verifies = (operations: Json): boolean =>
  Array.isArray(operations) &&
  operations.every((operation) => typeof operation === 'string') &&
  new Set(operations).size === operations.length &&
  operations.includes('verify')

/** The issuer chooses a kid, so the log gets only a short form of printable characters. */
function shownKid(kid: unknown): string {
  if (typeof kid !== 'string') return '(none)'
  const plain = kid.slice(0, SHOWN_KID_CHARACTERS).replace(/[^\x20-\x7E]/g, '?')
  return kid.length > SHOWN_KID_CHARACTERS ? `${plain}…` : plain
}

/** RFC 7518 §3.1, RFC 8037 §3.1: each algorithm has one key type. Without this check, an RS256 header could select an EC key. */
function suits(jwk: Jwk, alg: string): boolean {
  if (jwk.alg !== undefined && jwk.alg !== alg) return false
  const curves: Record<string, readonly string[]> = { ES256: ['P-256'], ES384: ['P-384'], ES512: ['P-521'], EdDSA: ['Ed25519', 'Ed448'] }
  if (alg.startsWith('RS')) return jwk.kty === 'RSA'
  return jwk.kty === (alg === 'EdDSA' ? 'OKP' : 'EC') && (curves[alg] ?? []).includes(String(jwk.crv))
}

function bitsOf(number: string): number {
  const bytes = Buffer.from(number, 'base64url')
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}
