/** IAM's operations on managed policies. Source: AWS IAM API Reference. */
import { accountOf, type ManagedPolicy, uniqueId } from '../accounts.ts'
import { isUnknownAwsPolicy, unknownAwsPolicy } from '../managed.ts'
import type { Node } from '../xml.ts'
import { type Asked, MAX_POLICY_NAME, mustAllow, policyIn, readPolicyArn } from './access.ts'
import { countedLength, identityDocument, MAX_MANAGED_CHARACTERS } from './documents.ts'
import {
  addTags,
  alreadyExists,
  isoTime,
  limitExceeded,
  need,
  needName,
  noSuchEntity,
  readPath,
  readTags,
  tagContext,
  urlEncoded,
  validationError,
} from './query.ts'
import { tagsNode } from './roles.ts'

export function createPolicy(asked: Asked): Node {
  const { world, form, account, call } = asked
  const name = needName(form, 'PolicyName', MAX_POLICY_NAME)
  const path = readPath(form)
  const arn = `arn:aws:iam::${account}:policy${path}${name}`
  const tags = readTags(form)
  const text = need(form, 'PolicyDocument')
  mustAllow(asked, 'CreatePolicy', { arn, shown: `policy ${name}` }, tagContext(tags))
  if (tags.size > 0) mustAllow(asked, 'TagPolicy', { arn, shown: `policy ${name}` }, tagContext(tags))
  const { policies } = accountOf(world.accounts, account)
  // Names are unique in an account, whatever the path and the case.
  if ([...policies.values()].some((other) => other.name.toLowerCase() === name.toLowerCase()))
    throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`)
  const document = identityDocument(text)
  if (countedLength(text) > MAX_MANAGED_CHARACTERS) throw limitExceeded(`Cannot exceed quota for PolicySize: ${MAX_MANAGED_CHARACTERS}`)
  const description = form.get('Description')
  const made: ManagedPolicy = {
    ...{ arn, name, path, id: uniqueId('ANPA'), createdAt: call.now },
    ...(description === null ? {} : { description }),
    defaultVersion: { id: 'v1', document, createdAt: call.now },
    tags: new Map(),
  }
  addTags(made.tags, tags, 'TagsPerPolicy')
  policies.set(arn, made)
  return { Policy: { ...policyNode(asked, made), Description: undefined } }
}

export function getPolicy(asked: Asked): Node {
  const made = found(asked, 'GetPolicy')
  // AWS answers an empty list for a policy without tags, and for no other entity.
  return { Policy: { Tags: '', ...policyNode(asked, made) } }
}

export function getPolicyVersion(asked: Asked): Node {
  const made = found(asked, 'GetPolicyVersion')
  const id = need(asked.form, 'VersionId')
  if (!/^v[1-9][0-9]*$/.test(id))
    throw validationError(id, 'versionId', 'Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?')
  const { defaultVersion } = made
  if (id !== defaultVersion.id) throw noSuchEntity(`Policy ${made.arn} version ${id} does not exist or is not attachable.`)
  return {
    PolicyVersion: {
      Document: urlEncoded(defaultVersion.document.text),
      VersionId: id,
      IsDefaultVersion: 'true',
      CreateDate: isoTime(defaultVersion.createdAt),
    },
  }
}

function found(asked: Asked, action: string): ManagedPolicy {
  const arn = readPolicyArn(asked.form)
  mustAllow(asked, action, { arn, shown: `policy ${arn}` })
  const made = policyIn(asked, arn)
  if (!made) throw noSuchEntity(isUnknownAwsPolicy(arn) ? unknownAwsPolicy(arn) : `Policy ${arn} was not found.`)
  return made
}

function policyNode({ world, account }: Asked, made: ManagedPolicy): { readonly [element: string]: Node | undefined } {
  const { roles, users } = accountOf(world.accounts, account)
  const holders = [...roles.values(), ...users.values()]
  return {
    PolicyName: made.name,
    PolicyId: made.id,
    Arn: made.arn,
    Path: made.path,
    DefaultVersionId: made.defaultVersion.id,
    AttachmentCount: holders.filter(({ attached }) => attached.has(made.arn)).length,
    PermissionsBoundaryUsageCount: holders.filter(({ boundary }) => boundary?.arn === made.arn).length,
    IsAttachable: 'true',
    Description: made.description,
    CreateDate: isoTime(made.createdAt),
    UpdateDate: isoTime(made.defaultVersion.createdAt),
    ...tagsNode(made.tags),
  }
}
