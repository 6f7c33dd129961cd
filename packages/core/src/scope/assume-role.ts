/**
 * Turns terms into the AssumeRole call. Every parameter of AssumeRole is set here.
 */
import { defined } from '../defined.ts'
import type { Caller } from '../identity/caller.ts'
import { roleSessionName } from '../identity/name.ts'
import { SESSION_TAG } from '../identity/own-session.ts'
import type { SessionId } from '../ids.ts'
import { type Instant, seconds, wholeSecond } from '../instant.ts'
import { sessionPolicy } from './policy.ts'
import type { Scope, Tag } from './terms.ts'

/** AWS STS API Reference, AssumeRole, DurationSeconds: at least 900. The session policy ends shorter sessions. */
const MIN_STS_SECONDS = 900

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

/** The exact end of a session that is reserved now. In whole seconds, because AWS compares times in whole seconds. */
export const sessionExpiry = (now: Instant, durationSeconds: number): Instant => wholeSecond(now) + seconds(durationSeconds)

export function assumeRoleInput(
  scope: Scope,
  caller: Caller,
  session: SessionId,
  expiresAt: Instant,
  reservedAt: Instant,
): AssumeRoleInput {
  const { terms, target } = scope
  return {
    region: target.region,
    roleArn: terms.role,
    roleSessionName: roleSessionName(caller.name, session),
    externalId: terms.externalId,
    // From the session's end, not from the requested duration: an approver may have shortened it.
    durationSeconds: Math.max(MIN_STS_SECONDS, Math.ceil((expiresAt - wholeSecond(reservedAt)) / 1000)),
    policy: sessionPolicy(terms, expiresAt),
    policyArns: terms.policyArns,
    // The tag ties the session to its request in CloudTrail, and the target's trust policy can require it.
    tags: [...terms.tags, ...scope.passingTags, { key: SESSION_TAG, value: session, transitive: false }],
    ...defined({ sourceIdentity: terms.sourceIdentity }),
  }
}
