/**
 * Ids and filters as a stranger may write them: too long for a key of DynamoDB, of another kind, in another alphabet. Each is
 * unknown or malformed, and never an error of the store: no store is asked for what cannot be there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchange } from '../support/http.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let tokens: Record<string, string>
beforeAll(async () => {
  sandbox = await testSandbox()
  tokens = Object.fromEntries(await Promise.all(['oncall', 'auditor'].map(async (name) => [name, await sandbox.token(name)] as const)))
})
afterAll(() => sandbox.close())

const digest = '0'.repeat(26)
const oddIds = [
  'x',
  'a'.repeat(2045),
  'a'.repeat(3000),
  `frz_${'0'.repeat(2045)}`,
  `req_${'0'.repeat(2045)}`,
  `frz_${'O'.repeat(26)}`,
  `frz_${'u'.repeat(26)}`,
  `FRZ_${digest}`,
  `frz_${digest}0`,
  `frz_${digest} `.replace(' ', '%20'),
  `frz_${digest}%0A`,
  `sys_${'A'.repeat(26)}`,
  `lnk_${'a'.repeat(25)}`,
  '%F0%9F%98%80'.repeat(200),
  '__proto__',
  'constructor',
]

/** DynamoDB and S3 are asked for nothing but what every call asks. */
async function answerTo(method: string, path: string, who: string) {
  const before = sandbox.aws.server.calls.length
  const answer = await exchange(sandbox.urls.broker, { method, path, headers: ['authorization', `Bearer ${tokens[who]}`] })
  const asked = sandbox.aws.server.calls.slice(before).map(({ action }) => action)
  return { status: answer.status, code: (JSON.parse(answer.text) as { code: string }).code, asked }
}

describe('an id that cannot be', () => {
  test.each(oddIds)('%s', async (id) => {
    const rows = [
      ['DELETE', `/freezes/${id}`, 'oncall', 'request-unknown'],
      ['GET', `/audit/events/${id}/0`, 'auditor', 'event-unknown'],
      ['GET', `/audit/events/${id}/0/receipt`, 'auditor', 'event-unknown'],
      ['GET', `/requests/${id}`, 'auditor', 'request-unknown'],
      ['GET', `/sessions/${id}`, 'auditor', 'session-unknown'],
      ['GET', `/sessions/${id}/receipt`, 'auditor', 'session-unknown'],
      ['GET', `/profiles/${id}`, 'auditor', 'profile-unknown'],
    ] as const
    for (const [method, path, who, code] of rows) {
      const { asked, ...answer } = await answerTo(method, path, who)
      expect([path, answer]).toEqual([path, { status: 404, code }])
      // A refusal of a DELETE is recorded; a GET leaves nothing.
      expect([path, asked.filter((action) => !['UpdateItem', 'PutItem'].includes(action))]).toEqual([path, []])
    }
  })

  test.each(['-1', '01', '1e3', '100000', '9'.repeat(3000), '0x1', '%20', 'NaN'])('the place %s in a journal', async (seq) => {
    for (const tail of ['', '/receipt'])
      expect(await answerTo('GET', `/audit/events/req_${digest}/${seq}${tail}`, 'auditor')).toEqual({
        status: 404,
        code: 'event-unknown',
        asked: [],
      })
  })
})

describe('a filter of the audit log that cannot be', () => {
  const long = 'a'.repeat(2045)
  test.each([
    [`accessKeyId=${long}`],
    ['accessKeyId=ASIA%20EXAMPLE'],
    ['accessKeyId=x'],
    [`profile=${long}`],
    ['profile='],
    [`target=${long}`],
    ['target=Not%20An%20Id'],
    [`issuer=people&subject=${long}aaaa`],
    ['issuer=people&subject='],
    ['issuer=people&subject=%0A'],
    [`issuer=${long}&subject=x`],
    [`outcome=${long}`],
    ['outcome=constructor'],
    ['outcome=__proto__'],
    [`session=${long}`],
    [`cursor=${long}`],
    [`since=${long}`],
    [`limit=${'1'.repeat(2045)}`],
    ['profile=a&profile=b'],
    ['limit=1&limit=2'],
    ['__proto__=x'],
  ])('%s', async (query) => {
    expect(await answerTo('GET', `/audit/events?${query}`, 'auditor')).toEqual({ status: 400, code: 'body-invalid', asked: [] })
  })

  test.each(['/requests', '/sessions'])('%s with a parameter twice', async (path) => {
    expect(await answerTo('GET', `${path}?limit=1&limit=2`, 'auditor')).toEqual({ status: 400, code: 'body-invalid', asked: [] })
  })
})

describe('an Idempotency-Key that is not one', () => {
  const post = (path: string, keys: readonly string[]) =>
    exchange(sandbox.urls.broker, {
      method: 'POST',
      path,
      headers: [
        'content-type',
        'application/json',
        'authorization',
        `Bearer ${tokens.oncall}`,
        ...keys.flatMap((key) => ['idempotency-key', key]),
      ],
      body: '{"profile":"nothing"}',
    }).then(({ status, text }) => [status, (JSON.parse(text) as { code: string }).code])
  test.each([
    [['"a"', '"b"']],
    [['"a", "b"']],
    [['a', 'a']],
    [[`"${'a'.repeat(129)}"`]],
    [['a'.repeat(129)]],
    [['"a']],
    [['a"b']],
    [['""']],
    [['a b']],
    [['"a\\x"']],
  ])('%j', async (keys) => {
    for (const path of ['/sessions', '/requests']) expect([path, await post(path, keys)]).toEqual([path, [400, 'body-invalid']])
  })
  test.each([[['"a b"']], [['a-b.c:1']], [['"a\\"b\\\\"']]])('%j is one', async (keys) => {
    for (const path of ['/sessions', '/requests']) expect([path, await post(path, keys)]).toEqual([path, [404, 'profile-unknown']])
  })
})
