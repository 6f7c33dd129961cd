/**
 * Checks of policy documents before IAM keeps them, with IAM's messages. Source: AWS IAM API Reference, MalformedPolicyDocument and
 * LimitExceeded of each action; IAM User Guide, "IAM and AWS STS quotas" (white space is not counted).
 */
import { type Policy, parsePolicy } from '@stint/iam'
import { type Accounts, type Document, holderOf, lazyDocument, namedPrincipals, type Trust, trustOf } from '../accounts.ts'
import { IamError, limitExceeded } from './query.ts'

const MAX_TRUST_CHARACTERS = 2048
export const MAX_MANAGED_CHARACTERS = 6144
/** All inline policies of a role or user together. */
export const MAX_INLINE_CHARACTERS = { role: 10_240, user: 2048 } as const

const malformed = (message: string) => new IamError(400, 'MalformedPolicyDocument', message)

export const countedLength = (text: string): number => text.replace(/\s/g, '').length

/** A trust policy. IAM refuses principals that do not exist. */
export function trustDocument(accounts: Accounts, text: string): Trust {
  const json = parseJson(text, 'This policy contains invalid Json')
  const result = parsePolicy(json, 'trust')
  if (!result.ok) throw malformed(trustMessage(result.faults))
  for (const { actions } of result.policy.statements)
    for (const name of actions.names)
      if (name !== '*' && !/^sts:/i.test(name)) throw malformed('AssumeRole policy may only specify STS AssumeRole actions.')
  checkSids(result.policy)
  const missing = namedPrincipals(text).find((name) => !exists(accounts, name))
  if (missing !== undefined) throw malformed(`Invalid principal in policy: "AWS":"${missing}"`)
  if (countedLength(text) > MAX_TRUST_CHARACTERS) throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${MAX_TRUST_CHARACTERS}`)
  return trustOf(accounts, lazyDocument(text, 'trust'))
}

/** Whether IAM takes it as a principal. It cannot know all accounts of AWS, so the sandbox takes any account. */
function exists(accounts: Accounts, name: string): boolean {
  if (name === '*' || /^\d{12}$/.test(name) || /^arn:aws[a-z-]*:iam::\d{12}:root$/.test(name)) return true
  if (/^arn:aws[a-z-]*:iam::\d{12}:(role|user)\//.test(name)) return holderOf(accounts, name) !== undefined
  const [, account, role] = /^arn:aws[a-z-]*:sts::(\d{12}):assumed-role\/([\w+=,.@-]+)\/[\w+=,.@-]{2,64}$/.exec(name) ?? []
  return account !== undefined && accounts.get(account)?.roles.has(role?.toLowerCase() ?? '') === true
}

export function identityDocument(text: string): Document {
  const result = parsePolicy(parseJson(text, 'Syntax errors in policy.'), 'identity')
  if (!result.ok) throw malformed(identityMessage(result.faults))
  checkSids(result.policy)
  return lazyDocument(text, 'identity')
}

/** Source: AWS IAM User Guide, "IAM JSON policy elements: Sid". Many statements may have an empty Sid. */
function checkSids({ statements }: Policy): void {
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === '' ? [] : [sid]))
  if (sids.some((sid) => !/^[0-9A-Za-z]*$/.test(sid)))
    throw malformed('Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*')
  if (new Set(sids).size < sids.length) throw malformed('Statement IDs (SID) in a single policy must be unique.')
}

function parseJson(text: string, message: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed(message)
  }
}

function trustMessage(faults: readonly string[]): string {
  const all = faults.join('\n')
  if (/a trust policy has no resource/.test(all)) return 'Has prohibited field Resource'
  if (/needs Principal/.test(all)) return 'Missing required field Principal'
  if (/needs Action/.test(all)) return 'Missing required field Action'
  if (/Effect/.test(all)) return 'Missing required field Effect'
  return 'Syntax errors in policy.'
}

function identityMessage(faults: readonly string[]): string {
  const all = faults.join('\n')
  if (/has no principal/.test(all)) return 'Policy document should not specify a principal.'
  if (/needs Resource/.test(all)) return 'Policy statement must contain resources.'
  if (/needs Action/.test(all)) return 'Policy statement must contain actions.'
  if (/is not in the form service:action/.test(all)) return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'
  const resource = /'([^']*)' is not an ARN/.exec(all)?.[1]
  if (resource !== undefined) return `Resource ${resource} must be in ARN format or "*".`
  return 'Syntax errors in policy.'
}
