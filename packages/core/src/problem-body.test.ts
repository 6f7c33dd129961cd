/** An error response: RFC 9457 for the body, RFC 6750 §3 and RFC 9470 §3 for the challenges, RFC 9110 §10.2.3 for Retry-After. */
import { describe, expect, test } from 'vitest'
import { type Refused, refused } from './outcome.ts'
import { type ProblemCode, problems } from './problem.ts'
import { extensionsOf, problem, problemHeaders, stepUpOf } from './problem-body.ts'

const of = (code: ProblemCode, evidence?: object): Refused =>
  ({ ...refused('internal', 'Why.'), code, ...(evidence ? { evidence } : {}) }) as Refused

test('the body has the members of RFC 9457, and a stable code', () => {
  const { status, title, next } = problems['profile-unknown']
  const members = { type: '/docs#profile-unknown', title, status, code: 'profile-unknown', detail: 'Why.', next, trace: 'trace-1' }
  expect(problem(of('profile-unknown'), 'trace-1')).toEqual(members)
  expect(problem(of('profile-unknown'), 'trace-1', 'Ask.')).toEqual({ ...members, hint: 'Ask.' })
  expect(problem(of('request-ended', { state: 'revoked' }), 'trace-1')).toMatchObject({ code: 'request-ended', state: 'revoked' })
})

/** Codes whose evidence the caller sees. */
const shown: readonly ProblemCode[] = [
  ...([
    'token-invalid',
    'parameter-invalid',
    'mfa-required',
    'auth-too-old',
    'source-ip',
    'request-not-pending',
    'already-decided',
  ] as const),
  ...([
    'request-ended',
    'no-approver',
    'already-issued',
    'in-progress',
    'assume-role-denied',
    'duration-invalid',
    'not-extendable',
  ] as const),
  ...(['ledger-unavailable', 'token-expired'] as const),
]
describe('what a refusal adds', () => {
  test.each(Object.keys(problems) as ProblemCode[])('%s', (code) => {
    const evidence = { state: 'x', next: 'Wait.', changed: { role: 1 } }
    const expected = shown.includes(code)
      ? evidence
      : code === 'rate-limited'
        ? { next: 'Wait.' }
        : code === 'terms-changed'
          ? evidence
          : ['request-exhausted', 'body-invalid'].includes(code)
            ? {}
            : undefined
    // Evidence of the other codes does not compile.
    if (expected !== undefined) expect(extensionsOf(of(code, evidence))).toEqual(expected)
    expect(extensionsOf(of(code))).toEqual({})
  })
  test('terms that changed without saying how add nothing', () => expect(extensionsOf(of('terms-changed', { approved: 1 }))).toEqual({}))
})

const stepUp = { acrValues: ['phr', 'phrh'], maxAge: 300 }
describe('the headers', () => {
  const basic = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  const challenge = (code: ProblemCode, ask: string) =>
    `Bearer realm="stint", error="insufficient_user_authentication", error_description="${problems[code].title}"${ask}`
  test.each<[string, Refused, Record<string, string>]>([
    ['nothing more', of('profile-unknown'), {}],
    [
      'when to try again, by the code',
      of('sts-throttled'),
      { 'retry-after': String((problems['sts-throttled'] as { retryAfter?: number }).retryAfter) },
    ],
    ['when to try again, by the refusal', of('rate-limited', { retryAfter: 7, next: 'Wait.' }), { 'retry-after': '7' }],
    ['without a token, a challenge without an error', of('token-missing'), { 'www-authenticate': 'Bearer realm="stint"' }],
    [
      'with a bad token, its error',
      of('token-invalid'),
      { 'www-authenticate': `Bearer realm="stint", error="invalid_token", error_description="${problems['token-invalid'].title}"` },
    ],
    [
      'a second factor and an age',
      of('mfa-required', { stepUp }),
      { 'www-authenticate': challenge('mfa-required', ', acr_values="phr phrh", max_age=300') },
    ],
    ['an age of zero', of('auth-too-old', { stepUp: { maxAge: 0 } }), { 'www-authenticate': challenge('auth-too-old', ', max_age=0') }],
    [
      'a second factor',
      of('source-ip', { stepUp: { acrValues: ['phr'] } }),
      { 'www-authenticate': challenge('source-ip', ', acr_values="phr"') },
    ],
    ['an address that no sign-in changes', of('source-ip', {}), {}],
  ])('%s', (_what, refusal, more) => expect(problemHeaders(refusal)).toEqual({ ...basic, ...more }))
  test('a call that is repeated too often, without a time, has that of the code', () => {
    const { retryAfter } = problems['rate-limited'] as { readonly retryAfter?: number }
    expect(problemHeaders(of('rate-limited'))['retry-after']).toBe(retryAfter === undefined ? undefined : String(retryAfter))
  })
})

test('only three refusals ask for another sign-in', () => {
  for (const code of ['mfa-required', 'auth-too-old', 'source-ip'] as const) expect(stepUpOf(of(code, { stepUp }))).toBe(stepUp)
  expect(stepUpOf(of('request-ended', { stepUp }))).toBeUndefined()
})
