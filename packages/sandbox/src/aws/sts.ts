/**
 * STS over the Query protocol, authorized by real policies. Source of parameters, limits and codes: AWS STS API Reference. The
 * messages are those that AWS users have reported.
 */

import type { ContextInput, Decision } from '@stint/iam'
import { currentTrust, type Role } from './accounts.ts'
import { assumeRoleWithWebIdentity, type UnsignedCall } from './assume-with-web-identity.ts'
import { authorize, type Call, deniedMessage, mfaKeys } from './authorize.ts'
import { checkMaxDuration, openSession, packedSize } from './sts-grant.ts'
import { type AssumeRoleParameters, readAssumeRole } from './sts-parameters.ts'
import { StsError } from './sts-query.ts'
import { accessKeyInfo, checkMfa, sessionToken } from './user-session.ts'
import { webIdentityToken } from './web-identity.ts'
import type { World } from './world.ts'
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
  ['GetSessionToken', sessionToken],
  ['GetAccessKeyInfo', (_world, _call, form) => accessKeyInfo(form)],
])

const ROLE = ['RoleArn', 'RoleSessionName', 'DurationSeconds', 'Policy', 'PolicyArns.member.N.arn']
const TAGS = ['Tags.member.N.Key', 'Tags.member.N.Value']
const MFA = ['SerialNumber', 'TokenCode']
/** The supported parameters. Another one would change what is asked, so it is refused. */
const parametersOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['AssumeRole', [...ROLE, ...TAGS, ...MFA, 'ExternalId', 'SourceIdentity', 'TransitiveTagKeys.member.N']],
  ['AssumeRoleWithWebIdentity', [...ROLE, 'WebIdentityToken']],
  ['GetCallerIdentity', []],
  ['GetWebIdentityToken', [...TAGS, 'Audience.member.N', 'DurationSeconds', 'SigningAlgorithm']],
  ['GetSessionToken', [...MFA, 'DurationSeconds']],
  ['GetAccessKeyInfo', ['AccessKeyId']],
])
/** Operations of AWS that the sandbox does not support. */
const UNSUPPORTED = ['AssumeRoleWithSAML', 'AssumeRoot', 'DecodeAuthorizationMessage', 'GetDelegatedAccessToken', 'GetFederationToken']

const notImplemented = (what: string) => new StsError(501, 'NotImplemented', `The sandbox’s STS does not support ${what}.`)

function checkParameters(action: string, form: URLSearchParams): void {
  if (UNSUPPORTED.includes(action)) throw notImplemented(action)
  const known = parametersOf.get(action)
  const seen = new Set<string>()
  for (const name of form.keys()) {
    if (seen.has(name)) throw new StsError(400, 'InvalidQueryParameter', `The parameter ${name.slice(0, 100)} is given more than once.`)
    seen.add(name)
    const general = name.replace(/\.member\.[1-9]\d{0,3}(?=\.|$)/, '.member.N')
    // The Query protocol writes an empty list as its name with an empty value.
    const isEmptyList = form.get(name) === '' && known?.some((one) => one.startsWith(`${name}.member.N`))
    if (known && !['Action', 'Version', ...known].includes(general) && !isEmptyList)
      throw notImplemented(`the parameter ${name.slice(0, 100)} of ${action}`)
  }
}

export const handleSts = (world: World, call: Call, body: Buffer): Promise<Answer> =>
  answerTo(body, call.requestId, (action, form) => operations.get(action)?.(world, call, form))

/** The one operation that is not signed: the caller has a JWT instead of a key. */
export const isUnsigned = (body: Buffer): boolean => new URLSearchParams(body.toString('utf8')).get('Action') === WEB_IDENTITY
const WEB_IDENTITY = 'AssumeRoleWithWebIdentity'

export const handleUnsigned = (world: World, call: UnsignedCall, body: Buffer): Promise<Answer> =>
  answerTo(body, call.requestId, (_action, form) => assumeRoleWithWebIdentity(world, call, form))

async function answerTo(
  body: Buffer,
  requestId: string,
  handle: (action: string, form: URLSearchParams) => Node | Promise<Node> | undefined,
): Promise<Answer> {
  const form = new URLSearchParams(body.toString('utf8'))
  const action = form.get('Action') ?? ''
  try {
    checkParameters(action, form)
    const result = form.get('Version') === '2011-06-15' ? await handle(action, form) : undefined
    if (!result) throw new StsError(400, 'InvalidAction', `Could not find operation ${action} for version ${form.get('Version')}`)
    return {
      status: 200,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
      body: xml({
        [`${action}Response xmlns="${NAMESPACE}"`]: { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } },
      }),
    }
  } catch (error) {
    if (error instanceof StsError) return stsError(error.status, error.code, error.message, requestId)
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
  const asked = readAssumeRole(form)
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
  if (asked.mfa) checkMfa(world, call, asked.mfa)
  const actions = [
    'sts:AssumeRole',
    ...(Object.keys(tags).length > 0 ? ['sts:TagSession'] : []),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ]
  for (const action of actions) mayEnter(world, call, role, action, { ...asked, sourceIdentity })
  checkDuration(call, role, asked.durationSeconds)
  return openSession(world, role, call.now, asked, {
    chained: call.identity.grant !== undefined,
    packed: packedSize(asked.policyText, tags),
    tags,
    transitiveTagKeys: [...inherited.transitiveTagKeys, ...asked.transitiveTagKeys],
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  })
}

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
  asked: Omit<AssumeRoleParameters, 'sourceIdentity'> & { sourceIdentity: string | undefined },
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
    context: { ...roleTags(role), ...context, ...(asked.mfa ? mfaKeys(call.now, call.now) : {}) },
    resourcePolicy: currentTrust(world.accounts, role.trust).policy,
    resourcePolicyDecides: true,
  })
  if (!decision.allowed) throw denied(call, action, role.arn, decision)
}

function denied(call: Call, action: string, roleArn: string, decision?: Decision): StsError {
  const none: Decision = { allowed: false, verdict: 'implicit-deny', blockedBy: [], layers: {} }
  return new StsError(403, 'AccessDenied', deniedMessage(call, action, roleArn, decision ?? none, 'role trust policy'))
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
  checkMaxDuration(role, seconds)
}

const roleTags = (role: Role): ContextInput =>
  Object.fromEntries(
    [...role.tags].flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`iam:ResourceTag/${key}`, value],
    ]),
  )
