/**
 * Who can access what. This file is Stint's complete access policy. It is reviewed like code, and every event has its hash.
 *
 * It describes a fictional company. Run it with `npm start`, then replace issuers, targets and profiles with your own.
 * packages/core/src/config/shape.ts explains every setting.
 */
import { binding, claim, constant, defineConfig, github, glob, includes, oidc, oneOf, param, text } from 'stint'

const audience = 'https://stint.acme.example'

export default defineConfig({
  issuers: {
    // People sign in with the company's OIDC provider. `npm start` binds a simulated one.
    // stint-lint-ignore responders-of-one-issuer: there is one directory of people; a deployment releases its freeze
    people: oidc({
      url: binding('PEOPLE_ISSUER', 'https://login.acme.example'),
      jwksUri: binding('PEOPLE_JWKS', 'https://login.acme.example/jwks'),
      key: 'acme',
      kind: 'human',
      audiences: [audience],
      tokenUse: 'access',
      algorithms: ['ES256'],
      nameClaim: 'name',
      groupsClaim: 'groups',
      maxTokenLife: '1h',
    }),
    // Internal tools get tokens with client credentials.
    tools: oidc({
      url: binding('TOOLS_ISSUER', 'https://tools.acme.example'),
      jwksUri: binding('TOOLS_JWKS', 'https://tools.acme.example/jwks'),
      key: 'tools',
      kind: 'workload',
      audiences: [audience],
      tokenUse: 'access',
    }),
    // GitHub Actions has one issuer for all of GitHub, so the owner is pinned by ID. Names can be taken over, IDs cannot.
    github: github({
      key: 'gh',
      audiences: [audience],
      ownerId: '65',
      at: {
        url: binding('ACTIONS_ISSUER', 'https://token.actions.githubusercontent.com'),
        jwksUri: binding('ACTIONS_JWKS', 'https://token.actions.githubusercontent.com/.well-known/jwks'),
      },
    }),
  },

  targets: {
    'prod-readonly': {
      account: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/stint/ReadOnly',
      externalId: 'stint-prod-7f3a',
      region: 'eu-central-1',
    },
    'prod-deploy': {
      account: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/stint/Deploy',
      externalId: 'stint-prod-deploy-b81c',
      region: 'eu-central-1',
    },
    'prod-admin': {
      account: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/stint/Admin',
      externalId: 'stint-prod-admin-19e0',
      region: 'eu-central-1',
    },
    staging: {
      account: '444455556666',
      roleArn: 'arn:aws:iam::444455556666:role/stint/PowerUser',
      externalId: 'stint-staging-c2d5',
      region: 'eu-central-1',
      // An ended session loses its access within seconds to minutes: Stint denies it in a policy of the role.
      revocation: true,
    },
    audit: {
      account: '999988887777',
      roleArn: 'arn:aws:iam::999988887777:role/stint/AuditRead',
      externalId: 'stint-audit-5d7e',
      region: 'eu-central-1',
    },
    data: {
      account: '777788889999',
      roleArn: 'arn:aws:iam::777788889999:role/stint/Reports',
      externalId: 'stint-data-40be',
      region: 'eu-central-1',
    },
  },

  profiles: {
    'logs-read': {
      target: 'prod-readonly',
      description: 'Read one log bucket of production',
      eligible: [{ issuer: 'people', claims: { groups: includes('developers') } }],
      parameters: { bucket: { pattern: 'acme-[a-z0-9-]+-logs', max: 63 } },
      policy: [
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: text`arn:aws:s3:::${param('bucket')}` },
        { Effect: 'Allow', Action: 's3:GetObject', Resource: text`arn:aws:s3:::${param('bucket')}/*` },
      ],
      tags: { team: constant('developers'), bucket: param('bucket') },
      duration: { default: '30m', max: '1h' },
    },

    'staging-power': {
      target: 'staging',
      description: 'All that the staging role may do',
      // Sessions cannot create a credential, token or key that outlives them, unless `mints` names the action.
      eligible: [{ issuer: 'people', claims: { groups: includes('developers') } }],
      duration: { default: '1h', max: '1h' },
    },

    'staging-long': {
      target: 'staging',
      description: 'Work on staging for up to eight hours',
      eligible: [{ issuer: 'people', claims: { groups: includes('developers') } }],
      // AWS limits a chained session to an hour. This one gets further credentials until it ends, as long as the caller may have them.
      duration: { default: '4h', max: '8h', renew: '30m' },
    },

    'security-audit': {
      target: 'prod-readonly',
      description: 'Look at the configuration of production, not at its data',
      eligible: [{ issuer: 'people', claims: { groups: includes('auditors') } }],
      policyArns: ['arn:aws:iam::aws:policy/SecurityAudit'],
      duration: { default: '30m', max: '1h' },
    },

    'trail-read': {
      target: 'audit',
      description: 'Copy the audit log and CloudTrail, to hold one against the other',
      eligible: [{ issuer: 'people', claims: { groups: includes('auditors') } }],
      policy: ['stint-log', 'stint-events', 'acme-cloudtrail'].flatMap((bucket) => [
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
        { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
      ]),
      duration: { default: '30m', max: '1h' },
    },

    'deploy-prod': {
      target: 'prod-deploy',
      description: 'Publish the web site, from main and by push only',
      eligible: [
        {
          issuer: 'github',
          // The ref alone proves nothing: pull_request_target also runs with ref = refs/heads/main.
          claims: {
            repository_id: '74',
            ref: 'refs/heads/main',
            event_name: oneOf('push', 'workflow_dispatch'),
            runner_environment: 'github-hosted',
          },
        },
      ],
      policy: [
        { Effect: 'Allow', Action: ['s3:PutObject', 's3:GetObject', 's3:DeleteObject'], Resource: 'arn:aws:s3:::acme-web-assets/*' },
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::acme-web-assets' },
      ],
      tags: { repository: claim('repository_id'), run: claim('run_id') },
      duration: { default: '15m', max: '30m' },
    },

    'release-artifacts': {
      target: 'prod-deploy',
      description: 'Upload release artifacts, from version tags only',
      eligible: [{ issuer: 'github', claims: { repository_id: '74', ref: glob('refs/tags/v*'), event_name: 'push' } }],
      policy: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::acme-releases/*' }],
      duration: { default: '15m', max: '30m' },
    },

    'report-export': {
      target: 'data',
      description: 'The reporting tool reads the warehouse exports',
      eligible: [{ issuer: 'tools', claims: { sub: 'reporting' } }],
      policy: [
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::acme-warehouse-exports' },
        { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-warehouse-exports/*' },
      ],
      sourceIdentity: false,
      duration: { default: '1h', max: '1h' },
    },

    'break-glass': {
      target: 'prod-admin',
      description: 'Administrator of production, in an emergency',
      eligible: [{ issuer: 'people', claims: { groups: includes('oncall') }, mfa: true, authAge: '15m' }],
      visibleTo: [{ issuer: 'people', claims: { groups: includes('developers') } }],
      approval: {
        rules: [{ by: [{ issuer: 'people', claims: { groups: includes('approvers') } }], count: 1 }],
        expiresAfter: '30m',
        window: '1h',
        maxUses: 3,
        breakGlass: true,
      },
      justification: 'required',
      duration: { default: '30m', max: '1h' },
    },
  },

  // The Slack workspace for requests, approvals and notifications. IDs, because a channel name can be reused.
  slack: { team: 'T0ACME', app: 'A0STINT', channel: 'C0ACCESS', onCall: 'S0ONCALL' },

  // How people sign in to Stint’s own pages, and the directory from which Stint reads their current claims.
  signIn: {
    people: {
      authorizationEndpoint: binding('PEOPLE_AUTHORIZE', 'https://login.acme.example/authorize'),
      tokenEndpoint: binding('PEOPLE_TOKEN', 'https://login.acme.example/token'),
      clientId: 'stint-web',
      cli: { clientId: 'stint-cli', scope: 'openid offline_access vend' },
    },
  },
  directories: { people: { scim: binding('PEOPLE_SCIM', 'https://directory.acme.example/scim/v2'), by: 'externalId' } },

  // The name of the audit log. It must never change.
  log: { origin: binding('LOG_ORIGIN', 'stint.acme.example/log') },

  // Responders can freeze access. A release takes two of them.
  responders: [
    { issuer: 'people', claims: { groups: includes('oncall') }, mfa: true },
    { issuer: 'people', claims: { groups: includes('approvers') }, mfa: true },
  ],

  // The identities of one person, so that no one can approve their own request with another identity.
  people: {
    dana: [
      { issuer: 'people', subject: '6f0c1b9e-dev-1' },
      { issuer: 'github', actor: '1201' },
    ],
  },

  auditors: [{ issuer: 'people', claims: { groups: includes('auditors') } }],
})
