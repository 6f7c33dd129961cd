/**
 * Files that only their owner can read: tokens and cached credentials. A file is written under a random name and renamed, so a reader
 * sees the old content or the new one, whenever the writer dies. Modes are set when a file is created and do not depend on the umask.
 * Symbolic links are never followed at the last step, and files of other users are refused.
 */
import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { chmod, link, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { shellWord } from '@stint/core/shell'
import { Failure } from './failure.ts'

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
const me = process.getuid?.()

/** The system does not let us write here: a read-only disk, a full one, a folder of another user. */
export class Unwritable extends Failure {}

/** `folder`: the variable that moves the folder of the file. */
type Writing = { readonly done?: 'written' | 'removed'; readonly folder?: 'XDG_STATE_HOME' | 'XDG_CONFIG_HOME' }

/** Turns what the system says into an `Unwritable`. Anything else is a bug, or a `Failure` already. */
async function writing<T>(path: string, work: () => Promise<T>, { done = 'written', folder = 'XDG_STATE_HOME' }: Writing = {}): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof Failure || code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error
    throw new Unwritable('unreachable', `${path} cannot be ${done}: ${message}.`, {
      next: `Set ${folder} to a folder that you can write, or check this one: ls -ld ${shellWord(dirname(path))}`,
    })
  }
}

/** Folders are made one by one: the recursive mkdir of Node never ends in /proc. No path is deeper. */
const DEEPEST = 100

async function madeFolder(path: string, depth = 0): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // EROFS and EACCES come before EEXIST on some systems.
    if (code === 'EEXIST' || (code !== 'ENOENT' && (await isFolder(path)))) return
    if (code !== 'ENOENT' || depth > DEEPEST || dirname(path) === path) throw error
    await madeFolder(dirname(path), depth + 1)
    await mkdir(path, { mode: 0o700 }).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== 'EEXIST') throw again
    })
  }
}

const isFolder = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** Creates the folder with mode 0700, or takes away what others may do in one that is there; the same for the folder `stint` above it. */
async function privateFolder(path: string): Promise<void> {
  await madeFolder(path)
  const above = dirname(path)
  if (basename(above) === 'stint') await closedFolder(above, await stat(above))
  await closedFolder(path, await lstat(path))
}

/** `stint` itself may be a symbolic link of the user to a folder of the user, as tools for dotfiles make them. */
async function closedFolder(path: string, found: Stats): Promise<void> {
  checkOwner(path, await lstat(path))
  if (!found.isDirectory()) throw unsafe(path, 'it is not a folder')
  checkOwner(path, found)
  if (me !== undefined && (found.mode & 0o077) !== 0) await chmod(path, 0o700)
}

/** Undefined if there is no file. A file that others could have written or read is refused. */
export async function readPrivate(path: string, maxBytes = 256 * 1024): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') throw unsafe(path, 'it is a symbolic link')
    throw unsafe(path, (error as Error).message)
  })
  if (!file) return undefined
  try {
    const found = await file.stat()
    if (!found.isFile()) throw unsafe(path, 'it is not a file')
    checkOwner(path, found)
    if (me !== undefined && (found.mode & 0o077) !== 0) throw unsafe(path, 'other users can read or change it')
    if (found.size > maxBytes) throw unsafe(path, `it is larger than ${maxBytes} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** The JSON in a file; undefined if there is no file, or if its content is not JSON. */
export async function readPrivateJson(path: string): Promise<unknown> {
  const content = await readPrivate(path)
  try {
    return content === undefined ? undefined : JSON.parse(content)
  } catch {
    return undefined
  }
}

export const writePrivate = (path: string, content: string, folder?: Writing['folder']): Promise<void> =>
  writing(path, () => written(path, content), folder && { folder })

async function written(path: string, content: string): Promise<void> {
  await privateFolder(dirname(path))
  const draft = `${path}.${randomBytes(8).toString('hex')}.draft`
  const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
  // If we die before this, the draft stays, readable to its owner only. `sweepDrafts` removes it.
  await rename(draft, path)
}

/** Creates a file with this content if there is none; false if there is one. */
export const createPrivate = (path: string, content: string): Promise<boolean> => writing(path, () => created(path, content))

async function created(path: string, content: string): Promise<boolean> {
  await privateFolder(dirname(path))
  const draft = `${path}.${randomBytes(8).toString('hex')}.draft`
  const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  await file.writeFile(content).finally(() => file.close())
  try {
    // A link appears with its whole content or not at all, unlike a file that is created and then written.
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

export const removeFile = (path: string, folder?: Writing['folder']): Promise<void> =>
  writing(path, () => rm(path, { force: true }), { done: 'removed', ...(folder && { folder }) })

export const removeFolder = (path: string): Promise<void> =>
  writing(path, () => rm(path, { recursive: true, force: true }), { done: 'removed' })

/** Drafts are renamed at once. One that is older than this was left by a process that died. */
const DRAFT_MS = 60_000

/** Removes what processes that died have left in a folder. */
export async function sweepDrafts(folder: string, now: number): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((one) => one.endsWith('.draft'))) {
    const found = await lstat(join(folder, name)).catch(() => undefined)
    if (found && now - found.mtimeMs > DRAFT_MS) await removeFile(join(folder, name))
  }
}

function checkOwner(path: string, { uid }: Stats): void {
  if (me !== undefined && uid !== me) throw unsafe(path, 'it belongs to another user')
}

const unsafe = (path: string, why: string): Failure =>
  new Failure('unreachable', `${path} is not safe to use: ${why}.`, {
    next: `Look at it, remove it, and try again: ls -ld ${shellWord(path)}`,
  })
