/**
 * A browser without a screen: opens a sign-in page of the sandbox, signs in as one of its people, and follows every redirect and form
 * until there is none, as a person would. For `stint login` on a machine without a browser, and for the tests.
 */
import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import { keyCookie } from '../guard.ts'
import type { PersonName } from './people.ts'

const bounds = { timeoutMs: 30_000, maxBytes: 1024 * 1024 } as const
/** A sign-in takes about six steps. */
const MOST_STEPS = 20

/** Returns the words of the last page. */
export async function browse(start: string, as: PersonName, secret: string): Promise<string> {
  const [cookie = ''] = keyCookie(secret).split(';')
  const jars = new Map<string, Map<string, string>>()
  /** Cookies are kept by host; the key goes to loopback only. */
  const jarOf = ({ hostname }: URL): Map<string, string> => {
    if (!['127.0.0.1', 'localhost'].includes(hostname)) throw new RangeError(`${hostname} is not the sandbox.`)
    const known = jars.get(hostname) ?? new Map([cookie.split('=') as [string, string]])
    jars.set(hostname, known)
    return known
  }
  let url = new URL(start)
  let form: URLSearchParams | undefined
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const jar = jarOf(url)
    const answer = await boundedFetch(url.href, {
      ...bounds,
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: form } : {}),
    })
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (name) jar.set(name, value ?? '')
    }
    const location = answer.headers.get('location')
    const page = answer.text()
    const next = location ? undefined : formOf(page, as)
    if (location) [url, form] = [new URL(location, url), undefined]
    else if (next) [url, form] = [new URL(next.action || url.href, url), next.fields]
    else return textOf(page)
  }
  throw new Error(`The sign-in did not end within ${MOST_STEPS} steps.`)
}

/** The form of a page, filled in: hidden fields as they are, and the person's button. */
function formOf(page: string, as: PersonName): { action: string; fields: URLSearchParams } | undefined {
  const [, attributes, content = ''] = /<form([^>]*)>([\s\S]*?)<\/form>/.exec(page) ?? []
  if (attributes === undefined || !/method="post"/i.test(attributes)) return undefined
  const attribute = (tag: string, name: string) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&')
  const fields = new URLSearchParams()
  for (const [tag] of content.matchAll(/<input[^>]*>/g)) {
    const name = attribute(tag, 'name')
    if (name) fields.set(name, attribute(tag, 'value') ?? '')
  }
  if (/name="login"/.test(content)) fields.set('login', as)
  return { action: attribute(attributes, 'action') ?? '', fields }
}

const textOf = (page: string): string =>
  page
    .replace(/<(style|script|title)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
