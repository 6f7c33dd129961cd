/** Seeded bugs of Stint's pages and browser sessions. Part of `seeded-bugs.ts`. */
import type { SeededBug } from './seeded-bugs.ts'

const WEB = 'packages/broker/src/web'
const [VISITS, ACTIVITY, DECIDE] = [`${WEB}/visits.ts`, `${WEB}/activity-page.ts`, `${WEB}/decide-page.ts`]
const SESSION = 'packages/broker/src/browser/browser-session.ts'
const UNIT = ['packages/broker/src/browser/browser-session.test.ts']
const PAGES = ['test/e2e/pages.test.ts']

export const seededPageBugs: readonly SeededBug[] = [
  {
    name: 'pages: a form without the token of its session is accepted',
    guards: ['ASVS 3.5.1'],
    file: VISITS,
    from: "return hasCsrf(visit.value.cookie, form.get('csrf')) ? answer",
    to: "return hasCsrf(visit.value.cookie, form.get('csrf')) || form ? answer",
    tests: PAGES,
  },
  {
    name: 'pages: the console opens for a form without a token',
    guards: ['ASVS 3.5.1'],
    file: 'packages/broker/src/http/open-console.ts',
    from: "if (!hasCsrf(cookie, form.get('csrf')))",
    to: "if (!hasCsrf(cookie, form.get('csrf')) && form.size < 0)",
    tests: PAGES,
  },
  {
    name: 'pages: a form of another site is accepted',
    guards: ['ASVS 3.5.1'],
    file: SESSION,
    from: "(site === undefined || site === 'same-origin') &&",
    to: '',
    tests: UNIT,
  },
  {
    name: 'pages: of two cookies of one name, the first counts',
    guards: ['ASVS 3.3.1'],
    file: SESSION,
    from: 'return found.length === 1 ?',
    to: 'return found.length > 0 ?',
    tests: [...UNIT, ...PAGES],
  },
  {
    name: 'pages: a session with another secret opens',
    guards: ['ASVS 7.2.1'],
    file: SESSION,
    from: "unseal<SignedIn>(secret, 'web-session', sealed, now)",
    to: "unseal<SignedIn>(new Uint8Array(32), 'web-session', sealed, now)",
    tests: [...UNIT, ...PAGES],
  },
  {
    name: 'pages: a sign-in keeps the cookie that the browser had',
    guards: ['ASVS 7.2.4'],
    file: VISITS,
    from: 'const cookie = newCookie(caller.value, broker.random)',
    to: 'const cookie = before ?? newCookie(caller.value, broker.random)',
    tests: PAGES,
  },
  {
    name: 'pages: a sign-in leaves the session before',
    guards: ['ASVS 7.2.4'],
    file: VISITS,
    from: 'before && broker.ledger.endWebSession(before)',
    to: 'undefined',
    tests: PAGES,
  },
  {
    name: 'pages: a session lasts without a call',
    guards: ['ASVS 7.3.1'],
    file: SESSION,
    from: 'now - usedAt < seconds(IDLE_SECONDS) ?',
    to: 'now >= usedAt ?',
    tests: [...UNIT, ...PAGES],
  },
  {
    name: 'pages: a session has no end',
    guards: ['ASVS 7.3.2'],
    file: SESSION,
    from: 'signedIn, now + seconds(LONGEST_SECONDS), random)',
    to: 'signedIn, now + 100 * seconds(LONGEST_SECONDS), random)',
    tests: UNIT,
  },
  {
    name: 'pages: signing out only drops the cookie',
    guards: ['ASVS 7.4.1'],
    file: VISITS,
    from: 'everywhere ? await broker.ledger.endWebSessions(cookie.who) : await broker.ledger.endWebSession(cookie)',
    to: 'everywhere ? await broker.ledger.endWebSessions(cookie.who) : done(true as const)',
    tests: PAGES,
  },
  {
    name: 'pages: signing out everywhere ends one session',
    guards: ['ASVS 7.4.3'],
    file: VISITS,
    from: 'everywhere ? await broker.ledger.endWebSessions(cookie.who) : await',
    to: 'await',
    tests: PAGES,
  },
  {
    name: 'pages: an old sign-in is enough to approve',
    guards: ['ASVS 7.5.3'],
    file: DECIDE,
    from: 'if (SENSITIVE.includes(act)) {',
    to: 'if (SENSITIVE.length === 0) {',
    tests: PAGES,
  },
  {
    name: 'pages: a sign-in returns to any address',
    guards: ['ASVS 3.7.2'],
    file: `${WEB}/sign-in-pages.ts`,
    from: 'pages.some((isPage) => isPage(pathname))',
    to: 'pages.length > 0',
    tests: PAGES,
  },
  {
    name: 'pages: a request is shown to anyone who is signed in',
    guards: [],
    file: DECIDE,
    from: 'return request && actor && isParty(request, actor) ?',
    to: 'return request && actor ?',
    tests: PAGES,
  },
  {
    name: 'pages: the events of a request are shown to anyone who is signed in',
    guards: [],
    file: ACTIVITY,
    from: '.filter(({ found }) => mayRead(c, visit.caller, found))',
    to: '.filter(({ found }) => mayRead !== undefined && found !== undefined)',
    tests: PAGES,
  },
]
