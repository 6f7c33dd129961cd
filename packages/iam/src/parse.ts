/**
 * Policies from unknown JSON. Each kind accepts what AWS accepts for it: a session policy what STS takes as `Policy`, a trust policy
 * what IAM takes as a role's trust policy.
 */
import { completeArn } from './arn-pattern.ts'
import type { ParsedPolicy, Policy, PolicyJson, PolicyKind } from './policy.ts'
import { readPrincipals, trustActionsFault } from './principals.ts'
import { type Kind, parseStatements } from './statement.ts'

/** The kind that callers write themselves. It needs no code for principals, which keeps the vend path small. */
export const parseSessionPolicy = (json: unknown): ParsedPolicy => parseStatements(json, {})

export const parsePolicy = (json: unknown, kind: PolicyKind): ParsedPolicy => parseStatements(json, kinds[kind])

const kinds: { readonly [kind in PolicyKind]: Kind } = {
  session: {},
  identity: { completeArn, zoneless: true },
  resource: { anySid: true, readPrincipals: (statement, path, fault) => readPrincipals('resource', statement, path, fault) },
  trust: {
    withoutResource: true,
    readPrincipals(statement, path, fault) {
      if (statement.Resource !== undefined || statement.NotResource !== undefined)
        fault(`${path}.Resource`, 'a trust policy has no resource')
      const wrong = trustActionsFault(statement)
      if (wrong) fault(`${path}.Action`, wrong)
      return readPrincipals('trust', statement, path, fault)
    },
  },
}

/** For policies from our own code or from reviewed configuration, where a fault is a bug. */
export function policy(json: PolicyJson, kind: PolicyKind): Policy {
  const parsed = parsePolicy(json, kind)
  if (!parsed.ok) throw new TypeError(parsed.faults.join('; '))
  return parsed.policy
}
