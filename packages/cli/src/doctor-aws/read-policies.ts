/**
 * Reads the policies of a role: inline, attached, and the boundary. Source: AWS IAM API Reference, "ListRolePolicies", "GetRolePolicy",
 * "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion".
 */
import type { Reply } from '../frame/http.ts'

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
    throw new NotRead(`AWS answered ${Action} with ${/<Code>([^<]*)<\/Code>/.exec(reply.text)?.[1] ?? reply.status}`)
  }
  const list = async (Action: string, element: string): Promise<readonly string[]> => {
    const text = await call(Action, { RoleName: roleName, MaxItems: String(MOST) })
    if (/<IsTruncated>true</.test(text)) throw new NotRead(`the role has more than ${MOST} policies`)
    return [...text.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, value = '']) => value)
  }
  const managed = async (PolicyArn: string): Promise<unknown> => {
    const version = /<DefaultVersionId>([^<]*)</.exec(await call('GetPolicy', { PolicyArn }))?.[1] ?? ''
    return documentIn(await call('GetPolicyVersion', { PolicyArn, VersionId: version }), 'Document')
  }
  try {
    const policies: unknown[] = []
    for (const PolicyName of await list('ListRolePolicies', 'member'))
      policies.push(documentIn(await call('GetRolePolicy', { RoleName: roleName, PolicyName }), 'PolicyDocument'))
    for (const arn of await list('ListAttachedRolePolicies', 'PolicyArn')) policies.push(await managed(arn))
    return { found: 'policies', policies, ...(boundaryArn === undefined ? {} : { boundary: await managed(boundaryArn) }) }
  } catch (error) {
    if (error instanceof NotRead) return { found: 'denied', says: error.message }
    throw error
  }
}

/** IAM returns documents URL-encoded (RFC 3986). */
function documentIn(xml: string, element: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1] ?? ''))
  } catch {
    throw new NotRead('a policy document is unreadable')
  }
}
