/**
 * Credentials that `stint credential-process` and `stint exec` share between runs: one file per command line and caller, readable only
 * by you, until a few minutes before they expire. Processes that need the same credentials at once wait for one of them to get them.
 *
 * This file and what it imports are on the fast path of `credential-process`, so it loads nothing that talks to a broker.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Env } from '../frame/http.ts'
import { underLock } from '../frame/lock.ts'
import { configFolder, stateFolder } from '../frame/paths.ts'
import { readPrivateJson, removeFile, sweepDrafts, Unwritable, writePrivate } from '../frame/private-file.ts'
import { fileNameFor } from '../sign-in/contexts.ts'
import { identityOf, standingToken } from '../sign-in/standing-token.ts'

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
 * The name of an entry. It depends on everything that can change whose credentials these are: the words of the command, the broker of
 * the environment, the contexts, and who the token says its holder is. `identity` is empty if you are signed in with a context.
 */
export async function entryFor(env: Env, words: readonly string[], identity: string): Promise<string> {
  const contexts = await readFile(join(configFolder(env), 'contexts.json'), 'utf8').catch(() => '')
  const { STINT_URL = '', STINT_AUDIENCE = '' } = env
  const parts = [words, STINT_URL, STINT_AUDIENCE, contexts, identity]
  return join(folderOf(env), `${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}.json`)
}

/**
 * Reads the cached output of `stint credential-process` without a network call. Undefined: there is none, or the token must be fetched
 * first, or is not a JWT.
 */
export async function keptFor(env: Env, words: readonly string[], now: number): Promise<string | undefined> {
  const standing = standingToken(env, { tokenFile: flagIn(words, 'token-file', 'tokenFile'), context: flagIn(words, 'context') })
  if (standing.kind === 'github') return undefined
  const identity = standing.kind === 'none' ? '' : identityOf(await standing.read())
  if (identity === undefined) return undefined
  return (await kept(await entryFor(env, words, identity), isText, now))?.value
}

export const isText = (value: unknown): value is string => typeof value === 'string'

/** The value of a flag, as `--flag VALUE` or `--flag=VALUE`. */
function flagIn(words: readonly string[], ...flags: readonly string[]): string | undefined {
  for (const [at, word] of words.entries())
    for (const flag of flags) {
      if (word === `--${flag}`) return words[at + 1]
      if (word.startsWith(`--${flag}=`)) return word.slice(flag.length + 3)
    }
  return undefined
}

/** Undefined if there is no entry, if it has expired, or if this version cannot read it. */
export async function kept<T>(entry: string, is: (value: unknown) => value is T, now: number): Promise<Kept<T> | undefined> {
  const found = keptIn(await readPrivateJson(entry))
  return found && found.renewAtMs > now && is(found.value) ? { ...found, value: found.value } : undefined
}

function keptIn(content: unknown): Kept<unknown> | undefined {
  if (typeof content !== 'object' || content === null) return undefined
  const { url, renewAtMs, value } = content as Record<string, unknown>
  return typeof url === 'string' && typeof renewAtMs === 'number' ? { url, renewAtMs, value } : undefined
}

type Keeping<T> = {
  readonly env: Env
  /** Undefined: nothing may be kept, because the token does not say whose it is. */
  readonly entry: string | undefined
  readonly waitMs: number
  readonly is: (value: unknown) => value is T
  readonly get: () => Promise<Kept<T>>
  readonly warn: (line: string) => void
}

/** Returns what is kept, or gets it, once for all processes that ask at the same time. Where no file can be written, nothing is kept. */
export async function keptOr<T>({ env, entry, waitMs, is, get, warn }: Keeping<T>): Promise<T> {
  if (entry === undefined) return (await get()).value
  const found = await kept(entry, is, Date.now())
  if (found) return found.value
  const most = VEND_MS + waitMs
  let called = false
  let fresh: Kept<T> | undefined
  try {
    return await underLock(`${entry}.lock`, { waitMs: most, staleMs: most }, async () => {
      const meanwhile = await kept(entry, is, Date.now())
      if (meanwhile) return meanwhile.value
      await sweep(env, (one) => one === undefined || one.renewAtMs <= Date.now())
      called = true
      fresh = await get()
      await writePrivate(entry, `${JSON.stringify(fresh)}\n`)
      return fresh.value
    })
  } catch (error) {
    // What `get` itself could not write is its own error: a second call could spend a refresh token twice.
    if (!(error instanceof Unwritable) || (called && fresh === undefined)) throw error
    warn(`The credentials are not cached: ${error.message}`)
    return (fresh ?? (await get())).value
  }
}

/** Removes what is kept of one broker. */
export const forgetCredentials = (env: Env, url: string): Promise<void> =>
  sweep(env, (one) => one === undefined || fileNameFor(one.url) === fileNameFor(url))

async function sweep(env: Env, isOver: (one: Kept<unknown> | undefined) => boolean): Promise<void> {
  const folder = folderOf(env)
  await sweepDrafts(folder, Date.now())
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const path = join(folder, name)
    const content = await readPrivateJson(path).catch(() => undefined)
    if (isOver(keptIn(content))) await removeFile(path)
  }
}
