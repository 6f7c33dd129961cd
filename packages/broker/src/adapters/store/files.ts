/**
 * Objects in a folder: the log on a disk, or a copy of its buckets. A write is atomic.
 */
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256Hex } from '@stint/core/digest'
import { type ObjectStore, Trouble } from '../../ports/log.ts'

const isMissing = (error: unknown) => ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
const isThere = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EEXIST'
const LOCK_TRIES = 200
const LOCK_WAIT_MS = 10

/** `maxBytes`: the largest size of an object at a path. A larger file is refused before it is read. */
export function folderStore(folder: string, maxBytes?: (path: string) => number): ObjectStore {
  const root = resolve(folder)
  let count = 0
  const fileOf = (path: string): string => {
    const file = resolve(root, path)
    if (!file.startsWith(root + sep)) throw new RangeError(`${path} is outside the folder`)
    return file
  }

  async function read(path: string): Promise<Buffer | undefined> {
    try {
      const limit = maxBytes?.(path)
      const size = limit === undefined ? 0 : (await stat(fileOf(path))).size
      if (limit !== undefined && size > limit) throw new RangeError(`the file has ${size} bytes, more than the limit of ${limit}`)
      return await readFile(fileOf(path))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw new Trouble(`${path}: ${(error as Error).message}`)
    }
  }

  /** Writes a temporary file and flushes it; `place` gives it its name. */
  async function written<T>(path: string, bytes: Uint8Array, place: (temporary: string, file: string) => Promise<T>): Promise<T> {
    const file = fileOf(path)
    const temporary = `${file}.${process.pid}-${count++}.tmp`
    await mkdir(dirname(file), { recursive: true })
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    try {
      return await place(temporary, file)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** One writer at a time, across processes too: only one process creates the lock folder. */
  async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
    const lock = `${fileOf(path)}.lock`
    await mkdir(dirname(lock), { recursive: true })
    for (let tries = 0; ; tries++) {
      try {
        await mkdir(lock)
        break
      } catch (error) {
        if (!isThere(error)) throw error
        if (tries >= LOCK_TRIES) throw new Trouble(`${lock} exists. If no shipper is running, remove it.`)
        await sleep(LOCK_WAIT_MS)
      }
    }
    try {
      return await work()
    } finally {
      await rmdir(lock)
    }
  }

  return {
    async get(path) {
      const bytes = await read(path)
      return bytes && { bytes, etag: sha256Hex(bytes) }
    },

    create: (path, bytes) =>
      written(path, bytes, async (temporary, file) => {
        try {
          await link(temporary, file)
          return 'created'
        } catch (error) {
          if (isThere(error)) return 'exists'
          throw error
        }
      }),

    replace: (path, bytes, etag) =>
      alone(path, async () => {
        const there = await read(path)
        if ((there && sha256Hex(there)) !== etag) return 'changed'
        await written(path, bytes, rename)
        return 'replaced'
      }),

    remove: (path) => rm(fileOf(path), { force: true }),

    async list(prefix) {
      // Only folders that can hold such paths: a log has thousands of files elsewhere.
      const below = join(root, prefix.slice(0, prefix.lastIndexOf('/') + 1))
      const entries = await readdir(below, { recursive: true, withFileTypes: true }).catch((error) => {
        if (isMissing(error)) return []
        throw error
      })
      return entries
        .filter((entry) => entry.isFile() && !/\.tmp$/.test(entry.name))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((path) => path.startsWith(prefix))
        .sort()
    },
  }
}
