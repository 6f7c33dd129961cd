/**
 * Outcomes of operations. Everything that can fail without a bug returns one of these; exceptions are for bugs.
 * `unknown`: the call was sent and no response came, so it may have taken effect. It is retried with the same IDs, never guessed.
 */
import type { ProblemCode } from './problem.ts'

export type Done<T> = { readonly outcome: 'done'; readonly value: T }
export type Unknown = { readonly outcome: 'unknown'; readonly cause: string }

/** A refusal: a stable code, a message for the caller, a message for the operator's log, and properties for the problem body. */
export type Refused = {
  readonly outcome: 'refused'
  readonly code: ProblemCode
  /** What failed. The caller can read it. */
  readonly detail: string
  /** Further details for the operator. Never a secret. */
  readonly operator?: string
  readonly extra?: { readonly [member: string]: unknown }
}

export const done = <T>(value: T): Done<T> => ({ outcome: 'done', value })

export const refused = (code: ProblemCode, detail: string, more: Pick<Refused, 'operator' | 'extra'> = {}): Refused => ({
  outcome: 'refused',
  code,
  detail,
  ...more,
})
