/** RFC 6265bis §4.1.3.2: a cookie with the prefix `__Host-` is Secure, has the path / and no domain. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import type { Ctx, Web } from '../http/context.ts'
import { dropCookie, keepCookie } from './cookies.ts'

async function set(publicUrl: string, act: (c: Ctx, web: Web) => void): Promise<string> {
  const app = new Hono()
  app.get('/', (c) => {
    act(c as unknown as Ctx, { publicUrl } as Web)
    return c.text('')
  })
  return (await app.request(`${publicUrl}/`)).headers.get('set-cookie') ?? ''
}
const keep = (c: Ctx, web: Web) => keepCookie(c, web, 'session', 'v', 900, 'Strict')

test('over HTTPS, a cookie is of this host alone', async () => {
  expect(await set('https://stint.example', keep)).toBe('__Host-stint-session=v; Max-Age=900; Path=/; HttpOnly; Secure; SameSite=Strict')
})
test('over HTTPS, the same cookie is removed', async () => {
  expect(await set('https://stint.example', (c, web) => dropCookie(c, web, 'session'))).toMatch(
    /^__Host-stint-session=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
})
test('the sandbox has plain HTTP, and a cookie without the prefix', async () => {
  expect(await set('http://127.0.0.1:4400', keep)).toBe('stint-session=v; Max-Age=900; Path=/; HttpOnly; SameSite=Strict')
})
