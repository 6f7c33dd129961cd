/** The config of the company whose state each release leaves behind. It changes with care: code of earlier releases has loaded it, too. */
import { binding, claim, defineConfig, includes, oidc } from '@stint/core'

const audiences = ['https://stint.acme.example']
const at = { jwksUri: binding('LAB_JWKS'), audiences, algorithms: ['ES256'] as const }
const member = (group: string) => [{ issuer: 'lab', claims: { groups: includes(group) } }]
const engineers = [{ issuer: 'lab', claims: { role: 'engineer' } }]
// Slack knows the subject of a person, and no groups.
const avery = { issuer: 'lab', claims: { sub: 'avery' } }
const approvers = [avery, ...member('peers'), { issuer: 'people', claims: { groups: includes('approvers') } }]
const peers = { rules: [{ by: approvers, count: 1 }], expiresAfter: '2h', window: '4h', maxUses: 2 } as const

export default defineConfig({
  issuers: {
    // For Stint's pages. The sandbox is this issuer.
    people: oidc({
      ...{ url: binding('PEOPLE_ISSUER'), jwksUri: binding('PEOPLE_JWKS'), key: 'acme', kind: 'human', audiences, tokenUse: 'access' },
      ...{ algorithms: ['ES256'], nameClaim: 'name', groupsClaim: 'groups' },
    }),
    // For calls. The test signs the tokens, by a clock that it can move.
    lab: { ...at, url: binding('LAB_ISSUER'), key: 'lab', kind: 'human', tokenUse: 'access', nameClaim: 'name', groupsClaim: 'groups' },
    jobs: { ...at, url: binding('LAB_ONCE_ISSUER'), key: 'jobs', kind: 'workload', tokenUse: 'any', replay: 'once' },
  },
  targets: {
    staging: {
      account: '444455556666',
      roleArn: 'arn:aws:iam::444455556666:role/stint/PowerUser',
      externalId: 'stint-staging-c2d5',
      region: 'eu-central-1',
      revocation: true,
    },
    prod: {
      account: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/stint/Admin',
      externalId: 'stint-prod-admin-19e0',
      region: 'eu-central-1',
    },
  },
  profiles: {
    plain: { target: 'staging', eligible: engineers, tags: { run: claim('run') }, duration: { default: '30m', max: '1h' } },
    paused: { target: 'staging', eligible: engineers, duration: { default: '30m', max: '1h' } },
    long: {
      target: 'staging',
      eligible: [...engineers, { issuer: 'jobs', claims: { role: 'job' } }],
      parameters: { bucket: { pattern: '[a-z]+', max: 20 } },
      policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: { join: ['arn:aws:s3:::', { param: 'bucket' }, '/*'] } }],
      duration: { default: '4h', max: '8h', renew: '30m' },
    },
    approved: {
      target: 'prod',
      eligible: engineers,
      approval: peers,
      justification: 'required',
      duration: { default: '2h', max: '4h', renew: '30m' },
    },
    emergency: {
      target: 'prod',
      eligible: engineers,
      approval: { ...peers, breakGlass: { delay: '5m' } },
      justification: 'required',
      duration: { default: '30m', max: '1h' },
    },
    pages: {
      target: 'staging',
      eligible: [{ issuer: 'people', claims: { groups: includes('developers') } }],
      approval: peers,
      duration: { default: '30m', max: '1h' },
    },
  },
  slack: { team: 'T0ACME', app: 'A0STINT', channel: 'C0ACCESS', onCall: 'S0ONCALL' },
  signIn: {
    people: { authorizationEndpoint: binding('PEOPLE_AUTHORIZE'), tokenEndpoint: binding('PEOPLE_TOKEN'), clientId: 'stint-web' },
  },
  log: { origin: 'releases.stint.example/log' },
  responders: member('responders'),
  auditors: member('auditors'),
  people: { erin: [{ issuer: 'lab', subject: 'erin' }] },
})
