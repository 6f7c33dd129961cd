/** Which profiles `GET /credentials/{profile}` serves. `vend` uses this to refuse a call, and `GET /profiles` to report it in advance. */
import type { Approval, Issuer, Profile } from '@stint/core/config/shape'
import { durationSeconds } from '@stint/core/duration'
import { type Refused, refused } from '@stint/core/outcome'
import { MIN_CONTAINER_SECONDS } from '@stint/core/request/session'

const ELSEWHERE = { evidence: { next: 'Use POST /sessions, stint exec or credential_process.' } }

export function containerBar(
  profile: Profile,
  approval: Approval | undefined,
  issuer: Pick<Issuer, 'replay'> | undefined,
): Refused<'approval-required' | 'duration-invalid'> | undefined {
  if (approval) return refused('approval-required', 'This endpoint does not serve profiles that need approval.')
  if (issuer?.replay === 'once')
    return refused(
      'duration-invalid',
      'This endpoint does not take single-use tokens, because SDKs send a token more than once.',
      ELSEWHERE,
    )
  if (durationSeconds(profile.duration.default) < MIN_CONTAINER_SECONDS)
    return refused('duration-invalid', 'This endpoint does not serve profiles with a default duration under 30 minutes.', ELSEWHERE)
  return undefined
}
