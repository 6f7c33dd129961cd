/** Issuers of every kind, all with keys that the attacker may look at, and the profiles that are to stay shut. */
import { binding, defineConfig, entra, glob, includes, not, oidc, okta } from '@stint/core'
import company from '../../stint.config.ts'

export const AUDIENCE = 'https://stint.acme.example'
const at = (name: string) => ({ url: binding(`ISSUER_${name}`), jwksUri: binding('JWKS') })
const common = { audiences: [AUDIENCE] as [string], algorithms: ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'EdDSA'] as const }
const every = ['lab', 'id', 'cognito', 'okta', 'entra', 'tenanted', 'narrow', 'other'] as const

export default defineConfig({
  ...company,
  issuers: {
    ...company.issuers,
    lab: oidc({ ...common, ...at('LAB'), key: 'lab', kind: 'human', tokenUse: 'access' }),
    id: oidc({ ...common, ...at('ID'), key: 'lab-id', kind: 'workload', tokenUse: 'id' }),
    narrow: oidc({ ...common, ...at('NARROW'), key: 'narrow', kind: 'human', tokenUse: 'access', algorithms: ['ES256'] }),
    tenanted: oidc({ ...common, ...at('TENANTED'), key: 'tenanted', kind: 'human', tokenUse: 'access', tenant: { org: '65' } }),
    other: oidc({
      ...common,
      url: binding('ISSUER_OTHER'),
      jwksUri: binding('OTHER_JWKS'),
      key: 'other',
      kind: 'human',
      tokenUse: 'access',
    }),
    cognito: { ...oidc({ ...common, ...at('COGNITO'), key: 'cognito', kind: 'human', tokenUse: 'access' }), dialect: 'cognito' },
    okta: okta({ ...common, at: at('OKTA'), url: 'https://acme.okta.com/oauth2/default', key: 'okta', tokenUse: 'access' }),
    entra: { ...entra({ ...common, at: at('ENTRA'), tenantId: 't-1', key: 'entra', tokenUse: 'access' }), tenant: { sub: 'dana' } },
  },
  profiles: {
    ...company.profiles,
    in: {
      target: 'staging',
      eligible: every.map((issuer) => ({ issuer, claims: { role: 'in' } })),
      duration: { default: '30m', max: '1h' },
    },
    listed: {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { roles: includes('in') } }],
      duration: { default: '30m', max: '1h' },
    },
    nested: {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { '/realm_access/roles': includes('in') } }],
      duration: { default: '30m', max: '1h' },
    },
    negated: {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { badge: not('out') } }],
      duration: { default: '30m', max: '1h' },
    },
    globbed: {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { path: glob('teams/*') } }],
      duration: { default: '30m', max: '1h' },
    },
  },
})
