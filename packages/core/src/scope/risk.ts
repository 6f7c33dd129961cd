/**
 * How much an approver lets loose, in one word and its reason: what catches the eye at 3 a.m., before the terms are read. It
 * decides nothing.
 */
import type { StatementJson } from '@stint/iam'
import { mintingActions, openedBy } from '@stint/iam/minting/actions'
import { connectionActions, storedSecretActions } from '@stint/iam/minting/left-open'
import { covers } from '@stint/iam/pattern'
import type { Terms } from './terms.ts'

export type Risk = { readonly level: 'high' | 'medium' | 'low'; readonly why: string }

/** Managed policies that allow all but everything (AWS Managed Policy Reference Guide). */
const MIGHTY = /\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/
/** AWS's own, by name. A policy of a customer may hold anything, whatever it is called; SSM's gives parameters away. */
const READING_POLICIES =
  /^arn:[a-z-]+:iam::aws:policy\/(?:[\w+=,.@-]+\/)*(?!AmazonSSMReadOnlyAccess$)(ViewOnlyAccess|SecurityAudit|[A-Za-z0-9]*ReadOnlyAccess)$/
/** IAM User Guide, "Understand access level summaries within policy summaries": what lists and reads is named so. */
const READING = /^[a-z0-9-]+:(Get|List|Describe|Head|BatchGet|Query|Scan|Lookup|Search|View|Read|Check|Test|Simulate)(?![a-z])[A-Za-z*]*$/
/** Whoever may do these may make themselves into somebody else. */
const IDENTITY = /^(iam|sts|organizations|sso|kms|secretsmanager|lambda|ssm):/i

/** Reads that give secrets away, those among them that open a connection too: each with what else begins alike. */
const SECRETS: readonly string[] = [...storedSecretActions, ...connectionActions.filter((action) => READING.test(action))]

const listOf = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat())

export function riskOf({ policy, policyArns, mints = [] }: Pick<Terms, 'policy' | 'policyArns' | 'mints'>): Risk {
  const allows = policy.filter(({ Effect }) => Effect === 'Allow')
  if (allows.length === 0 && policyArns.length === 0) return { level: 'high', why: 'all that the role may' }
  const mighty = policyArns.find((arn) => MIGHTY.test(arn))
  if (mighty) return { level: 'high', why: mighty.slice(mighty.lastIndexOf('/') + 1) }
  const open = openedBy(mints)
  // What a managed policy allows is not known here, so it may allow whatever the terms leave open.
  const [minted] = policyArns.length > 0 ? mints : []
  if (minted !== undefined) return { level: 'high', why: `gives secrets away: ${minted}` }
  const wide = allows.map((allow) => widthOf(allow, open)).find((why) => why !== undefined)
  if (wide) return { level: 'high', why: wide }
  const writes = allows.flatMap(({ Action }) => listOf(Action)).find((action) => !READING.test(action))
  if (writes) return { level: 'medium', why: `changes things: ${writes}` }
  const unknown = policyArns.find((arn) => !READING_POLICIES.test(arn))
  return unknown ? { level: 'medium', why: unknown.slice(unknown.lastIndexOf('/') + 1) } : { level: 'low', why: 'reads' }
}

/** Nothing but wildcards in place of the resource's name: `*`, `arn:*`, `arn:aws:s3:::?*` or `arn:aws:s3:::*\/*`. */
const EVERYWHERE = /^([*?]+|arn:[^:]*[*?]|arn:[^:]*:[^:]*[*?]|arn:(?:[^:]*:){1,4}[*?:]*[*?]|arn:[^:]*:[^:]*:[^:]*:[^:]*:[*?/]*[*?][*?/]*)$/

/** What makes one statement high, if something does. */
function widthOf({ Action, NotAction, Resource, NotResource }: StatementJson, open: ReadonlySet<string>): string | undefined {
  if (NotAction !== undefined) return 'everything but what is named'
  const actions = listOf(Action)
  if (actions.some((action) => action === '*' || action === '*:*')) return 'every action'
  const gives = (action: string, known: string) => covers(action.toLowerCase(), known.toLowerCase())
  const secret = actions.find((action) => SECRETS.some((known) => gives(action, known)))
  if (secret) return `gives secrets away: ${secret}`
  const identity = actions.find((action) => IDENTITY.test(action) && !READING.test(action))
  if (identity) return `rights over rights: ${identity}`
  // A wildcard gives a minting action only where the terms name it: else every session is denied it.
  const minting = actions.find((action) =>
    mintingActions.some((known) => gives(action, known) && (open.has(known) || action.toLowerCase() === known.toLowerCase())),
  )
  if (minting) return `gives secrets away: ${minting}`
  const everywhere = NotResource !== undefined || listOf(Resource).some((resource) => EVERYWHERE.test(resource))
  const service = actions.find((action) => /^[^:]+:[*?]*\*[*?]*$/.test(action))
  return everywhere && service ? `${service} on everything` : undefined
}
