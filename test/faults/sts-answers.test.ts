/** An AssumeRole that AWS answered with something else than it was asked: no credential leaves, and the log says so. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokenInvariants, storedRequests } from '../support/checkers.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
/** What becomes of AWS's honest answer. */
let changed: (answer: string) => string = (answer) => answer

beforeAll(async () => {
  sandbox = await testSandbox({
    async intercept(_service, action, next) {
      const answer = await next()
      if (action !== 'AssumeRole') return answer
      const body = changed(String(answer.body))
      const { 'content-length': _length, ...headers } = answer.headers as Record<string, string>
      return { ...answer, headers, body }
    },
  })
})
afterAll(() => sandbox.close())

const element = (name: string, value: string) => (answer: string) => {
  const pattern = new RegExp(`<${name}>[^<]*</${name}>`)
  if (!pattern.test(answer)) throw new Error(`the answer has no ${name}`)
  return answer.replace(pattern, () => `<${name}>${value}</${name}>`)
}
const part = (name: string, from: RegExp, to: string) => (answer: string) => {
  const old = new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer)?.[1] ?? ''
  if (!from.test(old)) throw new Error(`${name} has no ${from}`)
  return element(name, old.replace(from, to))(answer)
}

test.each<[string, (answer: string) => string]>([
  ['an ARN of another account', part('Arn', /::\d{12}:/, '::999988887777:')],
  ['an ARN of another role', part('Arn', /assumed-role\/[^/]+/, 'assumed-role/Admin')],
  ['an ARN of another session', part('Arn', /[^/]+$/, 'somebody-else')],
  ['an ARN of another partition', part('Arn', /^arn:aws:/, 'arn:aws-cn:')],
  ['the role ID of another session', part('AssumedRoleId', /:.*$/, ':somebody-else')],
  ['another source identity', element('SourceIdentity', 'somebody-else')],
  ['an expiration in the past', element('Expiration', '2020-01-01T00:00:00Z')],
  ['an expiration far away', element('Expiration', '2999-01-01T00:00:00Z')],
  ['a long-lived access key', part('AccessKeyId', /^ASIA/, 'AKIA')],
  ['an access key of one space', element('AccessKeyId', ' ')],
  ['a secret with a control character', part('SecretAccessKey', /^.{4}/, 'ab&#10;d')],
])('%s is dropped', async (_lie, lie) => {
  changed = lie
  const answer = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
  expect([answer.status, answer.json.code]).toEqual([502, 'sts-answer-invalid'])
  expect(answer.text).not.toMatch(/SIA[A-Z0-9]{12}|secretAccessKey|sessionToken/)
  const latest = (await storedRequests(sandbox)).sort((a, b) => (a.id < b.id ? 1 : -1))[0]
  expect(latest?.events.map(({ type }) => type)).toEqual(['request.created', 'session.reserved', 'session.answer-dropped'])
  // A session may be alive, so the use is not returned before the reservation is abandoned.
  expect([latest?.usesLeft, latest?.sessions[0]?.state]).toEqual([0, 'reserved'])
  expect(await brokenInvariants(sandbox, [])).toEqual([])
})

test('the honest answer is handed out', async () => {
  changed = (answer) => answer
  const answer = await sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
  expect(answer.status).toBe(201)
  expect(await brokenInvariants(sandbox, [answer.json.credentials.accessKeyId])).toEqual([])
})
