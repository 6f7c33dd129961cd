/** A message in Slack before a session that people approved ends: to whom, when, with which next step, and that there is one only. */
import { notify, notifyPending } from '@stint/broker/slack/notify'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { slackLab, textOf } from '../support/slack.ts'

let it: Awaited<ReturnType<typeof slackLab>>
beforeAll(async () => {
  it = await slackLab()
  for (const name of ['oncall', 'approver'] as const) await it.link(name)
  it.sandbox.advance(601_000)
})
afterAll(() => it.close())
afterEach(async () => {
  it.slack.intercept = undefined
  it.sandbox.advance(2 * 60 * MINUTE)
  await it.slack.notify()
})

const MINUTE = 60_000
type Requester = 'oncall' | 'developer'
let serial = 0

/** A session of an approved request. `night` is break-glass, `bucket` is not. */
async function started({ by = 'oncall' as Requester, profile = 'bucket', duration = '1h' } = {}) {
  const body = { profile, justification: `INC-${++serial}`, ...(profile === 'bucket' ? { parameters: { bucket: 'acme-x' } } : {}) }
  const made = await it.call('POST', '/requests', await it.tokenOf(by), body)
  await it.call('POST', `/requests/${made.json.id}/approve`, await it.tokenOf('approver'), {})
  return { request: made.json.id as string, ...(await session(made.json.id, by, body, duration)) }
}
async function session(requestId: string, by: Requester, body: object, duration: string) {
  const { status, json } = await it.call('POST', '/sessions', await it.tokenOf(by), { ...body, requestId, duration })
  expect(status).toBe(201)
  return { session: json.id as string, body }
}
/** Minutes pass, and `notify` runs in each, as its schedule does. */
async function pass(minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed++) {
    it.sandbox.advance(MINUTE)
    await it.slack.notify()
  }
}
const endings = (session: string, name: Requester = 'oncall') =>
  it
    .at(name)
    .sees(it.at(name).direct)
    .filter(({ text, blocks }) => text.includes(' ends at ') && textOf(blocks).includes(session))
const endOf = async (session: string) => (await it.call('GET', `/sessions/${session}`, await it.tokenOf('oncall'))).json.expiresAt as string

describe('before a session ends', () => {
  test('its requester gets one message, and can extend as it says', async () => {
    const { request, session: id, body } = await started()
    await it.slack.notify()
    await pass(49)
    expect(endings(id)).toEqual([])
    await pass(2)
    const [message, ...more] = endings(id)
    expect(more).toEqual([])
    const end = `${(await endOf(id)).slice(0, 16).replace('T', ' ')} UTC`
    expect(message?.text.replace(/[\u2066-\u2069]/g, '')).toBe(`Your session of bucket ends at ${end}.`)
    expect(message?.only).toBeUndefined()
    const said = textOf(message?.blocks ?? [])
    const command = /\/stint (extend req_\w{26})/.exec(said)?.[1] ?? ''
    expect(command).toBe(`extend ${request}`)
    await it.at('oncall').command(command)
    const extension = /expires at .*(req_\w{26})/s.exec(it.lastSeen('oncall', it.at('oncall').direct).text)?.[1] ?? ''
    // Its own session is announced as well, and the first one is not announced again.
    await it.call('POST', `/requests/${extension}/approve`, await it.tokenOf('approver'), {})
    const next = await session(extension, 'oncall', body, '30m')
    await pass(30)
    expect([endings(id).length, endings(next.session).length]).toEqual([1, 1])
    expect(textOf(endings(next.session)[0]?.blocks ?? [])).toContain(`/stint extend ${extension}`)
  })

  test('there is one message, whatever is delivered twice, late, at once or out of order', async () => {
    const { request, session: id } = await started({ duration: '40m' })
    const again = { request, events: [], about: {} }
    const { parts } = it.slack
    await Promise.all([it.slack.notify(), notify(parts, [again]), notify(parts, [again])])
    it.sandbox.advance(31 * MINUTE)
    await Promise.all([notifyPending(parts, false), notify(parts, [again]), notifyPending(parts, false), notify(parts, [again])])
    for (let round = 0; round < 3; round++) {
      await notify(parts, [again, again])
      await pass(2)
    }
    expect(endings(id)).toHaveLength(1)
    await notifyPending(parts, true)
    expect(endings(id)).toHaveLength(1)
  })

  test('the stream can be late: the message is sent as long as it helps', async () => {
    const { session: id } = await started()
    it.sandbox.advance(55 * MINUTE)
    await it.slack.notify()
    expect(endings(id)).toHaveLength(1)
  })

  test('a break-glass without a review is to be reviewed first', async () => {
    const { request, session: id } = await started({ profile: 'night' })
    await it.slack.notify()
    await pass(51)
    expect(endings(id)).toHaveLength(1)
    expect(textOf(endings(id)[0]?.blocks ?? [])).toMatch(new RegExp(`ask an approver or an auditor to review.*/stint extend ${request}`))
  })

  test('sessions that end one after the other are announced together', async () => {
    const first = await started({ duration: '30m' })
    it.sandbox.advance(MINUTE)
    const second = await session(first.request, 'oncall', first.body, '30m')
    await it.slack.notify()
    await pass(31)
    expect([endings(first.session).length, endings(second.session).length]).toEqual([1, 0])
    expect(textOf(endings(first.session)[0]?.blocks ?? [])).toContain('The last session of this request ends at')
  })

  test('Slack can be down for a while, but the message is not sent after the end', async () => {
    const down = { ok: false, error: 'internal_error' }
    const { session: id } = await started()
    await it.slack.notify()
    it.slack.intercept = (method) => (method === 'chat.postMessage' ? down : undefined)
    await pass(51)
    it.slack.intercept = undefined
    await pass(8)
    expect(endings(id)).toHaveLength(1)

    const { session: late } = await started()
    await it.slack.notify()
    it.slack.intercept = (method) => (method === 'chat.postMessage' ? down : undefined)
    await pass(61)
    it.slack.intercept = undefined
    await pass(60)
    expect(endings(late)).toEqual([])
    const { parts } = it.slack
    expect(await parts.state.pending(it.sandbox.now())).toMatchObject({ value: { updates: [], reminders: [] } })
  })
})

describe('no message is sent', () => {
  const asApprover = async (path: string) => it.call('POST', path, await it.tokenOf('approver'), {})
  test.each<[string, Parameters<typeof started>[0], (of: Awaited<ReturnType<typeof started>>) => Promise<unknown>, number]>([
    ['of a session that was ended', {}, async ({ session: id }) => it.call('DELETE', `/sessions/${id}`, await it.tokenOf('oncall')), 60],
    ['of a request that was revoked', {}, ({ request }) => asApprover(`/requests/${request}/revoke`), 60],
    ['of a short session', { duration: '29m' }, async () => {}, 60],
    ['if the notifier comes after the end', {}, async () => it.sandbox.advance(61 * MINUTE), 60],
    ['to a person who is not linked', { by: 'developer' }, async () => {}, 60],
    [
      'while another session of the request has just begun',
      { duration: '30m' },
      async ({ request, body }) => {
        it.sandbox.advance(20 * MINUTE)
        await session(request, 'oncall', body, '1h')
      },
      9,
    ],
  ])('%s', async (_name, how, then, minutes) => {
    const made = await started(how)
    await it.slack.notify()
    await then(made)
    const before = it.slack.workspace.messages.length
    await pass(minutes)
    expect(it.slack.workspace.messages.slice(before).filter(({ text }) => text.includes(' ends at '))).toEqual([])
    expect(endings(made.session)).toEqual([])
  })
})
