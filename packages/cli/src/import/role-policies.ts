/** What the permissions of a role mean for its sessions, if Stint starts them. */
import { mintingActions } from '@stint/iam/minting/actions'

export type Document = { readonly name: string; readonly json: unknown }

/** A policy whose document is unknown or depends on who the caller is cannot be judged. */
type RoleFacts = { readonly fault?: string; readonly mints: readonly string[] }

/**
 * Condition keys and variables with another value in a session of Stint than in one that the identity provider started (AWS IAM User Guide,
 * "AWS global condition context keys" and "Available keys for AWS OIDC federation").
 */
const CALLER_KEY = /^(token\.actions\.githubusercontent\.com:.*|aws:(FederatedProvider|userid|username|SourceIdentity)|sts:.*)$/i

export function factsOf(documents: readonly Document[]): RoleFacts {
  const mints = new Set<string>()
  for (const { name, json } of documents) {
    for (const statement of statementsOf(json)) {
      const key = callerKeyIn(statement)
      if (key !== undefined) return { fault: `Its policy ${name} depends on ${key}, which differs in sessions of Stint.`, mints: [] }
      for (const action of mintedBy(statement)) mints.add(action)
    }
  }
  return { mints: [...mints].sort() }
}

/** The minting actions that an Allow names without a wildcard. Stint denies all others (docs/lasting-access.md). */
const mintedBy = ({ Effect, Action }: Loose): readonly string[] =>
  Effect === 'Allow'
    ? mintingActions.filter((action) => [Action ?? []].flat().some((name) => String(name).toLowerCase() === action.toLowerCase()))
    : []

/** The first key or variable for which `wanted` holds, among those that the statement compares or contains. */
export function keyIn(statement: Loose, wanted: RegExp): string | undefined {
  const { Condition = {}, Resource, NotResource } = statement
  const keys = Object.values(Condition as Loose).flatMap((compared) => Object.keys((compared ?? {}) as Loose))
  const texts = JSON.stringify([Condition, Resource, NotResource])
  const variables = [...texts.matchAll(/\$\{([^},]*)/g)].map(([, name = '']) => name.trim())
  return [...keys, ...variables].find((key) => wanted.test(key))
}
const callerKeyIn = (statement: Loose): string | undefined => keyIn(statement, CALLER_KEY)

type Loose = { readonly [name: string]: unknown }
export const statementsOf = (json: unknown): readonly Loose[] =>
  [((json ?? {}) as Loose).Statement ?? []].flat().filter((item): item is Loose => typeof item === 'object' && item !== null)
