/** Every instant on a page is a `<time>`, and none is written as machines write it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formIn, type Page, plainBrowser } from '../support/plain-browser.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const web = plainBrowser(() => sandbox)
const minutes = (count: number) => count * 60_000
const withoutTags = (text: string) => text.replace(/<[^>]*>/g, ' ')
/** What is not in a `<time>`, nor in a picture, whose times are UTC. */
const outsideTimes = (text: string) => withoutTags(text.replace(/<(time|svg) .*?<\/\1>/gs, ''))

function check(page: Page): Page {
  expect(withoutTags(page.text)).not.toMatch(/T\d\d:\d\d:\d\d/)
  expect(outsideTimes(page.text)).not.toMatch(/\d\d:\d\d UTC/)
  expect(page.text).not.toMatch(/<time datetime="[^"]*\.\d+Z"/)
  return page
}

test('of a request, from the preview to the end of its session', async () => {
  const [olu, avery] = [web.newJar(), web.newJar()]
  const form = formIn(await web.signedIn(olu, '/access/break-glass', 'oncall'))
  const startsAt = new Date(sandbox.now() + minutes(2)).toISOString()
  const asked = { ...form, justification: 'Orders are down', startsAt }
  const preview = check(await web.go(olu, '/access/break-glass', { ...asked, step: 'check' }))
  expect(preview.text).toMatch(/Starts<\/th><td><time /)
  const path = (await web.go(olu, '/access/break-glass', { ...asked, step: 'send' })).location ?? ''
  await web.go(olu, '/access/break-glass', { ...form, justification: 'It is worse than that', startsAt, step: 'send' })
  const pending = check(await web.signedIn(avery, path, 'approver'))
  expect(pending.text).toMatch(/Starts<\/th><td><time .*Decide by<\/th><td><time .*Requested<\/th><td><time /s)
  check(await web.go(avery, path, { ...formIn(pending), act: 'approve' }))
  check(await web.go(avery, '/decide'))

  sandbox.advance(minutes(3))
  const token = await sandbox.token('oncall')
  const used = await sandbox.vend(token, { profile: 'break-glass', justification: 'Orders are down', requestId: path.slice(8) })
  expect(used.status).toBe(201)
  sandbox.settle()
  const own = check(await web.signedIn(olu, path, 'oncall'))
  expect(own.text).toMatch(/Live sessions: 1, <span [^>]*>ends <time /)
  expect(own.text).toMatch(/Valid until<\/th><td><time /)
  check(await web.go(olu, path, { ...formIn(own), act: 'extend' }))
  const access = check(await web.go(olu, '/'))
  const session = /name="session" value="([^"]+)"/.exec(access.text)?.[1] ?? ''
  const ended = check(await web.go(olu, '/end', { csrf: form.csrf ?? '', ...formIn(access), session }))
  expect(ended.text).toMatch(/Its credentials stop working by <time /)

  await sandbox.ship()
  check(await web.go(olu, '/activity'))
  expect(check(await web.go(olu, `/activity?request=${path.slice(8)}`)).text).toMatch(/<td><time /)
})
