/** A fault table: every call of the Web API against every way in which Slack, or the network, may answer. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { plain } from '../slack/text.ts'
import { type SlackApi, slackApi } from './slack.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown
let answer: Answer
let asked: { path: string; body: URLSearchParams; authorization: string | undefined }[]
const server = createServer(async (request, response) => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  asked.push({
    path: request.url ?? '',
    body: new URLSearchParams(Buffer.concat(parts).toString()),
    authorization: request.headers.authorization,
  })
  answer(response, request)
})
let api: SlackApi
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  api = slackApi({ token: 'xoxb-secret', fetch, timeoutMs: 300, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/` })
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  asked = []
})

const json =
  (body: object, status = 200, headers = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
const message = { text: 'x', blocks: [{ type: 'section' as const, text: plain('x') }] }
const view = { type: 'modal' as const, title: plain('x'), blocks: message.blocks }

/** What Slack says of a member. */
const flags = { deleted: false, is_bot: false, is_restricted: false, is_ultra_restricted: false }

const calls: readonly (readonly [string, string, () => Promise<{ outcome: string }>, object, unknown])[] = [
  ['post', 'chat.postMessage', () => api.post('C1', message, { ts: '1.1' }), { channel: 'C1', ts: '1.2' }, { channel: 'C1', ts: '1.2' }],
  [
    'update',
    'chat.update',
    () => api.update({ channel: 'C1', ts: '1.2' }, message),
    { channel: 'C1', ts: '1.2' },
    { channel: 'C1', ts: '1.2' },
  ],
  ['openDirect', 'conversations.open', () => api.openDirect('U1'), { channel: { id: 'D1' } }, 'D1'],
  ['openView', 'views.open', () => api.openView('t.1', view), { view: { id: 'V1' } }, 'V1'],
  ['updateView', 'views.update', () => api.updateView('V1', 'h', view), { view: { id: 'V1' } }, 'V1'],
  [
    'user',
    'users.info',
    () => api.user('U1'),
    { user: { ...flags, id: 'U1', team_id: 'T1', real_name: 'Una', profile: {} } },
    { id: 'U1', team: 'T1', name: 'Una', member: true },
  ],
  [
    'userByEmail',
    'users.lookupByEmail',
    () => api.userByEmail('a@b'),
    { user: { ...flags, id: 'U1', team_id: 'T1', name: 'una', profile: { email: 'a@b' } } },
    { id: 'U1', team: 'T1', name: 'una', email: 'a@b', member: true },
  ],
]
const cut: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '99' }).write('{"ok"')
  setTimeout(() => response.destroy(), 20)
}

describe.each(calls)('%s', (_name, method, call, good, value) => {
  test('done', async () => {
    answer = json({ ok: true, ...good })
    expect(await call()).toEqual({ outcome: 'done', value })
    expect(asked.map(({ path, authorization }) => [path, authorization])).toEqual([[`/api/${method}`, 'Bearer xoxb-secret']])
  })
  test.each<[string, Answer, object]>([
    ['refuses', json({ ok: false, error: 'channel_not_found' }), { outcome: 'refused', error: 'channel_not_found' }],
    ['a trigger that has expired', json({ ok: false, error: 'expired_trigger_id' }), { outcome: 'refused', error: 'expired_trigger_id' }],
    ['a token that was revoked', json({ ok: false, error: 'token_revoked' }), { outcome: 'refused', error: 'token_revoked' }],
    ['wants us later', json({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': '7' }), { outcome: 'later', seconds: 7 }],
    ['wants us much later', json({}, 429, { 'retry-after': '86400' }), { outcome: 'later', seconds: 300 }],
    ['later, in another shape', json({ ok: false, error: 'ratelimited' }), { outcome: 'later', seconds: 30 }],
    ['its own trouble', json({ ok: false, error: 'internal_error' }), { outcome: 'unknown' }],
    ['trouble before it', json({}, 503), { outcome: 'unknown' }],
    ['a page in its place', (response) => response.writeHead(200).end('<html>'), { outcome: 'unknown' }],
    ['none of the requested data', json({ ok: true }), { outcome: 'unknown' }],
    ['no answer in time', () => {}, { outcome: 'unknown' }],
    ['hangs up', (response) => response.destroy(), { outcome: 'unknown' }],
    ['hangs up in the middle', cut, { outcome: 'unknown' }],
  ])('%s', async (_row, how, expected) => {
    answer = how
    const told = await call()
    expect(told).toMatchObject(expected)
    expect(JSON.stringify(told)).not.toContain('xoxb')
    expect(asked).toHaveLength(1) // and is not asked again
  })
})

test('no user', async () => {
  const nobody = slackApi({ token: 'xoxb-secret', fetch, timeoutMs: 300, url: 'http://127.0.0.1:9/api/' })
  expect(await nobody.openDirect('U1')).toMatchObject({ outcome: 'unknown' })
})

test('a message turns off links, previews and mentions', async () => {
  answer = json({ ok: true, channel: 'C1', ts: '1.2' })
  await api.post('C1', message)
  const { body } = asked[0] as (typeof asked)[0]
  expect(Object.fromEntries(body)).toMatchObject({ channel: 'C1', text: 'x', unfurl_links: 'false', unfurl_media: 'false' })
  expect(body.has('link_names')).toBe(false)
  expect(JSON.parse(body.get('blocks') ?? '')).toEqual(message.blocks)
})

test('one with a colour goes as an attachment, posted and updated alike', async () => {
  answer = json({ ok: true, channel: 'C1', ts: '1.2' })
  await api.post('C1', { ...message, color: '#b00020' })
  await api.update({ channel: 'C1', ts: '1.2' }, { ...message, color: '#b00020' })
  for (const { body } of asked) {
    expect(JSON.parse(body.get('attachments') ?? '')).toEqual([{ color: '#b00020', fallback: 'x', blocks: message.blocks }])
    expect([body.get('text'), body.has('blocks')]).toEqual(['x', false])
  }
})

test.each<[string, object, boolean]>([
  ['a member', {}, true],
  ['a bot', { is_bot: true }, false],
  ['a deleted user', { deleted: true }, false],
  ['a guest of many channels', { is_restricted: true }, false],
  ['a guest of one channel', { is_ultra_restricted: true }, false],
  ['a user of another workspace', { is_stranger: true }, false],
  ['Slackbot', { id: 'USLACKBOT' }, false],
  ['a user without a deleted flag', { deleted: undefined }, false],
  ['a user without a guest flag', { is_restricted: undefined }, false],
  ['a user with a string as bot flag', { is_bot: 'false' }, false],
  ['a user with a number as deleted flag', { deleted: 0 }, false],
  ['a guest of nothing', { is_ultra_restricted: null }, false],
])('%s', async (_name, change, member) => {
  const user = { ...flags, id: 'U1', team_id: 'T1', profile: { email: 'dana@acme.example' }, ...change }
  answer = json({ ok: true, user })
  expect(await api.user(user.id)).toMatchObject({ value: { member, email: 'dana@acme.example' } })
})

test.each<[string, unknown, object | undefined]>([
  ['no organization', undefined, {}],
  ['null', null, {}],
  ['an organization', { id: 'U1', enterprise_id: 'E0ACME', teams: ['T1', 'T2'] }, { enterprise: 'E0ACME', teams: ['T1', 'T2'] }],
  ['an organization without workspaces', { enterprise_id: 'E0ACME' }, { enterprise: 'E0ACME', teams: [] }],
  ['an organization that is not an ID', { enterprise_id: 'T0ACME', teams: [] }, undefined],
  ['no ID of the organization', { teams: ['T1'] }, undefined],
  ['workspaces that are not a list', { enterprise_id: 'E0ACME', teams: 'T1' }, undefined],
  ['a workspace that is not an ID', { enterprise_id: 'E0ACME', teams: ['T1', 7] }, undefined],
])('a user of Enterprise Grid: %s', async (_name, enterprise, expected) => {
  answer = json({ ok: true, user: { ...flags, id: 'U1', team_id: 'T1', profile: {}, enterprise_user: enterprise } })
  const found = await api.user('U1')
  if (expected) expect(found).toMatchObject({ outcome: 'done', value: { id: 'U1', team: 'T1', ...expected } })
  else expect(found.outcome).toBe('unknown')
})

describe('what each answer must show', () => {
  const kind = { ...view, callback_id: 'ask' }
  const posted = { ok: true, channel: 'C1', ts: '1.2' }
  const opened = { ok: true, view: { id: 'V1', callback_id: 'ask' } }
  const una = { ...flags, id: 'U1', team_id: 'T1', profile: { email: 'Una@Acme.example' } }
  const rows: readonly (readonly [string, () => Promise<{ outcome: string }>, object, readonly (readonly [string, object | string])[]])[] =
    [
      [
        'post',
        () => api.post('C1', message),
        posted,
        [
          ['another channel', { ...posted, channel: 'C2' }],
          ['no channel', { ...posted, channel: undefined }],
          ['a channel in a list', { ...posted, channel: ['C1'] }],
          ['a number for ts', { ...posted, ts: 1.2 }],
          ['a ts without a fraction', { ...posted, ts: '1' }],
          ['a ts that is none', { ...posted, ts: 'x.y' }],
          ['a ts that is null', { ...posted, ts: null }],
        ],
      ],
      ['post to a user', () => api.post('U1', message), { ...posted, channel: 'D1' }, [['a channel of others', posted]]],
      [
        'update',
        () => api.update({ channel: 'C1', ts: '1.2' }, message),
        posted,
        [
          ['another channel', { ...posted, channel: 'C2' }],
          ['another message', { ...posted, ts: '1.3' }],
          ['a number for ts', { ...posted, ts: 1.2 }],
        ],
      ],
      [
        'openDirect',
        () => api.openDirect('U1'),
        { ok: true, channel: { id: 'D1' } },
        [
          ['a public channel', { ok: true, channel: { id: 'C1' } }],
          ['the user', { ok: true, channel: { id: 'U1' } }],
          ['a number', { ok: true, channel: { id: 7 } }],
          ['a channel that is null', { ok: true, channel: null }],
          ['a channel without its object', { ok: true, channel: 'D1' }],
        ],
      ],
      [
        'openView',
        () => api.openView('t.1', kind),
        opened,
        [
          ['another view', { ok: true, view: { id: 'V1', callback_id: 'details' } }],
          ['a view of no kind', { ok: true, view: { id: 'V1' } }],
          ['an id that is none', { ok: true, view: { id: 'X1', callback_id: 'ask' } }],
          ['a number', { ok: true, view: { id: 1, callback_id: 'ask' } }],
        ],
      ],
      [
        'updateView',
        () => api.updateView('V1', 'h', kind),
        opened,
        [
          ['another id', { ok: true, view: { id: 'V2', callback_id: 'ask' } }],
          ['another view', { ok: true, view: { id: 'V1', callback_id: 'details' } }],
        ],
      ],
      [
        'user',
        () => api.user('U1'),
        { ok: true, user: una },
        [
          ['another user', { ok: true, user: { ...una, id: 'U2' } }],
          ['no team', { ok: true, user: { ...una, team_id: undefined } }],
          ['a team that is none', { ok: true, user: { ...una, team_id: 'acme' } }],
          ['no profile', { ok: true, user: { ...una, profile: undefined } }],
          ['an address in a list', { ok: true, user: { ...una, profile: { email: ['una@acme.example'] } } }],
        ],
      ],
      [
        'userByEmail',
        () => api.userByEmail('una@acme.EXAMPLE'),
        { ok: true, user: una },
        [
          ['a user with another address', { ok: true, user: { ...una, profile: { email: 'sam@acme.example' } } }],
          ['a user without an address', { ok: true, user: { ...una, profile: {} } }],
          ['a number for the user', { ok: true, user: { ...una, id: 1 } }],
        ],
      ],
    ]
  describe.each(rows)('%s', (_name, call, honest, lies) => {
    test('believes an honest answer', async () => {
      answer = json(honest)
      expect(await call()).toMatchObject({ outcome: 'done' })
    })
    test.each<readonly [string, object | string]>([
      ...lies,
      ['ok in words', { ...honest, ok: 'true' }],
      ['ok in a number', { ...honest, ok: 1 }],
      ['no ok', { ...honest, ok: undefined }],
      ['every property null', { ok: true, ...Object.fromEntries(Object.keys(honest).map((name) => [name, name === 'ok' ? true : null])) }],
      ['a page', '<html>ok</html>'],
      ['a word that looks like an error', 'bad_gateway'],
      ['an error that is none', { ok: false, error: { code: 'channel_not_found' } }],
      ['a list', '[]'],
      ['null', 'null'],
      ['half of it', JSON.stringify(honest).slice(0, -3)],
      ['more than it can have', { ...honest, more: 'x'.repeat(1024 * 1024) }],
    ])('does not believe an answer with %s', async (_what, lie) => {
      answer = (response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(typeof lie === 'string' ? lie : JSON.stringify(lie))
      expect(await call()).toMatchObject({ outcome: 'unknown' })
      expect(asked).toHaveLength(1)
    })
  })

  test('a response of 50 MB is read up to the limit, and the rest is never sent', async () => {
    let sent = 0
    let closed: Promise<void> | undefined
    answer = (response) => {
      closed = new Promise((resolve) => response.once('close', () => resolve()))
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        while (sent < 50 * 1024 * 1024 && !response.destroyed) {
          sent += 65_536
          if (!response.write('x'.repeat(65_536))) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    }
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`
    const patient = slackApi({ token: 'xoxb-secret', fetch, timeoutMs: 30_000, url })
    expect(await patient.post('C1', message)).toMatchObject({ outcome: 'unknown', cause: expect.stringContaining('larger than') })
    await closed
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })
  test('a fetch that heeds no signal is not waited for', async () => {
    const deaf = slackApi({ token: 'xoxb-secret', fetch: () => new Promise(() => {}), timeoutMs: 50 })
    expect(await deaf.openDirect('U1')).toMatchObject({ outcome: 'unknown' })
  })
})
