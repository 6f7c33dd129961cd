/** What a cookie, a session and a form must be. How they begin and end is in test/e2e/pages.test.ts. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  cookieText,
  csrfOf,
  hasCsrf,
  IDLE_SECONDS,
  isFromOwnPage,
  LONGEST_SECONDS,
  needsTouch,
  newCookie,
  newSession,
  oneCookie,
  openSession,
  parseCookie,
} from './browser-session.ts'

const NOW = 1_795_000_000_000
const dana = { issuer: 'people', subject: 'dana' }
const cookie = newCookie(dana, randomBytes)
const session = newSession(cookie, { token: 'a.b.c', signedInAt: NOW }, NOW, randomBytes)

describe('a cookie', () => {
  test('is read as it was written', () => expect(parseCookie(cookieText(cookie))).toEqual(cookie))
  test('of one person has the same partition each time, and another ID', () => {
    const other = newCookie(dana, randomBytes)
    expect([other.who === cookie.who, other.id === cookie.id]).toEqual([true, false])
    expect(newCookie({ issuer: 'people', subject: 'eve' }, randomBytes).who).not.toBe(cookie.who)
  })
  test.each<[string, string | undefined]>([
    ['none', undefined],
    ['empty', ''],
    ['without a secret', cookie.who],
    ['with a short secret', `${cookie.who}.AAAA`],
    ['with capital letters in its partition', cookieText(cookie).toUpperCase()],
    ['with something after it', `${cookieText(cookie)} `],
    ['with a secret in another encoding', `${cookie.who}.${'A'.repeat(42)}B`],
  ])('%s is not accepted', (_what, text) => expect(parseCookie(text)).toBeUndefined())
  test.each<[string, string, string | undefined]>([
    ['alone', '__Host-stint-session=x', 'x'],
    ['among others', 'a=1; __Host-stint-session=x;b=2', 'x'],
    ['twice', '__Host-stint-session=x; __Host-stint-session=y', undefined],
    ['of another host', 'stint-session=x', undefined],
    // Browsers accept such names from other hosts of the domain, because they do not begin with __Host-.
    ['of another host, after a space that only looks like one', 'a=1; \u2003__Host-stint-session=x', undefined],
    ['of another host, after white space that no browser adds', 'a=1;\u00a0__Host-stint-session=x', undefined],
    ['with another of another host', '__Host-stint-session=x; \u2003__Host-stint-session=y', 'x'],
    ['absent', '', undefined],
  ])('%s in a header', (_what, header, value) => expect(oneCookie(header, 'session', 'https://stint.example')).toBe(value))
})

describe('a session', () => {
  const after = (seconds: number) => NOW + seconds * 1000
  test('opens with its cookie', () => expect(openSession(cookie, session, NOW)).toEqual({ token: 'a.b.c', signedInAt: NOW }))
  test('does not open with another one', () => expect(openSession(newCookie(dana, randomBytes), session, NOW)).toBeUndefined())
  test.each([
    ['just before it is idle', IDLE_SECONDS - 1, NOW, true],
    ['once it is idle', IDLE_SECONDS, NOW, false],
    ['used all the time, just before its end', LONGEST_SECONDS - 1, after(LONGEST_SECONDS - 1), true],
    ['used all the time, at its end', LONGEST_SECONDS, after(LONGEST_SECONDS), false],
  ])('%s', (_what, seconds, usedAt, opens) => {
    expect(openSession(cookie, { ...session, usedAt }, after(seconds)) !== undefined).toBe(opens)
  })
  test('writes that it is used every five minutes', () => {
    expect([299, 300].map((seconds) => needsTouch(session, after(seconds)))).toEqual([false, true])
  })
})

describe('a form', () => {
  test('has the token of its session', () => {
    const { csrf, other } = { csrf: csrfOf(cookie), other: csrfOf(newCookie(dana, randomBytes)) }
    expect([csrf, other, '', csrf.slice(1), null].map((sent) => hasCsrf(cookie, sent))).toEqual([true, false, false, false, false])
  })
  const type = 'application/x-www-form-urlencoded'
  test.each<[string, Parameters<typeof isFromOwnPage>[0], boolean]>([
    ['from an own page', { origin: 'https://stint.example', site: 'same-origin', type }, true],
    ['from an old browser', { type }, true],
    ['with a character set', { type: `${type}; charset=UTF-8` }, true],
    ['from another site', { origin: 'https://evil.example', site: 'cross-site', type }, false],
    ['from another site, without its origin', { site: 'cross-site', type }, false],
    ['from another host of the site', { origin: 'https://other.stint.example', site: 'same-site', type }, false],
    ['from a page without an origin', { origin: 'null', type }, false],
    ['typed into the address bar', { site: 'none', type }, false],
    ['over http', { origin: 'http://stint.example', type }, false],
    ['as JSON', { origin: 'https://stint.example', type: 'application/json' }, false],
    ['as plain text', { origin: 'https://stint.example', type: 'text/plain' }, false],
    ['without a type', { origin: 'https://stint.example' }, false],
  ])('%s', (_what, headers, own) => expect(isFromOwnPage(headers, 'https://stint.example')).toBe(own))
})
