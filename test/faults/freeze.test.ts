/** The kill switch against vends in flight: seen late it still stops them, and not knowing is closed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { brokenInvariants, storedRequests } from '../support/checkers.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { readFreezes, setFreeze, stage, times } from '../support/stage.ts'

type Reading = 'as it is' | 'broken' | Promise<unknown>
const staged = stage()
let sandbox: TestSandbox
/** What becomes of the reading of the freezes. */
let reading: Reading = 'as it is'
/** Answers to writes are lost, after they took effect. */
let lost = false

beforeAll(async () => {
  sandbox = await testSandbox({
    async intercept(service, action, next, request) {
      if (lost && action === 'UpdateItem') {
        await next()
        return { status: 500, headers: {}, body: '{"__type":"InternalServerError","message":"broken"}' }
      }
      if (action !== 'BatchGetItem' || reading === 'as it is') return staged.intercept(service, action, next, request)
      if (reading === 'broken') return { status: 500, headers: {}, body: '{"__type":"InternalServerError","message":"broken"}' }
      await reading
      return next()
    },
  })
})
afterAll(() => sandbox.close())
beforeEach(() => {
  reading = 'as it is'
})

const vend = async () => sandbox.vend(await sandbox.token('developer'), { profile: 'staging-power' })
const asked = () => sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
const send = async (method: string, path: string, who: string, body?: object) => {
  const answer = await fetch(`${sandbox.urls.broker}${path}`, {
    method,
    headers: { authorization: `Bearer ${await sandbox.token(who)}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, json: answer.status === 204 ? {} : ((await answer.json()) as { id?: string }) }
}
const freeze = () => send('POST', '/freezes', 'oncall', { scope: { kind: 'profile', id: 'staging-power' }, justification: 'INC-1' })
const release = async (id: string | undefined) => {
  for (const who of ['oncall', 'approver']) await send('DELETE', `/freezes/${id}`, who)
}
/** What the latest request's one session looks like afterwards. */
const latest = async () => (await storedRequests(sandbox)).sort((a, b) => (a.id < b.id ? 1 : -1))[0]

test('a freeze that shows after the reserve: failed, the use given back, nothing asked of AWS', async () => {
  let readNow: (value?: unknown) => void = () => {}
  reading = new Promise((resolve) => {
    readNow = resolve
  })
  const before = asked()
  const flying = vend()
  while ((await latest())?.sessions[0]?.state !== 'reserved') await sleep(5)
  const { json } = await freeze()
  readNow()
  const answer = await flying
  expect([answer.status, answer.json.code]).toEqual([403, 'frozen'])
  expect(asked()).toBe(before)
  const { sessions, uses, usesLeft, events } = (await latest()) ?? {}
  expect([sessions?.[0]?.state, usesLeft]).toEqual(['failed', uses])
  expect(events?.at(-1)).toMatchObject({ type: 'session.failed', code: 'frozen' })
  await release(json.id)
  expect((await vend()).status).toBe(201)
})

test('freezes that cannot be read close the way, and give the use back', async () => {
  reading = 'broken'
  const before = asked()
  const answer = await vend()
  expect([answer.status, answer.json.code]).toEqual([503, 'ledger-unavailable'])
  expect(asked()).toBe(before)
  expect((await latest())?.sessions[0]?.state).toBe('failed')
})

test('set amid many vends: those that read before it are issued, all others are frozen', async () => {
  const race = staged.meet(...times(15, readFreezes), setFreeze, ...times(15, readFreezes))
  const early = Array.from({ length: 30 }, vend)
  const { json } = await freeze()
  await race.met
  const answers = await Promise.all([...early, ...Array.from({ length: 30 }, vend)])
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(15).fill(201), ...Array(45).fill(403)])
  const left = answers.flatMap(({ json: session }) => session.credentials?.accessKeyId ?? [])
  expect(await brokenInvariants(sandbox, left)).toEqual([])
  await release(json.id)
})

test('a freeze whose answer is lost is told as not known, and stands', async () => {
  lost = true
  const { status, json } = await freeze()
  lost = false
  expect([status, json]).toMatchObject([503, { code: 'ledger-unavailable', outcome: 'unknown' }])
  expect(JSON.stringify(json)).toMatch(/not known whether the freeze was set\. GET \/freezes/)
  expect(JSON.stringify(json)).not.toMatch(/Nothing was/)
  const { json: stands } = await send('GET', '/freezes', 'oncall')
  const [standing] = (stands as { freezes?: { id: string }[] }).freezes ?? []
  expect(standing).toBeDefined()
  await release(standing?.id)
})
