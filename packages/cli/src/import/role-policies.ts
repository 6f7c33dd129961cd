/** What the permissions of a role mean for its sessions, if Stint starts them. */
import { mintingActions } from '@stint/iam/minting/actions'

export type Document = { readonly name: string; readonly json: unknown }

/** A policy whose document is unknown or depends on who the caller is cannot be judged. */
type RoleFacts = { readonly fault?: string; readonly mints: readonly string[] }

/**
 * Condition keys and variables with another value in a session of Stint than in one of the origin (AWS IAM User Guide, "AWS global condition
 * context keys" and "Available keys for AWS OIDC federation"). A role that stays keeps its own ARN and tags.
 */
const callerKeys = {
  github: /^(token\.actions\.githubusercontent\.com:.*|aws:(FederatedProvider|userid|username|SourceIdentity)|sts:.*)$/i,
  'identity-center':
    /^(aws:(PrincipalTag\/.*|PrincipalArn|userid|username|SourceIdentity|FederatedProvider|MultiFactorAuth(Present|Age))|(identitystore|saml|sts|sso):.*)$/i,
} as const
type Origin = keyof typeof callerKeys

export function factsOf(documents: readonly Document[], origin: Origin): RoleFacts {
  const mints = new Set<string>()
  for (const { name, json } of documents) {
    if (statementsOf(json).length === 0) return { fault: `Its policy ${name} is not valid JSON, or has no statements.`, mints: [] }
    for (const statement of statementsOf(json)) {
      const key = callerKeyIn(statement, origin)
      if (key !== undefined) return { fault: `Its policy ${name} depends on ${key}, which differs in sessions of Stint.`, mints: [] }
      for (const action of mintedBy(statement)) mints.add(action)
    }
  }
  return { mints: [...mints].sort() }
}

/** The minting actions that an Allow names without a wildcard. Stint denies all others (docs/lasting-access.md). */
export const mintedBy = ({ Effect, Action }: Loose): readonly string[] =>
  Effect === 'Allow'
    ? mintingActions.filter((action) => [Action ?? []].flat().some((name) => String(name).toLowerCase() === action.toLowerCase()))
    : []

/** The first such key or variable that the statement compares or contains. */
export function callerKeyIn({ Condition = {}, Resource, NotResource }: Loose, origin: Origin): string | undefined {
  const keys = Object.values(Condition as Loose).flatMap((compared) => Object.keys((compared ?? {}) as Loose))
  const texts = JSON.stringify([Condition, Resource, NotResource])
  const variables = [...texts.matchAll(/\$\{([^},]*)/g)].map(([, name = '']) => name.trim())
  return [...keys, ...variables].find((key) => callerKeys[origin].test(key))
}

type Loose = { readonly [name: string]: unknown }
export const statementsOf = (json: unknown): readonly Loose[] =>
  [((json ?? {}) as Loose).Statement ?? []].flat().filter((item): item is Loose => typeof item === 'object' && item !== null)
