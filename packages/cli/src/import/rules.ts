/**
 * The one form into which every source is translated: rules of the source, and the access that becomes of each. A translation never gives
 * more than its rule. What Stint cannot express is left out, with a reason.
 */
import type { Approval, PolicyStatement, Profile, Who } from '@stint/core/config/shape'

/** Access to one role in one account. */
export type Access = {
  readonly account: string
  /** Path and name of the role, such as `stint/ReadOnly`. */
  readonly role: string
  readonly description: string
  readonly eligible: readonly Who[]
  readonly duration: Profile['duration']
  readonly policy?: readonly PolicyStatement[]
  readonly policyArns?: readonly string[]
  /** Managed policies of the account itself: path and name. */
  readonly customerPolicies?: readonly string[]
  readonly mints?: readonly string[]
  readonly approval?: Approval
  readonly justification?: 'required'
}

/** One rule of the source. Without `access`, it is left out of the config. */
export type Rule = {
  /** Names the rule for a reader, without its account. */
  readonly name: string
  readonly account?: string
  /** The file and the property that the rule was read from. */
  readonly place: string
  readonly access: readonly Access[]
  /** How the config gives less than the rule, one sentence each. */
  readonly notes: readonly string[]
}

export type Verdict = 'equal' | 'narrower' | 'needs a decision'

/** A rule that is left out needs a decision, and one that was reduced is narrower. */
export const verdictOf = ({ access, notes }: Pick<Rule, 'access' | 'notes'>): Verdict =>
  access.length === 0 ? 'needs a decision' : notes.length > 0 ? 'narrower' : 'equal'

/** What a translation of one part gives: the part, or nothing, and why it is less than the source. */
export type Translated<T> = { readonly value: T | undefined; readonly notes: readonly string[] }

/** Alternatives, without those that could not be translated, and why. */
export type Alternatives = { readonly by: readonly Who[]; readonly notes: readonly string[] }
export const alternatives = (parts: readonly Translated<Who>[]): Alternatives => ({
  by: parts.flatMap(({ value }) => value ?? []),
  notes: parts.flatMap(({ notes }) => notes),
})
