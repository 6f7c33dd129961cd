/** CI rules that unreviewed code can match: code from a fork, or from an outsider's pull request. */
import type { Preset } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { admits, type ClaimMatchers, instancesOf, own, pins, valuesOf } from './reach.ts'

/**
 * GitHub's events that only users with write access can cause: pushes, releases and manual runs. Source: GitHub Docs, "Events that
 * trigger workflows". Some of the other events run with the ref and the permissions of the base branch for anyone who opens a pull
 * request, writes a comment or completes another run.
 */
const reviewed = new Set([
  'push',
  'workflow_dispatch',
  'schedule',
  'release',
  'repository_dispatch',
  'merge_group',
  'create',
  'delete',
  'deployment',
])
const unreviewed = [
  'pull_request_target',
  'issue_comment',
  'workflow_run',
  'issues',
  'discussion_comment',
  'pull_request_review',
  'fork',
  'watch',
]

export function lintForks(said: ClaimMatchers, preset: Preset, path: string, report: Report): void {
  const found = (what: string) => report('fork-reachable', path, what)
  switch (preset) {
    case 'github':
      githubForks(said, found)
      return
    case 'gitlab':
      // An environment can have protection rules of its own.
      if (admits(said, 'ref_protected', 'false') && !(pins(said, 'environment') && !admits(said, 'environment_protected', 'false')))
        found("Unprotected branches match, because ref_protected is not 'true'.")
      return
    case 'circleci':
      if (!pins(said, 'oidc.circleci.com/vcs-origin') && !namesOrigin(said))
        found('Forks match, because a fork has the organization and project of the upstream. Only vcs-origin differs.')
      return
    case 'buildkite':
      if (admits(said, 'build_source', 'webhook'))
        found('Pull requests match: their source is webhook, and the branch of a fork can have any name.')
      return
    default:
  }
}

/** The longer form of CircleCI's subjects, `org/…/vcs-origin/github.com/acme/web/…`. */
const namesOrigin = (said: ClaimMatchers): boolean =>
  pins(said, 'sub') && valuesOf(own(said, 'sub')).every((sub) => String(sub).includes('/vcs-origin/'))

function githubForks(said: ClaimMatchers, found: (what: string) => void): void {
  // An environment has protection rules of its own, which protect as well as a ref.
  const subjects = valuesOf(own(said, 'sub')).map(String)
  if (pins(said, 'environment') || pins(said, 'environment_node_id')) return
  if (pins(said, 'sub') && subjects.every((sub) => sub.includes(':environment:'))) return

  const refs = ['refs/pull/1/merge', 'refs/heads/main', ...valuesOf(own(said, 'ref')).map(String), ...instancesOf(own(said, 'ref'))]
  const open = refs.filter((ref) => admits(said, 'ref', ref) && admits(said, 'ref_type', ref.startsWith('refs/tags/') ? 'tag' : 'branch'))
  const subjectOfPullRequest = !pins(said, 'sub') || subjects.some((sub) => sub.endsWith(':pull_request'))
  if (admits(said, 'event_name', 'pull_request') && subjectOfPullRequest && open.some((ref) => ref.startsWith('refs/pull/'))) {
    found('Pull requests match, because neither event_name nor ref excludes them.')
    return
  }
  const events = [...unreviewed, ...valuesOf(own(said, 'event_name')).map(String)].filter(
    (event, index, all) =>
      !reviewed.has(event) && event !== 'pull_request' && all.indexOf(event) === index && admits(said, 'event_name', event),
  )
  // These events run with the ref of one of your own branches.
  if (events.length > 0 && open.some((ref) => ref.startsWith('refs/heads/')))
    found(`${events.slice(0, 3).join(', ')} match: they run with the ref of the base branch, so the ref alone proves nothing.`)
}
