/** The published package, installed in an empty folder from its tarball: no part of it may need the repository. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { functionNames } from '@stint/broker/lambda/functions'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Deployed, deploy } from '../infra/deploy.ts'
import { plain } from '../infra/start-deployed.ts'
import { adopter } from './company.ts'
import { repository } from './machine.ts'

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }

/** A file in the documentation or in the target kit, as messages name it. */
const NAMED = /\b(?:docs\/(?:[a-z-]+\.md|(?:guides|examples|decisions)\/[\w.-]*\w)|infra\/target\/[\w./-]*\w)/g

const { packed, acme, installed } = adopter(['stint', 'tlog', 'iam'])
beforeAll(() => {
  cpSync(join(repository, 'stint.config.ts'), join(acme.folder, 'stint.config.ts'))
  mkdirSync(join(acme.folder, 'test'))
  cpSync(join(repository, 'test/access.ts'), join(acme.folder, 'test/access.ts'))
})

describe('the command line', () => {
  installed('prints its version', async () => {
    expect(await acme.run('npx', ['--no-install', 'stint', '--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
  installed('checks the config and runs the access tests', async () => {
    expect(await acme.stint(['lint'])).toEqual({ code: 0, stdout: 'No findings; 1 silenced with a reason.\n', stderr: '' })
    expect(await acme.stint(['test', 'test/access.ts'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+ cases passed\.\n$/),
      stderr: '',
    })
  })
  installed('says which Node it needs on an older one', async () => {
    const check = join(acme.folder, 'node_modules/stint/bin/check-node.cjs')
    const older = `Object.defineProperty(process, 'versions', { value: { node: '20.19.0' } }); Object.defineProperty(process, 'version', { value: 'v20.19.0' }); require(${JSON.stringify(check)})`
    expect(await acme.run('node', ['-e', older])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'stint needs Node 24 or newer, and this is Node 20.19.0. Install Node 24 from https://nodejs.org and try again.\n',
    })
  })
})

describe('the sandbox', () => {
  installed('vends, and its log verifies offline', async () => {
    const { broker, output, port } = await acme.sandbox()
    expect(output).toContain('npx stint sandbox browser developer -- --port')
    const token = async (name: string) => {
      const { stdout, stderr } = await acme.stint(['sandbox', 'token', name, '--', '--port', String(port)])
      expect(stderr).toBe('')
      return stdout.trim()
    }
    const headers = { authorization: `Bearer ${await token('developer')}`, 'content-type': 'application/json' }
    const vended = await fetch(`${broker}/sessions`, { method: 'POST', headers, body: '{"profile":"staging-power"}' })
    expect([vended.status, await vended.json()]).toEqual([201, expect.objectContaining({ profile: 'staging-power' })])
    expect((await fetch(`${broker}/docs`)).status).toBe(200)
    expect((await fetch(`${broker}/signed-out`)).status).toBe(200)

    const env = { STINT_TOKEN: await token('auditor') }
    const copied = () => acme.stint(['audit', 'copy', '--from', `${broker}/audit/log`, '--to', 'log-copy'], env)
    await expect.poll(async () => (await copied()).code, { timeout: 60_000 }).toBe(0)
    await expect
      .poll(async () => (await copied()) && (await acme.stint(['audit', 'verify', '--from', 'log-copy'])).stdout, { timeout: 60_000 })
      .toMatch(/sessions +1 issued, 0 failed, 0 abandoned, 0 open[\s\S]*Nothing is missing or altered/)
  })
})

describe('the functions', () => {
  installed('are copied, and get the config', async () => {
    const binding = ['LOG_ORIGIN=stint.example.com/log']
    const words = ['--out', 'dist/prod', ...binding.flatMap((pair) => ['--binding', pair])]
    const script = join(acme.folder, 'node_modules/stint/dist/functions.js')
    expect(await acme.run('node', [script, ...words])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^config [0-9a-f]{64}\n$/),
      stderr: '',
    })
    const out = join(acme.folder, 'dist/prod')
    const { build, origin } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as { build: string; origin: string }
    expect([build.replace(/\+[0-9a-f]{12}$/, ''), origin]).toEqual([version, 'stint.example.com/log'])
    for (const name of functionNames) expect(readdirSync(join(out, name))).toEqual(expect.arrayContaining(['config.json', 'index.js']))
    expect(existsSync(join(out, 'api/public/openapi.json'))).toBe(true)
  })
  installed('are refused for a config with an issuer over http', async () => {
    const { code, stderr } = await acme.run('node', [
      'node_modules/stint/dist/functions.js',
      '--binding',
      'PEOPLE_ISSUER=http://127.0.0.1:1/people',
    ])
    expect([code, stderr]).toEqual([1, 'issuers.people: deployed functions accept https issuers only\n'])
  })
})

describe('the SST app', () => {
  installed('declares the same resources as the repository, without a build', async () => {
    cpSync(join(repository, 'sst.config.ts'), join(acme.folder, 'sst.config.ts'))
    const theirs = await deploy('dev', undefined, { folder: acme.folder })
    const ours = await deploy('dev')
    const described = ({ resources }: Deployed) =>
      resources.map(({ type, name, options }) => `${type} ${name} ${JSON.stringify(options)}`).sort()
    expect(theirs.resources.length).toBeGreaterThan(100)
    expect(described(theirs)).toEqual(described(ours))
    const build = (deployed: Deployed) =>
      plain(deployed.one('aws:lambda/function:Function', 'VendFunction').inputs.environment).variables.STINT_BUILD
    expect(build(theirs)).toBe(build(ours))
    expect(existsSync(join(acme.folder, 'dist/dev/vend/config.json'))).toBe(true)
  })
})

describe('the types', () => {
  installed('of the config, the log and IAM are complete', async () => {
    writeFileSync(
      join(acme.folder, 'libraries.ts'),
      "import { leafHash } from '@stint/tlog/merkle'\nimport { evaluate } from '@stint/iam'\nexport const used: unknown[] = [leafHash, evaluate]\n",
    )
    const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', lib: ['es2024'], types: [], skipLibCheck: false }
    writeFileSync(
      join(acme.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['stint.config.ts', 'test/access.ts', 'libraries.ts'] }),
    )
    expect(
      execFileSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', acme.folder], { encoding: 'utf8' }),
    ).toBe('')
  })
})

describe('what ships', () => {
  test('is byte-identical when it is packed again, from another folder', () => {
    const again = mkdtempSync(join(tmpdir(), 'stint-packed-'))
    execFileSync(process.execPath, [join(repository, 'packages/stint/build/pack.ts'), '--out', again], {
      cwd: tmpdir(),
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const digests = (folder: string) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.tgz'))
        .map((name) => [
          name,
          createHash('sha256')
            .update(readFileSync(join(folder, name)))
            .digest('hex'),
        ])
    expect(digests(again)).toEqual(digests(packed))
    expect(digests(again)).toHaveLength(4)
    rmSync(again, { recursive: true, force: true })
  })
  installed('has every document and template that the command line names', async () => {
    const stint = join(acme.folder, 'node_modules/stint')
    const programs = readdirSync(join(stint, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))
    const named = programs.flatMap((name) => [...readFileSync(join(stint, 'dist', name), 'utf8').matchAll(NAMED)].map(([path]) => path))
    const paths = [...new Set(named)].sort()
    expect(paths).toEqual(
      expect.arrayContaining([
        'docs/examples/collect-identity-center.sh',
        'docs/guides/targets.md',
        'docs/lasting-access.md',
        'infra/target/target.yaml',
      ]),
    )
    expect(paths.filter((path) => !existsSync(join(stint, path)))).toEqual([])
    // The guides name these.
    expect(existsSync(join(stint, 'infra/target/terraform/main.tf'))).toBe(true)
    expect(statSync(join(stint, 'docs/examples/collect-identity-center.sh')).mode & 0o111).toBe(0o111)
    expect(existsSync(join(stint, 'docs/decisions'))).toBe(false)
  })
  test('names no file of this machine', () => {
    const files = readdirSync(join(packed, 'stint'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(js|cjs|json|ts|txt|md)$/.test(name),
    )
    expect(files.length).toBeGreaterThan(200)
    expect(files.filter((name) => readFileSync(join(packed, 'stint', name), 'utf8').includes(repository))).toEqual([])
  })
})
