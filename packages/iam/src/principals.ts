/**
 * The principals of trust and resource policies, as strict as IAM is. Sources: AWS IAM User Guide, "AWS JSON policy elements:
 * Principal" and "NotPrincipal", "IAM policy validation check reference"; AWS IAM API Reference, MalformedPolicyDocument.
 */
import { actionMatches } from './action.ts'
import { partitions } from './partition.ts'
import type { Statement } from './policy.ts'
import { type Fault, isRecord, listOfText } from './statement.ts'

const KINDS = ['AWS', 'Service', 'Federated', 'CanonicalUser'] as const
type Kind = (typeof KINDS)[number]

/** A principal has no wildcard. */
const PARTITION = `(?:${partitions.map(({ id }) => id).join('|')})`
const SUFFIXES = [...new Set(partitions.map(({ dnsSuffix }) => dnsSuffix)), 'amazon.com', 'aws.internal'].map((suffix) =>
  suffix.replaceAll('.', '\\.'),
)
const NAME = '[\\w+=,.@-]'
/**
 * An account, an account's root, a user, a role, or a session. IAM shows a unique ID (`AROA…`) in place of a user or role that was
 * deleted, and CloudFront has users of its own.
 */
const AWS_PRINCIPAL = new RegExp(
  `^(?:\\*|\\d{12}|A(?:ROA|IDA)[A-Z0-9]{12,124}|arn:${PARTITION}:iam::\\d{12}:(?:root|(?:user|role)/(?:${NAME}+/)*${NAME}{1,64})|arn:${PARTITION}:iam::cloudfront:user/.+|arn:${PARTITION}:sts::\\d{12}:(?:assumed-role/${NAME}{1,64}/${NAME}{2,64}|federated-user/${NAME}{2,32}|self))$`,
)
const SERVICE = new RegExp(`^[a-z0-9-]+(\\.[a-z0-9-]+)*\\.(${SUFFIXES.join('|')})$`)
const FEDERATED = new RegExp(
  `^(?:arn:${PARTITION}:iam::\\d{12}:(?:saml-provider/[\\w+=,.@-]+|oidc-provider/[\\w.:/?=&%~-]+)|(?:cognito-identity[a-z-]*|www|accounts|graph)\\.[a-z0-9.-]+)$`,
)
const CANONICAL_USER = /^[0-9a-f]{64}$/

const forms: { readonly [kind in Kind]: readonly [form: RegExp, fault: string] } = {
  AWS: [AWS_PRINCIPAL, "must be '*', 12 digits, or the complete ARN of an account's root, a user, a role or a session"],
  Service: [SERVICE, 'must be a service principal, such as lambda.amazonaws.com'],
  Federated: [FEDERATED, 'must be the ARN of a SAML or OIDC provider'],
  CanonicalUser: [CANONICAL_USER, 'must be a canonical user ID'],
}

export function readPrincipals(
  kind: 'trust' | 'resource',
  json: Record<string, unknown>,
  path: string,
  fault: Fault,
): Statement['principals'] {
  if (json.Principal !== undefined && json.NotPrincipal !== undefined) fault(path, 'has both Principal and NotPrincipal')
  const value = json.Principal ?? json.NotPrincipal
  if (value === undefined) return void fault(path, 'needs Principal or NotPrincipal')
  const not = json.Principal === undefined
  // Allow with NotPrincipal would admit every principal that the list does not name.
  if (not && json.Effect === 'Allow') fault(`${path}.NotPrincipal`, 'must not be used with Allow')
  if (value === '*') return { not, principals: '*' }
  if (!isRecord(value)) return void fault(`${path}.Principal`, "must be '*' or an object")
  const entries = Object.entries(value)
  if (entries.length === 0) fault(`${path}.Principal`, 'names no principal')
  const principals: { [kind: string]: readonly string[] } = {}
  for (const [name, names] of entries) {
    const at = `${path}.Principal.${name}`
    const [form, words] = Object.hasOwn(forms, name) ? forms[name as Kind] : []
    const list = listOfText(names)
    if (!form || (kind === 'trust' && name === 'CanonicalUser')) fault(at, `must be ${KINDS.slice(0, kind === 'trust' ? 3 : 4).join(', ')}`)
    else if (!list) fault(at, 'must be a string or a list of strings')
    else {
      const wrong = list.find((one) => !form.test(one))
      if (wrong !== undefined) fault(at, `'${wrong}' ${words}`)
      principals[name] = list
    }
  }
  return { not, principals }
}

/** What a trust policy can allow. IAM: "AssumeRole policy may only specify STS AssumeRole actions." */
const TRUST_ACTIONS = [
  'AssumeRole',
  'AssumeRoleWithSAML',
  'AssumeRoleWithWebIdentity',
  'AssumeRoot',
  'SetContext',
  'SetSourceIdentity',
  'TagSession',
].map((name) => `sts:${name}`)

export function trustActionsFault(json: Record<string, unknown>): string | undefined {
  if (json.NotAction !== undefined) return 'a trust policy must list its actions in Action'
  const other = listOfText(json.Action ?? [])?.find(
    (name) => !/^sts:/i.test(name) || !TRUST_ACTIONS.some((action) => actionMatches(name, action)),
  )
  return other === undefined ? undefined : `'${other}' is not an action of STS that enters a role`
}
