/** A browser without scripts and pictures, for Stint's own pages: cookies, forms and redirects over fetch. */
import type { TestSandbox } from './sandbox.ts'

export type Jar = Map<string, string>
export type Page = { readonly status: number; readonly text: string; readonly headers: Headers; readonly location: string | null }

export type PlainBrowser = ReturnType<typeof plainBrowser>

/** A field can occur twice. */
export type Form = Readonly<Record<string, string>> | readonly (readonly [string, string])[]

/** One request with these cookies, and those that it sets. Redirects are not followed. */
export async function fetchWith(jar: Jar, base: string, url: string, form?: Form, headers: Record<string, string> = {}): Promise<Page> {
  const answer = await fetch(new URL(url, base), {
    redirect: 'manual',
    headers: { cookie: cookiesOf(jar).join('; '), ...headers },
    ...(form ? { method: 'POST', body: new URLSearchParams(form as Record<string, string>) } : {}),
  })
  keepCookies(jar, answer.headers.getSetCookie())
  return { status: answer.status, text: await answer.text(), headers: answer.headers, location: answer.headers.get('location') }
}

export const cookiesOf = (jar: Jar): readonly string[] => [...jar].map(([name, value]) => `${name}=${value}`)

export function keepCookies(jar: Jar, set: readonly string[]): void {
  for (const cookie of set) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (value === '') jar.delete(name)
    else jar.set(name, value)
  }
}

/** `sandboxOf`: the sandbox of the moment, because a test may use several. */
export function plainBrowser(sandboxOf: () => Pick<TestSandbox, 'urls' | 'secret'>) {
  const newJar = (): Jar => new Map([['stint-sandbox', sandboxOf().secret]])

  const go = (jar: Jar, url: string, form?: Form, headers?: Record<string, string>): Promise<Page> =>
    fetchWith(jar, sandboxOf().urls.broker, url, form, headers)

  /** From a page to the issuer, signed in there, and back. Returns the address that the issuer sends back to, not opened yet. */
  async function toCallback(jar: Jar, path: string, person: string, fresh = true): Promise<string> {
    const query = new URLSearchParams({ to: path, ...(fresh ? { fresh: '1' } : {}) })
    return atIssuer((await go(jar, `/sign-in?${query}`)).location ?? '', person)
  }
  /** What happens at the issuer. */
  async function atIssuer(address: string, person: string): Promise<string> {
    let at = address
    const issuer: Jar = newJar()
    at = new URL((await go(issuer, at)).location ?? '', at).href
    at = new URL((await go(issuer, at, { login: person })).location ?? '', at).href
    return new URL((await go(issuer, at)).location ?? '', at).href
  }
  /** Signed in, and on the page. Not `fresh` if the broker's clock was advanced: the issuer has a clock of its own. */
  async function signedIn(jar: Jar, path: string, person: string, fresh = true): Promise<Page> {
    const back = await go(jar, await toCallback(jar, path, person, fresh))
    return back.location === null ? back : go(jar, back.location)
  }

  return { newJar, go, toCallback, atIssuer, signedIn }
}

/** What the form of a page carries: the token of the session, and the version that was shown. */
export function formIn({ text }: Pick<Page, 'text'>): Record<string, string> {
  const form = text.slice(text.indexOf('<main'))
  const fields = [...form.matchAll(/<input type="hidden" name="([\w.]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ])
  return Object.fromEntries(fields)
}
