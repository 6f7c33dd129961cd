/** Rules that never match. Situations: issues of aws-actions/configure-aws-credentials and GitHub's OpenID Connect reference. */
import { expect, test } from 'vitest'
import { starsIn, trapsIn } from './traps.ts'

test.each<[string, object, readonly string[]]>([
  ['a star in a plain string', { repository: 'acme/*' }, ['repository']],
  ['a star in a list', { ref: { oneOf: ['refs/heads/r-*', 'refs/heads/main'] } }, ['ref']],
  ['a star in a claim that GitHub does not document', { repository_property_scope: 'orders:*' }, []],
  ['a star in a glob', { ref: { glob: 'refs/heads/r-*' } }, []],
  ['a short ref', { ref: 'main' }, ['ref']],
  ['a full ref', { ref: 'refs/heads/main' }, []],
  ['a tag under heads', { ref: 'refs/heads/v1', ref_type: 'tag' }, ['ref']],
  ['a branch under tags', { ref: 'refs/tags/v1', ref_type: 'branch' }, ['ref']],
  ['a pattern of tags under heads', { ref: { glob: 'refs/heads/v*' }, ref_type: 'tag' }, ['ref']],
  ['a tag by a subject under heads', { sub: 'repo:acme/web:ref:refs/heads/v1', ref_type: 'tag' }, ['sub']],
  ['a tag under tags', { ref: 'refs/tags/v1', ref_type: 'tag' }, []],
  ['a pull request by push', { sub: 'repo:acme/web:pull_request', event_name: 'push' }, ['sub']],
  ['a pull request', { sub: 'repo:acme/web:pull_request', event_name: 'pull_request' }, []],
  ['a ref beside an environment', { sub: 'repo:acme/web:ref:refs/heads/main', environment: 'prod' }, ['sub']],
  ['an environment', { sub: 'repo:acme/web:environment:prod', environment: 'prod' }, []],
])('%s', (_name, said, expected) => expect(trapsIn(said as never, 'github').map(({ claim }) => claim)).toEqual(expected))
test.each<[string, Parameters<typeof trapsIn>[1], object, readonly string[]]>([
  ['GitLab', 'gitlab', { project_path: 'acme/*' }, ['project_path']],
  ['GitLab, a claim of its own', 'gitlab', { 'user_identities.scope': 'orders:*' }, []],
  ['any issuer, whose scopes and audiences can hold a star', 'oidc', { scope: 'orders:*' }, []],
  ['Auth0', 'auth0', { scope: 'read:*' }, []],
])('a star in a plain string at %s', (_name, preset, said, expected) =>
  expect(trapsIn(said as never, preset).map(({ claim }) => claim)).toEqual(expected),
)
test('a short ref is right at other issuers', () => expect(trapsIn({ ref: 'main' }, 'gitlab')).toEqual([]))

/**
 * Rules that people wrote and that never matched. The situations are from public reports; none is copied.
 * configure-aws-credentials = github.com/aws-actions/configure-aws-credentials, by issue.
 */
test.each<[source: string, Parameters<typeof trapsIn>[1], object, readonly string[]]>([
  ['configure-aws-credentials 1137: StringEquals with a star', 'github', { sub: 'repo:acme/*' }, ['sub']],
  [
    'configure-aws-credentials 452: a pattern of refs beside an environment',
    'github',
    { sub: { glob: 'repo:acme/*:ref:refs/heads/*' }, environment: 'prod' },
    ['sub'],
  ],
  [
    'configure-aws-credentials 1024: a branch, and a job in an environment',
    'github',
    { sub: 'repo:acme/web:ref:refs/heads/test', environment: 'develop' },
    ['sub'],
  ],
  [
    'github/docs 24300: another environment in the subject',
    'github',
    { sub: 'repo:acme/web:environment:staging', environment: 'prod' },
    ['sub'],
  ],
  ['configure-aws-credentials 318: a branch without refs/heads', 'github', { sub: 'repo:acme/web:ref:main' }, ['sub']],
  ['GitHub Docs: a pattern for short refs', 'github', { ref: { glob: 'release/*' } }, ['ref']],
  ['GitHub Docs: base_ref as a full ref', 'github', { event_name: 'pull_request', base_ref: 'refs/heads/main' }, ['base_ref']],
  ['GitHub Docs: base_ref of a push', 'github', { event_name: 'push', base_ref: 'main' }, ['base_ref']],
  ['GitHub Docs: a called workflow', 'github', { event_name: 'workflow_call' }, ['event_name']],
  ['GitHub Docs: an event with a hyphen', 'github', { event_name: 'pull-request' }, ['event_name']],
  ['GitHub Docs: an event that is newer than this list', 'github', { event_name: 'quantum_leap' }, []],
  [
    'GitHub Docs: a reusable workflow without refs/heads',
    'github',
    { job_workflow_ref: 'acme/ci/.github/workflows/deploy.yml@main' },
    ['job_workflow_ref'],
  ],
  [
    'GitHub Docs: a reusable workflow at a commit',
    'github',
    { job_workflow_ref: `acme/ci/.github/workflows/deploy.yml@${'a'.repeat(40)}` },
    [],
  ],
  [
    'GitHub Docs: a workflow without its repository',
    'github',
    { workflow_ref: '.github/workflows/deploy.yml@refs/heads/main' },
    ['workflow_ref'],
  ],
  ['GitHub Docs: a repository without its owner', 'github', { repository: 'web' }, ['repository']],
  ['GitHub Docs: a name where the ID stands', 'github', { repository_id: 'acme/web' }, ['repository_id']],
  [
    'GitHub Docs: another branch in the subject',
    'github',
    { sub: 'repo:acme/web:ref:refs/heads/main', ref: 'refs/heads/release' },
    ['sub'],
  ],
  [
    'GitHub Docs: a dispatch with the subject of a pull request',
    'github',
    { sub: 'repo:acme/web:pull_request', event_name: { oneOf: ['push', 'workflow_dispatch'] } },
    ['sub'],
  ],
  ['GitHub Docs: a pull request in an environment', 'github', { sub: 'repo:acme/web:pull_request', environment: 'preview' }, ['sub']],
  ['GitHub Docs: an environment whose name has a colon', 'github', { sub: 'repo:acme/web:environment:a%3Ab', environment: 'a:b' }, []],
  [
    'GitHub Docs: a customized subject with both',
    'github',
    { sub: 'repo:acme/web:ref:refs/heads/main:environment:prod', environment: 'prod' },
    [],
  ],
  ['GitHub Docs: the runner of another forge', 'github', { runner_environment: 'gitlab-hosted' }, ['runner_environment']],
  ['GitLab Docs: a full ref in ref', 'gitlab', { ref: 'refs/heads/main' }, ['ref']],
  ['GitLab Docs: a short ref in ref_path', 'gitlab', { ref_path: 'main' }, ['ref_path']],
  ['GitLab Docs: a full ref in the subject', 'gitlab', { sub: 'project_path:acme/web:ref_type:branch:ref:refs/heads/main' }, ['sub']],
  ['GitLab Docs: a merge request', 'gitlab', { pipeline_source: 'merge_request' }, ['pipeline_source']],
  ['GitLab Docs: merge requests as GitLab names them', 'gitlab', { pipeline_source: 'merge_request_event' }, []],
  ['Buildkite Docs: a full ref', 'buildkite', { build_branch: 'refs/heads/main' }, ['build_branch']],
  ['Buildkite Docs: a subject without the commit', 'buildkite', { sub: 'organization:acme:pipeline:web:ref:refs/heads/main' }, ['sub']],
  ['CircleCI Docs: a short ref', 'circleci', { 'oidc.circleci.com/vcs-ref': 'main' }, ['oidc.circleci.com/vcs-ref']],
  [
    'CircleCI Docs: an origin with its scheme',
    'circleci',
    { 'oidc.circleci.com/vcs-origin': 'https://github.com/acme/web' },
    ['oidc.circleci.com/vcs-origin'],
  ],
  ['Atlassian Support: a UUID without braces', 'bitbucket', { repositoryUuid: 'c0f3d1f4-6a1e-4c59-9f9c-0b1a2c3d4e5f' }, ['repositoryUuid']],
  ['HashiCorp Developer: a phase that does not exist', 'terraform', { terraform_run_phase: 'applied' }, ['terraform_run_phase']],
  ['Kubernetes Docs: NAMESPACE:NAME alone', 'kubernetes', { sub: 'ci:deployer' }, ['sub']],
  ['Google Identity: the address of a service account as the subject', 'google', { sub: 'ci@acme-prod.iam.gserviceaccount.com' }, ['sub']],
])('%s (%s)', (_source, preset, said, expected) => expect(trapsIn(said as never, preset).map(({ claim }) => claim)).toEqual(expected))

test.each<[string, object, boolean]>([
  ['one short ref of two', { ref: { oneOf: ['main', 'refs/heads/main'] } }, false],
  ['two short refs', { ref: { oneOf: ['main', 'dev'] } }, true],
  ['a short ref or a pattern', { ref: { any: ['main', { glob: 'refs/heads/*' }] } }, false],
  ['a starred value of two', { ref: { oneOf: ['refs/heads/*', 'refs/heads/main'] } }, false],
])('%s: the rule is dead only if nothing is left', (_name, said, dead) =>
  expect(trapsIn(said as never, 'github').map((trap) => trap.dead)).toContain(dead),
)

test.each<[string, Parameters<typeof starsIn>[1], object, readonly string[]]>([
  ['groups of any issuer', 'oidc', { groups: { includes: 'sre-*' } }, ['groups']],
  ['groups that the preset knows', 'keycloak', { groups: { includes: 'sre-*' } }, ['groups']],
  ['a domain', 'oidc', { email: '*@acme.example' }, ['email']],
  ['people of Auth0', 'auth0', { sub: 'auth0|*' }, ['sub']],
  ['service accounts', 'kubernetes', { sub: 'system:serviceaccount:ci:*' }, ['sub']],
  ['a workspace of HCP Terraform', 'terraform', { terraform_workspace_name: 'prod-*' }, ['terraform_workspace_name']],
  ['roles of Entra', 'entra', { roles: { includes: 'Stint.*' } }, ['roles']],
  ['a scope', 'auth0', { scope: 'read:*' }, []],
  ['a not that excludes nothing', 'github', { ref: { not: 'refs/pull/*' } }, ['ref']],
  ['one within all', 'github', { ref: { all: [{ glob: 'refs/**' }, { not: 'refs/pull/*' }] } }, ['ref']],
  ['a not with a pattern', 'github', { ref: { not: { glob: 'refs/pull/**' } } }, []],
  ['a claim of the organization', 'oidc', { department: 'eng-*' }, []],
])('a star meant as a pattern: %s', (_name, preset, said, expected) =>
  expect(starsIn(said as never, preset).map(({ claim }) => claim)).toEqual(expected),
)
