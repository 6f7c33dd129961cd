/**
 * The table of problem codes: HTTP status, title and what to do next (RFC 9457). The API, the logs, the docs page and the
 * tests all read this table, so a code that is not here cannot be returned.
 */

export type ProblemRow = {
  readonly status: number
  /** What failed, for a reader. Stable per code. */
  readonly title: string
  /** What the caller can do about it. */
  readonly next: string
  /** Seconds after which the same call may succeed. */
  readonly retryAfter?: number
}

export const problems = {
  'body-invalid': {
    status: 400,
    title: 'Invalid request body',
    next: 'Compare the body with /openapi.json and send it again.',
  },
  'profile-required': { status: 400, title: 'Missing profile', next: 'Name a profile; GET /profiles lists yours.' },
  'format-invalid': { status: 400, title: 'Unknown format', next: 'Use json, env, process, container or console.' },
  'token-missing': { status: 401, title: 'Missing bearer token', next: 'Send one header: Authorization: Bearer <JWT>.' },
  'token-invalid': { status: 401, title: 'Invalid token', next: 'Get a new token for this broker from your issuer.' },
  'token-expired': {
    status: 401,
    title: 'The token has expired',
    next: 'Get a new token from your issuer, and send it before it expires.',
  },
  'not-eligible': { status: 403, title: 'You are not eligible for this profile', next: 'Ask the owners of stint.config.ts for access.' },
  'mfa-required': {
    status: 403,
    title: 'This profile needs a sign-in with a second factor',
    next: 'Sign in again with MFA and use the new token.',
  },
  'auth-too-old': { status: 403, title: 'Your sign-in is too old for this profile', next: 'Sign in again and use the new token.' },
  'source-ip': { status: 403, title: 'Your IP address is not allowed for this profile', next: 'Call from an allowed network.' },
  'approval-required': {
    status: 403,
    title: 'Approval is required',
    next: 'Request approval with POST /requests, then use the request’s ID.',
  },
  'route-unknown': { status: 404, title: 'Unknown route', next: 'See /docs for the routes. No route ends in a slash.' },
  'profile-unknown': {
    status: 404,
    title: 'Profile not found, or not visible to you',
    next: 'GET /profiles lists the profiles you can see.',
  },
  'request-unknown': { status: 404, title: 'Request not found, or not visible to you', next: 'Check the ID.' },
  'session-unknown': { status: 404, title: 'Session not found, or not visible to you', next: 'GET /sessions lists yours.' },
  'link-unknown': { status: 404, title: 'Link not found', next: 'Get a code with stint slack link, then enter it in Slack.' },
  'event-unknown': { status: 404, title: 'Event not found, or not visible to you', next: 'GET /audit/events lists yours.' },
  'method-not-allowed': { status: 405, title: 'Method not allowed', next: 'Use a method named in the Allow header.' },
  'self-approval': { status: 403, title: 'You cannot decide your own request', next: 'Ask another approver.' },
  'not-approver': { status: 403, title: 'You are not an approver of this request', next: 'GET /requests/{id} names the approvers.' },
  'no-approver': {
    status: 403,
    title: 'No one else can approve this request',
    next: 'Ask the owners of stint.config.ts to name another approver, or ask someone else to make the request.',
  },
  'not-requester': { status: 403, title: 'You are not the requester of this request', next: 'Approvers can deny or revoke the request.' },
  frozen: { status: 403, title: 'Access is frozen', next: 'Ask a responder why, and who can release it.' },
  'terms-changed': { status: 409, title: 'The terms have changed since the approval', next: 'Make a new request on the current terms.' },
  'request-not-pending': {
    status: 409,
    title: 'The request is no longer open',
    next: 'Check the state of the request. Make a new request if you still need access.',
  },
  'window-not-started': {
    status: 409,
    title: 'The window of the request has not started',
    next: 'Try again at window.startsAt of the request.',
  },
  'already-decided': { status: 409, title: 'The request is already decided', next: 'Read the request to see what was decided.' },
  'already-issued': {
    status: 409,
    title: 'This Idempotency-Key has already been used',
    next: 'Credentials are not stored. Use those that you received, or send a new key.',
  },
  'in-progress': { status: 409, title: 'A call with this Idempotency-Key is in progress', next: 'Try again.', retryAfter: 5 },
  'request-changed': {
    status: 412,
    title: 'The request has changed since you read it',
    next: 'Read it again, then decide.',
  },
  'request-exhausted': { status: 409, title: 'The request has no uses left', next: 'Make a new request.' },
  'request-ended': { status: 409, title: 'The request has ended', next: 'Make a new request.' },
  'revoked-in-flight': {
    status: 409,
    title: 'The request was revoked while the session was being issued',
    next: 'No credentials were returned. Make a new request.',
  },
  'token-used': {
    status: 409,
    title: 'This token was already used',
    next: 'Get a new token. Each token starts one session of a profile, or renews one session.',
  },
  'session-ended': { status: 409, title: 'The session has ended', next: 'Start a new session.' },
  'end-policy-full': {
    status: 409,
    title: 'The policy that ends sessions of this role at once is full',
    next: 'Repeat the call with everyEarlierSession=keep to let the credentials of this session work until they expire. A responder can repeat it with everyEarlierSession=end to deny all credentials that the role issued before now.',
  },
  'not-renewable': {
    status: 409,
    title: 'The credentials of this session cannot be renewed',
    next: 'Start a new session. GET /profiles/{id} shows in duration.renew whether sessions can be renewed.',
  },
  'not-extendable': {
    status: 409,
    title: 'The request cannot be extended now',
    next: 'Extend an approved request in the last half of its session. Otherwise make a new request.',
  },
  'body-too-large': { status: 413, title: 'The body is larger than 16 KB', next: 'Send a smaller body.' },
  'media-type': { status: 415, title: 'Unsupported media type', next: 'Send Content-Type: application/json.' },
  'parameter-invalid': {
    status: 422,
    title: 'Invalid parameter',
    next: 'GET /profiles/{id} shows the parameters and their patterns.',
  },
  'duration-invalid': {
    status: 422,
    title: 'Invalid duration',
    next: 'Send whole seconds, or a string with a unit such as 15m, within the profile’s limits.',
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'This Idempotency-Key was already used with different content',
    next: 'Use a new Idempotency-Key for a different request.',
  },
  'justification-required': { status: 422, title: 'This profile needs a justification', next: 'Set the justification property.' },
  'narrow-too-wide': {
    status: 422,
    title: 'The narrow policy is not within the profile',
    next: 'Reduce it: each Allow must be within one Allow of the profile.',
  },
  'narrow-unsupported': { status: 422, title: 'Unsupported narrow policy', next: 'Remove the unsupported part. See /docs.' },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    next: 'Try again later, unless the message says otherwise.',
    retryAfter: 60,
  },
  'renewals-exhausted': { status: 429, title: 'The request has no renewals left', next: 'Start a new session.' },
  'event-erased': { status: 410, title: 'The event was erased', next: 'The log still proves that it existed. Its content is gone.' },
  internal: { status: 500, title: 'Stint failed', next: 'No credentials were returned. Give the operators the trace.' },
  'assume-role-denied': {
    status: 502,
    title: 'AWS denied AssumeRole',
    next: 'Give the operators the trace. The target role or the broker’s permissions must change.',
  },
  'assume-role-invalid': {
    status: 502,
    title: 'AWS rejected the parameters of AssumeRole',
    next: 'Give the operators the trace. Their log shows what AWS rejected.',
  },
  'sts-answer-invalid': {
    status: 502,
    title: 'AWS returned a response that does not match the request',
    next: 'No credentials were returned. Give the operators the trace, and try again.',
  },
  'packed-policy-too-large': {
    status: 502,
    title: 'The session policy and tags exceed AWS’s size limit',
    next: 'Use fewer or shorter parameters, or ask the owners of the profile to shorten it.',
  },
  'ledger-unavailable': {
    status: 503,
    title: 'The ledger is unavailable',
    next: 'No credentials were returned. Try again.',
    retryAfter: 5,
  },
  'not-logged-yet': { status: 503, title: 'The event is not in the log yet', next: 'Try again in a few seconds.', retryAfter: 5 },
  'log-unavailable': { status: 503, title: 'The audit log is unavailable', next: 'Try again.', retryAfter: 5 },
  'sts-throttled': { status: 503, title: 'AWS is throttling requests', next: 'No credentials were returned. Try again.', retryAfter: 5 },
  'issuer-keys-unavailable': { status: 503, title: 'Your issuer’s signing keys are unavailable', next: 'Try again.', retryAfter: 5 },
  'sts-timeout': {
    status: 504,
    title: 'AWS did not answer in time',
    next: 'No credentials were returned. Try again. If you sent an Idempotency-Key or a single-use token, send a new one.',
  },
} as const satisfies Record<string, ProblemRow>

export type ProblemCode = keyof typeof problems

/** What a new sign-in must satisfy (RFC 9470 §4): one of these `acr` values, at most `maxAge` seconds ago. */
export type StepUp = { readonly acrValues?: readonly string[]; readonly maxAge?: number }
