/** The commit that a run is of: together with a seed, it names a schedule. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** `ab12cd3`, with `-changed` if files differ from it; `unknown` outside of a repository. */
export function commitOf(): string {
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty=-changed', '--exclude', '*'], { cwd, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : 'unknown'
}
