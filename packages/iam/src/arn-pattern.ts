/**
 * ARN patterns as IAM and STS accept them in `Resource`. Sources: AWS IAM User Guide, "IAM JSON policy elements: Resource" and
 * "IAM policy validation check reference" (invalid ARN, partition, account); IAM's own messages in public reports.
 */
import { partitions } from './partition.ts'

/** A partition may be a pattern: AWS's managed policies use `arn:*:…`. */
const PARTITION = new RegExp(`^(${partitions.map(({ id }) => id).join('|')}|[a-z*?-]*[*?][a-z*?-]*)$`)
/** 12 digits, a pattern of at most 12, or one of the names that AWS's own resources have instead. */
const ACCOUNT = /^(\d{12}|(?=.*[*?])(?!(\**[\d?]){13})[\d*?]+|aws|aws-marketplace|amazon|cloudfront|)$/
/** Resources of S3 that have a region. Buckets and objects have none, and S3 refuses one. */
const REGIONAL_S3 = /^(accesspoint|access-grants|async-request|job|storage-lens(-group)?)\/|^[a-z-]*[*?]/
const IAM_RESOURCE =
  /^(user|federated-user|role|group|instance-profile|mfa|u2f|server-certificate|policy|sms-mfa|saml-provider|oidc-provider|report|access-report|delegation-request)\/|^root$|^[a-z0-9-]*[*?]/

/** What IAM would refuse about this ARN pattern. `*` alone is no ARN. */
export function arnFault(name: string): string | undefined {
  const [arn, partition = '', service = '', region, account = '', ...rest] = name.replace(/\$\{[^}]*\}/g, '*').split(':')
  const resource = rest.join(':')
  if (arn !== 'arn') return 'is not an ARN'
  if (!PARTITION.test(partition)) return 'has an unknown partition'
  if (!/^[a-z0-9-]+$/.test(service)) return 'needs a service in lower case, without wildcards'
  if (rest.length === 0) return 'is not a complete ARN, such as arn:aws:s3:::bucket'
  if (!/^[a-z0-9*?-]*$/.test(region as string)) return 'has an invalid region'
  if (!ACCOUNT.test(account)) return 'needs an account of 12 digits'
  if (account + resource === '') return 'has no resource'
  if (/^[a-z0-9-]+$/.test(region as string) && (service === 'iam' || (service === 's3' && !REGIONAL_S3.test(resource))))
    return `has a region, which ${service} does not accept`
  return service === 'iam' && !IAM_RESOURCE.test(resource) ? 'has an unknown type of IAM resource' : undefined
}

/**
 * In an identity-based policy, AWS adds a wildcard for each missing field: `arn:aws:s3` means `arn:aws:s3:*:*:*`. AWS's managed
 * policies rely on it (`arn:aws:waf:*`).
 */
export function completeArn(name: string): string {
  const missing = 6 - name.replace(/\$\{[^}]*\}/g, '*').split(':').length
  return name.startsWith('arn:') && missing > 0 ? name + ':*'.repeat(missing) : name
}

/**
 * Whether every policy variable is one that AWS accepts: `${key}`, `${key, 'default'}`, `${*}`, `${?}` or `${$}`. Source: AWS IAM
 * User Guide, "IAM policy elements: Variables and tags"; the check reference (missing brace or quote, empty variable, space).
 */
export const hasValidVariables = (text: string): boolean =>
  !text.replace(/\$\{([*?$]|[\w./-]+:[^\s,'{}$]+(, ?'[^'{}$]*')?)\}/g, '').includes('${')
