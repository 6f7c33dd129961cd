/** The activity page with a clock that the test moves by days: filters as links, and events of every day. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Attacked, attackedSandbox } from '../support/attack.ts'

let attacked: Attacked
beforeAll(async () => {
  attacked = await attackedSandbox()
})
afterAll(() => attacked.close())

const DAY = 86_400_000
const auditor = { sub: 'avery', name: 'Avery', groups: ['approvers'], role: 'engineer' }

test('rows have links that set the filter, which then shows events of every day', async () => {
  const { sandbox } = attacked
  const { json } = await sandbox.vend(await attacked.tokenOf({ sub: 'dana', name: 'Dana', role: 'engineer' }), { profile: 'direct' })
  await sandbox.ship()
  const day = new Date(sandbox.now()).toISOString().slice(0, 10)
  const { text } = await (await attacked.signedIn(auditor)).go(`/activity?session=${json.id}`)
  const rows = text.slice(text.indexOf('<table'))
  const links = [...rows.matchAll(/href="\/activity(\?[^"]*)"/g)].map(([, to = '']) => to)
  expect(rows).toContain(`Credentials issued <small>${json.id.slice(json.id.indexOf('.') + 1)}</small>`)
  const filters = ['?profile=direct', '?account=444455556666', '?person=lab%2Fdana']
  expect(new Set(links)).toEqual(new Set([...filters, `?request=${json.requestId}`]))

  sandbox.advance(2 * DAY)
  const jar = await attacked.signedIn(auditor)
  const shows = async (to: string) => (await jar.go(to)).text.includes(json.requestId)
  for (const filter of filters) {
    const page = await jar.go(`/activity${filter}`)
    expect([filter, page.text.includes('Every day'), page.text.includes(json.requestId)]).toEqual([filter, true, true])
    // The time has its date.
    expect(page.text).toMatch(new RegExp(`<time[^>]*>${day} `))
    const today = /href="([^"]*)">Only today/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect([filter, today.includes('day='), await shows(today)]).toEqual([filter, true, false])
  }
  expect([await shows('/activity'), await shows(`/activity?day=${day}`), await shows(`/activity?session=${json.id}`)]).toEqual([
    false,
    true,
    true,
  ])
})
