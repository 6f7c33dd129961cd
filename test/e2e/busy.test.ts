/**
 * A busy machine: calls at once are queued within a bound and all served, without a resend that would add to the load. Nothing here
 * depends on how fast the machine is: the calls are staged.
 */
import type { Interceptor } from '@stint/sandbox/aws/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const AT_ONCE = 4
const WAITING = 50

let sandbox: TestSandbox
let inside = 0
let most = 0
let held: (() => void)[] = []
let hold = false
/** Counts the vends that are at AWS at the same time, and holds them while the test says so. */
const intercept: Interceptor = async (_service, action, next) => {
  if (action !== 'AssumeRole') return next()
  inside++
  most = Math.max(most, inside)
  if (hold) await new Promise<void>((resolve) => held.push(resolve))
  try {
    return await next()
  } finally {
    inside--
  }
}
const release = () => {
  hold = false
  for (const go of held.splice(0)) go()
}
const until = async (fits: () => boolean) => {
  while (!fits()) await new Promise((resolve) => setTimeout(resolve, 5))
}

beforeAll(async () => {
  sandbox = await testSandbox({ intercept, vendQueue: { atOnce: AT_ONCE, waiting: WAITING } })
})
afterAll(() => sandbox.close())

const vend = async (token: string) => sandbox.vend(token, { profile: 'report-export' })

describe('calls at once', () => {
  test.each([10, 20, 40])('%i are all served, a few at a time, each sent once', async (count) => {
    most = 0
    held = []
    hold = true
    const token = await sandbox.token('tool')
    const before = sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length
    const all = Array.from({ length: count }, () => vend(token))
    // One goes on at a time. More at AWS than the queue admits would show in `most`, since all of them are held there.
    for (let left = count; left > 0; left--) {
      await until(() => held.length >= Math.min(AT_ONCE, left))
      held.shift()?.()
    }
    release()
    const statuses = (await Promise.all(all)).map(({ status }) => status)
    expect(statuses).toEqual(Array(count).fill(201))
    expect(most).toBe(AT_ONCE)
    expect(sandbox.aws.server.calls.filter(({ action }) => action === 'AssumeRole').length - before).toBe(count)
  })

  test('a full queue says so, and is not full for long', async () => {
    hold = true
    const token = await sandbox.token('tool')
    const all = Array.from({ length: AT_ONCE + WAITING }, () => vend(token))
    await until(() => inside === AT_ONCE)
    // One by one until the queue is full: each that is not turned away waits in it.
    const more: Promise<{ status: number }>[] = []
    let refused: { status: number; text: string; headers: Headers } | undefined
    while (!refused && more.length < AT_ONCE + WAITING + 1) {
      const one = vend(token).then((answer) => {
        if (answer.status === 503) refused ??= answer
        return answer
      })
      more.push(one)
      await Promise.race([one, new Promise((resolve) => setTimeout(resolve, 20))])
    }
    expect([refused?.status, refused?.headers.get('retry-after'), JSON.parse(refused?.text ?? '{}')]).toEqual([
      503,
      '5',
      expect.objectContaining({ code: 'ledger-unavailable', detail: `The sandbox has ${WAITING} calls waiting.` }),
    ])
    const trace = refused?.headers.get('stint-trace')
    expect(sandbox.log.filter((line) => (line as { trace?: string }).trace === trace)).toEqual([
      expect.objectContaining({ level: 'error', route: '/sessions', status: 503, code: 'ledger-unavailable' }),
    ])
    expect((await sandbox.get('/credentials/report-export', token)).json).toMatchObject({ Code: 'ledger-unavailable' })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await sandbox.call('POST', '/token', undefined, 'grant_type=x', form)).json).toMatchObject({ error: 'temporarily_unavailable' })
    const shell = await sandbox.vend(token, { profile: 'report-export', format: 'env' })
    expect([shell.status, shell.headers.get('content-type')]).toEqual([503, 'text/plain; charset=utf-8'])
    release()
    const statuses = (await Promise.all([...all, ...more])).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([201, 503]))
    expect((await vend(token)).status).toBe(201)
  })
})
