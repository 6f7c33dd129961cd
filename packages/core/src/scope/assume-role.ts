/**
 * Turns terms into the AssumeRole call. Every parameter of AssumeRole is set here.
 */
import { defined } from '../defined.ts'
import { SESSION_TAG } from '../identity/own-session.ts'
import type { SessionId } from '../ids.ts'
import { type Instant, seconds, wholeSecond } from '../instant.ts'
import { MIN_STS_SECONDS } from '../sts-limits.ts'
import { sessionPolicy } from './policy.ts'
import type { Scope, Tag } from './terms.ts'

export type AssumeRoleInput = {
  readonly region: string
  readonly roleArn: string
  readonly roleSessionName: string
  readonly externalId: string
  readonly durationSeconds: number
  readonly policy: string
  readonly policyArns: readonly string[]
  readonly tags: readonly Tag[]
  readonly sourceIdentity?: string
}

/** The exact end of a session, or of a set of credentials, that is reserved now. In whole seconds, because AWS compares times in whole seconds. */
export const sessionExpiry = (now: Instant, durationSeconds: number): Instant => wholeSecond(now) + seconds(durationSeconds)

export function assumeRoleInput(
  scope: Scope,
  { session, sessionName }: { readonly session: SessionId; readonly sessionName: string },
  expiresAt: Instant,
  reservedAt: Instant,
): AssumeRoleInput {
  const { terms, target } = scope
  return {
    region: target.region,
    roleArn: terms.role,
    roleSessionName: sessionName,
    externalId: terms.externalId,
    // From the end of these credentials, not from the requested duration: an approver may have shortened it. The session policy ends
    // shorter ones.
    durationSeconds: Math.max(MIN_STS_SECONDS, Math.ceil((expiresAt - wholeSecond(reservedAt)) / 1000)),
    policy: sessionPolicy(terms, expiresAt),
    policyArns: terms.policyArns,
    // The tag ties the session to its request in CloudTrail, and the target's trust policy can require it.
    tags: [...terms.tags, ...scope.passingTags, { key: SESSION_TAG, value: session, transitive: false }],
    ...defined({ sourceIdentity: terms.sourceIdentity }),
  }
}
