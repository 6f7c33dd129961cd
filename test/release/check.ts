/**
 * `npm run release:check`: everything that a release does except publishing. Packs the packages, compares them with those of a second
 * checkout, writes the SBOM and the license report to `dist/release`, checks the packages with publint and Are the Types Wrong, and asks
 * npm what it would publish. The tools bring 100 packages, so they are installed into `.tools`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isPermissive } from '../../packages/stint/build/licenses.ts'
import { pack } from '../../packages/stint/build/pack.ts'
import { CANNOT } from '../support/cannot.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OUT = join(ROOT, 'dist/release')
const PACKED = join(ROOT, 'dist/npm')
const TOOLS = join(ROOT, '.tools/release')
/** `functions` is a program, which no one imports. */
const ATTW = ['--no-emoji', '--exclude-entrypoints', './functions', './package.json']
const PACKAGES = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5']

installTools()
mkdirSync(OUT, { recursive: true })
const tarballs = await pack(PACKED, console.log)
const checks: readonly (readonly [name: string, check: () => boolean])[] = [
  ['a second checkout packs the same bytes', isReproducible],
  ['the SBOM is complete, and nothing copyleft ships', hasLicenses],
  ...Object.entries(tarballs).flatMap(([name, file]) => [
    [`publint: ${name}`, () => tool('publint', ['run', '--strict', '--pack', 'false', join(PACKED, name)])] as const,
    // create-stint has a program and no modules.
    ...(name === 'create' ? [] : [[`Are the Types Wrong: ${name}`, () => tool('attw', [file, '--profile', 'esm-only', ...ATTW])] as const]),
    [`npm publish --dry-run: ${name}`, () => run('npm', ['publish', '--dry-run', '--access', 'public', file])] as const,
  ]),
]
const failed = checks.filter(([name, check]) => {
  const passed = check()
  console.log(`${passed ? 'passed' : 'failed'}  ${name}`)
  return !passed
})
console.log(`${checks.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0

function installTools(): void {
  mkdirSync(TOOLS, { recursive: true })
  writeFileSync(join(TOOLS, 'package.json'), '{ "private": true }\n')
  if (['publint', 'attw'].every((name) => existsSync(join(TOOLS, 'node_modules/.bin', name)))) return
  if (run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', ...PACKAGES], TOOLS)) return
  console.log('npm cannot install publint and Are the Types Wrong. Check the connection to the registry.')
  process.exit(CANNOT)
}

function isReproducible(): boolean {
  const clone = mkdtempSync(join(tmpdir(), 'stint-clone-'))
  try {
    execFileSync('git', ['clone', '--quiet', '--local', ROOT, clone])
    if (!run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--silent'], clone)) return false
    const out = join(clone, 'dist/npm')
    if (!run('npm', ['run', '--silent', 'pack'], clone)) return false
    const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
    return Object.values(tarballs).every((file) => digest(file) === digest(join(out, file.slice(PACKED.length + 1))))
  } finally {
    rmSync(clone, { recursive: true, force: true })
  }
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
