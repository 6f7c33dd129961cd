/**
 * Where the tokens of a context are kept: in the keychain of the operating system if `@napi-rs/keyring` is installed and works, else in
 * a file that only you can read. A keychain entry that is too large for the system (Windows: 2,560 bytes) also goes to the file.
 */
import type { Env } from '../frame/http.ts'
import { readPrivateJson, removeFile, writePrivate } from '../frame/private-file.ts'
import { tokenFileOf } from './contexts.ts'

export type Tokens = {
  /** The token that the broker accepts. */
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
  readonly refreshToken?: string
}
type TokenStore = {
  /** For a person: where the tokens are. */
  readonly place: string
  readonly read: () => Promise<Tokens | undefined>
  readonly write: (tokens: Tokens) => Promise<void>
  readonly remove: () => Promise<void>
}

type Keychain = {
  new (service: string, account: string): { getPassword(): string | null; setPassword(secret: string): void; deletePassword(): boolean }
}

export async function tokenStore(
  env: Env,
  account: string,
  keychain: () => Promise<Keychain | undefined> = installedKeychain,
): Promise<TokenStore> {
  const file = fileStore(env, account)
  const Entry = env.STINT_NO_KEYCHAIN ? undefined : await keychain()
  if (!Entry) return file
  try {
    const entry = new Entry('stint', account)
    entry.getPassword() // Throws where there is a library but no keychain, as on a server without a session bus.
    return keychainStore(entry, file)
  } catch {
    return file
  }
}

function fileStore(env: Env, account: string): TokenStore {
  const path = tokenFileOf(env, account)
  return {
    place: `${path} (readable only by you)`,
    read: async () => parsed(await readPrivateJson(path)),
    write: (tokens) => writePrivate(path, `${JSON.stringify(tokens)}\n`),
    remove: () => removeFile(path),
  }
}

function keychainStore(entry: InstanceType<Keychain>, file: TokenStore): TokenStore {
  return {
    place: 'the keychain of your system',
    async read() {
      const content = entry.getPassword()
      return content === null ? file.read() : parsed(JSON.parse(content))
    },
    async write(tokens) {
      try {
        entry.setPassword(JSON.stringify(tokens))
        await file.remove()
      } catch {
        await file.write(tokens)
      }
    },
    async remove() {
      if (entry.getPassword() !== null) entry.deletePassword()
      await file.remove()
    },
  }
}

function parsed(value: unknown): Tokens | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { token, expiresAtMs, refreshToken } = value as Record<string, unknown>
  if (typeof token !== 'string' || typeof expiresAtMs !== 'number') return undefined
  return { token, expiresAtMs, ...(typeof refreshToken === 'string' ? { refreshToken } : {}) }
}

/** Optional: `npm install @napi-rs/keyring` next to the command line. */
async function installedKeychain(): Promise<Keychain | undefined> {
  const name = '@napi-rs/keyring'
  return import(name).then(
    ({ Entry }: { Entry: Keychain }) => Entry,
    () => undefined,
  )
}
