/** How long `GET /requests/{id}` waits for a decision. */

import { done } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import { caller } from '@stint/core/testing/fixtures'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import type { ApiBroker, Env, Tools } from './context.ts'
import { getRequestRoute } from './get-request.ts'
import type { RequestTools } from './request-view.ts'

const ID = `req_${'1'.repeat(26)}`
const dana = caller()
const pending = { id: ID, state: 'pending', person: 'people#dana', caller: { issuer: 'people', subject: 'dana' }, expiresAt: Infinity }

/** Each read of the ledger takes this long, in milliseconds; less than nothing where the clock goes back. */
async function waitOf(preference: string, readMs: number): Promise<{ readonly ms: number; readonly reads: number }> {
  let [now, reads] = [0, 0]
  const broker = {
    rules: { issuers: {}, people: {} },
    ledger: {
      request: async () => {
        now += readMs
        reads++
        return done(pending as unknown as AccessRequest)
      },
    },
    clock: () => now,
    sleep: async (ms: number) => {
      now += ms
    },
  }
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    c.set('now', 0)
    await next()
  })
  const actor = { person: 'people#dana', caller: dana, opens: [] }
  const tools = {
    withPeople: (request: AccessRequest) => request,
    actorOf: () => actor,
    show: async (c: { text: (text: string) => Response }) => c.text('shown'),
  }
  const withCaller: Tools['withCaller'] = async (_c, answer) => answer(dana)
  getRequestRoute(app, broker as unknown as ApiBroker, { withCaller } as Tools, tools as unknown as RequestTools)
  const answer = await app.request(`/requests/${ID}`, { headers: { prefer: preference } })
  expect([answer.status, await answer.text()]).toEqual([200, 'shown'])
  return { ms: now, reads }
}

test.each<[string, string, number, { ms: number; reads: number }]>([
  ['does not wait unless asked to', '', 5, { ms: 5, reads: 1 }],
  ['waits as long as was asked', 'wait=3', 0, { ms: 3000, reads: 4 }],
  ['waits 20 seconds at most', 'wait=600', 0, { ms: 20_000, reads: 21 }],
  ['reads once unless asked to wait, although the clock has gone back', '', -60_000, { ms: -60_000, reads: 1 }],
  ['waits for 20 rounds at most, if the clock goes back', 'wait=20', -1000, { ms: -1000, reads: 21 }],
  ['counts the time of slow reads', 'wait=20', 1000, { ms: 21_000, reads: 11 }],
])('%s', async (_name, preference, readMs, expected) => expect(await waitOf(preference, readMs)).toEqual(expected))
