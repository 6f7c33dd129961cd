/** The job's own OIDC token, from the endpoint that the runner hands to jobs with `id-token: write`. */
import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import type { Env } from './runner.ts'

/** It will not be given, however often one asks. */
export class NoToken extends Error {}

/** An endpoint that hangs is as good as none. */
const ANSWER_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

/** GitHub Docs, "OpenID Connect reference": the audience is appended to the URL, the answer is `{ value }`. */
export async function fetchIdToken(env: Env, audience: string, get: typeof fetch): Promise<string> {
  const [url, bearer] = [env.ACTIONS_ID_TOKEN_REQUEST_URL, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN]
  if (!url || !bearer)
    throw new NoToken(
      'This job may not ask for a token. Give it the permission: permissions: { id-token: write }. Jobs of pull requests from forks cannot have it.',
    )
  const answer = await boundedFetch(`${url}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
    redirect: 'follow',
    timeoutMs: ANSWER_MS,
    maxBytes: MAX_ANSWER_BYTES,
    fetch: get,
  })
  if (answer.status === 401 || answer.status === 403)
    throw new NoToken(`GitHub's token endpoint answered ${answer.status}: the job may not ask any more`)
  if (!answer.ok) throw new Error(`GitHub's token endpoint answered ${answer.status}`)
  const { value } = JSON.parse(answer.text()) as { readonly value?: unknown }
  if (typeof value !== 'string' || value === '') throw new Error("GitHub's token endpoint gave no token")
  return value
}

/** When it ends and for how long it lives, in seconds: read, not verified, for that is the broker's matter. */
export function lifeOf(token: string): { readonly exp: number; readonly life: number } | undefined {
  try {
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof exp === 'number' && typeof iat === 'number' ? { exp, life: exp - iat } : undefined
  } catch {
    return undefined
  }
}
