/** The functions as `npm run build` makes them, which are the ones that are tested, and what of the config the rest must know. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '@stint/broker/build/build'

/** A stage's own, since it has bindings of its own. */
export const bundlesOf = (stage: string): string => `dist/${stage}`

export function built(bindings: { readonly [name: string]: string }): Manifest {
  const { root } = $cli.paths
  const out = bundlesOf($app.stage)
  const given = Object.entries(bindings).flatMap(([name, value]) => ['--binding', `${name}=${value}`])
  execFileSync('npm', ['run', '--silent', 'build', '--', '--out', join(root, out), ...given], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return JSON.parse(readFileSync(join(root, out, 'manifest.json'), 'utf8')) as Manifest
}
