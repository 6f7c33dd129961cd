/**
 * Slack down, slow, lying or in need of rest: messages come late, and nothing else does. Every call of its Web API that the
 * door and the notifier make, against every way in which it may go wrong.
 */
import { notifyOwed } from '@stint/broker/slack/notify'
import type { ApiAnswer } from '@stint/sandbox/slack/workspace'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { slackLab, textOf } from '../support/slack.ts'

let it: Awaited<ReturnType<typeof slackLab>>
beforeAll(async () => {
  it = await slackLab()
  for (const name of ['oncall', 'approver'] as const) await it.link(name)
  it.sandbox.advance(601_000)
  await it.slack.notify()
})
afterAll(() => it.close())
afterEach(() => {
  it.slack.intercept = undefined
})

type Fault = ApiAnswer | 'cut' | 'hang'
const faults: readonly (readonly [string, Fault])[] = [
  ['is in trouble', { ok: false, error: 'internal_error' }],
  ['is not to be had', 'cut'],
  ['wants to be left alone', { ok: false, error: 'ratelimited', retryAfter: 7 }],
  ['took our token', { ok: false, error: 'token_revoked' }],
]
const fail = (methods: readonly string[], fault: Fault) => {
  it.slack.intercept = (method) => (methods.includes(method) ? fault : undefined)
}
/** Ends every request that still waits, so that the next may be asked. */
async function clear(id: string): Promise<void> {
  const token = await it.tokenOf('approver')
  await it.call('POST', `/requests/${id}/deny`, token, {})
  await it.call('POST', `/requests/${id}/revoke`, token, {})
  it.slack.intercept = undefined
  it.sandbox.advance(3_600_000)
  await it.slack.notify()
}
let serial = 0
const why = () => `night ${++serial}`

describe.each(faults)('Slack %s', (_name, fault) => {
  test('when the request is to be told: it is asked, and told later, once', async () => {
    const id = await it.ask('oncall', why())
    fail(['chat.postMessage'], fault)
    await it.slack.notify()
    expect(it.root(id)).toBeUndefined()
    expect(await it.stateOf(id)).toBe('pending')
    it.slack.intercept = undefined
    it.sandbox.advance(120_000)
    await it.slack.notify()
    await it.slack.notify()
    const posted = it.slack.workspace.messages.filter((one) => one.channel === 'C0ACCESS' && !one.thread && textOf(one.blocks).includes(id))
    expect(posted).toHaveLength(1)
    await clear(id)
  })

  test('when it was decided: the decision stands, and its message follows', async () => {
    const id = await it.ask('oncall', why())
    await it.slack.notify()
    const root = it.root(id)
    fail(['chat.update', 'chat.postMessage', 'conversations.open', 'users.info'], fault)
    const sent = await it.at('approver').press(root as never, 'approve')
    expect([sent.status, await it.stateOf(id)]).toEqual([200, 'approved'])
    await it.slack.notify()
    expect(textOf(root?.blocks ?? [])).toMatch(/waits for you/)
    it.slack.intercept = undefined
    it.sandbox.advance(120_000)
    await it.slack.notify()
    expect(textOf(root?.blocks ?? [])).toMatch(/BREAK-GLASS approved/)
    expect(textOf(it.lastSeen('oncall', it.at('oncall').direct).blocks)).toMatch(/You may enter night/)
    await clear(id)
  })

  test('when a form is to be opened: nothing is changed, and the person is told', async () => {
    const id = await it.ask('oncall', why())
    await it.slack.notify()
    fail(['views.open'], fault)
    await it.at('approver').press(it.root(id) as never, 'deny')
    expect(it.lastSeen('approver', 'C0ACCESS').text).toMatch(/did not open the form/)
    await it.at('approver').command('')
    expect(it.lastSeen('approver', it.at('approver').direct).text).toMatch(/did not open the form/)
    expect(await it.stateOf(id)).toBe('pending')
    await clear(id)
  })

  test('when it should say who somebody is: nobody is linked on its word', async () => {
    fail(['users.info'], fault)
    const { code } = (await it.call('POST', '/slack/link', await it.tokenOf('second-developer'), {})).json
    await it.at('second-developer').command(`link ${code}`)
    expect(it.lastSeen('second-developer', it.at('second-developer').direct).text).toMatch(/does not say who you are/)
    expect((await it.call('GET', '/slack/link', await it.tokenOf('second-developer'))).json.state).toBe('none')
  })
})

describe('slowness', () => {
  test('a Slack that never answers holds up no decision, and no answer for three seconds', async () => {
    const id = await it.ask('oncall', why())
    await it.slack.notify()
    fail(['users.info'], 'hang')
    // The look-alike waits three seconds, as Slack does, and throws after that.
    const sent = await it.at('approver').press(it.root(id) as never, 'approve')
    expect([sent.status, await it.stateOf(id)]).toEqual([200, 'approved'])
    it.slack.intercept = undefined
    await clear(id)
  })
  test('an answer that was lost: said twice at most, and kept true', async () => {
    const id = await it.ask('oncall', why())
    let cuts = 1
    it.slack.intercept = (method) => {
      if (method !== 'chat.postMessage' || cuts-- <= 0) return undefined
      // Slack did it, and nobody heard.
      it.slack.workspace.call(
        'chat.postMessage',
        new Map([
          ['channel', 'C0ACCESS'],
          ['text', `lost ${id}`],
        ]),
      )
      return 'cut'
    }
    await it.slack.notify()
    await it.slack.notify()
    expect(it.root(id)).toBeUndefined() // nobody knows, so nobody says it again at once
    it.sandbox.advance(120_000)
    await it.slack.notify()
    expect(it.root(id)).toBeDefined()
    await clear(id)
  })
})

describe('what cannot be said', () => {
  test('waits for a person after many tries, is seen in the log, and is said when asked for', async () => {
    const id = await it.ask('oncall', why())
    fail(['chat.postMessage'], { ok: false, error: 'internal_error' })
    await it.slack.notify()
    const tries: number[] = []
    for (let round = 0; round < 45; round++) {
      it.sandbox.advance(2_500_000)
      tries.push((await notifyOwed(it.slack.parts, false)).requests)
    }
    expect(tries.filter((count) => count > 0).length).toBeGreaterThanOrEqual(38)
    expect(tries.slice(-3)).toEqual([0, 0, 0])
    expect(it.sandbox.log).toContainEqual(expect.objectContaining({ level: 'error', event: 'slack-dead-letter', request: id }))
    it.slack.intercept = undefined
    expect(await notifyOwed(it.slack.parts, true)).toMatchObject({ owed: 0 })
    expect(await it.slack.parts.state.owed()).toEqual({ outcome: 'done', value: [] })
  })
  test('a channel that is gone is given up at once, and said so', async () => {
    const id = await it.ask('oncall', why())
    fail(['chat.postMessage'], { ok: false, error: 'channel_not_found' })
    await it.slack.notify()
    expect(it.sandbox.log).toContainEqual(expect.objectContaining({ event: 'slack-given-up', request: id, error: 'channel_not_found' }))
    expect(await it.slack.parts.state.owed()).toEqual({ outcome: 'done', value: [] })
    it.slack.intercept = undefined
    await clear(id)
  })
  test('two notifiers at once say everything once', async () => {
    const id = await it.ask('oncall', why())
    const journal = await it.slack.parts.journal(id)
    const { notify } = await import('@stint/broker/slack/notify')
    await Promise.all(Array.from({ length: 4 }, () => notify(it.slack.parts, journal ? [journal] : [])))
    const posted = it.slack.workspace.messages.filter((one) => one.channel === 'C0ACCESS' && !one.thread && textOf(one.blocks).includes(id))
    expect(posted).toHaveLength(1)
    await clear(id)
  })
})
