/**
 * A session that Stint vended is never a caller. AWS signs a JWT about any role that asks for one (`GetWebIdentityToken`),
 * so a session could show Stint a token about itself and be given the next session, without end. Every token is checked,
 * whatever preset its issuer has. Source: IAM User Guide, "Federating AWS identities to external services", "Understanding
 * token claims".
 */
import type { Issuer, Target } from '../config/shape.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Refused } from '../outcome.ts'
import { forged } from './token.ts'

/** The session tag that ties a session to its request. Every session that Stint makes has it. */
export const SESSION_TAG = 'stint:session'

/** The claim under which AWS puts what it knows of the principal, its tags among it. */
const AWS_CLAIM = 'https://sts.amazonaws.com/'

type OwnRules = {
  readonly targets: { readonly [id: string]: Pick<Target, 'roleArn'> }
  readonly issuers: { readonly [id: string]: Pick<Issuer, 'key'> }
}

/**
 * Refuses a token about a session that Stint vended, about a session that such a session chained on to, or about a role that
 * only Stint should enter; else undefined. A source identity outlives role chaining, and those that Stint sets begin with the key
 * of an issuer (IAM User Guide, "Monitor and control actions taken with assumed roles").
 */
export function refuseOwnSession({ targets, issuers }: OwnRules, claims: JsonObject): Refused | undefined {
  const aws = claims[AWS_CLAIM]
  const about = isObject(aws) ? aws : {}
  const tagged = Object.values(about).some((tags) => isObject(tags) && Object.keys(tags).some((key) => key.toLowerCase() === SESSION_TAG))
  if (tagged) return forged(`the token is about a session of Stint: it carries the tag ${SESSION_TAG}`)
  const identity = typeof about.source_identity === 'string' ? about.source_identity : ''
  if (Object.values(issuers).some(({ key }) => identity.startsWith(`${key}.`)))
    return forged('the token is about a session that came from one of Stint: it carries a source identity that Stint sets')
  const roles = [claims.sub, about.principal_id].map(roleOf).filter((role) => role !== undefined)
  if (roles.length === 0) return undefined
  const target = Object.entries(targets).find(([, { roleArn }]) => roles.includes(roleOf(roleArn) ?? ''))
  return target && forged(`the token is about the role of target '${target[0]}'`)
}

/**
 * Account and name of the role that an ARN is about: the role itself, or a session of it, whose ARN leaves out the role's
 * path. IAM does not tell role names by case.
 */
function roleOf(arn: Json | undefined): string | undefined {
  if (typeof arn !== 'string') return undefined
  const [, account, name] = ROLE.exec(arn) ?? SESSION.exec(arn) ?? []
  return name === undefined ? undefined : `${account}/${name.toLowerCase()}`
}
const ROLE = /^arn:[a-z-]+:iam::(\d{12}):role\/(?:[^/]+\/)*([^/]+)$/i
const SESSION = /^arn:[a-z-]+:sts::(\d{12}):assumed-role\/([^/]+)\/[^/]+$/i
