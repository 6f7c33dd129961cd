/** The parts of the API's responses that the command line reads. openapi.json describes them in full. */
import type { ImmediateEndState } from '@stint/core/request/immediate-end'

export type CallerView = { readonly issuer: string; readonly subject: string; readonly name: string; readonly kind: string }
export type ProfileView = {
  readonly id: string
  readonly description?: string
  readonly account: string
  readonly region: string
  readonly roleArn: string
  readonly access: 'allowed' | 'needs-approval' | 'refused'
  readonly missing: readonly string[]
  readonly duration: { readonly default: string; readonly max: string; readonly renew?: string }
  readonly endOnExit?: true
  readonly parameters: { readonly [name: string]: { readonly pattern: string; readonly max: number } }
  readonly justification: 'required' | 'optional'
  readonly approval?: {
    readonly approvers: number
    readonly expiresAfter: string
    readonly window: string
    readonly maxUses: number
    readonly breakGlass: boolean
  }
  readonly policy?: readonly object[]
  readonly policyArns?: readonly string[]
}
export type SessionView = {
  readonly id: string
  readonly requestId: string
  readonly state: string
  readonly caller: CallerView
  readonly profile: string
  readonly target: string
  readonly sourceIdentity?: string
  readonly expiresAt: string
  readonly reservedAt: string
  readonly issued?: { readonly expiration: string }
  readonly renewed?: { readonly count: number; readonly at: string; readonly expiration: string }
  readonly endedBy?: string
  readonly endedAt?: string
  readonly failure?: string
  readonly immediateEnd?: ImmediateEndState
}
/** In seconds, except `uses`. */
type LimitsView = { readonly duration?: number; readonly uses?: number; readonly window?: number }
type ApprovalView = {
  readonly approver: CallerView
  readonly at: string
  readonly channel: string
  readonly limits: LimitsView
  readonly comment?: string
}
export type RequestView = {
  readonly id: string
  readonly state: string
  readonly caller: CallerView
  readonly identity: string
  readonly profile: string
  readonly target: string
  readonly roleArn: string
  readonly justification?: string
  /** The requester's subject, if that of `caller` is its digest. */
  readonly fullSubject?: string
  readonly moreJustifications?: readonly { readonly at: string; readonly text: string }[]
  readonly ticket?: string
  /** The request whose session this one continues. */
  readonly extends?: string
  readonly breakGlass: boolean
  readonly createdAt: string
  readonly expiresAt?: string
  readonly terms: { readonly parameters?: Readonly<Record<string, string>>; readonly [name: string]: unknown }
  readonly lastingAccess?: readonly string[]
  readonly approval: readonly { readonly by: readonly object[]; readonly count: number; readonly missing: number }[]
  readonly approvals: readonly ApprovalView[]
  readonly limits: LimitsView
  readonly window?: { readonly startsAt?: string; readonly expiresAt: string }
  readonly usesLeft?: number
  /** Who denied, cancelled or revoked it. */
  readonly decidedBy?: CallerView
  readonly decidedAt?: string
  readonly decisionComment?: string
  readonly review: string | { readonly by: CallerView; readonly at: string; readonly text: string }
  readonly sessions: readonly SessionView[]
  readonly live: readonly { readonly id: string; readonly expiresAt: string }[]
  readonly may: readonly string[]
}
export type FreezeView = {
  readonly id: string
  readonly scope: { readonly kind: string; readonly id?: string; readonly issuer?: string }
  readonly by: CallerView
  readonly justification: string
  readonly at: string
  readonly expiresAt?: string
}
