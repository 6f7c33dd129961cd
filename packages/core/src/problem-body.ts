/** An error response: its body (RFC 9457), what a refusal adds to it, and its headers. */
import type { Refused } from './outcome.ts'
import { type ProblemCode, type ProblemRow, problems, type StepUp } from './problem.ts'

/** The body of an error response, `application/problem+json`. */
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

/** `hint`: what could have prevented the refusal, if that depends on the token alone. */
export function problem(refusal: Refused, trace: string, hint?: string): Problem {
  const { code, detail } = refusal
  const { status, title, next } = problems[code]
  return { type: `/docs#${code}`, title, status, code, detail, next, trace, ...extensionsOf(refusal), ...(hint ? { hint } : {}) }
}

/** What a refusal adds to its problem body (RFC 9457 §3.2). New evidence does not compile until it is handled here. */
export function extensionsOf(refusal: Refused): { readonly [name: string]: unknown } {
  switch (refusal.code) {
    case 'token-invalid':
    case 'parameter-invalid':
    case 'mfa-required':
    case 'auth-too-old':
    case 'source-ip':
    case 'request-not-pending':
    case 'already-decided':
    case 'request-ended':
    case 'no-approver':
    case 'already-issued':
    case 'in-progress':
    case 'assume-role-denied':
    case 'duration-invalid':
    case 'not-extendable':
    case 'ledger-unavailable':
    case 'token-expired':
      return refusal.evidence ?? {}
    case 'rate-limited':
      return refusal.evidence ? { next: refusal.evidence.next } : {}
    case 'terms-changed':
      return refusal.evidence && 'changed' in refusal.evidence ? refusal.evidence : {}
    // For Stint's own use: a repeated call learns what its entry point makes of these.
    case 'request-exhausted':
    case 'body-invalid':
      return {}
    default: {
      const none: undefined = refusal.evidence
      return none ?? {}
    }
  }
}

/** The new sign-in that a refusal asks for. */
export const stepUpOf = (refusal: Refused): StepUp | undefined =>
  refusal.code === 'mfa-required' || refusal.code === 'auth-too-old' || refusal.code === 'source-ip' ? refusal.evidence.stepUp : undefined

/**
 * The headers of a problem response (RFC 9110 §10.2.3, RFC 6750 §3). The challenge of RFC 9470 §3 comes with a 403 here:
 * the token is valid, and only this profile requires more.
 */
export function problemHeaders(refusal: Refused): Record<string, string> {
  const { code } = refusal
  const stepUp = stepUpOf(refusal)
  const row: ProblemRow = problems[code]
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  const retryAfter = (code === 'rate-limited' ? refusal.evidence?.retryAfter : undefined) ?? row.retryAfter
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  if (code === 'token-missing') headers['www-authenticate'] = 'Bearer realm="stint"'
  else if (stepUp) {
    const { acrValues, maxAge } = stepUp
    const ask = `${acrValues ? `, acr_values="${acrValues.join(' ')}"` : ''}${maxAge === undefined ? '' : `, max_age=${maxAge}`}`
    headers['www-authenticate'] = `Bearer realm="stint", error="insufficient_user_authentication", error_description="${row.title}"${ask}`
  } else if (row.status === 401)
    headers['www-authenticate'] = `Bearer realm="stint", error="invalid_token", error_description="${row.title}"`
  return headers
}

/** Added to every refusal that groups could have prevented. It depends on the token alone, so it reveals nothing else. */
export const groupsOmittedHint =
  'Your token omits your groups because there are too many. Ask your administrator to emit only the groups assigned to this application, or app roles.'
