/**
 * Reads the policies of a role: inline, attached, and the boundary. Source: AWS IAM API Reference, "ListRolePolicies", "GetRolePolicy",
 * "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion".
 */
import type { Reply } from '../frame/http.ts'
import { codeOf, documentIn, tag, tags } from './query-answer.ts'

export type PoliciesRead =
  | { readonly found: 'policies'; readonly policies: readonly unknown[]; readonly boundary?: unknown }
  /** `says`: the call that failed, and why. */
  | { readonly found: 'denied'; readonly says: string }

type Ask = (parameters: Readonly<Record<string, string>>) => Promise<Reply>

/** IAM's quota for managed policies of a role is 25 at most; of inline policies only their total size is limited. */
const MOST = 100

class NotRead extends Error {}

export async function readPolicies(ask: Ask, roleName: string, boundaryArn: string | undefined): Promise<PoliciesRead> {
  const call = async (Action: string, parameters: Readonly<Record<string, string>>): Promise<string> => {
    const reply = await ask({ Action, Version: '2010-05-08', ...parameters })
    if (reply.ok) return reply.text
    throw new NotRead(`AWS answered ${Action} with ${codeOf(reply) ?? reply.status}`)
  }
  const list = async (Action: string, element: string): Promise<readonly string[]> => {
    const text = await call(Action, { RoleName: roleName, MaxItems: String(MOST) })
    if (tag(text, 'IsTruncated') === 'true') throw new NotRead(`the role has more than ${MOST} policies`)
    return tags(text, element)
  }
  const managed = async (PolicyArn: string): Promise<unknown> => {
    const VersionId = tag(await call('GetPolicy', { PolicyArn }), 'DefaultVersionId') ?? ''
    return readable(await call('GetPolicyVersion', { PolicyArn, VersionId }), 'Document')
  }
  try {
    const policies: unknown[] = []
    for (const PolicyName of await list('ListRolePolicies', 'member'))
      policies.push(readable(await call('GetRolePolicy', { RoleName: roleName, PolicyName }), 'PolicyDocument'))
    for (const arn of await list('ListAttachedRolePolicies', 'PolicyArn')) policies.push(await managed(arn))
    return { found: 'policies', policies, ...(boundaryArn === undefined ? {} : { boundary: await managed(boundaryArn) }) }
  } catch (error) {
    if (error instanceof NotRead) return { found: 'denied', says: error.message }
    throw error
  }
}

function readable(xml: string, element: string): unknown {
  try {
    return documentIn(xml, element)
  } catch {
    throw new NotRead('a policy document is unreadable')
  }
}
