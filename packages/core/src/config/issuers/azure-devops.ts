/** Azure DevOps pipelines, with one issuer per organization. Source: Microsoft Learn, "Oidctoken - Create", "Workload identity federation". `sub` names a pipeline or service connection, the ids do not change */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

/**
 *     azureDevops({ key: 'ado', audiences: ['api://AzureADTokenExchange'], organizationId: '0ca3ddd9-f0b0-4635-a98c-5866526961b6' })
 */
export function azureDevops(options: CommonOptions & Audiences & { readonly organizationId: string }): IssuerSource {
  const url = `https://vstoken.dev.azure.com/${options.organizationId}`
  return {
    url,
    jwksUri: `${url}/.well-known/jwks`,
    ...options.at,
    preset: 'azure-devops',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: 'sub',
    tenant: { org_id: options.organizationId },
    ...common(options),
  }
}

export const azureDevopsKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(name('def_id')),
    org_id: id(),
    prj_id: entering(id()),
    def_id: entering(id()),
    rpo_id: entering(id()),
    rpo_uri: entering(name('rpo_id')),
    rpo_ver: fact(),
    rpo_ref: fact(),
    run_id: fact(),
  },
  // Tokens have no other audience than `api://AzureADTokenExchange`, so there is no better one to ask for.
}
