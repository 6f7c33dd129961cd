/** From a problem response to a `Failure`: the exit code, and the command to run next. */
import { defined } from '@stint/core/defined'
import type { ProblemCode } from '@stint/core/problem'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import { objectIn, type Reply } from '../frame/http.ts'

const again = (profile: string) => `Make a new request: stint request ${profile}`
const look = (profile: string) => `Show the profile: stint profiles ${profile}`

type Next = (words: { readonly url: string; readonly profile: string; readonly next: string }) => string

/** What to run next, where the command line knows better than the API. */
const nexts: { readonly [code in ProblemCode]?: Next } = {
  'token-missing': ({ url }) => `Run stint login ${url}`,
  'token-invalid': ({ url }) => `Run stint login ${url}, or get a new token for $STINT_TOKEN.`,
  'token-expired': ({ url }) => `Run stint login ${url}, or get a new token for $STINT_TOKEN.`,
  'mfa-required': () => 'Sign in again with a second factor: stint login --again',
  'auth-too-old': () => 'Sign in again: stint login --again',
  'not-eligible': () => 'See what you can enter: stint profiles',
  'profile-unknown': () => 'See what you can enter: stint profiles',
  'request-unknown': () => 'List your requests: stint requests',
  'session-unknown': () => 'List your sessions: stint sessions',
  'approval-required': ({ profile }) => again(profile),
  'self-approval': () => 'Ask another approver. Show who can approve: stint show ID',
  'not-approver': () => 'Show who can approve: stint show ID',
  'not-requester': () => 'Deny or revoke it instead: stint revoke ID',
  'window-not-started': () => 'See when it starts: stint show ID',
  'request-exhausted': ({ profile }) => again(profile),
  'request-ended': ({ profile }) => again(profile),
  'terms-changed': ({ profile }) => again(profile),
  'revoked-in-flight': ({ profile }) => again(profile),
  'request-not-pending': () => 'Read the request: stint show ID',
  'already-decided': () => 'Read the request: stint show ID',
  'request-changed': () => 'Read it again, then decide: stint show ID',
  'parameter-invalid': ({ profile }) => `${look(profile)}, then set -p NAME=VALUE`,
  'duration-invalid': ({ profile }) => look(profile),
  'justification-required': () => "Say why you need access: -j 'TEXT'",
  'format-invalid': ({ profile }) => `Use the credentials in a shell: stint exec ${profile} -- COMMAND`,
  frozen: ({ next }) => `${next} Check again with stint status`,
}

const FAILED: readonly string[] = ['assume-role-denied', 'assume-role-invalid', 'packed-policy-too-large', 'sts-answer-invalid', 'internal']

function exitFor(status: number, code: string): Exit {
  if (status === 401 || code === 'mfa-required' || code === 'auth-too-old') return 'signIn'
  if (status === 403) return 'denied'
  if (status >= 500) return FAILED.includes(code) ? 'failed' : 'unreachable'
  return 'failed'
}

export function failureFrom(url: string, reply: Pick<Reply, 'status' | 'text'>, profile = 'PROFILE'): Failure {
  const problem = objectIn(reply) ?? {}
  const string = (name: string) => (typeof problem[name] === 'string' ? problem[name] : undefined)
  const code = string('code')
  if (code === undefined)
    return new Failure('unreachable', `${url} answered ${reply.status}, and not as a Stint broker does.`, {
      next: 'Check the URL, and what is in front of the broker: stint status',
    })
  const next = nexts[code as ProblemCode]?.({ url, profile, next: string('next') ?? '' }) ?? string('next')
  const trace = string('trace')
  const message = [string('detail') ?? string('title') ?? code, string('hint')].filter((part) => part !== undefined).join(' ')
  return new Failure(exitFor(reply.status, code), message, {
    code,
    ...defined({ next, trace }),
  })
}
