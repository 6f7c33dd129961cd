/**
 * AWS TEAM (Temporary Elevated Access Management), as rules: one for each eligibility, permission set and account.
 *
 * Sources: github.com/aws-samples/iam-identity-center-team, amplify/backend/api/team/schema.graphql (the tables Eligibility, Approvers and
 * Settings) and amplify/backend/function/teamRouter (who needs approval, who approves, and the defaults of the settings); AWS CLI Command
 * Reference, dynamodb scan (attribute values).
 */
import * as v from 'valibot'
import { type Directory, groupOf, personOf, setsOf } from './identity-center.ts'
import { approvedBy, cappedMinutes, durationOf } from './limits.ts'
import { type Access, type Alternatives, alternatives, type Rule, type Translated } from './rules.ts'

const hours = v.pipe(
  v.union([v.string(), v.number()]),
  v.check((value) => /^[1-9]\d{0,3}$/.test(String(value)), 'must be a whole number of hours'),
  v.transform(Number),
)
const reference = v.object({ id: v.string(), name: v.optional(v.string()) })
const list = <T extends v.GenericSchema>(item: T) => v.optional(v.nullable(v.array(item)), [])

const eligibility = v.object({
  id: v.string(),
  name: v.optional(v.string()),
  type: v.picklist(['User', 'Group'], 'must be User or Group'),
  accounts: list(reference),
  ous: list(reference),
  permissions: list(reference),
  // TEAM asks for approval only if this is true.
  approvalRequired: v.boolean(),
  duration: hours,
})
const approvers = v.object({ id: v.string(), groupIds: list(v.string()) })
const settings = v.object({
  duration: v.optional(v.nullable(hours)),
  expiry: v.optional(v.nullable(hours)),
  comments: v.optional(v.nullable(v.boolean())),
  approval: v.optional(v.nullable(v.boolean())),
})

/** The output of `aws dynamodb scan` for a table with such items. */
const scanOf = <T extends v.GenericSchema>(item: T) =>
  v.object({
    Items: v.pipe(
      v.array(v.record(v.string(), v.unknown())),
      v.transform((items) => items.map((one) => plain({ M: one }))),
      v.array(item),
    ),
    LastEvaluatedKey: v.optional(v.undefined_('is there, so the output is incomplete. Run the command without --max-items')),
    NextToken: v.optional(v.undefined_('is there, so the output is incomplete. Run the command without --max-items')),
  })
export const eligibilityTable = scanOf(eligibility)
export const approversTable = scanOf(approvers)
export const settingsTable = scanOf(settings)

/** Deeper than any item of TEAM. */
const MAX_DEPTH = 8

/** A value without the types of DynamoDB. What is no attribute value becomes undefined, and the schema reports it. */
function plain(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined
  const [[type, inner] = [], ...more] = Object.entries(value)
  if (type === undefined || more.length > 0) return undefined
  if (type === 'S' || type === 'N' || type === 'BOOL') return inner
  if (type === 'NULL') return null
  if (type === 'L' && Array.isArray(inner)) return inner.map((item) => plain(item, depth + 1))
  if (type === 'M' && typeof inner === 'object' && inner !== null)
    return Object.fromEntries(Object.entries(inner).map(([name, item]) => [name, plain(item, depth + 1)]))
  return undefined
}

type Eligibility = v.InferOutput<typeof eligibility>
export type Team = {
  readonly file: string
  readonly eligibility: readonly Eligibility[]
  readonly approvers: readonly v.InferOutput<typeof approvers>[]
  readonly settings: readonly v.InferOutput<typeof settings>[]
}

/** teamRouter/src/index.py, check_settings. */
const DEFAULTS = { duration: 9, expiry: 3 } as const

export function translateTeam(team: Team, directory: Directory): readonly Rule[] {
  const sets = setsOf(directory)
  const reach = team.eligibility.map((item) => accountsOf(item, directory.mapping.ous))
  const isStrict = strictOf(team, reach)
  const approversIn = approversOf(team, directory)

  return team.eligibility.flatMap((item, index): readonly Rule[] => {
    const shown = item.name ?? item.id
    const place = `${team.file}: Items[${index}]`
    const who = item.type === 'Group' ? groupOf(item.id, directory.mapping, shown) : personOf(item.id, directory.mapping, shown)
    const { accounts, notes } = reach[index] ?? { accounts: [], notes: [] }
    const named = (item.permissions ?? []).map(({ id, name }) => ({ id, name: `eligibility of ${shown} for ${name ?? id}` }))
    if (accounts.length === 0 || named.length === 0)
      return [
        {
          name: `eligibility of ${shown}`,
          place,
          access: [],
          notes: [...notes, `It names no ${named.length === 0 ? 'permission set' : 'account'}.`],
        },
      ]
    return named.flatMap(({ id, name }) =>
      accounts.map((account): Rule => {
        const set = sets(id, account)
        const limits = limitsOf(item, team.settings[0], isStrict(account, id), () => approversIn(account))
        const access: Access | undefined =
          set.value && who.value && limits.value ? { account, ...set.value, ...limits.value, eligible: [who.value] } : undefined
        return { name, account, place, access: access ? [access] : [], notes: [...notes, ...who.notes, ...set.notes, ...limits.notes] }
      }),
    )
  })
}

type Reach = { readonly accounts: readonly string[]; readonly unknown: boolean; readonly notes: readonly string[] }

/**
 * Whether some eligibility demands approval for a permission set in an account. TEAM asks for approval if one eligibility of the requester
 * demands it. Stint's profiles are alternatives, so here it is an eligibility of anybody.
 */
function strictOf({ eligibility: items }: Team, reach: readonly Reach[]): (account: string, permission: string) => boolean {
  const cells = new Set<string>()
  const everywhere = new Set<string>()
  items.forEach(({ approvalRequired, permissions }, index) => {
    const { accounts, unknown } = reach[index] ?? { accounts: [], unknown: false }
    for (const { id } of approvalRequired ? (permissions ?? []) : []) {
      // An organizational unit without a mapping may have any account.
      if (unknown) everywhere.add(id)
      for (const account of accounts) cells.add(`${account} ${id}`)
    }
  })
  return (account, permission) => everywhere.has(permission) || cells.has(`${account} ${permission}`)
}

/** The accounts of an eligibility, with those of its organizational units. */
function accountsOf({ accounts, ous }: Eligibility, known: Directory['mapping']['ous']): Reach {
  const notes: string[] = []
  const named = (accounts ?? []).map(({ id }) => id)
  const faults = named.filter((id) => !/^\d{12}$/.test(id))
  const below = (ous ?? []).flatMap(({ id, name }) => {
    const found = Object.hasOwn(known, id) ? known[id] : undefined
    if (!found) notes.push(`The accounts of the organizational unit ${name ?? id} are not in the mapping: ous.${id}.`)
    return found ?? []
  })
  const unknown = notes.length > 0
  notes.push(...faults.map((id) => `'${id}' is not an account ID.`))
  return { unknown, accounts: [...new Set([...named.filter((id) => !faults.includes(id)), ...below])].sort(), notes }
}

/** The approvers of an account: its own, or else those of the organizational unit above it. */
function approversOf(team: Team, { mapping }: Directory): (account: string) => Alternatives {
  const groups = new Map(team.approvers.map(({ id, groupIds }) => [id, groupIds ?? []]))
  const parents = new Map(Object.entries(mapping.ous).flatMap(([ou, accounts]) => accounts.map((account) => [account, ou] as const)))
  return (account) => {
    const own = groups.get(account) ?? []
    const found = own.length > 0 ? own : (groups.get(parents.get(account) ?? '') ?? [])
    return alternatives(found.map((id) => groupOf(id, mapping)))
  }
}

type Limits = Pick<Access, 'duration' | 'approval' | 'justification'>

function limitsOf(
  { duration, approvalRequired }: Eligibility,
  { duration: longest, expiry, comments, approval }: Team['settings'][number] = {},
  strict: boolean,
  approversOfAccount: () => Alternatives,
): Translated<Limits> {
  const { minutes, notes: capped } = cappedMinutes(Math.min(duration, longest ?? DEFAULTS.duration) * 60)
  const notes = [...capped]
  const justification = comments === false ? {} : { justification: 'required' as const }
  if (!strict) return { value: { duration: durationOf(minutes), ...justification }, notes }

  if (!approvalRequired) notes.push('It needs approval, because another eligibility for this permission set and account does.')
  else if (approval === false) notes.push('It needs approval, although the settings of TEAM turn approvals off.')
  const { by, notes: unmapped } = approversOfAccount()
  notes.push(...unmapped)
  if (by.length === 0) return { value: undefined, notes: [...notes, 'It needs approval, and the account has no approvers.'] }
  // Sessions end with the window, so approved access lasts no longer than in TEAM.
  return { value: { ...approvedBy(by, { minutes, expiryHours: expiry ?? DEFAULTS.expiry }), ...justification }, notes }
}
