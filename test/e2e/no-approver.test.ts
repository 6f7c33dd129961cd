/**
 * A request that no one but its requester could approve is refused at once, on every channel, and says who else is named. What the
 * config does not list is never judged.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stint } from '../support/cli.ts'
import { slackLab } from '../support/slack.ts'

let it: Awaited<ReturnType<typeof slackLab>>
beforeAll(async () => {
  it = await slackLab({ config: fileURLToPath(new URL('../support/no-approver.config.ts', import.meta.url)) })
  await it.link('approver')
})
afterAll(() => it.close())

const ask = async (name: string, profile: string, path = '/requests', more = {}) =>
  it.call('POST', path, await it.tokenOf(name), { profile, ...more })

describe('over HTTP', () => {
  test.each(['/requests', '/sessions'])('the only approver, at POST %s', async (path) => {
    const { status, json } = await ask('approver', 'alone', path)
    expect([status, json]).toEqual([
      403,
      expect.objectContaining({
        code: 'no-approver',
        title: 'No one else can approve this request',
        detail: 'You cannot approve your own request, and its rules name no one else.',
        next: 'Ask the owners of stint.config.ts to name another approver, or ask someone else to make the request.',
        approvers: [],
      }),
    ])
  })
  test('the only approver, in a token exchange', async () => {
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await it.tokenOf('approver'),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: 'urn:stint:profile:alone',
    })
    const answer = await fetch(`${it.sandbox.urls.broker}/token`, { method: 'POST', body: form })
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_grant', code: 'no-approver' })])
  })
  test('one of two who must both approve, and who the other is', async () => {
    const { json } = await ask('approver', 'one-of-two')
    expect(json).toMatchObject({ code: 'no-approver', approvers: [{ issuer: 'lab', subject: 'auditor' }] })
    expect(json.detail).toBe('You cannot approve your own request. Besides you, its rules name lab/auditor, and need 1 more.')
  })
  test('the only approver under another identity', async () => {
    expect((await ask('eve', 'alone-by-alias')).json.code).toBe('no-approver')
  })
  test('the only approver through a job that they triggered', async () => {
    const job = async (actor_id: string) =>
      it.call('POST', '/sessions', await it.tokenOf('ci', { iss: it.issuers.once, role: 'job', actor_id, jti: `job-${actor_id}` }), {
        profile: 'alone-by-alias',
      })
    expect((await job('77')).json.code).toBe('no-approver')
    expect((await job('79')).status).toBe(202)
  })
  test('nothing waits, no one is notified, and the audit log has the refusal', async () => {
    await it.slack.notify()
    const before = it.slack.workspace.messages.length
    await ask('approver', 'alone')
    await it.slack.notify()
    expect(it.slack.workspace.messages).toHaveLength(before)
    it.sandbox.settle()
    const { json } = await it.call('GET', '/requests?state=pending', await it.tokenOf('approver'))
    expect(json.requests).toEqual([])
    await ask('approver', 'alone', '/sessions')
    await it.sandbox.ship()
    const events = await it.call('GET', '/audit/events?profile=alone', await it.tokenOf('auditor'))
    expect(JSON.stringify(events.json)).toContain('"no-approver"')
  })
  test.each<[string, string, string]>([
    ['another person asks', 'developer', 'alone'],
    ['a group could approve', 'approver', 'or-a-group'],
    ['it is approved by rule after a delay', 'approver', 'unattended'],
  ])('is made as ever if %s', async (_name, name, profile) => {
    const { status, json } = await ask(name, profile, '/requests', { justification: 'INC-1' })
    expect([status, json.state]).toEqual([201, 'pending'])
  })
})

test('in Slack, below the profile', async () => {
  await it.at('approver').command('')
  await it.at('approver').choose('profile', 'alone')
  await it.at('approver').submit({ profile: 'alone' })
  expect(it.at('approver').open().errors).toEqual({
    profile: 'You cannot approve your own request, and its rules name no one else.',
  })
})

test('on the command line, with what to do', async () => {
  const env = { STINT_URL: it.sandbox.urls.broker, STINT_TOKEN: await it.tokenOf('approver') }
  const { code, stderr } = await stint(['request', 'one-of-two'], env)
  expect(stderr).toMatch(/Besides you, its rules name lab\/auditor, and need 1 more/)
  expect(stderr).toMatch(/name another approver.*stint profiles one-of-two/)
  expect(code).toBe(3)
})
