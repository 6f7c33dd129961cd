/** The company's config, with ways in that outlast a session or need people, for its jobs at GitHub. */
import { defineConfig, includes } from '@stint/core'
import company from '../../stint.config.ts'

const job = { issuer: 'github', claims: { repository_id: '74', event_name: 'push' } }

export default defineConfig({
  ...company,
  profiles: {
    ...company.profiles,
    nightly: {
      target: 'prod-deploy',
      eligible: [job],
      policy: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::acme-web-assets/*' }],
      duration: { default: '1h', max: '1h' },
    },
    errand: {
      target: 'prod-deploy',
      eligible: [job],
      policy: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::acme-web-assets/*' }],
      duration: { default: '15m', max: '30m' },
      endOnExit: true,
    },
    gated: {
      target: 'prod-deploy',
      eligible: [job],
      approval: {
        rules: [{ by: [{ issuer: 'people', claims: { groups: includes('approvers') } }], count: 1 }],
        expiresAfter: '1h',
        window: '1h',
        maxUses: 1,
      },
      duration: { default: '30m', max: '1h' },
    },
  },
})
