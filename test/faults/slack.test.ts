/**
 * Slack down, slow, lying or in need of rest: messages come late, and nothing else does. Every call of its Web API that the
 * handler and the notifier make, against every way in which it may go wrong.
 */
import { notifyPending } from '@stint/broker/slack/notify'
import type { ApiAnswer } from '@stint/sandbox/slack/workspace'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { slackLab, textOf } from '../support/slack.ts'
import { claimMessage, stage, times } from '../support/stage.ts'

const staged = stage()
let it: Awaited<ReturnType<typeof slackLab>>
beforeAll(async () => {
  it = await slackLab({ intercept: staged.intercept })
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
/** Slack asks for a minute's rest whatever is posted; how often it had to. */
function askForRest(): () => number {
  let calls = 0
  it.slack.intercept = (method) => {
    if (method !== 'chat.postMessage') return undefined
    calls++
    return { ok: false, error: 'ratelimited', retryAfter: 60 }
  }
  return () => calls
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
    expect(textOf(root?.blocks ?? [])).toMatch(/needs your approval/)
    it.slack.intercept = undefined
    it.sandbox.advance(120_000)
    await it.slack.notify()
    expect(textOf(root?.blocks ?? [])).toMatch(/BREAK-GLASS approved/)
    expect(textOf(it.lastSeen('oncall', it.at('oncall').direct).blocks)).toMatch(/Approved: night/)
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
    expect(it.lastSeen('second-developer', it.at('second-developer').direct).text).toMatch(/did not confirm your user/)
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
      tries.push((await notifyPending(it.slack.parts, false)).requests)
    }
    expect(tries.filter((count) => count > 0).length).toBeGreaterThanOrEqual(38)
    expect(tries.slice(-3)).toEqual([0, 0, 0])
    expect(it.sandbox.log).toContainEqual(expect.objectContaining({ level: 'error', event: 'slack-dead-letter', request: id }))
    it.slack.intercept = undefined
    expect(await notifyPending(it.slack.parts, true)).toMatchObject({ pending: 0 })
    expect(await it.slack.parts.state.pending(it.sandbox.now())).toMatchObject({ value: { updates: [] } })
  })
  test('a channel that is gone is given up at once, and said so; a break-glass that waits is not', async () => {
    const id = await it.ask('oncall', why())
    fail(['chat.postMessage'], { ok: false, error: 'channel_not_found' })
    await it.slack.notify()
    expect(it.sandbox.log).toContainEqual(expect.objectContaining({ event: 'slack-pending', request: id }))
    await it.call('POST', `/requests/${id}/deny`, await it.tokenOf('approver'), {})
    it.sandbox.advance(120_000)
    await it.slack.notify()
    expect(it.sandbox.log).toContainEqual(expect.objectContaining({ event: 'slack-given-up', request: id, error: 'channel_not_found' }))
    for (let round = 0; round < 2; round++) {
      it.sandbox.advance(120_000)
      await it.slack.notify()
    }
    expect(await it.slack.parts.state.pending(it.sandbox.now())).toMatchObject({ value: { updates: [] } })
    await clear(id)
  })
  test.each(['invalid_blocks', 'msg_blocks_too_long'])('a message that Slack refuses with %s is said in few words', async (error) => {
    const id = await it.ask('oncall', why())
    let refusals = 0
    it.slack.intercept = (method) => (method === 'chat.postMessage' && refusals++ === 0 ? { ok: false, error } : undefined)
    await it.slack.notify()
    const told = it.slack.workspace.messages.filter(({ blocks, thread }) => !thread && textOf(blocks).includes(id))
    expect(told.map(({ channel }) => channel)).toContain('C0ACCESS')
    expect(told.every(({ blocks }) => textOf(blocks).includes('Approve'))).toBe(true)
    expect(it.sandbox.log).toContainEqual(expect.objectContaining({ event: 'slack-not-taken', request: id }))
    await clear(id)
  })
  test('four notifiers at once say everything once', async () => {
    const id = await it.ask('oncall', why())
    const journal = await it.slack.parts.journal(id)
    const { notify } = await import('@stint/broker/slack/notify')
    const race = staged.meet(...times(4, claimMessage))
    await Promise.all(Array.from({ length: 4 }, () => notify(it.slack.parts, journal ? [journal] : [])))
    await race.met
    const posted = it.slack.workspace.messages.filter((one) => one.channel === 'C0ACCESS' && !one.thread && textOf(one.blocks).includes(id))
    expect(posted).toHaveLength(1)
    await clear(id)
  })
})

describe('order and overlap', () => {
  const threadOf = (id: string) =>
    it.slack.workspace.messages.filter(({ thread }) => thread !== undefined && thread === it.root(id)?.ts).map(({ text }) => text)

  test('the thread is told in its order, however often Slack asks for rest, and Slack gets its rest', async () => {
    const id = await it.ask('oncall', why())
    await it.slack.notify()
    await it.call('POST', `/requests/${id}/approve`, await it.tokenOf('approver'), {})
    await it.call('POST', `/requests/${id}/revoke`, await it.tokenOf('approver'), {})
    const calls = askForRest()
    await it.slack.notify()
    // The thread, and the one who asked, at the same moment; then no more.
    expect(calls()).toBeLessThanOrEqual(2)
    it.slack.intercept = undefined
    it.sandbox.advance(120_000)
    await it.slack.notify()
    expect(threadOf(id).map((text) => /approved it|Approved|revoked/.exec(text)?.[0])).toEqual(['approved it', 'Approved', 'revoked'])
    await clear(id)
  })

  test('a channel in which Slack asks for rest is left alone for the whole run; what waited is said after', async () => {
    const ids: string[] = []
    for (const profile of ['night', 'bucket', 'two-people']) {
      const parameters = profile === 'bucket' ? { parameters: { bucket: 'acme-x' } } : {}
      const asked = await it.call('POST', '/requests', await it.tokenOf('oncall'), { profile, justification: why(), ...parameters })
      ids.push(asked.json.id)
    }
    const calls = askForRest()
    await it.slack.notify()
    // Two channels and one approver, once each: five messages were due.
    expect(calls()).toBeLessThanOrEqual(3)
    const pending = await it.slack.parts.state.pending(it.sandbox.now())
    expect(pending.outcome === 'done' && pending.value.updates.map(({ request }) => request).sort()).toEqual([...ids].sort())
    it.slack.intercept = undefined
    it.sandbox.advance(120_000)
    await it.slack.notify()
    for (const id of ids) expect(it.root(id) ?? it.root(id, 'C0ONCALL')).toBeDefined()
    for (const id of ids) await clear(id)
  })

  test('an older run does not undo what a newer one did, nor settle what it owes', async () => {
    const { notify } = await import('@stint/broker/slack/notify')
    const id = await it.ask('oncall', why())
    await it.slack.notify()
    const run = async () => {
      const journal = await it.slack.parts.journal(id)
      return notify(it.slack.parts, journal ? [journal] : [])
    }
    // The first update is held until the second is there.
    await it.call('POST', `/requests/${id}/approve`, await it.tokenOf('approver'), {})
    const held = Promise.withResolvers<void>()
    let updates = 0
    it.slack.intercept = async (method) => {
      if (method === 'chat.update' && updates++ === 0) await held.promise
      return undefined
    }
    const older = run()
    while (updates === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await it.call('POST', `/requests/${id}/revoke`, await it.tokenOf('approver'), {})
    await run()
    held.resolve()
    await older
    expect(textOf(it.root(id)?.blocks ?? [])).toMatch(/revoked/)

    // What another wrote down as pending meanwhile is not removed by a run that read an older state.
    const { state } = it.slack.parts
    const debt = { request: id as never, tries: 1, next: 1, cause: 'x', dead: false }
    await state.addPending(debt)
    await state.addPending({ ...debt, tries: 2 })
    await state.settle(debt)
    expect(await state.pending(0)).toMatchObject({ value: { updates: [{ tries: 2 }] } })
    await state.settle({ ...debt, tries: 2 })
    expect(await state.pending(0)).toMatchObject({ value: { updates: [] } })
    await clear(id)
  })

  test('a linked user is notified once, even if Slack was busy', async () => {
    const told = () =>
      it
        .at('developer')
        .sees(it.at('developer').direct)
        .filter(({ text }) => text.startsWith('You are linked'))
    fail(['chat.postMessage'], { ok: false, error: 'ratelimited', retryAfter: 1 })
    await it.link('developer')
    await it.slack.notify()
    expect(told()).toHaveLength(0)
    it.slack.intercept = undefined
    it.sandbox.advance(60_000)
    await it.slack.notify()
    await it.call('POST', '/slack/link', await it.tokenOf('developer'), {})
    await it.slack.notify()
    expect(told()).toHaveLength(1)
  })

  test('nobody is called about what was decided before it could be said', async () => {
    const id = await it.ask('oncall', why())
    await it.slack.notify()
    fail(['chat.postMessage'], { ok: false, error: 'ratelimited', retryAfter: 1 })
    it.sandbox.advance(601_000)
    await it.sandbox.sweep()
    await it.slack.notify()
    await it.call('POST', `/requests/${id}/deny`, await it.tokenOf('approver'), {})
    it.slack.intercept = undefined
    it.sandbox.advance(60_000)
    await it.slack.notify()
    const late = it.slack.workspace.messages.filter(({ thread }) => thread !== undefined && thread === it.root(id)?.ts)
    expect(late.map(({ text }) => text)).toContainEqual(expect.stringMatching(/No decision yet/))
    expect(late.filter(({ blocks }) => textOf(blocks).includes('subteam'))).toEqual([])
    await clear(id)
  })
})

describe('a no that Slack does give', () => {
  test.each(['user_not_found', 'account_inactive'])('%s: they decide nothing', async (error) => {
    const id = await it.ask('oncall', why())
    await it.slack.notify()
    fail(['users.info'], { ok: false, error })
    await it.at('approver').press(it.root(id) as never, 'approve')
    expect(await it.stateOf(id)).toBe('pending')
    it.slack.intercept = undefined
    await clear(id)
  })
})
