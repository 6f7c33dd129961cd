/**
 * Sizes that AWS limits. STS counts the characters of an inline session policy as sent, so Stint sends no white space
 * (AWS STS API Reference, AssumeRole, Policy: 2,048 characters of plain text).
 */
import type { PolicyJson, StatementJson } from './policy.ts'

export const MAX_SESSION_POLICY_CHARACTERS = 2048

/** The shortest JSON of a policy: a list of one element is written as the element, and there is no white space. */
export function compactPolicy(statements: readonly StatementJson[]): string {
  const policy: PolicyJson = { Version: '2012-10-17', Statement: statements }
  return JSON.stringify(policy, (name, value: unknown) =>
    name !== 'Statement' && Array.isArray(value) && value.length === 1 ? value[0] : value,
  )
}

/**
 * The estimated share of AWS's limit for policy and tags together, in percent. AWS does not publish the packed form. In
 * observations, about 455 characters of tags filled it, and a policy is compressed.
 */
export const estimatedPackedPercent = (tagCharacters: number, compressedPolicyBytes: number): number =>
  Math.ceil(100 * (tagCharacters / 455 + compressedPolicyBytes / 1400))
