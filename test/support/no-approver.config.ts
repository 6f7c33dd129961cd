/** The config of the Slack tests, with profiles whose approvers also request them. */
import { defineConfig, includes, oneOf } from '@stint/core'
import slack from './slack.config.ts'

const named = (...subjects: string[]) => [{ issuer: 'lab', claims: { sub: oneOf(...subjects) } }]
const approval = { rules: [{ by: named('approver'), count: 1 }], expiresAfter: '30m', window: '1h', maxUses: 1 }
const profile = { target: 'staging', duration: { default: '30m', max: '1h' }, approval } as const

export default defineConfig({
  ...slack,
  profiles: {
    ...slack.profiles,
    alone: { ...profile, eligible: named('approver', 'developer') },
    'alone-by-alias': {
      ...profile,
      eligible: [...named('eve'), { issuer: 'lab-once', claims: { role: 'job' } }],
      approval: { ...approval, rules: [{ by: named('eve-admin'), count: 1 }] },
    },
    'one-of-two': {
      ...profile,
      eligible: named('approver'),
      approval: { ...approval, rules: [{ by: named('approver', 'auditor'), count: 2 }] },
    },
    'or-a-group': {
      ...profile,
      eligible: named('approver'),
      approval: {
        ...approval,
        rules: [{ by: [...named('approver'), { issuer: 'lab', claims: { groups: includes('peers') } }], count: 1 }],
      },
    },
    unattended: { ...profile, eligible: named('approver'), approval: { ...approval, breakGlass: { delay: '5m' } } },
  },
})
