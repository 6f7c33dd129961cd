/**
 * Amazon Cognito user pools. Source: Amazon Cognito Developer Guide, "Using the ID token", "Using the access token".
 *
 * `sub` is the person; email and user name can change. With an access token a user can write every attribute that the app
 * client can write: by default all standard attributes, and the custom ones that the client lists (API Reference,
 * "UserPoolClientType", WriteAttributes). Tokens do not say how a person signed in, so require MFA in the pool.
 */
import { partitionOfRegion } from '@stint/iam/partition'
import type { IssuerSource } from '../shape.ts'
import { type CommonOptions, common } from './common.ts'
import { editable, entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

type CognitoOptions = CommonOptions & {
  readonly region: string
  readonly userPoolId: string
  /** The app clients whose tokens are accepted. */
  readonly clientIds: readonly [string, ...string[]]
  /** Use `access` for an API. */
  readonly tokenUse: 'access' | 'id'
}

/**
 *     cognito({ key: 'acme', region: 'eu-central-1', userPoolId: 'eu-central-1_AbCdEfGhI', clientIds: ['1example23456789'], tokenUse: 'access' })
 */
export function cognito(options: CognitoOptions): IssuerSource {
  const url = `https://cognito-idp.${options.region}.${partitionOfRegion(options.region).dnsSuffix}/${options.userPoolId}`
  return {
    url,
    jwksUri: `${url}/.well-known/jwks.json`,
    ...options.at,
    preset: 'cognito',
    dialect: 'cognito',
    kind: 'human',
    audiences: options.clientIds,
    tokenUse: options.tokenUse,
    algorithms: ['RS256'],
    nameClaim: options.tokenUse === 'id' ? 'cognito:username' : 'username',
    groupsClaim: 'cognito:groups',
    ...common(options),
  }
}

export const cognitoKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    'cognito:groups': entering(id('texts')),
    'cognito:roles': fact('texts'),
    'cognito:preferred_role': fact(),
    'cognito:username': entering(name('sub')),
    username: entering(name('sub')),
    email: editable(entering(name('sub'))),
    email_verified: fact('flag'),
    phone_number: editable(entering(name('sub'))),
    phone_number_verified: fact('flag'),
    ...Object.fromEntries(
      ['name', 'nickname', 'preferred_username', 'given_name', 'middle_name', 'family_name'].map((claim) => [
        claim,
        editable(entering(name('sub'))),
      ]),
    ),
    ...Object.fromEntries(
      ['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale'].map((claim) => [claim, editable(fact())]),
    ),
    address: editable(fact('object')),
    identities: name('sub', 'object'),
    client_id: id(),
    token_use: fact(),
    scope: fact(),
    version: fact('number'),
    device_key: fact(),
    origin_jti: fact(),
    event_id: fact(),
    nonce: fact(),
    at_hash: fact(),
    auth_time: fact('number'),
  },
  // Standard and custom attributes of the pool, and whatever a pre token generation trigger adds.
  custom: /^(?!cognito:)[A-Za-z0-9_:.-]+$/,
  // Not `dev:custom:…`, which only the pool's administrators can write.
  editable: (claim) => claim.startsWith('custom:'),
  authTime: true,
}
