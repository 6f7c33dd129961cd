/** The cookies of Stint's own pages. */
import { deleteCookie, setCookie } from 'hono/cookie'
import type { Ctx, Web } from '../http/context.ts'

type SameSite = 'Lax' | 'Strict'

/** RFC 6265bis §4.1.3.2: `__Host-` binds a cookie to this host alone. It is unavailable over plain HTTP, which the sandbox uses. */
const isSecure = ({ publicUrl }: Web): boolean => publicUrl.startsWith('https:')
const nameOf = (name: string): string => `stint-${name}`
const fullName = (web: Web, name: string): string => `${isSecure(web) ? '__Host-' : ''}${nameOf(name)}`
const options = (web: Web) => ({ path: '/', httpOnly: true, secure: isSecure(web), ...(isSecure(web) ? { prefix: 'host' as const } : {}) })

/** `lasts`: seconds. */
export const keepCookie = (c: Ctx, web: Web, name: string, value: string, lasts: number, sameSite: SameSite): void =>
  setCookie(c, nameOf(name), value, { ...options(web), maxAge: lasts, sameSite })
export const dropCookie = (c: Ctx, web: Web, name: string): void => void deleteCookie(c, nameOf(name), { ...options(web), sameSite: 'Lax' })

const cookiesOf = (c: Ctx): readonly string[] => (c.req.header('cookie') ?? '').split(/;\s*/)

/**
 * The value if there is exactly one. Two cookies of one name indicate that another site set one; hono's getCookie would return the first.
 */
export function cookieOf(c: Ctx, web: Web, name: string): string | undefined {
  const start = `${fullName(web, name)}=`
  const found = cookiesOf(c).filter((part) => part.startsWith(start))
  return found.length === 1 ? found[0]?.slice(start.length) : undefined
}

/** Each tab has a sign-in of its own. The issuer's response identifies it by `state`. */
export const signInCookie = (state: string): string => `sign-in-${state.slice(0, 16)}`

/** The most open sign-ins in one browser, so that the cookies fit into a request's headers. */
const MOST_SIGN_INS = 5

/** The oldest sign-ins, which must go to make room for a new one: browsers send the oldest cookie first (RFC 6265 §5.4). */
export function oldSignIns(c: Ctx, web: Web): readonly string[] {
  const [ours, prefix] = [fullName(web, ''), fullName(web, 'sign-in-')]
  const names = cookiesOf(c).map((part) => part.slice(0, part.indexOf('=')))
  const begun = names.filter((name) => name.startsWith(prefix) && /^[\w-]+$/.test(name)).map((name) => name.slice(ours.length))
  return begun.slice(0, Math.max(0, begun.length - MOST_SIGN_INS + 1))
}
