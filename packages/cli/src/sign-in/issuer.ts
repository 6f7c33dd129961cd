/** Calls to the issuer: discovery, authorization code with PKCE, device flow, refresh and revocation (RFC 8414, 7636, 8628, 7009). */
import * as oauth from 'oauth4webapi'
import { Failure } from '../frame/failure.ts'
import { checkedUrl, objectIn, type Reply, type Send } from '../frame/http.ts'
import type { Named } from './contexts.ts'
import type { Tokens } from './token-store.ts'

/** What the broker publishes about the command line's sign-in (RFC 9728), checked. */
export async function clientsOf(send: Send, url: string): Promise<readonly Named[]> {
  const reply = await send(`${url}/.well-known/oauth-protected-resource`)
  const metadata = reply.ok ? objectIn(reply) : undefined
  if (!metadata) throw noMetadata(url, reply)
  // RFC 9728 §3.3: otherwise a broker could have tokens for another one sent to itself.
  const { resource: named } = metadata
  if (typeof named !== 'string') throw noMetadata(url, reply)
  if (named !== url)
    throw new Failure(
      'failed',
      `The broker at ${url} identifies itself as '${named}'. Tokens are sent only to the URL that the broker names.`,
      {
        next: `If you trust that URL: stint login ${named}`,
      },
    )
  const list: readonly unknown[] = Array.isArray(metadata.stint_cli) ? metadata.stint_cli : []
  return list.map((value) => {
    const { issuer, client_id: clientId, scope, token } = (value ?? {}) as Record<string, unknown>
    if (typeof issuer !== 'string' || typeof clientId !== 'string' || typeof scope !== 'string') throw noMetadata(url, reply)
    if (token !== 'access_token' && token !== 'id_token') throw noMetadata(url, reply)
    return {
      url,
      issuer: checkedUrl(issuer, 'the issuer', () => `Ask the operators of ${url} to correct signIn in stint.config.ts.`),
      clientId,
      scope,
      token,
    }
  })
}

function noMetadata(url: string, { status, headers }: Reply): Failure {
  return headers['stint-trace'] === undefined
    ? new Failure('unreachable', `${url} is not a Stint broker: it answered ${status} without its metadata.`, {
        next: 'Check the URL: stint login URL',
      })
    : new Failure('failed', `The broker at ${url} has no sign-in for the command line.`, {
        next: 'Ask its operators to set signIn.ISSUER.cli in stint.config.ts, or set STINT_TOKEN.',
      })
}

type IssuerFetch = (url: string, init: { method: string; headers: Record<string, string>; body?: unknown }) => Promise<Response>
export type Issuer = {
  readonly server: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly options: { readonly [oauth.customFetch]: IssuerFetch; readonly [oauth.allowInsecureRequests]: boolean }
}

export async function issuerOf(send: Send, { issuer, clientId }: Named): Promise<Issuer> {
  const url = new URL(issuer)
  const options = { [oauth.customFetch]: fetchBy(send), [oauth.allowInsecureRequests]: url.protocol === 'http:' }
  const server = await oauth
    .discoveryRequest(url, { algorithm: 'oidc', ...options })
    .then((response) => oauth.processDiscoveryResponse(url, response))
    .catch((error: unknown) => {
      throw issuerFailure(issuer, error)
    })
  return { server, client: { client_id: clientId }, options }
}

/** `fetch` over the command line's own client, for the library. */
const fetchBy =
  (send: Send): IssuerFetch =>
  async (url, init) => {
    const { status, headers, text } = await send(String(url), {
      method: init.method,
      headers: init.headers,
      ...(init.body === undefined || init.body === null ? {} : { body: String(init.body) }),
    })
    return new Response([204, 304].includes(status) ? null : text, { status, headers })
  }

/** The tokens of a token response. */
export function tokensFrom(result: oauth.TokenEndpointResponse, which: Named['token'], nowMs: number, before?: Tokens): Tokens {
  const token = which === 'id_token' ? result.id_token : result.access_token
  if (token === undefined)
    throw new Failure('failed', 'The issuer returned no ID token.', { next: 'Ask the operators to check signIn.ISSUER.cli.scope.' })
  const refreshToken = result.refresh_token ?? before?.refreshToken
  return { token, expiresAtMs: expiryOf(token) ?? nowMs + (result.expires_in ?? 300) * 1000, ...(refreshToken ? { refreshToken } : {}) }
}

/** `exp` of a JWT, in milliseconds. It is not verified: the broker does that, and this only decides when to refresh. */
export function expiryOf(token: string): number | undefined {
  const { exp } = unverifiedClaims(token)
  return typeof exp === 'number' ? exp * 1000 : undefined
}

export function unverifiedClaims(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export async function refreshed(send: Send, named: Named, refreshToken: string, before: Tokens, nowMs: number): Promise<Tokens> {
  const { server, client, options } = await issuerOf(send, named)
  try {
    const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, options)
    return tokensFrom(await oauth.processRefreshTokenResponse(server, client, response), named.token, nowMs, before)
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError)
      throw new Failure('signIn', 'Your sign-in has ended.', { next: `Run stint login ${named.url}` })
    throw issuerFailure(named.issuer, error)
  }
}

/** Best effort: the tokens are removed from this machine in any case. False if the issuer could not revoke them. */
export async function revoke(send: Send, named: Named, token: string): Promise<boolean> {
  try {
    const { server, client, options } = await issuerOf(send, named)
    if (server.revocation_endpoint === undefined) return false
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), token, options))
    return true
  } catch {
    return false
  }
}

export function issuerFailure(issuer: string, error: unknown): Failure {
  if (error instanceof Failure) return error
  const { message, cause } = error as Error
  if (cause instanceof Failure) return cause
  // The library's messages name the parameter that is wrong, never its value.
  const described = error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError
  const why = described ? `${error.error}${error.error_description === undefined ? '' : `: ${error.error_description}`}` : message
  return new Failure(described ? 'denied' : 'unreachable', `The issuer ${issuer} did not sign you in: ${why}.`, {
    next: 'Try again, or ask the operators of the issuer: stint login URL',
  })
}
