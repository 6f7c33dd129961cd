/**
 * `npm run release:check`: everything that a release does except publishing. Packs the packages, compares them with those of a second
 * checkout, writes the SBOM and the license report to `dist/release`, checks the packages with publint and Are the Types Wrong, asks npm
 * what it would publish, and uses the packages from a registry on this machine. The tools bring 400 packages, so they are installed into
 * `.tools`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isPermissive } from '../../packages/stint/build/licenses.ts'
import { pack } from '../../packages/stint/build/pack.ts'
import { CANNOT } from '../support/cannot.ts'
import { releasesWithoutFixture } from '../upgrade/fixture.ts'
import { adoptFromRegistry } from './registry.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OUT = join(ROOT, 'dist/release')
const PACKED = join(ROOT, 'dist/npm')
const TOOLS = join(ROOT, '.tools/release')
/** `functions` is a program, which no one imports. */
const ATTW = ['--no-emoji', '--exclude-entrypoints', './functions', './package.json']
const TOOLS_MANIFEST = `${JSON.stringify(
  {
    private: true,
    dependencies: { publint: '0.3.25', '@arethetypeswrong/cli': '0.18.5', verdaccio: '6.10.4', node: '20.20.2' },
    // Verdaccio names it by a tag, which not every registry has.
    overrides: { 'node-fetch': '2.7.0' },
    // It gets the binary of Node.
    allowScripts: { node: true },
  },
  null,
  2,
)}\n`

installTools()
mkdirSync(OUT, { recursive: true })
const clone = mkdtempSync(join(tmpdir(), 'stint-clone-'))
process.on('exit', () => rmSync(clone, { recursive: true, force: true }))
const tarballs = await pack(PACKED, console.log)
const checks: readonly (readonly [name: string, check: () => boolean | Promise<boolean>])[] = [
  ['every release has a fixture', hasFixtures],
  ['a second checkout packs the same bytes', isReproducible],
  ['the SBOM is complete, and nothing copyleft ships', hasLicenses],
  ...Object.entries(tarballs).flatMap(([name, file]) => [
    [`publint: ${name}`, () => tool('publint', ['run', '--strict', '--pack', 'false', join(PACKED, name)])] as const,
    // create-stint has a program and no modules.
    ...(name === 'create' ? [] : [[`Are the Types Wrong: ${name}`, () => tool('attw', [file, '--profile', 'esm-only', ...ATTW])] as const]),
    [`npm publish --dry-run: ${name}`, () => run('npm', ['publish', '--dry-run', '--access', 'public', file])] as const,
  ]),
  ['the changesets make a next version', packNext],
  ['from a registry: create, install, test, vend, verify and update; Node 20 is refused', isUsable],
]
let failed = 0
for (const [name, check] of checks) {
  const startedAt = Date.now()
  const passed = await check()
  if (!passed) failed++
  console.log(`${passed ? 'passed' : 'failed'}  ${name} (${Math.round((Date.now() - startedAt) / 1000)} s)`)
}
console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

function installTools(): void {
  const manifest = join(TOOLS, 'package.json')
  const isInstalled = existsSync(join(TOOLS, 'node_modules/.package-lock.json'))
  if (isInstalled && existsSync(manifest) && readFileSync(manifest, 'utf8') === TOOLS_MANIFEST) return
  rmSync(TOOLS, { recursive: true, force: true })
  mkdirSync(TOOLS, { recursive: true })
  writeFileSync(manifest, TOOLS_MANIFEST)
  if (run('npm', ['install', '--no-audit', '--no-fund'], TOOLS)) return
  console.log('npm cannot install publint, Are the Types Wrong, Verdaccio and Node 20. Check the connection to the registry.')
  process.exit(CANNOT)
}

/** The tests of the next release compare it with this one. */
function hasFixtures(): boolean {
  const missing = releasesWithoutFixture()
  for (const version of missing) console.log(`test/upgrade/${version} is missing. Run: npm run release:fixture -- ${version}`)
  return missing.length === 0
}

function isReproducible(): boolean {
  execFileSync('git', ['clone', '--quiet', '--local', ROOT, clone])
  if (!run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--silent'], clone)) return false
  if (!run('npm', ['run', '--silent', 'pack'], clone)) return false
  const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
  return Object.values(tarballs).every((file) => digest(file) === digest(join(clone, 'dist/npm', basename(file))))
}

/** In the second checkout, releases what there is, and then a patch. */
function packNext(): boolean {
  const changelog = join(clone, 'CHANGELOG.md')
  writeFileSync(changelog, readFileSync(changelog, 'utf8').replace('\n## Unreleased\n', '\n## 0.0.0 - 2026-01-01\n'))
  for (const file of globSync('.changeset/*.md', { cwd: clone })) rmSync(join(clone, file))
  writeFileSync(join(clone, '.changeset/next.md'), '---\n"stint": patch\n---\n\nFixed: a second version.\n')
  return (
    run('npm', ['run', '--silent', 'release:version'], clone) &&
    run('npx', ['vitest', 'run', 'test/release/'], clone) &&
    readFileSync(changelog, 'utf8').includes(`\n## ${versionOf(clone)} - `) &&
    versionOf(clone) !== versionOf(ROOT) &&
    run('npm', ['run', '--silent', 'pack'], clone)
  )
}

async function isUsable(): Promise<boolean> {
  const release = (root: string) => ({ version: versionOf(root), tarballs: globSync(join(root, 'dist/npm/*.tgz')) })
  const modules = join(TOOLS, 'node_modules')
  const tools = { verdaccio: join(modules, 'verdaccio/bin/verdaccio'), node20: join(modules, 'node/bin/node') }
  try {
    await adoptFromRegistry(tools, { first: release(ROOT), next: release(clone) })
    return true
  } catch (error) {
    console.log(error)
    return false
  }
}

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

type Component = {
  readonly name: string
  readonly version: string
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[]
}

/**
 * npm lists what is installed in the repository. What ships is in the packages' own lists of licenses, and what their dependencies install
 * is in the list of their workspaces.
 */
function hasLicenses(): boolean {
  const all = sbom([])
  const installed = new Set(sbom(['--omit', 'dev', '--workspace', 'stint']).components.map(named))
  const shipped = ['stint', 'create'].flatMap((name) =>
    [...readFileSync(join(PACKED, name, 'THIRD-PARTY-LICENSES.txt'), 'utf8').matchAll(/^(\S+ \d\S*) \(/gm)].map(([, line = '']) => line),
  )
  const components = all.components.filter((one) => installed.has(named(one)) || shipped.includes(named(one)))
  writeFileSync(join(OUT, 'sbom.cdx.json'), `${JSON.stringify({ ...all, components }, null, 2)}\n`)
  const rows = components.map((one) => ({ name: named(one), license: licenseOf(one) }))
  writeFileSync(
    join(OUT, 'licenses.txt'),
    rows
      .map(({ name, license }) => `${name}: ${license}\n`)
      .sort()
      .join(''),
  )
  const strange = rows.filter(({ license }) => !isPermissive(license))
  for (const { name, license } of strange) console.log(`${name} must not ship: ${license}`)
  const missing = shipped.filter((line) => !rows.some(({ name }) => name === line))
  for (const line of missing) console.log(`${line} ships, and the SBOM does not have it`)
  return strange.length === 0 && shipped.length > 50 && missing.length === 0
}

function named({ name, version }: Component): string {
  return `${name} ${version}`
}

function licenseOf({ licenses = [] }: Component): string {
  return licenses.map(({ license, expression }) => expression ?? license?.id ?? 'none').join(' AND ') || 'none'
}

function sbom(args: readonly string[]): { readonly components: readonly Component[] } {
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  return JSON.parse(text) as { components: readonly Component[] }
}

function tool(name: string, args: readonly string[]): boolean {
  return run(join(TOOLS, 'node_modules/.bin', name), args)
}

function run(program: string, args: readonly string[], cwd = ROOT): boolean {
  return spawnSync(program, args, { cwd, stdio: 'inherit', timeout: 15 * 60_000 }).status === 0
}
