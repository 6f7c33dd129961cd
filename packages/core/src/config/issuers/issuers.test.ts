/**
 * Every preset against the tokens that its issuer documents (`documented.json`): taken as they are, refused from another
 * tenant, another use, another issuer; and what Stint knows of the claims is what the documentation shows.
 */
import { describe, expect, test } from 'vitest'
import { toCaller } from '../../identity/caller.ts'
import { checkClaims, checkHeader, parseToken } from '../../identity/token.ts'
import type { JsonObject } from '../../json.ts'
import { checkConfig } from '../check.ts'
import { findClaim } from '../matcher.ts'
import type { Issuer, IssuerSource, Preset } from '../shape.ts'
import documented from './documented.json' with { type: 'json' }
import {
  auth0,
  awsOutbound,
  azureDevops,
  bitbucket,
  buildkite,
  circleci,
  cognito,
  entra,
  github,
  gitlab,
  google,
  googleCompute,
  googleServiceAccount,
  keycloak,
  knowledge,
  kubernetes,
  oidc,
  okta,
  spacelift,
  terraform,
  vercel,
} from './index.ts'
import { presetOf } from './presets.ts'

type Documented = {
  readonly preset: Preset
  readonly title: string
  readonly header: object
  readonly claims: JsonObject
  readonly name: string
  readonly identity?: string
}
const tokens = documented as unknown as readonly Documented[]

const key = 'x'
const audience = (claims: JsonObject) => ({ audiences: [[claims.aud].flat()[0] as string] as [string] })
const cognitoOf = (tokenUse: 'id' | 'access') =>
  cognito({ key, region: 'us-west-2', userPoolId: 'us-west-2_example', clientIds: ['xxxxxxxxxxxxexample'], tokenUse })

/** As the company of each example would have written its issuer. */
const issuers: { readonly [name: string]: (claims: JsonObject) => IssuerSource } = {
  'github: a job in an environment': (claims) => github({ key, ...audience(claims), ownerId: '65' }),
  'github: the immutable subject': (claims) => github({ key, ...audience(claims), ownerId: '65' }),
  'gitlab: a job': (claims) => gitlab({ key, ...audience(claims), url: 'https://gitlab.example.com' }),
  'buildkite: a job that asked for the ids': (claims) =>
    buildkite({ key, ...audience(claims), organizationId: '0184990a-477b-4fa8-9968-496074483000' }),
  'circleci: a job': (claims) => circleci({ key, ...audience(claims), organizationId: '5b6c3d2e-1f00-4a7b-9c8d-0e1f2a3b4c5d' }),
  "kubernetes: a Pod's projected token": (claims) => kubernetes({ key, ...audience(claims), url: 'https://my-cluster.example.com' }),
  'cognito: an ID token': () => cognitoOf('id'),
  'cognito: an access token': () => cognitoOf('access'),
  'okta: an access token': (claims) =>
    okta({ key, ...audience(claims), url: 'https://acme.okta.com/oauth2/aus1example', tokenUse: 'access' }),
  'okta: an ID token': (claims) => okta({ key, ...audience(claims), url: 'https://acme.okta.com/oauth2/aus1example', tokenUse: 'id' }),
  'entra: an access token': (claims) =>
    entra({ key, ...audience(claims), tenantId: '72f988bf-86f1-41af-91ab-2d7cd011db47', tokenUse: 'access' }),
  'entra: an ID token': (claims) => entra({ key, ...audience(claims), tenantId: '9122040d-6c67-4c5b-b112-36a304b66dad', tokenUse: 'id' }),
  'google: a person of a Workspace': () => google({ key, clientIds: ['1234987819200.apps.googleusercontent.com'], domain: 'example.com' }),
  'google: a virtual machine': (claims) => googleCompute({ key, ...audience(claims), projectNumber: 1071284184436 }),
  "aws: a Lambda function's role": (claims) =>
    awsOutbound({ key, ...audience(claims), issuerId: 'abc123-def456-ghi789-jkl012', accountId: '123456789012' }),
  'keycloak: an access token': () =>
    keycloak({ key, audiences: ['stint'], url: 'https://login.example.com/realms/acme', tokenUse: 'access' }),
  'keycloak: an ID token': () => keycloak({ key, audiences: ['stint'], url: 'https://login.example.com/realms/acme', tokenUse: 'id' }),
  'auth0: an access token': (claims) => auth0({ key, ...audience(claims), domain: 'acme.eu.auth0.com', tokenUse: 'access' }),
  'auth0: an ID token': (claims) => auth0({ key, ...audience(claims), domain: 'acme.eu.auth0.com', tokenUse: 'id' }),
  'entra: an access token of version 1.0': (claims) =>
    entra({ key, ...audience(claims), tenantId: '72f988bf-86f1-41af-91ab-2d7cd011db47', tokenUse: 'access', version: '1.0' }),
  'google: a service account': (claims) => googleServiceAccount({ key, ...audience(claims), uniqueId: '110248495921238986420' }),
  'terraform: an apply': (claims) => terraform({ key, ...audience(claims), organizationId: 'org-GRNbCjYNpBB6NEBU' }),
  'vercel: a deployment': (claims) => vercel({ key, ...audience(claims), team: 'acme', ownerId: 'team_7Gw5ZMzpQA8h90F8' }),
  'bitbucket: a step': (claims) =>
    bitbucket({ key, ...audience(claims), workspace: 'acme', workspaceUuid: '{9cdf2a9c-51b4-4d3b-9b6a-0b8f9b6f4b11}' }),
  'azure-devops: a pipeline': (claims) => azureDevops({ key, ...audience(claims), organizationId: '0ca3ddd9-f0b0-4635-a98c-5866526961b6' }),
  'spacelift: a tracked run': (claims) => spacelift({ key, ...audience(claims), account: 'acme' }),
  'oidc: an access token as RFC 9068 prints one': (claims) =>
    oidc({
      key,
      ...audience(claims),
      url: 'https://authorization-server.example.com/',
      jwksUri: 'https://authorization-server.example.com/jwks',
      kind: 'human',
      tokenUse: 'access',
    }),
}
const rows = tokens.map((token) => [`${token.preset}: ${token.title}`, token] as const)
const issuerFor = (name: string, claims: JsonObject) => issuers[name]?.(claims) as Issuer

/** What the token check says of the claims under a header, in the second after they were signed. */
function told(issuer: Issuer, header: object, claims: JsonObject): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = parseToken(`${encode(header)}.${encode(claims)}.c2ln`)
  if (token.outcome !== 'done') return token.operator ?? ''
  const refusal = checkHeader(issuer, token.value)
  if (refusal) return refusal.operator ?? ''
  if (token.value.unverifiedIssuer !== issuer.url) return 'unknown issuer'
  const checked = checkClaims(issuer, token.value, ((claims.iat as number) + 1) * 1000)
  if (checked.outcome === 'refused') return checked.operator ?? checked.code
  const caller = toCaller('x', issuer, token.value, checked.value)
  return caller.outcome === 'done' ? `${caller.value.name} as ${caller.value.identity}` : (caller.operator ?? '')
}

describe.each(rows)('%s', (name, { header, claims, preset, ...expected }) => {
  const issuer = issuerFor(name, claims)

  test('is accepted as documented', () => {
    expect(told(issuer, header, claims)).toBe(`${expected.name} as ${expected.identity ?? claims.sub}`)
  })
  test('is an issuer that the config check accepts', () => {
    const target = { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext', region: 'eu-central-1' }
    const duration = { default: '30m', max: '1h' }
    const config = {
      issuers: { it: issuer },
      targets: { t: target },
      profiles: { p: { target: 't', eligible: [{ issuer: 'it', claims: { sub: 'x' } }], duration } },
    }
    expect(checkConfig(config)).toMatchObject({ ok: true })
  })
  test('is known by its name and by its URL', () => {
    expect(issuer.preset).toBe(preset)
    const { preset: _none, ...unnamed } = issuer
    if (!['my-cluster', 'authorization-server', 'gitlab.example'].some((host) => issuer.url.includes(host)))
      expect(presetOf(unnamed)).toBe(preset)
  })
  test('keys come from its own host or a documented one', () => {
    const [from, keys] = [new URL(issuer.url), new URL(issuer.jwksUri)]
    expect(keys.host === from.host || ['www.googleapis.com', 'login.microsoftonline.com'].includes(keys.host)).toBe(true)
  })
  test('holds only claims that Stint knows, each of the type that it knows', () => {
    const known = knowledge[preset]
    const wrong = Object.entries(claims).flatMap(([claim, value]) => {
      const entry = known.claims[claim]
      if (!entry) return known.custom?.test(claim) ? [] : [`${claim} is unknown`]
      return typeOf(value).includes(entry.type) ? [] : [`${claim} is no ${entry.type}`]
    })
    expect(wrong).toEqual([])
  })
  test('the pinned tenant must be present and equal', () => {
    for (const ref of Object.keys(issuer.tenant ?? {})) {
      const top = ref.startsWith('/') ? ref.slice(1).split('/')[0]?.replaceAll('~1', '/') : ref
      const { [top as string]: _gone, ...without } = claims
      expect(told(issuer, header, without)).toMatch(ref === 'sub' ? /sub is missing/ : /is not the pinned tenant/)
      const other = typeof issuer.tenant?.[ref] === 'boolean' ? true : 'other'
      if (!ref.startsWith('/')) expect(told(issuer, header, { ...claims, [ref]: other })).toContain('is not the pinned tenant')
    }
  })
  test('another algorithm, issuer, audience are refused', () => {
    expect(told(issuer, { ...header, alg: 'HS256' }, claims)).toContain('not allowed')
    expect(told(issuer, header, { ...claims, iss: `${issuer.url}.evil.example` })).toBe('unknown issuer')
    const stand = 'aud' in claims ? { aud: 'other' } : { client_id: 'other' }
    expect(told(issuer, header, { ...claims, ...stand })).toContain('is not an audience of this broker')
  })
})

/** All that a claim's value may be called. */
function typeOf(value: unknown): readonly string[] {
  if (typeof value === 'boolean') return ['boolean', 'flag']
  if (value === 'true' || value === 'false') return ['text', 'flag']
  if (typeof value === 'string') return ['text']
  if (typeof value === 'number') return ['number']
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return ['texts']
  return ['object']
}

describe('what a preset refuses', () => {
  const claimsOf = (name: string) => rows.find(([row]) => row === name)?.[1] as Documented
  test('CircleCI: a job that was re-run with SSH, unless it is allowed', () => {
    const { header, claims } = claimsOf('circleci: a job')
    const rerun = { ...claims, 'oidc.circleci.com/ssh-rerun': true }
    expect(told(issuerFor('circleci: a job', claims), header, rerun)).toContain('ssh-rerun is not the pinned tenant')
    const allowing = circleci({ key, ...audience(claims), organizationId: '5b6c3d2e-1f00-4a7b-9c8d-0e1f2a3b4c5d', sshReruns: true })
    expect(told(allowing as Issuer, header, rerun)).toContain(' as org/')
  })
  test.each([
    ['cognito: an ID token', 'cognito: an access token'],
    ['okta: an access token', 'okta: an ID token'],
    ['entra: an access token', 'entra: an ID token'],
  ])('%s is not %s', (one, other) => {
    const [a, b] = [claimsOf(one), claimsOf(other)]
    const taking = (use: Documented, name: string) => ({
      ...issuerFor(name, use.claims),
      audiences: [a.claims.aud, b.claims.aud].map(String),
    })
    expect(told(taking(a, one), b.header, { ...b.claims, iss: issuerFor(one, a.claims).url })).toMatch(/token where an/)
    expect(told(taking(b, other), a.header, { ...a.claims, iss: issuerFor(other, b.claims).url })).toMatch(/token where an/)
  })
  test('Google: a private account with an address of the domain', () => {
    const { header, claims } = claimsOf('google: a person of a Workspace')
    const { hd: _none, ...private_ } = claims
    expect(told(issuerFor('google: a person of a Workspace', claims), header, private_)).toContain('hd is not the pinned tenant')
  })
  test('a GitHub enterprise and a GitHub server have their own URLs', () => {
    expect(github({ key, audiences: ['a'], enterpriseId: '2', enterprise: 'avocado-corp' })).toMatchObject({
      url: 'https://token.actions.githubusercontent.com/avocado-corp',
      jwksUri: 'https://token.actions.githubusercontent.com/avocado-corp/.well-known/jwks',
      tenant: { enterprise_id: '2' },
    })
    expect(github({ key, audiences: ['a'], host: 'git.acme.example' })).toMatchObject({ url: 'https://git.acme.example/_services/token' })
  })
  test('claims by path reach what a Pod is', () => {
    const { claims } = claimsOf("kubernetes: a Pod's projected token")
    expect(findClaim(claims, '/kubernetes.io/serviceaccount/name')).toBe('my-serviceaccount')
  })
})

describe('the helpers', () => {
  const audiences = ['stint'] as const
  const workload = { key, kind: 'workload', audiences, tokenUse: 'id', algorithms: ['RS256'] }
  const github_ = { ...workload, preset: 'github', nameClaim: ['repository', 'ref'], jobIdentity: ['run_id'], actorClaim: 'actor_id' }
  const gitlab_ = { ...workload, preset: 'gitlab', nameClaim: ['project_path', 'ref'], jobIdentity: ['pipeline_id'], actorClaim: 'user_id' }
  const gitlabCom = { url: 'https://gitlab.com', jwksUri: 'https://gitlab.com/oauth/discovery/keys' }
  const actions = 'https://token.actions.githubusercontent.com'
  const keys = { url: actions, jwksUri: `${actions}/.well-known/jwks` }
  const realm = 'https://login.acme.example/realms/acme'
  const eks = 'https://oidc.eks.eu-central-1.amazonaws.com/id/E'
  test.each<[string, IssuerSource, object]>([
    ['GitHub, an owner', github({ key, audiences, ownerId: '65' }), { ...github_, ...keys, tenant: { repository_owner_id: '65' } }],
    ['GitHub, an enterprise', github({ key, audiences, enterpriseId: '2' }), { ...github_, ...keys, tenant: { enterprise_id: '2' } }],
    ['GitHub, a repository', github({ key, audiences, repositoryId: '74' }), { ...github_, ...keys, tenant: { repository_id: '74' } }],
    [
      'GitHub, a server of your own',
      github({ key, audiences, host: 'git.acme.example' }),
      { ...github_, url: 'https://git.acme.example/_services/token', jwksUri: 'https://git.acme.example/_services/token/.well-known/jwks' },
    ],
    ['GitLab, a namespace', gitlab({ key, audiences, namespaceId: '72' }), { ...gitlab_, ...gitlabCom, tenant: { namespace_id: '72' } }],
    ['GitLab, a project', gitlab({ key, audiences, projectId: '20' }), { ...gitlab_, ...gitlabCom, tenant: { project_id: '20' } }],
    [
      'GitLab, a server of your own',
      gitlab({ key, audiences, url: 'https://gitlab.acme.example/' }),
      { ...gitlab_, url: 'https://gitlab.acme.example', jwksUri: 'https://gitlab.acme.example/oauth/discovery/keys' },
    ],
    [
      'Kubernetes behind a path that looks like EKS',
      kubernetes({ key, audiences, url: 'https://cluster.acme.example/https://oidc.eks.x' }),
      {
        ...workload,
        preset: 'kubernetes',
        url: 'https://cluster.acme.example/https://oidc.eks.x',
        jwksUri: 'https://cluster.acme.example/https://oidc.eks.x/openid/v1/jwks',
        nameClaim: ['/kubernetes.io/namespace', '/kubernetes.io/serviceaccount/name'],
      },
    ],
    [
      'Kubernetes',
      kubernetes({ key, audiences, url: 'https://cluster.acme.example/' }),
      {
        ...workload,
        preset: 'kubernetes',
        url: 'https://cluster.acme.example/',
        jwksUri: 'https://cluster.acme.example/openid/v1/jwks',
        nameClaim: ['/kubernetes.io/namespace', '/kubernetes.io/serviceaccount/name'],
      },
    ],
    [
      'EKS',
      kubernetes({ key, audiences, url: eks }),
      {
        ...workload,
        preset: 'kubernetes',
        url: eks,
        jwksUri: `${eks}/keys`,
        maxTokenLife: '24h',
        nameClaim: ['/kubernetes.io/namespace', '/kubernetes.io/serviceaccount/name'],
      },
    ],
    [
      'Auth0, machines',
      auth0({ key, audiences, domain: 'acme.eu.auth0.com', tokenUse: 'access', kind: 'workload' }),
      {
        ...workload,
        tokenUse: 'access',
        preset: 'auth0',
        dialect: 'auth0',
        url: 'https://acme.eu.auth0.com/',
        jwksUri: 'https://acme.eu.auth0.com/.well-known/jwks.json',
      },
    ],
    [
      'Keycloak, a URL with a slash',
      keycloak({ key, audiences, url: `${realm}/`, tokenUse: 'id' }),
      {
        ...workload,
        kind: 'human',
        preset: 'keycloak',
        dialect: 'keycloak',
        url: realm,
        jwksUri: `${realm}/protocol/openid-connect/certs`,
        nameClaim: 'preferred_username',
        groupsClaim: 'groups',
      },
    ],
    [
      'Keycloak, service accounts',
      keycloak({ key, audiences, url: realm, tokenUse: 'access', kind: 'workload' }),
      {
        ...workload,
        tokenUse: 'access',
        preset: 'keycloak',
        dialect: 'keycloak',
        url: realm,
        jwksUri: `${realm}/protocol/openid-connect/certs`,
        nameClaim: 'preferred_username',
        groupsClaim: 'groups',
      },
    ],
    ...(['id', 'access'] as const).map((tokenUse): [string, IssuerSource, object] => [
      `Okta, ${tokenUse} tokens of the organization`,
      okta({ key, audiences, url: 'https://acme.okta.com/', tokenUse }),
      {
        ...workload,
        kind: 'human',
        tokenUse,
        preset: 'okta',
        dialect: 'okta',
        url: 'https://acme.okta.com',
        jwksUri: 'https://acme.okta.com/oauth2/v1/keys',
        nameClaim: tokenUse === 'id' ? 'preferred_username' : 'sub',
        ...(tokenUse === 'access' ? { identityClaim: 'uid' } : {}),
        groupsClaim: 'groups',
        mfaAcr: ['urn:okta:loa:2fa:any', 'phr', 'phrh'],
      },
    ]),
    [
      'Okta, an authorization server',
      okta({ key, audiences, url: 'https://acme.okta.com/oauth2/default', tokenUse: 'id' }),
      {
        ...okta({ key, audiences, url: 'https://acme.okta.com', tokenUse: 'id' }),
        url: 'https://acme.okta.com/oauth2/default',
        jwksUri: 'https://acme.okta.com/oauth2/default/v1/keys',
      },
    ],
    ...(['1.0', '2.0'] as const).map((version): [string, IssuerSource, object] => [
      `Entra ID, tokens of version ${version}`,
      entra({ key, audiences, tenantId: '72f988bf', tokenUse: 'id', ...(version === '1.0' ? { version } : {}) }),
      {
        ...workload,
        kind: 'human',
        preset: 'entra',
        dialect: 'entra',
        url: version === '1.0' ? 'https://sts.windows.net/72f988bf/' : 'https://login.microsoftonline.com/72f988bf/v2.0',
        jwksUri: `https://login.microsoftonline.com/72f988bf/discovery/${version === '1.0' ? '' : 'v2.0/'}keys`,
        tenant: { tid: '72f988bf' },
        identityClaim: 'oid',
        nameClaim: version === '1.0' ? 'unique_name' : 'preferred_username',
        groupsClaim: 'groups',
        maxTokenLife: '25h',
      },
    ]),
    [
      'Terraform',
      terraform({ key, audiences, organizationId: 'org-1' }),
      {
        ...workload,
        preset: 'terraform',
        url: 'https://app.terraform.io',
        jwksUri: 'https://app.terraform.io/.well-known/jwks',
        nameClaim: 'terraform_full_workspace',
        tenant: { terraform_organization_id: 'org-1' },
        maxTokenLife: '24h',
      },
    ],
    [
      'OpenID Connect, with an algorithm of its own',
      oidc({ ...keys, key, audiences, kind: 'human', tokenUse: 'id', algorithms: ['ES256'] }),
      { ...workload, ...keys, kind: 'human', preset: 'oidc', algorithms: ['ES256'] },
    ],
    [
      'OpenID Connect',
      oidc({ ...keys, key, audiences, kind: 'human', tokenUse: 'id' }),
      { ...workload, ...keys, kind: 'human', preset: 'oidc' },
    ],
  ])('%s', (_name, made, expected) => expect(made).toEqual(expected))

  test('every helper takes the common options', () => {
    const options = {
      maxTokenLife: '2h',
      clockSkew: '5s',
      replay: 'once',
      network: 'private',
      nameClaim: 'name',
      algorithms: ['ES256'],
    } as const
    const at = { url: 'http://localhost:8500/issuer', jwksUri: 'http://localhost:8500/jwks' }
    const all = { key, audiences, at, ...options }
    const made = [
      auth0({ ...all, domain: 'acme.eu.auth0.com', tokenUse: 'id' }),
      awsOutbound({ ...all, issuerId: 'i', accountId: '111122223333' }),
      azureDevops({ ...all, organizationId: 'o' }),
      bitbucket({ ...all, workspace: 'w', workspaceUuid: 'u' }),
      buildkite({ ...all, organizationId: 'o' }),
      circleci({ ...all, organizationId: 'o' }),
      cognito({ ...all, region: 'eu-central-1', userPoolId: 'p', clientIds: ['c'], tokenUse: 'id' }),
      entra({ ...all, tenantId: 't', tokenUse: 'id' }),
      github({ ...all, ownerId: '65' }),
      gitlab({ ...all, projectId: '20' }),
      google({ ...all, clientIds: ['c'], domain: 'acme.example' }),
      googleCompute({ ...all, projectNumber: 1 }),
      googleServiceAccount({ ...all, uniqueId: '1' }),
      keycloak({ ...all, url: realm, tokenUse: 'id' }),
      kubernetes({ ...all, url: eks }),
      okta({ ...all, url: 'https://acme.okta.com', tokenUse: 'id' }),
      spacelift({ ...all, account: 'a' }),
      terraform({ ...all, organizationId: 'o' }),
      vercel({ ...all, team: 't', ownerId: 'o' }),
    ]
    for (const issuer of made) expect(issuer).toMatchObject({ ...at, ...options, key })
  })
})

test.each<[string, Preset]>([
  ['https://token.actions.githubusercontent.com', 'github'],
  ['https://token.actions.githubusercontent.com/avocado-corp', 'github'],
  ['https://git.acme.example/_services/token', 'github'],
  ['https://token.actions.githubusercontent.com.evil.example', 'oidc'],
  ['https://git.acme.example/_services/token/x', 'oidc'],
  ['https://gitlab.com', 'gitlab'],
  ['https://gitlab.com.evil.example', 'oidc'],
  ['https://agent.buildkite.com', 'buildkite'],
  ['https://agent.buildkite.com.evil.example', 'oidc'],
  ['https://oidc.circleci.com/org/1', 'circleci'],
  ['https://oidc.eks.eu-central-1.amazonaws.com/id/E', 'kubernetes'],
  ['https://cognito-idp.eu-central-1.amazonaws.com/p', 'cognito'],
  ['https://acme.okta.com', 'okta'],
  ['https://acme.okta.com/oauth2/default', 'okta'],
  ['https://acme.oktapreview.com', 'okta'],
  ['https://acme.okta-emea.com', 'okta'],
  ['https://acme.okta.com.evil.example', 'oidc'],
  ['https://evil.example/acme.okta.com', 'oidc'],
  ['https://login.microsoftonline.com/72f988bf/v2.0', 'entra'],
  ['https://sts.windows.net/72f988bf/', 'entra'],
  ['https://accounts.google.com', 'google'],
  ['https://accounts.google.com.evil.example', 'oidc'],
  ['https://login.acme.example/realms/acme', 'keycloak'],
  ['https://login.acme.example/auth/realms/acme', 'keycloak'],
  ['https://login.acme.example/realms/acme/x', 'oidc'],
  ['https://login.acme.example/x/realms/acme', 'oidc'],
  ['https://acme.eu.auth0.com/', 'auth0'],
  ['https://acme.eu.auth0.com/x', 'oidc'],
  ['https://evil.example/acme.auth0.com/', 'oidc'],
  ['https://app.terraform.io', 'terraform'],
  ['https://app.terraform.io.evil.example', 'oidc'],
  ['https://oidc.vercel.com', 'vercel'],
  ['https://oidc.vercel.com/acme', 'vercel'],
  ['https://oidc.vercel.com.evil.example', 'oidc'],
  ['https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc', 'bitbucket'],
  ['https://vstoken.dev.azure.com/0ca3ddd9', 'azure-devops'],
  ['https://acme.app.spacelift.io', 'spacelift'],
  ['https://acme.app.us.spacelift.io', 'spacelift'],
  ['https://acme.app.spacelift.io.evil.example', 'oidc'],
  ['https://evil.example/acme.app.spacelift.io', 'oidc'],
  ['https://3f2b1c4d.tokens.sts.global.api.aws', 'aws'],
  ['https://3f2b1c4d.tokens.sts.global.api.aws.evil.example', 'oidc'],
  ['https://evil.example/x.tokens.sts.global.api.aws', 'oidc'],
  ['http://gitlab.com', 'oidc'],
  ['https://login.acme.example', 'oidc'],
])('%s is of preset %s', (url, preset) => {
  expect(presetOf({ url })).toBe(preset)
  expect(presetOf({ url: `https://evil.example/?${url}` })).toBe(url.endsWith('/_services/token') ? 'github' : 'oidc')
  expect(presetOf({ url, preset: 'oidc' })).toBe(preset)
  expect(presetOf({ url, preset: 'circleci' })).toBe('circleci')
})
