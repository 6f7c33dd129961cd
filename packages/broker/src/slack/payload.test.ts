/** What is understood of what Slack sends, and what is not: rows as Slack documents them, then each with one thing odd. */
import { describe, expect, test } from 'vitest'
import { parseSlack } from './payload.ts'

const pinned = { team: 'T0001', app: 'A0001', responseHost: 'hooks.slack.com' }
const form = (members: Record<string, string>) => Buffer.from(new URLSearchParams(members).toString())
const told = (body: Uint8Array) => {
  const parsed = parseSlack(body, pinned)
  return parsed.outcome === 'done' ? parsed.value.kind : parsed.why
}

const command = {
  token: 'deprecated',
  team_id: 'T0001',
  team_domain: 'acme',
  channel_id: 'C0001',
  channel_name: 'ops',
  user_id: 'U0001',
  user_name: 'dana',
  command: '/stint',
  text: ' help ',
  api_app_id: 'A0001',
  is_enterprise_install: 'false',
  response_url: 'https://hooks.slack.com/commands/T0001/1/x',
  trigger_id: '13345224609.738474920.8088930838d88f008e0',
}
const origin = { team: { id: 'T0001', domain: 'acme' }, api_app_id: 'A0001', user: { id: 'U0001', team_id: 'T0001', username: 'dana' } }
const view = {
  id: 'V0001',
  type: 'modal',
  callback_id: 'ask',
  private_metadata: '{"profile":"logs-read"}',
  hash: '156772938.1827394',
  state: {
    values: {
      justification: { text: { type: 'plain_text_input', value: 'INC-4711' } },
      profile: { choice: { type: 'static_select', selected_option: { text: { type: 'plain_text', text: 'Logs' }, value: 'logs-read' } } },
      ticket: { text: { type: 'plain_text_input', value: null } },
    },
  },
}
const actions = {
  type: 'block_actions',
  ...origin,
  trigger_id: '12466734323.1395872398',
  response_url: 'https://hooks.slack.com/actions/T0001/1/x',
  container: { type: 'message', message_ts: '1548261231.000200', channel_id: 'C0001' },
  actions: [{ action_id: 'approve', block_id: 'decide', type: 'button', value: 'req_x', action_ts: '1548426417.840180' }],
}
const submission = { type: 'view_submission', ...origin, view }
const payload = (value: unknown) => form({ payload: JSON.stringify(value) })

test('a command', () => {
  expect(parseSlack(form(command), pinned)).toEqual({
    outcome: 'done',
    value: {
      kind: 'command',
      team: 'T0001',
      app: 'A0001',
      user: 'U0001',
      text: 'help',
      trigger: command.trigger_id,
      responseUrl: command.response_url,
    },
  })
})
test('a button', () => {
  expect(parseSlack(payload(actions), pinned)).toMatchObject({
    value: { kind: 'action', action: 'approve', value: 'req_x', user: 'U0001', responseUrl: actions.response_url },
  })
})
test('a modal that was sent', () => {
  const parsed = parseSlack(payload(submission), pinned)
  expect(parsed).toMatchObject({ value: { kind: 'submission', view: { callback: 'ask', metadata: view.private_metadata } } })
  const values = parsed.outcome === 'done' && parsed.value.kind === 'submission' ? parsed.value.view.values : new Map()
  expect([...values]).toEqual([
    ['justification', 'INC-4711'],
    ['profile', 'logs-read'],
  ])
})
test('a choice within a modal', () => {
  const chosen = { ...actions, response_url: undefined, view, actions: [{ action_id: 'profile', selected_option: { value: 'logs-read' } }] }
  expect(parseSlack(payload(chosen), pinned)).toMatchObject({ value: { kind: 'action', value: 'logs-read', view: { id: 'V0001' } } })
})
test.each([
  ['ssl_check', form({ ssl_check: '1', token: 'x' }), 'probe'],
  ['a shortcut', payload({ type: 'shortcut', ...origin, callback_id: 'ask', trigger_id: '1.2' }), 'shortcut'],
  ['a search in a select', payload({ type: 'block_suggestion', ...origin, action_id: 'profile', value: 'log' }), 'suggestion'],
  ['a modal that was closed', payload({ type: 'view_closed', ...origin, view }), 'closed'],
])('%s', (_name, body, kind) => expect(told(body)).toBe(kind))

describe('what is not understood', () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['nothing', Buffer.from(''), 'missing or invalid'],
    ['another workspace', form({ ...command, team_id: 'T0002' }), 'another workspace'],
    ['another app', form({ ...command, api_app_id: 'A0002' }), 'another app'],
    ['a workspace in other case', form({ ...command, team_id: 't0001' }), 'missing or invalid'],
    ['a whole enterprise', form({ ...command, is_enterprise_install: 'true' }), 'installed for another organization'],
    ['no user', form({ ...command, user_id: '' }), 'missing or invalid'],
    ['a bot as a user', form({ ...command, user_id: 'B0001' }), 'missing or invalid'],
    ['a user with a path', form({ ...command, user_id: 'U1/../U2' }), 'missing or invalid'],
    [
      'a response_url elsewhere',
      form({ ...command, response_url: 'https://hooks.slack.com.evil.example/x' }),
      'response_url on another host',
    ],
    [
      'a response_url with a user',
      form({ ...command, response_url: 'https://hooks.slack.com@evil.example/x' }),
      'response_url on another host',
    ],
    ['a response_url over http', form({ ...command, response_url: 'http://hooks.slack.com/x' }), 'response_url on another host'],
    ['a response_url inside', form({ ...command, response_url: 'https://169.254.169.254/latest' }), 'response_url on another host'],
    ['a response_url that is a file', form({ ...command, response_url: 'file:///etc/passwd' }), 'response_url on another host'],
    ['no trigger', form({ ...command, trigger_id: '' }), 'missing or invalid'],
    ['a trigger with markup', form({ ...command, trigger_id: '<x>' }), 'missing or invalid'],
    ['a text beyond Slack', form({ ...command, text: 'x'.repeat(4001) }), 'missing or invalid'],
    ['a member twice', Buffer.from(`${form(command)}&user_id=U0002`), 'twice'],
    ['two payloads', Buffer.from(`${payload(actions)}&${payload(submission)}`), 'twice'],
    ['bytes that are no UTF-8', Buffer.from(`${form(command)}&x=%ff`), 'not UTF-8'],
    ['a payload that is no JSON', form({ payload: '{' }), 'missing or invalid'],
    ['a payload that is a list', form({ payload: '[]' }), 'missing or invalid'],
    [
      'a duplicate in the payload',
      form({ payload: JSON.stringify(actions).replace('"api_app_id"', '"api_app_id":"A0002","api_app_id"') }),
      'missing or invalid',
    ],
    ['__proto__ in the payload', form({ payload: JSON.stringify(actions).replace('{', '{"__proto__":{},') }), 'missing or invalid'],
    ['no team', payload({ ...actions, team: null }), 'another workspace'],
    ['a team that is a text', payload({ ...actions, team: 'T0001' }), 'missing or invalid'],
    ['another team', payload({ ...actions, team: { id: 'T0002' }, user: { id: 'U0001' } }), 'another workspace'],
    ['another app’s button', payload({ ...actions, api_app_id: 'A0002' }), 'another app'],
    ['an enterprise’s payload', payload({ ...actions, is_enterprise_install: true }), 'installed for another organization'],
    ['no action', payload({ ...actions, actions: [] }), 'missing or invalid'],
    ['two actions at once', payload({ ...actions, actions: [...actions.actions, ...actions.actions] }), 'missing or invalid'],
    ['an action without a name', payload({ ...actions, actions: [{ value: 'x' }] }), 'missing or invalid'],
    ['an action whose name is a list', payload({ ...actions, actions: [{ action_id: ['approve'] }] }), 'missing or invalid'],
    ['a button that answers elsewhere', payload({ ...actions, response_url: 'https://evil.example' }), 'response_url on another host'],
    ['a submission without a view', payload({ ...submission, view: undefined }), 'missing or invalid'],
    ['a view without a callback', payload({ ...submission, view: { ...view, callback_id: undefined } }), 'missing or invalid'],
    [
      'a view with too much metadata',
      payload({ ...submission, view: { ...view, private_metadata: 'x'.repeat(3001) } }),
      'missing or invalid',
    ],
    ['a message action', payload({ type: 'message_action', ...origin, trigger_id: '1.2' }), 'missing or invalid'],
    ['a workflow step', payload({ type: 'workflow_step_edit', ...origin }), 'missing or invalid'],
    ['no type', payload({ ...origin }), 'missing or invalid'],
    ['a type that is inherited', payload({ ...origin, type: 'constructor' }), 'missing or invalid'],
  ]
  test.each(cases)('%s', (_name, body, why) => expect(told(body)).toContain(why))
})

test('values that are too long, or no texts, are no values', () => {
  const values = {
    a: { x: { value: 'x'.repeat(3001) } },
    b: { x: { value: 7 } },
    c: { x: { selected_option: null, value: 'kept' } },
    d: {},
    e: 'text',
  }
  const parsed = parseSlack(payload({ ...submission, view: { ...view, state: { values } } }), pinned)
  expect(parsed.outcome === 'done' && parsed.value.kind === 'submission' ? [...parsed.value.view.values] : undefined).toEqual([
    ['c', 'kept'],
  ])
})

test('an integer that a double does not hold does not stop a payload from being read', () => {
  const text = JSON.stringify({ ...submission, team: { id: 'T0001', count: 0 } }).replace('"count":0', '"count":9007199254740993')
  expect(told(form({ payload: text }))).toBe('submission')
})
