/** A token that is valid now, refreshed under a lock if it must be: two processes never spend one rotating refresh token twice. */
import { Failure } from '../frame/failure.ts'
import type { Env, Send } from '../frame/http.ts'
import { underLock } from '../frame/lock.ts'
import { accountOf, type Named, tokenFileOf } from './contexts.ts'
import { refreshed } from './issuer.ts'
import { type Tokens, tokenStore } from './token-store.ts'

/** Refresh a little before the end, so that a token does not expire on its way. */
const SPARE_MS = 60_000
/** A refresh is two calls, each with a time limit of 30 seconds. */
const LIMITS = { waitMs: 70_000, staleMs: 65_000 } as const

/** `refused`: a token that the broker no longer takes, although it has not expired. */
export async function currentToken(env: Env, send: Send, name: string, named: Named, now: () => number, refused?: string): Promise<string> {
  const account = accountOf(name, named)
  const store = await tokenStore(env, account)
  const usable = (tokens: Tokens | undefined) => tokens !== undefined && tokens.token !== refused && tokens.expiresAtMs - SPARE_MS > now()
  const found = await store.read()
  if (found && usable(found)) return found.token
  return underLock(`${tokenFileOf(env, account)}.lock`, LIMITS, async () => {
    const tokens = await store.read()
    if (tokens && usable(tokens)) return tokens.token // Another process has refreshed it meanwhile.
    if (!tokens) throw new Failure('signIn', `You are not signed in to ${named.url}.`, { next: `Run stint login ${named.url}` })
    if (tokens.refreshToken === undefined) {
      if (tokens.expiresAtMs > now()) return tokens.token
      throw new Failure('signIn', 'Your sign-in has ended.', { next: `Run stint login ${named.url}` })
    }
    const fresh = await refreshed(send, named, tokens.refreshToken, tokens, now())
    // If we die before this write, the old refresh token is spent and the new one is lost: you sign in again.
    await store.write(fresh)
    return fresh.token
  })
}
