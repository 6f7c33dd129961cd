/**
 * Public linters over openapi.json: Redocly's recommended rules and Spectral's rules for OpenAPI. Errors fail the check; warnings are shown.
 * They bring 240 packages, so they are installed into `.tools` and not with the tests.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CANNOT } from '../support/cannot.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TOOLS = `${ROOT}/.tools/api-linters`
const PACKAGES = ['@redocly/cli@2.77.0', '@stoplight/spectral-cli@6.16.3']
const DOCUMENT = `${ROOT}/packages/broker/openapi.json`
const MINUTES = 5 * 60_000

mkdirSync(TOOLS, { recursive: true })
writeFileSync(`${TOOLS}/package.json`, '{ "private": true }\n')
writeFileSync(`${TOOLS}/spectral.yaml`, 'extends: ["spectral:oas"]\n')
if (!existsSync(`${TOOLS}/node_modules/.bin/redocly`) || !existsSync(`${TOOLS}/node_modules/.bin/spectral`)) {
  const { status } = run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', ...PACKAGES])
  if (status !== 0) {
    console.log('npm cannot install the linters. Check the connection to the registry.')
    process.exit(CANNOT)
  }
}
const results = [
  run('node_modules/.bin/redocly', ['lint', DOCUMENT]),
  run('node_modules/.bin/spectral', ['lint', '--fail-severity', 'error', '-r', 'spectral.yaml', DOCUMENT]),
]
process.exit(results.every(({ status }) => status === 0) ? 0 : 1)

function run(program: string, args: readonly string[]) {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }
  return spawnSync(program, args, { cwd: TOOLS, env, stdio: 'inherit', timeout: MINUTES })
}
