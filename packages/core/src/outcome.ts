/**
 * Outcomes of operations. Everything that can fail without a bug returns one of these; exceptions are for bugs.
 * `unknown`: the call was sent and no response came, so it may have taken effect. It is retried with the same IDs, never guessed.
 */
import type { ProblemCode, StepUp } from './problem.ts'

export type Done<T> = { readonly outcome: 'done'; readonly value: T }
export type Unknown = { readonly outcome: 'unknown'; readonly cause: string }

/** The conditions of a profile that a caller with matching claims can fail. */
export type Hurdle = 'mfa-required' | 'auth-too-old' | 'source-ip'
/** Which of AWS's gates denied AssumeRole, as far as its message shows. */
export type Gate = 'trust-policy' | 'caller-permission' | 'condition' | 'unknown'

type Hurdles = { readonly reasons: readonly Hurdle[]; readonly stepUp?: StepUp }
type InState = { readonly state: string }

/** What a refusal says in addition to its code and detail, by code. A code that is not here has nothing to add. */
type Evidence = {
  /** The property at fault, where one is. */
  readonly 'body-invalid': { readonly property: string } | undefined
  /** For a token that its issuer signed and this broker does not accept; all others get the same words. */
  readonly 'token-invalid': { readonly next: string } | undefined
  /** Absent if the token itself has expired. */
  readonly 'token-expired': { readonly next: string } | undefined
  /** Absent if a session tag is invalid, or the policy that the parameters fill. */
  readonly 'parameter-invalid': { readonly parameter: string } | undefined
  readonly 'mfa-required': Hurdles
  readonly 'auth-too-old': Hurdles
  readonly 'source-ip': Hurdles
  readonly 'request-not-pending': InState | undefined
  readonly 'already-decided': InState | undefined
  readonly 'request-ended': InState
  /** Everyone else whom the approval rules name. Those who are needed in addition are not in the config. */
  readonly 'no-approver': { readonly approvers: readonly { readonly issuer: string; readonly subject: string }[] }
  /** The session that the first call with this key led to. */
  readonly 'already-issued': { readonly session: string }
  readonly 'in-progress': { readonly session: string }
  /** A session of the request, if one is alive. The vend path decides what a repeated call learns of it. */
  readonly 'request-exhausted': { readonly session: string; readonly sessionState: 'issued' | 'reserved' } | undefined
  /** The canonical JSON of the approved terms, from which the vend path makes the differences. */
  readonly 'terms-changed': { readonly approved: string } | { readonly changed: TermsDiff } | undefined
  readonly 'assume-role-denied': { readonly gate: Gate }
  /** Where the endpoint is at fault, not the duration that was asked for. */
  readonly 'duration-invalid': { readonly next: string } | undefined
  readonly 'not-extendable': { readonly next: string }
  /** When the same call may succeed, in seconds, and what to do until then. */
  readonly 'rate-limited': { readonly retryAfter: number; readonly next: string } | undefined
  /** A write may have taken effect; `next` says how to find out. */
  readonly 'ledger-unavailable': { readonly next: string; readonly outcome: 'unknown' } | undefined
}
/** The properties in which two terms differ. */
export type TermsDiff = { readonly [property: string]: { readonly approved: unknown; readonly now: unknown } }

type EvidenceOf<C extends ProblemCode> = C extends keyof Evidence ? Evidence[C] : undefined

/**
 * A refusal with one of the codes `C`: a stable code, a message for the caller, a message for the operator's log, and what the
 * code calls for in addition. A function's return type names the codes that it can refuse with.
 */
export type Refused<C extends ProblemCode = ProblemCode> = C extends ProblemCode
  ? {
      readonly outcome: 'refused'
      readonly code: C
      /** What failed. The caller can read it. */
      readonly detail: string
      /** Further details for the operator. Never a secret. */
      readonly operator?: string
    } & (undefined extends EvidenceOf<C> ? { readonly evidence?: EvidenceOf<C> } : { readonly evidence: EvidenceOf<C> })
  : never

type More<C extends ProblemCode> = { readonly operator?: string } & (undefined extends EvidenceOf<C>
  ? { readonly evidence?: EvidenceOf<C> }
  : { readonly evidence: EvidenceOf<C> })

export const done = <T>(value: T): Done<T> => ({ outcome: 'done', value })

export const refused = <C extends ProblemCode>(
  code: C,
  detail: string,
  ...[more]: undefined extends EvidenceOf<C> ? [more?: More<C>] : [more: More<C>]
): Refused<C> => ({ outcome: 'refused', code, detail, ...more }) as Refused<C>
