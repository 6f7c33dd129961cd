/**
 * A write that takes effect and whose answer is lost, every time it is sent. The sender is told that the outcome is not
 * known and where to look, on every surface; and looking there shows what holds.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { slackLab } from '../support/slack.ts'

let it: Awaited<ReturnType<typeof slackLab>>
/** Answers to writes of the story table are lost, after they took effect. */
let lost = false
beforeAll(async () => {
  it = await slackLab({
    async intercept(_service, action, next) {
      const answer = await next()
      return lost && action === 'UpdateItem'
        ? { status: 500, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{"__type":"InternalServerError","message":"x"}' }
        : answer
    },
  })
  for (const name of ['oncall', 'approver'] as const) await it.link(name)
  it.sandbox.advance(601_000)
  await it.slack.notify()
})
afterAll(() => it.close())
afterEach(() => {
  lost = false
})

const KNOWN = /nothing (was|is) (changed|handed out)|not changed/i
const UNKNOWN = /it is not known whether|may or may not have/
let serial = 0
async function waiting() {
  const id = await it.ask('oncall', `outcome ${++serial}`)
  await it.slack.notify()
  return { id, root: it.root(id) as never }
}
const told = (name: 'oncall' | 'approver', channel: string) => it.lastSeen(name, channel).text
async function ends(id: string) {
  await it.call('POST', `/requests/${id}/revoke`, await it.tokenOf('oncall'), {})
  it.sandbox.advance(3_600_000)
  await it.slack.notify()
}

describe('from Slack', () => {
  test('an approval that took effect is not told as if nothing had happened', async () => {
    const { id, root } = await waiting()
    lost = true
    await it.at('approver').press(root, 'approve')
    lost = false
    expect(told('approver', 'C0ACCESS')).toMatch(UNKNOWN)
    expect(told('approver', 'C0ACCESS')).toContain(`Read the request again`)
    expect(told('approver', 'C0ACCESS')).toContain(`${it.sandbox.urls.broker}/decide/${id}`)
    expect(told('approver', 'C0ACCESS')).not.toMatch(KNOWN)
    expect(await it.stateOf(id)).toBe('approved')
    await ends(id)
  })
  test('a denial that took effect says so at the form', async () => {
    const { id, root } = await waiting()
    await it.at('approver').press(root, 'deny')
    lost = true
    await it.at('approver').submit({ reason: 'no' })
    lost = false
    const { reason } = it.at('approver').open().errors
    expect(reason).toMatch(UNKNOWN)
    expect(reason).not.toMatch(KNOWN)
    expect(await it.stateOf(id)).toBe('denied')
    it.sandbox.advance(3_600_000)
  })
  test('a link that was removed', async () => {
    await it.link('developer')
    lost = true
    await it.at('developer').command('unlink')
    lost = false
    const text = it.lastSeen('developer', it.at('developer').direct).text
    expect(text).toMatch(UNKNOWN)
    expect(text).toContain('/stint unlink again')
    expect((await it.call('GET', '/slack/link', await it.tokenOf('developer'))).json.state).toBe('none')
  })
})

describe('over the API', () => {
  test.each([
    ['approve', 'approver', 'approved'],
    ['deny', 'approver', 'denied'],
    ['cancel', 'oncall', 'cancelled'],
    ['revoke', 'approver', 'revoked'],
  ] as const)('%s: 503, and detail and next say where to look', async (act, who, state) => {
    const { id } = await waiting()
    lost = true
    const { status, json } = await it.call('POST', `/requests/${id}/${act}`, await it.tokenOf(who), {})
    lost = false
    expect([status, json.code, json.outcome]).toEqual([503, 'ledger-unavailable', 'unknown'])
    expect(json.detail).toMatch(UNKNOWN)
    expect(json.next).toMatch(/Read the request again/)
    expect(JSON.stringify(json)).not.toMatch(KNOWN)
    expect(await it.stateOf(id)).toBe(state)
    await ends(id)
  })
  test('confirming a link', async () => {
    const token = await it.tokenOf('developer')
    const { code } = (await it.call('POST', '/slack/link', token, {})).json
    await it.at('developer').command(`link ${code}`)
    const { pending } = (await it.call('GET', '/slack/link', token)).json
    lost = true
    const { status, json } = await it.call('POST', '/slack/link/confirm', token, { team: pending.team, user: pending.user })
    expect([status, json.outcome]).toEqual([503, 'unknown'])
    expect(json.detail).toMatch(UNKNOWN)
    expect(JSON.stringify(json)).not.toMatch(KNOWN)
  })
})
