/**
 * The one table from reason to HTTP: status, title and what to do next (RFC 9457). The wire, the logs, the docs page and
 * the tests all read this table; a code that is not here cannot be answered.
 */

type Row = {
  readonly status: number
  /** Stable per code: what failed, for a person. */
  readonly title: string
  /** What the caller can do about it. */
  readonly next: string
  /** Seconds after which the same call may succeed. */
  readonly retryAfter?: number
}

export const problems = {
  'body-invalid': {
    status: 400,
    title: 'The body is not what this route takes',
    next: 'Compare the body with /openapi.json and send it again.',
  },
  'profile-required': { status: 400, title: 'No profile was named', next: 'Name a profile; GET /profiles lists yours.' },
  'format-invalid': { status: 400, title: 'There is no such format', next: 'Use json, env, process, container or console.' },
  'token-missing': { status: 401, title: 'No token was shown', next: 'Send one header: Authorization: Bearer <JWT>.' },
  'token-invalid': { status: 401, title: 'The token is not accepted', next: 'Get a fresh token for this broker from your issuer.' },
  'token-expired': { status: 401, title: 'The token has expired', next: 'Get a fresh token from your issuer and send it at once.' },
  'not-eligible': { status: 403, title: 'You may not enter this profile', next: 'Ask the owners of stint.config.ts for access.' },
  'mfa-required': {
    status: 403,
    title: 'This profile needs a sign-in with a second factor',
    next: 'Sign in again with MFA and use the new token.',
  },
  'auth-too-old': { status: 403, title: 'Your sign-in is too old for this profile', next: 'Sign in again and use the new token.' },
  'source-ip': { status: 403, title: 'Your address is not one this profile admits', next: 'Call from an admitted network.' },
  'approval-required': {
    status: 403,
    title: 'A person must agree first',
    next: 'Ask for approval; this profile is not vended without it.',
  },
  'route-unknown': { status: 404, title: 'There is no such route', next: 'See /docs for the routes; none ends in a slash.' },
  'profile-unknown': { status: 404, title: 'There is no such profile for you', next: 'GET /profiles lists the profiles you can see.' },
  'request-unknown': { status: 404, title: 'There is no such request for you', next: 'Check the id.' },
  'session-unknown': { status: 404, title: 'There is no such session for you', next: 'GET /sessions lists yours.' },
  'link-unknown': { status: 404, title: 'There is no such link', next: 'Take a code with stint slack link, and type it in Slack.' },
  'event-unknown': { status: 404, title: 'There is no such event for you', next: 'GET /audit/events lists yours.' },
  'method-not-allowed': { status: 405, title: 'This route has no such method', next: 'Use a method named in the Allow header.' },
  'self-approval': { status: 403, title: 'Nobody decides on their own request', next: 'Ask another approver.' },
  'not-approver': { status: 403, title: 'You do not decide on this request', next: 'GET /requests/{id} names who may.' },
  frozen: { status: 403, title: 'Access is frozen', next: 'Ask the responders; GET /freezes says why.' },
  'terms-changed': { status: 409, title: 'The terms are no longer those agreed on', next: 'Ask again on the present terms.' },
  'request-not-pending': { status: 409, title: 'The request is no longer open', next: 'Read the request; ask again if you still need it.' },
  'already-decided': { status: 409, title: 'Somebody has decided before you', next: 'Read the request to see what was decided.' },
  'already-issued': {
    status: 409,
    title: 'This key has already bought a session',
    next: 'Secrets are not stored. Use what you got, or ask with a new key.',
  },
  'in-progress': { status: 409, title: 'This key’s session is being made', next: 'Try again.', retryAfter: 5 },
  'request-changed': {
    status: 412,
    title: 'The request has changed since you read it',
    next: 'Read it again and decide on what it is now.',
  },
  'request-exhausted': { status: 409, title: 'The request has no use left', next: 'Ask again.' },
  'request-ended': { status: 409, title: 'The request is over', next: 'Ask again.' },
  'revoked-in-flight': {
    status: 409,
    title: 'The grant was withdrawn while the session was made',
    next: 'Nothing was handed out. Ask again.',
  },
  'token-used': { status: 409, title: 'This token was already used', next: 'Get a fresh token; one buys one session.' },
  'body-too-large': { status: 413, title: 'The body is larger than 8 KB', next: 'Send less.' },
  'media-type': { status: 415, title: 'The body is not JSON by its media type', next: 'Send Content-Type: application/json.' },
  'parameter-invalid': {
    status: 422,
    title: 'A parameter is not acceptable',
    next: 'GET /profiles/{id} shows the parameters and their patterns.',
  },
  'duration-invalid': {
    status: 422,
    title: 'The duration is not acceptable',
    next: 'Send whole seconds or a text with a unit such as 15m, within the profile.',
  },
  'idempotency-mismatch': { status: 422, title: 'This key was used for something else', next: 'Use a new Idempotency-Key for a new ask.' },
  'justification-required': { status: 422, title: 'This profile needs a justification', next: 'Say why in the member justification.' },
  'narrow-too-wide': {
    status: 422,
    title: 'The narrowing policy is not provably within the profile',
    next: 'Ask for less: each Allow must lie within one Allow of the profile.',
  },
  'narrow-unsupported': { status: 422, title: 'This narrowing cannot be applied', next: 'Leave out what is not supported; see /docs.' },
  'rate-limited': {
    status: 429,
    title: 'Too much in a short time',
    next: 'Use what you have, and try again later.',
    retryAfter: 60,
  },
  'event-erased': { status: 410, title: 'The event was erased', next: 'The log still proves that it was there; what it said is gone.' },
  internal: { status: 500, title: 'Stint failed', next: 'Tell the operators the trace. Nothing was handed out.' },
  'assume-role-denied': {
    status: 502,
    title: 'AWS refused the role',
    next: 'Tell the operators the trace: the target role or the broker’s permission must change.',
  },
  'assume-role-invalid': {
    status: 502,
    title: 'AWS did not accept the call',
    next: 'Tell the operators the trace: the profile must change.',
  },
  'sts-answer-invalid': {
    status: 502,
    title: 'AWS gave an answer that does not match the request',
    next: 'Tell the operators the trace. Nothing was handed out; ask again.',
  },
  'packed-policy-too-large': {
    status: 502,
    title: 'Policy and tags are too large for AWS',
    next: 'Use fewer or shorter parameters, or have the profile made smaller.',
  },
  'ledger-unavailable': { status: 503, title: 'The ledger does not answer', next: 'Nothing was handed out. Try again.', retryAfter: 5 },
  'not-logged-yet': { status: 503, title: 'The log does not have it yet', next: 'Try again in a few seconds.', retryAfter: 5 },
  'log-unavailable': { status: 503, title: 'The log does not answer', next: 'Try again.', retryAfter: 5 },
  'sts-throttled': { status: 503, title: 'AWS asks us to slow down', next: 'Nothing was handed out. Try again.', retryAfter: 5 },
  'issuer-keys-unavailable': { status: 503, title: 'The keys of your issuer cannot be had', next: 'Try again.', retryAfter: 5 },
  'sts-timeout': { status: 504, title: 'AWS did not answer in time', next: 'Nothing was handed out. Ask again.' },
} as const satisfies Record<string, Row>

export type ProblemCode = keyof typeof problems

/** The body of an answer that is no success, as `application/problem+json`. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
  readonly next: string
  readonly trace: string
  readonly [extension: string]: unknown
}

export function problem(code: ProblemCode, detail: string, trace: string, extra: { readonly [member: string]: unknown } = {}): Problem {
  const { status, title, next } = problems[code]
  return { type: `/docs#${code}`, title, status, code, detail, next, trace, ...extra }
}

/** What another sign-in must be (RFC 9470 §4): one of these `acr` values, at most so many seconds ago. */
export type StepUp = { readonly acrValues?: readonly string[]; readonly maxAge?: number }

/**
 * Headers that a problem brings besides its media type (RFC 9110 §10.2.3, RFC 6750 §3). The challenge of RFC 9470 §3
 * stands on a 403 here: the token is good, and only this profile asks for more.
 */
export function problemHeaders(code: ProblemCode, stepUp?: StepUp): Record<string, string> {
  const row: Row = problems[code]
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (row.retryAfter !== undefined) headers['retry-after'] = String(row.retryAfter)
  if (code === 'token-missing') headers['www-authenticate'] = 'Bearer realm="stint"'
  else if (stepUp) {
    const { acrValues, maxAge } = stepUp
    const ask = `${acrValues ? `, acr_values="${acrValues.join(' ')}"` : ''}${maxAge === undefined ? '' : `, max_age=${maxAge}`}`
    headers['www-authenticate'] = `Bearer realm="stint", error="insufficient_user_authentication", error_description="${row.title}"${ask}`
  } else if (row.status === 401)
    headers['www-authenticate'] = `Bearer realm="stint", error="invalid_token", error_description="${row.title}"`
  return headers
}

/** Told beside any refusal that groups could have prevented; it depends on the token alone, so it tells nothing else. */
export const groupsOmittedHint =
  'Your token leaves your groups out, because there are too many of them. Have your administrator emit only the groups assigned to this application, or app roles.'
