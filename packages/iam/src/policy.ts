/** The IAM policy language as data: the parts of a policy, as parsed and as JSON. */
import type { Conditions } from './operators.ts'

export type Effect = 'Allow' | 'Deny'

/** The principals of a resource or trust policy; `'*'` is everyone. */
type Principals = '*' | { readonly [kind in PrincipalKind]?: readonly string[] }
type PrincipalKind = 'AWS' | 'Service' | 'Federated' | 'CanonicalUser'

/** A list that a statement names (`Action`) or excludes (`NotAction`). */
export type Names = { readonly not: boolean; readonly names: readonly string[] }

export type Statement = {
  readonly sid?: string
  readonly effect: Effect
  readonly actions: Names
  /** Absent in trust policies, whose resource is the role they are attached to. */
  readonly resources?: Names
  readonly principals?: { readonly not: boolean; readonly principals: Principals }
  readonly conditions: Conditions
  /** `${…}` is a variable only since version 2012-10-17. Before, it is plain text. */
  readonly variables: boolean
}

export type Policy = { readonly statements: readonly Statement[] }

/** The kind of policy decides what a statement must and must not contain. */
export type PolicyKind = 'identity' | 'session' | 'resource' | 'trust'

/** The JSON of a statement as you write it. */
export type StatementJson = {
  readonly Sid?: string
  readonly Effect: Effect
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  readonly Principal?: '*' | { readonly [kind: string]: string | readonly string[] }
  readonly NotPrincipal?: '*' | { readonly [kind: string]: string | readonly string[] }
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: ConditionValue | readonly ConditionValue[] } }
}
export type ConditionValue = string | number | boolean

export type PolicyJson = {
  readonly Version?: '2012-10-17' | '2008-10-17'
  readonly Id?: string
  readonly Statement: StatementJson | readonly StatementJson[]
}

export type ParsedPolicy = { readonly ok: true; readonly policy: Policy } | { readonly ok: false; readonly faults: readonly string[] }
