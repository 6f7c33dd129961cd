/**
 * `npm run release:version`: the next version, from the changesets. All packages get it, CHANGELOG.md a section, and the changesets are
 * deleted. Review and commit the result.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readChangesets, sectionOf, withSection } from './changesets.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Each names the version once, and Changesets does not know them. */
const NAMES = ['package.json', 'packages/cli/src/frame/version-number.ts', 'packages/create/src/version.ts']

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const write = (file: string, text: string) => writeFileSync(join(ROOT, file), text)
const run = (program: string, args: readonly string[]) => execFileSync(program, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })

function next(): string {
  const changesets = readChangesets(ROOT)
  if (changesets.length === 0) throw new Error('Nothing to release: .changeset contains no changesets')
  // Before anything changes: it throws if the changelog is not ready.
  withSection(read('CHANGELOG.md'), '')
  run('npx', ['--no-install', 'changeset', 'version'])
  const { version } = JSON.parse(read('packages/stint/package.json')) as { version: string }
  for (const file of NAMES) write(file, read(file).replace(/("version": "|VERSION = ')[^"']+/, `$1${version}`))
  const today = new Date().toISOString().slice(0, 10)
  write('CHANGELOG.md', withSection(read('CHANGELOG.md'), sectionOf(version, today, changesets)))
  run('npm', ['install', '--package-lock-only', '--ignore-scripts', '--prefer-offline'])
  return version
}

try {
  console.log(`Version ${next()}. Review the changes and commit them.`)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
