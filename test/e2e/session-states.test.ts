/** A session that has reached its end is shown as `expired`, in the same way by every route and command. Nothing is written for it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let lab: Lab
let sandbox: TestSandbox
let user: CliUser
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: new URL('../support/renew.config.ts', import.meta.url).pathname, bindings: lab.bindings })
  user = cliUser(sandbox, 'developer')
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})
const tokenOf = (sub: string) => lab.token({ sub, role: 'engineer', groups: [] })
const end = async (id: string, token: string) => {
  const response = await fetch(`${sandbox.urls.broker}/sessions/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, json: await response.json() }
}

/** The state of the caller's newest session, as each route shows it. */
async function statesOf(id: string, token: string): Promise<readonly string[]> {
  sandbox.settle()
  const [list, one, request] = await Promise.all([
    sandbox.get('/sessions?mine=true&limit=1', token),
    sandbox.get(`/sessions/${id}`, token),
    sandbox.get(`/requests/${id.slice(0, id.indexOf('.'))}`, token),
  ])
  return [list.json.sessions[0].state, one.json.state, request.json.sessions[0].state]
}

test.each(['once', 'long'])('%s: issued until the instant of its end, and then expired', async (profile) => {
  const parameters = profile === 'long' ? { bucket: 'orders' } : {}
  const { json: session } = await sandbox.vend(await tokenOf(profile), { profile, duration: '30m', parameters })
  const { expiresAt } = (await sandbox.get(`/sessions/${session.id}`, await tokenOf(profile))).json
  sandbox.advance(Date.parse(expiresAt) - sandbox.now() - 1000)
  expect(await statesOf(session.id, await tokenOf(profile))).toEqual(['issued', 'issued', 'issued'])
  sandbox.advance(1000)
  expect(await statesOf(session.id, await tokenOf(profile))).toEqual(['expired', 'expired', 'expired'])
  expect(await end(session.id, await tokenOf(profile))).toMatchObject({ status: 200, json: { id: session.id, state: 'expired' } })
})

test('a session that was ended stays ended', async () => {
  const { json: session } = await sandbox.vend(await tokenOf('ended'), { profile: 'once' })
  expect((await end(session.id, await tokenOf('ended'))).json.state).toBe('ended')
  sandbox.advance(3_600_000)
  expect(await statesOf(session.id, await tokenOf('ended'))).toEqual(['ended', 'ended', 'ended'])
})

test('the command line shows the same, and how often the session was renewed', async () => {
  const { json: session } = await sandbox.vend(await tokenOf('cli'), { profile: 'short' })
  const renewed = await fetch(`${sandbox.urls.broker}/sessions/${session.id}/credentials`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await tokenOf('cli')}` },
  })
  expect(renewed.status).toBe(200)
  const run = async (...words: string[]) => user.run(words, { STINT_URL: sandbox.urls.broker, STINT_TOKEN: await tokenOf('cli') })
  sandbox.settle()
  expect((await run('sessions')).stdout).toMatch(/ issued \(renewed once, last .*\)/)
  expect((await run('show', session.requestId)).stdout).toMatch(/ issued \(renewed once, last .*\), until /)
  expect((await run('show', session.id)).stdout).toMatch(/state +issued \(renewed once, last .*\)/)

  sandbox.advance(20 * 60_000)
  sandbox.settle()
  expect((await run('sessions')).stdout).toContain(' expired (renewed once')
  expect(await run('sessions', '--live')).toMatchObject({ stdout: '', stderr: 'There are no such sessions.\n' })
  expect((await run('show', session.requestId)).stdout).toContain(' expired (renewed once')
  expect((await run('whoami')).stdout).not.toContain(session.id)
  expect((await run('end', session.id)).stderr).toContain(`${session.id} has expired, so there is nothing to end.`)
})
