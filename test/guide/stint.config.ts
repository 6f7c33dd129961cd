/** The cross-account scenario through Stint: one target in each account of the guide, in roles that the reader creates. */
import { binding, defineConfig, includes, oidc } from '@stint/core'

const people = oidc({
  url: binding('PEOPLE_ISSUER', 'https://login.acme.example'),
  jwksUri: binding('PEOPLE_JWKS', 'https://login.acme.example/jwks'),
  key: 'acme',
  kind: 'human',
  audiences: ['https://stint.acme.example'],
  tokenUse: 'access',
  algorithms: ['ES256'],
  nameClaim: 'name',
  groupsClaim: 'groups',
  maxTokenLife: '1h',
})
const eligible = [{ issuer: 'people' as const, claims: { groups: includes('developers') } }]
const duration = { default: '15m', max: '1h' } as const

export default defineConfig({
  issuers: { people },
  targets: {
    development: {
      account: '123456789012',
      roleArn: 'arn:aws:iam::123456789012:role/StintDevelopment',
      externalId: 'dev-access-2024',
      region: 'eu-central-1',
    },
    production: {
      account: '987654321098',
      roleArn: 'arn:aws:iam::987654321098:role/StintProduction',
      externalId: 'prod-access-2024',
      region: 'eu-central-1',
    },
  },
  profiles: {
    development: { target: 'development', eligible, duration },
    // AWS has this policy. The sandbox does not, and says so.
    'unknown-here': { target: 'production', eligible, policyArns: ['arn:aws:iam::aws:policy/AmazonChimeFullAccess'], duration },
    // No account has this policy.
    mistaken: { target: 'production', eligible, policyArns: ['arn:aws:iam::987654321098:policy/Nothing'], duration },
    production: {
      target: 'production',
      eligible,
      policy: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: 'arn:aws:s3:::my-secure-bucket*' }],
      duration,
    },
  },
})
