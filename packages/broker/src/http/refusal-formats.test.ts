/** What reads the response is found in the request, and a refusal has the form that this reader understands. */
import { refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import { expect, test } from 'vitest'
import type { VendReply } from './message.ts'
import { problemReply } from './problem-reply.ts'
import { inRefusalFormat, refusalFormat } from './refusal-formats.ts'

const bytes = (text: string) => Buffer.from(text)
const large = 'x'.repeat(20_000)

test.each<[string, string, string, string | undefined]>([
  ['a body', '{"profile":"p","format":"env"}', '', 'env'],
  ['a body for credential_process', '{"format":"process"}', '', 'process'],
  ['a body with white space', '{ "format" :\n"env" }', '', 'env'],
  ['a body that is not JSON', '{"format":"env",', '', 'env'],
  ['a body with a property twice', '{"format":"env","a":1,"a":2}', '', 'env'],
  ['a body that is too large, with its format first', `{"format":"env","justification":"${large}"}`, '', 'env'],
  ['a body that is too large, with its format last', `{"justification":"${large}","format":"env"}`, '', 'env'],
  ['a body with invalid UTF-8', `{"format":"env","a":"\xFF`, '', 'env'],
  ['a query', '', 'format=env', 'env'],
  ['a query beside another format', '{"format":"json"}', 'format=env', undefined],
  ['another format', '{"format":"json"}', '', undefined],
  ['a format in a value', '{"justification":"\\"format\\":\\"env\\""}', '', undefined],
  ['a format below the top', '{"parameters":{"format":"env"}}', '', undefined],
  ['a format below the top of what is not valid', '{"profile":"p","__proto__":{"format":"env"}}', '', undefined],
  ['a format in a list of what is not valid', '{"a":["format":"env"', '', undefined],
  ['a format in a value of what is not valid', '{"a":"\\"format\\":\\"env\\"",', '', undefined],
  ['a format behind an object of what is not valid', '{"a":{"b":[1,"]"]},"format":"env",,', '', 'env'],
  ['a string that does not end', '{"format":"env","a":"x', '', 'env'],
  ['many quotes', `{"a":${'"'.repeat(60_000)}`, '', undefined],
  ['nothing', '', '', undefined],
  ['a format of another type', '{"format":["env"]}', '', undefined],
])('%s', (_name, body, query, format) => expect(refusalFormat({ body: bytes(body), query })).toBe(format))

const reply = problemReply(refused('profile-unknown', 'Profile not found, or not visible to you.'), 'f00d')
const env = (found: VendReply) => inRefusalFormat(found, () => 'env')

test('env: the problem as data, the old variables unset, the message on stderr, a status that is not 0', () => {
  expect(env(reply)).toMatchObject({ status: 404, headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' } })
  const [data, unset, print, end, ...rest] = env(reply).body.split('\n')
  expect(data).toBe(`: '${reply.body}'`)
  expect(unset).toMatch(/^unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_/)
  expect(print).toBe(
    "printf '%s\\n' 'stint: Profile not found, or not visible to you.' 'stint: GET /profiles lists the profiles you can see.' 'stint: HTTP 404, code profile-unknown, trace f00d' >&2",
  )
  expect([end, rest]).toEqual(['(exit 1)', ['']])
})

test('process: an AWS SDK shows the version that it does not know', () => {
  const { status, headers, body } = inRefusalFormat(reply, () => 'process')
  expect([status, headers['content-type']]).toEqual([404, 'application/problem+json'])
  expect(JSON.parse(body)).toEqual({
    Version:
      'Profile not found, or not visible to you. GET /profiles lists the profiles you can see. HTTP 404, code profile-unknown, trace f00d',
    ...JSON.parse(reply.body),
  })
})

test('a request that waits: what to send next, and the status of the command line for it', () => {
  const waiting = { requestId: 'req_x', state: 'pending', profile: 'p', expiresAt: '2026-01-01T00:00:00.000Z' }
  const { status, body } = env({ status: 202, headers: { 'content-type': 'application/json' }, body: JSON.stringify(waiting) })
  expect(status).toBe(202)
  expect(body).toContain(
    "'stint: Approval is required. Request req_x is waiting for it until 2026-01-01T00:00:00.000Z.' 'stint: Once it is approved, repeat",
  )
  expect(body).toMatch(/\(exit 8\)\n$/)
})

test.each<[string, VendReply]>([
  ['credentials', { status: 201, headers: { 'content-type': 'text/plain' }, body: 'export A=1' }],
  ['a report of failed checks', { status: 503, headers: { 'content-type': 'application/json' }, body: '{"ledger":"down"}' }],
  ['a page', { status: 404, headers: { 'content-type': 'text/html' }, body: '<p>' }],
  ['a reply without a body', { status: 405, headers: {}, body: '' }],
])('%s stays as it is', (_name, found) => expect(env(found)).toBe(found))
test('without a format nothing changes', () => expect(inRefusalFormat(reply, () => undefined)).toBe(reply))

test('every code has a message of its own', () => {
  const codes = Object.keys(problems) as (keyof typeof problems)[]
  const messages = codes.map((code) => {
    const { body } = env(problemReply({ ...refused('internal', 'Detail.'), code, evidence: {} } as never, 'f00d'))
    expect(body).toContain(`code ${code}, trace f00d`)
    return /'stint: (.*?)'/.exec(body)?.[1]
  })
  expect(messages.filter((message, at) => message === undefined || messages.indexOf(message) !== at)).toEqual([])
})
