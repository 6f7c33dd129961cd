/**
 * The grid of core once more, over HTTP: the same cells, the same outcomes, but that to strangers a request does not exist.
 * Each cell's request is asked for over HTTP and put into its state in the table.
 */
import { requestGrid } from '@stint/core/testing/request-grid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LAB_CONFIG, type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

let lab: Lab
let sandbox: TestSandbox
let tokens: Record<string, string>
beforeAll(async () => {
  lab = await startLab()
  sandbox = await testSandbox({ config: LAB_CONFIG, bindings: lab.bindings })
  tokens = {
    requester: await lab.token({ sub: 'eve', role: 'engineer', groups: [] }),
    approver: await lab.token({ sub: 'ada', groups: ['peers'] }),
    'another approver': await lab.token({ sub: 'bob', groups: ['peers'] }),
    'the requester’s other identity': await lab.token({ sub: 'eve-admin', groups: ['peers'] }),
    stranger: await lab.token({ sub: 'stranger', groups: [] }),
    auditor: await lab.token({ sub: 'aud', groups: ['auditors'] }),
    workload: await lab.token({ iss: lab.issuers.once, sub: 'robot', groups: ['peers'] }),
  }
})
afterAll(async () => {
  await sandbox.close()
  await lab.close()
})

const post = (path: string, token: string | undefined, body: object) =>
  fetch(`${sandbox.urls.broker}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const ref = (subject: string) => ({ M: { issuer: { S: 'lab' }, subject: { S: subject }, name: { S: subject }, kind: { S: 'human' } } })

/** What the table holds for a state: set past the broker, so that no cell depends on another act. */
function attributesOf(state: string, now: number): Record<string, object> {
  const number = (value: number) => ({ N: String(value) })
  const agreed = {
    approvals: {
      L: [
        {
          M: {
            approver: ref('ada'),
            person: { S: 'lab#ada' },
            rules: { L: [number(0)] },
            at: number(now),
            channel: { S: 'api' },
            limits: { M: {} },
          },
        },
      ],
    },
    windowStartsAt: number(now - 1000),
    windowExpiresAt: number(state === 'ended-by-time' ? now - 1 : now + 600_000),
    usesLeft: number(1),
  }
  const stored = state.replace('expired-by-time', 'pending').replace('ended-by-time', 'approved')
  return {
    state: { S: stored },
    breakGlass: { BOOL: true },
    ...(['approved', 'revoked', 'ended', 'ended-by-time'].includes(state) ? agreed : {}),
    ...(state === 'expired-by-time' ? { expiresAt: number(now - 1) } : {}),
    ...(state === 'cancelled' ? { decidedBy: ref('eve') } : ['denied', 'revoked'].includes(state) ? { decidedBy: ref('ada') } : {}),
  }
}

async function requestIn(state: string): Promise<string> {
  const id = `req_${'0'.repeat(26 - String(++serial).length)}${serial}`
  const attributes = attributesOf(state, sandbox.now())
  const names = Object.keys(attributes)
  // A copy of one that was asked for, under an id and in a state of its own.
  const { Item } = (await sandbox.aws.dynamo.direct('GetItem', { TableName: 'stint', Key: { pk: { S: `REQ#${template}` } } })) as {
    Item: Record<string, object>
  }
  const item = { ...Item, pk: { S: `REQ#${id}` }, id: { S: id }, ...Object.fromEntries(names.map((name) => [name, attributes[name]])) }
  await sandbox.aws.dynamo.direct('PutItem', { TableName: 'stint', Item: item })
  return id
}
let serial = 0
let template: string

describe(`${requestGrid.length} cells over HTTP`, () => {
  beforeAll(async () => {
    template = ((await (await post('/requests', tokens.requester, { profile: 'lab-one' })).json()) as { id: string }).id
  })
  test.each(requestGrid)('%s by %s on %s: %s', async (act, actor, state, outcome) => {
    const id = await requestIn(state)
    const answer = await post(`/requests/${id}/${act}`, tokens[actor], act === 'review' ? { text: 'seen' } : {})
    const body = (await answer.json()) as { code?: string; state: string }
    const hidden = actor === 'stranger' || actor === 'workload'
    if (hidden) return void expect([answer.status, body.code]).toEqual([404, 'request-unknown'])
    const shown = (to: string) => (state === 'ended-by-time' ? 'ended' : to)
    if (outcome.startsWith('→')) expect([answer.status, body.state]).toEqual([200, shown(outcome.slice(2))])
    else if (outcome === 'unchanged') expect(answer.status).toBe(200)
    else expect(body.code).toBe(outcome)
  })
})
