import { createHmac } from 'node:crypto'
import { parseSlack, type SlackCall } from '@stint/broker/slack/payload'
import { verifySlack } from '@stint/broker/slack/signature'
import { must, type Target } from '../engine.ts'

const NOW = 1_800_000_000_000
const STAMP = String(NOW / 1000)
const SECRET = 'a'.repeat(32)
const pinned = { app: 'A0STINT01', responseHost: 'hooks.slack.com', team: 'T0ACMEHQ1' }
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const user = { id: 'U0DANA001', team_id: 'T0ACMEHQ1' }
const base = { api_app_id: 'A0STINT01', user, team: { id: 'T0ACMEHQ1' }, trigger_id: '1.2.a' }
const view = {
  id: 'V1',
  hash: '1.a',
  callback_id: 'ask',
  private_metadata: '{}',
  state: { values: { b: { a: { type: 'plain_text_input', value: 'x' } } } },
}
const payloads = [
  {
    ...base,
    type: 'block_actions',
    actions: [{ action_id: 'approve', block_id: 'b', type: 'button', value: 'req_1' }],
    response_url: 'https://hooks.slack.com/a',
  },
  { ...base, type: 'view_submission', view },
  { ...base, type: 'view_closed', view },
  { ...base, type: 'shortcut', callback_id: 'ask' },
  { ...base, type: 'block_suggestion', action_id: 'profile', value: 'x' },
]

/** One reading of a form that shares nothing with the code: RFC-like, pair by pair. */
const fieldsOf = (body: string): readonly string[] =>
  body
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=')[0] as string)

export const slack: Target = {
  name: 'slack',
  oracle:
    'A body that is understood is of the pinned app, names the user, the action and its value that a second reading finds, has no field twice, and answers only to the pinned host over https; only the exact signed bytes have a valid signature.',
  seeds: [
    form({
      team_id: 'T0ACMEHQ1',
      api_app_id: 'A0STINT01',
      user_id: 'U0DANA001',
      trigger_id: '1.2.a',
      response_url: 'https://hooks.slack.com/x',
      text: 'ask x',
      command: '/stint',
    }),
    form({ ssl_check: '1' }),
    ...payloads.map((payload) => form({ payload: JSON.stringify(payload) })),
  ],
  words: [
    '&',
    '=',
    'payload=',
    '%22',
    '%7B',
    '%7D',
    'ssl_check=1',
    'team_id=T0OTHER01',
    '%22team%22%3Anull',
    '%00',
    '%FF',
    'api_app_id',
    'https%3A%2F%2Fevil',
    '@',
    '%5B%5D',
    'true',
  ],
  run(input) {
    const body = Buffer.from(input)
    const read = parseSlack(body, pinned)
    const signature = `v0=${createHmac('sha256', SECRET).update(`v0:${STAMP}:`).update(body).digest('hex')}`
    const check = (bytes: Uint8Array) =>
      verifySlack(
        {
          headers: new Map([
            ['x-slack-request-timestamp', [STAMP]],
            ['x-slack-signature', [signature]],
          ]),
          body: bytes,
        },
        [SECRET],
        NOW,
      ).outcome
    must(check(body) === 'done', 'signed bytes are refused')
    must(check(Buffer.concat([body, Buffer.from('&')])) !== 'done', 'other bytes have the signature')
    if (read.outcome === 'odd') return `odd ${read.why}`
    const call = read.value
    const fields = fieldsOf(body.toString('latin1')).map((name) => {
      try {
        return decodeURIComponent(name.replaceAll('+', ' '))
      } catch {
        return name
      }
    })
    must(new Set(fields).size === fields.length, 'a field appears twice')
    if (call.kind === 'probe') return 'probe'
    must(call.app === 'A0STINT01', 'a call of another app')
    mustSay(call, body.toString('latin1'))
    const url = (call as { responseUrl?: string }).responseUrl
    if (url !== undefined)
      must(
        /^https:\/\/hooks\.slack\.com(?=[/?#]|$)/i.test(
          url
            .replaceAll(/[\t\n\r]/g, '')
            // A URL may begin and end with spaces and control characters (WHATWG URL, basic URL parser).
            .replaceAll(/^[^!-\uFFFF]+|[^!-\uFFFF]+$/g, '')
            .replaceAll('\\', '/')
            .replace(/^https:\/*/i, 'https://')
            .replace(/^(https:\/\/[^/?#]*):(0*443)?(?=[/?#]|$)/i, '$1')
            .replace(/^https:\/\/@/i, 'https://'),
        ),
        'an answer goes to another host',
      )
    return call.kind === 'stranger' ? `stranger ${call.of}` : call.kind
  },
}

/** Who calls, what and with which value, read a second time. */
function mustSay(call: Exclude<SlackCall, { kind: 'probe' }>, body: string): void {
  const fields = new Map(
    body.split('&').map((pair) => {
      const at = pair.indexOf('=')
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
      return [unescape(name.replaceAll('+', ' ')), Buffer.from(unescape(value.replaceAll('+', ' ')), 'latin1').toString('utf8')] as const
    }),
  )
  const payload = fields.has('payload') ? JSON.parse(fields.get('payload') as string) : undefined
  must(call.user === (payload ? payload.user.id : fields.get('user_id')), 'another user')
  const kinds = {
    block_actions: 'action',
    view_submission: 'submission',
    view_closed: 'closed',
    shortcut: 'shortcut',
    block_suggestion: 'suggestion',
  } as const
  const kind = payload ? kinds[payload.type as keyof typeof kinds] : 'command'
  must((call.kind === 'stranger' ? call.of : call.kind) === kind, 'another kind of call')
  if (call.kind === 'command') must(call.text === (fields.get('text') ?? '').trim(), 'another text')
  if (call.kind === 'suggestion') must(call.action === payload.action_id && call.typed === payload.value, 'another suggestion')
  if (call.kind !== 'action') return
  const [action] = payload.actions
  must(call.action === action.action_id, 'another action')
  must(call.value === String(action.selected_option?.value ?? action.value ?? ''), 'another value')
}
