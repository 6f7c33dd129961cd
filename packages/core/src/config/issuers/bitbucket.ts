/** Bitbucket Pipelines, with one issuer per workspace. Source: Atlassian Support, "Integrate Pipelines with resource servers using OIDC". UUIDs stand in braces */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, registered } from './knowledge.ts'

/**
 *     bitbucket({ key: 'bb', audiences: ['https://stint.acme.example'], workspace: 'acme', workspaceUuid: '{9cdf2a9c-51b4-4d3b-9b6a-0b8f9b6f4b11}' })
 */
export function bitbucket(
  options: CommonOptions & Audiences & { readonly workspace: string; readonly workspaceUuid: string },
): IssuerSource {
  const url = `https://api.bitbucket.org/2.0/workspaces/${options.workspace}/pipelines-config/identity/oidc`
  return {
    url,
    jwksUri: `${url}/keys.json`,
    ...options.at,
    preset: 'bitbucket',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: ['repositoryUuid', 'branchName'],
    tenant: { workspaceUuid: options.workspaceUuid },
    ...common(options),
  }
}

export const bitbucketKnowledge: Knowledge = {
  claims: {
    ...registered,
    // Repository and step, so every step is another caller.
    sub: entering(id()),
    accountUuid: id(),
    workspaceUuid: id(),
    repositoryUuid: entering(id()),
    deploymentEnvironmentUuid: entering(id()),
    pipelineUuid: fact(),
    stepUuid: fact(),
    branchName: fact(),
  },
  defaultAudience: /^ari:cloud:bitbucket::workspace\//,
}
