/**
 * GetWebIdentityToken: a JWT about the caller, for services outside AWS. Source of parameters, limits and errors: AWS STS
 * API Reference, "GetWebIdentityToken"; of the permissions: IAM User Guide, "Controlling access with IAM policies" (of
 * outbound identity federation); of the claims: "Understanding token claims".
 */
import { randomUUID } from 'node:crypto'
import type { ContextInput } from '@stint/iam'
import { authorize, type Call, deniedMessage } from './authorize.ts'
import { type SigningAlgorithm, signingAlgorithms } from './outbound.ts'
import { constraint, members, readTags, StsError } from './sts-query.ts'
import type { World } from './world.ts'
import type { Node } from './xml.ts'

const DEFAULT_SECONDS = 300

export function webIdentityToken(world: World, call: Call, form: URLSearchParams): Node {
  const asked = readParameters(form)
  mayAsk(call, asked)
  const { identity, now } = call
  const { account } = identity.principal
  const issuer = world.outbound.issuerOf(account)
  if (!issuer)
    throw new StsError(
      403,
      'OutboundWebIdentityFederationDisabledException',
      'The outbound web identity federation feature is not enabled for this account.',
    )
  const issuedAt = Math.floor(now / 1000)
  const expiresAt = issuedAt + asked.durationSeconds
  if (identity.grant && expiresAt * 1000 > identity.grant.expiresAt)
    throw new StsError(
      403,
      'SessionDurationEscalationException',
      'The requested token duration would extend the session beyond its original expiration time.',
    )
  const token = world.outbound.sign(asked.algorithm, {
    iss: issuer.url,
    aud: asked.audiences.length === 1 ? asked.audiences[0] : asked.audiences,
    sub: identity.principal.roleArn ?? identity.principal.arn,
    iat: issuedAt,
    exp: expiresAt,
    jti: randomUUID(),
    'https://sts.amazonaws.com/': {
      aws_account: account,
      source_region: world.region,
      principal_id: identity.principal.roleArn ?? identity.principal.arn,
      ...(identity.grant ? { original_session_exp: new Date(identity.grant.expiresAt).toISOString() } : {}),
      ...(identity.grant?.sourceIdentity === undefined ? {} : { source_identity: identity.grant.sourceIdentity }),
      ...(identity.grant && Object.keys(identity.grant.tags).length > 0 ? { principal_tags: identity.grant.tags } : {}),
      ...(Object.keys(asked.tags).length > 0 ? { request_tags: asked.tags } : {}),
    },
  })
  return { WebIdentityToken: token, Expiration: new Date(expiresAt * 1000).toISOString().replace('.000Z', 'Z') }
}

type Asked = {
  readonly audiences: readonly string[]
  readonly durationSeconds: number
  readonly algorithm: SigningAlgorithm
  readonly tags: Readonly<Record<string, string>>
}

function readParameters(form: URLSearchParams): Asked {
  const audiences = [...members(form, /^Audience\.member\.(\d+)$/).values()]
  if (audiences.length === 0) throw constraint(null, 'audience', 'Member must not be null')
  if (audiences.length > 10) throw constraint(audiences.join(', '), 'audience', 'Member must have length less than or equal to 10')
  for (const audience of audiences) {
    if (audience.length < 1) throw constraint(audience, 'audience', 'Member must have length greater than or equal to 1')
    if (audience.length > 1000) throw constraint(audience, 'audience', 'Member must have length less than or equal to 1000')
  }
  const duration = form.get('DurationSeconds') ?? String(DEFAULT_SECONDS)
  const durationSeconds = /^\d+$/.test(duration) ? Number(duration) : Number.NaN
  if (!(durationSeconds >= 60)) throw constraint(duration, 'durationSeconds', 'Member must have value greater than or equal to 60')
  if (durationSeconds > 3600) throw constraint(duration, 'durationSeconds', 'Member must have value less than or equal to 3600')
  const named = form.get('SigningAlgorithm')
  const algorithm = signingAlgorithms.find((one) => one === named)
  if (!algorithm) throw constraint(named, 'signingAlgorithm', `Member must satisfy enum value set: [${signingAlgorithms.join(', ')}]`)
  return { audiences, durationSeconds, algorithm, tags: readTags(form) }
}

/** Unlike GetCallerIdentity, this needs an Allow. The tags need another one. */
function mayAsk(call: Call, { audiences, durationSeconds, algorithm, tags }: Asked): void {
  const keys = Object.keys(tags)
  const ofTags: ContextInput = {
    'aws:TagKeys': keys.length > 0 ? keys : undefined,
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  }
  const context: ContextInput = {
    ...ofTags,
    'sts:IdentityTokenAudience': audiences,
    'sts:DurationSeconds': String(durationSeconds),
    'sts:SigningAlgorithm': algorithm,
  }
  const needed: readonly (readonly [action: string, context: ContextInput])[] = [
    ['sts:GetWebIdentityToken', context],
    ...(keys.length > 0 ? [['sts:TagGetWebIdentityToken', ofTags] as const] : []),
  ]
  for (const [action, given] of needed) {
    const resource = { arn: '*', account: call.identity.principal.account }
    const decision = authorize(call, { action, resource, context: given })
    if (!decision.allowed) throw new StsError(403, 'AccessDenied', deniedMessage(call, action, resource.arn, decision))
  }
}
