/**
 * Buildkite. Source: Buildkite Docs, "buildkite-agent oidc".
 *
 * All organizations share the issuer, and the organization's ID is only in tokens that request it:
 * `buildkite-agent oidc request-token --audience … --claim organization_id --claim pipeline_id`.
 */
import type { IssuerSource } from '../shape.ts'
import { type Audiences, type CommonOptions, common } from './common.ts'
import { entering, fact, id, type Knowledge, name, registered } from './knowledge.ts'
import { jobClaims } from './presets.ts'

/**
 *     buildkite({ key: 'bk', audiences: ['https://stint.acme.example'], organizationId: '0184990a-4711-4c3e-8b59-1f2c3d4e5f60' })
 */
export function buildkite(options: CommonOptions & Audiences & { readonly organizationId: string }): IssuerSource {
  const url = 'https://agent.buildkite.com'
  return {
    url,
    jwksUri: `${url}/.well-known/jwks`,
    ...options.at,
    preset: 'buildkite',
    kind: 'workload',
    audiences: options.audiences,
    tokenUse: 'id',
    algorithms: ['RS256'],
    // The subject contains commit and step, so every commit would be a different caller. In AWS the pipeline is the useful identity.
    identityClaim: 'pipeline_id',
    nameClaim: ['organization_slug', 'pipeline_slug', 'build_branch'],
    jobIdentity: [jobClaims.buildkite],
    tenant: { organization_id: options.organizationId },
    ...common(options),
  }
}

export const buildkiteKnowledge: Knowledge = {
  claims: {
    ...registered,
    sub: entering(name('pipeline_id')),
    organization_id: id(),
    pipeline_id: entering(id()),
    cluster_id: id(),
    queue_id: id(),
    agent_id: id(),
    organization_slug: name('organization_id'),
    pipeline_slug: entering(name('pipeline_id')),
    cluster_name: name('cluster_id'),
    queue_key: name('queue_id'),
    step_key: name(),
    build_id: fact(),
    build_number: fact('number'),
    build_branch: fact(),
    build_tag: fact(),
    build_commit: fact(),
    build_source: fact(),
    job_id: fact(),
    runner_environment: fact(),
    'https://aws.amazon.com/tags': fact('object'),
  },
  custom: /^agent_tag:/,
  defaultAudience: /^https:\/\/buildkite\.com\/|^sts\.amazonaws\.com$/,
}
