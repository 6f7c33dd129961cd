/**
 * Service control policies that deny every action to the sessions with these source identities, in every account that they are attached to.
 * A source identity stays when a session assumes further roles, so they deny those sessions too (AWS IAM User Guide, "Monitor and control
 * actions taken with assumed roles").
 */
import { compactPolicy } from '@stint/iam'

/** AWS Organizations User Guide, "Quotas": characters of a service control policy. White space counts unless the console saves it. */
const MAX_CONTROL_POLICY_CHARACTERS = 5120

/** As few policies as have room for all of them; none for none. */
export function controlPolicies(sourceIdentities: readonly string[]): readonly string[] {
  const groups: string[][] = []
  for (const one of new Set(sourceIdentities)) {
    const last = groups.at(-1)
    if (last && policyOf([...last, one]).length <= MAX_CONTROL_POLICY_CHARACTERS) last.push(one)
    else groups.push([one])
  }
  return groups.map(policyOf)
}

/** A source identity has no `*`, `?` or `$`, so nothing in it is a pattern or a variable. */
const policyOf = (sourceIdentities: readonly string[]): string =>
  compactPolicy([{ Effect: 'Deny', Action: '*', Resource: '*', Condition: { StringEquals: { 'aws:SourceIdentity': sourceIdentities } } }])
