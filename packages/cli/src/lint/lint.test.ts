/** What the lint finds, rule by rule, and beside each the way to write it that it does not mind. */
import {
  all,
  any,
  auth0,
  buildkite,
  type ConfigSource,
  circleci,
  cognito,
  entra,
  github,
  gitlab,
  glob,
  includes,
  keycloak,
  kubernetes,
  type Matcher,
  not,
  oidc,
  okta,
  oneOf,
  type Profile,
  type Who,
} from '@stint/core'
import { checkConfig, formatFaults } from '@stint/core/config/check'
import { describe, expect, test } from 'vitest'
import { ruleIds } from './catalogue.ts'
import { lint } from './lint.ts'
import { lintOnline } from './online.ts'

const audiences = ['https://stint.acme.example'] as [string]
const staff = oidc({
  key: 'acme',
  url: 'https://login.acme.example',
  jwksUri: 'https://login.acme.example/jwks',
  kind: 'human',
  audiences,
  tokenUse: 'access',
  groupsClaim: 'groups',
})
const issuers = {
  staff,
  gh: github({ key: 'gh', audiences, ownerId: '65' }),
  gl: gitlab({ key: 'gl', audiences, url: 'https://gitlab.acme.example' }),
  bk: buildkite({ key: 'bk', audiences, organizationId: 'o-1' }),
  cci: circleci({ key: 'cci', audiences, organizationId: 'o-1' }),
  k8s: kubernetes({ key: 'k8s', audiences, url: 'https://cluster.acme.example' }),
  pool: cognito({ key: 'pool', region: 'eu-central-1', userPoolId: 'eu-central-1_A', clientIds: ['c'], tokenUse: 'access' }),
  ms: entra({ key: 'ms', audiences, tenantId: 't-1', tokenUse: 'access' }),
  auth0: auth0({ key: 'auth0', audiences, domain: 'acme.eu.auth0.com', tokenUse: 'access' }),
  kc: keycloak({ key: 'kc', audiences, url: 'https://sso.acme.example/realms/kc', tokenUse: 'access' }),
  okta: okta({ key: 'okta', audiences, url: 'https://acme.okta.com/oauth2/aus1', tokenUse: 'access' }),
}
const target = (account = '111122223333', externalId = `ext-${account}`) => ({
  account,
  roleArn: `arn:aws:iam::${account}:role/x`,
  externalId,
  region: 'eu-central-1',
})
const duration = { default: '30m', max: '1h' }
const staffProfile: Profile = { target: 't', eligible: [{ issuer: 'staff', claims: { groups: includes('dev') } }], duration }

const renewed = (max: string, renew: string): Profile => ({ ...staffProfile, duration: { default: '1h', max, renew } })

function found(change: Partial<ConfigSource>): readonly string[] {
  const checked = checkConfig({ issuers, targets: { t: target() }, profiles: { p: staffProfile }, ...change })
  if (!checked.ok) throw new Error(formatFaults(checked.faults))
  return lint(checked.rules, Date.UTC(2026, 10, 24)).map(({ rule, path }) => `${rule} ${path}`)
}
const whoFound = (who: Who) => found({ profiles: { p: { ...staffProfile, eligible: [who, ...staffProfile.eligible] } } })
const claimsFound = (issuer: keyof typeof issuers, claims: Record<string, Matcher>) => whoFound({ issuer, claims })
const at = 'profiles.p.eligible[0]'

/** What else would keep the row from being about one thing. */
const push = { event_name: 'push', ref: 'refs/heads/main' }
const id = { repository_id: '74' }

describe('whom a rule lets in', () => {
  test.each<[string, keyof typeof issuers, Record<string, Matcher>, readonly string[]]>([
    ['a repository by id, from pushes', 'gh', { ...id, ...push }, []],
    ['several by id', 'gh', { repository_id: oneOf('74', '75'), ...push }, []],
    ['a wildcard in a ref is a fact about the run', 'gh', { ...id, ...push, ref: glob('refs/tags/v*') }, []],
    ['every repository on earth that begins alike', 'gh', { sub: glob('repo:acme*'), ...push }, [`open-prefix ${at}.claims.sub`]],
    [
      'a star in a ref of the subject',
      'gh',
      { sub: glob('repo:acme/web:ref:refs/heads/release-*'), ...push },
      [`wildcard-subject ${at}.claims.sub`],
    ],
    ['a star in front', 'gh', { sub: glob('*:ref:refs/heads/main'), ...push }, [`open-prefix ${at}.claims.sub`]],
    ['a star in a repository’s name', 'gh', { repository: glob('acme/web-*'), ...push }, [`open-prefix ${at}.claims.repository`]],
    ['every repository of an owner', 'gh', { repository: glob('acme/*'), ...push }, [`wildcard-subject ${at}.claims.repository`]],
    ['a wildcard beside an id', 'gh', { ...id, sub: glob('repo:acme/web:*'), ...push }, []],
    ['a wildcard that keeps something out', 'gh', { ...id, ...push, repository: not(glob('acme/legacy-*')) }, []],
    ['a repository by its name', 'gh', { repository: 'acme/web', ...push }, [`name-without-id ${at}.claims.repository`]],
    ['a repository by its name beside its id', 'gh', { ...id, repository: 'acme/web', ...push }, []],
    ['an owner by name, whom the tenant has by id', 'gh', { ...id, repository_owner: 'acme', ...push }, []],
    ['the classic subject', 'gh', { sub: 'repo:acme/web:ref:refs/heads/main', ...push }, [`name-without-id ${at}.claims.sub`]],
    ['the immutable subject', 'gh', { sub: 'repo:acme@65/web@74:ref:refs/heads/main', ...push }, []],
    ['who started it, by name', 'gh', { ...id, ...push, actor: 'octavia' }, [`name-without-id ${at}.claims.actor`]],
    [
      'a project of GitLab by path',
      'gl',
      { project_path: 'acme/web', ref_protected: 'true' },
      [`name-without-id ${at}.claims.project_path`],
    ],
    [
      'a pipeline of Buildkite by slug',
      'bk',
      { pipeline_slug: 'deploy', build_source: 'schedule' },
      [`name-without-id ${at}.claims.pipeline_slug`],
    ],
    ['a service account of a cluster', 'k8s', { sub: 'system:serviceaccount:ci:deployer' }, []],
    ['every service account of a namespace', 'k8s', { sub: glob('system:serviceaccount:ci:*') }, [`wildcard-subject ${at}.claims.sub`]],
    ['a person by e-mail', 'staff', { email: 'dana@acme.example' }, [`mutable-person ${at}.claims.email`, `email-case ${at}.claims.email`]],
    [
      'a person by user name of another tenant’s making',
      'ms',
      { preferred_username: 'dana@acme.example' },
      [`mutable-person ${at}.claims.preferred_username`, `email-case ${at}.claims.preferred_username`],
    ],
    ['a person by what stays', 'ms', { oid: 'o-1' }, []],
    [
      'a login that is given to the next',
      'okta',
      { sub: 'dana@acme.example' },
      [`mutable-person ${at}.claims.sub`, `email-case ${at}.claims.sub`],
    ],
    ['a misspelt claim', 'gh', { repositry_id: '74', ...push }, [`unknown-claim ${at}.claims.repositry_id`]],
    ['a property of the organization’s own', 'gh', { ...id, ...push, repo_property_team: 'web' }, []],
    ['a text without a star', 'k8s', { sub: glob('system:serviceaccount:ci:deployer') }, []],
    ['a star under two nots', 'gh', { sub: not(not(glob('repo:acme*'))), ...push }, [`open-prefix ${at}.claims.sub`]],
    [
      'a star beside the immutable subject',
      'gh',
      { sub: any('repo:acme@1/web@2:environment:x', glob('repo:acme*')), ...push },
      [`open-prefix ${at}.claims.sub`, `name-without-id ${at}.claims.sub`],
    ],
    ['a star behind both ids', 'gh', { sub: glob('repo:acme@65/web@74:ref:refs/heads/*'), ...push }, []],
    [
      'the same claim as a path',
      'gh',
      { '/sub': glob('repo:acme*'), '/event_name': 'push', '/ref': 'refs/heads/main' },
      [`open-prefix ${at}.claims./sub`],
    ],
    [
      'an e-mail as a path',
      'staff',
      { '/email': 'dana@acme.example' },
      [`mutable-person ${at}.claims./email`, `email-case ${at}.claims./email`],
    ],
    ['an e-mail beside what stays', 'staff', { sub: 'x', email: 'dana@acme.example' }, [`email-case ${at}.claims.email`]],
    ['a place in a list', 'staff', { '/groups/0': 'admins' }, [`unknown-claim ${at}.claims./groups/0`]],
    ['within an object that is known', 'gl', { project_id: '7', ref_protected: 'true', '/job_config/sha': 'x' }, []],
    ['two values at once', 'gh', { repository_id: all('74', '75'), ...push }, [`never-fits ${at}.claims.repository_id`]],
    ['a value and its opposite', 'gh', { ...id, event_name: all('push', not('push')) }, [`never-fits ${at}.claims.event_name`]],
    ['only an event', 'gh', push, [`names-nobody ${at}`]],
    ['only an environment', 'gh', { environment: 'production' }, [`names-nobody ${at}`]],
    ['only an owner', 'gh', { repository_owner_id: '65', ...push }, [`names-nobody ${at}`]],
    ['only who must not', 'gh', { repository_id: not('7'), ...push }, [`names-nobody ${at}`]],
    ['only that it is protected', 'gl', { ref_protected: 'true' }, [`names-nobody ${at}`]],
    ['only a verified address', 'staff', { email_verified: true }, [`names-nobody ${at}`]],
    ['only groups that must not be', 'staff', { groups: not(includes('guests')) }, [`names-nobody ${at}`]],
    ['a claim of the company’s own', 'staff', { department: 'sre' }, []],
    [
      'a service account of any namespace',
      'k8s',
      { '/kubernetes.io/serviceaccount/name': 'default' },
      [`wildcard-subject ${at}.claims./kubernetes.io/serviceaccount/name`],
    ],
    [
      'namespaces that begin alike',
      'k8s',
      { '/kubernetes.io/serviceaccount/name': 'deployer', '/kubernetes.io/namespace': glob('ci*') },
      [`wildcard-subject ${at}.claims./kubernetes.io/serviceaccount/name`, `open-prefix ${at}.claims./kubernetes.io/namespace`],
    ],
    ['an application, and any address', 'ms', { appid: 'a', email: glob('*@acme.example') }, [`open-prefix ${at}.claims.email`]],
    ['a nested claim in a cluster', 'k8s', { '/kubernetes.io/namespace': 'ci' }, []],
    ['an id as a number', 'gh', { repository_id: 74, ...push }, [`never-fits ${at}.claims.repository_id`]],
    ['a text that looks like a truth', 'gl', { project_id: '7', ref_protected: true }, [`never-fits ${at}.claims.ref_protected`]],
    ['one text that is a list', 'pool', { 'cognito:groups': 'admins' }, [`never-fits ${at}.claims.cognito:groups`]],
    ['the list', 'pool', { 'cognito:groups': includes('admins') }, []],
    ['another owner than the tenant', 'gh', { ...id, repository_owner_id: '66', ...push }, [`never-fits ${at}.claims.repository_owner_id`]],
  ])('%s', (_name, issuer, claims, expected) => expect(claimsFound(issuer, claims)).toEqual(expected))

  test.each<[string, Who, readonly string[]]>([
    ['a second factor of a pool that tells of none', { issuer: 'pool', claims: { sub: 'x' }, mfa: true }, [`never-fits ${at}.mfa`]],
    ['a recent sign-in of a job', { issuer: 'gh', claims: { ...id, ...push }, authAge: '15m' }, [`never-fits ${at}.authAge`]],
    ['both, where they are told', { issuer: 'staff', claims: { groups: includes('dev') }, mfa: true, authAge: '15m' }, []],
  ])('%s', (_name, who, expected) => expect(whoFound(who)).toEqual(expected))
})

describe('what users can edit themselves', () => {
  const oidcNamed = (nameClaim: string | readonly string[], more = {}) => ({
    issuers: { ...issuers, staff: { ...staff, nameClaim, ...more } },
  })
  const pool = (nameClaim: string, more = {}) => ({ issuers: { ...issuers, pool: { ...issuers.pool, nameClaim, ...more } } })
  const named = (issuer: string) => [`user-editable issuers.${issuer}.nameClaim`]
  test.each<[string, Partial<ConfigSource>, readonly string[]]>([
    ['a name in Keycloak', oidcNamed('name', { url: 'https://sso.acme.example/realms/acme' }), named('staff')],
    ['an e-mail address in Keycloak', oidcNamed('email', { url: 'https://sso.acme.example/realms/acme' }), named('staff')],
    ['a name where nobody knows who may edit it', oidcNamed('name'), []],
    ['a nickname', oidcNamed('nickname'), named('staff')],
    ['a nickname as a path', oidcNamed('/nickname'), named('staff')],
    ['one claim among several', oidcNamed(['sub', 'nickname']), named('staff')],
    ['a namespaced claim of Auth0', oidcNamed('https://acme.example/display_name'), named('staff')],
    ['an e-mail address of the directory', oidcNamed('email'), []],
    ['the subject itself', oidcNamed('sub'), []],
    ['a name in Cognito', pool('name'), named('pool')],
    ['an attribute of the pool’s own', pool('custom:display'), named('pool')],
    ['an e-mail address in Cognito, which its user may change', pool('email'), named('pool')],
    ['a preferred user name in Cognito', pool('preferred_username'), named('pool')],
    ['an attribute that only administrators write', pool('dev:custom:display'), []],
    ['the user name of the pool', pool('username'), []],
    ['the identity that AWS sees', pool('username', { identityClaim: 'custom:employee' }), ['user-editable issuers.pool.identityClaim']],
    ['a name in Okta', { issuers: { ...issuers, okta: { ...issuers.okta, nameClaim: 'name' } } }, named('okta')],
    ['a job’s name', oidcNamed('nickname', { kind: 'workload' }), []],
    [
      'a session tag',
      {
        profiles: {
          p: {
            ...staffProfile,
            eligible: [{ issuer: 'pool', claims: { sub: 'x' } }],
            tags: { team: { claim: 'custom:team', max: 20 }, who: { claim: 'sub', max: 36 } },
          },
        },
      },
      ['user-editable profiles.p.tags.team', 'tag-encoded profiles.p.tags.team'],
    ],
  ])('%s', (_name, change, expected) => expect(found(change)).toEqual(expected))

  test.each<[string, keyof typeof issuers, Record<string, Matcher>, readonly string[]]>([
    ['an attribute that decides', 'pool', { 'custom:role': 'admin' }, [`user-editable ${at}.claims.custom:role`]],
    ['… as a path', 'pool', { '/custom:role': 'admin' }, [`user-editable ${at}.claims./custom:role`]],
    [
      '… beside a group, which all of it must fit',
      'pool',
      { 'cognito:groups': includes('pool-dev'), 'custom:role': 'admin' },
      [`user-editable ${at}.claims.custom:role`],
    ],
    [
      '… that keeps somebody out',
      'pool',
      { 'cognito:groups': includes('pool-dev'), 'custom:left': not('true') },
      [`user-editable ${at}.claims.custom:left`],
    ],
    ['… beside the person', 'pool', { sub: 'x', 'custom:role': 'admin' }, []],
    ['a name that decides is worse', 'pool', { name: 'Dana' }, [`mutable-person ${at}.claims.name`]],
    ['a name beside a group', 'pool', { 'cognito:groups': includes('pool-dev'), name: 'Dana' }, [`user-editable ${at}.claims.name`]],
    [
      'a pattern for names',
      'staff',
      { groups: includes('dev'), nickname: glob('Dr. *') },
      [`wildcard-subject ${at}.claims.nickname`, `user-editable ${at}.claims.nickname`],
    ],
    [
      'a namespaced claim',
      'staff',
      { 'https://acme.example/roles': includes('admin') },
      [`user-editable ${at}.claims.https://acme.example/roles`],
    ],
    ['a claim of the company’s own', 'staff', { department: 'sre' }, []],
    ['an attribute that only administrators write', 'pool', { 'dev:custom:role': 'admin' }, []],
    ['user metadata of Supabase', 'staff', { '/user_metadata/role': 'admin' }, [`user-editable ${at}.claims./user_metadata/role`]],
    ['unsafe metadata of Clerk', 'staff', { '/unsafe_metadata/role': 'admin' }, [`user-editable ${at}.claims./unsafe_metadata/role`]],
    ['app metadata, which only administrators write', 'staff', { '/app_metadata/role': 'admin' }, []],
    [
      'user metadata of Auth0 in a namespace',
      'auth0',
      { '/https:~1~1acme.example~1user_metadata/team': 'sre' },
      [`user-editable ${at}.claims./https:~1~1acme.example~1user_metadata/team`],
    ],
    ['app metadata of Auth0 in a namespace', 'auth0', { '/https:~1~1acme.example~1app_metadata/team': 'sre' }, []],
    [
      'a web site that Keycloak lets users set',
      'kc',
      { groups: includes('kc'), website: 'https://acme.example' },
      [`user-editable ${at}.claims.website`],
    ],
    ['an address in Keycloak', 'kc', { groups: includes('kc'), email: glob('*@acme.example') }, [`user-editable ${at}.claims.email`]],
    ['a time zone', 'staff', { groups: includes('dev'), zoneinfo: 'Europe/Berlin' }, [`user-editable ${at}.claims.zoneinfo`]],
    [
      'a domain of addresses that nobody verified',
      'staff',
      { email: glob('*@acme.example') },
      [`open-prefix ${at}.claims.email`, `user-editable ${at}.claims.email`],
    ],
    ['… that were verified', 'staff', { email: glob('*@acme.example'), email_verified: true }, [`open-prefix ${at}.claims.email`]],
    [
      '… or not',
      'staff',
      { email: glob('*@acme.example'), email_verified: oneOf(true, false) },
      [`open-prefix ${at}.claims.email`, `user-editable ${at}.claims.email`],
    ],
    ['a domain at Entra, which has no such claim', 'ms', { groups: includes('g'), email: glob('*@acme.example') }, []],
    ['addresses that are kept out', 'staff', { groups: includes('dev'), email: not('x@acme.example') }, []],
    ['an address with capitals', 'auth0', { sub: 'auth0|1', email: 'Dana@Acme.example' }, [`email-case ${at}.claims.email`]],
    ['a group that is an address', 'staff', { groups: includes('SRE@acme.example') }, [`email-case ${at}.claims.groups`]],
    [
      'the address of who started a job',
      'gl',
      { project_id: '7', ref_protected: 'true', user_email: 'Dana@acme.example', user_id: '1' },
      [`email-case ${at}.claims.user_email`],
    ],
    ['the address of a job', 'k8s', { sub: 'system:serviceaccount:ci:deployer' }, []],
    ['a group with a star', 'staff', { groups: includes('sre-*') }, [`literal-star ${at}.claims.groups`]],
    ['a path to a claim with a star', 'auth0', { '/sub': 'auth0|*' }, [`literal-star ${at}.claims./sub`]],
    ['a path to a short ref', 'gh', { ...id, event_name: 'push', '/ref': 'main' }, [`never-fits ${at}.claims./ref`]],
  ])('%s', (_name, issuer, claims, expected) => expect(claimsFound(issuer, claims)).toEqual(expected))

  test('those who approve are looked at, those who only see a profile are not', () => {
    const editable = { issuer: 'pool', claims: { 'custom:role': 'admin' } }
    const approval = { rules: [{ by: [editable], count: 1 }], expiresAfter: '30m', window: '1h', maxUses: 1 }
    const eligible = [{ issuer: 'pool', claims: { 'cognito:groups': includes('pool-dev') } }]
    expect(found({ profiles: { p: { ...staffProfile, eligible, visibleTo: [editable], approval } } })).toEqual([
      'user-editable profiles.p.approval.rules[0].by[0].claims.custom:role',
    ])
  })
})

describe('what code nobody has read can meet', () => {
  const forked = [`fork-reachable ${at}`]
  const branches = [...forked, `any-branch ${at}`]
  test.each<[string, keyof typeof issuers, Record<string, Matcher>, readonly string[]]>([
    ['any event', 'gh', { ...id }, branches],
    ['main, by any event', 'gh', { ...id, ref: 'refs/heads/main' }, forked],
    ['pull requests by name', 'gh', { ...id, event_name: 'pull_request' }, forked],
    ['pull_request_target among others', 'gh', { ...id, event_name: oneOf('push', 'pull_request_target') }, branches],
    ['anything but a pull request', 'gh', { ...id, event_name: not('pull_request') }, branches],
    ['an environment', 'gh', { ...id, environment: 'production' }, []],
    ['the subject of an environment', 'gh', { sub: 'repo:acme@65/web@74:environment:production' }, []],
    ['a schedule', 'gh', { ...id, event_name: oneOf('schedule', 'repository_dispatch') }, []],
    ['an unprotected branch', 'gl', { project_id: '7' }, forked],
    ['a protected branch', 'gl', { project_id: '7', ref_protected: 'true' }, []],
    ['a protected environment', 'gl', { project_id: '7', environment: 'production', environment_protected: 'true' }, []],
    ['any origin', 'cci', { 'oidc.circleci.com/project-id': 'p' }, branches],
    [
      'one origin',
      'cci',
      {
        'oidc.circleci.com/project-id': 'p',
        'oidc.circleci.com/vcs-origin': 'github.com/acme/web',
        'oidc.circleci.com/vcs-ref': 'refs/heads/main',
      },
      [],
    ],
    ['any branch', 'bk', { pipeline_id: 'p' }, branches],
    ['one branch, which a fork may have too', 'bk', { pipeline_id: 'p', build_branch: 'main' }, forked],
    ['what pull requests come as', 'bk', { pipeline_id: 'p', build_source: oneOf('ui', 'webhook') }, branches],
    ['other sources', 'bk', { pipeline_id: 'p', build_source: oneOf('ui', 'schedule'), build_branch: 'main' }, []],
    ['one pull request by its ref', 'gh', { ...id, event_name: 'pull_request', ref: glob('refs/pull/2*/merge') }, forked],
    ['what is written under a pull request', 'gh', { ...id, event_name: 'pull_request_review_comment', ref: 'refs/heads/main' }, forked],
    ['a tag, by any event', 'gh', { ...id, ref: glob('refs/tags/v*') }, []],
    ['the longer subject of CircleCI', 'cci', { sub: 'org/o/project/p/user/u/vcs-origin/github.com/acme/web/vcs-ref/refs/heads/main' }, []],
  ])('%s', (_name, issuer, claims, expected) => expect(claimsFound(issuer, claims)).toEqual(expected))
})

describe('issuers, targets and profiles', () => {
  const approval = (who: Who, count = 1, more = {}) => ({
    rules: [{ by: [who], count }],
    expiresAfter: '30m',
    window: '1h',
    maxUses: 1,
    ...more,
  })
  const approvers: Who = { issuer: 'staff', claims: { groups: includes('approvers') } }
  const profile = (change: Partial<Profile>) => ({ profiles: { p: { ...staffProfile, ...change } } })
  const withIssuer = (changed: object) => ({ issuers: { ...issuers, ...changed } as ConfigSource['issuers'] })
  const strong = { groups: includes('oncall') }

  test.each<[string, Partial<ConfigSource>, readonly string[]]>([
    ['nothing', {}, []],
    [
      'GitHub’s own audience',
      withIssuer({ gh: github({ key: 'gh', audiences: ['https://github.com/acme'], ownerId: '65' }) }),
      ['default-audience issuers.gh.audiences[0]'],
    ],
    [
      'AWS’s audience',
      withIssuer({ gh: github({ key: 'gh', audiences: ['https://stint.acme.example', 'sts.amazonaws.com'] as never, ownerId: '65' }) }),
      ['default-audience issuers.gh.audiences[1]'],
    ],
    [
      'an identity that is a name',
      withIssuer({ ms: { ...issuers.ms, identityClaim: 'upn' } }),
      ['identity-by-name issuers.ms.identityClaim'],
    ],
    [
      'CircleCI with SSH',
      withIssuer({ cci: circleci({ key: 'cci', audiences, organizationId: 'o', sshReruns: true }) }),
      ['ssh-rerun issuers.cci'],
    ],
    [
      'Okta’s org server',
      withIssuer({ okta: okta({ key: 'okta', audiences, url: 'https://acme.okta.com', tokenUse: 'access' }) }),
      ['okta-org-server issuers.okta.url'],
    ],
    [
      'an external ID for two accounts',
      { targets: { t: target(), u: target('444455556666', 'ext-111122223333') } },
      ['external-id-shared targets.u.externalId'],
    ],
    ['an external ID for two roles of one account', { targets: { t: target(), u: target() } }, []],
    ['chaining', profile({ chaining: true }), ['chaining-outlives profiles.p.chaining', 'setting-deprecated profiles.p.chaining']],
    ['chaining, as a name', profile({ mints: ['sts:AssumeRole'] }), ['chaining-outlives profiles.p.mints[0]']],
    ['a token that outlives the session', profile({ mints: ['ecr:GetAuthorizationToken'] }), ['mints-outlive profiles.p.mints[0]']],
    [
      'a name in mints that the policy does not allow',
      profile({ mints: ['ecr:GetAuthorizationToken'], policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] }),
      ['mints-outlive profiles.p.mints[0]'],
    ],
    [
      'actions that change who may do something',
      profile({ policy: [{ Effect: 'Allow', Action: ['ec2:*', 'kms:CreateGrant'], Resource: '*' }] }),
      ['lasting-access profiles.p.policy'],
    ],
    [
      'a managed policy that may allow them',
      profile({ policyArns: ['arn:aws:iam::aws:policy/PowerUserAccess'] }),
      ['lasting-access profiles.p.policyArns', 'wide-without-approval profiles.p.policyArns[0]'],
    ],
    ['a managed policy that reads', profile({ policyArns: ['arn:aws:iam::aws:policy/SecurityAudit'] }), []],
    [
      'minting actions behind a wildcard, which stay denied',
      profile({ policy: [{ Effect: 'Allow', Action: 'codeartifact:Get*', Resource: '*' }] }),
      [],
    ],
    [
      'a policy that long parameters make too long',
      profile({
        parameters: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { pattern: '[a-z]*', max: 512 }])),
        policy: ['a', 'b', 'c', 'd'].map((param) => ({
          Effect: 'Allow',
          Action: 's3:GetObject',
          Resource: { join: ['arn:aws:s3:::', { param }] },
        })),
      }),
      ['packed-size profiles.p.policy'],
    ],
    [
      'tags that are likely too large',
      profile({ tags: Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`tag-${index}`, { const: 'x'.repeat(50) }])) }),
      ['packed-size profiles.p'],
    ],
    [
      'a profile nobody can enter',
      profile({ eligible: [{ issuer: 'gh', claims: { repository_id: 7, ...push } }] }),
      [`never-fits ${at}.claims.repository_id`, 'unreachable-profile profiles.p.eligible'],
    ],
    [
      'GitHub, written as any issuer',
      {
        ...withIssuer({ gh: oidc({ ...issuers.gh, url: 'https://token.actions.githubusercontent.com/acme' } as never) }),
        ...profile({ eligible: [{ issuer: 'gh', claims: { repository: glob('acme*'), ...push } }] }),
      },
      [`open-prefix ${at}.claims.repository`],
    ],
    [
      'a tenant that is no text',
      withIssuer({ gh: { ...issuers.gh, tenant: { repository_owner_id: 65 } } }),
      ['never-fits issuers.gh.tenant.repository_owner_id'],
    ],
    [
      'a tenant that is misspelt',
      withIssuer({ gl: { ...issuers.gl, tenant: { namespce_id: '72' } } }),
      ['unknown-claim issuers.gl.tenant.namespce_id'],
    ],
    [
      'a forge’s own address',
      withIssuer({ gl: gitlab({ key: 'gl', audiences: ['https://gitlab.acme.example'], url: 'https://gitlab.acme.example' }) }),
      ['default-audience issuers.gl.audiences[0]'],
    ],
    [
      'AWS’s audience anywhere',
      withIssuer({ staff: { ...staff, audiences: ['sts.amazonaws.com'] } }),
      ['default-audience issuers.staff.audiences[0]'],
    ],
    [
      'Okta’s login as an identity',
      withIssuer({ okta: { ...issuers.okta, identityClaim: 'sub' } }),
      ['identity-by-name issuers.okta.identityClaim'],
    ],
    [
      'a second factor by values of the issuer’s own',
      {
        ...withIssuer({ pool: { ...issuers.pool, mfaAcr: ['strong'] } }),
        ...profile({ eligible: [{ issuer: 'pool', claims: { sub: 'x' }, mfa: true }] }),
      },
      [],
    ],
    [
      'one who asks, and the same one who agrees',
      profile({
        eligible: [{ issuer: 'staff', claims: { sub: 'dana' } }],
        approval: approval({ issuer: 'staff', claims: { sub: 'dana' } }),
      }),
      ['unreachable-profile profiles.p.approval.rules[0]'],
    ],
    [
      'one person named twice',
      profile({ approval: approval({ issuer: 'staff', claims: { sub: oneOf('a', 'a') } }, 2) }),
      ['unreachable-profile profiles.p.approval.rules[0]'],
    ],
    [
      'two names of one person',
      {
        ...profile({ approval: approval({ issuer: 'staff', claims: { sub: oneOf('a', 'b') } }, 2) }),
        people: {
          ann: [
            { issuer: 'staff', subject: 'a' },
            { issuer: 'staff', subject: 'b' },
          ],
        },
      },
      ['unreachable-profile profiles.p.approval.rules[0]'],
    ],
    [
      'one person for two rules',
      profile({
        approval: {
          ...approval({ issuer: 'staff', claims: { sub: 'a' } }),
          rules: Array(2).fill({ by: [{ issuer: 'staff', claims: { sub: 'a' } }], count: 1 }),
        },
      }),
      ['unreachable-profile profiles.p.approval.rules[0]'],
    ],
    [
      'a delegate whose time is over',
      profile({
        approval: {
          ...approval({ issuer: 'staff', claims: { sub: 'a' } }),
          rules: [
            {
              by: [{ issuer: 'staff', claims: { sub: 'a' } }],
              count: 2,
              delegates: [{ who: { issuer: 'staff', claims: { sub: 'b' } }, from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' }],
            },
          ],
        },
      }),
      ['unreachable-profile profiles.p.approval.rules[0]'],
    ],
    [
      'jobs that nobody is known to start',
      profile({ eligible: [{ issuer: 'gh', claims: { ...id, ...push } }], approval: approval(approvers) }),
      ['self-approval profiles.p.approval.rules[0]', `unreachable-profile ${at}`],
    ],
    [
      'jobs whose people are known',
      {
        ...profile({ eligible: [{ issuer: 'gh', claims: { ...id, ...push } }], approval: approval(approvers) }),
        people: {
          ann: [
            { issuer: 'staff', subject: 'a' },
            { issuer: 'gh', actor: '1' },
          ],
        },
      },
      [],
    ],
    [
      'two other issuers, one of them linked',
      {
        ...profile({
          approval: {
            ...approval(approvers),
            rules: [
              {
                by: [
                  { issuer: 'ms', claims: { roles: includes('A') } },
                  { issuer: 'okta', claims: { groups: includes('B') } },
                ],
                count: 1,
              },
            ],
          },
        }),
        people: {
          ann: [
            { issuer: 'staff', subject: 'a' },
            { issuer: 'ms', subject: 'm' },
          ],
        },
      },
      ['self-approval profiles.p.approval.rules[0]'],
    ],
    [
      'approved by itself at once',
      {
        ...profile({
          eligible: [{ issuer: 'staff', claims: strong, mfa: true, authAge: '15m' }],
          approval: approval(approvers, 1, { breakGlass: { delay: '60s' } }),
        }),
        slack: { team: 'T0ACME', app: 'A0STINT', channel: 'C0ACCESS' },
      },
      ['break-glass-alone profiles.p.approval.breakGlass'],
    ],
    [
      'the target’s rule beside the profile’s own',
      {
        targets: { t: { ...target(), approval: approval({ issuer: 'ms', claims: { roles: includes('Approver') } }) } },
        ...profile({ approval: approval(approvers) }),
      },
      ['self-approval targets.t.approval.rules[0]'],
    ],
    [
      'the same role at two issuers without a groups claim',
      profile({
        eligible: [
          { issuer: 'ms', claims: { roles: includes('admins') } },
          { issuer: 'pool', claims: { 'custom:roles': includes('admins') } },
        ],
      }),
      ['user-editable profiles.p.eligible[1].claims.custom:roles', 'group-across-issuers profiles.p.eligible[1].claims.custom:roles'],
    ],
    [
      'three people of two',
      profile({ approval: approval({ issuer: 'staff', claims: { sub: oneOf('a', 'b') } }, 3) }),
      ['unreachable-profile profiles.p.approval.rules[0]'],
    ],
    ['two people of a group', profile({ approval: approval(approvers, 2) }), []],
    [
      'approvers from elsewhere',
      profile({ approval: approval({ issuer: 'ms', claims: { roles: includes('Approver') } }) }),
      ['self-approval profiles.p.approval.rules[0]'],
    ],
    [
      'approvers from elsewhere who are linked',
      {
        ...profile({ approval: approval({ issuer: 'ms', claims: { roles: includes('Approver') } }) }),
        people: {
          dana: [
            { issuer: 'staff', subject: 'dana' },
            { issuer: 'ms', subject: 'd' },
          ],
        },
      },
      [],
    ],
    [
      'approvers of a target',
      { targets: { t: { ...target(), approval: approval({ issuer: 'ms', claims: { roles: includes('Approver') } }) } } },
      ['self-approval targets.t.approval.rules[0]'],
    ],
    [
      'break-glass with a password',
      profile({ eligible: [{ issuer: 'staff', claims: strong }], approval: approval(approvers, 1, { breakGlass: true }) }),
      [`break-glass-alone ${at}`],
    ],
    [
      'break-glass with a second factor of this morning',
      profile({
        eligible: [{ issuer: 'staff', claims: strong, mfa: true, authAge: '12h' }],
        approval: approval(approvers, 1, { breakGlass: true }),
      }),
      [`break-glass-alone ${at}`],
    ],
    [
      'break-glass as it should be',
      profile({
        eligible: [{ issuer: 'staff', claims: strong, mfa: true, authAge: '15m' }],
        approval: approval(approvers, 1, { breakGlass: true }),
      }),
      [],
    ],
    [
      'a group of the same name at two issuers',
      profile({
        eligible: [
          { issuer: 'staff', claims: { groups: includes('admins') } },
          { issuer: 'okta', claims: { groups: includes('admins') } },
        ],
      }),
      ['group-across-issuers profiles.p.eligible[1].claims.groups'],
    ],
    [
      'groups by id',
      profile({
        eligible: ['staff', 'okta'].map((issuer) => ({ issuer, claims: { groups: includes('6c1e2f00-1111-4222-8333-944455556666') } })),
      }),
      [],
    ],
    [
      'responders of one issuer',
      { responders: [{ issuer: 'staff', claims: { groups: includes('sec') } }] },
      ['responders-of-one-issuer issuers.staff'],
    ],
    [
      'one responder, whom two rules name',
      {
        responders: [
          { issuer: 'staff', claims: { sub: 'ann' } },
          { issuer: 'staff', claims: { sub: oneOf('ann') } },
        ],
      },
      ['one-responder responders'],
    ],
    [
      'one responder with two identities',
      {
        responders: [
          { issuer: 'staff', claims: { sub: 'ann' } },
          { issuer: 'ms', claims: { sub: 'a-2' } },
        ],
        people: {
          ann: [
            { issuer: 'staff', subject: 'ann' },
            { issuer: 'ms', subject: 'a-2' },
          ],
        },
      },
      ['one-responder responders'],
    ],
    [
      'two responders, one of whom no token can match',
      {
        responders: [
          { issuer: 'staff', claims: { sub: 'ann' } },
          { issuer: 'ms', claims: { sub: 'bea', tid: 't-2' } },
        ],
      },
      ['never-fits responders[1].claims.tid', 'one-responder responders'],
    ],
    [
      'two responders of two issuers',
      {
        responders: [
          { issuer: 'staff', claims: { sub: oneOf('ann', 'bea') } },
          { issuer: 'ms', claims: { sub: oneOf('cat', 'dan') } },
        ],
      },
      [],
    ],
    [
      'an identity that differs from the token in case, so that it is nobody',
      { people: { dana: [{ issuer: 'okta', subject: 'Dana@acme.example' }] } },
      ['email-case people.dana[0].subject'],
    ],
    ['an identity in lower case', { people: { dana: [{ issuer: 'okta', subject: 'dana@acme.example' }] } }, []],
    [
      'responders of two issuers',
      {
        responders: [
          { issuer: 'staff', claims: { groups: includes('sec') } },
          { issuer: 'okta', claims: { groups: includes('security') } },
        ],
      },
      [],
    ],
  ])('%s', (_name, change, expected) => expect(found(change)).toEqual(expected))
})

describe('online', () => {
  const document = (change: object) => async () => Buffer.from(JSON.stringify({ issuer: staff.url, jwks_uri: staff.jwksUri, ...change }))
  const rules = { issuers: { staff } } as never
  test.each<[string, () => Promise<Uint8Array>, readonly string[]]>([
    ['as it is said', document({}), []],
    ['another issuer', document({ issuer: 'https://other.example' }), ['issuers.staff.url']],
    ['keys elsewhere', document({ jwks_uri: 'https://cdn.example/jwks' }), ['issuers.staff.jwksUri']],
    ['no keys', document({ jwks_uri: undefined }), ['issuers.staff.jwksUri']],
    ['no JSON', async () => Buffer.from('<html>'), ['issuers.staff.url']],
    ['nobody there', () => Promise.reject(new Error('ENOTFOUND')), ['issuers.staff.url']],
  ])('%s', async (_name, get, expected) => {
    const findings = await lintOnline(rules, get)
    expect(findings.map(({ rule, path }) => `${rule} ${path}`)).toEqual(expected.map((path) => `online ${path}`))
  })
})

test.each<[string, 'human' | 'workload', 'any' | 'access' | 'id', readonly string[]]>([
  ['people', 'human', 'any', ['any-token issuers.staff.tokenUse']],
  ['people with access tokens', 'human', 'access', []],
  ['people with ID tokens', 'human', 'id', []],
  ['workloads', 'workload', 'any', []],
])('any token of %s', (_name, kind, tokenUse, expected) =>
  expect(found({ issuers: { ...issuers, staff: { ...staff, kind, tokenUse } } }).filter((line) => line.startsWith('any-token'))).toEqual(
    expected,
  ),
)

test('every rule has a row here or where it is found', async () => {
  const { readFile } = await import('node:fs/promises')
  const texts = await Promise.all(
    ['lint.test.ts', 'source.test.ts', 'policy/policy.test.ts'].map((name) => readFile(new URL(name, import.meta.url), 'utf8')),
  )
  expect(ruleIds.filter((id) => !texts.some((text) => new RegExp(`\\b${id}\\b`).test(text)))).toEqual([])
})

describe('how large the item of a request grows', () => {
  const approvers: Who = { issuer: 'staff', claims: { groups: includes('approvers') } }
  const approval = (maxUses: number) => ({ rules: [{ by: [approvers], count: 1 }], expiresAfter: '30m', window: '1h', maxUses })
  const ofProfile = (maxUses: number, more: Partial<Profile> = {}) => ({
    profiles: { p: { ...staffProfile, approval: approval(maxUses), ...more } },
  })
  const ofTarget = (profileUses: number, targetUses: number) => ({
    targets: { t: { ...target(), approval: approval(targetUses) } },
    ...ofProfile(profileUses),
  })
  const longPolicy = Array.from({ length: 10 }, (_, index) => ({
    Effect: 'Allow' as const,
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::acme-${index}-${'x'.repeat(300)}/*`,
  }))
  test.each<[string, Partial<ConfigSource>, readonly string[]]>([
    ['18 sessions of a small policy stay below 50 KB', ofProfile(18), []],
    ['19 do not', ofProfile(19), ['item-size profiles.p.approval.maxUses']],
    ['a policy is in the item too: 16 stay below', ofProfile(16, { policy: longPolicy }), []],
    ['17 do not', ofProfile(17, { policy: longPolicy }), ['item-size profiles.p.approval.maxUses']],
    ['the lower of two limits counts: the target’s', ofTarget(100, 18), []],
    ['the lower of two limits counts: the profile’s', ofTarget(18, 100), []],
    ['the target’s is the lower and still too high', ofTarget(100, 19), ['item-size targets.t.approval.maxUses']],
    ['without approval, a request has one session', { profiles: { p: staffProfile } }, []],
    ['that is renewed 23 times', { profiles: { p: renewed('12h', '30m') } }, []],
    ['that is renewed 59 times', { profiles: { p: renewed('1h', '1m') } }, ['item-size profiles.p.duration.renew']],
  ])('%s', (_situation, change, findings) => expect(found(change).filter((finding) => finding.startsWith('item-size'))).toEqual(findings))
  test('the finding says what it costs and what stays below', () => {
    const checked = checkConfig({ issuers, targets: { t: target() }, profiles: ofProfile(100).profiles })
    if (!checked.ok) throw new Error(formatFaults(checked.faults))
    expect(lint(checked.rules).find(({ rule }) => rule === 'item-size')?.what).toBe(
      'With 100 sessions, the item of a request grows to 250 KB. They take 25842 write units, and the last of them 2.0 vends per second at most. Up to 18 stay below 50 KB.',
    )
  })
})

describe('renewals', () => {
  const approval = (window: string, maxUses = 1) => ({
    approval: {
      rules: [{ by: [{ issuer: 'staff', claims: { groups: includes('leads') } }], count: 1 }],
      expiresAfter: '1h',
      window,
      maxUses,
    },
  })
  const findings = (change: Partial<ConfigSource>) => found(change).filter((finding) => /cut-short|run-out/.test(finding))
  test.each<[string, Profile, readonly string[]]>([
    ['a window of the same length', { ...renewed('8h', '30m'), ...approval('1h') }, []],
    ['a shorter window', { ...renewed('8h', '30m'), ...approval('59m') }, ['renewal-cut-short profiles.p.duration.default']],
    ['a shorter window without renewals', { ...staffProfile, ...approval('10m') }, []],
    ['people, with less than half an hour', renewed('1h', '29m'), ['console-cut-short profiles.p.duration.renew']],
    ['clients that renew early have enough for one session', renewed('12h', '30m'), []],
    ['and for four', { ...renewed('8h', '30m'), ...approval('1h', 4) }, []],
    ['but not for five', { ...renewed('8h', '30m'), ...approval('1h', 5) }, ['renewals-run-out profiles.p.duration.renew']],
    ['stint itself renews when a quarter is left', renewed('97m', '1m'), ['console-cut-short profiles.p.duration.renew']],
    [
      'which can be too early, too',
      renewed('98m', '1m'),
      ['console-cut-short profiles.p.duration.renew', 'renewals-run-out profiles.p.duration.renew'],
    ],
    ['with an hour, they have enough for eight', { ...renewed('12h', '1h'), ...approval('1h', 8) }, []],
    ['jobs, with less than half an hour', { ...renewed('1h', '5m'), eligible: [{ issuer: 'gh', claims: { ...id, ...push } }] }, []],
  ])('%s', (_name, p, expected) => expect(findings({ profiles: { p } })).toEqual(expected))
})

describe('cells', () => {
  const cells = {
    a: { account: '210987654321', log: { origin: 'log.acme.example/a' } },
    b: { account: '109876543210', log: { origin: 'log.acme.example/b' } },
  }
  const targets = { t: target(), u: target('444455556666') }
  const pinned = (...profiles: readonly (readonly [target: string, cell: string])[]): Partial<ConfigSource> => ({
    cells,
    targets,
    profiles: Object.fromEntries(profiles.map(([target, cell], index) => [`p${index}`, { ...staffProfile, target, cell }])),
  })
  test.each<[string, Partial<ConfigSource>, readonly string[]]>([
    ['a target of its own for each', pinned(['t', 'a'], ['u', 'b']), []],
    ['several profiles of one cell share a target', pinned(['t', 'a'], ['t', 'a'], ['u', 'b']), []],
    ['a cell without profiles', pinned(['t', 'a'], ['u', 'a']), ['empty-cell cells.b']],
    ['a target of two cells', pinned(['t', 'a'], ['t', 'b']), ['target-across-cells targets.t']],
    ['no cells', { targets }, []],
  ])('%s', (_situation, change, findings) => expect(found(change)).toEqual(findings))
  test('the finding names the brokers that the role must trust', () => {
    const checked = checkConfig({ issuers, targets, profiles: {}, ...pinned(['t', 'a'], ['t', 'b']) })
    if (!checked.ok) throw new Error(formatFaults(checked.faults))
    expect(lint(checked.rules).map(({ what }) => what)).toEqual([
      "Profiles of 2 cells use it, and its role must trust each of them: 'a' (account 210987654321), 'b' (account 109876543210).",
    ])
  })
})
