/**
 * The lasting access that a session could create, shown to approvers before they decide and used by `stint lint`. It does not
 * affect decisions.
 */
import type { StatementJson } from '@stint/iam'
import { openedBy } from '@stint/iam/minting/actions'
import { namesAction } from '@stint/iam/minting/deny'
import { grantActions } from '@stint/iam/minting/left-open'
import type { PolicyTerms } from './policy.ts'

/** AWS managed policies that only read, and so create no access (AWS Managed Policy Reference Guide). */
const READS_ONLY = /^arn:[a-z-]+:iam::aws:policy\/([\w+=,.@-]+\/)*(ViewOnlyAccess|SecurityAudit|[A-Za-z0-9]*ReadOnlyAccess)$/

/**
 * The actions with which a session on these terms could create access that outlives it: the minting actions that the terms
 * name, then the grant actions that its policy allows. A managed policy is assumed to allow all of them unless it is known to
 * be read-only.
 */
export function lastingAccess({ policy, policyArns, mints = [] }: PolicyTerms): readonly string[] {
  const managed = policyArns.some((arn) => !READS_ONLY.test(arn))
  const allows = policy.filter(({ Effect }) => Effect === 'Allow')
  const denies = policy.filter(deniesEverywhere)
  const could = (action: string) =>
    (managed || allows.some((allow) => namesAction(allow, action))) && !denies.some((deny) => namesAction(deny, action))
  // Also a policy that only reads may allow a minting action, such as s3:GetDataAccess.
  const couldMint = (action: string) => (policyArns.length > 0 || could(action)) && !denies.some((deny) => namesAction(deny, action))
  return [...[...openedBy(mints)].sort().filter(couldMint), ...grantActions.filter(could)]
}

/** A Deny without a condition and on every resource. An action that is denied only in part may still be possible. */
const deniesEverywhere = ({ Effect, Resource, Condition }: StatementJson): boolean =>
  Effect === 'Deny' && Condition === undefined && [Resource].flat().includes('*')

/** The first few names, for display, or undefined if there are none. */
export function lastingAccessNames(terms: PolicyTerms): string | undefined {
  const actions = lastingAccess(terms)
  if (actions.length === 0) return undefined
  const more = actions.length - MOST_NAMES
  return `${actions.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
const MOST_NAMES = 8
