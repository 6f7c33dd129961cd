/** The company's config, with issuers whose keys the tests hold and profiles for corners that the company has not. */
import { binding, claim, defineConfig, glob, includes, oneOf } from '@stint/core'
import company from '../../stint.config.ts'

const lab = { jwksUri: binding('LAB_JWKS'), audiences: ['https://stint.acme.example'], algorithms: ['ES256', 'RS256', 'EdDSA'] as const }

export default defineConfig({
  ...company,
  issuers: {
    ...company.issuers,
    lab: { ...lab, url: binding('LAB_ISSUER'), key: 'lab', kind: 'human', tokenUse: 'access', nameClaim: 'name', groupsClaim: 'groups' },
    'lab-id': { ...lab, url: binding('LAB_ID_ISSUER'), key: 'lab-id', kind: 'human', tokenUse: 'id' },
    'lab-cognito': { ...lab, url: binding('LAB_COGNITO_ISSUER'), key: 'lab-cog', kind: 'human', tokenUse: 'access', dialect: 'cognito' },
    'lab-once': {
      ...lab,
      url: binding('LAB_ONCE_ISSUER'),
      key: 'lab-once',
      kind: 'workload',
      tokenUse: 'any',
      replay: 'once',
      actorClaim: 'actor_id',
    },
  },
  responders: [
    { issuer: 'lab', claims: { groups: includes('responders') } },
    { issuer: 'lab-id', claims: { groups: includes('responders') } },
    { issuer: 'lab', claims: { groups: includes('mfa-responders') }, mfa: true },
    { issuer: 'lab', claims: { groups: includes('recent-responders') }, authAge: '15m' },
    { issuer: 'lab', claims: { groups: includes('local-responders') }, sourceIp: ['127.0.0.0/8'] },
    { issuer: 'lab', claims: { groups: includes('remote-responders') }, sourceIp: ['203.0.113.0/24'] },
  ],
  auditors: [{ issuer: 'lab', claims: { groups: includes('auditors') } }],
  people: {
    eve: [
      { issuer: 'lab', subject: 'eve' },
      { issuer: 'lab', subject: 'eve-admin' },
      { issuer: 'lab-once', actor: '77' },
    ],
    dana: [
      { issuer: 'lab', subject: 'dana-pc' },
      { issuer: 'lab-id', subject: 'dana-home' },
      { issuer: 'lab-once', actor: '42' },
    ],
    ria: [
      { issuer: 'lab', subject: 'ria' },
      { issuer: 'lab-id', subject: 'ria-home' },
    ],
    mona: [
      { issuer: 'lab', subject: 'mona' },
      { issuer: 'lab-once', actor: '79' },
    ],
  },

  profiles: {
    ...company.profiles,
    lab: {
      target: 'staging',
      eligible: (['lab', 'lab-id', 'lab-cognito', 'lab-once'] as const).map((issuer) => ({ issuer, claims: { sub: glob('dana*') } })),
      tags: { run: claim('run') },
      duration: { default: '30m', max: '1h' },
    },
    'lab-two': {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { role: 'engineer' } }],
      policy: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
      approval: {
        rules: [
          { by: [{ issuer: 'lab', claims: { groups: includes('peers') } }], count: 1 },
          {
            by: [{ issuer: 'lab', claims: { groups: includes('managers') } }],
            count: 1,
            escalateTo: [{ issuer: 'lab', claims: { groups: includes('directors') } }],
          },
        ],
        expiresAfter: '1h',
        window: '1h',
        maxUses: 2,
        escalateAfter: '10m',
      },
      duration: { default: '30m', max: '1h' },
    },
    'lab-one': {
      target: 'staging',
      eligible: [
        { issuer: 'lab', claims: { role: 'engineer' } },
        { issuer: 'lab-once', claims: { role: 'job' } },
      ],
      approval: {
        rules: [{ by: [{ issuer: 'lab', claims: { groups: includes('peers') } }], count: 1 }],
        expiresAfter: '1h',
        window: '1h',
        maxUses: 1,
      },
      duration: { default: '30m', max: '1h' },
    },
    'lab-unattended': {
      target: 'staging',
      eligible: [{ issuer: 'lab', claims: { role: 'engineer' } }],
      approval: {
        rules: [{ by: [{ issuer: 'lab', claims: { groups: includes('peers') } }], count: 1 }],
        expiresAfter: '30m',
        window: '30m',
        maxUses: 1,
        breakGlass: { delay: '5m' },
      },
      duration: { default: '15m', max: '30m' },
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
