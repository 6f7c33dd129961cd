/** AWS STS: one AssumeRole. */
import type { Done, Refused, Unknown } from '@stint/core/outcome'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import type { AssumedRole } from '@stint/core/scope/assumed-role'

export type Credentials = AssumedRole['credentials']

/** What AWS answered, as it came: it is held to the question before anything leaves (core/scope/assumed-role.ts). */
export type Assumed = AssumedRole & {
  /** How often the call was sent: each send may have left a live session that never left Stint. */
  readonly sends: number
}

/** AWS said no and did nothing: the use can be given back. */
export type AssumeFailed = Refused & { readonly awsRequestId?: string; readonly sends: number }

export type Sts = { assumeRole(input: AssumeRoleInput): Promise<Done<Assumed> | AssumeFailed | (Unknown & { readonly sends: number })> }
