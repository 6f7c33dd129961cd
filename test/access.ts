/**
 * Who gets in where: the table beside `stint.config.ts`, run by `npx stint test` and by the tests. A change of the
 * rules shows here as a change of rows, so a reviewer sees what it means.
 */
import { type CaseCaller, defineCases } from 'stint'

const person = (sub: string, ...groups: string[]): CaseCaller => ({ issuer: 'people', claims: { sub, groups } })

const job = (claims: Record<string, string>): CaseCaller => ({
  issuer: 'github',
  claims: {
    sub: 'repo:acme/web:ref:refs/heads/main',
    repository: 'acme/web',
    repository_id: '74',
    repository_owner: 'acme',
    repository_owner_id: '65',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    event_name: 'push',
    runner_environment: 'github-hosted',
    run_id: '11042',
    actor_id: '1201',
    ...claims,
  },
})

const bucket = { parameters: { bucket: 'acme-orders-logs' } }
const emergency = { justification: 'INC-4711: orders are down' }

export default defineCases({
  callers: {
    developer: person('dev-1', 'developers'),
    auditor: person('aud-1', 'auditors'),
    'on-call': {
      ...person('onc-1', 'developers', 'oncall'),
      signedIn: '5m',
      claims: { sub: 'onc-1', groups: ['developers', 'oncall'], amr: ['pwd', 'mfa'] },
    },
    'on-call, by password alone': { ...person('onc-1', 'developers', 'oncall'), signedIn: '5m' },
    'on-call, signed in this morning': {
      ...person('onc-1', 'developers', 'oncall'),
      signedIn: '4h',
      claims: { sub: 'onc-1', groups: ['oncall'], amr: ['mfa'] },
    },
    'reporting tool': { issuer: 'tools', claims: { sub: 'reporting' } },
    'another tool': { issuer: 'tools', claims: { sub: 'billing' } },
    'push to main': job({}),
    'push to a branch': job({ ref: 'refs/heads/feature', sub: 'repo:acme/web:ref:refs/heads/feature' }),
    'version tag': job({ ref: 'refs/tags/v1.4.0', ref_type: 'tag', sub: 'repo:acme/web:ref:refs/tags/v1.4.0' }),
    'tag below a version': job({ ref: 'refs/tags/v1/evil', ref_type: 'tag' }),
    'pull request from a fork': job({ event_name: 'pull_request', ref: 'refs/pull/17/merge', sub: 'repo:acme/web:pull_request' }),
    pull_request_target: job({ event_name: 'pull_request_target' }),
    'self-hosted runner': job({ runner_environment: 'self-hosted' }),
    'another repository': job({ repository: 'acme/web', repository_id: '75' }),
    'another owner': job({ repository_owner: 'acme', repository_owner_id: '66' }),
  },
  cases: [
    ['developer', 'logs-read', 'allow', bucket],
    ['developer', 'logs-read', 'parameter-invalid'],
    ['developer', 'logs-read', 'parameter-invalid', { parameters: { bucket: 'acme-customers' } }],
    ['developer', 'logs-read', 'duration-invalid', { ...bucket, duration: '2h' }],
    ['developer', 'staging-power', 'allow'],
    ['developer', 'staging-long', 'allow'],
    ['developer', 'break-glass', 'not-eligible', emergency],
    ['auditor', 'security-audit', 'allow'],
    ['auditor', 'trail-read', 'allow'],
    ['on-call', 'logs-read', 'allow', bucket],
    ['on-call', 'staging-power', 'allow'],
    ['on-call', 'staging-long', 'allow'],
    ['on-call', 'break-glass', 'approval', emergency],
    ['on-call', 'break-glass', 'justification-required'],
    ['on-call, by password alone', 'break-glass', 'mfa-required', emergency],
    ['on-call, by password alone', 'logs-read', 'allow', bucket],
    ['on-call, by password alone', 'staging-power', 'allow'],
    ['on-call, by password alone', 'staging-long', 'allow'],
    ['on-call, signed in this morning', 'break-glass', 'auth-too-old', emergency],
    ['reporting tool', 'report-export', 'allow'],
    ['push to main', 'deploy-prod', 'allow'],
    ['push to main', 'release-artifacts', 'profile-unknown'],
    ['version tag', 'release-artifacts', 'allow'],
    ['tag below a version', 'release-artifacts', 'profile-unknown'],
    ['push to a branch', 'deploy-prod', 'profile-unknown'],
    ['pull request from a fork', 'deploy-prod', 'profile-unknown'],
    ['pull_request_target', 'deploy-prod', 'profile-unknown'],
    ['self-hosted runner', 'deploy-prod', 'profile-unknown'],
    ['another repository', 'deploy-prod', 'profile-unknown'],
    ['another owner', 'deploy-prod', 'token-invalid'],
  ],
  rest: 'refused',
})
