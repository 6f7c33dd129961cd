/** A client that is generated from openapi.json compiles, and does the main job. */
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../api-client', import.meta.url))
const document = fileURLToPath(new URL('../../packages/broker/openapi.json', import.meta.url))
const module = (name: string) => `${folder}/node_modules/${name}`

let sandbox: TestSandbox
beforeAll(async () => {
  mkdirSync(`${folder}/dist`, { recursive: true })
  await run('node', [module('openapi-typescript/bin/cli.js'), document, '-o', `${folder}/dist/schema.ts`])
  sandbox = await testSandbox()
})
afterAll(() => sandbox.close())

test('its types fit the calls of the main job', async () => {
  const { stdout } = await run('node', [module('typescript/bin/tsc'), '-p', folder]).catch((error: { stdout: string }) => error)
  expect(stdout).toBe('')
})

test('it does the main job', async () => {
  const tokens = Object.fromEntries(
    await Promise.all(
      (['developer', 'oncall', 'approver', 'auditor'] as const).map(async (name) => [name.toUpperCase(), await sandbox.token(name)]),
    ),
  )
  await sandbox.vend(tokens.DEVELOPER, { profile: 'staging-power' })
  await sandbox.ship()
  const checkpoint = await sandbox.get('/audit/log/checkpoint', tokens.AUDITOR)
  const env = { ...process.env, ...tokens, BROKER: sandbox.urls.broker, TILE: `tile/0/000.p/${checkpoint.text.split('\n')[1]}` }
  const { stdout } = await run('node', ['--no-warnings', `${folder}/main-job.ts`], { env })
  expect(JSON.parse(stdout)).toEqual({
    names: ['break-glass', 'logs-read', 'staging-long', 'staging-power'],
    vended: 201,
    accessKeyId: expect.stringMatching(/^ASIA/),
    shown: true,
    container: expect.stringMatching(/^ASIA/),
    refused: 'profile-unknown',
    waits: 202,
    approved: 'approved',
    used: 201,
    checkpoint: [200, true],
    tile: [200, 0],
    events: 1,
  })
})
