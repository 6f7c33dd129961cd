/** Which rules of CI code can meet that nobody of yours has read: a fork's, or a stranger's pull request. */
import type { Preset } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { admits, instancesOf, own, pins, type Said, valuesOf } from './reach.ts'

/**
 * GitHub's events that only come of what was pushed, released or started by whoever may write. Source: GitHub Docs, "Events
 * that trigger workflows"; of the others, some run with the ref and the rights of the base branch for whoever opens a pull
 * request, writes a comment or finishes another run.
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

export function lintForks(said: Said, preset: Preset, path: string, report: Report): void {
  const found = (what: string) => report('fork-reachable', path, what)
  switch (preset) {
    case 'github':
      githubForks(said, found)
      return
    case 'gitlab':
      // An environment may be protected in its own right.
      if (admits(said, 'ref_protected', 'false') && !(pins(said, 'environment') && !admits(said, 'environment_protected', 'false')))
        found("A branch that anybody may push to gets in: ref_protected is not 'true'.")
      return
    case 'circleci':
      if (!pins(said, 'oidc.circleci.com/vcs-origin') && !namesOrigin(said))
        found('A fork gets in: its organization and project are those of the upstream; only vcs-origin is its own.')
      return
    case 'buildkite':
      if (admits(said, 'build_source', 'webhook'))
        found('A pull request gets in: it comes as webhook, and the branch of a fork may have any name.')
      return
    default:
  }
}

/** The longer of CircleCI's subjects, `org/…/vcs-origin/github.com/acme/web/…`. */
const namesOrigin = (said: Said): boolean =>
  pins(said, 'sub') && valuesOf(own(said, 'sub')).every((sub) => String(sub).includes('/vcs-origin/'))

function githubForks(said: Said, found: (what: string) => void): void {
  // An environment has protection rules of its own, which is as good as a ref.
  const subjects = valuesOf(own(said, 'sub')).map(String)
  if (pins(said, 'environment') || pins(said, 'environment_node_id')) return
  if (pins(said, 'sub') && subjects.every((sub) => sub.includes(':environment:'))) return

  const refs = ['refs/pull/1/merge', 'refs/heads/main', ...valuesOf(own(said, 'ref')).map(String), ...instancesOf(own(said, 'ref'))]
  const open = refs.filter((ref) => admits(said, 'ref', ref) && admits(said, 'ref_type', ref.startsWith('refs/tags/') ? 'tag' : 'branch'))
  const subjectOfPullRequest = !pins(said, 'sub') || subjects.some((sub) => sub.endsWith(':pull_request'))
  if (admits(said, 'event_name', 'pull_request') && subjectOfPullRequest && open.some((ref) => ref.startsWith('refs/pull/'))) {
    found('A pull request gets in: neither event_name nor ref keeps it out.')
    return
  }
  const events = [...unreviewed, ...valuesOf(own(said, 'event_name')).map(String)].filter(
    (event, index, all) =>
      !reviewed.has(event) && event !== 'pull_request' && all.indexOf(event) === index && admits(said, 'event_name', event),
  )
  // Those run with the ref of a branch of yours.
  if (events.length > 0 && open.some((ref) => ref.startsWith('refs/heads/')))
    found(`${events.slice(0, 3).join(', ')} get in: their ref is the base branch's, so the ref alone proves nothing.`)
}
