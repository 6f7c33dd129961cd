/** What is known of each issuer's claims, as its documentation says it. `issuers.test.ts` compares it with documented tokens. */
import { describe, expect, test } from 'vitest'
import { claimPath } from '../matcher.ts'
import type { Preset } from '../shape.ts'
import { knowledge } from './index.ts'
import { isSelfWritten } from './knowledge.ts'

const presets = Object.entries(knowledge)

test.each(presets)('%s: each claim has a name and a type, and names refer to claims that are known', (_preset, { claims }) => {
  const types = ['text', 'number', 'boolean', 'flag', 'texts', 'object']
  const wrong = Object.entries(claims).filter(
    ([claim, { is, type, id }]) =>
      claimPath(claim).includes('') ||
      !['id', 'name', 'fact'].includes(is) ||
      !types.includes(type) ||
      (id !== undefined && !Object.hasOwn(claims, id)),
  )
  expect(wrong).toEqual([])
  expect(claims).toMatchObject({ iss: { is: 'id' }, aud: { is: 'fact' }, exp: { type: 'number' }, iat: {}, nbf: {}, jti: {} })
})

test('a name refers to the claim that stays the same', () => {
  expect([knowledge.github.claims.repository, knowledge.gitlab.claims.user_email, knowledge.aws.claims.sub]).toMatchObject([
    { is: 'name', id: 'repository_id' },
    { is: 'name', id: 'user_id' },
    { is: 'id' },
  ])
})

test.each<[Preset, readonly string[]]>([
  [
    'cognito',
    [
      ...['email', 'phone_number', 'name', 'nickname', 'preferred_username', 'given_name', 'middle_name', 'family_name'],
      ...['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'address'],
    ],
  ],
  ['okta', ['name']],
  ['keycloak', ['email', 'name', 'given_name', 'family_name']],
  ['auth0', ['name', 'nickname']],
  ['oidc', ['nickname']],
  ['entra', []],
  ['google', []],
])('%s: users can edit %j', (preset, names) => {
  const edited = Object.entries(knowledge[preset].claims).filter(([, { editable }]) => editable)
  expect(edited.map(([claim]) => claim).sort()).toEqual([...names].sort())
})

describe('claims outside the table', () => {
  test.each<[Preset, string, boolean]>([
    ['github', 'repo_property_team', true],
    ['github', 'my_repo_property_', false],
    ['buildkite', 'agent_tag:queue', true],
    ['buildkite', 'x_agent_tag:queue', false],
    ['cognito', 'custom:team', true],
    ['cognito', 'dev:custom:cost-center', true],
    ['cognito', 'cognito:custom', false],
    ['cognito', 'two words', false],
    ['cognito', 'team!', false],
    ['aws', '/https:~1~1sts.amazonaws.com~1/principal_tags/team', true],
    ['aws', '/https:~1~1sts.amazonaws.com~1/request_tags/team', true],
    ['aws', '/https:~1~1sts.amazonaws.com~1/other_tags/team', false],
    ['aws', '/x/https:~1~1sts.amazonaws.com~1/principal_tags/team', false],
    ['okta', 'anything', true],
    ['entra', 'anything', true],
    ['keycloak', 'anything', true],
    ['auth0', 'https://acme.example/team', true],
    ['oidc', 'anything', true],
  ])('%s: %s can be a custom claim: %s', (preset, claim, custom) => expect(knowledge[preset].custom?.test(claim)).toBe(custom))
  test.each<Preset>(['gitlab', 'circleci', 'kubernetes', 'google', 'terraform', 'vercel', 'bitbucket', 'azure-devops', 'spacelift'])(
    '%s has no custom claims',
    (preset) => expect(knowledge[preset].custom).toBeUndefined(),
  )
  test.each<[Preset, string, string, boolean]>([
    ['cognito', 'custom:team', '', true],
    ['cognito', 'dev:custom:team', '', false],
    ['cognito', 'team', '', false],
    ['okta', 'nickname', '', true],
    ['keycloak', 'website', '', true],
    ['auth0', 'https://acme.example/team', '', true],
    ['oidc', 'locale', 'https://login.acme.example', true],
    ['oidc', 'groups', 'https://login.acme.example/realms/acme', false],
    ...['name', 'given_name', 'family_name', 'email'].flatMap((claim): [Preset, string, string, boolean][] => [
      ['oidc', claim, 'https://login.acme.example/realms/acme', true],
      ['oidc', claim, 'https://login.acme.example/realms/acme/x', false],
      ['oidc', claim, 'https://login.acme.example/realms/', false],
      ['oidc', claim, 'https://login.acme.example', false],
    ]),
  ])('%s: users can edit %s of %j: %s', (preset, claim, url, editable) => expect(knowledge[preset].editable?.(claim, url)).toBe(editable))
  test.each<[string, boolean]>([
    ['nickname', true],
    ['middle_name', true],
    ['profile', true],
    ['picture', true],
    ['website', true],
    ['gender', true],
    ['birthdate', true],
    ['zoneinfo', true],
    ['locale', true],
    ['address', true],
    ['/address/country', true],
    ['/org/address', false],
    ['groups', false],
    ['https://acme.example/team', true],
    ['http://acme.example/team', true],
    ['xhttps://acme.example/team', false],
    ['user_metadata', true],
    ['/user_metadata/team', true],
    ['/x/usermetadata/team', true],
    ['/raw_user_meta_data/team', true],
    ['/unsafe_metadata/team', true],
    ['superuser_metadata', false],
    ['user_metadata_of_admins', false],
    ['app_metadata', false],
    ['/appMetadata/nickname', false],
    ['/user_metadata/app_metadata', false],
    ['/user_metadata/appMetadata', false],
    ['https://acme.example/app_metadata', false],
  ])('people write %s themselves: %s', (claim, written) => expect(isSelfWritten(claim)).toBe(written))
})

const UUID = '5b6c3d2e-1f00-4a7b-9c8d-0e1f2a3b4c5d'
test.each<[Preset, readonly string[], readonly string[]]>([
  [
    'github',
    ['https://github.com/acme', 'sts.amazonaws.com'],
    ['https://stint.acme.example/https://github.com/', 'xsts.amazonaws.com', 'sts.amazonaws.com.cn'],
  ],
  ['gitlab', ['https://gitlab.com'], ['https://gitlab.com/acme', 'x https://gitlab.com']],
  [
    'buildkite',
    ['https://buildkite.com/acme', 'sts.amazonaws.com'],
    ['x https://buildkite.com/', 'xsts.amazonaws.com', 'sts.amazonaws.com.cn'],
  ],
  ['circleci', [UUID], [`x${UUID}`, `${UUID}0`, UUID.toUpperCase(), UUID.slice(1), UUID.slice(0, 23)]],
  [
    'kubernetes',
    ['https://kubernetes.default.svc', 'https://kubernetes.default.svc.cluster.local', 'sts.amazonaws.com'],
    ['x https://kubernetes.default.svc', 'xsts.amazonaws.com', 'sts.amazonaws.com.cn'],
  ],
  ['okta', ['api://default'], ['api://default/x', 'xapi://default']],
  ['aws', ['sts.amazonaws.com'], ['xsts.amazonaws.com', 'sts.amazonaws.com.cn']],
  ['keycloak', ['account'], ['accounts', 'my-account']],
  [
    'auth0',
    ['https://acme.eu.auth0.com/userinfo', 'https://acme.eu.auth0.com/api/v2/'],
    ['https://acme.example/userinfo/x', 'https://acme.example/api/v2/x'],
  ],
  [
    'terraform',
    ['aws.workload.identity', 'vault.workload.identity'],
    ['xaws.workload.identity', 'aws.workload.identity.acme', 'gcp.workload.identity'],
  ],
  ['vercel', ['https://vercel.com/acme'], ['https://stint.acme.example', 'x https://vercel.com/acme']],
  [
    'bitbucket',
    ['ari:cloud:bitbucket::workspace/9cdf2a9c'],
    ['x ari:cloud:bitbucket::workspace/9cdf2a9c', 'ari:cloud:bitbucket::repository/9cdf2a9c'],
  ],
])('%s: tokens for other services have an audience such as %j', (preset, standard, own) => {
  const { defaultAudience } = knowledge[preset]
  expect(standard.filter((audience) => !defaultAudience?.test(audience))).toEqual([])
  expect(own.filter((audience) => defaultAudience?.test(audience))).toEqual([])
})

test('tokens that say how and when a person signed in', () => {
  const saying = (what: 'mfa' | 'authTime') => presets.filter(([, known]) => known[what]).map(([preset]) => preset)
  expect(saying('mfa')).toEqual(['okta', 'keycloak', 'auth0', 'oidc'])
  expect(saying('authTime')).toEqual(['cognito', 'okta', 'entra', 'google', 'keycloak', 'auth0', 'oidc'])
})

test.each<[Preset, readonly string[]]>([
  ['github', ['sub', 'repository_id', 'repository', 'job_workflow_ref', 'workflow_ref']],
  ['gitlab', ['sub', 'project_id', 'project_path', 'ci_config_ref_uri']],
  [
    'google',
    [
      'sub',
      'email',
      'name',
      ...['project_number', 'project_id', 'instance_id', 'instance_name'].map((one) => `/google/compute_engine/${one}`),
    ],
  ],
  ['azure-devops', ['sub', 'prj_id', 'def_id', 'rpo_id', 'rpo_uri']],
  ['spacelift', ['sub', 'callerId']],
  ['keycloak', ['sub', 'groups', '/realm_access/roles', 'preferred_username', 'email', 'name', 'given_name', 'family_name', 'client_id']],
])('%s: callers are identified by %j', (preset, names) => {
  const entering = Object.entries(knowledge[preset].claims).filter(([, { enters }]) => enters)
  expect(entering.map(([claim]) => claim).sort()).toEqual([...names].sort())
})
