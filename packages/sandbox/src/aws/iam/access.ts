/**
 * Permission for IAM's own actions. Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS
 * Identity and Access Management"; the words for resources are those of IAM's messages.
 */
import type { ContextInput } from '@stint/iam'
import { accountOf, type ManagedPolicy, type Role, type User } from '../accounts.ts'
import { authorize, type Call, deniedMessage } from '../authorize.ts'
import type { World } from '../world.ts'
import { IamError, need, needName, noSuchEntity } from './query.ts'

/** What every operation gets. All of IAM is about the caller's own account. */
export type Asked = { readonly world: World; readonly call: Call; readonly form: URLSearchParams; readonly account: string }

export const MAX_ROLE_NAME = 64
export const MAX_USER_NAME = 64
export const MAX_POLICY_NAME = 128

/** `shown`: how a message names the resource, if not by its ARN. */
export function mustAllow(
  { call, account }: Asked,
  action: string,
  resource: { readonly arn: string; readonly shown?: string },
  context: ContextInput = {},
): void {
  const decision = authorize(call, { action: `iam:${action}`, resource: { arn: resource.arn, account }, context })
  if (decision.allowed) return
  throw new IamError(403, 'AccessDenied', deniedMessage(call, `iam:${action}`, resource.shown ?? resource.arn, decision))
}

const tagsOf = (holder: Role | User): ContextInput =>
  Object.fromEntries(
    [...holder.tags].flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`iam:ResourceTag/${key}`, value],
    ]),
  )

/** The role that the call names. Permission comes first: without it, the caller does not learn whether the role exists. */
export function roleFor(asked: Asked, action: string, context: ContextInput = {}): Role {
  const name = needName(asked.form, 'RoleName', MAX_ROLE_NAME)
  const role = accountOf(asked.world.accounts, asked.account).roles.get(name.toLowerCase())
  const arn = role?.arn ?? `arn:aws:iam::${asked.account}:role/${name}`
  const boundary = role?.boundary ? { 'iam:PermissionsBoundary': role.boundary.arn } : {}
  mustAllow(asked, action, { arn, shown: `role ${name}` }, { ...(role ? tagsOf(role) : {}), ...boundary, ...context })
  if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`)
  return role
}

/** The user that the call names; without a name, the caller. */
export function userFor(asked: Asked, action: string, context: ContextInput = {}): User {
  const { form, call, world, account } = asked
  const self = call.identity.user
  if (form.get('UserName') === null && !self)
    throw new IamError(400, 'ValidationError', 'Must specify userName when calling with non-User credentials')
  const name = form.get('UserName') === null ? (self?.name ?? '') : needName(form, 'UserName', MAX_USER_NAME)
  const user = accountOf(world.accounts, account).users.get(name.toLowerCase())
  const arn = user?.arn ?? `arn:aws:iam::${account}:user/${name}`
  mustAllow(asked, action, { arn, shown: `user ${name}` }, { ...(user ? tagsOf(user) : {}), ...context })
  if (!user) throw noSuchEntity(`The user with name ${name} cannot be found.`)
  return user
}

export function readPolicyArn(form: URLSearchParams, parameter = 'PolicyArn'): string {
  const arn = need(form, parameter)
  if (!/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/[\x21-\x7E]+$/.test(arn))
    throw new IamError(400, 'InvalidInput', `ARN ${arn} is not valid.`)
  return arn
}

/** A managed policy that this account can see: AWS's, or its own. */
export const policyIn = ({ world, account }: Asked, arn: string): ManagedPolicy | undefined =>
  world.awsPolicies.get(arn) ?? accountOf(world.accounts, account).policies.get(arn)
