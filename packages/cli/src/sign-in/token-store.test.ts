import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tokenStore } from './token-store.ts'

const URL = 'https://stint.example'
const tokens = { token: 'a.b.c', expiresAtMs: 1, refreshToken: 'r' }
const home = () => ({ HOME: mkdtempSync(join(tmpdir(), 'stint-store-')) })
const folder = (env: { HOME: string }) => join(env.HOME, '.local/state/stint/tokens')

/** A keychain in memory, which can be as broken as real ones are. */
function keychain({ locked = false, most = Number.POSITIVE_INFINITY } = {}) {
  const entries = new Map<string, string>()
  const Entry = class {
    readonly name: string
    constructor(service: string, account: string) {
      this.name = `${service} ${account}`
    }
    getPassword() {
      if (locked) throw new Error('no session bus')
      return entries.get(this.name) ?? null
    }
    setPassword(secret: string) {
      if (secret.length > most) throw new Error('too long')
      entries.set(this.name, secret)
    }
    deletePassword() {
      return entries.delete(this.name)
    }
  }
  return { entries, load: async () => Entry }
}

test('keeps tokens in the keychain, and in no file', async () => {
  const [env, { entries, load }] = [home(), keychain()]
  const store = await tokenStore(env, URL, load)
  await store.write(tokens)
  expect([store.place, await store.read(), existsSync(folder(env))]).toEqual(['the keychain of your system', tokens, false])
  await store.remove()
  expect([entries.size, await store.read()]).toEqual([0, undefined])
})
test.each<[string, Parameters<typeof tokenStore>[2], Record<string, string>]>([
  ['without a keychain library', async () => undefined, {}],
  ['with a keychain that is locked', keychain({ locked: true }).load, {}],
  ['with STINT_NO_KEYCHAIN', keychain().load, { STINT_NO_KEYCHAIN: '1' }],
])('uses a private file %s, and says so', async (_name, load, more) => {
  const env = { ...home(), ...more }
  const store = await tokenStore(env, URL, load)
  await store.write(tokens)
  const [name = ''] = readdirSync(folder(env))
  expect(store.place).toBe(`${join(folder(env), name)} (readable only by you)`)
  expect([await store.read(), statSync(join(folder(env), name)).mode & 0o777]).toEqual([tokens, 0o600])
  await store.remove()
  expect(readdirSync(folder(env))).toEqual([])
})
test('uses the file for tokens that are too long for the keychain, and removes both', async () => {
  const [env, { load }] = [home(), keychain({ most: 10 })]
  const store = await tokenStore(env, URL, load)
  await store.write(tokens)
  expect([await store.read(), readdirSync(folder(env)).length]).toEqual([tokens, 1])
  await store.remove()
  expect(await store.read()).toBeUndefined()
})
