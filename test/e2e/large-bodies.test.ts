/**
 * Bodies that are larger than what a route takes: refused by what the client says of their length, before a byte of them is
 * sent; and, where it says nothing, as soon as too much has come, while the client still sends.
 */
import { type ClientRequest, request } from 'node:http'
import { MAX_BODY_BYTES } from '@stint/broker/http/message'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
beforeAll(async () => {
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

const id = `req_${'0'.repeat(26)}`
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
type Row = readonly [path: string, type: string, base: keyof TestSandbox['urls']]
const routes: readonly Row[] = [
  ['/sessions', json, 'broker'],
  ['/token', form, 'broker'],
  ['/requests', json, 'broker'],
  ...['approve', 'deny', 'cancel', 'revoke', 'review'].map((act): Row => [`/requests/${id}/${act}`, json, 'broker']),
  ['/freezes', json, 'broker'],
  ['/slack/link', json, 'broker'],
  ['/slack/link/confirm', json, 'broker'],
  [`/decide/${id}`, form, 'broker'],
  ['/link', form, 'broker'],
  ['/slack/commands', form, 'broker'],
  ['/slack/interactions', form, 'broker'],
  // What stands in front of the sandbox's own AWS and Slack.
  ['/', 'application/x-amz-json-1.0', 'aws'],
  ['/api/chat.postMessage', form, 'slack'],
  ['/response/x', json, 'slack'],
]

type Answer = { readonly status: number; readonly text: string }
/** The answer to a request that is never ended. */
async function answerTo(base: string, path: string, headers: Record<string, string>, send: (sent: ClientRequest) => void): Promise<Answer> {
  const url = new URL(path, base)
  const sent = request(url, { method: 'POST', headers })
  try {
    return await new Promise<Answer>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', (response) => {
        let text = ''
        response.on('data', (part: Buffer) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      })
      sent.flushHeaders()
      send(sent)
    })
  } finally {
    sent.destroy()
  }
}

describe.each(routes)('POST %s', (path, type, base) => {
  test('is refused by the length that it names', async () => {
    const answer = await answerTo(sandbox.urls[base], path, { 'content-type': type, 'content-length': '200000000' }, () => {})
    expect(answer.status).toBe(413)
    if (base === 'broker') expect(answer.text).toContain('body-too-large')
  })

  test('is refused while it is still being sent', async () => {
    const answer = await answerTo(sandbox.urls[base], path, { 'content-type': type }, (sent) => {
      const part = Buffer.alloc(64 * 1024, 0x20)
      for (let times = 0; times < (base === 'broker' ? 9 : 260); times++) sent.write(part)
    })
    expect(answer.status).toBe(413)
    if (base === 'broker') expect(answer.text).toContain('body-too-large')
  })
})

test('a body of exactly the limit is read', async () => {
  const token = await sandbox.token('developer')
  const body = (size: number) => `{"profile":"nothing"${' '.repeat(size - 21)}}`
  const answer = await sandbox.vend(token, body(MAX_BODY_BYTES))
  expect([answer.status, answer.json.code]).toEqual([404, 'profile-unknown'])
  expect((await sandbox.vend(token, body(MAX_BODY_BYTES + 1))).status).toBe(413)
})
