/**
 * Everything that a person, an issuer or a config puts on a page, in a browser with scripts and without the pages' own policy: names, subjects,
 * justifications, parameters, comments, reviews, descriptions, Slack users, fields that come back and every query. None of it is ever markup.
 */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attacked, attackedSandbox, type Jar, type Person } from '../support/attack.ts'
import { startBrowser } from '../support/browser.ts'
import { markIn, onOneLine, payloads, upTo } from '../support/payloads.ts'
import type { Page as PlainPage } from '../support/plain-browser.ts'
import { strayNodes, strayNodesIn, type Watched, watchedPage } from '../support/xss.ts'

let attacked: Attacked
let browser: Browser
beforeAll(async () => {
  ;[attacked, browser] = await Promise.all([attackedSandbox(), startBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await attacked?.close()
})

const requesterOf = (payload: string): Person => ({ sub: `r ${onOneLine(payload)}`, name: payload, role: 'engineer' })
const approverOf = (payload: string): Person => ({ sub: `a ${onOneLine(payload)}`, name: payload, groups: ['approvers'] })
/** What a parameter can be: Latin-1, without what starts a policy variable and without wildcards. */
const parameterOf = (payload: string): string => onOneLine(payload).replace(/[^\x20-\xff]|[\x7f-\x9f$*?]/gu, '.')

/** Runs `work` on each, a few at a time. */
async function onEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>, atOnce = 6): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += atOnce) results.push(...(await Promise.all(items.slice(from, from + atOnce).map(work))))
  return results
}

/** What the browser makes of pages that were fetched. */
async function inspected({ page, faults }: Watched, answers: readonly PlainPage[]): Promise<readonly string[]> {
  await page.goto(`${attacked.sandbox.urls.broker}/signed-out`)
  const found: string[] = []
  const pages = answers.filter(({ headers }) => headers.get('content-type')?.startsWith('text/html')).map(({ text }) => text)
  for (let from = 0; from < pages.length; from += 40) found.push(...(await strayNodesIn(page, pages.slice(from, from + 40))).flat())
  return [...found, ...faults]
}

/** Every second payload, which is 48 of each family in turn; `npm run verify:all` tries all of them. */
const tried = process.env.STINT_PAYLOADS === 'all' ? payloads : payloads.filter((_payload, at) => at % 2 === 0)

test('there are payloads enough, and each would be noticed', async () => {
  expect(payloads.length).toBeGreaterThanOrEqual(80)
  expect(new Set(payloads.map(markIn)).size).toBe(payloads.length)
  const watched = await watchedPage(browser, attacked.newJar())
  await watched.page.goto(`${attacked.sandbox.urls.broker}/signed-out`)
  const found = await strayNodesIn(
    watched.page,
    payloads.flatMap((payload) => [`<p>${payload}</p>`, `<p title="${payload}"><input value='${payload}'></p>`]),
  )
  const unseen = payloads.filter((_payload, at) => (found[2 * at]?.length ?? 0) + (found[2 * at + 1]?.length ?? 0) === 0)
  // The rest is markup of other languages, or text that is escaped already.
  expect(payloads.length - unseen.length).toBeGreaterThanOrEqual(60)
  expect(watched.faults.filter((fault) => fault.startsWith('script ran')).length).toBeGreaterThanOrEqual(20)
  expect(watched.faults.filter((fault) => fault.startsWith('asked ')).length).toBeGreaterThanOrEqual(5)
  await watched.context.close()
})

describe('a request all of whose fields are a payload', () => {
  const asked = new Map<string, { readonly id: string; readonly approver: Jar }>()
  let watched: Watched
  beforeAll(async () => {
    watched = await watchedPage(browser, attacked.newJar())
    await onEach(tried, async (payload) => {
      const token = await attacked.tokenOf(requesterOf(payload))
      const ask = (justification: string) =>
        attacked.sandbox.call('POST', '/requests', token, { profile: 'open', justification, parameters: { what: parameterOf(payload) } })
      const { status, json, text } = await ask(payload)
      if (status !== 202 && status !== 201) throw new Error(`${payload}: ${status} ${text}`)
      await ask(`again ${payload}`)
      asked.set(payload, { id: json.id as string, approver: await attacked.signedIn(approverOf(payload)) })
    })
    attacked.sandbox.settle()
  })
  afterAll(() => watched?.context.close())

  test('is listed for approvers', async () => {
    await (await attacked.signedIn({ sub: 'lister', groups: ['approvers'] })).enter(watched.context)
    let text = ''
    await watched.page.goto(`${attacked.sandbox.urls.broker}/decide`)
    for (;;) {
      expect(await strayNodes(watched.page)).toEqual([])
      text += await watched.page.textContent('main')
      const more = watched.page.getByRole('link', { name: 'Older requests' })
      if ((await more.count()) === 0) break
      await more.click()
    }
    expect(tried.filter((payload) => !text.includes(markIn(payload)))).toEqual([])
    expect(watched.faults).toEqual([])
  })

  test.each(tried.map((payload) => [markIn(payload), payload]))('is shown, approved and reviewed: %s', async (mark, payload) => {
    const { id, approver } = asked.get(payload) ?? {}
    if (!id || !approver) throw new Error('not asked')
    await approver.enter(watched.context)
    const { page } = watched
    await page.goto(`${attacked.sandbox.urls.broker}/decide/${id}`)
    expect(await strayNodes(page)).toEqual([])
    const shown = await page.textContent('main')
    // The name, the justification in short and in whole, the one that was added, the parameter and the terms.
    expect((shown ?? '').split(mark).length - 1).toBeGreaterThanOrEqual(6)
    expect(await page.locator('header').innerHTML()).toContain(mark)
    await page.getByLabel('Comment').fill(upTo(onOneLine(payload), 200))
    await page.getByRole('button', { name: /^Approve / }).click()
    await page.getByText(/^You approved \d sessions? of up to /).waitFor()
    expect(await strayNodes(page)).toEqual([])
    expect(await page.locator('.progress').textContent()).toMatch(new RegExp(`Approved by .*${mark}.*: \u2068?${mark}`))
    await page.getByLabel('Findings').fill(upTo(onOneLine(payload), 200))
    await page.getByRole('button', { name: 'Complete the review' }).click()
    await page.getByText('You completed the review.').waitFor()
    expect(await strayNodes(page)).toEqual([])
    expect(await page.locator('.progress').textContent()).toMatch(new RegExp(`Reviewed by .*${mark}.*: \u2068?${mark}`))
    expect(watched.faults).toEqual([])
  })

  test('is in the activity of its request and of the day', async () => {
    await attacked.sandbox.ship()
    const auditor = await attacked.signedIn({ sub: 'auditor', groups: ['approvers'] })
    const answers = await onEach(tried, (payload) => auditor.go(`/activity?request=${asked.get(payload)?.id}`))
    expect(tried.filter((payload, at) => (answers[at]?.text.split(markIn(payload)).length ?? 0) < 6)).toEqual([])
    await auditor.enter(watched.context)
    expect(await inspected(watched, answers)).toEqual([])
    const { page } = watched
    await page.goto(`${attacked.sandbox.urls.broker}/activity`)
    let text = ''
    for (;;) {
      expect(await strayNodes(page)).toEqual([])
      text += await page.textContent('main')
      const more = page.getByRole('link', { name: 'Earlier on this day' })
      if ((await more.count()) === 0) break
      await more.click()
    }
    expect(tried.filter((payload) => !text.includes(markIn(payload)))).toEqual([])
    expect(watched.faults).toEqual([])
  })
})

test('a description of a profile, in the list and on its page', async () => {
  const reader = await attacked.signedIn({ sub: 'reader', name: 'Reader' })
  const watched = await watchedPage(browser, reader)
  const { page } = watched
  await page.goto(`${attacked.sandbox.urls.broker}/`)
  let text = ''
  for (;;) {
    expect(await strayNodes(page)).toEqual([])
    text += await page.textContent('main')
    const more = page.getByRole('link', { name: 'More profiles' })
    if ((await more.count()) === 0) break
    await more.click()
  }
  expect(tried.filter((payload) => !text.includes(markIn(payload)))).toEqual([])
  const answers = await onEach(tried, (_payload) => reader.go(`/access/described-${markIn(_payload).slice(1, 3)}`))
  expect(tried.filter((payload, at) => !answers[at]?.text.includes(markIn(payload)))).toEqual([])
  expect(await inspected(watched, answers)).toEqual([])
  await watched.context.close()
})

/** What each page reads from its address. */
const queries: readonly (readonly [path: string, ...names: string[]])[] = [
  ['/', 'cursor', 'limit', 'x'],
  ['/decide', 'cursor', 'x'],
  ['/activity', 'day', 'person', 'profile', 'account', 'request', 'session', 'cursor', 'x'],
  ['/access/open', 'refused', 'x'],
  ['/link', 'x'],
  ['/sign-in', 'to', 'issuer', 'x'],
  ['/sign-in/callback', 'state', 'code', 'error', 'error_description', 'iss'],
  ['/signed-out', 'x'],
]
test.each(queries)('the query of %s', async (path, ...names) => {
  const jar = await attacked.signedIn({ sub: 'asker', name: 'Asker', role: 'engineer', groups: ['approvers'] })
  const watched = await watchedPage(browser, jar)
  for (const name of names) {
    const values = tried.map((payload) =>
      name === 'person' ? `people/${payload}` : name === 'cursor' ? Buffer.from(payload).toString('base64url') : payload,
    )
    const answers = await onEach(values, (value) => jar.go(`${path}?${new URLSearchParams({ [name]: value })}`))
    expect([name, answers.filter(({ status }) => status >= 500).length]).toEqual([name, 0])
    const elsewhere = answers.map(({ location }) => location).filter((to) => to !== null && !/^\/(?![/\\])/.test(to))
    expect(elsewhere.filter((to) => !to?.startsWith(`${attacked.issuer.url}/authorize?`))).toEqual([])
    expect([name, ...(await inspected(watched, answers))]).toEqual([name])
  }
  await watched.context.close()
})

test('a path that is a payload', async () => {
  const jar = await attacked.signedIn({ sub: 'asker', name: 'Asker', role: 'engineer', groups: ['approvers'] })
  const paths = tried.flatMap((payload) =>
    ['/access/', '/decide/', '/activity/', `/activity/req_${'0'.repeat(26)}/`, '/assets/', '/'].map(
      (at) => at + encodeURIComponent(payload),
    ),
  )
  const answers = await onEach(paths, (path) => jar.go(path))
  expect(
    answers.filter(({ status }) => status !== 404 && status !== 400).map(({ status, text }) => `${status} ${text.slice(0, 300)}`),
  ).toEqual([])
  const watched = await watchedPage(browser, jar)
  expect(await inspected(watched, answers)).toEqual([])
  await watched.context.close()
})

describe('fields that come back', () => {
  const asker = { sub: 'asker', name: 'Asker', role: 'engineer', groups: ['approvers'] }
  const fieldsOf = (payload: string) => ({
    'p.what': payload,
    duration: payload,
    justification: payload,
    ticket: payload,
    startsAt: payload,
  })

  test('after an error, with each field kept as it was typed', async () => {
    const jar = await attacked.signedIn(asker)
    const csrf = await jar.csrf()
    const answers = await onEach(tried, (payload) => jar.go('/access/open', { csrf, step: 'check', ...fieldsOf(payload) }))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
    const watched = await watchedPage(browser, jar)
    expect(await inspected(watched, answers)).toEqual([])
    const kept = await watched.page.evaluate(
      (htmls) =>
        htmls.map((html) =>
          [...new DOMParser().parseFromString(html, 'text/html').querySelectorAll<HTMLInputElement>('main input, main textarea')].map(
            ({ name, value }) => [name, value] as const,
          ),
        ),
      answers.map(({ text }) => text),
    )
    for (const [at, fields] of kept.entries()) {
      // A field for a date keeps nothing else.
      const { justification, startsAt: _date, ...others } = fieldsOf(tried[at] ?? '')
      // A browser has no null bytes in a field, and no line breaks in one of a single line.
      for (const [name, value] of Object.entries(others))
        expect([name, Object.fromEntries(fields)[name]]).toEqual([name, value.replaceAll('\0', '\uFFFD').replace(/[\r\n]/g, '')])
      expect(Object.fromEntries(fields).justification).toBe(justification.replaceAll('\0', '\uFFFD').replaceAll('\r\n', '\n'))
    }
    await watched.context.close()
  })

  test('in the preview, which shows what is sent, and carries it unchanged', async () => {
    const jar = await attacked.signedIn(asker)
    const csrf = await jar.csrf()
    const sent = (payload: string) => ({ csrf, step: 'check', 'p.what': parameterOf(payload), justification: payload, [payload]: payload })
    const answers = await onEach(tried, (payload) => jar.go('/access/open', sent(payload)))
    expect(answers.filter(({ text }) => !text.includes('Nothing has been sent yet')).map(({ text }) => text)).toEqual([])
    const watched = await watchedPage(browser, jar)
    expect(await inspected(watched, answers)).toEqual([])
    await watched.context.close()
  })

  test('in a decision', async () => {
    const jar = await attacked.signedIn(asker)
    const csrf = await jar.csrf()
    const { json } = await attacked.sandbox.call('POST', '/requests', await attacked.tokenOf({ sub: 'o', role: 'engineer' }), {
      profile: 'open',
      justification: 'x',
      parameters: { what: 'x' },
    })
    const answers = await onEach(
      tried.flatMap((payload) => [
        { act: payload },
        ...['comment', 'duration', 'uses', 'window'].map((name) => ({ act: 'approve-limited', [name]: `${payload}${'x'.repeat(300)}` })),
      ]),
      (form) => jar.go(`/decide/${json.id}`, { csrf, version: '1', ...form } as Record<string, string>),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400, 422]))
    const watched = await watchedPage(browser, jar)
    expect(await inspected(watched, answers)).toEqual([])
    await watched.context.close()
  })

  test('in the refusals of a session that ends, of a link and of the console', async () => {
    const jar = await attacked.signedIn(asker)
    const csrf = await jar.csrf()
    const answers = await onEach(
      tried.flatMap((payload): (readonly [string, Record<string, string>])[] => [
        ['/end', { session: payload }],
        ['/end', { session: 'x', everyEarlierSession: payload }],
        ['/link', { team: payload, user: payload }],
        ['/console', { profile: payload }],
        ['/console', { profile: 'direct', duration: payload }],
        ['/console', { profile: 'direct', ticket: `${payload}<` }],
        ['/console', { profile: 'direct', [`p.${payload}`]: payload }],
        ['/console', { profile: 'direct', request_id: payload }],
        ['/console', { profile: 'open', 'p.what': payload, justification: payload.repeat(200) }],
      ]),
      ([path, form]) => jar.go(path, { csrf, ...form }),
    )
    expect(
      answers.filter(({ status }) => status < 400 || status >= 500).map(({ status, text }) => `${status} ${text.slice(0, 300)}`),
    ).toEqual([])
    const watched = await watchedPage(browser, jar)
    expect(await inspected(watched, answers)).toEqual([])
    await watched.context.close()
  })
})

test('a Slack user who chose such a name', async () => {
  const { sandbox } = attacked
  const person = sandbox.slack?.person('developer')
  if (!person) throw new Error('the config has no Slack')
  const answers: PlainPage[] = []
  for (const payload of tried) {
    // Each person gets only a few codes.
    const jar = await attacked.signedIn({ sub: `linker-${markIn(payload)}`, name: 'Linker' })
    const code = /\/stint link ([\w-]+)</.exec((await jar.go('/link', { csrf: await jar.csrf(), act: 'code' })).text)?.[1] ?? ''
    Object.assign(person.user, { real_name: payload })
    await person.command(`link ${code}`)
    answers.push(await jar.go('/link'))
    answers.push(await jar.go('/link', { csrf: await jar.csrf(), act: 'confirm', team: person.user.team_id, user: person.user.id }))
  }
  expect(tried.filter((payload, at) => answers.slice(2 * at, 2 * at + 2).some(({ text }) => !text.includes(markIn(payload))))).toEqual([])
  const watched = await watchedPage(browser, attacked.newJar())
  expect(await inspected(watched, answers)).toEqual([])
  await watched.context.close()
})
