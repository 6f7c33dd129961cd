/**
 * One decision of the sandbox's IAM for an identity, an action and a resource, with the context keys that AWS sets.
 * Source of the keys: AWS IAM User Guide, "AWS global condition context keys".
 */

import { randomUUID } from 'node:crypto'
import { type ContextInput, type Decision, evaluate, type Policy } from '@stint/iam'
import type { Identity } from './world.ts'

export type Call = { readonly identity: Identity; readonly now: number; readonly sourceIp: string; readonly requestId: string }

export const newRequestId = (): string => randomUUID()

type Asked = {
  readonly action: string
  readonly resource: { readonly arn: string; readonly account: string }
  readonly context?: ContextInput
  readonly resourcePolicy?: Policy
  readonly resourcePolicyDecides?: boolean
}

export function authorize(call: Call, asked: Asked): Decision {
  const { identity } = call
  const { grant, user } = identity
  const boundary = (grant?.role ?? user)?.boundary
  return evaluate({
    principal: identity.principal,
    action: asked.action,
    resource: asked.resource,
    context: { ...globalKeys(call), ...asked.context },
    identity: identity.policies,
    ...(boundary ? { boundary: boundary.defaultVersion.document.policy } : {}),
    ...(grant?.sessionPolicies ? { session: grant.sessionPolicies } : {}),
    ...(asked.resourcePolicy ? { resourcePolicy: asked.resourcePolicy } : {}),
    ...(asked.resourcePolicyDecides ? { resourcePolicyDecides: true } : {}),
  })
}

function globalKeys({ identity, now, sourceIp }: Call): ContextInput {
  const { grant, principal, user, userSession } = identity
  const tags = new Map([...((grant?.role ?? user)?.tags ?? [])].map(([key, value]) => [key.toLowerCase(), [key, value] as const]))
  // A session tag overrides a tag of the role, whatever the case of its key.
  for (const [key, value] of Object.entries(grant?.tags ?? {})) tags.set(key.toLowerCase(), [key, value])
  const issuedAt = (grant ?? userSession)?.issuedAt
  return {
    'aws:CurrentTime': new Date(now).toISOString(),
    'aws:EpochTime': String(Math.floor(now / 1000)),
    'aws:SourceIp': sourceIp,
    'aws:SecureTransport': 'false',
    'aws:ViaAWSService': 'false',
    'aws:PrincipalArn': principal.roleArn ?? principal.arn,
    'aws:PrincipalAccount': principal.account,
    'aws:PrincipalType': grant ? 'AssumedRole' : 'User',
    'aws:userid': identity.userId,
    ...(grant ? {} : { 'aws:username': principal.arn.slice(principal.arn.lastIndexOf('/') + 1) }),
    ...(issuedAt === undefined ? {} : { 'aws:TokenIssueTime': new Date(issuedAt).toISOString() }),
    ...(userSession ? mfaKeys(userSession.mfaAt, now) : {}),
    'aws:SourceIdentity': grant?.sourceIdentity,
    'aws:FederatedProvider': grant?.web?.provider,
    ...Object.fromEntries([...tags.values()].map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
  }
}

/** Absent for long-term keys and for sessions of a role. The age is in seconds. */
export const mfaKeys = (mfaAt: number | undefined, now: number): ContextInput => ({
  'aws:MultiFactorAuthPresent': String(mfaAt !== undefined),
  ...(mfaAt === undefined ? {} : { 'aws:MultiFactorAuthAge': String(Math.floor((now - mfaAt) / 1000)) }),
})

/**
 * AWS's message for a denied call. Source: AWS IAM User Guide, "Troubleshoot access denied error messages". `policyWord` is what
 * the service calls its resource policy.
 */
export function deniedMessage(
  call: Call,
  action: string,
  resource: string,
  decision: Decision,
  policyWord = 'resource-based policy',
): string {
  const words = {
    organization: 'service control policy',
    resource: policyWord,
    identity: 'identity-based policy',
    boundary: 'permissions boundary',
    session: 'session policy',
  }
  const layer = (['identity', 'resource', 'boundary', 'session', 'organization'] as const).find((name) => decision.blockedBy.includes(name))
  const because =
    layer === undefined
      ? ''
      : decision.verdict === 'explicit-deny'
        ? ` with an explicit deny in ${article(words[layer])}`
        : ` because no ${words[layer]} allows the ${action} action`
  return `User: ${call.identity.principal.arn} is not authorized to perform: ${action} on resource: ${resource}${because}`
}

/** AWS writes "the role trust policy", and "a" or "an" before the others. */
const article = (word: string) => (word === 'role trust policy' ? `the ${word}` : /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`)
