/**
 * Sizes that AWS limits. STS counts an inline session policy's characters as sent, so Stint sends no white space
 * (AWS STS API Reference, AssumeRole, Policy: 2,048 characters of plain text).
 */
import type { PolicyJson, StatementJson } from './policy.ts'

export const MAX_SESSION_POLICY_CHARACTERS = 2048

/** The shortest JSON of a policy: one-element lists as their element, no white space. */
export function compactPolicy(statements: readonly StatementJson[]): string {
  const policy: PolicyJson = { Version: '2012-10-17', Statement: statements }
  return JSON.stringify(policy, (name, value: unknown) =>
    name !== 'Statement' && Array.isArray(value) && value.length === 1 ? value[0] : value,
  )
}

/**
 * How much of what AWS takes for policy and tags together they may need, in percent. An estimate: AWS does not publish the
 * packed form. About 455 characters of tag text were seen to fill it, and a policy is compressed.
 */
export const estimatedPackedPercent = (tagCharacters: number, compressedPolicyBytes: number): number =>
  Math.ceil(100 * (tagCharacters / 455 + compressedPolicyBytes / 1400))
