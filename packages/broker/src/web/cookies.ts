/** The cookies of Stint's own pages. */
import { deleteCookie, setCookie } from 'hono/cookie'
import { cookiesIn, fullCookieName, oneCookie } from '../browser/browser-session.ts'
import type { Ctx, Web } from '../http/context.ts'

type SameSite = 'Lax' | 'Strict'

const isSecure = ({ publicUrl }: Web): boolean => publicUrl.startsWith('https:')
const nameOf = (name: string): string => `stint-${name}`
const options = (web: Web) => ({ path: '/', httpOnly: true, secure: isSecure(web), ...(isSecure(web) ? { prefix: 'host' as const } : {}) })

/** `lasts`: seconds. */
export const keepCookie = (c: Ctx, web: Web, name: string, value: string, lasts: number, sameSite: SameSite): void =>
  setCookie(c, nameOf(name), value, { ...options(web), maxAge: lasts, sameSite })
export const dropCookie = (c: Ctx, web: Web, name: string): void => void deleteCookie(c, nameOf(name), { ...options(web), sameSite: 'Lax' })

export const cookieOf = (c: Ctx, web: Web, name: string): string | undefined => oneCookie(c.req.header('cookie') ?? '', name, web.publicUrl)

/** Each tab has a sign-in of its own. The issuer's response identifies it by `state`. */
export const signInCookie = (state: string): string => `sign-in-${state.slice(0, 16)}`

/** The most open sign-ins in one browser, so that the cookies fit into a request's headers. */
const MOST_SIGN_INS = 5

/** The oldest sign-ins, which must go to make room for a new one: browsers send the oldest cookie first (RFC 6265 §5.4). */
export function oldSignIns(c: Ctx, web: Web): readonly string[] {
  const [ours, prefix] = [fullCookieName('', web.publicUrl), fullCookieName('sign-in-', web.publicUrl)]
  const names = cookiesIn(c.req.header('cookie') ?? '').map((part) => part.slice(0, part.indexOf('=')))
  const begun = names.filter((name) => name.startsWith(prefix) && /^[\w-]+$/.test(name)).map((name) => name.slice(ours.length))
  return begun.slice(0, Math.max(0, begun.length - MOST_SIGN_INS + 1))
}
