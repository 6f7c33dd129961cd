/**
 * A sign-in on Stint's pages: authorization code with PKCE (RFC 6749 §4.1, RFC 7636), and where needed `max_age` and `acr_values`
 * (OpenID Connect Core 1.0 §3.1.2.1). The returned token is verified like any other. Only the time of the sign-in may come from the
 * ID token that accompanies it.
 */

import type { Issuer, SignInClient } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import { sha256 } from '@stint/core/digest'
import { type Caller, mfaAcrOf, signedInWithin } from '@stint/core/identity/caller'
import { storedSubject } from '@stint/core/identity/subject'
import { CLOCK_GRACE_SECONDS } from '@stint/core/identity/token'
import type { RandomBytes } from '@stint/core/ids'
import { fromNumericDate, type Instant } from '@stint/core/instant'
import { isLoopback } from '@stint/core/loopback'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { STEP_UP_SECONDS } from '@stint/core/request/machine'
import * as oauth from 'oauth4webapi'
import { fetchWithin } from '../adapters/bounded-fetch.ts'
import type { SignedIn } from '../browser/browser-session.ts'
import type { Broker } from '../ports/broker.ts'
import { identify } from '../vend/identify.ts'

/** `true`: within the last five minutes. `login`: now, even if the issuer remembers the person. */
export type Fresh = boolean | 'login'

/** The sealed state in the browser while the person signs in at the issuer. */
export type Pending = {
  readonly issuer: string
  readonly state: string
  readonly verifier: string
  readonly nonce: string
  readonly to: string
  /** When the sign-in started, and how many seconds earlier the person can have signed in at the issuer. */
  readonly fresh?: { readonly startedAt: Instant; readonly maxAge: number }
}

/** The only redirect URI of a config with one issuer. */
const CALLBACK = '/sign-in/callback'

/**
 * The path of the issuer's redirect URI. With several issuers each has its own, so that a response of one is never taken for a response of
 * another (RFC 9700 §4.4.2.2).
 */
export const callbackPath = (issuer: string, issuers: readonly string[]): string =>
  issuers.length === 1 ? CALLBACK : `${CALLBACK}/${issuer}`

const text = (random: RandomBytes) => Buffer.from(random(32)).toString('base64url')

/** `mfa`: a rule demands a second factor. `fresh`: an earlier sign-in at the issuer does not count (OpenID Connect Core 1.0 §3.1.2.1). */
export function beginSignIn(
  id: string,
  issuer: Pick<Issuer, 'mfaAcr'>,
  client: SignInClient,
  callback: string,
  to: string,
  { mfa, fresh }: { readonly mfa: boolean; readonly fresh: Fresh },
  now: Instant,
  random: RandomBytes,
): { readonly url: string; readonly pending: Pending } {
  const maxAge = fresh === 'login' ? 0 : STEP_UP_SECONDS
  const pending = {
    issuer: id,
    state: text(random),
    verifier: text(random),
    nonce: text(random),
    to,
    ...(fresh ? { fresh: { startedAt: now, maxAge } } : {}),
  }
  const url = new URL(client.authorizationEndpoint)
  const query = {
    client_id: client.clientId,
    response_type: 'code',
    scope: client.scope ?? 'openid',
    redirect_uri: callback,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: sha256(pending.verifier).toString('base64url'),
    code_challenge_method: 'S256',
    ...(fresh ? { max_age: String(maxAge) } : {}),
    ...(fresh === 'login' ? { prompt: 'login' } : {}),
    ...(mfa ? { acr_values: mfaAcrOf(issuer).join(' ') } : {}),
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return { url: url.href, pending }
}

export type EndSignIn = {
  readonly broker: Pick<Broker, 'rules' | 'keys'>
  readonly pending: Pending
  readonly query: URLSearchParams
  readonly callback: string
  readonly secret: string | undefined
  readonly fetch: typeof fetch
  readonly now: Instant
}

export async function endSignIn({
  broker,
  pending,
  query,
  callback,
  secret,
  fetch: send,
  now,
}: EndSignIn): Promise<Done<SignedIn> | Refused> {
  const issuer = broker.rules.issuers[pending.issuer]
  const config = broker.rules.signIn?.[pending.issuer]
  if (!issuer || !config) return refused('token-invalid', 'Unknown sign-in.')
  const server: oauth.AuthorizationServer = {
    issuer: issuer.url,
    authorization_endpoint: config.authorizationEndpoint,
    token_endpoint: config.tokenEndpoint,
    id_token_signing_alg_values_supported: [...issuer.algorithms],
  }
  const client: oauth.Client = { client_id: config.clientId, [oauth.clockSkew]: Math.round((now - Date.now()) / 1000) }
  try {
    const parameters = oauth.validateAuthResponse(server, client, query, pending.state)
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret),
      parameters,
      callback,
      pending.verifier,
      {
        [oauth.customFetch]: fetchWithin(send, { maxBytes: TOKEN_BYTES, timeoutMs: TOKEN_TIMEOUT_MS }) as never,
        [oauth.allowInsecureRequests]: isLoopback(config.tokenEndpoint),
        signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
      },
    )
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: pending.nonce })
    const claims = oauth.getValidatedIdTokenClaims(tokens)
    const token = issuer.tokenUse === 'id' ? tokens.id_token : tokens.access_token
    if (token === undefined || !claims) return refused('token-invalid', 'The issuer returned no token that Stint accepts.')
    const known = await identify(broker, done({ token }), now)
    if (known.outcome === 'refused') return known
    if (known.value.issuer !== pending.issuer || known.value.subject !== storedSubject(claims.sub))
      return refused('token-invalid', 'The issuer returned tokens of two different people.')
    const signedInAt = claims.auth_time === undefined ? known.value.signedInAt : fromNumericDate(claims.auth_time)
    return tooOld(pending, signedInAt, now) ?? done({ token, ...defined({ signedInAt }) })
  } catch (error) {
    const { error: said, code } = error as { readonly error?: string; readonly code?: string }
    return refused('token-invalid', 'Sign-in did not complete. Start again.', {
      operator: `sign-in: ${code ?? (error as Error).name}${ERROR_CODE.test(said ?? '') ? ` ${said}` : ''}`,
    })
  }
}

/**
 * Refuses a sign-in that is older than requested (OpenID Connect Core 1.0 §3.1.3.7). Some issuers never send `auth_time`, although they must
 * for `max_age`: their people can sign in, but their sign-in counts as recent nowhere.
 */
function tooOld({ fresh }: Pick<Pending, 'fresh'>, signedInAt: Instant | undefined, now: Instant): Refused<'auth-too-old'> | undefined {
  if (!fresh || signedInAt === undefined) return undefined
  const age = fresh.maxAge + CLOCK_GRACE_SECONDS + (now - fresh.startedAt) / 1000
  return signedInWithin({ signedInAt }, age, now) ? undefined : signedInTooEarly('Your identity provider did not ask you to sign in again.')
}
export const signedInTooEarly = (detail: string): Refused<'auth-too-old'> =>
  refused('auth-too-old', detail, { evidence: { reasons: ['auth-too-old'], stepUp: { maxAge: 0 } } })
export const noSignInTime =
  'Your identity provider did not say when you signed in, so this does not count as a fresh sign-in. Ask your operators to make it send auth_time.'

/** Anyone can write the `error` of a response into an address. Only what looks like a code of RFC 6749 §4.1.2.1 goes into the log. */
const ERROR_CODE = /^[a-z_]{1,40}$/
const TOKEN_TIMEOUT_MS = 5000
/** Room for three tokens of 16 KB, which is the most that Stint accepts, and the rest of the response. */
const TOKEN_BYTES = 64 * 1024

/** Identifies the person again, from the token that their session keeps. */
export async function signedInCaller(
  broker: Pick<Broker, 'rules' | 'keys'>,
  { token, signedInAt }: SignedIn,
  now: Instant,
): Promise<Done<Caller> | Refused> {
  const known = await identify(broker, done({ token }), now)
  return known.outcome === 'done' ? done({ ...known.value, ...defined({ signedInAt }) }) : known
}
