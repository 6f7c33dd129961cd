/**
 * Permission sets and account assignments of IAM Identity Center, as rules: one for each assignment. AWS manages the roles of Identity
 * Center and nobody can change whom they trust, so each permission set gets a target role of its own: `stint/NAME`.
 *
 * Sources: IAM Identity Center API Reference, "ListAccountAssignments" and "AccountAssignment"; Identity Store API Reference, "Group".
 */
import { includes } from '@stint/core'
import type { Who } from '@stint/core/config/shape'
import * as v from 'valibot'
import { accountId, type Mapping } from './mapping.ts'
import { type PermissionSet, permissionSet, type SetAccess, translateSet } from './permission-set.ts'
import { factsOf } from './role-policies.ts'
import type { Access, Rule, Translated } from './rules.ts'

/** The file that docs/examples/collect-identity-center.sh writes. */
export const identityCenter = v.object({
  PermissionSets: v.array(permissionSet),
  AccountAssignments: v.array(
    v.object({
      AccountId: accountId,
      PermissionSetArn: v.string(),
      PrincipalType: v.picklist(['GROUP', 'USER'], 'must be GROUP or USER'),
      PrincipalId: v.string(),
    }),
  ),
  Groups: v.optional(v.array(v.object({ GroupId: v.string(), DisplayName: v.optional(v.string()) })), []),
  Users: v.optional(v.array(v.object({ UserId: v.string(), UserName: v.optional(v.string()) })), []),
})
export type IdentityCenter = v.InferOutput<typeof identityCenter>

/** Documents of customer managed policies, by ARN. */
export type Documents = ReadonlyMap<string, unknown>
export type Directory = {
  readonly file: string
  readonly center: IdentityCenter
  readonly documents: Documents
  readonly mapping: Mapping
  readonly partition: string
}

export function translateIdentityCenter(directory: Directory): readonly Rule[] {
  const { file, center, mapping } = directory
  const sets = setsOf(directory)
  const groups = new Map(center.Groups.map(({ GroupId, DisplayName }) => [GroupId, DisplayName]))
  const users = new Map(center.Users.map(({ UserId, UserName }) => [UserId, UserName]))
  return center.AccountAssignments.map(({ AccountId, PermissionSetArn, PrincipalType, PrincipalId }, index): Rule => {
    const set = sets(PermissionSetArn, AccountId)
    const group = PrincipalType === 'GROUP'
    const shown = (group ? groups : users).get(PrincipalId) ?? PrincipalId
    const who = group ? groupOf(PrincipalId, mapping, shown) : personOf(PrincipalId, mapping, shown)
    const access: Access | undefined = set.value && who.value ? { account: AccountId, ...set.value, eligible: [who.value] } : undefined
    return {
      name: `permission set ${set.name} for ${group ? 'group' : 'user'} ${shown}`,
      account: AccountId,
      place: `${file}: AccountAssignments[${index}]`,
      notes: [...set.notes, ...who.notes],
      access: access ? [access] : [],
    }
  })
}

/** Finds a permission set, as a session in this account can have it. */
export function setsOf({
  center,
  documents,
  partition,
}: Directory): (arn: string, account: string) => Translated<SetAccess> & { readonly name: string } {
  const sets = new Map(center.PermissionSets.map((set) => [set.PermissionSet.PermissionSetArn, { set, made: translateSet(set) }]))
  return (arn, account) => {
    const found = sets.get(arn)
    if (!found) return { name: arn, value: undefined, notes: [`The permission set ${arn} is not in the file of Identity Center.`] }
    const { set, made } = found
    const name = set.PermissionSet.Name
    const fault = made.value && customerFault(set, account, { documents, partition })
    return fault === undefined ? { name, ...made } : { name, value: undefined, notes: [fault] }
  }
}

/** Without its document, a policy could depend on who the caller is. */
function customerFault(
  { CustomerManagedPolicyReferences }: PermissionSet,
  account: string,
  { documents, partition }: Pick<Directory, 'documents' | 'partition'>,
): string | undefined {
  for (const { Name, Path } of CustomerManagedPolicyReferences) {
    const json = documents.get(`arn:${partition}:iam::${account}:policy${Path}${Name}`)
    if (json === undefined) return `Its customer managed policy ${Name} is not in the files. Add the authorization details of the account.`
    const { fault } = factsOf([{ name: Name, json }], 'identity-center')
    if (fault !== undefined) return fault
  }
  return undefined
}

export function groupOf(id: string, { groups }: Pick<Mapping, 'groups'>, shown = id): Translated<Who> {
  const value = Object.hasOwn(groups, id) ? groups[id] : undefined
  return value === undefined
    ? { value: undefined, notes: [`The group ${shown} is not in the mapping: groups.${id}.`] }
    : { value: { issuer: 'people', claims: { groups: includes(value) } }, notes: [] }
}

export function personOf(id: string, { people }: Pick<Mapping, 'people'>, shown = id): Translated<Who> {
  const sub = Object.hasOwn(people, id) ? people[id] : undefined
  return sub === undefined
    ? { value: undefined, notes: [`The user ${shown} is not in the mapping: people.${id}.`] }
    : { value: { issuer: 'people', claims: { sub } }, notes: [] }
}
