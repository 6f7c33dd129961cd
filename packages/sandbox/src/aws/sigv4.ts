/**
 * Verifies Signature Version 4, in the `Authorization` header or in the query (presigned URLs): builds the canonical request anew and
 * compares the signatures. Sources: AWS IAM User Guide, "AWS Signature Version 4 for API requests", "Create a signed AWS API request";
 * Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export type SignedRequest = {
  readonly method: string
  /** The path and query of the request line, unchanged. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type SigningKey = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }

/** What a request says about its signature, before anything is verified. */
type UnverifiedClaim = {
  readonly authType: 'REST-HEADER' | 'REST-QUERY-STRING'
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `X-Amz-Expires` of a presigned URL. */
  readonly expires?: string
}

/** How a verified request was signed. `chunkSignature` continues from it, for a body that is signed in chunks. */
export type Verified = Pick<UnverifiedClaim, 'authType' | 'region'> & {
  readonly signedAtMs: number
  readonly payloadHash: string
  readonly signature: string
  /** The signature of a string whose first line is the algorithm and whose lines after the scope are `lines`. */
  readonly chunkSignature: (algorithm: string, lines: readonly string[]) => string
}

/** Why a signature is refused. `message` is AWS's own text where it has one for each case. */
export type SigFault = {
  readonly kind:
    | 'missing'
    | 'unsupported'
    | 'malformed'
    | 'two-ways'
    | 'query-parameters'
    | 'incomplete'
    | 'unsigned-headers'
    | 'scope-date'
    | 'skewed'
    | 'url-expired'
    | 'url-early'
    | 'token-invalid'
    | 'no-payload-hash'
    | 'payload-hash'
    | 'mismatch'
  readonly message?: string
  readonly detail?: Readonly<Record<string, string>>
}
const fault = (kind: SigFault['kind'], message?: string, detail?: SigFault['detail']): { readonly fault: SigFault } => ({
  fault: { kind, ...(message === undefined ? {} : { message }), ...(detail ? { detail } : {}) },
})

const ALGORITHM = 'AWS4-HMAC-SHA256'
const MAX_SKEW_MS = 15 * 60 * 1000
/** Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters": 1 second to 7 days. */
const MAX_EXPIRES_SECONDS = 604_800
const QUERY_PARAMETERS = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-Date', 'X-Amz-SignedHeaders'] as const

export const UNSIGNED = 'UNSIGNED-PAYLOAD'
/** The bodies that are sent in chunks, and whether each chunk has a signature. */
export const STREAMING: Readonly<Record<string, { readonly signed: boolean; readonly trailer: boolean }>> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { signed: true, trailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { signed: true, trailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { signed: false, trailer: true },
}

export const sha256Hex = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

export const isSignatureParameter = (name: string): boolean =>
  /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token|content-sha256)$/i.test(name)

// ── What the request claims ──────────────────────────────────────────────────────────────────────────────────────────

export function unverifiedClaim({
  url,
  headers,
}: Pick<SignedRequest, 'url' | 'headers'>): { claim: UnverifiedClaim } | { fault: SigFault } {
  const query = queryOf(url)
  const inQuery = query.has('X-Amz-Signature') || query.has('X-Amz-Algorithm') || query.has('X-Amz-Credential')
  const { authorization } = headers
  if (authorization !== undefined && inQuery)
    return fault(
      'two-ways',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    )
  if (inQuery) return claimOfQuery(query)
  if (authorization === undefined) return query.has('Signature') ? fault('unsupported') : fault('missing')
  return claimOfHeader(authorization)
}

function claimOfHeader(authorization: string): { claim: UnverifiedClaim } | { fault: SigFault } {
  const [algorithm = '', ...rest] = authorization.trim().split(/\s+/)
  if (algorithm !== ALGORITHM) return fault('unsupported')
  const parts = new Map(
    rest
      .join('')
      .split(',')
      .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const),
  )
  const lacking = ['Credential', 'SignedHeaders', 'Signature'].filter((name) => !parts.get(name))
  if (lacking.length > 0) return fault('malformed', lacking.map((name) => `Authorization header requires '${name}' parameter.`).join(' '))
  return claimFrom('REST-HEADER', parts.get('Credential') ?? '', parts.get('SignedHeaders') ?? '', parts.get('Signature') ?? '')
}

function claimOfQuery(query: URLSearchParams): { claim: UnverifiedClaim } | { fault: SigFault } {
  const algorithm = query.get('X-Amz-Algorithm')
  if (algorithm !== null && algorithm !== ALGORITHM) return fault('query-parameters', `X-Amz-Algorithm only supports "${ALGORITHM}"`)
  if (QUERY_PARAMETERS.some((name) => query.getAll(name).length !== 1) || query.getAll('X-Amz-Expires').length > 1)
    return fault(
      'query-parameters',
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  const expires = query.get('X-Amz-Expires') ?? undefined
  return claimFrom(
    'REST-QUERY-STRING',
    query.get('X-Amz-Credential') ?? '',
    query.get('X-Amz-SignedHeaders') ?? '',
    query.get('X-Amz-Signature') ?? '',
    expires,
  )
}

function claimFrom(
  authType: UnverifiedClaim['authType'],
  credential: string,
  signedHeaders: string,
  signature: string,
  expires?: string,
): { claim: UnverifiedClaim } | { fault: SigFault } {
  const kind = authType === 'REST-HEADER' ? 'malformed' : 'query-parameters'
  const found = /^([^/\s]+)\/(\d{8})\/([^/\s]+)\/([^/\s]+)\/aws4_request$/.exec(credential)
  if (!found) return fault(kind, 'The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')
  const [, accessKeyId = '', date = '', region = '', service = ''] = found
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+(;[a-z0-9!#$%&'*+.^_`|~-]+)*$/.test(signedHeaders))
    return fault(kind, 'SignedHeaders must be lower-case header names, separated by semicolons.')
  if (!/^[0-9a-f]{64}$/.test(signature)) return fault('mismatch')
  return {
    claim: {
      ...{ authType, accessKeyId, date, region, service, signature, signedHeaders: signedHeaders.split(';') },
      ...(expires === undefined ? {} : { expires }),
    },
  }
}

// ── Verification ─────────────────────────────────────────────────────────────────────────────────────────────────────

export function verify(
  request: SignedRequest,
  claim: UnverifiedClaim,
  key: SigningKey,
  now: number,
): { verified: Verified } | { fault: SigFault } {
  const { headers } = request
  const query = queryOf(request.url)
  const stamp = timestampOf(request, claim, query)
  if (!stamp) return fault('incomplete', "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
  const timing = timingFault(claim, stamp, now)
  if (timing) return timing
  const token =
    claim.authType === 'REST-HEADER'
      ? headers['x-amz-security-token']
      : (query.get('X-Amz-Security-Token') ?? headers['x-amz-security-token'])
  if ((token ?? '') !== (key.sessionToken ?? '')) return fault('token-invalid')
  // An unsigned header could be changed in transit, so host, date, token and every other x-amz header must be signed.
  const mustBeSigned = [
    'host',
    ...Object.keys(headers).filter((name) => name.startsWith('x-amz-')),
    ...(stamp.header ? [stamp.header] : []),
  ]
  const unsigned = mustBeSigned.filter((name) => !claim.signedHeaders.includes(name) && name !== 'x-amz-user-agent')
  if (unsigned.length > 0) return fault('unsigned-headers', undefined, { HeadersNotSigned: [...new Set(unsigned)].join(', ') })

  const payload = payloadHashOf(request, claim, query)
  if ('fault' in payload) return payload
  const canonical = canonicalRequest(request, claim, payload.hash)
  if (canonical === undefined) return fault('mismatch')
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`
  const signingKey = [claim.region, claim.service, 'aws4_request'].reduce(hmac, hmac(`AWS4${key.secretAccessKey}`, claim.date))
  const sign = (text: string) => hmac(signingKey, text).toString('hex')
  if (!same(sign([ALGORITHM, stamp.text, scope, sha256Hex(canonical)].join('\n')), claim.signature)) return fault('mismatch')
  if (/^[0-9a-f]{64}$/.test(payload.hash) && !same(payload.hash, sha256Hex(request.body))) return fault('payload-hash')
  return {
    verified: {
      authType: claim.authType,
      region: claim.region,
      signedAtMs: stamp.at,
      payloadHash: payload.hash,
      signature: claim.signature,
      chunkSignature: (algorithm, lines) => sign([algorithm, stamp.text, scope, ...lines].join('\n')),
    },
  }
}

export function same(left: string, right: string): boolean {
  const [one, two] = [Buffer.from(left), Buffer.from(right)]
  return one.length === two.length && timingSafeEqual(one, two)
}

type Stamp = { readonly at: number; readonly text: string; readonly header?: string }

/** `X-Amz-Date` comes before `Date`, which can also be an HTTP date. The string to sign has the basic ISO form of either. */
function timestampOf({ headers }: SignedRequest, claim: UnverifiedClaim, query: URLSearchParams): Stamp | undefined {
  if (claim.authType === 'REST-QUERY-STRING') {
    const text = query.get('X-Amz-Date') ?? ''
    const at = parseAmzDate(text)
    return at === undefined ? undefined : { at, text }
  }
  const name = headers['x-amz-date'] === undefined ? 'date' : 'x-amz-date'
  const text = String(headers[name] ?? '')
  const at =
    parseAmzDate(text) ??
    (name === 'date' && /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC)$/.test(text) ? Date.parse(text) : undefined)
  return at === undefined || Number.isNaN(at) ? undefined : { at, text: amzDate(at), header: name }
}

function timingFault(claim: UnverifiedClaim, stamp: Stamp, now: number): { fault: SigFault } | undefined {
  if (!stamp.text.startsWith(claim.date))
    return fault(
      'scope-date',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${claim.date}' != '${stamp.text.slice(0, 8)}', from '${stamp.text}'.`,
    )
  const query = claim.authType === 'REST-QUERY-STRING'
  if (query && (claim.expires !== undefined || claim.service === 's3')) {
    const expires = claim.expires ?? ''
    if (!/^-?\d+$/.test(expires)) return fault('query-parameters', 'X-Amz-Expires should be a number')
    if (Number(expires) < 1) return fault('query-parameters', 'X-Amz-Expires must be at least 1 second')
    if (Number(expires) > MAX_EXPIRES_SECONDS)
      return fault(
        'query-parameters',
        `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${MAX_EXPIRES_SECONDS} seconds`,
      )
  }
  const [at, limit] = [amzDate(now), (ms: number) => amzDate(now + ms)]
  if (query && claim.service === 's3') {
    const end = stamp.at + Number(claim.expires) * 1000
    if (now >= end)
      return fault('url-expired', 'Request has expired', {
        'X-Amz-Expires': claim.expires ?? '',
        Expires: isoSecond(end),
        ServerTime: isoSecond(now),
      })
    return stamp.at - now > MAX_SKEW_MS
      ? fault('url-early', 'Request is not yet valid', { 'X-Amz-Date': stamp.text, ServerTime: isoSecond(now) })
      : undefined
  }
  // The services with a query protocol take a presigned request for 15 minutes, whatever X-Amz-Expires says.
  if (Math.abs(now - stamp.at) <= MAX_SKEW_MS) return undefined
  const message =
    stamp.at < now
      ? `Signature expired: ${stamp.text} is now earlier than ${limit(-MAX_SKEW_MS)} (${at} - 15 min.)`
      : `Signature not yet current: ${stamp.text} is still later than ${limit(MAX_SKEW_MS)} (${at} + 15 min.)`
  return fault('skewed', message, {
    RequestTime: stamp.text,
    ServerTime: isoSecond(now),
    MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
  })
}

const isoSecond = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

/** The last line of the canonical request. Only S3 lets the client name it. */
function payloadHashOf(
  { headers, body }: SignedRequest,
  claim: UnverifiedClaim,
  query: URLSearchParams,
): { hash: string } | { fault: SigFault } {
  const named = headers['x-amz-content-sha256'] ?? query.get('X-Amz-Content-Sha256') ?? undefined
  if (claim.service !== 's3') return { hash: sha256Hex(body) }
  if (named === undefined) return claim.authType === 'REST-HEADER' ? fault('no-payload-hash') : { hash: UNSIGNED }
  const hash = String(named)
  if (hash === UNSIGNED || Object.hasOwn(STREAMING, hash) || /^[0-9a-f]{64}$/.test(hash)) return { hash }
  return fault(
    'no-payload-hash',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.',
  )
}

// ── The canonical request ────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 3986: everything except unreserved characters. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

function canonicalRequest(request: SignedRequest, claim: UnverifiedClaim, payloadHash: string): string | undefined {
  const path = request.url.split('?')[0] ?? '/'
  const canonicalPath = claim.service === 's3' ? encodedOnce(path) : encodedTwice(path)
  if (canonicalPath === undefined) return undefined
  const query = [...queryOf(request.url)]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([leftName, leftValue], [rightName, rightValue]) => compare(leftName, rightName) || compare(leftValue, rightValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headers = claim.signedHeaders
    .map(
      (name) =>
        `${name}:${String(request.headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' ')}\n`,
    )
    .join('')
  return [request.method, canonicalPath, query, headers, claim.signedHeaders.join(';'), payloadHash].join('\n')
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')

/** S3's path: what was sent, in the canonical encoding. Dot segments and empty segments are part of a key. */
function encodedOnce(path: string): string | undefined {
  try {
    return path
      .split('/')
      .map((segment) => encoded(decodeURIComponent(segment)))
      .join('/')
  } catch {
    return undefined
  }
}

/** The other services normalize the path and encode what was sent once more. */
function encodedTwice(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') segments.pop()
    else segments.push(encoded(segment))
  }
  return `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`
}

/** `20260102T030405Z` */
const amzDate = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')

function parseAmzDate(value: string): number | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value)
  if (!found) return undefined
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [number, number, number, number, number, number]
  const at = Date.UTC(year, month - 1, day, hour, minute, second)
  return amzDate(at) === value ? at : undefined
}
