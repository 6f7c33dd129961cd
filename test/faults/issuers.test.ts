/** An issuer whose keys cannot be had keeps its own callers out and nobody else's, and readiness names it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LAB_CONFIG, type Lab, labKey, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const MINUTE = 60_000
let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({
    config: LAB_CONFIG,
    // The auditors of this config are the lab's, so its keys come from a place that stays well.
    bindings: { ...lab.bindings, TOOLS_JWKS: 'http://127.0.0.1:9/jwks' },
  })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

const readiness = async () => (await sandbox.get('/readyz', await lab.token({ sub: 'aud', groups: ['auditors'] }))).json
const job = async () => (await sandbox.vend(await sandbox.token('ci-main'), { profile: 'deploy-prod' })).status

test('one that was never there is down; the others go on', async () => {
  const answer = await sandbox.vend(await sandbox.token('tool'), { profile: 'report-export' })
  expect([answer.status, answer.json.code, answer.json.detail]).toEqual([
    503,
    'issuer-keys-unavailable',
    "The keys of issuer 'tools' are unavailable.",
  ])
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(await job()).toBe(201)
  expect(await readiness()).toMatchObject({ status: 'ready', issuers: { tools: 'down', people: 'up', lab: 'up', github: 'up' } })
  // A stranger learns that the broker is ready, and no issuer's name.
  expect((await sandbox.get('/readyz')).json).toEqual({ status: 'ready' })
})

test('one that fails now is failing, serves on with the keys at hand, and has an end', async () => {
  expect((await sandbox.vend(await lab.token(), { profile: 'lab' })).status).toBe(201)
  lab.state.status = 500
  sandbox.advance(16 * MINUTE)
  expect((await sandbox.vend(await lab.token(), { profile: 'lab' })).status).toBe(201)
  expect((await readiness()).issuers.lab).toBe('failing')
  sandbox.advance(6 * 60 * MINUTE)
  expect((await sandbox.vend(await lab.token(), { profile: 'lab' })).json.code).toBe('issuer-keys-unavailable')
  expect(await job()).toBe(201)
  lab.state.status = 200
  sandbox.advance(2 * MINUTE)
  expect((await sandbox.vend(await lab.token(), { profile: 'lab' })).status).toBe(201)
  expect((await readiness()).issuers.lab).toBe('up')
})

test('no fetch per call while it fails', async () => {
  lab.state.status = 500
  sandbox.advance(16 * MINUTE)
  const before = lab.state.fetches
  const strange = await labKey('strange')
  for (let call = 0; call < 200; call++) await sandbox.vend(await lab.token({}, { kid: `strange-${call}` }, strange), { profile: 'lab' })
  expect(lab.state.fetches - before).toBeLessThanOrEqual(3) // the access and the ID token's issuer share one place
  lab.state.status = 200
})
