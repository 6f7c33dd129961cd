/** The lines that `npm start -- --config FILE` prints for a config: what they say if there is no example, and why. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exampleLines } from '@stint/sandbox/examples'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let sandbox: TestSandbox
let server: Server
let answer: { readonly status: number; readonly body: string }
let asked = 0
beforeAll(async () => {
  sandbox = await testSandbox()
  server = createServer((_request, response) => {
    asked++
    response.writeHead(answer.status).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.close()
  await sandbox.close()
})

/** With a broker that gives one answer to every call. */
async function linesFor(status: number, body = '{}', change: Partial<TestSandbox> = {}): Promise<string> {
  answer = { status, body }
  asked = 0
  const broker = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return exampleLines({ ...sandbox, ...change, urls: { ...sandbox.urls, broker } }, '')
}
const NONE = 'No profile in this config matches an identity of the sandbox'

test('prints an example of the real broker', async () => {
  expect(await exampleLines(sandbox, '')).toMatch(/npx stint exec \S+/)
})
test.each([500, 503, 404])('does not take a broker that answers %i for a config without an example', async (status) => {
  const lines = await linesFor(status)
  expect(lines).not.toContain(NONE)
  expect(lines).toMatch(new RegExp(`^The sandbox could not list the profiles .*: GET /profiles returned ${status} for `))
})
test.each([401, 403])('takes %i for a token that the config does not accept', async (status) => {
  expect(await linesFor(status)).toContain(NONE)
})
test('says that no profile admits an identity if none does', async () => {
  expect(await linesFor(200, '{"profiles":[]}')).toContain(NONE)
})
test('asks only for identities of the issuers in the config', async () => {
  const { people, tools } = sandbox.rules.issuers
  await linesFor(200, '{"profiles":[]}', { rules: { ...sandbox.rules, issuers: { ...(tools ? { tools } : {}) } } })
  expect([people === undefined, tools === undefined, asked]).toEqual([false, false, 1])
})
