/** IAM over the Query protocol: from the form to an operation, and from its result to XML. Source: AWS IAM API Reference. */
import type { Call } from '../authorize.ts'
import type { Answer } from '../sts.ts'
import type { World } from '../world.ts'
import { type Node, xml } from '../xml.ts'
import type { Asked } from './access.ts'
import { createPolicy, getPolicy, getPolicyVersion } from './policies.ts'
import { IamError } from './query.ts'
import {
  attachRolePolicy,
  createRole,
  deleteRole,
  deleteRolePolicy,
  detachRolePolicy,
  getRole,
  getRolePolicy,
  listAttachedRolePolicies,
  listRolePolicies,
  listRoles,
  putRolePolicy,
  tagRole,
  updateAssumeRolePolicy,
} from './roles.ts'
import { simulateCustomPolicy, simulatePrincipalPolicy } from './simulate.ts'
import {
  attachUserPolicy,
  createAccessKey,
  createUser,
  deleteAccessKey,
  getUser,
  listAttachedUserPolicies,
  putUserPolicy,
} from './users.ts'

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/'
const VERSION = '2010-05-08'

/** An operation without a result has only metadata in its answer. */
const operations: ReadonlyMap<string, (asked: Asked) => Node | undefined> = new Map(
  Object.entries({
    CreateRole: createRole,
    GetRole: getRole,
    ListRoles: listRoles,
    UpdateAssumeRolePolicy: updateAssumeRolePolicy,
    DeleteRole: deleteRole,
    TagRole: tagRole,
    AttachRolePolicy: attachRolePolicy,
    DetachRolePolicy: detachRolePolicy,
    ListAttachedRolePolicies: listAttachedRolePolicies,
    PutRolePolicy: putRolePolicy,
    GetRolePolicy: getRolePolicy,
    ListRolePolicies: listRolePolicies,
    DeleteRolePolicy: deleteRolePolicy,
    CreatePolicy: createPolicy,
    GetPolicy: getPolicy,
    GetPolicyVersion: getPolicyVersion,
    CreateUser: createUser,
    GetUser: getUser,
    PutUserPolicy: putUserPolicy,
    AttachUserPolicy: attachUserPolicy,
    ListAttachedUserPolicies: listAttachedUserPolicies,
    CreateAccessKey: createAccessKey,
    DeleteAccessKey: deleteAccessKey,
    SimulatePrincipalPolicy: simulatePrincipalPolicy,
    SimulateCustomPolicy: simulateCustomPolicy,
  }),
)

export const iamError = (status: number, code: string, message: string, requestId: string): Answer => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
  body: xml({ [`ErrorResponse xmlns="${NAMESPACE}"`]: { Error: { Type: 'Sender', Code: code, Message: message }, RequestId: requestId } }),
})

export function handleIam(world: World, call: Call, body: Buffer): Answer {
  const form = new URLSearchParams(body.toString('utf8'))
  const action = form.get('Action') ?? ''
  const operation = form.get('Version') === VERSION ? operations.get(action) : undefined
  if (!operation)
    return iamError(400, 'InvalidAction', `Could not find operation ${action} for version ${form.get('Version')}`, call.requestId)
  try {
    const result = operation({ world, call, form, account: call.identity.principal.account })
    return {
      status: 200,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': call.requestId },
      body: xml({
        [`${action}Response xmlns="${NAMESPACE}"`]: {
          ...(result === undefined ? {} : { [`${action}Result`]: result }),
          ResponseMetadata: { RequestId: call.requestId },
        },
      }),
    }
  } catch (error) {
    if (error instanceof IamError) return iamError(error.status, error.code, error.message, call.requestId)
    throw error
  }
}
