/**
 * Checks that a response of AssumeRole matches its request. A faulty component between Stint and AWS could return the
 * credentials of another call, and Stint would issue them under the wrong name. Source of forms and limits: AWS STS API
 * Reference, "AssumeRole", "Credentials", "AssumedRoleUser"; IAM User Guide, "Unique identifiers".
 */
import { type Instant, seconds } from '../instant.ts'
import { LATER_SECONDS } from '../sts-limits.ts'
import type { AssumeRoleInput } from './assume-role.ts'

/** The response as received. */
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
  /** The `Date` header of the response, if it has one. */
  readonly answeredAt?: Instant
}

/** AWS refuses a signature whose time differs by more (AWS General Reference, "Signature Version 4"), so a larger skew is not trusted. */
const SKEW_SECONDS = 300

const ACCESS_KEY_ID = /^ASIA[A-Z0-9]{12,124}$/
const UNIQUE_ID = /^[A-Z0-9]{4,128}$/
const SECRET = /^[\x21-\x7E]{1,256}$/
const SESSION_TOKEN = /^[\x21-\x7E]{1,32768}$/
const REQUEST_ID = /^[A-Za-z0-9-]{1,128}$/

/** The ID of AWS's response for an event. One without the form of an ID is left out: it could be longer than an event has room for. */
export const requestIdOf = (id: string | undefined): { readonly awsRequestId?: string } =>
  id !== undefined && REQUEST_ID.test(id) ? { awsRequestId: id } : {}

/** The part of the response that does not match the request, without quoting it; undefined if all of it matches. */
export function faultInAnswer(asked: AssumeRoleInput, answer: AssumedRole, now: Instant): string | undefined {
  const { credentials, assumedRoleId } = answer
  const ofSession = `:${asked.roleSessionName}`
  if (answer.assumedRoleArn !== assumedRoleArn(asked)) return 'the ARN is not the one of the requested session'
  if (!assumedRoleId.endsWith(ofSession) || !UNIQUE_ID.test(assumedRoleId.slice(0, -ofSession.length)))
    return 'the role ID is not one of the requested session'
  if (answer.sourceIdentity !== asked.sourceIdentity) return 'the source identity is not the one in the request'
  if (!ACCESS_KEY_ID.test(credentials.accessKeyId)) return 'the access key ID is not that of temporary credentials'
  if (!SECRET.test(credentials.secretAccessKey)) return 'the secret access key is malformed'
  if (!SESSION_TOKEN.test(credentials.sessionToken)) return 'the session token is malformed'
  if (!expiresAsAsked(asked, answer, now)) return 'the expiration is not within the requested duration'
  if (!Number.isInteger(answer.packedPolicySize) || answer.packedPolicySize < 0 || answer.packedPolicySize > 100)
    return 'the packed policy size is not a percentage'
  if (answer.awsRequestId !== '' && !REQUEST_ID.test(answer.awsRequestId)) return 'the request ID is malformed'
  return undefined
}

/** `arn:aws:iam::111122223333:role/path/Name` → `arn:aws:sts::111122223333:assumed-role/Name/<session name>`. */
function assumedRoleArn({ roleArn, roleSessionName }: AssumeRoleInput): string {
  const [arn, partition, , , account, role = ''] = roleArn.split(':')
  return `${arn}:${partition}:sts::${account}:assumed-role/${role.slice(role.lastIndexOf('/') + 1)}/${roleSessionName}`
}

/**
 * Compares with AWS's clock if the response shows it and the clock could have accepted our signature. Otherwise compares with
 * our clock, with the same tolerance.
 */
function expiresAsAsked({ durationSeconds }: AssumeRoleInput, { credentials, answeredAt }: AssumedRole, now: Instant): boolean {
  const believed = answeredAt !== undefined && Math.abs(answeredAt - now) <= seconds(SKEW_SECONDS)
  const [at, slack] = believed ? [answeredAt, 0] : [now, SKEW_SECONDS]
  return credentials.expiration > at - seconds(slack) && credentials.expiration <= at + seconds(durationSeconds + LATER_SECONDS + slack)
}
