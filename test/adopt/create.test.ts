/** `npm create stint`, from its tarball: the folder that it writes works at once, with each preset of an issuer. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { presets } from '../../packages/create/src/answers.ts'
import { adopter } from './company.ts'
import { repository } from './machine.ts'

const { packed, acme, installed } = adopter(['stint', 'create'])

const create = (args: readonly string[]) => acme.run('npx', ['--no-install', 'create-stint', ...args])
const flags = (issuer: string, at: string) => [
  '--domain',
  'acme.com',
  '--issuer',
  issuer,
  '--issuer-at',
  at,
  '--account',
  '123400005678',
  '--yes',
]

describe.each(Object.entries(presets))('with %s', (issuer, { example }) => {
  installed('lint and access tests pass, and the sandbox vends', async () => {
    const slack = issuer === 'okta' ? ['--slack', 'T0ACME,A0STINT,C0ACCESS'] : []
    expect(await create([issuer, ...flags(issuer, example), ...slack])).toMatchObject({ code: 0, stderr: '' })
    const folder = join(acme.folder, issuer)
    expect(readdirSync(folder).sort()).toEqual(['.github', '.gitignore', 'package.json', 'sst.config.ts', 'stint.config.ts', 'test'])
    // In place of `npm install`.
    symlinkSync(join(acme.folder, 'node_modules'), join(folder, 'node_modules'))
    expect(await acme.run('npm', ['test', '--silent', '--prefix', folder])).toEqual({
      code: 0,
      stdout: 'No findings; 1 silenced with a reason.\n8 cases passed.\n',
      stderr: '',
    })
    const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', lib: ['es2024'], types: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['stint.config.ts', 'test/access.ts'] }))
    expect(await acme.run('node', [join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder])).toMatchObject({
      code: 0,
      stdout: '',
    })
    const { broker, output, port, stop } = await acme.sandbox(['--config', join(folder, 'stint.config.ts')])
    expect(output).toContain('"profile":"read-only"')
    const token = await acme.stint(['sandbox', 'token', 'developer', '--', '--port', String(port)])
    const headers = { authorization: `Bearer ${token.stdout.trim()}`, 'content-type': 'application/json' }
    const vended = await fetch(`${broker}/sessions`, { method: 'POST', headers, body: '{"profile":"read-only"}' })
    expect([vended.status, await vended.json()]).toEqual([201, expect.objectContaining({ account: '123400005678' })])
    stop()
  })
})

installed('the workflow lints, tests and deploys', async () => {
  await create(['workflow', ...flags('oidc', presets.oidc.example)])
  const { jobs } = parse(readFileSync(join(acme.folder, 'workflow/.github/workflows/stint.yml'), 'utf8')) as {
    jobs: Record<string, { needs?: string; environment?: string; steps: { run?: string }[] }>
  }
  const runs = (name: string) => jobs[name]?.steps.flatMap(({ run }) => run ?? [])
  expect([runs('check'), runs('deploy')]).toEqual([
    ['npm ci', 'npm test'],
    ['npm ci', 'npx sst deploy --stage prod'],
  ])
  expect([jobs.deploy?.needs, jobs.deploy?.environment]).toEqual(['check', 'prod'])
})

describe('what it refuses', () => {
  test.each([
    ['no flags', ['--yes'], /^Missing: --domain, --issuer, --issuer-at, --account\.\n/],
    ['an unknown issuer', ['x', ...flags('ldap', 'x')], /^"ldap" is not a valid issuer\. Use one of okta, /],
    ['an address of another kind', ['x', ...flags('entra', 'https://login.acme.com')], /is not a valid tenant ID of Microsoft Entra ID/],
    ['an account with 11 digits', ['x', ...flags('auth0', 'acme.auth0.com'), '--account', '12345678901'], /It has 12 digits/],
    ['quotes in an address', ['x', ...flags('oidc', "https://a.com/'+process.exit()+'")], /is not a valid URL of the issuer/],
    ['an unknown flag', ['x', '--color'], /Unknown option '--color'/],
  ])('%s', async (_name, args, message) => {
    const { code, stderr } = await acme.run('node', [join(packed, 'create/bin/create-stint.cjs'), ...args])
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  })
  test('a folder with files', async () => {
    mkdirSync(join(acme.folder, 'taken'))
    writeFileSync(join(acme.folder, 'taken/notes.txt'), '')
    const { code, stderr } = await acme.run('node', [
      join(packed, 'create/bin/create-stint.cjs'),
      'taken',
      ...flags('auth0', 'acme.auth0.com'),
    ])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/taken is not empty\. Name a new folder/)])
    expect(readdirSync(join(acme.folder, 'taken'))).toEqual(['notes.txt'])
  })
})
