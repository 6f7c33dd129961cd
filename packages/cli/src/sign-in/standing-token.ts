/**
 * The token of a job: where it comes from, and who it says its holder is. It needs no broker and no network, because it is on the fast
 * path of `credential-process`.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { shellWord } from '@stint/core/shell'
import { Failure } from '../frame/failure.ts'
import type { Env } from '../frame/http.ts'

type From = '--token-file' | 'STINT_TOKEN' | 'STINT_TOKEN_FILE' | 'GitLab CI (STINT_ID_TOKEN)'
/** `github`: the runner issues a token when it is asked. `none`: this is not a job, so the sign-in of a context counts. */
export type Standing =
  | { readonly kind: 'none' }
  | { readonly kind: 'github' }
  | { readonly kind: 'token'; readonly from: From; readonly read: () => Promise<string> }
type Chosen = { readonly tokenFile?: string | undefined; readonly context?: string | undefined }

/** In the order in which they win. A context that is named on the command line means its own sign-in, whatever the environment holds. */
export function standingToken(env: Env, { tokenFile, context }: Chosen): Standing {
  if (tokenFile !== undefined) return { kind: 'token', from: '--token-file', read: () => tokenIn(tokenFile) }
  if (context !== undefined) return { kind: 'none' }
  const { STINT_TOKEN: given, STINT_TOKEN_FILE: path } = env
  if (given) return { kind: 'token', from: 'STINT_TOKEN', read: async () => sendable(given, '$STINT_TOKEN') }
  if (path) return { kind: 'token', from: 'STINT_TOKEN_FILE', read: () => tokenIn(path) }
  if (env.GITHUB_ACTIONS === 'true' && env.ACTIONS_ID_TOKEN_REQUEST_URL) return { kind: 'github' }
  // GitLab writes `id_tokens` into variables of the job's choice; this is the name that docs/guides/ci-gitlab.md uses.
  const { GITLAB_CI, STINT_ID_TOKEN: job } = env
  if (GITLAB_CI === 'true' && job)
    return { kind: 'token', from: 'GitLab CI (STINT_ID_TOKEN)', read: async () => sendable(job, '$STINT_ID_TOKEN') }
  return { kind: 'none' }
}

async function tokenIn(path: string): Promise<string> {
  const content = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Failure('signIn', `The token file ${path} is unreadable: ${error.message}.`, {
      next: `Check --token-file and $STINT_TOKEN_FILE: ls -l ${shellWord(path)}`,
    })
  })
  if (content.trim() === '')
    throw new Failure('signIn', `The token file ${path} is empty.`, {
      next: 'Write a JWT of your issuer into it, and check it: stint doctor',
    })
  return sendable(content, `The token file ${path}`)
}

/** A bearer token has none of these (RFC 6750 §2.1). The broker would read only a part of it, or refuse the whole header. */
function sendable(given: string, what: string): string {
  const token = given.trim()
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new Failure('signIn', `${what} contains a space or a character that a bearer token must not have.`, {
    next: 'Set it to one JWT of your issuer, and check it: stint doctor',
  })
}

/** Claims that differ between two tokens of the same caller (RFC 7519, OpenID Connect Core; the last three are those of Entra ID). */
const PASSING = new Set(['iat', 'nbf', 'exp', 'jti', 'nonce', 'at_hash', 'c_hash', 'uti', 'rh', 'aio'])

/**
 * A digest of everything that decides what the holder of a token may do: issuer, subject and the other claims. Undefined if this is not
 * a JWT. The signature is not verified: the digest only chooses a file of the same user, and the broker verifies every token.
 */
export function identityOf(token: string): string | undefined {
  const [, payload = '', signature] = token.split('.')
  if (signature === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined
    const { iss, sub } = claims as Record<string, unknown>
    if (typeof iss !== 'string' || typeof sub !== 'string') return undefined
    const deciding = Object.entries(claims)
      .filter(([name]) => !PASSING.has(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    return createHash('sha256').update(JSON.stringify(deciding)).digest('hex')
  } catch {
    return undefined
  }
}
