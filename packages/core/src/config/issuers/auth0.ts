/**
 * Auth0, one tenant. Source: Auth0 Docs, "Access Tokens", "Access Token Profiles", "ID Token Structure", "User Metadata".
 *
 * Access tokens of the default profile have `typ: JWT`; only they name the client in `azp` (RFC 9068 profile: `client_id`). A token of
 * an application has the subject `CLIENT@clients`.
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { editable, entering, fact, id, isSelfWritten, type Knowledge, name, registered } from './knowledge.ts'

type Auth0Options = CommonOptions &
  Audiences & {
    /** The tenant's domain or your custom domain, such as `acme.eu.auth0.com`. */
    readonly domain: string
    /** The `aud` of an access token is the identifier of your API, that of an ID token the client. */
    readonly tokenUse: 'access' | 'id'
    /** Default: people. A token of an application is never counted as a person. */
    readonly kind?: 'human' | 'workload'
  }

/**
 *     auth0({ key: 'acme', domain: 'acme.eu.auth0.com', audiences: ['https://stint.acme.example'], tokenUse: 'access' })
 */
export function auth0(options: Auth0Options): IssuerSource {
  return {
    url: `https://${options.domain}/`,
    jwksUri: `https://${options.domain}/.well-known/jwks.json`,
    ...options.at,
    preset: 'auth0',
    dialect: 'auth0',
    kind: options.kind ?? 'human',
    audiences: options.audiences,
    tokenUse: options.tokenUse,
    algorithms: ['RS256'],
    ...common(options),
  }
}

export const auth0Knowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    azp: id(),
    client_id: id(),
    org_id: id(),
    org_name: name('org_id'),
    gty: fact(),
    scope: fact(),
    permissions: entering(fact('texts')),
    email: entering(name('sub')),
    email_verified: fact('boolean'),
    name: editable(entering(name('sub'))),
    nickname: editable(entering(name('sub'))),
    picture: fact(),
    updated_at: fact(),
    sid: fact(),
    nonce: fact(),
    acr: fact(),
    amr: fact('texts'),
    auth_time: fact('number'),
  },
  // Actions add namespaced claims, often from `user_metadata`, which users can edit.
  custom: /./,
  editable: isSelfWritten,
  defaultAudience: /\/(userinfo|api\/v2\/)$/,
  mfa: true,
  authTime: true,
}
