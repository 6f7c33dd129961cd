/** The lab's config, with profiles for corners of Slack: approvers named one by one, so nothing hangs on a directory. */
import { defineConfig, includes, oneOf } from '@stint/core'
import lab from './lab.config.ts'

const named = (...subjects: string[]) => [{ issuer: 'lab', claims: { sub: oneOf(...subjects) } }]
const approval = { rules: [{ by: named('approver', 'auditor'), count: 1 }], expiresAfter: '30m', window: '1h', maxUses: 3 }
const profile = { target: 'staging', eligible: named('oncall', 'developer'), approval, duration: { default: '30m', max: '1h' } } as const

export default defineConfig({
  ...lab,
  slack: { team: 'T0ACME', app: 'A0STINT', channel: 'C0ACCESS', onCall: 'S0ONCALL', trustEmail: { issuer: 'lab' } },
  responders: [...(lab.responders ?? []), ...named('approver', 'auditor', 'oncall')],
  profiles: {
    ...lab.profiles,
    night: {
      ...profile,
      approval: {
        ...approval,
        breakGlass: true,
        escalateAfter: '10m',
        rules: [{ by: named('approver'), count: 1, escalateTo: named('auditor') }],
      },
      slack: { dm: true },
    },
    bucket: {
      ...profile,
      parameters: { bucket: { pattern: 'acme-[a-z]+', max: 20 } },
      policy: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
    },
    'two-people': {
      ...profile,
      approval: { ...approval, rules: [{ by: named('approver', 'auditor'), count: 2 }] },
      slack: { channel: 'C0ONCALL' },
    },
    grouped: {
      ...profile,
      approval: { ...approval, rules: [{ by: [{ issuer: 'lab', claims: { groups: includes('approvers') } }], count: 1 }] },
    },
    stepped: { ...profile, approval: { ...approval, stepUp: true } },
    ...Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [
        `crowd-${String(at).padStart(3, '0')}`,
        { ...profile, description: `Team ${at}`, eligible: named('second-developer') },
      ]),
    ),
  },
})
