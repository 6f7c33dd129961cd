/** Contexts: the brokers that you have signed in to, by name. Nothing in them is secret. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shellWord } from '@stint/core/shell'
import { Failure } from '../frame/failure.ts'
import type { Env } from '../frame/http.ts'
import { configFolder, stateFolder } from '../frame/paths.ts'
import { removeFile, removeFolder, writePrivate } from '../frame/private-file.ts'

export type Named = {
  readonly url: string
  /** Where and as what the context signs in. */
  readonly issuer: string
  readonly clientId: string
  readonly scope: string
  /** Which of the issuer's tokens the broker accepts. */
  readonly token: 'access_token' | 'id_token'
}
export type Contexts = { readonly current?: string; readonly contexts: { readonly [name: string]: Named } }

const fileOf = (env: Env): string => join(configFolder(env), 'contexts.json')

export async function readContexts(env: Env): Promise<Contexts> {
  const file = fileOf(env)
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{"contexts":{}}'
    throw new Failure('unreachable', `${file} is unreadable: ${error.message}.`, { next: `Fix it or remove it: ls -l ${shellWord(file)}` })
  })
  const fault = new Failure('unreachable', `${file} is invalid.`, {
    next: `Remove it and sign in again: rm ${shellWord(file)} && stint login URL`,
  })
  try {
    const value = JSON.parse(content) as Contexts
    if (typeof value.contexts !== 'object' || !Object.values(value.contexts).every(isNamed)) throw fault
    return value
  } catch {
    throw fault
  }
}

const isNamed = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ['url', 'issuer', 'clientId', 'scope', 'token'].every((name) => typeof (value as Record<string, unknown>)[name] === 'string')

export const writeContexts = (env: Env, contexts: Contexts): Promise<void> =>
  writePrivate(fileOf(env), `${JSON.stringify(contexts, null, 2)}\n`, 'XDG_CONFIG_HOME')

export const removeContexts = (env: Env): Promise<void> => removeFile(fileOf(env), 'XDG_CONFIG_HOME')

/** What is kept of any broker, also of those that were only used with a token, and of the targets' roles. */
export async function removeState(env: Env): Promise<void> {
  for (const name of ['tokens', 'credentials', 'profiles', 'roles']) await removeFolder(join(stateFolder(env), name))
}

/** The name of a new context: the host, without what is the same in most URLs. */
export const nameFor = (url: string): string => new URL(url).host

/** The context of this broker: the current one, if it is. */
export function nameOf({ current, contexts }: Contexts, url: string): string | undefined {
  if (current !== undefined && contexts[current]?.url === url) return current
  return Object.keys(contexts).find((name) => contexts[name]?.url === url)
}

export const isName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(name)

/** A file name for what belongs to one broker or one context. URLs can be longer than file names. */
export const fileNameFor = (owner: string): string => createHash('sha256').update(owner).digest('hex').slice(0, 24)

/** What the tokens of one context are kept under. Two contexts of one broker are two sign-ins, perhaps of two people. */
export const accountOf = (name: string, { url }: Pick<Named, 'url'>): string => `${url} ${name}`
export const tokenFileOf = (env: Env, account: string): string => join(stateFolder(env), 'tokens', `${fileNameFor(account)}.json`)
export const profilesFileOf = (env: Env, url: string): string => join(stateFolder(env), 'profiles', `${fileNameFor(url)}.json`)
