/**
 * From terms to the one call to AWS. Every parameter of AssumeRole is made here.
 */
import type { Caller } from '../identity/caller.ts'
import { roleSessionName } from '../identity/name.ts'
import { SESSION_TAG } from '../identity/own-session.ts'
import type { SessionId } from '../ids.ts'
import { type Instant, seconds, wholeSecond } from '../instant.ts'
import { sessionPolicy } from './policy.ts'
import type { Scope, Tag } from './terms.ts'

/** AWS STS API Reference, AssumeRole, DurationSeconds: at least 900. The policy ends shorter sessions. */
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

/** The exact end of a session that is reserved now. Whole seconds, as AWS compares times in them. */
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
    // Of the session's end, and not of the wish: an approver may have allowed less.
    durationSeconds: Math.max(MIN_STS_SECONDS, Math.ceil((expiresAt - wholeSecond(reservedAt)) / 1000)),
    policy: sessionPolicy(terms, expiresAt),
    policyArns: terms.policyArns,
    // Ties the session to its request in CloudTrail, and lets the target's trust policy demand that Stint made it.
    tags: [...terms.tags, ...scope.passingTags, { key: SESSION_TAG, value: session, transitive: false }],
    ...(terms.sourceIdentity === undefined ? {} : { sourceIdentity: terms.sourceIdentity }),
  }
}
