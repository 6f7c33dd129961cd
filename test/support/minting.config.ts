/** The company's config, with profiles whose sessions may or may not mint, and callers who run under a role of AWS. */
import { awsOutbound, binding, defineConfig, glob, includes } from '@stint/core'
import company from '../../stint.config.ts'

const developers = [{ issuer: 'people', claims: { groups: includes('developers') } }]
const duration = { default: '30m', max: '1h' }

export default defineConfig({
  ...company,
  issuers: {
    ...company.issuers,
    aws: awsOutbound({
      key: 'aws',
      audiences: ['https://stint.acme.example'],
      issuerId: '3f2b1c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d',
      accountId: '111122223333',
      at: { url: binding('AWS_ISSUER'), jwksUri: binding('AWS_JWKS') },
    }),
  },
  profiles: {
    ...company.profiles,
    everything: { target: 'prod-admin', eligible: developers, duration },
    minting: {
      target: 'prod-admin',
      eligible: developers,
      policy: [{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }],
      mints: ['sts:GetWebIdentityToken'],
      duration,
    },
    'grants-read': {
      target: 'prod-admin',
      eligible: developers,
      policy: [{ Effect: 'Allow', Action: ['kms:CreateGrant', 'ecr:*'], Resource: '*' }],
      mints: ['ecr:GetAuthorizationToken'],
      approval: {
        rules: [{ by: [{ issuer: 'people', claims: { groups: includes('approvers') } }], count: 1 }],
        expiresAfter: '30m',
        window: '1h',
        maxUses: 1,
      },
      duration,
    },
    workload: { target: 'staging', eligible: [{ issuer: 'aws', claims: { sub: glob('arn:aws:iam::111122223333:role/**') } }], duration },
  },
})
