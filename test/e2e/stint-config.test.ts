/** `stint lint` and `stint test` as commands: the repository's own config passes both, and what is wrong is said and exits. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { stint } from '../support/cli.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(`${tmpdir()}/stint-config-`)
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(`${folder}/${name}`, text)
  return `${folder}/${name}`
}

const config = (claims: string, above = '') => `
import { defineConfig, github } from 'stint'
export default defineConfig({
  issuers: { gh: github({ key: 'gh', audiences: ['https://stint.example'], ownerId: '65' }) },
  targets: { t: { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext', region: 'eu-central-1' } },
  profiles: {
    ${above}
    deploy: { target: 't', eligible: [{ issuer: 'gh', claims: ${claims} }], duration: { default: '15m', max: '30m' } },
  },
})
`
const good = "{ repository_id: '74', event_name: 'push', ref: 'refs/heads/main' }"
const named = "{ repository: 'acme/web', event_name: 'push', ref: 'refs/heads/main' }"
const prefix = "{ repository: { glob: 'acme*' }, event_name: 'push', ref: 'refs/heads/main' }"

describe('lint', () => {
  test.each<[string, string, readonly string[], number, RegExp]>([
    ['nothing to find', config(good), [], 0, /^No findings\.\n$/],
    ['a warning', config(named), [], 0, /a\.ts:8:\d+ {2}warning {2}name-without-id[\s\S]*1 warning\.\n$/],
    ['a warning, strictly', config(named), ['--strict'], 1, /1 warning\.\n$/],
    ['an error', config(prefix), [], 1, /error {2}open-prefix[\s\S]*1 error\.\n$/],
    [
      'a silenced one',
      config(prefix, '// stint-lint-ignore open-prefix: all of acme is one team'),
      ['--strict'],
      0,
      /1 silenced with a reason\.\n$/,
    ],
    [
      'silenced without a reason',
      config(prefix, '// stint-lint-ignore open-prefix'),
      [],
      1,
      /error {2}ignore\n {2}The reason is missing[\s\S]*2 errors\.\n$/,
    ],
    ['a config with faults', config('{}'), [], 1, /error {2}config {2}profiles\.deploy\.eligible\[0\]\.claims\n {2}must name a claim/],
    [
      'a deprecated setting',
      config(good).replace("target: 't',", "target: 't', chaining: true,"),
      [],
      0,
      /warning {2}setting-deprecated {2}profiles\.deploy\.chaining\n {2}Deprecated since 0\.1\.0\. Use mints: \['sts:AssumeRole'\]/,
    ],
    [
      'helpers of a config from before the packages',
      config(good).replace("'stint'", "'@stint/core'"),
      [],
      1,
      /Could not resolve "@stint\/core"[\s\S]*Import the helpers from 'stint'\./,
    ],
    ['no config at all', 'export const nothing = 1', [], 1, /error {2}config\n {2}.*has no default export/],
  ])('%s', async (_name, text, flags, code, said) => {
    const ran = await stint(['lint', '--config', file('a.ts', text), ...flags])
    expect([ran.code, ran.stderr]).toEqual([code, ''])
    expect(ran.stdout).toMatch(said)
  })
  test('a file that is not there', async () => {
    expect(await stint(['lint', '--config', `${folder}/none.ts`])).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringMatching(/none\.ts is unreadable/),
    })
  })
  test('a note, which fails nothing, names what the profile leaves open', async () => {
    const policy = "policy: [{ Effect: 'Allow', Action: ['s3:GetObject', 'kms:CreateGrant'], Resource: '*' }], duration"
    const ran = await stint(['lint', '--strict', '--config', file('n.ts', config(good).replace('duration', policy))])
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(
      /note {2}lasting-access {2}profiles\.deploy\.policy\n {2}Sessions can call kms:CreateGrant\.[\s\S]*1 note\.\n$/,
    )
  })
  test('a minting action that the profile does not name: the line to add', async () => {
    const policy = "policy: [{ Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' }], duration"
    const ran = await stint(['lint', '--config', file('m.ts', config(good).replace('duration', policy))])
    expect(ran.code).toBe(1)
    expect(ran.stdout).toContain("Add mints: ['ecr:GetAuthorizationToken']")
  })
  test('as JSON', async () => {
    const { code, stdout } = await stint(['lint', '--json', '--config', file('b.ts', config(prefix))])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      findings: [{ rule: 'open-prefix', severity: 'error', line: 8, path: 'profiles.deploy.eligible[0].claims.repository' }],
      // All that the role may: what a session could leave behind is the role's to say.
      lastingAccess: { deploy: expect.arrayContaining(['iam:PutRolePolicy', 'kms:CreateGrant']) },
    })
  })
  test('online, an issuer that cannot be asked', async () => {
    const local = config(good).replace(
      "ownerId: '65' })",
      "ownerId: '65', at: { url: 'http://127.0.0.1:9', jwksUri: 'http://127.0.0.1:9/jwks' } })",
    )
    const { code, stdout } = await stint(['lint', '--online', '--config', file('c.ts', local)])
    expect(code).toBe(1)
    expect(stdout).toMatch(/error {2}online {2}issuers\.gh\.url\n {2}Its discovery document is unavailable: .*ECONNREFUSED/)
  })
  test("the repository's own config, strictly", async () => {
    expect(await stint(['lint', '--strict', '--config', `${root}stint.config.ts`])).toMatchObject({
      code: 0,
      stdout: 'No findings; 1 silenced with a reason.\n',
      stderr: '',
    })
  })
})

describe('test', () => {
  const cases = (expected: string) => `
import { defineCases } from 'stint'
const claims = { sub: 's', repository_id: '74', event_name: 'push', ref: 'refs/heads/main' }
export default defineCases({ callers: { push: { issuer: 'gh', claims } }, cases: [['push', 'deploy', '${expected}']] })
`
  const run = (config: string, table: string, flags: readonly string[] = []) => stint(['test', ...flags, '--config', config, table])

  test('as expected', async () => {
    const ran = await run(file('d.ts', config(good)), file('d.cases.ts', cases('allow')))
    expect(ran).toMatchObject({ code: 0, stdout: '1 case passed.\n', stderr: '' })
  })
  test('not as expected', async () => {
    const ran = await run(file('e.ts', config(named)), file('e.cases.ts', cases('allow')))
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(
      /✗ push → deploy\n {4}- expected {2}allow\n {4}\+ got {7}profile-unknown \(not visible\)\n[\s\S]*repository {2}is missing, expected "acme\/web"/,
    )
  })
  test('as JSON', async () => {
    const ran = await run(file('f.ts', config(good)), file('f.cases.ts', cases('approval')), ['--json'])
    expect(ran.code).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject({
      results: [{ caller: 'push', expected: 'approval', got: { outcome: 'allow' }, passed: false }],
    })
  })
  test('a config that fails, and a table with faults', async () => {
    const thrown = await stint(['lint', '--config', file('throws.ts', 'throw new Error("no rules today")')])
    expect([thrown.code, thrown.stderr]).toEqual([1, ''])
    expect(thrown.stdout).toMatch(/error {2}config\n {2}Loading .* failed: no rules today/)
    const circle = await stint(['lint', '--config', file('circle.ts', 'const a: any = {}; a.a = a; export default a')])
    expect(circle.stdout).toMatch(/nested too deep, or contains itself/)
    const faulty = await run(file('i.ts', config(good)), file('i.cases.ts', 'export default { callers: {}, cases: [] }'))
    expect([faulty.code, faulty.stdout]).toEqual([5, ''])
    expect(faulty.stderr).toMatch(/is invalid:\n {2}cases: must not be empty/)
    expect((await stint(['lint', '--binding', 'FOO'])).code).toBe(2)
  })
  test('a claim named prototype is a fault, and not a rule that has lost it', async () => {
    const { code, stdout } = await stint([
      'lint',
      '--config',
      file('proto.ts', config("{ prototype: 'x', repository_id: '74', event_name: 'push' }")),
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(/prototype\n {2}is not allowed as a name/)
  })
  test('a config with faults, a table that is not there', async () => {
    expect((await run(file('g.ts', config('{}')), file('g.cases.ts', cases('allow')))).code).toBe(5)
    expect((await run(file('h.ts', config(good)), `${folder}/none.ts`)).code).toBe(5)
  })
  test("the repository's own table", async () => {
    const ran = await run(`${root}stint.config.ts`, `${root}test/access.ts`)
    expect(ran.stderr).toBe('')
    expect(ran.stdout).toMatch(/^\d+ cases passed\.\n$/)
    expect(ran.code).toBe(0)
  })
})
