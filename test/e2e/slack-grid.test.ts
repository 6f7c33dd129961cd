/**
 * Users of an Enterprise Grid organization: the app is in one workspace, and people click with their own workspace, with the
 * organization, or in a sister workspace. Shapes of the payloads: packages/broker/src/slack/workspaces.test.ts.
 */
import { fileURLToPath } from 'node:url'
import { type SignedForm, sign } from '@stint/sandbox/slack/person'
import type { MemberName } from '@stint/sandbox/slack/workspace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slackLab } from '../support/slack.ts'

let it: Awaited<ReturnType<typeof slackLab>>
const inGrid = (...teams: string[]) => ({ id: 'U0AVERY', enterprise_id: 'E0ACME', teams })

beforeAll(async () => {
  it = await slackLab({ config: fileURLToPath(new URL('../support/slack-grid.config.ts', import.meta.url)) })
  it.slack.workspace.change('U0AVERY', { team_id: 'T0SISTER', enterprise_user: inGrid('T0SISTER') })
  for (const name of ['oncall', 'approver'] as const) await it.link(name)
  it.sandbox.advance(601_000)
})
afterAll(() => it.close())

/** The call with another payload, signed by Slack. */
const changed = (form: SignedForm, change: object): SignedForm => {
  const payload = JSON.parse(new URLSearchParams(form.body).get('payload') ?? '{}')
  const body = new URLSearchParams({ payload: JSON.stringify({ ...payload, ...change }) }).toString()
  return { ...form, body, headers: sign(body, it.slack.signingSecret, it.sandbox.now()) }
}
const press = async (name: MemberName, id: string, change: object) =>
  it.at(name).send(changed(it.at(name).request.press(it.root(id) as never, 'approve'), change))
async function asked(): Promise<string> {
  const id = await it.ask('oncall', 'a night')
  await it.slack.notify()
  return id
}
const enterprise = { id: 'E0ACME', name: 'Acme' }
const user = (team_id: string) => ({ id: 'U0AVERY', username: 'a', name: 'a', team_id })

describe('a person links once, and approves', () => {
  test.each<[string, object, object]>([
    ['from their own workspace', { user: user('T0SISTER'), enterprise }, { team_id: 'T0SISTER', enterprise_user: inGrid('T0SISTER') }],
    ['as a user of the organization', { user: user('E0ACME'), enterprise }, { team_id: 'E0ACME', enterprise_user: inGrid('T0ACME') }],
    ['in the sister workspace', { user: user('T0SISTER'), team: { id: 'T0SISTER', enterprise_id: 'E0ACME' } }, { team_id: 'T0SISTER' }],
    ['with an app for the whole organization', { user: user('E0ACME'), team: null, enterprise, is_enterprise_install: true }, {}],
  ])('%s', async (_name, change, account) => {
    it.slack.workspace.change('U0AVERY', { team_id: 'T0SISTER', enterprise_user: inGrid('T0SISTER'), ...account })
    const id = await asked()
    const sent = await press('approver', id, change)
    expect([sent.status, await it.stateOf(id)]).toEqual([200, 'approved'])
  })
})

describe('who does not count', () => {
  test.each<[string, object, RegExp]>([
    ['a user of a workspace that is not listed', { user: user('T0OTHER'), enterprise }, /belongs to T0OTHER.*slack\.workspaces/],
    ['a user of another organization', { user: user('E0EVIL'), enterprise }, /belongs to E0EVIL.*slack\.enterprise/],
  ])('%s is told so', async (_name, change, words) => {
    const id = await asked()
    const sent = await press('approver', id, change)
    expect([sent.status, sent.body, await it.stateOf(id)]).toEqual([200, '', 'pending'])
    expect(it.lastSeen('approver', 'C0ACCESS').text).toMatch(words)
  })
  test('a modal and a shortcut say so as well', async () => {
    const { request } = it.at('approver')
    const opened = await it.at('approver').send(changed(request.shortcut(), { user: user('T0OTHER'), enterprise }))
    expect([opened.status, it.modal('approver')]).toEqual([200, expect.stringMatching(/belongs to T0OTHER/)])
    const sent = await it.at('approver').send(changed(request.submit(it.at('approver').open(), {}), { user: user('T0OTHER'), enterprise }))
    expect(JSON.parse(sent.body)).toMatchObject({ response_action: 'update' })
    expect(sent.body).toMatch(/belongs to T0OTHER/)
    it.slack.workspace.closeView(it.at('approver').open().id)
  })
  test.each<[string, object]>([
    ['a call of another organization', { user: user('T0SISTER'), enterprise: { id: 'E0EVIL' } }],
    ['a sister’s user without the organization', { user: user('T0SISTER'), enterprise: null }],
    ['an app of another organization', { user: user('E0ACME'), team: null, enterprise: { id: 'E0EVIL' }, is_enterprise_install: true }],
  ])('%s is not answered', async (_name, change) => {
    const id = await asked()
    expect([(await press('approver', id, change)).status, await it.stateOf(id)]).toEqual([400, 'pending'])
  })
  test('a payload that lies about the workspace: users.info decides, and the link ends', async () => {
    it.slack.workspace.change('U0AVERY', { team_id: 'T0OTHER', enterprise_user: inGrid('T0OTHER') })
    const id = await asked()
    await press('approver', id, { user: user('T0SISTER'), enterprise })
    expect(await it.stateOf(id)).toBe('pending')
    expect(it.lastSeen('approver', 'C0ACCESS').text).toMatch(/members of other workspaces cannot use Stint/)
    expect((await it.call('GET', '/slack/link', await it.tokenOf('approver'))).json.state).toBe('none')
  })
})
