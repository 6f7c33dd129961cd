/**
 * GitHub Actions. Source: GitHub Docs, "OpenID Connect reference", "OpenID Connect".
 *
 * `sub` comes in two forms, `repo:acme/web:ref:refs/heads/main` and, for repositories made after 15 July 2026,
 * `repo:acme@65/web@74:ref:refs/heads/main`, and an organization can customize it freely: match the claims instead.
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'
import { jobClaims } from './presets.ts'

type GithubOptions = CommonOptions &
  Audiences & {
    /** The slug of an enterprise that has enabled its own issuer. */
    readonly enterprise?: string
  } & (
    | { readonly ownerId: string }
    | { readonly enterpriseId: string }
    | { readonly repositoryId: string }
    /** GitHub Enterprise Server: all its repositories are yours. */
    | { readonly host: string }
  )

/**
 * All of github.com shares one issuer, so you pin an owner, an enterprise or a repository by ID: anyone can register a name that
 * was given up. `gh api /users/acme --jq .id` prints the ID.
 *
 *     github({ key: 'gh', audiences: ['https://stint.acme.example'], ownerId: '65' })
 */
export function github(options: GithubOptions): IssuerSource {
  const host = 'host' in options ? options.host : undefined
  const root = host === undefined ? 'https://token.actions.githubusercontent.com' : `https://${host}/_services/token`
  const url = options.enterprise === undefined ? root : `${root}/${options.enterprise}`
  return {
    url,
    jwksUri: `${url}/.well-known/jwks`,
    ...options.at,
    preset: 'github',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    nameClaim: ['repository', 'ref'],
    jobIdentity: [jobClaims.github],
    actorClaim: 'actor_id',
    ...('ownerId' in options ? { tenant: { repository_owner_id: options.ownerId } } : {}),
    ...('enterpriseId' in options ? { tenant: { enterprise_id: options.enterpriseId } } : {}),
    ...('repositoryId' in options ? { tenant: { repository_id: options.repositoryId } } : {}),
    ...common(options),
  }
}

export const githubKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(name('repository_id')),
    repository_id: entering(id()),
    repository_owner_id: id(),
    actor_id: id(),
    enterprise_id: id(),
    repository: entering(name('repository_id')),
    repository_owner: name('repository_owner_id'),
    actor: name('actor_id'),
    enterprise: name('enterprise_id'),
    job_workflow_ref: entering(name()),
    workflow_ref: entering(name()),
    workflow: name(),
    environment: name(),
    ref: fact(),
    ref_type: fact(),
    ref_protected: fact(),
    base_ref: fact(),
    head_ref: fact(),
    event_name: fact(),
    sha: fact(),
    job_workflow_sha: fact(),
    workflow_sha: fact(),
    repository_visibility: fact(),
    runner_environment: fact(),
    run_id: fact(),
    run_number: fact(),
    run_attempt: fact(),
    check_run_id: fact(),
    environment_node_id: id(),
    issuer_scope: fact(),
  },
  custom: /^repo_property_/,
  defaultAudience: /^https:\/\/github\.com\/|^sts\.amazonaws\.com$/,
}
