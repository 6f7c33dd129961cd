/**
 * Google: people of one Workspace domain, or virtual machines of one project. You can use only one of the two, because both
 * come from the same shared issuer and a config names an issuer once. Source: Google Identity, "OpenID Connect"; Google Cloud,
 * "Verify the identity of a VM".
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

const url = 'https://accounts.google.com'
const at = { url, jwksUri: 'https://www.googleapis.com/oauth2/v3/certs' }

/**
 * People. Only tokens of Workspace accounts have `hd`, so a private account with an address of your domain is refused.
 *
 *     google({ key: 'acme', clientIds: ['1234987819200.apps.googleusercontent.com'], domain: 'acme.example' })
 */
export function google(
  options: CommonOptions & { readonly clientIds: readonly [string, ...string[]]; readonly domain: string },
): IssuerSource {
  return {
    ...at,
    ...options.at,
    preset: 'google',
    kind: 'human',
    audiences: options.clientIds,
    tokenUse: 'id',
    algorithms: ['RS256'],
    tenant: { hd: options.domain },
    nameClaim: 'email',
    ...common(options),
  }
}

/**
 * Virtual machines, by the metadata server's tokens in `format=full`.
 *
 *     googleCompute({ key: 'gce', audiences: ['https://stint.acme.example'], projectNumber: 1071284184436 })
 */
export const googleCompute = (options: Workload & { readonly projectNumber: number }): IssuerSource =>
  workload(options, { '/google/compute_engine/project_number': options.projectNumber }, [
    '/google/compute_engine/project_id',
    '/google/compute_engine/instance_name',
  ])

/**
 * One service account, by ID tokens of the metadata server or of `generateIdToken`. The account's unique ID is pinned: any customer of
 * Google can get a token of an account of their own. Source: Google Cloud, "Get an ID token".
 *
 *     googleServiceAccount({ key: 'gcp', audiences: ['https://stint.acme.example'], uniqueId: '110248495921238986420' })
 */
export const googleServiceAccount = (options: Workload & { readonly uniqueId: string }): IssuerSource =>
  workload(options, { sub: options.uniqueId }, 'email')

type Workload = CommonOptions & Audiences

/** Both kinds of workload get ID tokens of Google's one issuer, so each pins its own `tenant`. */
function workload(
  options: Workload,
  tenant: NonNullable<IssuerSource['tenant']>,
  nameClaim: NonNullable<IssuerSource['nameClaim']>,
): IssuerSource {
  return {
    ...at,
    ...options.at,
    preset: 'google',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    tenant,
    nameClaim,
    ...common(options),
  }
}

const engine = '/google/compute_engine'
export const googleKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    hd: id(),
    azp: id(),
    email: entering(name('sub')),
    email_verified: fact('flag'),
    name: entering(name('sub')),
    given_name: name('sub'),
    family_name: name('sub'),
    picture: fact(),
    locale: fact(),
    profile: fact(),
    at_hash: fact(),
    nonce: fact(),
    auth_time: fact('number'),
    google: fact('object'),
    [`${engine}/project_number`]: entering(id('number')),
    [`${engine}/project_id`]: entering(id()),
    [`${engine}/instance_id`]: entering(id()),
    [`${engine}/instance_name`]: entering(name(`${engine}/instance_id`)),
    [`${engine}/zone`]: fact(),
    [`${engine}/instance_creation_timestamp`]: fact('number'),
    [`${engine}/instance_confidentiality`]: fact('number'),
    [`${engine}/license_id`]: fact('texts'),
  },
  authTime: true,
}
