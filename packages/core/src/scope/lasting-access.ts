/**
 * What a session could leave behind: for the approver, before they decide, and for `stint lint`. It decides nothing.
 */
import type { StatementJson } from '@stint/iam'
import { openedBy } from '@stint/iam/minting/actions'
import { namesAction } from '@stint/iam/minting/deny'
import { grantActions } from '@stint/iam/minting/left-open'
import type { PolicyTerms } from './policy.ts'

/** Managed policies of AWS's own that grant nothing (AWS Managed Policy Reference Guide). */
const READS_ONLY = /^arn:[a-z-]+:iam::aws:policy\/([\w+=,.@-]+\/)*(ViewOnlyAccess|SecurityAudit|[A-Za-z0-9]*ReadOnlyAccess)$/

/**
 * The actions with which a session of these terms could create access that outlives it: the minting actions that the terms
 * name, then the grants that its policy allows. A managed policy is taken to allow what it is not known to leave out.
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

/** Without a condition and on every resource: what is denied only in part may still be possible. */
const deniesEverywhere = ({ Effect, Resource, Condition }: StatementJson): boolean =>
  Effect === 'Deny' && Condition === undefined && [Resource ?? []].flat().includes('*')

/** As many of the names as a person reads, or undefined where there are none. */
export function lastingAccessNames(terms: PolicyTerms): string | undefined {
  const actions = lastingAccess(terms)
  if (actions.length === 0) return undefined
  const more = actions.length - MOST_NAMES
  return `${actions.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
const MOST_NAMES = 8
