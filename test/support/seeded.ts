/** A copy of the repository, into which a check puts one bug at a time. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A change of one place of the source. */
export type Bug = {
  readonly name: string
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly from: string
  readonly to: string
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The tracked files as they are now, with an install of their own. Removed when the process ends. */
export function installedCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'stint-seeded-'))
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
  execFileSync('bash', ['-c', 'git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$0"', copy], { cwd: ROOT })
  // The packages of a workspace are links: only an install of its own makes the tests read the copy's source.
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: copy, stdio: 'inherit' })
  return copy
}

/** Runs `work` while the bug is in the copy. */
export async function withBug<T>(copy: string, { file, from, to }: Bug, work: () => T | Promise<T>): Promise<T> {
  const path = join(copy, file)
  const good = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    good.replace(from, () => to),
  )
  try {
    return await work()
  } finally {
    writeFileSync(path, good)
  }
}
