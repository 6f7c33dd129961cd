/** A freeze that is set while somebody acts: what was decided on an earlier look at the freezes is decided again. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { reserve, stage, writing } from '../support/stage.ts'

const staged = stage()
let lab: Lab
let sandbox: TestSandbox
beforeAll(async () => {
  lab = await startLab(() => sandbox?.now() ?? Date.now())
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings, intercept: staged.intercept })
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

const responder = (sub: string) => lab.token({ iss: lab.issuers.id, sub, groups: ['responders'] }, { typ: 'JWT' })
const engineer = (sub: string) => lab.token({ sub, role: 'engineer', groups: [] })
const member = (sub: string, group: string) => lab.token({ sub, groups: [group] })
const post = (path: string, token: string, body: object = {}) => sandbox.call('POST', path, token, body)
const freeze = async (scope: object) => post('/freezes', await responder('olga'), { scope, justification: 'INC-1' })
const release = async (id: string, sub: string) => sandbox.call('DELETE', `/freezes/${id}`, await responder(sub))
const lift = async (id: string) => {
  for (const sub of ['rosa', 'ruth']) await release(id, sub)
}

test('a session whose reservation took long is stopped by a freeze that was set meanwhile', async () => {
  const held = staged.hold(reserve, 'before')
  const vending = sandbox.vend(await engineer('dana'), { profile: 'lab' })
  await held.reached
  const set = await freeze({ kind: 'profile', id: 'lab' })
  sandbox.advance(1000)
  held.release()
  expect([set.status, (await vending).json.code]).toEqual([201, 'frozen'])
  await lift(set.json.id)
})

test('an approver who is frozen between two tries of one decision does not approve', async () => {
  const request = await post('/requests', await engineer('dona'), { profile: 'lab-two' })
  const held = staged.hold(writing('approval.given'), 'before')
  const approving = post(`/requests/${request.json.id}/approve`, await member('pam', 'peers'))
  await held.reached
  const set = await freeze({ kind: 'subject', issuer: 'lab', id: 'pam' })
  // The version moves on, so the write that is held fails, and the decision is made again.
  const other = await post(`/requests/${request.json.id}/approve`, await member('max', 'managers'))
  held.release()
  expect([set.status, other.status, (await approving).json.code]).toEqual([201, 200, 'frozen'])
  await lift(set.json.id)
})

test('a responder who was frozen after asking for a release counts no more: it takes two others', async () => {
  const set = await freeze({ kind: 'profile', id: 'lab-one' })
  expect((await release(set.json.id, 'mallory')).status).toBe(202)
  const stopped = await freeze({ kind: 'subject', issuer: lab.issuers.id ? 'lab-id' : '', id: 'mallory' })
  expect(stopped.status).toBe(201)
  const statuses = [await release(set.json.id, 'omar'), await release(set.json.id, 'omar'), await release(set.json.id, 'rosa')]
  expect(statuses.map(({ status }) => status)).toEqual([202, 202, 204])
  await lift(stopped.json.id)
})

test('one responder cannot fill the journal of the kill switch', async () => {
  const token = await responder('mallory-2')
  const until = (count: number) => new Date(sandbox.now() + 60_000 + count * 1000).toISOString()
  for (let count = 0; count < 260; count++) {
    const set = await post('/freezes', token, { scope: { kind: 'all' }, justification: 'x'.repeat(250), expiresAt: until(count) })
    expect(set.status).toBe(201)
  }
  sandbox.advance(60 * 60_000)
  expect((await sandbox.vend(await engineer('dana'), { profile: 'lab' })).status).toBe(201)
  const set = await freeze({ kind: 'all' })
  expect([set.status, (await sandbox.vend(await engineer('dana'), { profile: 'lab' })).json.code]).toEqual([201, 'frozen'])
  const released = [await release(set.json.id, 'rosa'), await release(set.json.id, 'ruth')]
  expect(released.map(({ status }) => status)).toEqual([202, 204])
  expect((await sandbox.vend(await engineer('dana'), { profile: 'lab' })).status).toBe(201)
})
