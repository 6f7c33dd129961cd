/**
 * One process at a time: for refreshing a token, which can be spent only once, and for filling a cache. The lock is a file with the
 * holder's process ID. A lock whose holder died, or is too old, is taken over.
 */
import { randomBytes } from 'node:crypto'
import { link, lstat, rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from './failure.ts'
import { createPrivate, readPrivate, removeFile } from './private-file.ts'

type LockLimits = {
  /** How long to wait for another process. */
  readonly waitMs: number
  /** A lock that is older than this belongs to a process that hangs. Longer than any work under the lock. */
  readonly staleMs: number
}
const LOOK_AGAIN_MS = 40

export async function underLock<T>(path: string, { waitMs, staleMs }: LockLimits, work: () => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${randomBytes(8).toString('hex')}\n`
  const deadline = Date.now() + waitMs
  while (!(await createPrivate(path, mine))) {
    if (await takenFromTheDead(path, staleMs)) continue
    if (Date.now() > deadline)
      throw new Failure('failed', `Another stint process holds ${path}.`, {
        next: 'Wait until it ends, or remove the file, and try again.',
      })
    await sleep(LOOK_AGAIN_MS)
  }
  try {
    return await work()
  } finally {
    // If this lock was taken over because the work took too long, it belongs to another process now.
    if ((await readPrivate(path).catch(() => undefined)) === mine) await removeFile(path)
  }
}

/** Removes the lock if its holder is gone. */
async function takenFromTheDead(path: string, staleMs: number): Promise<boolean> {
  const content = await readPrivate(path)
  if (content === undefined) return true
  const found = await lstat(path).catch(() => undefined)
  if (!found) return true
  const pid = Number(/^(\d+) /.exec(content)?.[1])
  if (isAlive(pid) && Date.now() - found.mtimeMs < staleMs) return false
  // Two processes can see the same dead lock. Renaming gives it to one of them; if that one got a new lock instead, it puts it back.
  const aside = `${path}.${randomBytes(8).toString('hex')}.draft`
  const taken = await rename(path, aside).then(
    () => true,
    () => false,
  )
  if (taken && (await readPrivate(aside).catch(() => undefined)) !== content) await link(aside, path).catch(() => {})
  if (taken) await removeFile(aside)
  return true
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
