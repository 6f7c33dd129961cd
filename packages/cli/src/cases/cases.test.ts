/** Policy tests against configs that do what the table says, and that do not. */
import { type CaseCall, type Cases, defineCases, type Expected, github, includes, oidc } from '@stint/core'
import { checkConfig } from '@stint/core/config/check'
import { describe, expect, test } from 'vitest'
import { casesText } from './report.ts'
import { runCases } from './run.ts'

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
  test('is refused, or it is a failure', () => {
    const { results } = run([['push', 'deploy', 'allow']], { rest: 'refused' })
    expect(results).toHaveLength(Object.keys(callers).length * 2)
    const failed = results.filter(({ passed }) => !passed)
    expect(failed.map(({ caller, profile, got }) => `${caller} ${profile} ${got.outcome}`)).toEqual(['sre, strong deploy allow'])
  })
  test('profiles that no row names are told', () => {
    expect(run([['push', 'deploy', 'allow']]).untested).toEqual(['admin'])
  })
})

test('what is wrong with the table itself', () => {
  expect(run([['nobody', 'deploy', 'allow']]).faults).toEqual(["cases[0]: there is no caller 'nobody'"])
  expect(runCases(rules, { callers: { a: { issuer: 'moon', claims: {} } }, cases: [] }, NOW).faults).toEqual([
    "callers.a: there is no issuer 'moon'",
  ])
  expect(run([], { now: 'noon' }).faults).toEqual(["now: 'noon' is no RFC 3339 time"])
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
    eligible[0] does not fit:
      ref  is "refs/heads/x", wanted "refs/heads/main"
    eligible[1] does not fit:
      issuer  is "gh", wanted "staff"
✗ sre → admin
    - expected  approval
    + got       parameter-invalid (Parameter 'bucket' is missing.)

2 of 2 cases are not as expected.
`)
  expect(casesText(run([['push', 'deploy', 'allow']]), true)).toBe(
    '✓ push → deploy: allow\n\n1 cases, all as expected.\nNo case names admin.\n',
  )
})
