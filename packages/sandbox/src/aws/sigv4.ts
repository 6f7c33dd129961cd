/**
 * Verifies Signature Version 4: signs the same request again with AWS's own signer, and compares. Source: AWS General
 * Reference, "Signature Version 4 signing process".
 */

import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { SignatureV4 } from '@smithy/signature-v4'

export type SignedRequest = {
  readonly method: string
  /** The path and query of the request line, unchanged. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type SigningKey = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }

/** The claimed signer and service, before anything is verified. */
type UnverifiedScope = {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

export type SigFault = 'missing' | 'incomplete' | 'mismatch' | 'skewed' | 'token-invalid'

const MAX_SKEW_MS = 15 * 60 * 1000

export function unverifiedScope(headers: IncomingHttpHeaders): UnverifiedScope | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  if (!found) return undefined
  const [, accessKeyId, date, region, service, signedHeaders, signature] = found as unknown as string[]
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders?.split(';') ?? [], signature } as UnverifiedScope
}

export async function signatureFault(
  request: SignedRequest,
  scope: UnverifiedScope,
  key: SigningKey,
  now: number,
): Promise<SigFault | undefined> {
  const { headers } = request
  const signedAt = parseAmzDate(headers['x-amz-date'])
  if (signedAt === undefined || !String(headers['x-amz-date']).startsWith(scope.date)) return 'incomplete'
  if (Math.abs(now - signedAt) > MAX_SKEW_MS) return 'skewed'
  if ((headers['x-amz-security-token'] ?? '') !== (key.sessionToken ?? '')) return 'token-invalid'
  // An unsigned header could be changed in transit, so host, date, token and every other x-amz header must be signed.
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  if (!mustBeSigned.every((name) => scope.signedHeaders.includes(name) || name === 'x-amz-user-agent')) return 'incomplete'
  if (!bodyHashHolds(request)) return 'mismatch'

  const expected = await sign(request, scope, key, new Date(signedAt))
  const [left, right] = [Buffer.from(expected), Buffer.from(scope.signature)]
  return left.length === right.length && timingSafeEqual(left, right) ? undefined : 'mismatch'
}

/** S3 clients send the hash of the body in a signed header. The body must match it. */
function bodyHashHolds({ headers, body }: SignedRequest): boolean {
  const claimed = headers['x-amz-content-sha256']
  if (claimed === undefined || claimed === 'UNSIGNED-PAYLOAD' || claimed === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return true
  return claimed === createHash('sha256').update(body).digest('hex')
}

async function sign(request: SignedRequest, scope: UnverifiedScope, key: SigningKey, signingDate: Date): Promise<string> {
  const url = new URL(request.url, 'http://sandbox')
  const signer = new SignatureV4({
    service: scope.service,
    region: scope.region,
    credentials: {
      accessKeyId: key.accessKeyId,
      secretAccessKey: key.secretAccessKey,
      ...(key.sessionToken ? { sessionToken: key.sessionToken } : {}),
    },
    sha256: Sha256,
    uriEscapePath: scope.service !== 's3',
    applyChecksum: false,
  })
  const headers = Object.fromEntries(scope.signedHeaders.map((name) => [name, String(request.headers[name] ?? '')]))
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: url.hostname,
      path: request.url.split('?')[0] ?? '/',
      query: queryOf(url.searchParams),
      headers,
      body: request.body,
    },
    // The signer omits some headers by default. Here it must sign the same headers as the client.
    { signingDate, signableHeaders: new Set(scope.signedHeaders) },
  )
  return /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization ?? '')?.[1] ?? ''
}

function queryOf(parameters: URLSearchParams): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {}
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name)
    query[name] = values.length === 1 ? (values[0] as string) : values
  }
  return query
}

/** `20260102T030405Z` */
function parseAmzDate(value: string | string[] | undefined): number | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(value))
  if (!found) return undefined
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [number, number, number, number, number, number]
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The hash for the signer, based on node:crypto: plain, or keyed if it has a secret. */
class Sha256 {
  readonly #hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as never)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()))
  }
  reset(): void {}
}
