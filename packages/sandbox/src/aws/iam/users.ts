/** IAM's operations on users, their policies and access keys. Source: AWS IAM API Reference. */
import { accountOf, type User, uniqueId } from '../accounts.ts'
import { addAccessKey } from '../world.ts'
import type { Node } from '../xml.ts'
import { type Asked, MAX_USER_NAME, mustAllow, readPolicyArn, userFor } from './access.ts'
import {
  addTags,
  alreadyExists,
  IamError,
  isoTime,
  limitExceeded,
  need,
  needName,
  noSuchEntity,
  readPath,
  readTags,
  tagContext,
} from './query.ts'
import { attach, attachable, attachedPage, boundaryNode, putInline, tagsNode } from './roles.ts'

const MAX_ACCESS_KEYS = 2

export function createUser(asked: Asked): Node {
  const { world, form, account, call } = asked
  const name = needName(form, 'UserName', MAX_USER_NAME)
  const path = readPath(form)
  const arn = `arn:aws:iam::${account}:user${path}${name}`
  const tags = readTags(form)
  const boundaryArn = form.get('PermissionsBoundary') === null ? undefined : readPolicyArn(form, 'PermissionsBoundary')
  mustAllow(asked, 'CreateUser', { arn }, { ...tagContext(tags), 'iam:PermissionsBoundary': boundaryArn })
  if (tags.size > 0) mustAllow(asked, 'TagUser', { arn }, tagContext(tags))
  const { users } = accountOf(world.accounts, account)
  if (users.has(name.toLowerCase())) throw alreadyExists(`User with name ${name} already exists.`)
  const boundary = boundaryArn === undefined ? undefined : attachable(asked, boundaryArn)
  const user: User = {
    kind: 'user',
    ...{ arn, name, path, account, id: uniqueId('AIDA'), createdAt: call.now },
    tags: new Map(),
    inline: new Map(),
    attached: new Map(),
    ...(boundary ? { boundary } : {}),
    keys: new Map(),
  }
  addTags(user.tags, tags, 'TagsPerUser')
  users.set(name.toLowerCase(), user)
  return { User: userNode(user) }
}

export const getUser = (asked: Asked): Node => ({ User: userNode(userFor(asked, 'GetUser')) })

export const putUserPolicy = (asked: Asked): undefined => putInline(asked, userFor(named(asked), 'PutUserPolicy'))

export function attachUserPolicy(asked: Asked): undefined {
  const arn = readPolicyArn(asked.form)
  attach(asked, userFor(named(asked), 'AttachUserPolicy', { 'iam:PolicyARN': arn }), arn)
}

export const listAttachedUserPolicies = (asked: Asked): Node => attachedPage(asked, userFor(named(asked), 'ListAttachedUserPolicies'))

/** These actions require a user name. */
function named(asked: Asked): Asked {
  need(asked.form, 'UserName')
  return asked
}

export function createAccessKey(asked: Asked): Node {
  const user = userFor(asked, 'CreateAccessKey')
  if (user.keys.size >= MAX_ACCESS_KEYS) throw limitExceeded(`Cannot exceed quota for AccessKeysPerUser: ${MAX_ACCESS_KEYS}`)
  const { accessKeyId, secretAccessKey } = addAccessKey(asked.world, user)
  return {
    AccessKey: {
      UserName: user.name,
      AccessKeyId: accessKeyId,
      Status: 'Active',
      SecretAccessKey: secretAccessKey,
      CreateDate: isoTime(asked.call.now),
    },
  }
}

export function deleteAccessKey(asked: Asked): undefined {
  const id = need(asked.form, 'AccessKeyId')
  if (!/^\w{16,128}$/.test(id)) throw new IamError(400, 'ValidationError', 'The specified value for accessKeyId is invalid.')
  const user = userFor(asked, 'DeleteAccessKey')
  if (!user.keys.delete(id)) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`)
  asked.world.identities.delete(id)
}

const userNode = (user: User): Node => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.id,
  Arn: user.arn,
  CreateDate: isoTime(user.createdAt),
  ...boundaryNode(user),
  ...tagsNode(user.tags),
})
