/** Any OpenID Connect issuer. You set everything that a preset would know. */
import type { Issuer, IssuerSource } from '../shape.ts'
import { editable, entering, fact, id, isSelfWritten, type Knowledge, name, registered } from './knowledge.ts'

/**
 *     oidc({ key: 'acme', url: 'https://login.acme.example', jwksUri: 'https://login.acme.example/jwks', kind: 'human',
 *            audiences: ['https://stint.acme.example'], tokenUse: 'access', algorithms: ['ES256'], groupsClaim: 'groups' })
 */
export const oidc = (options: Omit<IssuerSource, 'preset' | 'algorithms'> & Partial<Pick<Issuer, 'algorithms'>>): IssuerSource => ({
  algorithms: ['RS256'],
  ...options,
  preset: 'oidc',
})

/** OpenID Connect Core 1.0 §5.1. */
export const oidcKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    email: entering(name('sub')),
    preferred_username: entering(name('sub')),
    name: entering(name('sub')),
    nickname: editable(entering(name('sub'))),
    phone_number: entering(name('sub')),
    upn: entering(name('sub')),
    username: entering(name('sub')),
    unique_name: entering(name('sub')),
    given_name: entering(name('sub')),
    family_name: entering(name('sub')),
    email_verified: fact('flag'),
    acr: fact(),
    amr: fact('texts'),
    auth_time: fact('number'),
  },
  custom: /./,
  // Keycloak lets users edit name and email by default (Server Administration Guide, "Managing user attributes").
  editable: (claim, url) =>
    isSelfWritten(claim) || (/\/realms\/[^/]+$/.test(url) && ['name', 'given_name', 'family_name', 'email'].includes(claim)),
  mfa: true,
  authTime: true,
}
