/**
 * `stint import` with 500 accounts, for each source: the report has the expected counts, and what is written passes `stint lint` and
 * `stint test`. Bad input is refused, and nothing is written.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { githubFixture } from '../fixtures/import/github.ts'
import { identityCenterFixture, peopleMapping } from '../fixtures/import/identity-center.ts'
import { accountsOf } from '../fixtures/import/random.ts'
import { elevatorFixture, elevatorMapping } from '../fixtures/import/sso-elevator.ts'
import { SANDBOX_OU, teamFixture } from '../fixtures/import/team.ts'
import { writeFixture } from '../fixtures/import/write.ts'
import { stint } from '../support/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'stint-import-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MINUTES = 60_000

type Report = {
  readonly counts: Record<string, number>
  readonly rules: readonly { readonly verdict: string; readonly rule: string; readonly reasons: readonly string[] }[]
  readonly profiles: number
  readonly files: readonly string[]
}

/** Imports, lints and tests. Returns the report and the config as text. */
async function imported(name: string, args: readonly string[]): Promise<{ readonly report: Report; readonly config: string }> {
  const out = join(folder, name)
  const ran = await stint(['import', ...args, '--out', out, '--json'])
  expect(ran, ran.stderr).toMatchObject({ code: 0 })
  const config = join(out, 'stint.config.ts')
  const lint = await stint(['lint', '--config', config, '--json'])
  const { findings } = JSON.parse(lint.stdout) as { readonly findings: readonly { readonly severity: string }[] }
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(lint.code).toBe(0)
  const cases = await stint(['test', join(out, 'test/access.ts'), '--config', config])
  expect(cases.stdout).toMatch(/^\d+ cases passed\.\n$/)
  return { report: JSON.parse(ran.stdout) as Report, config: readFileSync(config, 'utf8') }
}

const mapping = (content: object): string => {
  const file = join(folder, `map-${Object.keys(content).join('-')}.json`)
  writeFileSync(file, JSON.stringify(content))
  return file
}
const lines = (text: string): number => text.split('\n').length

describe('500 accounts', { timeout: 3 * MINUTES }, () => {
  test('of GitHub roles', async () => {
    const files = writeFixture(folder, githubFixture())
    const { report, config } = await imported('github-out', ['github', ...files, '--map', mapping({ owners: { acme: '65' } })])
    expect(report.counts).toEqual({ equal: 1500, narrower: 99, 'needs a decision': 108 })
    expect(report.profiles).toBe(1599)
    // One entry for each kind of access, and not one for each account.
    expect(lines(config)).toBeLessThan(200)
  })

  test('of Identity Center', async () => {
    const files = writeFixture(folder, identityCenterFixture())
    const { report, config } = await imported('center-out', [
      'identity-center',
      ...files,
      '--map',
      mapping(peopleMapping),
      '--organization',
      'o-a1b2c3d4e5',
    ])
    expect(report.counts).toEqual({ equal: 1939, narrower: 45, 'needs a decision': 135 })
    expect(report.profiles).toBe(1484)
    expect(lines(config)).toBeLessThan(200)
  })

  test('of AWS TEAM', async () => {
    const [eligibility = '', approvers = '', settings = ''] = writeFixture(folder, teamFixture())
    const [center = ''] = writeFixture(folder, identityCenterFixture())
    const tables = ['--eligibility', eligibility, '--approvers', approvers, '--settings', settings]
    const map = mapping({ ...peopleMapping, ous: { [SANDBOX_OU]: accountsOf(40) } })
    const { report, config } = await imported('team-out', ['team', ...tables, center, '--map', map])
    expect(report.counts).toEqual({ equal: 968, narrower: 43, 'needs a decision': 185 })
    expect(report.profiles).toBe(1011)
    expect(lines(config)).toBeLessThan(200)
  })

  test('of SSO Elevator', async () => {
    const [tfvars = ''] = writeFixture(folder, elevatorFixture())
    const [center = ''] = writeFixture(folder, identityCenterFixture())
    const map = mapping({ ...peopleMapping, ...elevatorMapping() })
    const { report, config } = await imported('elevator-out', ['sso-elevator', '--tfvars', tfvars, center, '--map', map])
    expect(report.counts).toEqual({ equal: 1000, narrower: 114, 'needs a decision': 116 })
    expect(report.profiles).toBe(1114)
    expect(lines(config)).toBeLessThan(200)
  })
})

describe('bad input is refused, and nothing is written', () => {
  const github = { RoleDetailList: [{ RoleName: 'a', Arn: 'arn:aws:iam::310000000000:role/a', AssumeRolePolicyDocument: {} }] }
  test.each<[string, unknown, number, RegExp]>([
    ['no JSON', 'RoleDetailList', 5, /bad\.json is not valid JSON/],
    ['another form', { Roles: [] }, 5, /RoleDetailList: is missing/],
    [
      'a role without an ARN',
      { RoleDetailList: [{ ...github.RoleDetailList[0], Arn: 'a' }] },
      5,
      /RoleDetailList\.0\.Arn: must be the ARN of a role/,
    ],
    ['a truncated list', { ...github, IsTruncated: true }, 5, /IsTruncated: must be false/],
    ['a list that goes on', { ...github, NextToken: 'x' }, 5, /NextToken: is there/],
    ['no rules', github, 1, /have no rules of this kind/],
  ])('%s', async (_name, content, code, said) => {
    const [file = ''] = writeFixture(folder, new Map([['bad.json', content]]))
    const out = join(folder, 'bad-out')
    const ran = await stint(['import', 'github', file, '--out', out])
    expect(ran.code, ran.stderr).toBe(code)
    expect(ran.stderr).toMatch(said)
    expect(existsSync(out)).toBe(false)
  })

  test.each<[string, readonly string[], RegExp]>([
    ['no file', [], /Missing file/],
    ['a file that is not there', ['missing.json'], /missing\.json is unreadable/],
    ['an audience that is no URL', ['a.json', '--audience', 'stint'], /not an https URL/],
    ['a region that does not exist', ['a.json', '--region', 'here'], /not a valid region/],
    ['a mapping that is not there', ['a.json', '--map', 'missing.json'], /missing\.json is unreadable/],
  ])('%s', async (_name, args, said) => {
    const ran = await stint(['import', 'github', ...args, '--out', join(folder, 'bad-out')])
    expect([2, 5]).toContain(ran.code)
    expect(ran.stderr).toMatch(said)
  })

  const center = { PermissionSets: [], AccountAssignments: [] }
  const set = {
    PermissionSet: { Name: 'Read', PermissionSetArn: 'arn:1' },
    AttachedManagedPolicies: [],
    CustomerManagedPolicyReferences: [],
    InlinePolicy: '',
  }
  const scan = { Items: [] }
  test.each<[string, string, ReadonlyMap<string, unknown>, (file: (name: string) => string) => readonly string[], number, RegExp]>([
    [
      'a permission set without a word on its boundary',
      'identity-center',
      new Map([['c.json', { ...center, PermissionSets: [set] }]]),
      (file) => [file('c.json')],
      5,
      /PermissionSets\.0\.PermissionsBoundary: is missing/,
    ],
    [
      'two files of Identity Center',
      'identity-center',
      new Map([
        ['c.json', center],
        ['d.json', center],
      ]),
      (file) => [file('c.json'), file('d.json')],
      2,
      /are both of Identity Center/,
    ],
    [
      'no file of Identity Center',
      'identity-center',
      new Map([['g.json', github]]),
      (file) => [file('g.json')],
      2,
      /None of the files is of Identity Center/,
    ],
    [
      'an issuer of people that many organizations share',
      'identity-center',
      new Map([
        [
          'c.json',
          {
            PermissionSets: [
              { ...set, PermissionsBoundary: null, AttachedManagedPolicies: [{ Arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] },
            ],
            AccountAssignments: [{ AccountId: '310000000000', PermissionSetArn: 'arn:1', PrincipalType: 'GROUP', PrincipalId: 'g' }],
          },
        ],
        ['m.json', { groups: { g: 'x' } }],
      ]),
      (file) => [file('c.json'), '--map', file('m.json'), '--people-issuer', 'https://gitlab.com'],
      2,
      /would be invalid at issuers\.people/,
    ],
    [
      'a table of another kind',
      'team',
      new Map<string, unknown>([
        ['c.json', center],
        ['e.json', { Items: [{ id: { S: 'g' }, type: { S: 'Group' } }] }],
        ['a.json', scan],
      ]),
      (file) => ['--eligibility', file('e.json'), '--approvers', file('a.json'), '--settings', file('a.json'), file('c.json')],
      5,
      /e\.json does not have the expected form:[\s\S]*Items\.0\.approvalRequired: is missing/,
    ],
    [
      'variables that Terraform must compute',
      'sso-elevator',
      new Map<string, unknown>([
        ['c.json', center],
        ['v.tfvars', 'max_permissions_duration_time = 4\nconfig = local.config\n'],
      ]),
      (file) => ['--tfvars', file('v.tfvars'), file('c.json')],
      5,
      /v\.tfvars, line 2: Only literal values can be read/,
    ],
    [
      'a statement with an unknown property',
      'sso-elevator',
      new Map<string, unknown>([
        ['c.json', center],
        ['v.tfvars.json', { config: [{ ResourceType: 'Account', Resource: '*', PermissionSet: '*', AllowedHours: '9-17' }] }],
      ]),
      (file) => ['--tfvars', file('v.tfvars.json'), file('c.json')],
      5,
      /config\.0\.AllowedHours: is an unknown property/,
    ],
  ])('%s', async (_name, source, files, args, code, said) => {
    writeFixture(folder, files)
    const out = join(folder, 'bad-out')
    const ran = await stint(['import', source, ...args((name) => join(folder, name)), '--out', out])
    expect(ran.code, ran.stderr).toBe(code)
    expect(ran.stderr).toMatch(said)
    expect(existsSync(out)).toBe(false)
  })

  test('rules that all need a decision', async () => {
    const [file = ''] = writeFixture(
      folder,
      new Map([...githubFixture(1)].map(([, content]): [string, unknown] => ['alone.json', content])),
    )
    const out = join(folder, 'bad-out')
    const ran = await stint(['import', 'github', file, '--out', out])
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(/needs a decision {2}role [\s\S]*0 equal, 0 narrower/)
    expect(ran.stderr).toMatch(/No rule could be imported\. Nothing was written\./)
    expect(existsSync(out)).toBe(false)
  })

  test('a folder that is not empty, unless --force is given', async () => {
    const [file = '', map = ''] = writeFixture(
      folder,
      new Map([
        ...[...githubFixture(1)].map(([, content]): [string, unknown] => ['one.json', content]),
        ['one-map.json', { owners: { acme: '65' } }],
      ]),
    )
    const out = join(folder, 'full')
    mkdirSync(out)
    writeFileSync(join(out, 'notes.txt'), 'mine')
    const args = ['import', 'github', file, '--map', map, '--out', out]
    const refused = await stint(args)
    expect([refused.code, existsSync(join(out, 'stint.config.ts'))]).toEqual([2, false])
    expect(refused.stderr).toMatch(/is not empty/)
    expect((await stint([...args, '--force'])).code).toBe(0)
    expect(readFileSync(join(out, 'notes.txt'), 'utf8')).toBe('mine')
  })

  test('a misspelled mapping', async () => {
    const [file = '', map = ''] = writeFixture(
      folder,
      new Map<string, unknown>([
        ['b.json', github],
        ['b-map.json', { owner: { acme: '65' } }],
      ]),
    )
    const ran = await stint(['import', 'github', file, '--map', map, '--out', join(folder, 'bad-out')])
    expect(ran).toMatchObject({ code: 5 })
    expect(ran.stderr).toMatch(/owner: is an unknown property/)
  })
})
