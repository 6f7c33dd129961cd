/**
 * Slack from end to end: the broker's own functions against a look-alike that speaks as Slack does, over real HTTP. Who gets
 * in, who does not, and what people are told.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants } from '../support/checkers.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn, textOf } from '../support/slack.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
  it = slackIn(sandbox)
})
afterAll(() => sandbox.close())

let it: ReturnType<typeof slackIn>

describe('the night', () => {
  test('unlinked people can do nothing but link', async () => {
    await it.at('oncall').command('')
    expect(it.modal('oncall')).toMatch(/Link yourself first/)
  })

  test('linking takes both sides; a code is good once', async () => {
    for (const name of ['oncall', 'approver', 'developer', 'auditor'] as const) await it.link(name)
    await it.at('oncall').command('status')
    expect(it.lastSeen('oncall', it.at('oncall').direct).text).toMatch(/You are Olu On-Call \(people\)/)
    // Decisions count only ten minutes later.
    sandbox.advance(601_000)
  })

  test('break-glass: asked, agreed to, entered, reviewed, all from Slack', async () => {
    await it.at('oncall').command('')
    expect(it.modal('oncall')).toMatch(/break-glass/)
    await it.at('oncall').choose('profile', 'break-glass')
    const why = 'Orders are down <!channel> & nobody knows why'
    await it.at('oncall').submit({ profile: 'break-glass', why, duration: '20m', ticket: 'INC-7' })
    expect(it.modal('oncall')).toMatch(/People are asked/)
    await it.slack.notify()

    const root = it.lastSeen('approver', 'C0ACCESS')
    expect(textOf(root.blocks)).toMatch(/BREAK-GLASS waits for you/)
    expect(textOf(root.blocks)).toContain('<!subteam^S0ONCALL>')
    expect(textOf(root.blocks)).toMatch(/Olu On-Call \(people\)/)
    expect(textOf(root.blocks)).toMatch(/INC-7/)
    const id = /req_\w{26}/.exec(textOf(root.blocks))?.[0] ?? ''

    // Nobody agrees with themselves, and is told so where they are.
    await it.at('oncall').press(root, 'approve')
    expect(it.lastSeen('oncall', 'C0ACCESS').text).toMatch(/Nobody decides on their own request/)
    const sent = await it.at('approver').press(root, 'approve')
    expect([sent.status, sent.body]).toEqual([200, ''])
    await it.slack.notify()
    expect(textOf(root.blocks)).toMatch(/BREAK-GLASS approved/)
    expect(textOf(root.blocks)).toMatch(/Avery Approver agreed/)
    expect(textOf(root.blocks)).not.toMatch(/"Approve"/)

    // The requester is told how to use it, and uses it as told.
    const told = it.lastSeen('oncall', it.at('oncall').direct)
    const line =
      /-d '(\{.*?\})'/
        .exec(textOf(told.blocks).replaceAll('\\"', '"'))?.[1]
        ?.replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&') ?? ''
    const vended = await sandbox.vend(await sandbox.token('oncall'), { ...JSON.parse(line), format: 'json' })
    expect(vended.status).toBe(201)
    expect(vended.json.requestId).toBe(id)
    expect(Date.parse(vended.json.credentials.expiration) - sandbox.now()).toBeLessThanOrEqual(20 * 60_000)
    await it.slack.notify()
    const thread = it
      .at('approver')
      .sees('C0ACCESS')
      .filter(({ thread }) => thread === root.ts)
      .map(({ text }) => text)
    expect(thread).toEqual([
      'Avery Approver agreed',
      expect.stringMatching(/^Approved: 3 sessions until /),
      expect.stringMatching(/^Olu On-Call took a session until /),
    ])

    // The review is closed from there too, by somebody else.
    await it.at('approver').press(root, 'review')
    await it.at('approver').submit({ reason: '' })
    expect(it.at('approver').open().errors).toEqual({ reason: 'Say what was done.' })
    await it.at('approver').submit({ reason: 'Rolled back, rightly' })
    await it.slack.notify()
    expect(textOf(root.blocks)).toMatch(/Reviewed by Avery Approver: Rolled back, rightly/)
    expect(await brokenInvariants(sandbox, [vended.json.credentials.accessKeyId])).toEqual([])
  })
})
