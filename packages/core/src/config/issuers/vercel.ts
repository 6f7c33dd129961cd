/** Vercel deployments, with one issuer per team. Source: Vercel Docs, "OpenID Connect (OIDC) Federation", "OIDC Federation Reference". Use the team issuer mode: the global issuer is shared */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

/**
 *     vercel({ key: 'vercel', audiences: ['https://stint.acme.example'], team: 'acme', ownerId: 'team_7Gw5ZMzpQA8h90F8' })
 */
export function vercel(options: CommonOptions & Audiences & { readonly team: string; readonly ownerId: string }): IssuerSource {
  const url = `https://oidc.vercel.com/${options.team}`
  return {
    url,
    jwksUri: 'https://oidc.vercel.com/.well-known/jwks',
    ...options.at,
    preset: 'vercel',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: ['project', 'environment'],
    tenant: { owner_id: options.ownerId },
    ...common(options),
  }
}

export const vercelKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(name('project_id')),
    scope: fact(),
    owner: name('owner_id'),
    owner_id: id(),
    project: entering(name('project_id')),
    project_id: entering(id()),
    environment: fact(),
    external_sub: fact(),
    plan: fact(),
    user_id: id(),
  },
  defaultAudience: /^https:\/\/vercel\.com\//,
}
