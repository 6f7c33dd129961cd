/**
 * Checks of policy documents before IAM keeps them, with IAM's messages. Source: AWS IAM API Reference, MalformedPolicyDocument and
 * LimitExceeded of each action; IAM User Guide, "IAM and AWS STS quotas" (white space is not counted).
 */
import { parsePolicy } from '@stint/iam'
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
  return lazyDocument(text, 'identity')
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
  if (/is not an action of STS|must list its actions/.test(all)) return 'AssumeRole policy may only specify STS AssumeRole actions.'
  const [, kind, name] = /Principal\.(\w+): '([^']*)' must be/.exec(all) ?? []
  return kind === undefined ? commonMessage(all) : `Invalid principal in policy: "${kind}":"${name}"`
}

function identityMessage(faults: readonly string[]): string {
  const all = faults.join('\n')
  if (/has no principal/.test(all)) return 'Policy document should not specify a principal.'
  if (/needs Resource/.test(all)) return 'Policy statement must contain resources.'
  if (/needs Action/.test(all)) return 'Policy statement must contain actions.'
  const [, resource = '', fault = ''] = /Resource: '([^']*)' (.*)/.exec(all) ?? []
  if (fault.startsWith('is not an ARN')) return `Resource ${resource} must be in ARN format or "*".`
  if (fault.startsWith('has an unknown partition')) return `Partition "${resource.split(':')[1]}" is not valid for resource "${resource}".`
  if (fault.startsWith('needs a service')) return 'Resource vendor must be fully qualified and cannot contain regexes.'
  if (fault.startsWith('has a region')) return `IAM resource ${resource} cannot contain region information.`
  return commonMessage(all)
}

/** Messages of IAM as people reported them. Many statements may have an empty Sid. */
function commonMessage(all: string): string {
  if (/is not in the form service:action|must begin with a service/.test(all))
    return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'
  if (/Sid: must be a string of letters/.test(all))
    return 'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*'
  if (/Sid: '.*' is used twice/.test(all)) return 'Statement IDs (SID) in a single policy must be unique.'
  return 'Syntax errors in policy.'
}
