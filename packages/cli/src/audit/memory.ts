/**
 * What a verifier remembers of a log from one time to the next: its key, and the checkpoint that it must continue. Whoever
 * keeps this out of the operators' reach needs to trust them no further.
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

export type Remembered = Memory & {
  /** The key was given by whoever verifies, and not taken from the log. */
  readonly trusted: boolean
}

const folder = (env: NodeJS.ProcessEnv): string => join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'stint', 'audit')

/** What is remembered of the log that calls itself so. */
export const memoryFile = (origin: string, env: NodeJS.ProcessEnv): string => join(folder(env), `${sha256Hex(origin).slice(0, 16)}.json`)

/** Which log was found at a place: another one there is another log, whatever it calls itself. */
export const placeFile = (from: string, env: NodeJS.ProcessEnv): string =>
  join(folder(env), 'places', `${sha256Hex(from).slice(0, 16)}.json`)

/** Undefined where nothing is remembered; a file that cannot be read as a memory is said, not passed over. */
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
    throw new SyntaxError(`${file} is no memory of a log; move it away to begin anew`)
  return memory
}

/** The file is the old one or the new one, never half of it. */
export async function remember(file: string, memory: Remembered): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, file)
}
