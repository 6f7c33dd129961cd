/**
 * Is the look-alike like Slack? Slack's own framework is put in Stint's place: every kind of call that the look-alike makes
 * must be verified, parsed and routed by it as Slack's are.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { App, HTTPReceiver, type HTTPReceiverOptions } from '@slack/bolt'
import { personAt } from '@stint/sandbox/slack/person'
import { createWorkspace, members } from '@stint/sandbox/slack/workspace'
import { afterAll, beforeAll, expect, test } from 'vitest'

const SECRET = 'the-signing-secret'
const heard: { kind: string; body: any; payload: any }[] = []
const workspace = createWorkspace(Date.now)
let base = ''
let stop: () => void
const hear =
  (kind: string) =>
  async ({ ack, body, payload }: any) => {
    heard.push({ kind, body, payload })
    await ack(kind === 'options' ? { options: [] } : undefined)
  }

beforeAll(async () => {
  const receiver = new HTTPReceiver({ signingSecret: SECRET, endpoints: ['/slack/commands', '/slack/interactions'] } as HTTPReceiverOptions)
  // Its own server listens on every address; this one on loopback.
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: 'xoxb-x', botId: 'B0STINT', botUserId: 'U0STINT' }),
    logLevel: 'error' as never,
  })
  app.command('/stint', hear('command'))
  app.shortcut('ask', hear('shortcut'))
  app.action('approve', hear('action'))
  app.action('profile', hear('choice'))
  app.view('ask', hear('view'))
  app.options('profile', hear('options'))
  const server = createServer((request, response) => receiver.requestListener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  stop = () => {
    server.close()
    server.closeAllConnections()
  }
})
afterAll(() => stop())

const person = (secret = SECRET) =>
  personAt({ workspace, broker: base, slack: 'https://hooks.slack.com', signingSecret: secret, clock: Date.now }, members.developer)
const blocks = (text: string) => [
  { type: 'section' as const, text: { type: 'plain_text' as const, text } },
  {
    type: 'actions' as const,
    block_id: 'acts',
    elements: [{ type: 'button' as const, action_id: 'approve', value: 'req_1', text: { type: 'plain_text' as const, text: 'Approve' } }],
  },
]
const view = {
  type: 'modal' as const,
  callback_id: 'ask',
  private_metadata: 'meta',
  title: { type: 'plain_text' as const, text: 'Ask' },
  blocks: [
    {
      type: 'input' as const,
      block_id: 'profile',
      dispatch_action: true,
      label: { type: 'plain_text' as const, text: 'Profile' },
      element: { type: 'external_select' as const, action_id: 'profile', min_query_length: 0 },
    },
    {
      type: 'input' as const,
      block_id: 'justification',
      label: { type: 'plain_text' as const, text: 'Why' },
      element: { type: 'plain_text_input' as const, action_id: 'text' },
    },
  ],
}

test('a command, with its text, trigger and response_url', async () => {
  expect((await person().send(person().request.command('link 123'))).status).toBe(200)
  expect(heard.at(-1)).toMatchObject({
    kind: 'command',
    payload: { command: '/stint', text: 'link 123', user_id: 'U0DANA', team_id: 'T0ACME', api_app_id: 'A0STINT' },
  })
  expect(heard.at(-1)?.payload).toMatchObject({
    trigger_id: expect.any(String),
    response_url: expect.stringMatching(/^https:\/\/hooks\.slack\.com\//),
  })
})
test('a shortcut', async () => {
  await person().shortcut()
  expect(heard.at(-1)).toMatchObject({ kind: 'shortcut', payload: { callback_id: 'ask', user: { id: 'U0DANA', team_id: 'T0ACME' } } })
})
test('a button', async () => {
  const posted = workspace.call(
    'chat.postMessage',
    new Map([
      ['channel', 'C0ACCESS'],
      ['text', 'x'],
      ['blocks', JSON.stringify(blocks('x'))],
    ]),
  )
  const message = workspace.messages.find(({ ts }) => ts === posted.ts)
  if (!message) throw new Error('not posted')
  await person().press(message, 'approve')
  expect(heard.at(-1)).toMatchObject({
    kind: 'action',
    payload: { action_id: 'approve', value: 'req_1', block_id: 'acts' },
    body: { channel: { id: 'C0ACCESS' }, message: { ts: posted.ts } },
  })
})
test('a modal: a choice, a search, what was filled in', async () => {
  const trigger = workspace.newTrigger('U0DANA')
  expect(
    workspace.call(
      'views.open',
      new Map([
        ['trigger_id', trigger],
        ['view', JSON.stringify(view)],
      ]),
    ),
  ).toMatchObject({ ok: true })
  await person().choose('profile', 'night')
  expect(heard.at(-1)).toMatchObject({
    kind: 'choice',
    payload: { selected_option: { value: 'night' } },
    body: { view: { callback_id: 'ask' } },
  })
  expect(await person().suggest('profile', 'ni')).toEqual([])
  expect(heard.at(-1)).toMatchObject({ kind: 'options', payload: { value: 'ni', action_id: 'profile' } })
  await person().submit({ profile: 'night', justification: 'because' })
  expect(heard.at(-1)).toMatchObject({
    kind: 'view',
    payload: {
      private_metadata: 'meta',
      state: {
        values: {
          profile: { profile: { type: 'external_select', selected_option: { value: 'night' } } },
          justification: { text: { type: 'plain_text_input', value: 'because' } },
        },
      },
    },
  })
})
test('and nothing that is signed otherwise', async () => {
  const before = heard.length
  expect((await person('another').send(person('another').request.command('x'))).status).toBe(401)
  expect(heard).toHaveLength(before)
})
