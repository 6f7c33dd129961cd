/**
 * SSO Elevator's configuration, as rules: one for each statement, permission set and account.
 *
 * Sources: github.com/fivexl/terraform-aws-sso-elevator, docs/configuration.md (the statements and who may request), src/statement.py (their
 * form) and src/access_control.py (automatic approval, what an explicit `false` denies, and who approves).
 */
import { includes } from '@stint/core'
import * as v from 'valibot'
import { type Directory, groupOf, personOf, setsOf } from './identity-center.ts'
import { approvedBy, cappedMinutes, durationOf } from './limits.ts'
import { accountId } from './mapping.ts'
import { type Access, type Alternatives, alternatives, type Rule, type Translated } from './rules.ts'

const oneOrMore = <T extends v.GenericSchema>(item: T) =>
  v.pipe(
    v.union([item, v.array(item)], 'must be a string of the expected form or a list of these'),
    v.transform((value) => [value].flat() as v.InferOutput<T>[]),
  )
const optional = <T extends v.GenericSchema>(item: T) => v.optional(v.nullable(item))
const email = v.pipe(v.string(), v.regex(/^\S+@\S+$/, 'must be an email address'))
const hours = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000))

const statement = v.strictObject({
  ResourceType: v.literal('Account', 'must be Account'),
  Resource: oneOrMore(v.union([v.literal('*'), accountId])),
  PermissionSet: oneOrMore(v.string()),
  Approvers: optional(oneOrMore(email)),
  AllowSelfApproval: optional(v.boolean()),
  ApprovalIsNotRequired: optional(v.boolean()),
  AllowedGroups: optional(oneOrMore(v.string())),
  AllowedUsers: optional(oneOrMore(email)),
})
/** The variables of the module that matter here. All others are ignored. */
export const elevatorVariables = v.object({
  config: v.array(statement),
  group_config: v.optional(v.array(v.unknown()), []),
  max_permissions_duration_time: v.optional(hours, 24),
  /** If there is one, it replaces the maximum. */
  permission_duration_list_override: v.optional(v.array(v.pipe(v.string(), v.regex(/^\d{1,3}:[0-5]\d$/, 'must be HH:MM'))), []),
  request_expiration_hours: v.optional(hours, 8),
})
type Statement = v.InferOutput<typeof statement>
export type Elevator = { readonly file: string; readonly variables: v.InferOutput<typeof elevatorVariables> }

const MAX_WAIT_HOURS = 24 * 7

export function translateElevator({ file, variables }: Elevator, directory: Directory): readonly Rule[] {
  const { config, group_config } = variables
  const sets = setsOf(directory)
  const arns = new Map(directory.center.PermissionSets.map(({ PermissionSet: { Name, PermissionSetArn } }) => [Name, PermissionSetArn]))
  const rules = config.flatMap((one, index): readonly Rule[] => {
    const place = `${file}: config[${index}]`
    const { accounts, notes } = accountsOf(one, directory)
    const names = one.PermissionSet.includes('*') ? [...arns.keys()] : one.PermissionSet
    const requesters = requestersOf(one, directory)
    if (accounts.length === 0 || names.length === 0)
      return [
        {
          name: `statement ${index + 1}`,
          place,
          access: [],
          notes: [...notes, ...(names.length === 0 ? ['There are no permission sets.'] : [])],
        },
      ]
    return names.flatMap((name) =>
      accounts.map((account): Rule => {
        const set = sets(arns.get(name) ?? name, account)
        const limits = limitsOf(one, affecting(config, account, name), variables, directory)
        const access: Access | undefined =
          set.value && limits.value && requesters.by.length > 0
            ? { account, ...set.value, ...limits.value, eligible: requesters.by, justification: 'required' }
            : undefined
        return {
          name: `statement ${index + 1} for ${name}`,
          account,
          place,
          access: access ? [access] : [],
          notes: [...notes, ...requesters.notes, ...set.notes, ...limits.notes],
        }
      }),
    )
  })
  const groups = group_config.map(
    (_one, index): Rule => ({
      name: `group statement ${index + 1}`,
      place: `${file}: group_config[${index}]`,
      access: [],
      notes: ['Stint does not change who is in a group. Give access to the roles of the group instead.'],
    }),
  )
  return [...rules, ...groups]
}

/** The statements that SSO Elevator applies to this permission set in this account. */
const affecting = (config: readonly Statement[], account: string, name: string): readonly Statement[] =>
  config.filter(
    ({ Resource, PermissionSet }) =>
      (Resource.includes('*') || Resource.includes(account)) && (PermissionSet.includes('*') || PermissionSet.includes(name)),
  )

type Reach = { readonly accounts: readonly string[]; readonly notes: readonly string[] }

function accountsOf({ Resource }: Statement, { mapping }: Directory): Reach {
  const named = Resource.filter((id) => id !== '*')
  if (named.length === Resource.length) return { accounts: [...new Set(named)].sort(), notes: [] }
  const accounts = [...new Set([...named, ...mapping.accounts])].sort()
  return { accounts, notes: mapping.accounts.length === 0 ? ["The accounts that '*' means are not in the mapping: accounts."] : [] }
}

const isOpen = ({ AllowedGroups, AllowedUsers }: Statement): boolean => (AllowedGroups ?? []).length + (AllowedUsers ?? []).length === 0

/** Who may request by this statement. Without a restriction, it is everyone whom SSO Elevator finds in Identity Center. */
function requestersOf(one: Statement, { mapping }: Directory): Alternatives {
  if (isOpen(one))
    return mapping.everyone === undefined
      ? { by: [], notes: ['Everyone can request it. The group that everyone is in is not in the mapping: everyone.'] }
      : { by: [{ issuer: 'people', claims: { groups: includes(mapping.everyone) } }], notes: [] }
  return alternatives([
    ...(one.AllowedGroups ?? []).map((id) => groupOf(id, mapping)),
    ...(one.AllowedUsers ?? []).map((address) => personOf(address, mapping)),
  ])
}

type Limits = Translated<Pick<Access, 'duration' | 'approval'>>

function limitsOf(one: Statement, all: readonly Statement[], variables: Elevator['variables'], { mapping }: Directory): Limits {
  const { minutes, notes: capped } = cappedMinutes(longestMinutes(variables))
  const notes = [...capped]
  const denied = all.some(({ ApprovalIsNotRequired }) => ApprovalIsNotRequired === false)
  if (one.ApprovalIsNotRequired && !denied) return { value: { duration: durationOf(minutes) }, notes }

  if (one.AllowSelfApproval) notes.push('Approvers cannot approve their own requests.')
  // Whoever may request by this statement may also request by one that is open to everyone, and so has its approvers.
  const sources = all.filter((other) => other === one || isOpen(other))
  if (all.some((other) => !sources.includes(other) && (other.Approvers ?? []).length > 0))
    notes.push('Approvers of other statements for this permission set and account, which have requesters of their own, cannot approve it.')
  const addresses = [...new Set(sources.flatMap(({ Approvers }) => Approvers ?? []))].sort()
  const { by, notes: unmapped } = alternatives(addresses.map((address) => personOf(address, mapping)))
  notes.push(...unmapped)
  if (by.length === 0) return { value: undefined, notes: [...notes, 'It needs approval, and has no approvers.'] }
  const expiryHours = Math.min(variables.request_expiration_hours, MAX_WAIT_HOURS)
  return { value: approvedBy(by, { minutes, expiryHours }), notes }
}

function longestMinutes({ max_permissions_duration_time, permission_duration_list_override: list }: Elevator['variables']): number {
  const listed = list.map((entry) => {
    const [hour = '0', minute = '0'] = entry.split(':')
    return Number(hour) * 60 + Number(minute)
  })
  return listed.length > 0 ? Math.max(...listed) : max_permissions_duration_time * 60
}
