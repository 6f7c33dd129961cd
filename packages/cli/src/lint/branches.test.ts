/**
 * CI rules that any branch of any writer matches. Situations: public reports on over-wide trust (Datadog Security Labs, "No keys
 * attached: exploring GitHub-to-AWS keyless authentication flaws"; Rezonate, "GitHub misconfigurations put GCP & AWS in account takeover
 * risk"; Tinder, "Identifying vulnerabilities in GitHub Actions & AWS OIDC configurations"; Unit 42, "OH-MY-DC: OIDC
 * misconfigurations in CI/CD") and the pages of each CI system that branches.ts names. Nothing is copied.
 */
import { expect, test } from 'vitest'
import { lintBranches } from './branches.ts'

const found = (preset: Parameters<typeof lintBranches>[1], said: object): string | undefined => {
  const texts: string[] = []
  lintBranches(said as never, preset, 'at', (_rule, _path, what) => void texts.push(what))
  return texts[0]
}
const id = { repository_id: '74' }

test.each<[string, Parameters<typeof lintBranches>[1], object, string | undefined]>([
  ['a repository and push', 'github', { ...id, event_name: 'push' }, 'Every branch that a writer pushes'],
  ['a repository and workflow_dispatch', 'github', { ...id, event_name: 'workflow_dispatch' }, 'Every branch'],
  ['a repository and deployment', 'github', { ...id, event_name: 'deployment' }, 'Every branch'],
  ['a repository and release, which takes any tag', 'github', { ...id, event_name: 'release' }, 'Every tag'],
  ['a repository and schedule', 'github', { ...id, event_name: 'schedule' }, undefined],
  ['a repository and merge_group', 'github', { ...id, event_name: 'merge_group' }, undefined],
  ['one branch', 'github', { ...id, event_name: 'push', ref: 'refs/heads/main' }, undefined],
  ['all branches, as a pattern', 'github', { ...id, event_name: 'push', ref: { glob: 'refs/heads/*' } }, 'Every branch'],
  ['all refs, as a pattern', 'github', { ...id, event_name: 'push', ref: { glob: 'refs/**' } }, 'Every branch'],
  ['branches that end alike', 'github', { ...id, event_name: 'push', ref: { glob: 'refs/heads/*-release' } }, 'Every branch'],
  ['branches that start alike', 'github', { ...id, event_name: 'push', ref: { glob: 'refs/heads/release/*' } }, undefined],
  ['all branches but one', 'github', { ...id, event_name: 'push', ref: { not: 'refs/heads/dev' } }, 'Every branch'],
  ['any tag', 'github', { ...id, event_name: 'push', ref_type: 'tag' }, 'Every tag'],
  ['tags that start alike', 'github', { ...id, event_name: 'push', ref: { glob: 'refs/tags/v*' } }, undefined],
  ['a protected branch', 'github', { ...id, event_name: 'push', ref_protected: 'true' }, undefined],
  ['an environment', 'github', { ...id, environment: 'production' }, undefined],
  [
    'a pattern of environments, which a job makes by naming one',
    'github',
    { ...id, event_name: 'push', environment: { glob: 'prod*' } },
    'Every branch',
  ],
  ['a workflow by its name', 'github', { ...id, event_name: 'push', workflow: 'Deploy' }, 'chooses its own name'],
  [
    'a workflow of any branch',
    'github',
    { ...id, event_name: 'push', workflow_ref: { glob: 'acme/web/.github/workflows/deploy.yml@*' } },
    'name its ref after the @',
  ],
  [
    'a workflow of all heads',
    'github',
    { ...id, event_name: 'push', workflow_ref: { glob: 'acme/web/.github/workflows/deploy.yml@refs/heads/*' } },
    'name its ref after the @',
  ],
  [
    'a workflow of main',
    'github',
    { workflow_ref: 'acme/web/.github/workflows/deploy.yml@refs/heads/main', event_name: 'push' },
    undefined,
  ],
  [
    'a reusable workflow of main',
    'github',
    { ...id, event_name: 'push', job_workflow_ref: 'acme/ci/.github/workflows/d.yml@refs/heads/main' },
    undefined,
  ],
  [
    'a reusable workflow of any ref',
    'github',
    { ...id, event_name: 'push', job_workflow_ref: { glob: 'acme/ci/.github/workflows/d.yml@*' } },
    'name its ref',
  ],
  ['a subject with a star', 'github', { sub: { glob: 'repo:acme@65/web@74:*' }, event_name: 'push' }, 'Every branch'],
  ['a subject of all refs', 'github', { sub: { glob: 'repo:acme@65/web@74:ref:refs/heads/*' }, event_name: 'push' }, 'Every branch'],
  ['a subject of main', 'github', { sub: 'repo:acme@65/web@74:ref:refs/heads/main' }, undefined],
  ['a subject of an environment', 'github', { sub: 'repo:acme@65/web@74:environment:prod' }, undefined],
  ['a customized subject that names the repository only', 'github', { sub: 'repository_id:74', event_name: 'push' }, 'Every branch'],
  ['one commit', 'github', { ...id, event_name: 'push', sha: 'a'.repeat(40) }, undefined],
  ['builds of Buildkite by hand', 'buildkite', { pipeline_id: 'p', build_source: 'ui' }, 'build_branch is open'],
  ['… of one branch', 'buildkite', { pipeline_id: 'p', build_source: 'ui', build_branch: 'main' }, undefined],
  [
    '… by its subject, which names the ref',
    'buildkite',
    { sub: `organization:acme:pipeline:web:ref:refs/heads/main:commit:${'a'.repeat(40)}:step:s`, build_source: 'ui' },
    undefined,
  ],
  ['a project of CircleCI', 'circleci', { 'oidc.circleci.com/project-id': 'p' }, 'vcs-ref is open'],
  [
    '… with a restricted context',
    'circleci',
    { 'oidc.circleci.com/project-id': 'p', 'oidc.circleci.com/context-ids': { includes: 'c' } },
    undefined,
  ],
  ['a repository of Bitbucket', 'bitbucket', { repositoryUuid: '{r}' }, 'branchName is open'],
  ['… in a deployment environment', 'bitbucket', { repositoryUuid: '{r}', deploymentEnvironmentUuid: '{e}' }, undefined],
  ['a pipeline of Azure DevOps', 'azure-devops', { def_id: '1' }, 'rpo_ref is open'],
  ['… of main', 'azure-devops', { def_id: '1', rpo_ref: 'refs/heads/main' }, undefined],
  ['a workspace of HCP Terraform, whose plans pull requests start', 'terraform', { terraform_workspace_id: 'ws-1' }, 'Plans match'],
  ['… that applies', 'terraform', { terraform_workspace_id: 'ws-1', terraform_run_phase: 'apply' }, undefined],
  ['… by its subject', 'terraform', { sub: 'organization:acme:project:net:workspace:prod:run_phase:apply' }, undefined],
  ['a project of Vercel', 'vercel', { project_id: 'prj_1' }, 'Preview deployments match'],
  ['… in production', 'vercel', { sub: 'owner:acme:project:shop:environment:production' }, undefined],
  ['a stack of Spacelift', 'spacelift', { callerId: 'infra' }, 'Proposed runs match'],
  ['… that writes', 'spacelift', { callerId: 'infra', scope: 'write' }, undefined],
  ['people', 'oidc', { groups: { includes: 'sre' } }, undefined],
])('%s', (_name, preset, said, expected) => {
  if (expected === undefined) expect(found(preset, said)).toBeUndefined()
  else expect(found(preset, said)).toContain(expected)
})
