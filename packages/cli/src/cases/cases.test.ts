/** Policy tests against configs that do what the table says, and that do not. */
import {
  awsOutbound,
  type CaseCall,
  type Cases,
  cognito,
  defineCases,
  type Expected,
  entra,
  github,
  googleCompute,
  includes,
  kubernetes,
  oidc,
  okta,
} from '@stint/core'
import { checkConfig } from '@stint/core/config/check'
import { describe, expect, test } from 'vitest'
import { casesText } from './report.ts'
import { runCases } from './run.ts'
import { checkTable } from './table.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const audiences = ['https://stint.acme.example'] as [string]
const checked = checkConfig({
  issuers: {
    staff: oidc({
      key: 'acme',
      url: 'https://login.acme.example',
      jwksUri: 'https://login.acme.example/jwks',
      kind: 'human',
      audiences,
      tokenUse: 'access',
      groupsClaim: 'groups',
    }),
    gh: github({ key: 'gh', audiences, ownerId: '65' }),
  },
  targets: { t: { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext', region: 'eu-central-1' } },
  profiles: {
    deploy: {
      target: 't',
      eligible: [
        { issuer: 'gh', claims: { repository_id: '74', ref: 'refs/heads/main', event_name: 'push' } },
        { issuer: 'staff', claims: { groups: includes('sre') }, mfa: true, authAge: '15m', sourceIp: ['10.0.0.0/8'] },
      ],
      duration: { default: '15m', max: '30m' },
    },
    admin: {
      target: 't',
      eligible: [{ issuer: 'staff', claims: { groups: includes('sre') } }],
      approval: {
        rules: [{ by: [{ issuer: 'staff', claims: { groups: includes('boss') } }], count: 1 }],
        expiresAfter: '30m',
        window: '1h',
        maxUses: 1,
      },
      parameters: { bucket: { pattern: '[a-z]+', max: 10 } },
      duration: { default: '15m', max: '30m' },
    },
  },
})
if (!checked.ok) throw new Error('faulty')
const { rules } = checked
const staffLike = {
  key: 's',
  url: 'https://login.example',
  jwksUri: 'https://login.example/jwks',
  kind: 'human' as const,
  audiences,
  tokenUse: 'access' as const,
}

const callers: Cases['callers'] = {
  push: { issuer: 'gh', claims: { sub: 's', repository_id: '74', ref: 'refs/heads/main', event_name: 'push' } },
  branch: { issuer: 'gh', claims: { sub: 's', repository_id: '74', ref: 'refs/heads/x', event_name: 'push' } },
  'other tenant': { issuer: 'gh', claims: { sub: 's', repository_owner_id: '66' } },
  sre: { issuer: 'staff', claims: { sub: 'a', groups: ['sre'] }, from: '10.1.2.3' },
  'sre, strong': { issuer: 'staff', claims: { sub: 'a', groups: ['sre'], amr: ['mfa'] }, signedIn: '14m', from: '10.1.2.3' },
  'sre, tired': { issuer: 'staff', claims: { sub: 'a', groups: ['sre'], amr: ['mfa'] }, signedIn: '16m', from: '10.1.2.3' },
  stale: { issuer: 'staff', claims: { sub: 'a', groups: ['sre'], exp: 1, iat: 0.5 } },
}
const run = (cases: Cases['cases'], more: Partial<Cases> = {}) => runCases(rules, defineCases({ callers, cases, ...more }), NOW)

describe('outcomes', () => {
  test.each<[string, string, Expected, CaseCall?]>([
    ['push', 'deploy', 'allow'],
    ['branch', 'deploy', 'profile-unknown'],
    ['push', 'admin', 'profile-unknown'],
    ['push', 'moon', 'profile-unknown'],
    ['other tenant', 'deploy', 'token-invalid'],
    ['stale', 'deploy', 'token-expired'],
    ['sre', 'deploy', 'mfa-required'],
    ['sre, strong', 'deploy', 'allow'],
    ['sre, tired', 'deploy', 'auth-too-old'],
    ['sre, strong', 'deploy', 'source-ip', { from: '203.0.113.9' }],
    ['sre, strong', 'deploy', 'duration-invalid', { duration: '1h' }],
    ['sre', 'admin', 'parameter-invalid'],
    ['sre', 'admin', 'approval', { parameters: { bucket: 'logs' } }],
    ['sre', 'admin', 'narrow-unsupported', { parameters: { bucket: 'logs' }, narrow: 'x' }],
  ])('%s → %s: %s', (caller, profile, expected, call = {}) => {
    expect(run([[caller, profile, expected, call]]).results).toMatchObject([{ passed: true, got: { outcome: expected } }])
    expect(run([[caller, profile, expected === 'allow' ? 'approval' : 'allow', call]]).results).toMatchObject([{ passed: false }])
  })
  test('the clock is that of the table', () => {
    const caller = { issuer: 'staff', claims: { sub: 'a', groups: ['sre'], amr: ['mfa'], auth_time: NOW / 1000 }, from: '10.1.2.3' }
    const at = (now: string) =>
      runCases(rules, { now, callers: { a: caller }, cases: [['a', 'deploy', 'allow']] }, 0).results[0]?.got.outcome
    expect([at('2026-11-24T12:15:00Z'), at('2026-11-24T12:15:01Z')]).toEqual(['allow', 'auth-too-old'])
  })
})

describe('the rest', () => {
  const failures = (cases: Cases['cases']) =>
    run(cases, { rest: 'refused' })
      .results.filter(({ passed }) => !passed)
      .map(({ caller, profile, got }) => `${caller} ${profile} ${got.outcome}`)
  test('is kept out by the rules, and by nothing less', () => {
    // Neither a second factor that is missing nor a parameter is a rule that keeps somebody out.
    expect(failures([['push', 'deploy', 'allow']])).toEqual([
      'other tenant admin token-invalid',
      'other tenant deploy token-invalid',
      'sre admin allow',
      'sre deploy mfa-required',
      'sre, strong admin allow',
      'sre, strong deploy allow',
      'sre, tired admin allow',
      'sre, tired deploy auth-too-old',
      'stale admin token-expired',
      'stale deploy token-expired',
    ])
  })
  test('is no failure where the rows say it', () => {
    const people = ['sre', 'sre, strong', 'sre, tired'].flatMap((name): Cases['cases'] => [[name, 'admin', 'parameter-invalid']])
    expect(
      failures([
        ['push', 'deploy', 'allow'],
        ['other tenant', 'deploy', 'token-invalid'],
        ['stale', 'deploy', 'token-expired'],
        ['sre', 'deploy', 'mfa-required'],
        ['sre, strong', 'deploy', 'allow'],
        ['sre, tired', 'deploy', 'auth-too-old'],
        ...people,
      ]),
    ).toEqual([])
  })
  test('profiles that no row names are told', () => {
    expect(run([['push', 'deploy', 'allow']]).untested).toEqual(['admin'])
  })
})

describe('as the broker would', () => {
  const outcome = (issuer: object, claims: object, change: object = {}) => {
    const made = checkConfig({
      issuers: { it: issuer },
      targets: { t: { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext', region: 'eu-central-1' } },
      profiles: {
        p: { target: 't', eligible: [{ issuer: 'it', claims: { sub: 's' } }], duration: { default: '15m', max: '30m' }, ...change },
      },
    })
    if (!made.ok) throw new Error(JSON.stringify(made.faults))
    const table = { callers: { a: { issuer: 'it', claims: { sub: 's', ...claims } } }, cases: [['a', 'p', 'allow']] }
    return runCases(made.rules, table as never, NOW).results[0]?.got
  }
  const approval = { rules: [{ by: [{ issuer: 'it', claims: { sub: 'x' } }], count: 1 }], expiresAfter: '30m', window: '1h', maxUses: 1 }
  test.each<[string, object, object, string]>([
    [
      'a client of Cognito',
      cognito({ key: 'c', region: 'eu-central-1', userPoolId: 'eu-central-1_A', clientIds: ['c'], tokenUse: 'access' }),
      { client_id: 'c' },
      'allow',
    ],
    [
      'another client',
      cognito({ key: 'c', region: 'eu-central-1', userPoolId: 'eu-central-1_A', clientIds: ['c'], tokenUse: 'access' }),
      { client_id: 'd' },
      'token-invalid',
    ],
    ['Entra ID without an oid said', entra({ key: 'e', audiences, tenantId: 't', tokenUse: 'access' }), {}, 'allow'],
    ['Okta without a uid said', okta({ key: 'o', audiences, url: 'https://acme.okta.com/oauth2/x', tokenUse: 'access' }), {}, 'allow'],
    ['an account of AWS, pinned by path', awsOutbound({ key: 'a', audiences, issuerId: 'i', accountId: '123456789012' }), {}, 'allow'],
    [
      'another account',
      awsOutbound({ key: 'a', audiences, issuerId: 'i', accountId: '123456789012' }),
      { 'https://sts.amazonaws.com/': { aws_account: '999999999999' } },
      'token-invalid',
    ],
    ['a project of Google, pinned by path', googleCompute({ key: 'g', audiences, projectNumber: 7 }), {}, 'allow'],
    ['an issuer whose tokens live for two minutes', oidc({ ...staffLike, maxTokenLife: '2m' }), {}, 'allow'],
    ['a token that names another issuer', oidc(staffLike), { iss: 'https://other.example' }, 'token-invalid'],
  ])('%s', (_name, issuer, claims, expected) => expect(outcome(issuer, claims)?.outcome).toBe(expected))
  test('a list of audiences at Kubernetes', () => {
    const cluster = kubernetes({ key: 'k', audiences, url: 'https://cluster.example' })
    expect(outcome(cluster, {}, { eligible: [{ issuer: 'it', claims: { aud: includes(audiences[0]) } }] })?.outcome).toBe('allow')
  })
  test('a job that nobody is known to have started cannot ask people', () => {
    const made = checkConfig({
      issuers: { it: github({ key: 'g', audiences, ownerId: '65' }), staff: oidc(staffLike) },
      targets: { t: { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext', region: 'eu-central-1' } },
      people: {
        ann: [
          { issuer: 'staff', subject: 'ann' },
          { issuer: 'it', actor: '7' },
        ],
      },
      profiles: {
        p: {
          target: 't',
          eligible: [{ issuer: 'it', claims: { sub: 's' } }],
          approval: { ...approval, rules: [{ by: [{ issuer: 'staff', claims: { sub: 'x' } }], count: 1 }] },
          duration: { default: '15m', max: '30m' },
        },
      },
    })
    if (!made.ok) throw new Error('faulty')
    const by = (claims: object) =>
      runCases(
        made.rules,
        { callers: { a: { issuer: 'it', claims: { sub: 's', ...claims } } }, cases: [['a', 'p', 'approval']] } as never,
        NOW,
      ).results[0]?.got.outcome
    expect([by({ actor_id: '7' }), by({ actor_id: '8' }), by({ actor_id: '7', run_attempt: '2' })]).toEqual([
      'approval',
      'not-eligible',
      'not-eligible',
    ])
  })
})

describe('what is wrong with the table itself', () => {
  const good = { callers: { a: { issuer: 'staff', claims: { sub: 'a' } } }, cases: [['a', 'deploy', 'allow']] }
  test.each<[string, unknown, string]>([
    ['nothing', {}, 'callers: '],
    ['an empty table', { ...good, cases: [] }, 'cases: must not be empty'],
    ['an unknown caller', { ...good, cases: [['b', 'deploy', 'allow']] }, "cases[0]: unknown caller 'b'"],
    ['a misspelt profile', { ...good, cases: [['a', 'depoly', 'profile-unknown']] }, "cases[0]: unknown profile 'depoly'"],
    ['an outcome that is none', { ...good, cases: [['a', 'deploy', 'refuse']] }, 'must be allow, approval or the code'],
    ['a misspelt member of a call', { ...good, cases: [['a', 'deploy', 'allow', { parametrs: {} }]] }, 'is an unknown property'],
    ['a justification that is a number', { ...good, cases: [['a', 'deploy', 'allow', { justification: 7 }]] }, 'cases[0]'],
    ['a misspelt rest', { ...good, rest: 'refuse' }, 'rest: '],
    ['a clock that is none', { ...good, now: 'noon' }, 'now: must be an RFC 3339 time'],
    ['an unknown issuer', { ...good, callers: { a: { issuer: 'moon', claims: {} } } }, "callers.a.issuer: unknown issuer 'moon'"],
    ['a caller without claims', { ...good, callers: { a: { issuer: 'staff' } } }, 'callers.a.claims: '],
    ['claims that are a list', { ...good, callers: { a: { issuer: 'staff', claims: [] } } }, 'callers.a.claims: must be an object'],
    [
      'yesterday',
      { ...good, callers: { a: { issuer: 'staff', claims: {}, signedIn: 'yesterday' } } },
      'callers.a.signedIn: must be a duration',
    ],
  ])('%s', (_name, table, fault) => {
    const told = checkTable(table, rules)
    expect(told.ok ? '' : told.faults.join('\n')).toContain(fault)
  })
  test('a good one has none', () => expect(checkTable(good, rules)).toMatchObject({ ok: true }))
})

test('a failure shows what was wanted and which claims are in the way', () => {
  expect(
    casesText(
      run([
        ['branch', 'deploy', 'allow'],
        ['sre', 'admin', 'approval'],
      ]),
      false,
    ),
  ).toBe(`✗ branch → deploy
    - expected  allow
    + got       profile-unknown (not visible)
    eligible[0] does not match:
      ref  is "refs/heads/x", expected "refs/heads/main"
    eligible[1] does not match:
      issuer  is "gh", expected "staff"
✗ sre → admin
    - expected  approval
    + got       parameter-invalid (Parameter 'bucket' is missing.)

2 of 2 cases failed.
`)
  expect(casesText(run([['push', 'deploy', 'allow']]), true)).toBe(
    '✓ push → deploy: allow\n\n1 case passed.\nProfiles without a case: admin.\n',
  )
})
