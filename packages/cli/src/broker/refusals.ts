/** From a problem response to a `Failure`: the exit code, and the command to run next. */
import { defined } from '@stint/core/defined'
import type { ProblemCode } from '@stint/core/problem'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import { objectIn, type Reply } from '../frame/http.ts'

const again = (profile: string) => `Make a new request: stint request ${profile}`
const look = (profile: string) => `Show the profile: stint profiles ${profile}`

type Next = (words: { readonly url: string; readonly profile: string; readonly next: string; readonly id: string }) => string

/** What to run next, where the command line knows better than the API. */
const nexts: { readonly [code in ProblemCode]?: Next } = {
  'token-missing': ({ url }) => `Run stint login ${url}`,
  'token-invalid': ({ url }) => `Run stint login ${url}, or get a new token for $STINT_TOKEN.`,
  'token-expired': ({ url }) => `Run stint login ${url}, or get a new token for $STINT_TOKEN.`,
  'mfa-required': () => 'Sign in again with a second factor: stint login --again',
  'auth-too-old': () => 'Sign in again: stint login --again',
  'not-eligible': () => 'See what you can use: stint profiles',
  'profile-unknown': () => 'See what you can use: stint profiles',
  'request-unknown': () => 'List your requests: stint requests',
  'session-unknown': () => 'List your sessions: stint sessions',
  'approval-required': ({ profile }) => again(profile),
  'self-approval': ({ id }) => `Ask another approver. Show who can approve: stint show ${id}`,
  'not-approver': ({ id }) => `Show who can approve: stint show ${id}`,
  'no-approver': ({ profile, next }) => `${next} ${look(profile)}`,
  'not-requester': ({ id }) => `Deny or revoke it instead: stint revoke ${id}`,
  'window-not-started': ({ id }) => `See when it starts: stint show ${id}`,
  'request-exhausted': ({ profile }) => again(profile),
  'request-ended': ({ profile }) => again(profile),
  'terms-changed': ({ profile }) => again(profile),
  'revoked-in-flight': ({ profile }) => again(profile),
  'request-not-pending': ({ id }) => `Read the request: stint show ${id}`,
  'already-decided': ({ id }) => `Read the request: stint show ${id}`,
  'request-changed': ({ id }) => `Read it again, then decide: stint show ${id}`,
  'parameter-invalid': ({ profile }) => `${look(profile)}, then set -p NAME=VALUE`,
  'duration-invalid': ({ profile }) => look(profile),
  'justification-required': () => "Say why you need access: -j 'TEXT'",
  'format-invalid': ({ profile }) => `Use the credentials in a shell: stint exec ${profile} -- COMMAND`,
  'end-policy-full': () =>
    'Repeat the command with --every-earlier-session keep, to let the credentials of this session work until they expire. As a responder, you can use --every-earlier-session end to deny all credentials that the role issued before now',
  frozen: () => 'Ask a responder why access is frozen. Check again: stint status',
}

/** Freezes share these codes with profiles and need other advice. */
const freezeNexts: { readonly [status: number]: string } = {
  403: 'Ask a responder. To see whether access is frozen: stint status',
  404: 'List the freezes: stint freeze',
}

/** For a past refusal, read from the audit log. */
export const nextFor = (code: string, profile = 'PROFILE'): string | undefined =>
  Object.hasOwn(nexts, code) ? nexts[code as ProblemCode]?.({ url: 'URL', profile, next: '', id: 'ID' }) : undefined

const FAILED: readonly string[] = ['assume-role-denied', 'assume-role-invalid', 'packed-policy-too-large', 'sts-answer-invalid', 'internal']

function exitFor(status: number, code: string): Exit {
  if (status === 401 || code === 'mfa-required' || code === 'auth-too-old') return 'signIn'
  if (status === 403) return 'denied'
  if (status >= 500) return FAILED.includes(code) ? 'failed' : 'unreachable'
  return 'failed'
}

/** `path`: what was called. The request is often in it. */
export function failureFrom(url: string, reply: Pick<Reply, 'status' | 'text'>, profile = 'PROFILE', path = ''): Failure {
  const problem = objectIn(reply) ?? {}
  const string = (name: string) => (typeof problem[name] === 'string' ? problem[name] : undefined)
  const code = string('code')
  if (code === undefined)
    return new Failure('unreachable', `${url} returned ${reply.status}, and the response is not from a Stint broker.`, {
      next: 'Check the URL, and what is in front of the broker: stint status',
    })
  const id = /\breq_[0-9A-Za-z]{26}\b/.exec(path)?.[0] ?? string('requestId') ?? 'ID'
  const known = path.startsWith('/freezes') ? freezeNexts[reply.status] : undefined
  const next = known ?? nexts[code as ProblemCode]?.({ url, profile, next: string('next') ?? '', id }) ?? string('next')
  const trace = string('trace')
  const message = [string('detail') ?? string('title') ?? code, string('hint')].filter((part) => part !== undefined).join(' ')
  return new Failure(exitFor(reply.status, code), message, {
    code,
    ...defined({ next, trace }),
  })
}
