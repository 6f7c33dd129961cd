/** The job's own OIDC token, from the endpoint that the runner gives to jobs with `id-token: write`. */
import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import type { Env } from './runner.ts'

/** The token is unavailable, and a retry does not help. */
export class NoToken extends Error {}

/** A hanging endpoint counts as unavailable. */
const ANSWER_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

/** GitHub Docs, "OpenID Connect reference": the audience is appended to the URL, and the response is `{ value }`. */
export async function fetchIdToken(env: Env, audience: string, get: typeof fetch): Promise<string> {
  const [url, bearer] = [env.ACTIONS_ID_TOKEN_REQUEST_URL, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN]
  if (!url || !bearer)
    throw new NoToken(
      'This job cannot request a token. Add permissions: { id-token: write }. Pull requests from forks cannot have this permission.',
    )
  const answer = await boundedFetch(`${url}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
    redirect: 'follow',
    timeoutMs: ANSWER_MS,
    maxBytes: MAX_ANSWER_BYTES,
    fetch: get,
  })
  if (answer.status === 401 || answer.status === 403)
    throw new NoToken(`GitHub's token endpoint answered ${answer.status}: the job can no longer request tokens`)
  if (!answer.ok) throw new Error(`GitHub's token endpoint answered ${answer.status}`)
  const { value } = JSON.parse(answer.text()) as { readonly value?: unknown }
  if (typeof value !== 'string' || value === '') throw new Error("GitHub's token endpoint returned no token")
  return value
}

/** The token's expiration and lifetime in seconds, read without verification. The broker verifies the token. */
export function lifeOf(token: string): { readonly exp: number; readonly life: number } | undefined {
  try {
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof exp === 'number' && typeof iat === 'number' ? { exp, life: exp - iat } : undefined
  } catch {
    return undefined
  }
}
