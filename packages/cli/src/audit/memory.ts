/**
 * What a verifier stores about a log between runs: its key, and the checkpoint that it must continue. An auditor who keeps this where
 * operators have no access does not need to trust them.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256Hex } from '@stint/core/digest'

type Memory = {
  readonly origin: string
  readonly vkeys: readonly string[]
  readonly size: number
  /** Base64. */
  readonly root: string
  readonly verifiedAt: string
}

type Remembered = Memory & {
  /** The auditor gave the key. It was not taken from the log. */
  readonly trusted: boolean
}

const folder = (env: NodeJS.ProcessEnv): string => join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'stint', 'audit')

/** The file about the log with this name. */
export const memoryFile = (origin: string, env: NodeJS.ProcessEnv): string => join(folder(env), `${sha256Hex(origin).slice(0, 16)}.json`)

/** The file about the log at this path or URL. It detects another log in the same place, whatever its name. */
export const placeFile = (from: string, env: NodeJS.ProcessEnv): string =>
  join(folder(env), 'places', `${sha256Hex(from).slice(0, 16)}.json`)

/** Returns undefined if nothing is stored. An invalid file is an error and is not ignored. */
export async function recall(file: string): Promise<Remembered | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const memory = JSON.parse(text) as Remembered
  if (typeof memory.size !== 'number' || typeof memory.root !== 'string' || !Array.isArray(memory.vkeys))
    throw new SyntaxError(`${file} is not a valid file about a log. Move it away to start again.`)
  return memory
}

/** Writes atomically: the file is the old one or the new one, never a part. */
export async function remember(file: string, memory: Remembered): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, file)
}
