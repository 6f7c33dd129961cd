/**
 * CI rules that code on any branch can match. Everyone who can push to the repository can change the workflow on their own branch, and
 * no one reviews it first. Rules that code of strangers can match are in forks.ts.
 *
 * Sources: GitHub Docs, "Events that trigger workflows" (which events run with a ref that a writer chooses) and "Managing environments
 * for deployment"; Buildkite Docs, "Creating a build"; CircleCI Docs, "OpenID Connect tokens"; Atlassian Support, "Integrate Pipelines
 * with resource servers using OIDC"; HashiCorp Developer, "Workload identity tokens" (speculative plans); Vercel Docs, "Environments";
 * Spacelift Docs, "Run types".
 */
import type { ClaimRef, Preset } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { admits, type ClaimMatchers, globsOf, own, pins, valuesOf } from './reach.ts'

export function lintBranches(said: ClaimMatchers, preset: Preset, path: string, report: Report): void {
  const what = openBranch[preset]?.(said)
  if (what !== undefined) report('any-branch', path, what)
}

/** A branch that no rule names, and only a pattern for all branches admits. */
const BRANCH = 'stint-lint-any-branch'

const openBranch: { readonly [preset in Preset]?: (said: ClaimMatchers) => string | undefined } = {
  github,
  // GitLab: the branch must be protected, which forks.ts demands.
  buildkite: (said) =>
    free(said, 'build_branch') && !refInSubject(said) && ['ui', 'api'].some((source) => admits(said, 'build_source', source))
      ? 'Builds of every branch match: build_branch is open.'
      : undefined,
  circleci: (said) =>
    admits(said, 'oidc.circleci.com/vcs-ref', `refs/heads/${BRANCH}`) &&
    !(pins(said, 'sub') && valuesOf(own(said, 'sub')).every((sub) => String(sub).includes('/vcs-ref/'))) &&
    // A context can be restricted to groups of people.
    own(said, 'oidc.circleci.com/context-ids') === undefined
      ? 'Every branch matches: vcs-ref is open.'
      : undefined,
  bitbucket: (said) =>
    free(said, 'branchName') && !pins(said, 'deploymentEnvironmentUuid') ? 'Every branch matches: branchName is open.' : undefined,
  'azure-devops': (said) => (admits(said, 'rpo_ref', `refs/heads/${BRANCH}`) ? 'Every branch matches: rpo_ref is open.' : undefined),
  terraform: (said) =>
    admits(said, 'terraform_run_phase', 'plan') && !inSubject(said, /:run_phase:apply$/)
      ? 'Plans match. A pull request starts a speculative plan with its own code.'
      : undefined,
  vercel: (said) =>
    admits(said, 'environment', 'preview') && !inSubject(said, /:environment:(?!preview$)[^:*]+$/)
      ? 'Preview deployments match, which every branch has.'
      : undefined,
  spacelift: (said) =>
    admits(said, 'runType', 'PROPOSED') && admits(said, 'scope', 'read') && !inSubject(said, /:run_type:(?!PROPOSED)[A-Z_]+:/)
      ? 'Proposed runs match. A pull request starts one with its own code.'
      : undefined,
}

const free = (said: ClaimMatchers, claim: ClaimRef): boolean => admits(said, claim, BRANCH)
const inSubject = (said: ClaimMatchers, pattern: RegExp): boolean =>
  pins(said, 'sub') && valuesOf(own(said, 'sub')).every((sub) => pattern.test(String(sub)))
const refInSubject = (said: ClaimMatchers): boolean => inSubject(said, /:ref:refs\//)

// ── GitHub ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Events whose ref a writer chooses. The others run on the default branch, or on a merge that was reviewed. */
const ownBranch = ['push', 'workflow_dispatch', 'create', 'deployment']
const ownTag = ['push', 'workflow_dispatch', 'create', 'release']

function github(said: ClaimMatchers): string | undefined {
  if (closes(said)) return undefined
  const open = (events: readonly string[], under: string, type: string) =>
    events.some((event) => admits(said, 'event_name', event)) &&
    [`${under}${BRANCH}`, ...freeEnds(said, under)].some((ref) => admits(said, 'ref', ref)) &&
    admits(said, 'ref_type', type) &&
    admits(said, 'ref_protected', 'false')
  const branch = open(ownBranch, 'refs/heads/', 'branch')
  if (!branch && !open(ownTag, 'refs/tags/', 'tag')) return undefined
  const by =
    own(said, 'workflow') !== undefined
      ? ' A workflow chooses its own name, so `workflow` is no limit.'
      : own(said, 'workflow_ref') !== undefined || own(said, 'job_workflow_ref') !== undefined
        ? ' The workflow can be changed on that branch: name its ref after the @.'
        : ''
  return `${branch ? 'Every branch' : 'Every tag'} that a writer pushes matches, with the workflow changed there.${by}`
}

/** Refs of patterns such as `refs/heads/*-release`, which say nothing about how the name starts. */
const freeEnds = (said: ClaimMatchers, under: string): readonly string[] =>
  globsOf(own(said, 'ref'))
    .filter((glob) => under.startsWith(glob.slice(0, glob.indexOf('*'))))
    .map((glob) => `${under}${glob.slice(glob.indexOf('*')).replaceAll(/\*+/g, BRANCH)}`)

/** A reviewed workflow, a commit or an environment: each is a limit of its own, whatever the branch. */
function closes(said: ClaimMatchers): boolean {
  // A job that names a new environment makes it, without protection rules. So a pattern is no limit.
  if (['environment', 'environment_node_id', 'sha', 'workflow_sha', 'job_workflow_sha'].some((claim) => pins(said, claim))) return true
  return (
    every(said, 'sub', /:environment:[^:*]+|:pull_request$|:ref:refs\/(heads|tags)\/[^*]|@refs\/(heads|tags)\/[^*]/) ||
    every(said, 'workflow_ref', /@refs\/(heads|tags)\/[^*]/) ||
    every(said, 'job_workflow_ref', /@(refs\/(heads|tags)\/[^*]|[0-9a-f]{40})/)
  )
}

/** Every value and pattern of the claim has this form. */
function every(said: ClaimMatchers, claim: ClaimRef, form: RegExp): boolean {
  const matcher = own(said, claim)
  const texts = [...valuesOf(matcher).map(String), ...globsOf(matcher)]
  return texts.length > 0 && texts.every((text) => form.test(text))
}
