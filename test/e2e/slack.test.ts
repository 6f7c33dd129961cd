/**
 * Slack from end to end: the broker's own functions against a look-alike that speaks as Slack does, over real HTTP. Who gets
 * in, who does not, and what people are told.
 */
import type { KnownBlock } from '@slack/types'
import type { MemberName, SlackMessage } from '@stint/sandbox/slack/workspace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenInvariants } from '../support/checkers.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const slack = () => {
  if (!sandbox.slack) throw new Error('the config has Slack')
  return sandbox.slack
}
const at = (name: MemberName) => slack().person(name)
const textOf = (blocks: readonly KnownBlock[]) => JSON.stringify(blocks)
const lastSeen = (name: MemberName, channel: string): SlackMessage => at(name).sees(channel).at(-1) as SlackMessage
const call = async (method: string, path: string, token: string, body?: object) => {
  const answer = await fetch(`${sandbox.urls.broker}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? {} : JSON.parse(text) }
}

/** The whole way of linking: code, Slack, confirmation. */
async function link(name: MemberName & ('developer' | 'approver' | 'oncall' | 'auditor' | 'second-developer')): Promise<void> {
  const token = await sandbox.token(name)
  const { code } = (await call('POST', '/slack/link', token, {})).json
  await at(name).command(`link ${code}`)
  const { pending } = (await call('GET', '/slack/link', token)).json
  const confirmed = await call('POST', '/slack/link/confirm', token, { team: pending.team, user: pending.user })
  expect([confirmed.status, confirmed.json.state]).toEqual([200, 'linked'])
}

describe('the night', () => {
  test('unlinked people can do nothing but link', async () => {
    await at('oncall').command('')
    expect(textOf(at('oncall').open().view.blocks as KnownBlock[])).toMatch(/Link yourself first/)
  })

  test('linking takes both sides; a code is good once', async () => {
    for (const name of ['oncall', 'approver', 'developer', 'auditor'] as const) await link(name)
    await at('oncall').command('status')
    expect(lastSeen('oncall', at('oncall').direct).text).toMatch(/You are Olu On-Call \(people\)/)
    // Decisions count only ten minutes later.
    sandbox.advance(601_000)
  })

  test('break-glass: asked, agreed to, entered, reviewed, all from Slack', async () => {
    await at('oncall').command('')
    expect(textOf(at('oncall').open().view.blocks as KnownBlock[])).toMatch(/break-glass/)
    await at('oncall').choose('profile', 'break-glass')
    const why = 'Orders are down <!channel> & nobody knows why'
    await at('oncall').submit({ profile: 'break-glass', why, duration: '20m', ticket: 'INC-7' })
    expect(textOf(at('oncall').open().view.blocks as KnownBlock[])).toMatch(/People are asked/)
    await slack().notify()

    const root = lastSeen('approver', 'C0ACCESS')
    expect(textOf(root.blocks)).toMatch(/BREAK-GLASS waits for you/)
    expect(textOf(root.blocks)).toContain('<!subteam^S0ONCALL>')
    expect(textOf(root.blocks)).toMatch(/Olu On-Call \(people\)/)
    expect(textOf(root.blocks)).toMatch(/INC-7/)
    const id = /req_\w{26}/.exec(textOf(root.blocks))?.[0] ?? ''

    // Nobody agrees with themselves, and is told so where they are.
    await at('oncall').press(root, 'approve')
    expect(lastSeen('oncall', 'C0ACCESS').text).toMatch(/Nobody decides on their own request/)
    const sent = await at('approver').press(root, 'approve')
    expect([sent.status, sent.body]).toEqual([200, ''])
    await slack().notify()
    expect(textOf(root.blocks)).toMatch(/BREAK-GLASS approved/)
    expect(textOf(root.blocks)).toMatch(/Avery Approver agreed/)
    expect(textOf(root.blocks)).not.toMatch(/"Approve"/)

    // The requester is told how to use it, and uses it as told.
    const told = lastSeen('oncall', at('oncall').direct)
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
    await slack().notify()
    const thread = at('approver')
      .sees('C0ACCESS')
      .filter(({ thread }) => thread === root.ts)
      .map(({ text }) => text)
    expect(thread).toEqual([
      'Avery Approver agreed',
      expect.stringMatching(/^Approved: 3 sessions until /),
      expect.stringMatching(/^Olu On-Call took a session until /),
    ])

    // The review is closed from there too, by somebody else.
    await at('approver').press(root, 'review')
    await at('approver').submit({ reason: '' })
    expect(at('approver').open().errors).toEqual({ reason: 'Say what was done.' })
    await at('approver').submit({ reason: 'Rolled back, rightly' })
    await slack().notify()
    expect(textOf(root.blocks)).toMatch(/Reviewed by Avery Approver: Rolled back, rightly/)
    expect(await brokenInvariants(sandbox, [vended.json.credentials.accessKeyId])).toEqual([])
  })
})
