/** CircleCI, with one issuer per organization. Source: CircleCI Docs, "Using OpenID Connect tokens in jobs". */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'
import { jobClaims } from './presets.ts'

const SSH_RERUN = 'oidc.circleci.com/ssh-rerun'

/**
 * A job that was re-run with SSH gives a person a shell, so its tokens are refused unless you set `sshReruns: true`.
 *
 *     circleci({ key: 'cci', audiences: ['https://stint.acme.example'], organizationId: '5b6c3d2e-1f00-4a7b-9c8d-0e1f2a3b4c5d' })
 */
export function circleci(
  options: CommonOptions & Audiences & { readonly organizationId: string; readonly sshReruns?: true },
): IssuerSource {
  const url = `https://oidc.circleci.com/org/${options.organizationId}`
  return {
    url,
    jwksUri: `${url}/.well-known/jwks-pub.json`,
    ...options.at,
    preset: 'circleci',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: ['oidc.circleci.com/vcs-origin', 'oidc.circleci.com/vcs-ref'],
    jobIdentity: [jobClaims.circleci],
    ...(options.sshReruns ? {} : { tenant: { [SSH_RERUN]: false } }),
    ...common(options),
  }
}

export const circleciKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(id()),
    'oidc.circleci.com/project-id': entering(id()),
    'oidc.circleci.com/org-id': id(),
    'oidc.circleci.com/context-ids': id('texts'),
    'oidc.circleci.com/pipeline-definition-id': id(),
    'oidc.circleci.com/vcs-origin': entering(name('oidc.circleci.com/project-id')),
    'oidc.circleci.com/vcs-ref': fact(),
    [SSH_RERUN]: fact('boolean'),
    'oidc.circleci.com/job-id': fact(),
    'oidc.circleci.com/pipeline-id': fact(),
    'oidc.circleci.com/workflow-id': fact(),
  },
  defaultAudience: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
}
