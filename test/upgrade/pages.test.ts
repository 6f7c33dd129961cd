/** A browser on Stint's pages, while some of its requests are answered by the last release and some by this code. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gatewayEvent } from '../support/lambda.ts'
import { cookiesOf, formIn, type Jar, keepCookies, plainBrowser } from '../support/plain-browser.ts'
import { type Both, openBoth, type Which } from './both.ts'
import { peopleOf, stepsOf } from './scenario.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
/** No page of Stint redirects more often in a row. */
const MOST_REDIRECTS = 5
let opened: Both
beforeAll(async () => {
  opened = await openBoth()
})
afterAll(() => opened.close())

const browser = () => plainBrowser(() => opened.sandbox)

/** One request of the browser. Redirects are not followed. */
async function go(which: Which, jar: Jar, path: string, form?: Readonly<Record<string, string>>) {
  const raw = form ? { method: 'POST', path, headers: Object.entries(FORM).flat(), body: String(new URLSearchParams(form)) } : { path }
  const answer = await opened.both[which].invoke('api', { ...gatewayEvent(raw), cookies: cookiesOf(jar) })
  keepCookies(jar, answer.cookies ?? [])
  const { pathname, search, origin } = new URL(answer.headers.location ?? '/', opened.sandbox.urls.broker)
  const location = answer.headers.location && (origin === opened.sandbox.urls.broker ? `${pathname}${search}` : answer.headers.location)
  return { status: answer.statusCode, text: answer.body, location }
}

/** Follows redirects within Stint's pages. */
async function see(which: Which, jar: Jar, path: string) {
  let page = await go(which, jar, path)
  for (let redirects = 0; page.location?.startsWith('/'); redirects++) {
    if (redirects === MOST_REDIRECTS) throw new Error(`${path} redirects without end, at last to ${page.location}`)
    page = await go(which, jar, page.location)
  }
  return page
}

/** The address at which the browser comes back from the issuer. */
async function signedIn(which: Which, jar: Jar, path: string): Promise<string> {
  const { location } = await see(which, jar, path)
  const back = new URL(await browser().atIssuer(location ?? '', 'approver'))
  return `${back.pathname}${back.search}`
}

const decideOn = async () =>
  `/decide/${await stepsOf(opened.both.now).ask(await peopleOf(opened.world).engineer(`erin-${++serial}`), 'approved')}`
let serial = 0
const stateAt = async (path: string) =>
  (await stepsOf(opened.both.now).get(path.replace('/decide/', '/requests/'), await peopleOf(opened.world).auditor())).state

describe.each<[string, Which, Which]>([
  ['the last release', 'released', 'now'],
  ['this code', 'now', 'released'],
])('what begins at %s', (_name, first, second) => {
  test('a sign-in ends at the other one, and the page decides there', async () => {
    const [jar, path] = [browser().newJar(), await decideOn()]
    const page = await see(second, jar, await signedIn(first, jar, path))
    expect([page.status, page.text.includes('erin-')]).toEqual([200, true])
    const decided = await go(second, jar, path, { ...formIn(page), act: 'approve' })
    expect([200, 303]).toContain(decided.status)
    expect(await stateAt(path)).toBe('approved')
  })

  test('a form does nothing at the other one, which asks for a new start', async () => {
    const [jar, path] = [browser().newJar(), await decideOn()]
    const page = await see(first, jar, await signedIn(first, jar, path))
    const refused = await go(second, jar, path, { ...formIn(page), act: 'approve' })
    expect([refused.status, await stateAt(path)]).toEqual([401, 'pending'])
    // The same browser, from the start, at the other one.
    const again = await see(second, jar, await signedIn(second, jar, path))
    expect((await go(second, jar, path, { ...formIn(again), act: 'deny', comment: 'no' })).status).toBeLessThan(400)
    expect(await stateAt(path)).toBe('denied')
  })
})

test('a browser session of this code does no harm at the last release, and goes on afterwards', async () => {
  const jar = browser().newJar()
  expect((await see('now', jar, await signedIn('now', jar, '/'))).status).toBe(200)
  // A release from before these pages answers 404.
  for (const path of ['/', '/decide', '/activity', '/sign-in?to=/'])
    expect([200, 303, 404]).toContain((await go('released', jar, path)).status)
  expect((await go('now', jar, '/')).status).toBe(200)
})
