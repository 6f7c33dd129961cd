/** Spacelift, with one issuer per account. Source: Spacelift Docs, "OpenID Connect (OIDC)". Match `scope: 'write'` for what changes things: a plan has `read` */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, registered } from './knowledge.ts'

/**
 *     spacelift({ key: 'sl', audiences: ['acme.app.spacelift.io'], account: 'acme' })
 */
export function spacelift(options: CommonOptions & Audiences & { readonly account: string }): IssuerSource {
  const url = `https://${options.account}.app.spacelift.io`
  return {
    url,
    jwksUri: `${url}/.well-known/jwks`,
    ...options.at,
    preset: 'spacelift',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: ['spaceId', 'callerId'],
    ...common(options),
  }
}

export const spaceliftKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    spaceId: id(),
    callerType: fact(),
    callerId: entering(id()),
    runType: fact(),
    runId: fact(),
    scope: fact(),
  },
  // Tokens have no other audience than the account's host name.
}
