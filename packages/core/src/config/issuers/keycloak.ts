/**
 * Keycloak, one realm. Source: Keycloak Server Administration Guide, "OpenID Connect", "Using a service account", "Managing user
 * attributes".
 *
 * Its tokens say in the claim `typ` what they are (`Bearer`, `ID`, `Refresh`, `Offline`, `Logout`); the header says `JWT` for all of
 * them. Add an audience mapper to the client: the default audience `account` is that of Keycloak's own console.
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { editable, entering, fact, id, isSelfWritten, type Knowledge, name, registered } from './knowledge.ts'

type KeycloakOptions = CommonOptions &
  Audiences & {
    /** The realm's URL, such as `https://login.acme.example/realms/acme`. */
    readonly url: string
    readonly tokenUse: 'access' | 'id'
    /** Default: people. A service account is never counted as a person. */
    readonly kind?: 'human' | 'workload'
  }

/**
 *     keycloak({ key: 'acme', url: 'https://login.acme.example/realms/acme', audiences: ['stint'], tokenUse: 'access' })
 */
export function keycloak(options: KeycloakOptions): IssuerSource {
  const url = options.url.replace(/\/$/, '')
  return {
    url,
    jwksUri: `${url}/protocol/openid-connect/certs`,
    ...options.at,
    preset: 'keycloak',
    dialect: 'keycloak',
    kind: options.kind ?? 'human',
    audiences: options.audiences,
    tokenUse: options.tokenUse,
    algorithms: ['RS256'],
    nameClaim: 'preferred_username',
    groupsClaim: 'groups',
    ...common(options),
  }
}

export const keycloakKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    groups: entering(id('texts')),
    realm_access: fact('object'),
    '/realm_access/roles': entering(id('texts')),
    resource_access: fact('object'),
    azp: id(),
    typ: fact(),
    sid: fact(),
    session_state: fact(),
    scope: fact(),
    'allowed-origins': fact('texts'),
    preferred_username: entering(name('sub')),
    email: editable(entering(name('sub'))),
    email_verified: fact('boolean'),
    name: editable(entering(name('sub'))),
    given_name: editable(entering(name('sub'))),
    family_name: editable(entering(name('sub'))),
    client_id: entering(id()),
    clientHost: fact(),
    clientAddress: fact(),
    acr: fact(),
    amr: fact('texts'),
    auth_time: fact('number'),
    nonce: fact(),
    at_hash: fact(),
  },
  // Mappers add what they like.
  custom: /./,
  editable: isSelfWritten,
  defaultAudience: /^account$/,
  mfa: true,
  authTime: true,
}
