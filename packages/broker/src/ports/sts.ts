/** AWS STS: one AssumeRole. */
import type { Done, Refused, Unknown } from '@stint/core/outcome'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import type { AssumedRole } from '@stint/core/scope/assumed-role'

export type Credentials = AssumedRole['credentials']

/** What AWS answered, unchanged: it is checked against the call before anything is returned (core/scope/assumed-role.ts). */
export type Assumed = AssumedRole & {
  /** How often the call was sent: each send may have left an active session whose credentials never left Stint. */
  readonly sends: number
}

/** AWS refused and did nothing: the use can be returned. */
export type StsRefusal = 'assume-role-denied' | 'assume-role-invalid' | 'packed-policy-too-large' | 'sts-throttled' | 'sts-timeout'
export type AssumeFailed = Refused<StsRefusal> & { readonly awsRequestId?: string; readonly sends: number }

export type Sts = { assumeRole(input: AssumeRoleInput): Promise<Done<Assumed> | AssumeFailed | (Unknown & { readonly sends: number })> }
