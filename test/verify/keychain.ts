/**
 * The command line with a real keychain: GNOME's, on a session bus of its own. Installs `@napi-rs/keyring` to `.tools/keychain`, next to
 * the bundled command line, as docs/guides/cli.md says. Exits with 77 where dbus-run-session or gnome-keyring-daemon is missing, or npm cannot install.
 */
import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundled } from '@stint/cli/build/bundle'
import { CANNOT } from '../support/cannot.ts'
import { cliUser, spawned } from '../support/cli-user.ts'
import { testSandbox } from '../support/sandbox.ts'

const FOLDER = fileURLToPath(new URL('../../.tools/keychain', import.meta.url))
/** The version that this check was written with. */
const KEYRING = '@napi-rs/keyring@1.3.0'

for (const tool of ['dbus-run-session', 'gnome-keyring-daemon'])
  if (spawnSync(tool, ['--version']).status !== 0) {
    console.error(`skipped: ${tool} is missing: apt-get install dbus gnome-keyring`)
    process.exit(CANNOT)
  }
mkdirSync(FOLDER, { recursive: true })
writeFileSync(join(FOLDER, 'package.json'), '{}\n')
const install = spawnSync('npm', ['install', '--save-exact', '--no-audit', '--no-fund', '--silent', KEYRING], {
  cwd: FOLDER,
  stdio: 'inherit',
})
if (install.status !== 0) {
  console.error(`skipped: npm cannot install ${KEYRING}. Check the connection to the registry.`)
  process.exit(CANNOT)
}
writeFileSync(join(FOLDER, 'stint.cjs'), await bundled())

const sandbox = await testSandbox()
try {
  const user = cliUser(sandbox, 'developer')
  const stint = `'${process.execPath}' '${join(FOLDER, 'stint.cjs')}'`
  const script = [
    // The daemon would ask for a password on a screen; it takes one from stdin.
    `printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1`,
    `${stint} login ${sandbox.urls.broker}`,
    `${stint} whoami --json`,
    `${stint} logout`,
    `${stint} whoami`,
  ].join('\n')
  const { stdout, stderr } = await spawned('dbus-run-session', ['--', 'sh', '-c', script], {
    ...user.env,
    XDG_DATA_HOME: join(user.home, 'data'),
  })
  process.stderr.write(stderr)
  assert.match(stderr, /the keychain of your system/)
  assert.equal(JSON.parse(stdout.split('\n').find((line) => line.startsWith('{')) ?? '{}').name, 'Dana Developer')
  assert.match(stderr, /Signed out of/)
  assert.match(stderr, /stint login/) // The last whoami finds no token.
  const tokens = join(user.home, '.local/state/stint/tokens')
  assert.deepEqual(existsSync(tokens) ? readdirSync(tokens) : [], [], 'no token was written to a file')
  console.log('passed: signed in, read in another process, and removed from the keychain')
} finally {
  await sandbox.close()
}
