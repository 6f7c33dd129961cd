/**
 * Okta. Source: Okta Developer, "OpenID Connect & OAuth 2.0 API", "Step-up authentication".
 *
 * Access tokens of the org server (`https://acme.okta.com`) are for Okta itself and others cannot verify them. Use those of a
 * custom authorization server. Their `sub` is the login, which can change and be reassigned, so AWS sees `uid`. Stint's own
 * records name the login: if you reassign logins, set `sub` to `user.id` in Okta. The `groups` claim must be configured.
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { editable, entering, fact, id, isSelfWritten, type Knowledge, name, registered } from './knowledge.ts'

type OktaOptions = CommonOptions &
  Audiences & {
    /** The authorization server, such as `https://acme.okta.com/oauth2/default`. */
    readonly url: string
    readonly tokenUse: 'access' | 'id'
  }

/**
 *     okta({ key: 'acme', url: 'https://acme.okta.com/oauth2/aus1example', audiences: ['https://stint.acme.example'], tokenUse: 'access' })
 */
export function okta(options: OktaOptions): IssuerSource {
  const url = options.url.replace(/\/$/, '')
  return {
    url,
    jwksUri: `${url}${url.includes('/oauth2/') ? '' : '/oauth2'}/v1/keys`,
    ...options.at,
    preset: 'okta',
    dialect: 'okta',
    kind: 'human',
    audiences: options.audiences,
    tokenUse: options.tokenUse,
    algorithms: ['RS256'],
    nameClaim: options.tokenUse === 'id' ? 'preferred_username' : 'sub',
    ...(options.tokenUse === 'access' ? { identityClaim: 'uid' } : {}),
    groupsClaim: 'groups',
    mfaAcr: ['urn:okta:loa:2fa:any', 'phr', 'phrh'],
    ...common(options),
  }
}

export const oktaKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(name('uid')),
    uid: entering(id()),
    cid: id(),
    ver: fact('number'),
    scp: fact('texts'),
    groups: entering(id('texts')),
    email: entering(name('uid')),
    email_verified: fact('flag'),
    preferred_username: entering(name('uid')),
    // Of first and last name, which users edit in their profile where its schema gives SELF write permission (Okta Developer, "Schemas").
    name: editable(entering(name('uid'))),
    acr: fact(),
    amr: fact('texts'),
    auth_time: fact('number'),
    at_hash: fact(),
    nonce: fact(),
    idp: id(),
  },
  // Claims are configured per authorization server.
  custom: /./,
  editable: isSelfWritten,
  defaultAudience: /^api:\/\/default$/,
  mfa: true,
  authTime: true,
}
