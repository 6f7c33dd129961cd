/** Tokens of jobs: from the environment, or from the runner that the job runs on. */
import { Failure } from '../frame/failure.ts'
import { type Env, objectIn, type Send } from '../frame/http.ts'
import { type Standing, standingToken } from './standing-token.ts'

type TokenSource = { readonly from: string; readonly token: () => Promise<string> }

/** Undefined: this is not a job, or its runner offers no token. */
export function machineToken(env: Env, send: Send, url: string, chosen: Parameters<typeof standingToken>[1]): TokenSource | undefined {
  const standing: Standing = standingToken(env, chosen)
  if (standing.kind === 'none') return undefined
  if (standing.kind === 'token') return { from: standing.from, token: standing.read }
  return { from: 'GitHub Actions', token: () => githubToken(env, send, env.STINT_AUDIENCE || url) }
}

/** GitHub Docs, "OpenID Connect reference": the audience is appended to the URL, and the response is `{ value }`. */
async function githubToken(env: Env, send: Send, audience: string): Promise<string> {
  const headers = { authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}` }
  const reply = await send(`${env.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=${encodeURIComponent(audience)}`, { headers })
  const value = reply.ok ? objectIn(reply)?.value : undefined
  if (typeof value === 'string' && value !== '') return value
  throw new Failure('signIn', `GitHub's token endpoint answered ${reply.status} without a token.`, {
    next: 'Add permissions: { id-token: write } to the job. Pull requests from forks cannot have this permission.',
  })
}
