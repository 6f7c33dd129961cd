/** Rules that never match. Situations: issues of aws-actions/configure-aws-credentials and GitHub's OpenID Connect reference. */
import { expect, test } from 'vitest'
import { trapsIn } from './traps.ts'

test.each<[string, object, readonly string[]]>([
  ['a star in a plain string', { repository: 'acme/*' }, ['repository']],
  ['a star in a list', { ref: { oneOf: ['refs/heads/r-*', 'refs/heads/main'] } }, ['ref']],
  ['a star in a claim that GitHub does not document', { repository_property_scope: 'orders:*' }, []],
  ['a star in a glob', { ref: { glob: 'refs/heads/r-*' } }, []],
  ['a short ref', { ref: 'main' }, ['ref']],
  ['a full ref', { ref: 'refs/heads/main' }, []],
  ['a tag under heads', { ref: 'refs/heads/v1', ref_type: 'tag' }, ['ref']],
  ['a branch under tags', { ref: 'refs/tags/v1', ref_type: 'branch' }, ['ref']],
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
