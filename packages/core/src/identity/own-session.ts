/**
 * A session that Stint issued is never accepted as a caller. AWS signs a JWT for any role that asks for one
 * (`GetWebIdentityToken`), so a session could present a token about itself and renew its access without end. Every token is
 * checked, whatever preset its issuer has. Source: IAM User Guide, "Federating AWS identities to external services",
 * "Understanding token claims".
 */
import type { Issuer, Target } from '../config/shape.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Refused } from '../outcome.ts'
import { forged } from './token.ts'

/** The session tag that ties a session to its request. Every session that Stint issues has it. */
export const SESSION_TAG = 'stint:session'

/** The claim in which AWS puts details of the principal, including its tags. */
const AWS_CLAIM = 'https://sts.amazonaws.com/'

type OwnRules = {
  readonly targets: { readonly [id: string]: Pick<Target, 'roleArn'> }
  readonly issuers: { readonly [id: string]: Pick<Issuer, 'key'> }
}

/**
 * Refuses a token about a session that Stint issued, about a session obtained from one by role chaining, or about the role of
 * a target; otherwise undefined. A source identity persists through role chaining, and those that Stint sets begin with the
 * key of an issuer (IAM User Guide, "Monitor and control actions taken with assumed roles").
 */
export function refuseOwnSession({ targets, issuers }: OwnRules, claims: JsonObject): Refused<'token-invalid'> | undefined {
  const aws = claims[AWS_CLAIM]
  const about = isObject(aws) ? aws : {}
  const tagged = Object.values(about).some((tags) => isObject(tags) && Object.keys(tags).some((key) => key.toLowerCase() === SESSION_TAG))
  if (tagged) return forged(`the token is about a session that Stint issued: it has the tag ${SESSION_TAG}`)
  const identity = typeof about.source_identity === 'string' ? about.source_identity : ''
  if (Object.values(issuers).some(({ key }) => identity.startsWith(`${key}.`)))
    return forged('the token is about a session obtained from a Stint session: it carries a source identity that Stint sets')
  const roles = [claims.sub, about.principal_id].map(roleOf).filter((role) => role !== undefined)
  if (roles.length === 0) return undefined
  const target = Object.entries(targets).find(([, { roleArn }]) => roles.includes(roleOf(roleArn) ?? ''))
  return target && forged(`the token is about the role of target '${target[0]}'`)
}

/**
 * Account and name of the role in an ARN of the role itself or of one of its sessions. A session's ARN omits the role's path.
 * IAM ignores case in role names.
 */
function roleOf(arn: Json | undefined): string | undefined {
  if (typeof arn !== 'string') return undefined
  const [, account, name] = ROLE.exec(arn) ?? SESSION.exec(arn) ?? []
  return name === undefined ? undefined : `${account}/${name.toLowerCase()}`
}
const ROLE = /^arn:[a-z-]+:iam::(\d{12}):role\/(?:[^/]+\/)*([^/]+)$/i
const SESSION = /^arn:[a-z-]+:sts::(\d{12}):assumed-role\/([^/]+)\/[^/]+$/i
