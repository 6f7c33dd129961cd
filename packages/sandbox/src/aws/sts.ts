/**
 * STS over the Query protocol: AssumeRole, GetCallerIdentity and GetWebIdentityToken, authorized by real policies. Source of
 * parameters, limits and codes: AWS STS API Reference. The messages are those that AWS users have reported.
 */

import { deflateRawSync } from 'node:zlib'
import {
  type ContextInput,
  type Decision,
  estimatedPackedPercent,
  MAX_SESSION_POLICY_CHARACTERS,
  type Policy,
  parsePolicy,
} from '@stint/iam'
import { currentTrust, type Role } from './accounts.ts'
import { authorize, type Call, deniedMessage } from './authorize.ts'
import { isUnknownAwsPolicy, unknownAwsPolicy } from './managed.ts'
import { constraint, members, readTags, StsError } from './sts-query.ts'
import { webIdentityToken } from './web-identity.ts'
import { addSession, type Grant, type World } from './world.ts'
import { type Node, xml } from './xml.ts'

export type Answer = { readonly status: number; readonly headers: Record<string, string>; readonly body: string | Buffer }

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

export const stsError = (status: number, code: string, message: string, requestId: string): Answer => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
  body: xml({ [`ErrorResponse xmlns="${NAMESPACE}"`]: { Error: { Type: 'Sender', Code: code, Message: message }, RequestId: requestId } }),
})

const operations = new Map<string, (world: World, call: Call, form: URLSearchParams) => Node>([
  ['AssumeRole', assumeRole],
  ['GetCallerIdentity', (_world, call) => callerIdentity(call)],
  ['GetWebIdentityToken', webIdentityToken],
])

export function handleSts(world: World, call: Call, body: Buffer): Answer {
  const form = new URLSearchParams(body.toString('utf8'))
  const action = form.get('Action') ?? ''
  try {
    if (form.get('Version') !== '2011-06-15')
      throw new StsError(400, 'InvalidAction', `Could not find operation ${action} for version ${form.get('Version')}`)
    const result = operations.get(action)?.(world, call, form)
    if (!result) throw new StsError(400, 'InvalidAction', `Could not find operation ${action} for version 2011-06-15`)
    return {
      status: 200,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': call.requestId },
      body: xml({
        [`${action}Response xmlns="${NAMESPACE}"`]: { [`${action}Result`]: result, ResponseMetadata: { RequestId: call.requestId } },
      }),
    }
  } catch (error) {
    if (error instanceof StsError) return stsError(error.status, error.code, error.message, call.requestId)
    throw error
  }
}

/** Needs no permission and cannot be denied. */
const callerIdentity = ({ identity }: Call): Node => ({
  Arn: identity.principal.arn,
  UserId: identity.userId,
  Account: identity.principal.account,
})

function assumeRole(world: World, call: Call, form: URLSearchParams): Node {
  const asked = readParameters(form)
  const inherited = inheritedBy(call)
  for (const key of Object.keys(asked.tags)) {
    if (Object.keys(inherited.tags).some((other) => other.toLowerCase() === key.toLowerCase())) {
      throw new StsError(
        400,
        'InvalidParameterValue',
        `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: ${key}`,
      )
    }
  }
  const tags = { ...inherited.tags, ...asked.tags }
  if (inherited.sourceIdentity !== undefined && asked.sourceIdentity !== undefined && asked.sourceIdentity !== inherited.sourceIdentity) {
    throw denied(call, 'sts:SetSourceIdentity', asked.roleArn)
  }
  const sourceIdentity = asked.sourceIdentity ?? inherited.sourceIdentity

  const role = world.roles.get(asked.roleArn)
  if (!role) throw denied(call, 'sts:AssumeRole', asked.roleArn) // a missing role is answered like one that denies
  const actions = [
    'sts:AssumeRole',
    ...(Object.keys(tags).length > 0 ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ]
  for (const action of actions) mayEnter(world, call, role, action, { ...asked, sourceIdentity })
  checkDuration(call, role, asked.durationSeconds)

  const sessionPolicies = [...(asked.policy ? [asked.policy] : []), ...asked.policyArns.map((arn) => managedPolicy(world, role, arn))]
  const packed = packedSize(asked.policyText, tags)
  if (packed > 100) throw new StsError(400, 'PackedPolicyTooLarge', `Packed size of session tags consumes ${packed}% of allotted space.`)
  const grant: Grant = {
    role,
    sessionName: asked.sessionName,
    issuedAt: call.now,
    expiresAt: wholeSecond(call.now) + asked.durationSeconds * 1000,
    ...(sessionPolicies.length > 0 ? { sessionPolicies } : {}),
    tags,
    transitiveTagKeys: [...inherited.transitiveTagKeys, ...asked.transitiveTagKeys],
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  }
  const session = addSession(world, grant)
  return {
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.principal.arn },
    Credentials: {
      AccessKeyId: session.key.accessKeyId,
      SecretAccessKey: session.key.secretAccessKey,
      SessionToken: session.key.sessionToken,
      Expiration: new Date(grant.expiresAt).toISOString().replace('.000Z', 'Z'),
    },
    PackedPolicySize: packed,
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  }
}

const wholeSecond = (at: number) => at - (at % 1000)

/** Transitive tags and the source identity are passed on to every next role. */
function inheritedBy({ identity: { grant } }: Call): {
  tags: Record<string, string>
  transitiveTagKeys: readonly string[]
  sourceIdentity?: string
} {
  if (!grant) return { tags: {}, transitiveTagKeys: [] }
  return {
    tags: Object.fromEntries(Object.entries(grant.tags).filter(([key]) => grant.transitiveTagKeys.includes(key))),
    transitiveTagKeys: grant.transitiveTagKeys,
    ...(grant.sourceIdentity === undefined ? {} : { sourceIdentity: grant.sourceIdentity }),
  }
}

/**
 * Each action has its own condition keys: a statement that allows tagging only with an external ID never allows it.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Security Token Service".
 */
function mayEnter(
  world: World,
  call: Call,
  role: Role,
  action: string,
  asked: Omit<Asked, 'sourceIdentity'> & { sourceIdentity: string | undefined },
): void {
  const tags: ContextInput = {
    'sts:TransitiveTagKeys': asked.transitiveTagKeys.length > 0 ? asked.transitiveTagKeys : undefined,
    'aws:TagKeys': Object.keys(asked.tags).length > 0 ? Object.keys(asked.tags) : undefined,
    ...Object.fromEntries(Object.entries(asked.tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  }
  const source = { 'sts:SourceIdentity': asked.sourceIdentity }
  const context: ContextInput =
    action === 'sts:TagSession'
      ? tags
      : action === 'sts:SetSourceIdentity'
        ? source
        : { ...tags, ...source, 'sts:ExternalId': asked.externalId, 'sts:RoleSessionName': asked.sessionName }
  const decision = authorize(call, {
    action,
    resource: { arn: role.arn, account: role.account },
    context,
    resourcePolicy: currentTrust(world.accounts, role.trust).policy,
    resourcePolicyDecides: true,
  })
  if (!decision.allowed) throw denied(call, action, role.arn, decision)
}

function denied(call: Call, action: string, roleArn: string, decision?: Decision): StsError {
  const none: Decision = { allowed: false, verdict: 'implicit-deny', blockedBy: [], layers: {} }
  return new StsError(
    403,
    'AccessDenied',
    deniedMessage(
      call,
      action,
      roleArn,
      decision ?? none,
      decision?.verdict === 'explicit-deny' ? 'resource-based policy' : 'role trust policy',
    ),
  )
}

/** AWS IAM User Guide, "Role chaining": at most one hour, whatever the role allows. A longer duration is refused, not shortened. */
function checkDuration(call: Call, role: Role, seconds: number): void {
  if (call.identity.grant && seconds > 3600) {
    throw new StsError(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    )
  }
  if (seconds > role.maxSessionSeconds)
    throw new StsError(400, 'ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
}

function managedPolicy(world: World, role: Role, arn: string): Policy {
  const found = world.awsPolicies.get(arn) ?? world.accounts.get(role.account)?.policies.get(arn)
  if (found) return found.defaultVersion.document.policy
  // The sandbox's own words, so that nobody looks for a mistake in the profile.
  const detail = isUnknownAwsPolicy(arn) ? unknownAwsPolicy(arn) : `Policy ${arn} does not exist or is not attachable.`
  throw new StsError(400, 'MalformedPolicyDocument', detail)
}

function packedSize(policyText: string | undefined, tags: Record<string, string>): number {
  const tagCharacters = Object.entries(tags).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  return estimatedPackedPercent(tagCharacters, policyText === undefined ? 0 : deflateRawSync(policyText).length)
}

// ── Parameters ───────────────────────────────────────────────────────────────────────────────────────────────────────

type Asked = {
  readonly roleArn: string
  readonly sessionName: string
  readonly durationSeconds: number
  readonly externalId?: string
  readonly sourceIdentity?: string
  readonly policyText?: string
  readonly policy?: Policy
  readonly policyArns: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
}

function readParameters(form: URLSearchParams): Asked {
  const one = (name: string, pattern: RegExp, shown = name.charAt(0).toLowerCase() + name.slice(1)): string | undefined => {
    const value = form.get(name)
    if (value === null) return undefined
    if (!pattern.test(value)) throw constraint(value, shown, `Member must satisfy regular expression pattern: ${pattern.source}`)
    return value
  }
  const need = (name: string, pattern: RegExp): string => {
    const value = one(name, pattern)
    if (value === undefined) throw constraint('null', name.charAt(0).toLowerCase() + name.slice(1), 'Member must not be null')
    return value
  }
  const roleArn = need('RoleArn', /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/)
  const sessionName = need('RoleSessionName', /^[\w+=,.@-]{2,64}$/)
  const duration = one('DurationSeconds', /^\d+$/) ?? '3600'
  const durationSeconds = Number(duration)
  if (durationSeconds < 900) throw constraint(duration, 'durationSeconds', 'Member must have value greater than or equal to 900')
  if (durationSeconds > 43_200) throw constraint(duration, 'durationSeconds', 'Member must have value less than or equal to 43200')

  const policyText = one('Policy', /^[\t\n\r\u0020-\u00FF]+$/)
  if (policyText !== undefined && policyText.length > MAX_SESSION_POLICY_CHARACTERS)
    throw constraint('…', 'policy', 'Member must have length less than or equal to 2048')
  const tags = readTags(form)
  const transitiveTagKeys = [...members(form, /^TransitiveTagKeys\.member\.(\d+)$/).values()]
  const stray = transitiveTagKeys.find((key) => !Object.hasOwn(tags, key))
  if (stray !== undefined)
    throw new StsError(400, 'InvalidParameterValue', `The transitive tag key ${stray} is not among the tags of this request.`)
  const policyArns = [...members(form, /^PolicyArns\.member\.(\d+)\.arn$/).values()]
  if (policyArns.length > 10) throw constraint('…', 'policyArns', 'Member must have length less than or equal to 10')
  const externalId = one('ExternalId', /^[\w+=,.@:/-]{2,1224}$/)
  const sourceIdentity = one('SourceIdentity', /^(?!aws:)[\w+=,.@-]{2,64}$/)
  return {
    roleArn,
    sessionName,
    durationSeconds,
    ...(externalId === undefined ? {} : { externalId }),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(policyText === undefined ? {} : { policyText, policy: sessionPolicy(policyText) }),
    policyArns,
    tags,
    transitiveTagKeys,
  }
}

function sessionPolicy(text: string): Policy {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new StsError(400, 'MalformedPolicyDocument', 'This policy contains invalid Json')
  }
  const parsed = parsePolicy(json, 'session')
  if (!parsed.ok) throw new StsError(400, 'MalformedPolicyDocument', parsed.faults.join('; '))
  return parsed.policy
}
