/** The company's config, with issuers whose keys the tests hold and profiles for corners that the company has not. */
import { binding, claim, defineConfig, glob, oneOf } from '@stint/core'
import company from '../../stint.config.ts'

const lab = { jwksUri: binding('LAB_JWKS'), audiences: ['https://stint.acme.example'], algorithms: ['ES256', 'RS256', 'EdDSA'] as const }

export default defineConfig({
  ...company,
  issuers: {
    ...company.issuers,
    lab: { ...lab, url: binding('LAB_ISSUER'), key: 'lab', kind: 'human', tokenUse: 'access', nameClaim: 'name', groupsClaim: 'groups' },
    'lab-id': { ...lab, url: binding('LAB_ID_ISSUER'), key: 'lab-id', kind: 'human', tokenUse: 'id' },
    'lab-cognito': { ...lab, url: binding('LAB_COGNITO_ISSUER'), key: 'lab-cog', kind: 'human', tokenUse: 'access', dialect: 'cognito' },
    'lab-once': { ...lab, url: binding('LAB_ONCE_ISSUER'), key: 'lab-once', kind: 'workload', tokenUse: 'any', replay: 'once' },
  },
  profiles: {
    ...company.profiles,
    lab: {
      target: 'staging',
      eligible: (['lab', 'lab-id', 'lab-cognito', 'lab-once'] as const).map((issuer) => ({ issuer, claims: { sub: glob('dana*') } })),
      tags: { run: claim('run') },
      duration: { default: '30m', max: '1h' },
    },
    'lab-mfa': {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { sub: oneOf('dana') }, mfa: true, authAge: '15m', sourceIp: ['127.0.0.0/8'] }],
      duration: { default: '30m', max: '1h' },
    },
    'lab-elsewhere': {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { sub: 'dana' }, sourceIp: ['203.0.113.0/24'] }],
      duration: { default: '30m', max: '1h' },
    },
  },
})
