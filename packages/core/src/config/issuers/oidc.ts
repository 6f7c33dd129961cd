/** Any issuer that speaks OpenID Connect: everything that a preset would know is said here. */
import type { Issuer, IssuerSource } from '../shape.ts'
import { fact, id, type Knowledge, name, registered } from './knowledge.ts'

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
    sub: id(),
    email: name('sub'),
    preferred_username: name('sub'),
    name: name('sub'),
    nickname: name('sub'),
    phone_number: name('sub'),
    email_verified: fact('flag'),
    acr: fact(),
    amr: fact('texts'),
    auth_time: fact('number'),
  },
  custom: /./,
  mfa: true,
  authTime: true,
}
