/** IAM's operations on roles. Source: AWS IAM API Reference. */
import { accountOf, currentTrust, type Document, type ManagedPolicy, type Role, type User, uniqueId } from '../accounts.ts'
import { isUnknownAwsPolicy, unknownAwsPolicy } from '../managed.ts'
import { dropRole, keepRole } from '../world.ts'
import type { Node } from '../xml.ts'
import { type Asked, MAX_POLICY_NAME, MAX_ROLE_NAME, mustAllow, policyIn, readPolicyArn, roleFor } from './access.ts'
import { countedLength, identityDocument, MAX_INLINE_CHARACTERS, trustDocument } from './documents.ts'
import {
  addTags,
  alreadyExists,
  deleteConflict,
  isoTime,
  limitExceeded,
  list,
  need,
  needName,
  noSuchEntity,
  page,
  readInteger,
  readPath,
  readTags,
  tagContext,
  urlEncoded,
  validationError,
} from './query.ts'

const MAX_ATTACHED = 10
const MIN_SESSION_SECONDS = 3600
const MAX_SESSION_SECONDS = 43_200

export function createRole(asked: Asked): Node {
  const { world, form, account, call } = asked
  const name = needName(form, 'RoleName', MAX_ROLE_NAME)
  const path = readPath(form)
  const arn = `arn:aws:iam::${account}:role${path}${name}`
  const tags = readTags(form)
  const boundaryArn = form.get('PermissionsBoundary') === null ? undefined : readPolicyArn(form, 'PermissionsBoundary')
  const text = need(form, 'AssumeRolePolicyDocument')
  const description = readDescription(form)
  const maxSessionSeconds = readInteger(form, 'MaxSessionDuration', MIN_SESSION_SECONDS, MAX_SESSION_SECONDS) ?? MIN_SESSION_SECONDS
  mustAllow(asked, 'CreateRole', { arn }, { ...tagContext(tags), 'iam:PermissionsBoundary': boundaryArn })
  if (tags.size > 0) mustAllow(asked, 'TagRole', { arn }, tagContext(tags))
  if (accountOf(world.accounts, account).roles.has(name.toLowerCase())) throw alreadyExists(`Role with name ${name} already exists.`)
  const boundary = boundaryArn === undefined ? undefined : attachable(asked, boundaryArn)
  const role: Role = {
    kind: 'role',
    ...{ arn, name, path, account, id: uniqueId('AROA'), createdAt: call.now },
    tags: new Map(),
    inline: new Map(),
    attached: new Map(),
    ...(boundary ? { boundary } : {}),
    ...(description === undefined ? {} : { description }),
    trust: trustDocument(world.accounts, text),
    maxSessionSeconds,
  }
  addTags(role.tags, tags, 'TagsPerRole')
  keepRole(world, role)
  return { Role: roleNode(asked, role) }
}

function readDescription(form: URLSearchParams): string | undefined {
  const text = form.get('Description')
  if (text === null) return undefined
  if (text.length > 1000) throw validationError(text, 'description', 'Member must have length less than or equal to 1000')
  return text
}

export function getRole(asked: Asked): Node {
  const role = roleFor(asked, 'GetRole')
  return { Role: { ...roleNode(asked, role), RoleLastUsed: lastUsedNode(role) } }
}

/** Empty for a role that was never used. Source: AWS IAM API Reference, RoleLastUsed. */
const lastUsedNode = ({ lastUsed }: Role): Node => (lastUsed ? { LastUsedDate: isoTime(lastUsed.at), Region: lastUsed.region } : '')

export function listRoles(asked: Asked): Node {
  const { world, form, account } = asked
  const prefix = form.get('PathPrefix') ?? '/'
  mustAllow(asked, 'ListRoles', { arn: `arn:aws:iam::${account}:role${prefix}` })
  const roles = [...accountOf(world.accounts, account).roles.values()].filter(({ path }) => path.startsWith(prefix))
  const { items, end } = page(form, roles, ({ name }) => name)
  return { Roles: list(items.map((role) => summary(asked, role))), ...end }
}

export function updateAssumeRolePolicy(asked: Asked): undefined {
  const role = roleFor(asked, 'UpdateAssumeRolePolicy')
  role.trust = trustDocument(asked.world.accounts, need(asked.form, 'PolicyDocument'))
}

export function deleteRole(asked: Asked): undefined {
  const role = roleFor(asked, 'DeleteRole')
  if (role.attached.size > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.')
  if (role.inline.size > 0) throw deleteConflict('Cannot delete entity, must delete policies first.')
  dropRole(asked.world, role)
}

export function tagRole(asked: Asked): undefined {
  const tags = readTags(asked.form)
  if (tags.size === 0) throw validationError(null, 'tags', 'Member must not be null')
  addTags(roleFor(asked, 'TagRole', tagContext(tags)).tags, tags, 'TagsPerRole')
}

// ── Policies of a role ───────────────────────────────────────────────────────────────────────────────────────────────

export function attachRolePolicy(asked: Asked): undefined {
  const arn = readPolicyArn(asked.form)
  attach(asked, roleFor(asked, 'AttachRolePolicy', { 'iam:PolicyARN': arn }), arn)
}

export function attach(asked: Asked, holder: Role | User, arn: string): void {
  const found = attachable(asked, arn)
  const kind = holder.kind === 'role' ? 'Role' : 'User'
  if (!holder.attached.has(arn) && holder.attached.size >= MAX_ATTACHED)
    throw limitExceeded(`Cannot exceed quota for PoliciesPer${kind}: ${MAX_ATTACHED}`)
  holder.attached.set(arn, found)
}

export function attachable(asked: Asked, arn: string): ManagedPolicy {
  const found = policyIn(asked, arn)
  if (found) return found
  throw noSuchEntity(isUnknownAwsPolicy(arn) ? unknownAwsPolicy(arn) : `Policy ${arn} does not exist or is not attachable.`)
}

export function detachRolePolicy(asked: Asked): undefined {
  const arn = readPolicyArn(asked.form)
  const role = roleFor(asked, 'DetachRolePolicy', { 'iam:PolicyARN': arn })
  if (!role.attached.delete(arn)) throw noSuchEntity(`Policy ${arn} was not found.`)
}

export const listAttachedRolePolicies = (asked: Asked): Node => attachedPage(asked, roleFor(asked, 'ListAttachedRolePolicies'))

export function attachedPage({ form }: Asked, holder: Role | User): Node {
  const prefix = form.get('PathPrefix') ?? '/'
  const attached = [...holder.attached.values()].filter(({ path }) => path.startsWith(prefix))
  const { items, end } = page(form, attached, ({ name, arn }) => `${name} ${arn}`)
  return { AttachedPolicies: list(items.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn }))), ...end }
}

export const putRolePolicy = (asked: Asked): undefined => putInline(asked, roleFor(asked, 'PutRolePolicy'))

export function putInline({ form }: Asked, holder: Role | User): undefined {
  const name = needName(form, 'PolicyName', MAX_POLICY_NAME)
  const document = identityDocument(need(form, 'PolicyDocument'))
  const others = [...holder.inline].filter(([other]) => other !== name)
  const size = [...others.map(([, { text }]) => text), document.text].reduce((sum, text) => sum + countedLength(text), 0)
  const max = MAX_INLINE_CHARACTERS[holder.kind]
  if (size > max) throw limitExceeded(`Maximum policy size of ${max} bytes exceeded for ${holder.kind} ${holder.name}`)
  holder.inline.set(name, document)
}

export function getRolePolicy(asked: Asked): Node {
  const role = roleFor(asked, 'GetRolePolicy')
  const name = needName(asked.form, 'PolicyName', MAX_POLICY_NAME)
  return { RoleName: role.name, PolicyName: name, PolicyDocument: urlEncoded(inlineOf(role, name).text) }
}

export function listRolePolicies(asked: Asked): Node {
  const role = roleFor(asked, 'ListRolePolicies')
  const { items, end } = page(asked.form, [...role.inline.keys()], (name) => name)
  return { PolicyNames: list(items), ...end }
}

export function deleteRolePolicy(asked: Asked): undefined {
  const role = roleFor(asked, 'DeleteRolePolicy')
  const name = needName(asked.form, 'PolicyName', MAX_POLICY_NAME)
  inlineOf(role, name)
  role.inline.delete(name)
}

function inlineOf(role: Role, name: string): Document {
  const found = role.inline.get(name)
  if (!found) throw noSuchEntity(`The role policy with name ${name} cannot be found.`)
  return found
}

// ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** ListRoles leaves out tags, boundary and last use (AWS IAM API Reference, ListRoles). */
const summary = ({ world }: Asked, role: Role): { readonly [element: string]: Node | undefined } => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: isoTime(role.createdAt),
  AssumeRolePolicyDocument: urlEncoded(currentTrust(world.accounts, role.trust).text),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
})

const roleNode = (asked: Asked, role: Role): { readonly [element: string]: Node | undefined } => ({
  ...summary(asked, role),
  ...boundaryNode(role),
  ...tagsNode(role.tags),
})

export const boundaryNode = ({ boundary }: { readonly boundary?: ManagedPolicy }): { readonly [element: string]: Node } =>
  boundary ? { PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: boundary.arn } } : {}

export const tagsNode = (tags: ReadonlyMap<string, string>): { readonly [element: string]: Node } =>
  tags.size > 0 ? { Tags: list([...tags].map(([Key, Value]) => ({ Key, Value }))) } : {}
