/**
 * What the world can answer. Everything that can fail outside of a bug returns one of these; exceptions are for bugs.
 * `unknown` means: asked, and no answer came. It may have happened. It is retried with the same ids, never guessed.
 */
import type { ProblemCode } from './problem.ts'

export type Done<T> = { readonly outcome: 'done'; readonly value: T }
export type Unknown = { readonly outcome: 'unknown'; readonly cause: string }

/** A refusal: a stable code, words for the caller, words for the operator's log, and members for the problem body. */
export type Refused = {
  readonly outcome: 'refused'
  readonly code: ProblemCode
  /** What failed, in words that the caller may read. */
  readonly detail: string
  /** What the operator should know beyond that. Never a secret. */
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
