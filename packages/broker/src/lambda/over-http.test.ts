/** A bug and a timeout behind API Gateway are answered with a problem, and say nothing of their cause. */
import { expect, test } from 'vitest'
import { overHttp, type Reply } from './over-http.ts'

const event = {
  rawPath: '/healthz',
  rawQueryString: '',
  headers: {},
  isBase64Encoded: false,
  requestContext: { stage: '$default', http: { method: 'GET', sourceIp: '203.0.113.7' } },
}
async function call(answer: () => Promise<Reply>, remaining: number, more: object = {}) {
  const log: object[] = []
  const runtime = { log: (line: object) => void log.push(line), random: (count: number) => Buffer.alloc(count, 7) }
  const context = { getRemainingTimeInMillis: () => remaining }
  const result = await overHttp(runtime, answer)({ ...event, ...more } as never, context as never)
  return { result, log }
}

test.each<[string, () => Promise<Reply>, number, RegExp]>([
  ['a bug', () => Promise.reject(new TypeError('secret-in-a-bug')), 60_000, /TypeError: secret-in-a-bug/],
  ['a call that takes too long', () => new Promise(() => {}), 301, /took too long/],
])('%s', async (_name, answer, remaining, reason) => {
  const { result, log } = await call(answer, remaining)
  expect(result).toMatchObject({ statusCode: 500, headers: { 'content-type': 'application/problem+json' } })
  expect(JSON.parse(result.body ?? '')).toMatchObject({ code: 'internal', trace: '07'.repeat(16) })
  expect(result.body).not.toContain('secret')
  expect(log).toEqual([{ level: 'error', trace: '07'.repeat(16), error: expect.stringMatching(reason) }])
})

test.each<[string, () => Promise<Reply>, number]>([
  ['a bug', () => Promise.reject(new TypeError('x')), 60_000],
  ['a call that takes too long', () => new Promise(() => {}), 301],
])('%s is shell code for a caller that wanted shell code', async (_name, answer, remaining) => {
  const { result } = await call(answer, remaining, { body: '{"format":"env"}' })
  expect(result).toMatchObject({ statusCode: 500, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  expect(result.body).toMatch(/^: '\{.*\}'\nunset AWS_.*\nprintf .*code internal.* >&2\n\(exit 1\)\n$/)
})

test('a call that cannot be read is not answered in the format of the call before it', async () => {
  const runtime = { log: () => {}, random: (count: number) => Buffer.alloc(count, 7) }
  const handler = overHttp(runtime, () => Promise.reject(new Error('x')))
  const context = { getRemainingTimeInMillis: () => 60_000 } as never
  const typeOf = async (body: object) => (await handler({ ...event, ...body } as never, context)).headers?.['content-type']
  expect(await typeOf({ body: '{"format":"env"}' })).toBe('text/plain; charset=utf-8')
  expect(await typeOf({ requestContext: undefined })).toBe('application/problem+json')
})

test('an answer passes as it is, with its cookies apart', async () => {
  const { result, log } = await call(async () => ({ status: 303, headers: { location: '/x' }, cookies: ['a=b'], body: '' }), 60_000)
  expect([result, log]).toEqual([{ statusCode: 303, headers: { location: '/x' }, cookies: ['a=b'], body: '', isBase64Encoded: false }, []])
})
