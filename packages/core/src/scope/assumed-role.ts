/**
 * Whether an answer to AssumeRole is one to the question that was asked. Whatever stands between Stint and AWS can answer with
 * the credentials of another call, and they would leave under a name that is not theirs. Source of forms and limits: AWS STS
 * API Reference, "AssumeRole", "Credentials", "AssumedRoleUser"; IAM User Guide, "Unique identifiers".
 */
import { type Instant, seconds } from '../instant.ts'
import type { AssumeRoleInput } from './assume-role.ts'

/** What the answer says, as it came. */
export type AssumedRole = {
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
    readonly expiration: Instant
  }
  readonly assumedRoleArn: string
  readonly assumedRoleId: string
  readonly sourceIdentity?: string
  readonly packedPolicySize: number
  readonly awsRequestId: string
  /** The answer's `Date` header, where it has one. */
  readonly answeredAt?: Instant
}

/** AWS rounds to whole seconds and works for a while before it answers. */
const LATER_SECONDS = 60
/** AWS refuses a signature whose time differs by more (AWS General Reference, "Signature Version 4"): further apart, no clock is believed. */
const SKEW_SECONDS = 300

const ACCESS_KEY_ID = /^ASIA[A-Z0-9]{12,124}$/
const UNIQUE_ID = /^[A-Z0-9]{4,128}$/
const SECRET = /^[\x21-\x7E]{1,256}$/
const SESSION_TOKEN = /^[\x21-\x7E]{1,32768}$/
const REQUEST_ID = /^[A-Za-z0-9-]{0,128}$/

/** Which part of the answer does not fit the question, in words that never quote it; undefined where all of it fits. */
export function faultInAnswer(asked: AssumeRoleInput, answer: AssumedRole, now: Instant): string | undefined {
  const { credentials, assumedRoleId } = answer
  const colon = assumedRoleId.indexOf(':')
  if (answer.assumedRoleArn !== assumedRoleArn(asked)) return 'the ARN is not that of the session that was asked for'
  if (colon < 0 || !UNIQUE_ID.test(assumedRoleId.slice(0, colon)) || assumedRoleId.slice(colon + 1) !== asked.roleSessionName)
    return 'the role ID is not one of the session that was asked for'
  if (answer.sourceIdentity !== asked.sourceIdentity) return 'the source identity is not the one that was set'
  if (!ACCESS_KEY_ID.test(credentials.accessKeyId)) return 'the access key ID is not one of temporary credentials'
  if (!SECRET.test(credentials.secretAccessKey)) return 'the secret access key is malformed'
  if (!SESSION_TOKEN.test(credentials.sessionToken)) return 'the session token is malformed'
  if (!expiresAsAsked(asked, answer, now)) return 'the expiration is not within the duration that was asked for'
  if (!Number.isInteger(answer.packedPolicySize) || answer.packedPolicySize < 0 || answer.packedPolicySize > 100)
    return 'the packed policy size is not a percentage'
  if (!REQUEST_ID.test(answer.awsRequestId)) return 'the request ID is malformed'
  return undefined
}

/** `arn:aws:iam::111122223333:role/path/Name` → `arn:aws:sts::111122223333:assumed-role/Name/<session name>`. */
function assumedRoleArn({ roleArn, roleSessionName }: AssumeRoleInput): string {
  const [arn, partition, , , account, role = ''] = roleArn.split(':')
  return `${arn}:${partition}:sts::${account}:assumed-role/${role.slice(role.lastIndexOf('/') + 1)}/${roleSessionName}`
}

/** By AWS's clock where the answer shows it, and it is one that could have taken our signature; otherwise by ours, give or take as much. */
function expiresAsAsked({ durationSeconds }: AssumeRoleInput, { credentials, answeredAt }: AssumedRole, now: Instant): boolean {
  const believed = answeredAt !== undefined && Math.abs(answeredAt - now) <= seconds(SKEW_SECONDS)
  const [at, slack] = believed ? [answeredAt, 0] : [now, SKEW_SECONDS]
  return credentials.expiration > at - seconds(slack) && credentials.expiration <= at + seconds(durationSeconds + LATER_SECONDS + slack)
}
