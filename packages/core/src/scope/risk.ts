/**
 * The risk of an approval as one level with a reason, so that an approver sees it at 3 a.m. before reading the terms. It does
 * not affect decisions.
 */
import type { StatementJson } from '@stint/iam'
import { mintingActions, openedBy } from '@stint/iam/minting/actions'
import { connectionActions, storedSecretActions } from '@stint/iam/minting/left-open'
import { covers } from '@stint/iam/pattern'
import type { Terms } from './terms.ts'

export type Risk = { readonly level: 'high' | 'medium' | 'low'; readonly why: string }

/** Managed policies that allow almost everything (AWS Managed Policy Reference Guide). */
const MIGHTY = /\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/
/** AWS's own read-only policies, by name. A customer's policy can allow anything, whatever its name. SSM's reveals parameters. */
const READING_POLICIES =
  /^arn:[a-z-]+:iam::aws:policy\/(?:[\w+=,.@-]+\/)*(?!AmazonSSMReadOnlyAccess$)(ViewOnlyAccess|SecurityAudit|[A-Za-z0-9]*ReadOnlyAccess)$/
/**
 * IAM User Guide, "Understand access level summaries within policy summaries": list and read actions begin with these verbs. `Check` and
 * `Test` are not among them: `license-manager:CheckInLicense` writes, and most tests run what they test.
 */
const READING = /^[a-z0-9-]+:(Get|List|Describe|Head|BatchGet|Query|Scan|Lookup|Search|View|Read|Simulate)(?![a-z])[A-Za-z0-9*]*$/
/** Actions that begin like a read and change or give away something (AWS Service Authorization Reference, access level "Write"). */
const writingReads = [
  'cloudshell:GetFileDownloadUrls',
  'cloudshell:GetFileUploadUrls',
  'cognito-identity:GetId',
  'cognito-idp:GetTokensFromRefreshToken',
  'iot:GetConnection',
  'security-ir:GetCaseAttachmentUploadUrl',
  'social-messaging:GetWhatsAppMessageMedia',
  'states:GetActivityTask',
]
const minting: ReadonlySet<string> = new Set(mintingActions)
const notReading = [...writingReads, ...connectionActions, ...mintingActions]
const gives = (action: string, known: string): boolean => covers(action.toLowerCase(), known.toLowerCase())

/**
 * Whether an action only lists or reads. An action that is not known counts as writing. A minting action behind a wildcard counts only if
 * it is `open`: otherwise every session is denied it.
 */
export const isReadingAction = (action: string, open: ReadonlySet<string> = new Set()): boolean =>
  READING.test(action) &&
  !notReading.some(
    (known) => gives(action, known) && (!minting.has(known) || open.has(known) || action.toLowerCase() === known.toLowerCase()),
  )
export const isReadingPolicy = (arn: string): boolean => READING_POLICIES.test(arn)
/** With write access to these services a session can obtain another identity. */
const IDENTITY = /^(iam|sts|organizations|sso|kms|secretsmanager|lambda|ssm):/i

/** Read actions that reveal secrets, including those that open a connection. */
const SECRETS: readonly string[] = [...storedSecretActions, ...connectionActions.filter((action) => READING.test(action))]

const listOf = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat())

export function riskOf({ policy, policyArns, mints = [] }: Pick<Terms, 'policy' | 'policyArns' | 'mints'>): Risk {
  const allows = policy.filter(({ Effect }) => Effect === 'Allow')
  if (allows.length === 0 && policyArns.length === 0) return { level: 'high', why: 'everything the role allows' }
  const mighty = policyArns.find((arn) => MIGHTY.test(arn))
  if (mighty) return { level: 'high', why: mighty.slice(mighty.lastIndexOf('/') + 1) }
  const open = openedBy(mints)
  // The statements of a managed policy are not known here, so it may allow every minting action that the terms leave open.
  const [minted] = policyArns.length > 0 ? mints : []
  if (minted !== undefined) return { level: 'high', why: `creates credentials: ${minted}` }
  const wide = allows.map((allow) => widthOf(allow, open)).find((why) => why !== undefined)
  if (wide) return { level: 'high', why: wide }
  const writes = allows.flatMap(({ Action }) => listOf(Action)).find((action) => !isReadingAction(action, open))
  if (writes) return { level: 'medium', why: `can write: ${writes}` }
  const unknown = policyArns.find((arn) => !READING_POLICIES.test(arn))
  return unknown ? { level: 'medium', why: unknown.slice(unknown.lastIndexOf('/') + 1) } : { level: 'low', why: 'read-only' }
}

/** Only wildcards in place of the resource's name: `*`, `arn:*`, `arn:aws:s3:::?*` or `arn:aws:s3:::*\/*`. */
const EVERYWHERE = /^([*?]+|arn:[^:]*[*?]|arn:[^:]*:[^:]*[*?]|arn:(?:[^:]*:){1,4}[*?:]*[*?]|arn:[^:]*:[^:]*:[^:]*:[^:]*:[*?/]*[*?][*?/]*)$/

/** Why a statement is high risk, or undefined. */
function widthOf({ Action, NotAction, Resource, NotResource }: StatementJson, open: ReadonlySet<string>): string | undefined {
  if (NotAction !== undefined) return 'every action except those listed'
  const actions = listOf(Action)
  if (actions.some((action) => action === '*' || action === '*:*')) return 'every action'
  const secret = actions.find((action) => SECRETS.some((known) => gives(action, known)))
  if (secret) return `reveals secrets: ${secret}`
  const identity = actions.find((action) => IDENTITY.test(action) && !READING.test(action))
  if (identity) return `can change permissions: ${identity}`
  // A wildcard allows a minting action only if the terms name it. Otherwise every session is denied the action.
  const minted = actions.find((action) =>
    mintingActions.some((known) => gives(action, known) && (open.has(known) || action.toLowerCase() === known.toLowerCase())),
  )
  if (minted) return `creates credentials: ${minted}`
  const everywhere = NotResource !== undefined || listOf(Resource).some((resource) => EVERYWHERE.test(resource))
  const service = actions.find((action) => /^[^:]+:[*?]*\*[*?]*$/.test(action))
  return everywhere && service ? `${service} on every resource` : undefined
}
