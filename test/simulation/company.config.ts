/** The company of the simulation: every kind of grant that Stint knows, and people with two identities. */
import { claim, defineConfig, includes, oneOf, param, text } from '@stint/core'

const lab = { jwksUri: 'https://lab.example/jwks', audiences: ['https://stint.acme.example'], algorithms: ['EdDSA'] as const }
const engineer = { issuer: 'lab', claims: { role: 'engineer' } }
const job = { issuer: 'ci', claims: { role: 'job' } }
const inGroup = (group: string) => [{ issuer: 'lab', claims: { groups: includes(group) } }]
const named = (...subjects: string[]) => [{ issuer: 'lab', claims: { sub: oneOf(...subjects) } }]
const duration = { default: '30m', max: '1h' } as const

export default defineConfig({
  issuers: {
    lab: {
      ...lab,
      url: 'https://lab.example/lab',
      key: 'acme',
      kind: 'human',
      tokenUse: 'access',
      nameClaim: 'name',
      groupsClaim: 'groups',
    },
    ci: {
      ...lab,
      url: 'https://lab.example/ci',
      key: 'ci',
      kind: 'workload',
      tokenUse: 'any',
      replay: 'once',
      actorClaim: 'actor_id',
      jobIdentity: ['run_id'],
    },
  },
  targets: {
    staging: {
      account: '444455556666',
      roleArn: 'arn:aws:iam::444455556666:role/stint/PowerUser',
      externalId: 'stint-staging-c2d5',
      region: 'eu-central-1',
      revocation: true,
    },
    payments: {
      account: '777788889999',
      roleArn: 'arn:aws:iam::777788889999:role/Deploy',
      externalId: 'stint-payments-91e0',
      region: 'eu-west-1',
      revocation: true,
    },
    // Its sessions do not end at once.
    archive: {
      account: '222233334444',
      roleArn: 'arn:aws:iam::222233334444:role/stint/Reader',
      externalId: 'stint-archive-40ab',
      region: 'eu-central-1',
    },
  },
  responders: inGroup('responders'),
  auditors: inGroup('auditors'),
  people: {
    bob: [
      { issuer: 'lab', subject: 'bob' },
      { issuer: 'lab', subject: 'bob-two' },
    ],
    dana: [
      { issuer: 'lab', subject: 'dana' },
      { issuer: 'lab', subject: 'dana-admin' },
      { issuer: 'ci', actor: '77' },
    ],
    rex: [
      { issuer: 'lab', subject: 'rex' },
      { issuer: 'lab', subject: 'rex-two' },
    ],
  },
  log: { origin: 'stint.sim.example/log' },
  slack: { team: 'T0ACME', app: 'A0STINT', channel: 'C0ACCESS', onCall: 'S0ONCALL' },
  profiles: {
    plain: { target: 'staging', eligible: [engineer, job], duration, tags: { team: claim('team') } },
    long: {
      target: 'staging',
      eligible: [engineer, job],
      duration: { default: '40m', max: '1h', renew: '5m' },
      tags: { team: claim('team') },
    },
    'long-two': {
      target: 'payments',
      eligible: [engineer],
      duration: { default: '40m', max: '1h', renew: '10m' },
      approval: { rules: [{ by: inGroup('peers'), count: 1 }], expiresAfter: '1h', window: '30m', maxUses: 2 },
    },
    bucket: {
      target: 'archive',
      eligible: [{ ...engineer, authAge: '15m' }],
      duration,
      parameters: { bucket: { pattern: 'acme-[a-z]+', max: 20 } },
      policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: text`arn:aws:s3:::${param('bucket')}/*` }],
    },
    one: {
      target: 'staging',
      eligible: [engineer, job],
      duration,
      approval: { rules: [{ by: inGroup('peers'), count: 1 }], expiresAfter: '1h', window: '1h', maxUses: 1 },
    },
    two: {
      target: 'payments',
      eligible: [engineer],
      duration,
      approval: {
        rules: [
          { by: inGroup('peers'), count: 1 },
          { by: inGroup('managers'), count: 1, escalateTo: inGroup('directors') },
        ],
        expiresAfter: '1h',
        window: '1h',
        maxUses: 2,
        escalateAfter: '10m',
      },
    },
    many: {
      target: 'staging',
      eligible: [engineer, job],
      duration,
      approval: { rules: [{ by: inGroup('peers'), count: 2 }], expiresAfter: '30m', window: '20m', maxUses: 3 },
    },
    pair: {
      target: 'staging',
      eligible: [engineer],
      duration,
      approval: { rules: [{ by: inGroup('peers'), count: 2 }], expiresAfter: '2h', window: '20m', maxUses: 1 },
    },
    // Approvers named one by one can approve from Slack.
    chat: {
      target: 'payments',
      eligible: [engineer],
      duration,
      policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      approval: { rules: [{ by: named('avery', 'olu'), count: 1 }], expiresAfter: '1h', window: '30m', maxUses: 2 },
    },
    glass: {
      target: 'archive',
      eligible: [engineer],
      duration,
      justification: 'required',
      approval: {
        rules: [{ by: [...inGroup('peers'), ...named('avery')], count: 1 }],
        expiresAfter: '30m',
        window: '2d',
        maxUses: 2,
        breakGlass: { delay: '5m' },
      },
    },
  },
})
