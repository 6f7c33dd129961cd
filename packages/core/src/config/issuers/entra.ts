/**
 * Microsoft Entra ID, tokens of one tenant. Source: Microsoft identity platform, "Access token claims reference",
 * "ID token claims reference", "Configure group claims".
 *
 * `oid` within `tid` is the person. `email`, `upn` and `preferred_username` can be set by the admin of another tenant
 * ("nOAuth") and prove nothing. With more than 200 groups the claim is omitted, and Stint says so: prefer app roles (`roles`).
 * v2.0 tokens do not say how a person signed in: require an authentication context, `claims: { acrs: includes('c1') }`.
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

type EntraOptions = CommonOptions &
  Audiences & {
    /** The directory's ID. `common`, `organizations` and `consumers` are not tenants: they accept accounts that anyone can create. */
    readonly tenantId: string
    /** The `aud` of an access token is the application ID of the API, that of an ID token the one of the client. */
    readonly tokenUse: 'access' | 'id'
    /** The version of the API's access tokens (`requestedAccessTokenVersion`). Default: `2.0`. In `1.0` the audience can be the API's URI. */
    readonly version?: '1.0' | '2.0'
  }

/**
 *     entra({ key: 'acme', tenantId: '72f988bf-86f1-41af-91ab-2d7cd011db47', audiences: ['6e74172b-be56-4843-9ff4-e66a39bb12e3'], tokenUse: 'access' })
 */
export function entra(options: EntraOptions): IssuerSource {
  const tenant = `https://login.microsoftonline.com/${options.tenantId}`
  const v1 = options.version === '1.0'
  return {
    url: v1 ? `https://sts.windows.net/${options.tenantId}/` : `${tenant}/v2.0`,
    jwksUri: `${tenant}/discovery/${v1 ? '' : 'v2.0/'}keys`,
    ...options.at,
    preset: 'entra',
    dialect: 'entra',
    kind: 'human',
    audiences: options.audiences,
    tokenUse: options.tokenUse,
    algorithms: ['RS256'],
    tenant: { tid: options.tenantId },
    identityClaim: 'oid',
    nameClaim: v1 ? 'unique_name' : 'preferred_username',
    groupsClaim: 'groups',
    // ID tokens live five minutes longer than a day.
    maxTokenLife: '25h',
    ...common(options),
  }
}

export const entraKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    oid: entering(id()),
    tid: id(),
    groups: entering(id('texts')),
    roles: entering(id('texts')),
    wids: entering(id('texts')),
    acrs: fact('texts'),
    azp: id(),
    azpacr: fact(),
    appid: id(),
    appidacr: fact(),
    scp: fact(),
    idtyp: fact(),
    ver: fact(),
    uti: fact(),
    email: entering(name('oid')),
    upn: entering(name('oid')),
    preferred_username: entering(name('oid')),
    unique_name: entering(name('oid')),
    name: entering(name('oid')),
    nonce: fact(),
    at_hash: fact(),
    c_hash: fact(),
    auth_time: fact('number'),
    amr: fact('texts'),
  },
  // Optional claims and directory extensions.
  custom: /./,
  authTime: true,
}
