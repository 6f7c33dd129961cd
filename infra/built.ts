/** The functions, which are the tested ones, and the parts of the config that the infrastructure needs. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Manifest } from '@stint/broker/build/deployment'
import type { Settings } from './settings.ts'

/** For each stage, because each stage has its own bindings. */
export const bundlesOf = (stage: string): string => `dist/${stage}`

export function built({ bindings, cell }: Pick<Settings, 'bindings' | 'cell'>): Manifest {
  const { root } = $cli.paths
  const out = bundlesOf($app.stage)
  const given = Object.entries(bindings).flatMap(([name, value]) => ['--binding', `${name}=${value}`])
  const own = cell === undefined ? [] : ['--cell', cell]
  // The repository builds them from source. The package has them, and adds the config.
  const program = createRequire(join(root, 'package.json')).resolve('stint/functions')
  execFileSync('node', [program, '--out', join(root, out), ...own, ...given], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return JSON.parse(readFileSync(join(root, out, 'manifest.json'), 'utf8')) as Manifest
}
