/** Tokens of jobs: from the environment, or from the runner that the job runs on. */
import { readFile } from 'node:fs/promises'
import { Failure } from '../frame/failure.ts'
import { type Env, objectIn, type Send } from '../frame/http.ts'

type TokenSource = { readonly from: string; readonly token: () => Promise<string> }

/** Undefined: this is not a job, or its runner offers no token. */
export function machineToken(env: Env, send: Send, url: string, file?: string): TokenSource | undefined {
  if (file !== undefined) return { from: '--token-file', token: () => tokenIn(file) }
  const { STINT_TOKEN: given, STINT_TOKEN_FILE: path } = env
  if (given) return { from: 'STINT_TOKEN', token: async () => given.trim() }
  if (path) return { from: 'STINT_TOKEN_FILE', token: () => tokenIn(path) }
  if (env.GITHUB_ACTIONS === 'true' && env.ACTIONS_ID_TOKEN_REQUEST_URL)
    return { from: 'GitHub Actions', token: () => githubToken(env, send, env.STINT_AUDIENCE || url) }
  // GitLab writes `id_tokens` into variables of the job's choice; this is the name that docs/guides/ci-gitlab.md uses.
  if (env.GITLAB_CI === 'true' && env.STINT_ID_TOKEN)
    return { from: 'GitLab CI (STINT_ID_TOKEN)', token: async () => env.STINT_ID_TOKEN ?? '' }
  return undefined
}

async function tokenIn(path: string): Promise<string> {
  const content = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Failure('signIn', `The token file ${path} is unreadable: ${error.message}.`, {
      next: 'Check --token-file and $STINT_TOKEN_FILE.',
    })
  })
  if (content.trim() === '')
    throw new Failure('signIn', `The token file ${path} is empty.`, { next: 'Write a JWT of your issuer into it.' })
  return content.trim()
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
