/** What the STS operations that open a session of a role share: its session policies, its size and its answer. */
import { deflateRawSync } from 'node:zlib'
import { estimatedPackedPercent, type Policy } from '@stint/iam'
import { partitionIn } from '@stint/iam/partition'
import type { Role } from './accounts.ts'
import { isUnknownAwsPolicy, unknownAwsPolicy } from './managed.ts'
import type { RoleParameters } from './sts-parameters.ts'
import { StsError } from './sts-query.ts'
import { addSession, type Grant, type Identity, type World } from './world.ts'
import type { Node } from './xml.ts'

type Rest = Pick<Grant, 'chained' | 'tags' | 'transitiveTagKeys' | 'sourceIdentity' | 'web'> & { readonly packed: number }

export function openSession(world: World, role: Role, now: number, asked: RoleParameters, { packed, ...rest }: Rest): Node {
  const sessionPolicies = [...(asked.policy ? [asked.policy] : []), ...asked.policyArns.map((arn) => managedPolicy(world, role, arn))]
  if (packed > 100) throw new StsError(400, 'PackedPolicyTooLarge', `Packed size of session tags consumes ${packed}% of allotted space.`)
  const isPacked = sessionPolicies.length > 0 || Object.keys(rest.tags).length > 0
  const expiresAt = wholeSecond(now) + asked.durationSeconds * 1000
  const session = addSession(world, {
    role,
    sessionName: asked.sessionName,
    issuedAt: now,
    expiresAt,
    ...(sessionPolicies.length > 0 ? { sessionPolicies } : {}),
    ...rest,
  })
  return {
    ...(rest.web ? { SubjectFromWebIdentityToken: rest.web.subject } : {}),
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.principal.arn },
    Credentials: credentialsNode(session, expiresAt),
    ...(rest.web ? { Provider: rest.web.provider, Audience: rest.web.audience } : {}),
    ...(isPacked ? { PackedPolicySize: packed } : {}),
    ...(rest.sourceIdentity === undefined ? {} : { SourceIdentity: rest.sourceIdentity }),
  }
}

export const wholeSecond = (at: number): number => at - (at % 1000)

export const credentialsNode = ({ key }: Identity, expiresAt: number): Node => ({
  AccessKeyId: key.accessKeyId,
  SecretAccessKey: key.secretAccessKey,
  SessionToken: key.sessionToken ?? '',
  Expiration: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
})

export function checkMaxDuration(role: Role, seconds: number): void {
  if (seconds > role.maxSessionSeconds)
    throw new StsError(400, 'ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
}

function managedPolicy(world: World, role: Role, arn: string): Policy {
  // Each partition has AWS's managed policies under its own name, and a policy of another cannot be passed.
  const own = partitionIn(arn) === partitionIn(role.arn) ? arn.replace(/^arn:[^:]*:iam::aws:/, 'arn:aws:iam::aws:') : ''
  const found = world.awsPolicies.get(own) ?? world.accounts.get(role.account)?.policies.get(arn)
  if (found) return found.defaultVersion.document.policy
  // The sandbox's own words, so that nobody looks for a mistake in the profile.
  const detail = isUnknownAwsPolicy(arn) ? unknownAwsPolicy(arn) : `Policy ${arn} does not exist or is not attachable.`
  throw new StsError(400, 'MalformedPolicyDocument', detail)
}

export function packedSize(policyText: string | undefined, tags: Readonly<Record<string, string>>): number {
  const tagCharacters = Object.entries(tags).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  return estimatedPackedPercent(tagCharacters, policyText === undefined ? 0 : deflateRawSync(policyText).length)
}
