/** The functions as `npm run build` makes them, which are the ones that are tested, and what of the config the rest must know. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '@stint/broker/build/build'

export function built(bindings: { readonly [name: string]: string }): Manifest {
  const { root } = $cli.paths
  const given = Object.entries(bindings).flatMap(([name, value]) => ['--binding', `${name}=${value}`])
  execFileSync('npm', ['run', '--silent', 'build', '--', ...given], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  return JSON.parse(readFileSync(join(root, 'dist/manifest.json'), 'utf8')) as Manifest
}
