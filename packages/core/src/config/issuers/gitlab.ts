/**
 * GitLab CI/CD ID tokens. Source: GitLab Docs, "OpenID Connect (OIDC) authentication using ID tokens".
 *
 * In a merge request's pipeline, `project_*`, `namespace_*` and `ref` are those of the source fork (since 18.2.2; before
 * that, a fork's code ran under the name of its target). Require `ref_protected: 'true'` for important profiles.
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'

type GitlabOptions = CommonOptions &
  Audiences &
  (
    | { readonly namespaceId: string }
    | { readonly projectId: string }
    /** Your own instance, such as `https://gitlab.acme.example`: all its projects are yours. */
    | { readonly url: string }
  )

/**
 * A token lives as long as its job can run: set `maxTokenLife` if that is more than an hour. gitlab.com is shared, so you pin a
 * namespace (the one of the project itself; a subgroup has its own ID) or a project.
 *
 *     gitlab({ key: 'gl', audiences: ['https://stint.acme.example'], namespaceId: '72' })
 *     gitlab({ key: 'gl', audiences: ['https://stint.acme.example'], url: 'https://gitlab.acme.example' })
 */
export function gitlab(options: GitlabOptions): IssuerSource {
  const url = 'url' in options ? options.url.replace(/\/$/, '') : 'https://gitlab.com'
  return {
    url,
    jwksUri: `${url}/oauth/discovery/keys`,
    ...options.at,
    preset: 'gitlab',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: ['project_path', 'ref'],
    jobIdentity: ['pipeline_id'],
    actorClaim: 'user_id',
    ...('namespaceId' in options ? { tenant: { namespace_id: options.namespaceId } } : {}),
    ...('projectId' in options ? { tenant: { project_id: options.projectId } } : {}),
    ...common(options),
  }
}

export const gitlabKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(name('project_id')),
    project_id: entering(id()),
    namespace_id: id(),
    job_project_id: id(),
    job_namespace_id: id(),
    user_id: id(),
    runner_id: id('number'),
    project_path: entering(name('project_id')),
    namespace_path: name('namespace_id'),
    job_project_path: name('job_project_id'),
    job_namespace_path: name('job_namespace_id'),
    user_login: name('user_id'),
    user_email: name('user_id'),
    user_identities: name('user_id', 'object'),
    groups_direct: fact('texts'),
    ci_config_ref_uri: entering(name()),
    environment: name(),
    ref: fact(),
    ref_type: fact(),
    ref_path: fact(),
    ref_protected: fact(),
    environment_protected: fact(),
    environment_action: fact(),
    deployment_tier: fact(),
    pipeline_id: fact(),
    pipeline_source: fact(),
    job_id: fact(),
    job_source: fact(),
    job_config: fact('object'),
    runner_environment: fact(),
    sha: fact(),
    ci_config_sha: fact(),
    project_visibility: fact(),
    user_access_level: fact(),
  },
  defaultAudience: /^https:\/\/gitlab\.com$/,
}
