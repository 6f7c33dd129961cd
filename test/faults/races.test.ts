/** Many at once: every vend is a session of its own, and each has its intent before AWS is asked. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokenInvariants } from '../support/checkers.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { assumeRole, reserve, stage, times } from '../support/stage.ts'

const staged = stage()
let sandbox: TestSandbox
const intents: { sessionName: string; onRecord: boolean }[] = []

beforeAll(async () => {
  sandbox = await testSandbox({
    async intercept(service, action, next, request) {
      if (action === 'AssumeRole') {
        const sessionName = new URLSearchParams(request.body.toString()).get('RoleSessionName') ?? ''
        const onRecord = sandbox.aws.dynamo.records.some(({ newImage }) => JSON.stringify(newImage).includes(`"${sessionName}"`))
        intents.push({ sessionName, onRecord })
      }
      return staged.intercept(service, action, next, request)
    },
  })
})
afterAll(() => sandbox.close())

test('200 parallel vends give 200 distinct sessions, each with its intent before AWS is asked', async () => {
  const token = await sandbox.token('developer')
  const race = staged.meet(...times(200, assumeRole))
  const answers = await Promise.all(Array.from({ length: 200 }, () => sandbox.vend(token, { profile: 'staging-power' })))
  await race.met
  expect(answers.filter(({ status }) => status !== 201).map(({ text }) => text)).toEqual([])
  expect(new Set(answers.map(({ json }) => json.id)).size).toBe(200)
  const keys = answers.map(({ json }) => json.credentials.accessKeyId)
  expect(new Set(keys).size).toBe(200)
  expect(intents).toHaveLength(200)
  expect(intents.filter(({ onRecord }) => !onRecord)).toEqual([])
  expect(await brokenInvariants(sandbox, keys)).toEqual([])
})

test('the container endpoint: 12 at once give 12 sessions, eight in the first request and four in others, no use twice', async () => {
  const token = await sandbox.token('second-developer')
  // Stay clear of the end of the seconds that make them one request.
  sandbox.advance(60_000 - (sandbox.now() % 60_000))
  const race = staged.meet(...times(12, reserve))
  const answers = await Promise.all(Array.from({ length: 12 }, () => sandbox.get('/credentials/staging-power', token)))
  await race.met
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200))
  expect(
    await brokenInvariants(
      sandbox,
      answers.flatMap(({ json }) => json.AccessKeyId ?? []),
    ),
  ).toEqual([])
})
