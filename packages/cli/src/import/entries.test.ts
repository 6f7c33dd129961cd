/** The table of the config: what is one entry, what its profiles are called, and that what is written is what was checked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { importConfig } from '@stint/broker/build/config-file'
import { github, oidc } from '@stint/core'
import { afterAll, describe, expect, test } from 'vitest'
import { configOf, entriesOf, type Setting } from './entries.ts'
import type { Access, Rule } from './rules.ts'
import { settle } from './settle.ts'
import { writtenFiles } from './written.ts'

const [A, B] = ['310000000001', '310000000002']
const audiences: [string] = ['https://stint.acme.example']
const setting: Setting = {
  partition: 'aws',
  region: 'eu-central-1',
  log: 'stint.acme.example/log',
  issuers: {
    github: github({ key: 'gh', audiences, ownerId: '65' }),
    people: oidc({
      key: 'people',
      url: 'https://login.acme.example',
      jwksUri: 'https://login.acme.example/jwks',
      kind: 'human',
      audiences,
      tokenUse: 'access',
      groupsClaim: 'groups',
    }),
  },
}
const job = (sub: string): Access['eligible'] => [{ issuer: 'github', claims: { sub } }]
const main = 'repo:acme/web:ref:refs/heads/main'
const access = (more: Partial<Access> = {}): Access => ({
  account: A,
  role: 'ci/deploy',
  description: 'Role ci/deploy',
  eligible: job(main),
  duration: { default: '1h', max: '1h' },
  ...more,
})
const rule = (...list: Access[]): Rule => ({ name: 'role', place: 'a.json: RoleDetailList[0]', access: list, notes: [] })

describe('entries', () => {
  test('the same access in two accounts is one entry', () => {
    expect(entriesOf([rule(access()), rule(access({ account: B }))])).toMatchObject([
      { profile: 'deploy', target: 'deploy', accounts: [A, B] },
    ])
  })
  test('two ways into one role are alternatives of one profile', () => {
    const other = job('repo:acme/api:environment:a')
    expect(entriesOf([rule(access()), rule(access({ eligible: other })), rule(access())])[0]?.eligible).toEqual([...job(main), ...other])
  })
  test('another duration is another profile of the same target', () => {
    const long = access({ duration: { default: '1h', max: '4h', renew: '1h' } })
    expect(entriesOf([rule(access()), rule(long)])).toMatchObject([
      { profile: 'deploy', target: 'deploy' },
      { profile: 'deploy-2', target: 'deploy' },
    ])
  })
  test('names are valid, and differ for roles whose names are alike', () => {
    const roles = ['Deploy', 'deploy', 'deploy-2', 'x'.repeat(64), `${'x'.repeat(63)}y`, '+++', 'a/b/AdminAccess', '=']
    const entries = entriesOf(roles.map((role) => rule(access({ role }))))
    const names = entries.map(({ profile }) => profile)
    expect(new Set(names).size).toBe(roles.length)
    for (const name of names) expect(`${name}-${A}`).toMatch(/^[a-z0-9][a-z0-9-]{0,47}$/)
    expect(names).toContain('admin-access')
  })
  test('the order of the rules does not matter', () => {
    const rules = [rule(access()), rule(access({ account: B })), rule(access({ role: 'plan' }))]
    expect(entriesOf(rules.toReversed())).toEqual(entriesOf(rules))
  })
})

describe('what is written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stint-written-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('is the config that was checked, whatever its texts contain', async () => {
    const approval = {
      rules: [{ by: [{ issuer: 'people', claims: { groups: { includes: "lead's" } } }], count: 1 }],
      expiresAfter: '3h',
      window: '1h',
      maxUses: 3,
    }
    const person: Access['eligible'] = [{ issuer: 'people', claims: { groups: { includes: '`${process.exit(1)}` */ \u2028' } } }]
    const policy = [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::a-${aws:RequestedRegion}/*' }] as const
    const rules = [
      rule(access(), access({ account: B })),
      rule(
        access({
          role: 'stint/Read',
          description: "'; throw new Error('x') //",
          eligible: person,
          approval,
          policy,
          customerPolicies: ['team/own'],
          policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
        }),
      ),
      rule(access({ role: 'stint/Write', eligible: person, approval, mints: ['ecr:GetAuthorizationToken'], justification: 'required' })),
    ]
    const entries = entriesOf(rules)
    const within = { ...setting, organization: 'o-a1b2c3d4e5' }
    for (const [name, text] of Object.entries(writtenFiles(entries, within, 'github'))) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const loaded = await importConfig(join(folder, 'stint.config.ts'))
    expect(loaded.ok && loaded.value).toEqual(JSON.parse(JSON.stringify(configOf(entries, within))))
  })
})

describe('what the checks refuse is left out', () => {
  test('one alternative, with the sentence of the lint rule', () => {
    const never = job('repo:acme/web:ref:refs/tags/')
    const { rules, entries } = settle(
      [rule(access({ eligible: [...job(main), { issuer: 'github', claims: { sub: main, ref: 'main' } }, ...never] }))],
      setting,
    )
    expect(rules[0]?.notes.join()).toMatch(/lint rule never-fits/)
    expect(entries[0]?.eligible).toContainEqual(job(main)[0])
    expect(JSON.stringify(entries)).not.toContain('"ref":"main"')
  })
  test('one value of several', () => {
    const { rules, entries } = settle(
      [rule(access({ eligible: [{ issuer: 'github', claims: { sub: { oneOf: [main, 'repo:acme*'] } } }] }))],
      setting,
    )
    expect(JSON.stringify(entries)).not.toContain('acme*')
    expect(JSON.stringify(entries)).toContain(main)
    expect(rules[0]?.notes).not.toEqual([])
  })
  test('a whole rule', () => {
    const { rules, entries } = settle([rule(access({ policyArns: ['arn:aws:iam::310000000009:policy/other'] }))], setting)
    expect(entries).toEqual([])
    expect(rules[0]?.notes.join()).toMatch(/foreign-policy/)
  })
  test('a rule that the config check refuses', () => {
    const { entries, rules } = settle(
      [rule(access({ policy: [{ Effect: 'Allow', Action: 's3', Resource: '*' }] })), rule(access({ role: 'plan' }))],
      setting,
    )
    expect(entries.map(({ profile }) => profile)).toEqual(['plan'])
    expect(rules[0]?.notes.join()).toMatch(/service:action/)
  })
})
