/**
 * Credentials that `stint credential-process` and `stint exec` share between runs: one file per command line, readable only by you,
 * until a few minutes before they expire. Processes that need the same credentials at once wait for one of them to get them.
 *
 * This file and what it imports are on the fast path of `credential-process`, so it loads nothing that talks to a broker.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Env } from '../frame/http.ts'
import { underLock } from '../frame/lock.ts'
import { configFolder, stateFolder } from '../frame/paths.ts'
import { readPrivateJson, removeFile, sweepDrafts, writePrivate } from '../frame/private-file.ts'
import { fileNameFor } from '../sign-in/contexts.ts'

export type Kept<T> = {
  /** The broker that issued them. */
  readonly url: string
  /** When they are replaced, in milliseconds since the epoch. */
  readonly renewAtMs: number
  readonly value: T
}

/** Vending takes seconds; waiting for an approval can take as long as `--wait` allows. */
const VEND_MS = 90_000

const folderOf = (env: Env): string => join(stateFolder(env), 'credentials')

/**
 * The name of an entry. It depends on everything that can change whose credentials these are: the words of the command, the broker and
 * the token of the environment, and the contexts.
 */
export async function entryFor(env: Env, words: readonly string[]): Promise<string> {
  const contexts = await readFile(join(configFolder(env), 'contexts.json'), 'utf8').catch(() => '')
  const { STINT_URL = '', STINT_TOKEN = '', STINT_TOKEN_FILE = '', GITHUB_RUN_ID = '', CI_JOB_ID = '' } = env
  const parts = [words, STINT_URL, STINT_TOKEN, STINT_TOKEN_FILE, GITHUB_RUN_ID, CI_JOB_ID, contexts]
  return join(folderOf(env), `${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}.json`)
}

export async function kept<T>(entry: string, now: number): Promise<Kept<T> | undefined> {
  const found = (await readPrivateJson(entry)) as Kept<T> | undefined
  return typeof found?.renewAtMs === 'number' && found.renewAtMs > now && found.value !== undefined ? found : undefined
}

/** Returns what is kept, or gets it, once for all processes that ask at the same time. */
export async function keptOr<T>(env: Env, entry: string, waitMs: number, get: () => Promise<Kept<T>>): Promise<T> {
  const found = await kept<T>(entry, Date.now())
  if (found) return found.value
  const most = VEND_MS + waitMs
  return underLock(`${entry}.lock`, { waitMs: most, staleMs: most }, async () => {
    const meanwhile = await kept<T>(entry, Date.now())
    if (meanwhile) return meanwhile.value
    await sweep(env, (one) => typeof one?.renewAtMs !== 'number' || one.renewAtMs <= Date.now())
    const fresh = await get()
    await writePrivate(entry, `${JSON.stringify(fresh)}\n`)
    return fresh.value
  })
}

/** Removes what is kept of one broker. */
export const forgetCredentials = (env: Env, url: string): Promise<void> =>
  sweep(env, (one) => one?.url === undefined || fileNameFor(one.url) === fileNameFor(url))

async function sweep(env: Env, isOver: (one: Partial<Kept<unknown>> | undefined) => boolean): Promise<void> {
  const folder = folderOf(env)
  await sweepDrafts(folder, Date.now())
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const path = join(folder, name)
    const content = await readPrivateJson(path).catch(() => undefined)
    if (isOver(content as Partial<Kept<unknown>> | undefined)) await removeFile(path)
  }
}
