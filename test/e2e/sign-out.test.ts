/** Signing out holds: the issuer, which may remember the person, must ask again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attacked, attackedSandbox, type Jar, type Person } from '../support/attack.ts'

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND
const TOO_OLD = 'did not ask you to sign in again'
const EVERYWHERE = 'You signed out everywhere after'

let attacked: Attacked
beforeAll(async () => {
  attacked = await attackedSandbox()
})
afterAll(() => attacked?.close())

let serial = 0
/** Another person each time, because signing out everywhere lasts. */
const someone = (): Person => ({ sub: `avery-${++serial}`, name: 'Avery', role: 'engineer' })
const earlier = (seconds: number) => ({ auth_time: Math.floor(attacked.sandbox.now() / SECOND) - seconds })

async function signOut(jar: Jar, everywhere = false): Promise<void> {
  const { location } = await jar.go('/sign-out', { csrf: await jar.csrf(), ...(everywhere ? { everywhere: '1' } : {}) })
  expect(location).toBe('/signed-out')
  // The time of a sign-in has whole seconds.
  attacked.sandbox.advance(2 * SECOND)
}

/** Signs in from this address. The issuer takes the browser for this person. */
async function signIn(jar: Jar, path: string, person: Person) {
  const { location } = await jar.go(path)
  const at = new URL(location ?? '')
  attacked.issuer.expect(at.searchParams.get('state') ?? '', person)
  const answer = await fetch(at, { redirect: 'manual' })
  const page = await jar.go(answer.headers.get('location') ?? '')
  return { sent: at.searchParams, page, isSignedIn: jar.cookies.has('stint-session') }
}

describe('after a sign-out', () => {
  test.each(['/sign-in', '/sign-in?to=/decide', '/sign-in?to=/&fresh=1', '/sign-in?to=/&fresh=login'])(
    '%s makes the issuer ask again',
    async (path) => {
      const jar = await attacked.signedIn(someone())
      await signOut(jar)
      const query = new URL((await jar.go(path)).location ?? '').searchParams
      expect([query.get('prompt'), query.get('max_age')]).toEqual(['login', '0'])
    },
  )
  test('a page does not begin a sign-in by itself', async () => {
    const jar = await attacked.signedIn(someone())
    await signOut(jar)
    expect((await jar.go('/decide')).location).toBe('/signed-out?to=%2Fdecide')
  })
  test.each<[string, () => object, string]>([
    ['three hours old', () => earlier(3 * 3600), TOO_OLD],
    ['a minute old', () => earlier(60), TOO_OLD],
    ['in the future', () => earlier(-60), TOO_OLD],
  ])('a sign-in %s is refused', async (_what, claims, says) => {
    const person = someone()
    const jar = await attacked.signedIn(person)
    await signOut(jar)
    const { page, isSignedIn } = await signIn(jar, '/sign-in?to=/decide', { ...person, ...claims() })
    expect([page.status, isSignedIn]).toEqual([403, false])
    expect(page.text).toContain(says)
    expect(page.text).toContain('href="/sign-in?to=%2Fdecide&amp;fresh=login"')
  })
  test('a new sign-in is accepted, and the next one need not be', async () => {
    const person = someone()
    const jar = await attacked.signedIn(person)
    await signOut(jar)
    expect((await signIn(jar, '/sign-in?to=/decide', person)).page.location).toBe('/decide')
    const { sent, isSignedIn } = await signIn(jar, '/sign-in', { ...person, ...earlier(3600) })
    expect([sent.get('prompt'), sent.get('max_age'), isSignedIn]).toEqual([null, null, true])
  })
  test('a sign-in whose time is not known is accepted, as the issuer was told to ask', async () => {
    const person = someone()
    const jar = await attacked.signedIn(person)
    await signOut(jar)
    expect((await signIn(jar, '/sign-in', { ...person, auth_time: undefined })).isSignedIn).toBe(true)
  })
  test('of a session that had expired, too, it makes the issuer ask again', async () => {
    const jar = await attacked.signedIn(someone())
    const csrf = await jar.csrf()
    attacked.sandbox.advance(31 * 60 * SECOND)
    expect((await jar.go('/sign-out', { csrf })).location).toBe('/signed-out')
    expect((await jar.go('/decide')).location).toBe('/signed-out?to=%2Fdecide')
    expect(jar.cookies.has('stint-session')).toBe(false)
  })
  test('everywhere, of a session that had expired, says that other browsers stay signed in', async () => {
    const person = someone()
    const jar = await attacked.signedIn(person)
    const csrf = await jar.csrf()
    attacked.sandbox.advance(31 * 60 * SECOND)
    const other = await attacked.signedIn(person)
    const page = await jar.go('/sign-out', { csrf, everywhere: '1' })
    expect([page.status, page.text]).toEqual([401, expect.stringContaining('signed out only in this browser')])
    expect([(await other.go('/')).status, (await jar.go('/decide')).location]).toEqual([200, '/signed-out?to=%2Fdecide'])
  })
  test('a form without the token of the session signs no one out', async () => {
    const jar = await attacked.signedIn(someone())
    const page = await jar.go('/sign-out', { csrf: 'x' })
    expect([page.status, (await jar.go('/')).status]).toEqual([401, 200])
  })
  test('other browsers stay signed in', async () => {
    const person = someone()
    const [one, other] = [await attacked.signedIn(person), await attacked.signedIn(person)]
    await signOut(one)
    expect((await other.go('/')).status).toBe(200)
  })
})

describe('after a sign-out everywhere', () => {
  async function signedOut() {
    const person = someone()
    const [one, other] = [await attacked.signedIn(person), await attacked.signedIn(person)]
    await signOut(one, true)
    return { person, other }
  }
  test.each<[string, () => object, string]>([
    ['from before', () => earlier(3 * 3600), EVERYWHERE],
    ['whose time is not known', () => ({ auth_time: undefined }), EVERYWHERE],
  ])('a sign-in %s is refused in another browser', async (_what, claims, says) => {
    const { person, other } = await signedOut()
    const { location } = await other.go('/')
    expect(location).toContain('/authorize?')
    other.cookies.clear()
    const { page, isSignedIn } = await signIn(other, '/', { ...person, ...claims() })
    expect([page.status, isSignedIn]).toEqual([403, false])
    expect(page.text).toContain(says)
    expect(page.text).toContain('href="/sign-in?to=%2F&amp;fresh=login"')
  })
  test.each([{}, { auth_time: undefined }])('a new sign-in is accepted, with or without its time: %#', async (claims) => {
    const { person, other } = await signedOut()
    const { page, isSignedIn } = await signIn(other, '/sign-in?to=/&fresh=login', { ...person, ...claims })
    expect([page.location, isSignedIn]).toEqual(['/', true])
  })
  test('a day later, an earlier sign-in is accepted', async () => {
    const { person, other } = await signedOut()
    const claims = earlier(60)
    attacked.sandbox.advance(DAY)
    const { isSignedIn } = await signIn(other, '/', { ...person, ...claims })
    attacked.sandbox.advance(-DAY)
    expect(isSignedIn).toBe(true)
  })
  test('other people stay signed in', async () => {
    const stranger = await attacked.signedIn(someone())
    await signedOut()
    expect((await stranger.go('/')).status).toBe(200)
  })
})

describe('a fresh sign-in', () => {
  test.each<[string, () => object, boolean]>([
    ['of four minutes ago is accepted', () => earlier(240), true],
    ['of six minutes ago is refused', () => earlier(360), false],
    // It starts a session, and counts as recent nowhere.
    ['whose time is not known is accepted', () => ({ auth_time: undefined }), true],
  ])('%s', async (_what, claims, accepted) => {
    const { sent, isSignedIn } = await signIn(attacked.newJar(), '/sign-in?to=/&fresh=1', { ...someone(), ...claims() })
    expect([sent.get('max_age'), isSignedIn]).toEqual(['300', accepted])
  })
  test('is not offered where the issuer never says when a person signed in', async () => {
    const requester = await attacked.tokenOf({ sub: 'requester', role: 'engineer' })
    const ask = { profile: 'open', justification: 'x', parameters: { what: 'x' } }
    const { json } = await attacked.sandbox.call('POST', '/requests', requester, ask)
    const jar = attacked.newJar()
    await signIn(jar, '/sign-in?to=/', { ...someone(), groups: ['approvers'], auth_time: undefined })
    const page = await jar.go(`/decide/${json.id}`)
    expect(page.text).toContain('did not say when you signed in')
    expect(page.text).not.toMatch(/Sign in again to|value="approve"/)
    expect(page.text).toContain('value="deny"')
    const link = await jar.go('/link')
    expect([link.status, link.text]).toEqual([403, expect.stringContaining('did not say when you signed in')])
  })
})
