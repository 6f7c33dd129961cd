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
