/**
 * Conditions that look right and never hold, because tokens never have such a value. Sources: GitHub Docs, "OpenID Connect reference"
 * and "Events that trigger workflows"; GitLab Docs, "OpenID Connect (OIDC) authentication using ID tokens"; Buildkite Docs,
 * "buildkite-agent oidc"; CircleCI Docs, "OpenID Connect tokens"; Atlassian Support, "Integrate Pipelines with resource servers using
 * OIDC"; HashiCorp Developer, "Workload identity tokens"; Kubernetes Documentation, "Managing Service Accounts".
 */
import { knowledge } from '@stint/core/config/issuers/index'
import { nearest } from '@stint/core/config/nearest'
import type { ClaimRef, Matcher, Preset } from '@stint/core/config/shape'
import { type ClaimMatchers, isExact, own, valuesOf } from './reach.ts'

/** `dead`: the whole rule matches no token, and not only one of its values. */
type Trap = { readonly claim: ClaimRef; readonly what: string; readonly dead: boolean }

export function trapsIn(said: ClaimMatchers, preset: Preset): readonly Trap[] {
  return [...starred(said, preset), ...misshapen(said, preset), ...(preset === 'github' ? githubTraps(said) : [])]
}

// ── Stars ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** GitHub and GitLab document the values of their claims, and none has a star. Elsewhere, see `starsIn`. */
function starred(said: ClaimMatchers, preset: Preset): readonly Trap[] {
  if (!starless(preset)) return []
  return documentedClaims(said, preset).flatMap((claim) => {
    const values = textsOf(said[claim])
    const bad = values.filter((value) => value.includes('*'))
    return bad.map((value) => ({ claim, what: starText(value), dead: isExact(said[claim] as Matcher) && bad.length === values.length }))
  })
}

/**
 * Literal values with a star that are more likely meant as a pattern, and literal values under `not`, which then excludes nothing.
 * A scope (`orders:*`), a permission or a claim of the organization's own can end in a star, so these are left out, but not groups.
 */
export function starsIn(said: ClaimMatchers, preset: Preset, groupsClaim?: ClaimRef): readonly Omit<Trap, 'dead'>[] {
  const { claims } = knowledge[preset]
  return Object.entries(said).flatMap(([claim, matcher]) => {
    const entry = own(claims, claim)
    const names = entry ? entry.is !== 'fact' : claim === groupsClaim || /^(groups|roles|teams)$/.test(claim)
    const text = names && !starless(preset) ? textsOf(matcher) : []
    const excluded = entry || names ? excludedIn(matcher) : []
    return [
      ...text
        .filter((value) => value.includes('*'))
        .map((value) => ({
          claim,
          what: isOfList(matcher) ? `'${value}' is compared as it stands, with its *. List each value.` : starText(value),
        })),
      ...excluded
        .filter((value) => value.includes('*'))
        .map((value) => ({ claim, what: `not('${value}') excludes only that text, with its *. Use not(glob(…)).` })),
    ]
  })
}

const starless = (preset: Preset): boolean => preset === 'github' || preset === 'gitlab'
const documentedClaims = (said: ClaimMatchers, preset: Preset): readonly ClaimRef[] =>
  Object.keys(said).filter((claim) => Object.hasOwn(knowledge[preset].claims, claim))
/** Patterns do not apply to lists. */
const isOfList = (matcher: Matcher): boolean =>
  typeof matcher === 'object' &&
  ('includes' in matcher || ('all' in matcher && matcher.all.some(isOfList)) || ('any' in matcher && matcher.any.some(isOfList)))
const starText = (value: string): string => `'${value}' is compared as it stands, with its *. Use glob(…).`

/** The literal strings that a `not` is meant to exclude. */
function excludedIn(matcher: Matcher): readonly string[] {
  if (typeof matcher !== 'object') return []
  if ('not' in matcher) return textsOf(matcher.not)
  if ('all' in matcher) return matcher.all.flatMap(excludedIn)
  if ('any' in matcher) return matcher.any.flatMap(excludedIn)
  return []
}

// ── Values that tokens never have ────────────────────────────────────────────────────────────────────────────────────

/** `starts`: how every value begins, which patterns are held to as well. `ok`: the form of every value. `is`: in words. */
type Form = { readonly starts?: string; readonly ok?: RegExp; readonly is: string }

const digits: Form = { ok: /^\d+$/, is: 'an ID, which is a number in a string' }
const refType: Form = { ok: /^(branch|tag)$/, is: "'branch' or 'tag'" }
const flag: Form = { ok: /^(true|false)$/, is: "'true' or 'false'" }
const fullRef: Form = { starts: 'refs/', is: "a full ref, such as 'refs/heads/main'" }
const branchName: Form = { ok: /^(?!refs\/(heads|tags)\/)/, is: "a short name, such as 'main'" }
const ownerAndName: Form = { ok: /^[^/\s]+\/[^/\s]+$/, is: "OWNER/NAME, such as 'acme/web'" }
const workflowRef: Form = {
  ok: /^[^/@.][^/@]*\/[^/@]+\/.+@(refs\/.+|[0-9a-f]{40,64})$/,
  is: "OWNER/REPOSITORY/PATH@REF with a full ref, such as 'acme/web/.github/workflows/deploy.yml@refs/heads/main'",
}
const commit: Form = { ok: /^([0-9a-f]{40}|[0-9a-f]{64})$/, is: 'a full commit hash' }
const braced: Form = { ok: /^\{.*\}$/s, is: 'a UUID in braces, as Bitbucket writes it' }
const oneOfThese = (...values: readonly string[]): Form => ({
  ok: new RegExp(`^(${values.join('|')})$`),
  is: `one of ${values.join(', ')}`,
})

const forms: { readonly [preset in Preset]?: { readonly [claim: ClaimRef]: Form } } = {
  github: {
    ref: fullRef,
    // Of a pull request, as it names them: without refs/heads/.
    base_ref: branchName,
    head_ref: branchName,
    ref_type: refType,
    ref_protected: flag,
    repository: ownerAndName,
    repository_owner: { ok: /^[^/\s]+$/, is: 'the name of an owner alone' },
    repository_id: digits,
    repository_owner_id: digits,
    actor_id: digits,
    enterprise_id: digits,
    repository_visibility: oneOfThese('public', 'private', 'internal'),
    runner_environment: oneOfThese('github-hosted', 'self-hosted'),
    workflow_ref: workflowRef,
    job_workflow_ref: workflowRef,
    sha: commit,
    workflow_sha: commit,
    job_workflow_sha: commit,
  },
  gitlab: {
    ref: branchName,
    ref_path: fullRef,
    ref_type: refType,
    ref_protected: flag,
    environment_protected: flag,
    project_id: digits,
    namespace_id: digits,
    job_project_id: digits,
    job_namespace_id: digits,
    user_id: digits,
    project_path: { ok: /\//, is: "GROUP/PROJECT, such as 'acme/web'" },
    project_visibility: oneOfThese('public', 'private', 'internal'),
    runner_environment: oneOfThese('gitlab-hosted', 'self-hosted'),
    sha: commit,
    ci_config_sha: commit,
    ci_config_ref_uri: { ok: /\/\/.+@refs\//, is: "HOST/PROJECT//FILE@REF with a full ref, such as '…//.gitlab-ci.yml@refs/heads/main'" },
    pipeline_source: {
      ok: /^(?!merge_request$|external_pull_request$|pull_request$|manual$)/,
      is: "a pipeline source, such as 'merge_request_event'",
    },
    // GitLab's own subject has the short name of the ref.
    sub: { ok: /^(?!.*:ref:refs\/)/s, is: "a subject of GitLab, such as 'project_path:acme/web:ref_type:branch:ref:main'" },
  },
  buildkite: {
    build_branch: branchName,
    build_source: oneOfThese('ui', 'api', 'webhook', 'trigger_job', 'schedule'),
    sub: {
      ok: /^(?!organization:(?!.*:commit:))/s,
      is: 'a subject of Buildkite: it names the commit and the step, so use pipeline_id and build_branch',
    },
  },
  circleci: {
    'oidc.circleci.com/vcs-ref': fullRef,
    'oidc.circleci.com/vcs-origin': { ok: /^(?!https?:|ssh:|git@)/, is: "a host and a path, such as 'github.com/acme/web'" },
    sub: { starts: 'org/', is: "a subject of CircleCI, such as 'org/ORG/project/PROJECT/user/USER'" },
  },
  bitbucket: {
    branchName,
    repositoryUuid: braced,
    workspaceUuid: braced,
    accountUuid: braced,
    deploymentEnvironmentUuid: braced,
  },
  'azure-devops': { rpo_ref: fullRef },
  terraform: {
    terraform_run_phase: oneOfThese('plan', 'apply'),
    sub: {
      starts: 'organization:',
      is: "a subject of HCP Terraform, such as 'organization:acme:project:net:workspace:prod:run_phase:apply'",
    },
  },
  vercel: { sub: { starts: 'owner:', is: "a subject of Vercel, such as 'owner:acme:project:shop:environment:production'" } },
  spacelift: { scope: oneOfThese('read', 'write') },
  kubernetes: { sub: { starts: 'system:serviceaccount:', is: "a service account, such as 'system:serviceaccount:ci:deployer'" } },
  google: { sub: { ok: /^[^@]*$/, is: 'the numeric ID of an account; its address is in email' } },
  aws: { sub: { starts: 'arn:', is: 'the ARN of a role' } },
}

function misshapen(said: ClaimMatchers, preset: Preset): readonly Trap[] {
  return Object.entries(forms[preset] ?? {}).flatMap(([claim, { starts = '', ok = /^/, is }]) => {
    const matcher = own(said, claim)
    if (matcher === undefined) return []
    // A star is reported as such.
    const texts = textsOf(matcher).filter((text) => !text.includes('*') || !starless(preset))
    const bad = texts.filter((text) => !text.startsWith(starts) || !ok.test(text))
    const patterns = patternsOf(matcher)
    const off = patterns.filter((pattern) => !couldStart(pattern, starts))
    const dead = bad.length + off.length === textsOf(matcher).length + patterns.length
    return [...bad, ...off].map((value) => ({ claim, what: `'${value}' is not ${is}.`, dead }))
  })
}

const couldStart = (pattern: string, starts: string): boolean => {
  const fixed = pattern.slice(0, pattern.indexOf('*'))
  return fixed.startsWith(starts) || starts.startsWith(fixed)
}

// ── GitHub: claims that contradict each other ────────────────────────────────────────────────────────────────────────

const events = [
  'branch_protection_rule check_run check_suite create delete deployment deployment_status discussion discussion_comment dynamic fork',
  'gollum image_version issue_comment issues label merge_group milestone page_build project public pull_request pull_request_review',
  'pull_request_review_comment pull_request_target push registry_package release repository_dispatch schedule status watch',
  'workflow_dispatch workflow_run',
].flatMap((line) => line.split(' '))

function githubTraps(said: ClaimMatchers): readonly Trap[] {
  const values = (claim: ClaimRef) => textsOf(said[claim])
  /** All that a claim can be: exact values and patterns. */
  const begins = (claim: ClaimRef) => [...values(claim), ...patternsOf(said[claim])]
  const only = (claim: ClaimRef, ...wanted: readonly string[]) => all(values(claim), (value) => wanted.includes(value))
  const trap = (claim: ClaimRef, what: string): readonly Trap[] => [{ claim, what, dead: true }]
  const subjects = begins('sub').filter((sub) => !sub.startsWith('*'))

  const type = (kind: string, prefix: string) =>
    only('ref_type', kind) && all(begins('ref'), (ref) => ref.startsWith(prefix)) ? trap('ref', `A ${kind} is never under ${prefix}.`) : []
  const subjectRef = (kind: string, prefix: string) =>
    only('ref_type', kind) && all(subjects, (sub) => sub.includes(`:ref:${prefix}`))
      ? trap('sub', `A ${kind} is never under ${prefix}.`)
      : []
  const context = (sub: string) => /:(pull_request)$/.exec(sub)?.[1]
  // A colon in a name is written %3A.
  const environment = (sub: string) => /:environment:([^:*]+)/.exec(sub)?.[1]?.replaceAll('%3A', ':')
  const ref = (sub: string) => /:ref:([^:*]+)$/.exec(sub)?.[1]
  const both = (claim: ClaimRef, inSubject: (sub: string) => string | undefined) =>
    values(claim).length > 0 && all(subjects, (sub) => inSubject(sub) !== undefined && !values(claim).includes(inSubject(sub) ?? ''))
      ? trap('sub', `It names another ${claim} than the claim ${claim}.`)
      : []
  const odd = values('event_name').filter((event) => !events.includes(event) && !event.includes('*'))
  return [
    ...type('tag', 'refs/heads/'),
    ...type('branch', 'refs/tags/'),
    ...subjectRef('tag', 'refs/heads/'),
    ...subjectRef('branch', 'refs/tags/'),
    ...(all(subjects, (sub) => sub.endsWith(':pull_request')) && only('event_name', 'push', 'schedule', 'workflow_dispatch', 'release')
      ? trap('sub', `A ${values('event_name').join(' or ')} never has the subject ':pull_request'.`)
      : []),
    ...(all(subjects, (sub) => context(sub) === 'pull_request') && begins('environment').length > 0
      ? trap('sub', "The subject of a job with an environment names the environment, never 'pull_request'.")
      : []),
    // A customized subject can have both.
    ...(all(subjects, (sub) => sub.includes(':ref:') && !sub.includes(':environment:')) && begins('environment').length > 0
      ? trap('sub', 'The subject of a job with an environment names the environment, never the ref.')
      : []),
    ...both('environment', environment),
    ...both('ref', ref),
    // The subject of GitHub's default form, whatever it names.
    ...subjects
      .filter((sub) => /:ref:(?!refs(\/|\*|$)|\*)/.test(sub))
      .map((sub) => ({
        claim: 'sub',
        what: `'${sub}' has no full ref, such as ':ref:refs/heads/main'.`,
        dead: all(subjects, (one) => /:ref:(?!refs(\/|\*|$)|\*)/.test(one)),
      })),
    ...(['base_ref', 'head_ref'] as const).flatMap((claim) =>
      begins(claim).length > 0 && only('event_name', 'push', 'schedule', 'workflow_dispatch', 'release')
        ? trap(claim, `${claim} is set only for pull requests, not for ${values('event_name').join(' or ')}.`)
        : [],
    ),
    ...odd.flatMap((event) => {
      const meant = event === 'workflow_call' ? undefined : nearest(event, events)
      // GitHub adds events. Only a misspelling, and the event that a called workflow does not see, are certain.
      if (event !== 'workflow_call' && meant === undefined) return []
      const why = meant
        ? `GitHub has no event '${event}'. Did you mean '${meant}'?`
        : 'A called workflow has the event of its caller, never workflow_call.'
      return [{ claim: 'event_name', what: why, dead: values('event_name').length === odd.length }]
    }),
  ]
}

const all = (values: readonly string[], test: (value: string) => boolean): boolean => values.length > 0 && values.every(test)

/** The literal strings that a matcher admits. */
const textsOf = (matcher: Matcher | undefined): readonly string[] => valuesOf(matcher).filter((value) => typeof value === 'string')

/** The patterns that a matcher admits, of all its alternatives. */
function patternsOf(matcher: Matcher | undefined): readonly string[] {
  if (matcher === undefined || typeof matcher !== 'object') return []
  if ('glob' in matcher) return [matcher.glob]
  if ('all' in matcher) return matcher.all.flatMap(patternsOf)
  if ('any' in matcher) return matcher.any.flatMap(patternsOf)
  return []
}
