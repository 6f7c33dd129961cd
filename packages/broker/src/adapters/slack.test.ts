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
    { user: { id: 'U1', team_id: 'T1', real_name: 'Una', profile: {} } },
    { id: 'U1', team: 'T1', name: 'Una', member: true },
  ],
  [
    'userByEmail',
    'users.lookupByEmail',
    () => api.userByEmail('a@b'),
    { user: { id: 'U1', team_id: 'T1', name: 'una', profile: { email: 'a@b' } } },
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
    ['says no', json({ ok: false, error: 'channel_not_found' }), { outcome: 'refused', error: 'channel_not_found' }],
    ['a trigger that has expired', json({ ok: false, error: 'expired_trigger_id' }), { outcome: 'refused', error: 'expired_trigger_id' }],
    ['a token that was revoked', json({ ok: false, error: 'token_revoked' }), { outcome: 'refused', error: 'token_revoked' }],
    ['wants us later', json({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': '7' }), { outcome: 'later', seconds: 7 }],
    ['wants us much later', json({}, 429, { 'retry-after': '86400' }), { outcome: 'later', seconds: 300 }],
    ['later, in another shape', json({ ok: false, error: 'ratelimited' }), { outcome: 'later', seconds: 30 }],
    ['its own trouble', json({ ok: false, error: 'internal_error' }), { outcome: 'unknown' }],
    ['trouble before it', json({}, 503), { outcome: 'unknown' }],
    ['a page in its place', (response) => response.writeHead(200).end('<html>'), { outcome: 'unknown' }],
    ['nothing of what was asked for', json({ ok: true }), { outcome: 'unknown' }],
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

test('nobody there', async () => {
  const nobody = slackApi({ token: 'xoxb-secret', fetch, timeoutMs: 300, url: 'http://127.0.0.1:9/api/' })
  expect(await nobody.openDirect('U1')).toMatchObject({ outcome: 'unknown' })
})

test('a message asks Slack to make nothing of its words', async () => {
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
  ['somebody who left', { deleted: true }, false],
  ['a guest of many channels', { is_restricted: true }, false],
  ['a guest of one channel', { is_ultra_restricted: true }, false],
  ['somebody of another workspace', { is_stranger: true }, false],
  ['Slackbot', { id: 'USLACKBOT' }, false],
])('%s', async (_name, change, member) => {
  answer = json({ ok: true, user: { id: 'U1', team_id: 'T1', profile: { email: 'dana@acme.example' }, ...change } })
  expect(await api.user('U1')).toMatchObject({ value: { member, email: 'dana@acme.example' } })
})
