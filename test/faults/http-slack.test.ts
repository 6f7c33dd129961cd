/**
 * Faults of Slack's Web API and of the directory (SCIM), over real HTTP: the notifier, the Slack entry point and their adapters, with a
 * server between that refuses, resets, hangs, throttles, fails, answers late, answers garbage, or lies. Slack in trouble makes messages
 * late and changes nothing else. A directory in trouble decides nothing. Once the fault is gone, both work again.
 */
import { slackApi } from '@stint/broker/adapters/slack'
import { notify, notifyPending } from '@stint/broker/slack/notify'
import type { NotifyParts } from '@stint/broker/slack/posting'
import type { RequestId } from '@stint/core/ids'
import type { SlackMessage } from '@stint/sandbox/slack/workspace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACTS, afterTheCall, answer, CALM, change, common, instead, type Named, rows } from '../support/faulty-answers.ts'
import { type Fault, type FaultyServer, faultyServer, type PassedCall } from '../support/faulty-server.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { slackIn, slackLab, textOf } from '../support/slack.ts'

let serial = 0
const why = () => `night ${++serial}`
const json = (status: number, body: object, more: Record<string, string> = {}) =>
  answer(status, 'application/json', JSON.stringify(body), more)
const inBody = (lie: (body: any) => void): Fault =>
  change((text) => {
    const body = JSON.parse(text)
    lie(body)
    return JSON.stringify(body)
  })
type Row = { readonly name: string; readonly fault: Fault | 'refuse'; readonly acts: boolean }
const refusing: Row = { name: 'refuses connections', fault: 'refuse', ...CALM }
const named = (list: readonly Row[]) => list.map((row) => [row.name, row] as const)

describe("Slack's Web API", () => {
  let it: Awaited<ReturnType<typeof slackLab>>
  let slack: FaultyServer
  let parts: NotifyParts
  beforeAll(async () => {
    it = await slackLab()
    slack = await faultyServer(it.sandbox.urls.slack)
    await it.link('oncall')
    it.sandbox.advance(601_000)
    await it.slack.notify()
    // Eight seconds, as in a deployment, would make the rows that hang slow.
    parts = { ...it.slack.parts, api: slackApi({ token: it.slack.botToken, fetch, timeoutMs: 1500, url: `${slack.url}/api/` }) }
  })
  afterAll(async () => {
    await slack?.close()
    await it?.close()
  })

  const ofSlack: readonly Named[] = [
    { name: 'throttles', fault: instead(json(429, { ok: false, error: 'ratelimited' }, { 'retry-after': '7' })), ...CALM },
    { name: 'fails with 500', fault: instead(answer(500, 'text/plain', 'oops')), ...CALM },
    { name: 'fails with 500 after it did the call', fault: afterTheCall(answer(500, 'text/plain', 'oops')), ...ACTS },
    { name: 'reports an internal error', fault: instead(json(200, { ok: false, error: 'internal_error' })), ...CALM },
    { name: 'lies: the message is in another channel', fault: inBody((body) => Object.assign(body, { channel: 'C0OTHER' })), ...ACTS },
    { name: 'lies: the message has no time', fault: inBody((body) => Object.assign(body, { ts: undefined })), ...ACTS },
    { name: 'lies: ok is not true', fault: inBody((body) => Object.assign(body, { ok: 'yes' })), ...ACTS },
    { name: 'answers another call', fault: change(() => JSON.stringify({ ok: true, user: { id: 'U0DANA', team_id: 'T0ACME' } })), ...ACTS },
  ]
  const posts = (id: string) =>
    it.slack.workspace.messages.filter((one) => one.channel === 'C0ACCESS' && !one.thread && textOf(one.blocks).includes(id)).length

  /** One run of the notifier for a request, as the stream starts it. */
  async function run(id: string) {
    const journal = await parts.journal(id)
    return notify(parts, journal ? [journal] : [])
  }
  async function struckBy(fault: Fault | 'refuse', method: string, work: () => Promise<unknown>): Promise<void> {
    const struck = fault === 'refuse' ? () => 1 : slack.break(fault, ({ url }: PassedCall) => url.endsWith(method))
    if (fault === 'refuse') await slack.refuse()
    await work()
    await slack.heal()
    expect(struck(), 'the fault struck').toBeGreaterThan(0)
  }
  /** As the schedule runs it, two minutes later. */
  async function later(): Promise<void> {
    it.sandbox.advance(120_000)
    await notifyPending(parts, false)
    await notifyPending(parts, false)
  }
  async function clear(id: string): Promise<void> {
    const token = await it.tokenOf('approver')
    await it.call('POST', `/requests/${id}/deny`, token, {})
    await it.call('POST', `/requests/${id}/revoke`, token, {})
    it.sandbox.advance(3_600_000)
    await it.slack.notify()
  }

  test.each(named([refusing, ...common, ...ofSlack]))(
    'when a request is announced, %s: it waits, and its message comes later',
    async (_name, { fault, acts }) => {
      const id = await it.ask('oncall', why())
      await struckBy(fault, 'chat.postMessage', async () => expect(await run(id)).toEqual({ requests: 1, pending: 1 }))
      expect([posts(id), await it.stateOf(id)]).toEqual([acts ? 1 : 0, 'pending'])
      await later()
      // A message whose outcome is unknown is posted again: twice is better than never.
      expect(posts(id)).toBe(acts ? 2 : 1)
      await clear(id)
    },
  )

  test.each(named([refusing, ...common, ...ofSlack.slice(0, 3)]))(
    'when a decision is shown, %s: it stands, and its message follows',
    async (_name, { fault }) => {
      const id = await it.ask('oncall', why())
      await run(id)
      expect((await it.call('POST', `/requests/${id}/approve`, await it.tokenOf('approver'), {})).status).toBe(200)
      await struckBy(fault, 'chat.update', async () => expect((await run(id)).pending).toBe(1))
      expect(await it.stateOf(id)).toBe('approved')
      await later()
      expect(textOf(it.root(id)?.blocks ?? [])).toMatch(/BREAK-GLASS approved/)
      expect(posts(id)).toBe(1)
      await clear(id)
    },
  )
})

describe('the directory, when someone approves in Slack', () => {
  let sandbox: TestSandbox
  let it: ReturnType<typeof slackIn>
  let scim: FaultyServer
  beforeAll(async () => {
    scim = await faultyServer(() => sandbox.urls.issuer)
    sandbox = await testSandbox({ bindings: { PEOPLE_SCIM: `${scim.url}/people/scim/v2` } })
    it = slackIn(sandbox)
    for (const name of ['oncall', 'approver'] as const) await it.link(name)
    sandbox.advance(601_000)
    await it.slack.notify()
  })
  afterAll(async () => {
    await sandbox?.close()
    await scim?.close()
  })

  /** A request of the on-call engineer that waits, with its message. Earlier ones no longer count for any limit. */
  async function asked() {
    sandbox.advance(3_600_000)
    const id = await it.ask('oncall', why(), { ticket: 'INC-1' })
    await it.slack.notify()
    return { id, message: it.root(id) as SlackMessage }
  }
  /** From the table: the tokens of the sandbox's people do not live for hours. */
  async function stateOf(id: string): Promise<string | undefined> {
    const found = await it.slack.parts.ledger.request(id as RequestId)
    return found.outcome === 'done' ? found.value?.state : undefined
  }
  async function expectRecovery(id: string, message: SlackMessage): Promise<void> {
    expect(await stateOf(id)).toBe('pending')
    await it.at('approver').press(message, 'approve')
    expect(await stateOf(id)).toBe('approved')
  }

  const silent = /The directory did not confirm your identity/
  const gone = /You are no longer in the directory/
  const scimError = (status: number) =>
    instead(json(status, { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: `${status}` }))
  const quick = common.filter(({ fault }) => fault.how !== 'hang')
  test.each<[string, Fault | 'refuse', RegExp]>([
    ...quick.map(({ name, fault }) => [name, fault, silent] as [string, Fault, RegExp]),
    ['refuses connections', 'refuse', silent],
    ['throttles', scimError(429), silent],
    ['fails with 500', scimError(500), silent],
    ['refuses the token', scimError(401), silent],
    ['answers 200 with an error', instead(json(200, { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '500' })), silent],
    ['redirects', instead(answer(302, 'text/plain', '', { location: 'http://127.0.0.1:9/' })), silent],
    [
      'lies: two users',
      inBody((body) => Object.assign(body, { totalResults: 2, Resources: [...body.Resources, ...body.Resources] })),
      silent,
    ],
    ['lies: not the whole list', inBody((body) => Object.assign(body, { totalResults: 5 })), silent],
    ['lies: a group without a name', inBody((body) => body.Resources[0].groups.push({ display: 'x' })), silent],
    ['answers for another user', inBody((body) => Object.assign(body.Resources[0], { externalId: 'acme.x-dev-1' })), gone],
    ['has deactivated the user', inBody((body) => Object.assign(body.Resources[0], { active: false })), gone],
    [
      'has no such user',
      change(() => JSON.stringify({ schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: 0 })),
      gone,
    ],
    [
      'has moved the user to other groups',
      inBody((body) => Object.assign(body.Resources[0], { groups: [] })),
      /Request not found, or not visible to you/,
    ],
  ])('%s: nothing is decided', async (_name, fault, words) => {
    const { id, message } = await asked()
    const struck = fault === 'refuse' ? () => 1 : scim.break(fault)
    if (fault === 'refuse') await scim.refuse()
    await it.at('approver').press(message, 'approve')
    await scim.heal()
    expect(struck(), 'the fault struck').toBeGreaterThan(0)
    expect(it.lastSeen('approver', 'C0ACCESS').text).toMatch(words)
    await expectRecovery(id, message)
  })

  test('fails with 500: no session is ended', async () => {
    const struck = scim.break(scimError(500))
    const { body } = await it.at('approver').command('end req_00000000000000000000000000.00000000')
    await scim.heal()
    expect(struck(), 'the fault struck').toBeGreaterThan(0)
    expect(body).toMatch(silent)
  })

  test.each(rows(common.filter(({ fault }) => fault.how === 'hang')))('%s: nothing is decided', async (_name, { fault }) => {
    const { id, message } = await asked()
    const struck = scim.break(fault)
    // Slack gives up after three seconds, and so does Stint.
    await it
      .at('approver')
      .press(message, 'approve')
      .catch(() => undefined)
    await scim.heal()
    expect(struck(), 'the fault struck').toBeGreaterThan(0)
    await expectRecovery(id, message)
  })
})
